/* SPDX-License-Identifier: MIT */
/* One request, one answer: against a server of the test's own, which has one answer for all. */
#include "dropfeed/http.h"

#include "test.h"

#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

static struct {
	int fd;
	uint16_t port;
	pthread_t thread;
	const char *answer; /* NULL: it is silent */
	bool hangs_up;      /* after its answer */
	/* its thread's, until it has ended: */
	struct df_buf request; /* own: the latest */
	unsigned connections, requests;
} server;

/* ---- the server ---- */

static bool request_is_whole(void)
{
	const char *text = df_buf_cstr(&server.request), *end = strstr(text, "\r\n\r\n");
	const char *length = strcasestr(text, "\r\ncontent-length:");
	if (end == NULL)
		return false;
	size_t body = length != NULL ? strtoul(length + 17, NULL, 10) : 0;
	return server.request.len >= (size_t)(end + 4 - text) + body;
}

/* False: the client has hung up. What it asked before that is kept. */
static bool request_read(int fd)
{
	char piece[65536];
	ssize_t n = read(fd, piece, sizeof(piece));
	if (n <= 0)
		return false;
	df_buf_reset(&server.request);
	df_buf_add(&server.request, piece, (size_t)n);
	while (!request_is_whole() && (n = read(fd, piece, sizeof(piece))) > 0)
		df_buf_add(&server.request, piece, (size_t)n);
	return n > 0;
}

static void *server_main(void *arg)
{
	char wait_for_end;
	int fd;
	while ((fd = accept(server.fd, NULL, NULL)) >= 0) {
		server.connections++;
		while (request_read(fd)) {
			server.requests++;
			if (server.answer == NULL && read(fd, &wait_for_end, 1) <= 0)
				break;
			if (write(fd, server.answer, strlen(server.answer)) < 0 || server.hangs_up)
				break;
		}
		close(fd);
	}
	return arg;
}

static void server_begin(const char *answer)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	memset(&server, 0, sizeof(server));
	server.answer = answer;
	server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CU_ASSERT_EQUAL_FATAL(bind(server.fd, (struct sockaddr *)&at, len), 0);
	CU_ASSERT_EQUAL_FATAL(listen(server.fd, 4), 0);
	CU_ASSERT_EQUAL_FATAL(getsockname(server.fd, (struct sockaddr *)&at, &len), 0);
	server.port = ntohs(at.sin_port);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&server.thread, NULL, server_main, NULL), 0);
}

/* After the last client is closed. What was asked can be looked at from now on. */
static void server_end(void)
{
	shutdown(server.fd, SHUT_RDWR);
	pthread_join(server.thread, NULL);
	close(server.fd);
}

/* ---- the client ---- */

static char url[128];

static struct http_request request_of(const char *path)
{
	snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", server.port, path);
	return (struct http_request){.url = url, .timeout_ms = 60000};
}

static void test_get(void)
{
	struct df_err err = {0};
	struct http *http = http_open();
	struct http_answer a = {.body.max = 5};
	server_begin("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	struct http_request r = request_of("/plan?v=3");
	r.headers[0] = "Accept: text/plain";
	r.headers[1] = "X-One: 1";
	OK(http_ask(http, &r, &a, &err));
	CU_ASSERT_EQUAL(a.status, 200);
	CU_ASSERT_EQUAL(a.retry_after, 0);
	TEXT_IS(df_buf_cstr(&a.body), "hello");

	OK(http_ask(http, &r, &a, &err)); /* over the same connection, in place of the first */
	TEXT_IS(df_buf_cstr(&a.body), "hello");
	http_close(http);
	server_end();
	CU_ASSERT_EQUAL(server.connections, 1);
	CU_ASSERT_EQUAL(server.requests, 2);
	const char *asked = df_buf_cstr(&server.request);
	CU_ASSERT_EQUAL(strncmp(asked, "GET /plan?v=3 HTTP/1.1\r\n", 24), 0);
	TEXT_HAS(asked, "\r\nUser-Agent: dropfeed/");
	TEXT_HAS(asked, "\r\nAccept: text/plain\r\n");
	TEXT_HAS(asked, "\r\nX-One: 1\r\n");
	df_buf_free(&server.request);
	df_buf_free(&a.body);
}

/* A body goes out at once and whole, zero bytes and all, however long it is. */
static void test_post(void)
{
	enum { LENGTH = 1500000 };
	struct df_err err = {0};
	struct http *http = http_open();
	struct http_answer a = {.body.max = 100};
	char *body = df_alloc(LENGTH);
	memset(body, 'x', LENGTH);
	body[1000] = '\0';
	server_begin("HTTP/1.1 204 No Content\r\n\r\n");
	struct http_request r = request_of("/hook");
	r.body = body;
	r.len = LENGTH;
	OK(http_ask(http, &r, &a, &err));
	CU_ASSERT_EQUAL(a.status, 204);
	CU_ASSERT_EQUAL(a.body.len, 0);
	http_close(http);
	server_end();
	const char *asked = df_buf_cstr(&server.request), *end = strstr(asked, "\r\n\r\n");
	CU_ASSERT_EQUAL(strncmp(asked, "POST /hook HTTP/1.1\r\n", 21), 0);
	CU_ASSERT_PTR_NULL(strcasestr(asked, "\r\nExpect:"));
	CU_ASSERT_PTR_NOT_NULL_FATAL(end);
	CU_ASSERT_EQUAL(server.request.len, (size_t)(end + 4 - asked) + LENGTH);
	CU_ASSERT_EQUAL(memcmp(end + 4, body, LENGTH), 0);
	df_buf_free(&server.request);
	free(body);
}

/* What was asked before leaves nothing in the next request. */
static void test_get_after_post(void)
{
	struct df_err err = {0};
	struct http *http = http_open();
	struct http_answer a = {0};
	server_begin("HTTP/1.1 204 No Content\r\n\r\n");
	struct http_request r = request_of("/");
	r.body = "{}";
	r.len = 2;
	r.headers[0] = "Content-Type: application/json";
	OK(http_ask(http, &r, &a, &err));
	r = request_of("/");
	OK(http_ask(http, &r, &a, &err));
	http_close(http);
	server_end();
	const char *asked = df_buf_cstr(&server.request);
	CU_ASSERT_EQUAL(strncmp(asked, "GET / HTTP/1.1\r\n", 16), 0);
	CU_ASSERT_PTR_NULL(strcasestr(asked, "\r\nContent-"));
	df_buf_free(&server.request);
}

/* Every status is an answer; where it points to is not followed. */
static void test_statuses(void)
{
	static const struct {
		const char *answer;
		long status, retry_after;
	} cases[] = {
	    {"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", 302, 0},
	    {"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", 404, 0},
	    {"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nno", 429, 7},
	    {"HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 2\r\n\r\nno", 503, 120},
	};
	struct df_err err = {0};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct http *http = http_open();
		struct http_answer a = {.body.max = 100, .status = 1, .retry_after = 1};
		server_begin(cases[i].answer);
		struct http_request r = request_of("/");
		OK(http_ask(http, &r, &a, &err));
		CU_ASSERT_EQUAL(a.status, cases[i].status);
		CU_ASSERT_EQUAL(a.retry_after, cases[i].retry_after);
		http_close(http);
		server_end();
		CU_ASSERT_EQUAL(server.requests, 1);
		df_buf_free(&server.request);
		df_buf_free(&a.body);
	}
}

/* A longer answer than wanted is an error of whoever wrote the URL, and harms no later one. */
static void test_limits(void)
{
	struct df_err err = {0};
	struct http *http = http_open();
	struct http_answer few = {.body.max = 4}, none = {0}, all = {.body.max = 5};
	server_begin("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	struct http_request r = request_of("/");
	IS(http_ask(http, &r, &few, &err), DF_USAGE);
	TEXT_HAS(err.text, "more than 4 bytes");
	OK(http_ask(http, &r, &none, &err)); /* it is read, and not kept */
	CU_ASSERT_EQUAL(none.status, 200);
	CU_ASSERT_EQUAL(none.body.len, 0);
	OK(http_ask(http, &r, &all, &err));
	TEXT_IS(df_buf_cstr(&all.body), "hello");
	http_close(http);
	server_end();
	df_buf_free(&server.request);
	df_buf_free(&few.body);
	df_buf_free(&all.body);
}

/* No answer: try again. The URL may have a token in it, and is not repeated. */
static void test_unanswered(void)
{
	struct df_err err = {0};
	struct http *http = http_open();
	struct http_answer a = {.body.max = 100, .status = 200};
	server_begin(NULL);
	struct http_request r = request_of("/t0ken");
	r.timeout_ms = 100;
	IS(http_ask(http, &r, &a, &err), DF_RETRY);
	TEXT_HAS(err.text, "no answer within");
	CU_ASSERT_PTR_NULL(strstr(err.text, "t0ken"));
	CU_ASSERT_EQUAL(a.status, 0);
	http_close(http);
	server_end();
	df_buf_free(&server.request);

	http = http_open();
	server_begin("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhel");
	server.hangs_up = true;
	r = request_of("/t0ken");
	IS(http_ask(http, &r, &a, &err), DF_RETRY);
	CU_ASSERT_PTR_NULL(strstr(err.text, "t0ken"));
	http_close(http);
	server_end();
	df_buf_free(&server.request);

	http = http_open(); /* nobody listens there any more */
	IS(http_ask(http, &r, &a, &err), DF_RETRY);
	CU_ASSERT_PTR_NULL(strstr(err.text, "t0ken"));
	http_close(http);
	df_buf_free(&a.body);
}

/* The environment's proxy is for other hosts. */
static void test_proxy(void)
{
	struct df_err err = {0};
	struct http *http = http_open();
	struct http_answer a = {0};
	char proxy[64];
	server_begin("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	struct http_request far = {.url = "http://192.0.2.1/far", .timeout_ms = 60000};
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", server.port);
	setenv("http_proxy", proxy, 1);
	OK(http_ask(http, &far, &a, &err));
	http_close(http);
	server_end();
	CU_ASSERT_EQUAL(strncmp(df_buf_cstr(&server.request), "GET http://192.0.2.1/far ", 25), 0);
	df_buf_free(&server.request);

	http = http_open();
	server_begin("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	struct http_request near = request_of("/near");
	setenv("http_proxy", "http://127.0.0.1:1", 1); /* a closed port */
	OK(http_ask(http, &near, &a, &err));
	unsetenv("http_proxy");
	http_close(http);
	server_end();
	CU_ASSERT_EQUAL(strncmp(df_buf_cstr(&server.request), "GET /near ", 10), 0);
	df_buf_free(&server.request);
}

static void test_loopback(void)
{
	static const struct {
		const char *url;
		bool is;
	} cases[] = {
	    {"http://127.0.0.1/", true},
	    {"http://127.0.0.1:8080/a?b", true},
	    {"http://user:pass@127.8.9.1/", true},
	    {"http://[::1]:80", true},
	    {"https://localhost/", true},
	    {"http://127.0.0.1.example.org/", false},
	    {"http://127.example.org/", false},
	    {"http://127.0.0.1@example.org/", false},
	    {"http://localhost.example.org/", false},
	    {"http://[::2]/", false},
	    {"http://", false},
	    {"", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool is = http_is_loopback(cases[i].url);
		CU_ASSERT_EQUAL(is, cases[i].is);
		if (is != cases[i].is)
			fprintf(stderr, "\n%s: %d\n", cases[i].url, is);
	}
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"GET, and the connection is kept", test_get},
	    {"POST", test_post},
	    {"GET after POST", test_get_after_post},
	    {"statuses", test_statuses},
	    {"longer than wanted", test_limits},
	    {"no answer", test_unanswered},
	    {"proxies", test_proxy},
	    {"this machine's own hosts", test_loopback},
	    CU_TEST_INFO_NULL,
	};
	http_close(NULL);
	signal(SIGPIPE, SIG_IGN); /* clients hang up */
	unsetenv("no_proxy");
	unsetenv("NO_PROXY");
	return test_main("http", NULL, NULL, tests);
}
