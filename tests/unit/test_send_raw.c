/* SPDX-License-Identifier: MIT */
/* Answers that no HTTP library would write: a server on a socket plays them byte by byte. */
#include "../../src/send/send_priv.h"

#include "test.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <time.h>

#define TAKEN   "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
#define BATCHES 4u

/* An answer with this body; one of the last few. */
static const char *answer(int status, const char *body)
{
	static char *kept[4];
	static size_t n;
	char **at = &kept[n++ % 4];
	free(*at);
	return *at = df_format("HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n%s", status,
			       strlen(body), body);
}

/* ---- a server that gives each request the next answer, and closes; when there are no more it
 * accepts ---- */

struct played {
	int fd;
	char endpoint[64];
	/* NULL ends them; "" closes without one, "-" without having read */
	const char *const *answers;
	size_t next, requests;
	char paths[512]; /* of all requests, and how many batches each had: "/v2/bulkevents:4 " */
	pthread_t thread;
};

/* Reads a request; false when there is none. */
static bool request_read(struct played *s, int c)
{
	char *text = calloc(1, 1 << 20), path[64] = "";
	size_t len = 0, batches = 0, wanted = 0;
	const char *body = NULL;
	while (body == NULL || len < wanted) {
		ssize_t n = read(c, text + len, (1 << 20) - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
		const char *length = strcasestr(text, "\r\nContent-Length: ");
		if (body == NULL && (body = strstr(text, "\r\n\r\n")) != NULL && length != NULL)
			wanted = (size_t)(body + 4 - text) + strtoul(length + 18, NULL, 10);
	}
	bool whole = body != NULL && len >= wanted && sscanf(text, "POST %63s", path) == 1;
	for (const char *p = body; whole && (p = strstr(p, "source_request_id")) != NULL; p++)
		batches++;
	size_t have = strlen(s->paths);
	if (whole)
		snprintf(s->paths + have, sizeof(s->paths) - have, "%s:%zu ", path, batches);
	free(text);
	return whole;
}

static void *play(void *own)
{
	struct played *s = own;
	for (int c; (c = accept(s->fd, NULL, NULL)) >= 0; close(c)) {
		const char *text = s->answers[s->next];
		if (text != NULL && strcmp(text, "-") == 0) {
			s->next++;
			continue;
		}
		if (!request_read(s, c))
			continue;
		s->requests++;
		s->next += text != NULL;
		text = text != NULL ? text : TAKEN;
		for (size_t left = strlen(text); left > 0;) {
			ssize_t n = send(c, text, left, MSG_NOSIGNAL);
			if (n <= 0)
				break;
			text += n;
			left -= (size_t)n;
		}
		shutdown(c, SHUT_WR);
		char rest[256];
		while (read(c, rest, sizeof(rest)) > 0)
			;
	}
	return NULL;
}

static void play_begin(struct played *s, const char *const *answers)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	*s = (struct played){.fd = socket(AF_INET, SOCK_STREAM, 0), .answers = answers};
	CU_ASSERT_FATAL(bind(s->fd, (struct sockaddr *)&at, len) == 0 && listen(s->fd, 8) == 0);
	CU_ASSERT_FATAL(getsockname(s->fd, (struct sockaddr *)&at, &len) == 0);
	snprintf(s->endpoint, sizeof(s->endpoint), "http://127.0.0.1:%u", ntohs(at.sin_port));
	CU_ASSERT_FATAL(pthread_create(&s->thread, NULL, play, s) == 0);
}

static void play_end(struct played *s)
{
	shutdown(s->fd, SHUT_RDWR); /* wakes accept() */
	pthread_join(s->thread, NULL);
	close(s->fd);
}

/* ---- a sender ---- */

struct outcome {
	uint64_t rows, rejects, done;
	char words[256];
	enum df_status status;
	struct df_err err;
};

static enum df_status on_settled(void *ctx, const struct send_settled *step, struct df_err *err)
{
	struct outcome *o = ctx;
	(void)err;
	o->done = step->done;
	o->rows += step->rows_delivered;
	o->rejects += step->n_rejects;
	for (size_t i = 0; i < step->n_rejects; i++)
		snprintf(o->words, sizeof(o->words), "%s", step->rejects[i].message);
	return DF_OK;
}

static void deliver(struct sender *sender, const struct conf_feed *feed, struct outcome *o)
{
	static const struct send_events events = {on_settled};
	struct send_stream *st = NULL;
	*o = (struct outcome){0};
	const struct send_order order = {.feed = feed, .events = &events, .ctx = o};
	CU_ASSERT_EQUAL_FATAL(sender_open(sender, &order, &st, &o->err), DF_OK);
	for (uint64_t i = 0; i < BATCHES; i++) {
		struct batch *b = df_alloc(sizeof(*b));
		*b = (struct batch){.n_events = 1,
				    .lane_position = i,
				    .n_rows = 1,
				    .rows = df_alloc(sizeof(*b->rows))};
		b->json = df_format(
		    "{\"source_request_id\":\"%d\",\"name\":\"\xe2\x82\xac\xf0\x9f\x98\x80\"}",
		    (int)i);
		b->json_len = strlen(b->json);
		struct df_err ignored = {0};
		if (send_put(st, b, &ignored) != DF_OK)
			break;
	}
	o->status = send_close(st, false, &o->err);
}

static struct sender *quick_sender(void)
{
	struct sender *sender = sender_new();
	sender->tuning.backoff_base = sender->tuning.backoff_cap = 1;
	sender->tuning.gather = 3600000;
	return sender;
}

static struct conf_feed feed_of(struct played *s)
{
	return (struct conf_feed){.name = (char *)"f",
				  .batch.lanes = 1,
				  .send.sink = CONF_SINK_EVENTS_API,
				  .send.endpoint = s->endpoint,
				  .send.api_key = (char *)"k",
				  .send.api_secret = (char *)"s",
				  .send.batches_per_second = 1e6,
				  .send.give_up_after_ms = 60000};
}

#define V2 "/v2/bulkevents:"

/* One lane, four batches: which requests came, and what was made of the answers. */
static void plays(const char *const *answers, const char *paths, uint64_t rejects,
		  const char *words)
{
	struct played s;
	struct outcome o;
	play_begin(&s, answers);
	struct sender *sender = quick_sender();
	struct conf_feed feed = feed_of(&s);
	deliver(sender, &feed, &o);
	sender_free(sender);
	play_end(&s);
	CU_ASSERT_EQUAL(o.status, DF_OK);
	CU_ASSERT_EQUAL(o.done, BATCHES);
	CU_ASSERT_EQUAL(o.rejects, rejects);
	CU_ASSERT_EQUAL(o.rows, BATCHES - rejects);
	CU_ASSERT_STRING_EQUAL(s.paths, paths);
	CU_ASSERT_PTR_NOT_NULL(strstr(o.words, words));
	if (strcmp(s.paths, paths) != 0 || strstr(o.words, words) == NULL)
		fprintf(stderr, "%.60s: %s, %s\n", answers[0], s.paths, o.words);
}

static void test_chunked(void)
{
	plays(
	    (const char *const[]){
		"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n"
		"1d\r\n{\"errors\":[{\"message\":\"Path '\r\n"
		"d;x=y\r\n[1].name'\"}]}\r\n0\r\nX-Trailer: 1\r\n\r\n",
		"HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\nf\r\n{\"errors\":\"no\"\r\n"
		"1\r\n}\r\n0\r\n\r\n",
		NULL},
	    V2 "4 " V2 "1 ", 1, "no");
	plays((const char *const[]){"HTTP/1.1 100 Continue\r\n\r\n" TAKEN, NULL}, V2 "4 ", 0, "");
	plays((const char *const[]){"HTTP/1.0 202 Accepted\r\n\r\n", NULL}, V2 "4 ", 0,
	      ""); /* ends with the connection */
}

/* RFC 9110 §12.5.3: who does not say what codings it takes, takes any. */
static void test_packed(void)
{
	plays(
	    (const char *const[]){
		"HTTP/1.1 202 Accepted\r\nContent-Encoding: deflate\r\nContent-Length: 49\r\n\r\n"
		/* zlib's: {"errors":[{"message":"Path '[1].a'", and blanks */
		"\170\001\253\126\112\055\052\312\057\052\126\262\212\256\126\312\115\055\056\116"
		"\114"
		"\117\125\262\122\012\110\054\311\120\120\217\066\214\325\113\124\127\300\002\224"
		"\152"
		"\143\153\001\025\075\017\136",
		NULL},
	    V2 "4 " V2 "1 ", 0, "");
	plays(
	    (const char *const[]){
		"HTTP/1.1 202 Accepted\r\nContent-Encoding: x-own\r\nContent-Length: 2\r\n\r\n{}",
		NULL},
	    V2 "4 " V2 "4 ", 0, "");
}

static void test_cut(void)
{
	static const char *const cut[] = {
	    "-",
	    "",
	    "HTT",
	    "HTTP/1.1 202 Acc",
	    "HTTP/1.1 202 Accepted\r\nContent-Le",
	    "HTTP/1.1 202 Accepted\r\nContent-Length: 50\r\n\r\n{\"errors\":[",
	    "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{\"errors\":[",
	    "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	    "HTTP/1.1 202 Accepted\r\nContent-Length: 12\r\n\r\n{\"errors\":[{",
	    "HTTP/1.0 202 Accepted\r\n\r\n{\"errors\":[{\"message\":\"Pa",
	    "HTTP/1.1 202 Accepted\r\nContent-Length: 14\r\n\r\n<html>welcome!",
	    "SSH-2.0-OpenSSH\r\n",
	};
	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++)
		plays((const char *const[]){cut[i], NULL}, i == 0 ? V2 "4 " : V2 "4 " V2 "4 ", 0,
		      "");
}

static void test_huge(void)
{
	/* Larger than what is kept: a 400 is halved, and of a 202 nothing is believed. */
	static const char start[] = "{\"errors\":[{\"message\":\"Path '[0]'";
	char *huge = df_alloc(2000001);
	memset(huge, 'x', 2000000);
	memcpy(huge, start, sizeof(start) - 1);
	for (int status = 202; status <= 400; status += 198)
		plays((const char *const[]){answer(status, huge), NULL}, V2 "4 " V2 "2 " V2 "2 ", 0,
		      "");
	free(huge);
}

static void test_elsewhere(void)
{
	/* A missing batch is nobody's fault. */
	plays(
	    (const char *const[]){
		answer(202, "{\"errors\":[{\"code\":\"X\",\"message\":\"Path '[999].a'\"}]}"),
		NULL},
	    V2 "4 " V2 "2 " V2 "2 ", 0, "");
	plays(
	    (const char *const[]){
		answer(
		    202,
		    "{\"errors\":[{\"code\":\"X\",\"message\":\"line 1, position 9999999999\"}]}"),
		NULL},
	    V2 "4 " V2 "2 " V2 "2 ", 0, "");
	plays((const char *const[]){"HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n",
				    "HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n", TAKEN,
				    "HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n", NULL},
	      V2 "4 " V2 "2 " V2 "1 " V2 "1 " V2 "2 ", 1, "HTTP 413");
	/* Nobody got through so far: it may be anybody's limit. */
	plays((const char *const[]){"HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n",
				    "HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n",
				    "HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n", NULL},
	      V2 "4 " V2 "2 " V2 "1 " V2 "1 " V2 "1 " V2 "2 ", 0, "");
}

#define AFTER(value) "HTTP/1.1 429 X\r\nRetry-After: " value "\r\nContent-Length: 0\r\n\r\n"

static const char *after_date(char *out, size_t size, int64_t ahead)
{
	time_t when = (time_t)(df_now_ms() / 1000 + ahead);
	char date[64];
	struct tm tm;
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&when, &tm));
	snprintf(out, size, AFTER("%s"), date);
	return out;
}

static void test_retry_after(void)
{
	/* Nothing to wait for: the backoff, here a millisecond, decides. A wrong reading would
	 * wait for the test's end. */
	static const char *const none[] = {
	    AFTER("soon"), AFTER("-5"), AFTER("99999999999999999999999"),
	    AFTER(""),     AFTER("0"),  "HTTP/1.1 429 X\r\nContent-Length: 0\r\n\r\n"};
	char text[256];
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		plays((const char *const[]){none[i], NULL}, V2 "4 " V2 "4 ", 0, "");
	plays((const char *const[]){after_date(text, sizeof(text), -5000), NULL}, V2 "4 " V2 "4 ",
	      0, "");
	int64_t began = df_monotonic_ms();
	plays((const char *const[]){after_date(text, sizeof(text), 2), NULL}, V2 "4 " V2 "4 ", 0,
	      "");
	CU_ASSERT(df_monotonic_ms() - began >= 999); /* a date has whole seconds */
	began = df_monotonic_ms();
	plays((const char *const[]){"HTTP/1.1 503 X\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
				    NULL},
	      V2 "4 " V2 "4 ", 0, "");
	CU_ASSERT(df_monotonic_ms() - began >= 1000);
}

/* A date is the service's, and so is the clock that it is measured by. */
static void test_retry_after_clock(void)
{
	static const char *const heads[] = {
	    "HTTP/1.1 429 X\r\nDate: Wed, 01 Jan 2020 12:00:00 GMT\r\n"
	    "Retry-After: Wed, 01 Jan 2020 12:00:01 GMT\r\nContent-Length: 0\r\n\r\n",
	    "HTTP/1.1 429 X\r\nDate: Wed, 01 Jan 2070 12:00:00 GMT\r\n"
	    "Retry-After: Wed, 01 Jan 2070 12:00:01 GMT\r\nContent-Length: 0\r\n\r\n"};
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		int64_t began = df_monotonic_ms();
		plays((const char *const[]){heads[i], NULL}, V2 "4 " V2 "4 ", 0, "");
		CU_ASSERT(df_monotonic_ms() - began >= 1000);
	}
}

static void test_no_http(void)
{
	struct played s;
	struct outcome o;
	play_begin(
	    &s, (const char *const[]){"SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0-OpenSSH_9.2\r\n", NULL});
	struct sender *sender = quick_sender();
	struct conf_feed feed = feed_of(&s);
	feed.send.give_up_after_ms = 0;
	deliver(sender, &feed, &o);
	CU_ASSERT_EQUAL(o.status, DF_RETRY);
	CU_ASSERT_PTR_NOT_NULL(strstr(o.err.text, "no HTTP is spoken there; check endpoint"));
	sender_free(sender);
	play_end(&s);
}

static void test_retry_never(void)
{
	/* Longer than anybody waits: the stream gives up, and so do others that the same silence
	 * holds up. */
	static const char *const forever[] = {AFTER("9223372036854775807"), AFTER("86400"),
					      AFTER("Fri, 31 Dec 9999 23:59:59 GMT")};
	for (size_t i = 0; i < sizeof(forever) / sizeof(forever[0]); i++) {
		struct played s;
		struct outcome o;
		play_begin(&s, (const char *const[]){forever[i], NULL});
		struct sender *sender = quick_sender();
		struct conf_feed feed = feed_of(&s);
		feed.send.give_up_after_ms = 50;
		deliver(sender, &feed, &o);
		CU_ASSERT_EQUAL(o.status, DF_RETRY);
		CU_ASSERT_EQUAL(o.done, 0);
		feed.send.give_up_after_ms = 3600000; /* this run has been patient already */
		deliver(sender, &feed, &o);
		CU_ASSERT_EQUAL(o.status, DF_RETRY);
		sender_free(sender);
		play_end(&s);
		CU_ASSERT_STRING_EQUAL(s.paths, V2 "4 ");
	}
}

static void test_redirect(void)
{
	/* Not followed; only the host is named, because the rest may hold anything. */
	struct played s;
	struct outcome o;
	play_begin(&s,
		   (const char *const[]){
		       "HTTP/1.1 307 X\r\nLocation: https://joe:pw@login.example.com/sso?t=S3\r\n"
		       "Content-Length: 0\r\n\r\n",
		       NULL});
	struct sender *sender = quick_sender();
	struct conf_feed feed = feed_of(&s);
	deliver(sender, &feed, &o);
	sender_free(sender);
	play_end(&s);
	CU_ASSERT_EQUAL(o.status, DF_DENIED);
	CU_ASSERT_EQUAL(o.done + o.rows + o.rejects, 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(o.err.text, "(HTTP 307, which leads to login.example.com)"));
	CU_ASSERT_PTR_NOT_NULL(strstr(o.err.text, "check endpoint"));
	CU_ASSERT_STRING_EQUAL(s.paths, V2 "4 ");
}

static void test_denied_midway(void)
{
	struct played s;
	struct outcome o;
	play_begin(&s, (const char *const[]){"HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n", TAKEN,
					     "HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n", NULL});
	struct sender *sender = quick_sender();
	struct conf_feed feed = feed_of(&s);
	deliver(sender, &feed, &o);
	sender_free(sender);
	play_end(&s);
	CU_ASSERT_EQUAL(o.status, DF_DENIED);
	CU_ASSERT(o.done == 2 && o.rows == 2 && o.rejects == 0);
	CU_ASSERT_STRING_EQUAL(s.paths, V2 "4 " V2 "2 " V2 "2 ");
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"chunked answers", test_chunked},
	    {"packed answers", test_packed},
	    {"answers that were cut", test_cut},
	    {"huge answers", test_huge},
	    {"places that are not there, 413", test_elsewhere},
	    {"redirects", test_redirect},
	    {"Retry-After in all its forms", test_retry_after},
	    {"Retry-After as a date, beside a Date", test_retry_after_clock},
	    {"Retry-After, for ever", test_retry_never},
	    {"what speaks no HTTP", test_no_http},
	    {"401 midway", test_denied_midway},
	    CU_TEST_INFO_NULL,
	};
	df_log_setup(DF_LOG_ERROR, false);
	return test_main("send_raw", NULL, NULL, tests);
}
