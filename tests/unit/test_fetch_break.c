/* SPDX-License-Identifier: MIT */
/* Connections that break, stall or are refused; several at once. */
#include "ssh_world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

static int listen_on(uint16_t *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CU_ASSERT_FATAL(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
			listen(fd, 8) == 0);
	CU_ASSERT_FATAL(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	*port = ntohs(at.sin_port);
	return fd;
}

/* A relay to the server that breaks, or falls silent, after so many bytes from it. */
struct relay {
	int listener;
	uint16_t port, to;
	size_t limit;
	bool silent;
	int end[2]; /* a pipe: closed by the test when it is done */
	pthread_t thread;
};

static bool relay_pass(int from, int to, size_t *left)
{
	char chunk[16384];
	ssize_t n = recv(from, chunk, *left < sizeof(chunk) ? *left : sizeof(chunk), 0);
	if (n <= 0)
		return false;
	*left -= (size_t)n;
	for (ssize_t at = 0, m; at < n; at += m) {
		m = send(to, chunk + at, (size_t)(n - at), MSG_NOSIGNAL);
		if (m <= 0)
			return false;
	}
	return true;
}

static void *relay_main(void *arg)
{
	struct relay *r = arg;
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons(r->to),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int in = accept(r->listener, NULL, NULL),
	    out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t left = r->limit, endless = SIZE_MAX;
	bool up = in >= 0 && connect(out, (struct sockaddr *)&at, sizeof(at)) == 0;
	while (up) {
		bool mute = left == 0;
		if (mute && !r->silent)
			break;
		struct pollfd p[] = {
		    {in, POLLIN, 0}, {mute ? -1 : out, POLLIN, 0}, {r->end[0], 0, 0}};
		if (poll(p, 3, -1) < 0 || p[2].revents != 0)
			break;
		if (p[0].revents != 0)
			up = relay_pass(in, out, &endless);
		if (up && p[1].revents != 0)
			up = relay_pass(out, in, &left);
	}
	close(in);
	close(out);
	return NULL;
}

static struct conf_feed *relay_start(struct relay *r, size_t limit, bool silent)
{
	struct conf_feed *feed = feed_here();
	r->limit = limit;
	r->silent = silent;
	r->to = feed->fetch.source.port;
	r->listener = listen_on(&r->port);
	CU_ASSERT_FATAL(pipe(r->end) == 0 && pthread_create(&r->thread, NULL, relay_main, r) == 0);
	feed->fetch.source.port = r->port;
	set(&feed->fetch.host_key, print_of("ed25519"));
	return feed;
}

static void relay_stop(struct relay *r)
{
	close(r->end[1]);
	pthread_join(r->thread, NULL);
	close(r->end[0]);
	close(r->listener);
}

/* libssh2 asks for up to 8 MiB ahead, and gives up what it has of that when the connection goes:
 * the break comes much later.
 *
 * A connection that goes in the midst of a download leaves a part, with which the next one goes
 * on. */
static void broken_download(bool silent, const char *words)
{
	struct relay relay = {0};
	struct df_err err = {0}, err2 = {0}, err3 = {0}, err4 = {0};
	struct fetch *source = NULL;
	struct fetch_list list = {0}, list2 = {0};
	char hex[DF_SHA256_HEX] = "", *spool = df_format("%s/spooled", scratch);
	CU_ASSERT_FATAL(run("rm -f %s*; head -c 24000000 /dev/urandom >%s/root/a-custom_event.csv",
			    spool, server) == 0);
	char *want = first_line("sha256sum <%s/root/a-custom_event.csv | cut -c1-64", server);
	struct conf_feed *feed = relay_start(&relay, 16000000, silent);
	feed->fetch.stall_timeout_ms = silent ? 1500 : 60000;
	CU_ASSERT_FATAL(is_status(fetch_open(feed, &source, &err), DF_OK, &err));
	CU_ASSERT(is_status(fetch_list(source, &list, &err), DF_OK, &err));
	CU_ASSERT_EQUAL_FATAL(list.n, 1);
	CU_ASSERT(is_status(fetch_get(source, &list.v[0], spool, hex, &err), DF_RETRY, &err));
	CU_ASSERT(says(&err, words));
	CU_ASSERT(run("test -s %s.part && test $(wc -c <%s.part) -lt 24000000", spool, spool) == 0);
	CU_ASSERT(is_status(fetch_get(source, &list.v[0], spool, hex, &err2), DF_RETRY, &err2));
	CU_ASSERT(is_status(fetch_list(source, &list2, &err3), DF_RETRY, &err3));
	CU_ASSERT(is_status(fetch_put(source, ".", "x", "x", 1, &err4), DF_RETRY, &err4));
	fetch_close(source);
	relay_stop(&relay);
	feed_free(feed);

	feed = feed_here();
	err = (struct df_err){0};
	CU_ASSERT_FATAL(is_status(fetch_open(feed, &source, &err), DF_OK, &err));
	CU_ASSERT(is_status(fetch_get(source, &list.v[0], spool, hex, &err), DF_OK, &err));
	CU_ASSERT_STRING_EQUAL(hex, want);
	fetch_list_free(&list);
	fetch_close(source);
	feed_free(feed);
	free(want);
	free(spool);
}

static void test_break(void)
{
	broken_download(false, "broke");
}

static void test_stall(void)
{
	broken_download(true, "did not answer for 1.5 seconds");
}

/* Cut at many places of the handshake, the login and the listing: an error each time, never a
 * crash or a hang. */
static void test_break_anywhere(void)
{
	for (size_t limit = 0; limit < 6000; limit += limit < 4000 ? 137 : 500) {
		struct relay relay = {0};
		struct df_err err = {0};
		struct fetch *source = NULL;
		struct fetch_list list = {0};
		struct conf_feed *feed = relay_start(&relay, limit, false);
		enum df_status st = fetch_open(feed, &source, &err);
		if (st == DF_OK)
			st = fetch_list(source, &list, &err);
		CU_ASSERT(st == DF_RETRY || (st == DF_OK && limit > 2500));
		CU_ASSERT(st == DF_OK || err.text[0] != '\0');
		if (st != DF_OK && st != DF_RETRY)
			fprintf(stderr, "  cut after %zu bytes: %d: %s\n", limit, (int)st,
				err.text);
		fetch_list_free(&list);
		fetch_close(source);
		relay_stop(&relay);
		feed_free(feed);
	}
}

static void test_refused(void)
{
	struct df_err err = {0};
	struct conf_feed *feed = feed_here();
	close(listen_on(&feed->fetch.source.port)); /* a port that nobody listens on */
	CU_ASSERT(is_status(try_open(feed, &err), DF_RETRY, &err));
	CU_ASSERT(says(&err, "Connection refused"));
	set(&feed->fetch.source.host, df_strdup("no-such-host.invalid"));
	CU_ASSERT(is_status(try_open(feed, &err), DF_RETRY, &err));
	CU_ASSERT(says(&err, "no-such-host.invalid"));
	feed_free(feed);
}

/* Something listens and never answers: the stall timeout ends it, or the wish to stop. */
static void test_mute(void)
{
	struct df_err err = {0};
	struct conf_feed *feed = feed_here();
	int fd = listen_on(&feed->fetch.source.port);
	feed->fetch.stall_timeout_ms = 300;
	CU_ASSERT(is_status(try_open(feed, &err), DF_RETRY, &err));
	CU_ASSERT(says(&err, "did not answer"));
	feed->fetch.stall_timeout_ms = 600000;
	df_stop_requested = 1;
	CU_ASSERT(is_status(try_open(feed, &err), DF_RETRY, &err));
	df_stop_requested = 0;
	CU_ASSERT(says(&err, "stopped"));
	close(fd);
	feed_free(feed);
}

struct puller {
	pthread_t thread;
	struct conf_feed *feed;
	char *spool;
	char hex[DF_SHA256_HEX];
	enum df_status st;
	struct df_err err;
};

static void *puller_main(void *arg)
{
	struct puller *p = arg;
	struct fetch *source = NULL;
	struct fetch_list list = {0};
	struct fetch_entry entry = {0};
	struct conf_after_action action = {.what = CONF_MOVE, .dir = "gone/by"};
	p->st = fetch_open(p->feed, &source, &p->err);
	if (p->st == DF_OK)
		p->st = fetch_list(source, &list, &p->err);
	for (size_t i = 0; p->st == DF_OK && i < list.n; i++)
		p->st = fetch_get(source, &list.v[i], p->spool, p->hex, &p->err);
	/* All of them make the same folder. */
	char *name = df_format("%s.txt", strrchr(p->spool, '/') + 1);
	if (p->st == DF_OK)
		p->st = fetch_put(source, ".", name, "1", 1, &p->err);
	if (p->st == DF_OK)
		p->st = fetch_stat_file(source, name, &entry, &p->err);
	entry.name = name;
	if (p->st == DF_OK)
		p->st = fetch_after(source, &entry, &action, &p->err);
	free(name);
	fetch_list_free(&list);
	fetch_close(source);
	return NULL;
}

static void test_threads(void)
{
	struct puller pullers[6] = {0};
	CU_ASSERT_FATAL(
	    run("cd %s/root && rm -rf * && head -c 3000000 /dev/urandom >a-custom_event.csv",
		server) == 0);
	char *want = first_line("sha256sum <%s/root/a-custom_event.csv | cut -c1-64", server);
	for (int i = 0; i < 6; i++) {
		pullers[i].feed = feed_here();
		pullers[i].spool = df_format("%s/spool%d", scratch, i);
	}
	for (int i = 0; i < 6; i++)
		CU_ASSERT_FATAL(
		    pthread_create(&pullers[i].thread, NULL, puller_main, &pullers[i]) == 0);
	for (int i = 0; i < 6; i++) {
		pthread_join(pullers[i].thread, NULL);
		CU_ASSERT(is_status(pullers[i].st, DF_OK, &pullers[i].err));
		CU_ASSERT_STRING_EQUAL(pullers[i].hex, want);
		feed_free(pullers[i].feed);
		free(pullers[i].spool);
	}
	CU_ASSERT(run("test $(ls %s/root/gone/by | wc -l) = 6", server) == 0);
	free(want);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"connection breaks", test_break},
	    {"connection stalls", test_stall},
	    {"connection breaks anywhere", test_break_anywhere},
	    {"connection refused", test_refused},
	    {"mute server, stop", test_mute},
	    {"several feeds at once", test_threads},
	    CU_TEST_INFO_NULL,
	};
	if (!scratch_make())
		return 1;
	int failed = test_main("ssh connections", server_init, server_clean, tests);
	return scratch_end() != 0 || failed;
}
