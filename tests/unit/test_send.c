/* SPDX-License-Identifier: MIT */
/* The HTTP sink against a real server. */
#include "send_world.h"

#include "test.h"

static void test_clean(void)
{
	struct world w;
	world_begin(&w);
	open_stream(&w, NULL);
	for (int i = 0; i < 1000; i++)
		CU_ASSERT_EQUAL(
		    put(&w, (struct shape){.name = "a", .events = 1, .lane = (uint32_t)i % 3}),
		    DF_OK);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT_EQUAL(accepted(&w, IN_ORDER_ONCE), 1000);
	requests_are(&w, NULL);
	CU_ASSERT_EQUAL(w.done[0], 334);
	CU_ASSERT_EQUAL(w.done[1], 333);
	CU_ASSERT_EQUAL(w.done[2], 333);
	CU_ASSERT_EQUAL(w.done[3], 0);
	CU_ASSERT_EQUAL(w.rows, 1000);
	CU_ASSERT_EQUAL(w.calls, 12);
	struct send_stats stats = {0};
	sender_stats(w.sender, &stats);
	CU_ASSERT_EQUAL(stats.requests, 12);
	CU_ASSERT_EQUAL(stats.batches, 1000);
	CU_ASSERT_EQUAL(stats.events, 1000);
	CU_ASSERT_EQUAL(stats.retries, 0);
	world_end(&w);
}

static void test_gather(void)
{
	/* A lane does not wait for company for ever: two batches, no close, and yet they arrive. */
	struct world w;
	world_begin(&w);
	w.sender->tuning.gather = 5;
	open_stream(&w, NULL);
	put_many(&w, 2, "a");
	struct send_stats stats = {0};
	for (int i = 0; i < ATTEMPTS && stats.batches < 2; i++) {
		usleep(10000);
		sender_stats(w.sender, &stats);
	}
	CU_ASSERT_EQUAL(stats.batches, 2);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	world_end(&w);
}

static void test_limits(void)
{
	struct world w;
	world_begin(&w);
	open_stream(&w, NULL);
	for (int i = 0; i < 7; i++) /* events: 3 x 30 in a request */
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "a", .events = 30}), DF_OK);
	/* bytes: 2 x 110,000 in a request, the first with what is left over */
	for (int i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(
		    put(&w, (struct shape){.name = "a", .events = 1, .padding = 110000}), DF_OK);
	CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "a", .events = 1, .padding = 300000}),
			DF_OK);
	CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "a", .events = 101}), DF_OK);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	requests_are(&w, "202:3 202:3 202:3 202:2 202:1 413:0 400:1");
	CU_ASSERT_EQUAL(accepted(&w, IN_ORDER_ONCE), 12);
	CU_ASSERT_EQUAL(w.done[0], 14);
	CU_ASSERT_EQUAL(w.rows, 12);
	CU_ASSERT_STRING_EQUAL(w.rejected, "12 13 ");
	CU_ASSERT_STRING_EQUAL(w.words, "Too many");
	world_end(&w);
}

static void test_historical(void)
{
	struct world w;
	world_begin(&w);
	open_stream(&w, NULL);
	for (int i = 0; i < 9; i++)
		CU_ASSERT_EQUAL(
		    put(&w,
			(struct shape){.name = "a", .events = 1, .historical = i >= 3 && i < 7}),
		    DF_OK);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	requests_are(&w, "202:3 202:4 202:2");
	char *text = get_file(&w, "requests.ndjson");
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "{\"n\":2,\"path\":\"/v2/bulkevents/historical\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "{\"n\":3,\"path\":\"/v2/bulkevents\""));
	free(text);
	world_end(&w);
}

/* Ten batches in one lane, close; what the script makes of them. */
static void test_answers(void)
{
	static const struct {
		const char *script, *requests, *rejected;
		enum df_status status;
	} t[] = {
	    {"202-path 0,2", "202:10 202:1 202:1", "", DF_OK},
	    {"202-pos 9", "202:10 202:1", "", DF_OK},
	    {"202-path 1\n400-path 0", "202:10 400:1", "1 ", DF_OK},
	    {"202-path 1\n202-path 0", "202:10 202:1", "1 ", DF_OK},
	    {"400-path 3", "400:10 202:3 202:1 202:6", "", DF_OK},
	    {"400-pos 3\n202\n400-pos 0", "400:10 202:3 400:1 202:6", "3 ", DF_OK},
	    {"400-path 0,1,2,3,4,5,6,7,8,9",
	     "400:10 202:1 202:1 202:1 202:1 202:1 202:1 202:1 202:1 202:1 202:1", "", DF_OK},
	    {"400-plain", "400:10 202:10", "", DF_OK},
	    {"400-nolocate", "400:10 202:5 202:5", "", DF_OK},
	    {"202-nolocate\n202-nolocate", "202:10 202:5 202:2 202:3 202:5", "", DF_OK},
	    {"413", "413:10 202:5 202:5", "", DF_OK},
	    {"302", "302:10", "", DF_DENIED},
	    {"404", "404:10", "", DF_DENIED},
	    {"202-path 3\n404", "202:10 404:1", "", DF_DENIED},
	    {"503\nhtml-502\n500", "503:10 502:10 500:10 202:10", "", DF_OK},
	    {"200", "200:10", "", DF_DENIED},
	    {"429 exceeded=feed\n429 exceeded=acceleration", "429:10 429:10 202:10", "", DF_OK},
	    {"400-path 3\n503\n202\n429", "400:10 503:3 202:3 429:1 202:1 202:6", "", DF_OK},
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct world w;
		world_begin(&w);
		put_file(&w, "script", t[i].script);
		open_stream(&w, NULL);
		put_many(&w, 10, "a");
		CU_ASSERT_EQUAL(close_stream(&w, false), t[i].status);
		requests_are(&w, t[i].requests);
		CU_ASSERT_STRING_EQUAL(w.rejected, t[i].rejected);
		/* what a 202 refused comes after what it took */
		size_t taken = accepted(&w, MAY_BE_LATE);
		CU_ASSERT_EQUAL(w.rows + w.n_rejects, w.done[0]);
		CU_ASSERT(t[i].status != DF_OK || (w.done[0] == 10 && taken == 10 - w.n_rejects));
		world_end(&w);
	}
}

static void test_retry_after(void)
{
	struct world w;
	world_begin(&w);
	put_file(&w, "script", "429 retry-after=1 exceeded=account");
	open_stream(&w, NULL);
	put_many(&w, 3, "a");
	int64_t began = df_monotonic_ms();
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT(df_monotonic_ms() - began >= 1000);
	requests_are(&w, "429:3 202:3");
	struct send_stats stats = {0};
	sender_stats(w.sender, &stats);
	CU_ASSERT_EQUAL(stats.throttled, 1);
	CU_ASSERT_EQUAL(stats.retries, 1);
	world_end(&w);
}

static void test_rules(void)
{
	struct world w;
	world_begin(&w);
	put_file(&w, "rules", "reject-name bad\nmax-batches 50\n");
	open_stream(&w, NULL);
	for (int i = 0; i < 100; i++)
		CU_ASSERT_EQUAL(
		    put(&w, (struct shape){.name = i % 40 == 7 ? "bad" : "good", .events = 1}),
		    DF_OK);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	requests_are(&w, "413:100 202:50 400:1 400:1 202:50 400:1");
	CU_ASSERT_STRING_EQUAL(w.rejected, "7 47 87 ");
	CU_ASSERT_EQUAL(w.rows, 97);
	CU_ASSERT_EQUAL(accepted(&w, IN_ORDER_ONCE), 97);
	static const char words[] =
	    "Invalid event name \"refused by rule\". Path '[0].events[0].data', line 1, position ";
	CU_ASSERT_EQUAL(strncmp(w.words, words, sizeof(words) - 1), 0);
	world_end(&w);
}

static void test_bisection(void)
{
	struct world w;
	world_begin(&w);
	put_file(&w, "rules", "reject-nolocate bad\n");
	open_stream(&w, NULL);
	for (int i = 0; i < 8; i++)
		CU_ASSERT_EQUAL(
		    put(&w, (struct shape){.name = i == 5 ? "bad" : "good", .events = 1}), DF_OK);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	requests_are(&w, "400:8 202:4 400:4 400:2 202:1 400:1 202:2");
	CU_ASSERT_STRING_EQUAL(w.rejected, "5 ");
	CU_ASSERT_STRING_EQUAL(w.words, "Something isn't right");
	CU_ASSERT_EQUAL(accepted(&w, IN_ORDER_ONCE), 7);
	world_end(&w);
}

static void test_emoji_position(void)
{
	struct world w;
	world_begin(&w);
	put_file(&w, "script", "202-pos 4\n400-path 0");
	open_stream(&w, NULL);
	put_many(&w, 9, "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xc3\xa9\xf0\x9f\x98\x80\xe2\x82\xac");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	requests_are(&w, "202:9 400:1");
	CU_ASSERT_STRING_EQUAL(w.rejected, "4 ");
	world_end(&w);
}

static void test_broken_connections(void)
{
	struct world w;
	world_begin(&w);
	put_file(&w, "script", "drop-after\ndrop-before\n202");
	open_stream(&w, NULL);
	put_many(&w, 5, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	requests_are(&w, "0:5 0:5 202:5");
	/* the same ids twice: the API knows them again */
	CU_ASSERT_EQUAL(accepted(&w, MAY_REPEAT), 5);
	char *text = get_file(&w, "requests.ndjson");
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(text, "\"ids\":[\"0-0\",\"0-1\",\"0-2\",\"0-3\",\"0-4\"],\"repeated\":5}"));
	free(text);
	CU_ASSERT_EQUAL(w.done[0], 5);
	CU_ASSERT_EQUAL(w.rows, 5);
	world_end(&w);
}

/* Each answer settles what it decides, up to the first batch that is still open. */
static void test_settled_each(void)
{
	struct world w;
	world_begin(&w);
	put_file(&w, "script", "202-path 4,7\n202\n401\n");
	open_stream(&w, NULL);
	put_many(&w, 10, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_DENIED);
	requests_are(&w, "202:10 202:1 401:1");
	CU_ASSERT_EQUAL(w.done[0], 7);
	CU_ASSERT_EQUAL(w.rows, 7);
	CU_ASSERT_EQUAL(w.calls, 2);
	world_end(&w);

	/* A slow pace makes many small requests of what was taken from the queue together. */
	world_begin(&w);
	w.feed.send.batches_per_second = 100;
	open_stream(&w, NULL);
	put_many(&w, 100, "a");
	wait_for_stats(&w, 4, 0);
	df_stop_requested = 1;
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	CU_ASSERT(w.done[0] > 0 && w.done[0] < 100);
	/* nothing that was answered is sent again */
	CU_ASSERT_EQUAL(accepted(&w, IN_ORDER_ONCE), w.done[0]);
	world_end(&w);
}

static void test_denied(void)
{
	struct world w;
	world_begin(&w);
	w.feed.send.api_secret = (char *)"of-yesterday";
	open_stream(&w, NULL);
	put_many(&w, 5, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_DENIED);
	CU_ASSERT_PTR_NOT_NULL(strstr(w.err.text, "HTTP 401"));
	CU_ASSERT_PTR_NULL(strstr(w.err.text, "of-yesterday"));
	CU_ASSERT_EQUAL(w.calls, 0);
	requests_are(&w, "401:0");

	/* A stream that was denied takes nothing more, and a 403 is the same. */
	put_file(&w, "script", "403\n");
	w.feed.send.api_secret = (char *)"the-secret";
	w.err = (struct df_err){0};
	w.next[0] = 0;
	open_stream(&w, NULL);
	enum df_status st = DF_OK;
	for (int i = 0; i < 100; i++)
		st = put(&w, (struct shape){.name = "a", .events = 1});
	for (int i = 0; i < ATTEMPTS && st == DF_OK; i++) {
		usleep(10000);
		if (w.next[0] < 300)
			st = put(&w, (struct shape){.name = "a", .events = 1});
	}
	CU_ASSERT_EQUAL(st, DF_DENIED);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_DENIED);
	CU_ASSERT_EQUAL(w.calls, 0);
	world_end(&w);
}

static void test_give_up(void)
{
	struct world w;
	world_begin(&w);
	w.feed.send.give_up_after_ms = 300;
	struct df_buf script = {0};
	df_buf_adds(&script, "202\n");
	for (int i = 0; i < 5000; i++)
		df_buf_adds(&script, "503\n");
	put_file(&w, "script", df_buf_cstr(&script));
	df_buf_free(&script);
	open_stream(&w, NULL);
	put_many(&w, 100, "a");
	enum df_status st = DF_OK;
	for (int i = 0; i < 50 && st == DF_OK; i++)
		st = put(&w, (struct shape){.name = "a", .events = 1});
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	CU_ASSERT_PTR_NOT_NULL(strstr(w.err.text, "gave up"));
	CU_ASSERT_PTR_NOT_NULL(strstr(w.err.text, "the last was: HTTP 503"));
	CU_ASSERT_EQUAL(w.done[0], 100); /* what was delivered before stays settled */
	CU_ASSERT_EQUAL(accepted(&w, IN_ORDER_ONCE), 100);
	receiver_stop(&w);

	/* Nobody listens any more. */
	w.err = (struct df_err){0};
	w.done[0] = w.next[0] = 0;
	open_stream(&w, NULL);
	put_many(&w, 1, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	CU_ASSERT_EQUAL(w.done[0], 0);
	world_end(&w);
}

static void test_request_timeout(void)
{
	struct world w;
	world_begin(&w);
	w.sender->tuning.request_timeout = 200;
	receiver_sleeps(&w, true);
	open_stream(&w, NULL);
	put_many(&w, 100, "a");
	wait_for_stats(&w, 2, 1);
	receiver_sleeps(&w, false);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT_EQUAL(w.done[0], 100);
	world_end(&w);
}

static void test_stop(void)
{
	struct world w;
	world_begin(&w);
	receiver_sleeps(&w, true);
	open_stream(&w, NULL);
	put_many(&w, 150, "a"); /* one request starts, the rest gathers */
	wait_for_stats(&w, 1, 0);
	df_stop_requested = 1;
	CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "a", .events = 1}), DF_RETRY);
	receiver_sleeps(&w, false);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	/* What was on the wire was waited for and remembered; the rest never went. */
	CU_ASSERT_EQUAL(w.done[0], 100);
	CU_ASSERT_EQUAL(accepted(&w, IN_ORDER_ONCE), 100);
	requests_are(&w, "202:100");
	world_end(&w);
}

static void test_stop_impatient(void)
{
	struct world w;
	world_begin(&w);
	w.sender->tuning.grace = 50;
	receiver_sleeps(&w, true);
	open_stream(&w, NULL);
	put_many(&w, 100, "a");
	wait_for_stats(&w, 1, 0);
	df_stop_requested = 1;
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	CU_ASSERT_EQUAL(w.done[0], 0);
	receiver_sleeps(&w, false);
	world_end(&w);
}

static void *stop_soon(void *arg)
{
	(void)arg;
	usleep(300000);
	df_stop_requested = 1;
	return NULL;
}

static void test_bounded_queue(void)
{
	/* At one batch in 1000 s nothing but the first 100 leaves: the producer is held, until
	 * the stop. */
	struct world w;
	world_begin(&w);
	w.feed.send.batches_per_second = 0.001;
	open_stream(&w, NULL);
	pthread_t thread;
	pthread_create(&thread, NULL, stop_soon, NULL);
	enum df_status st = DF_OK;
	uint64_t n = 0;
	while (n < 5000 && (st = put(&w, (struct shape){.name = "a", .events = 1})) == DF_OK)
		n++;
	pthread_join(thread, NULL);
	CU_ASSERT_EQUAL(st, DF_RETRY);
	CU_ASSERT(n <= 600); /* 100 sent, 100 packed, 400 queued */
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	world_end(&w);
}

static void test_ledger_fails(void)
{
	struct world w;
	world_begin(&w);
	w.answer = DF_FATAL;
	open_stream(&w, NULL);
	enum df_status st = DF_OK;
	/* the first request may be answered before the last one is put */
	for (int i = 0; i < 150; i++) {
		st = put(&w, (struct shape){.name = "a", .events = 1});
		CU_ASSERT(st == DF_OK || (i >= 100 && st == DF_FATAL));
	}
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_FATAL);
	CU_ASSERT_STRING_EQUAL(w.err.text, "the ledger is full");
	CU_ASSERT_EQUAL(w.calls, 1);
	requests_are(&w, "202:100");
	world_end(&w);
}

static void test_abandon(void)
{
	struct world w;
	world_begin(&w);
	open_stream(&w, NULL);
	put_many(&w, 50, "a");
	CU_ASSERT_EQUAL(close_stream(&w, true), DF_OK);
	CU_ASSERT_EQUAL(w.calls, 0);
	world_end(&w);
}

static void test_resume_and_order(void)
{
	struct world w;
	world_begin(&w);
	const uint64_t done[LANES] = {5, 0, 2, 0};
	open_stream(&w, done);
	for (int i = 0; i < LANES; i++)
		w.done[i] = w.next[i] = done[i];
	put_many(&w, 3, "a");
	CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "a", .events = 1, .lane = 2}), DF_OK);
	w.next[2]++; /* a gap */
	CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "a", .events = 1, .lane = 2}), DF_FATAL);
	CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "a", .events = 1}), DF_OK);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT_EQUAL(w.done[0], 9);
	CU_ASSERT_EQUAL(w.done[2], 3);
	world_end(&w);
}

static void test_bad_weather(void)
{
	/* Whatever happens on the way: nothing is lost, nothing overtakes within a lane, the
	 * numbers add up. */
	static const char *const weather[] = {
	    "202",          "503",        "drop-after", "drop-before", "429",      "413",
	    "400-nolocate", "400-path 2", "400-pos 1",  "400-plain",   "html-502", "500"};
	struct world w;
	struct df_buf script = {0};
	unsigned seed = 7;
	world_begin(&w);
	for (int i = 0; i < 120; i++)
		df_buf_addf(&script, "%s\n", weather[(unsigned)rand_r(&seed) % 12]);
	put_file(&w, "script", df_buf_cstr(&script));
	df_buf_free(&script);
	open_stream(&w, NULL);
	for (int i = 0; i < 1600; i++)
		CU_ASSERT_EQUAL(
		    put(&w, (struct shape){.name = "a", .events = 1, .lane = (uint32_t)i % LANES}),
		    DF_OK);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	for (int i = 0; i < LANES; i++)
		CU_ASSERT_EQUAL(w.done[i], 400);
	CU_ASSERT_EQUAL(w.rows + w.n_rejects, 1600);
	/* More than are known as delivered: some were accepted without an answer, and refused
	 * the second time. */
	CU_ASSERT(accepted(&w, MAY_REPEAT) >= w.rows);
	world_end(&w);
}

static void test_rate(void)
{
	/* The API allows less than is configured: everything arrives all the same, slowed down
	 * by 429s. */
	struct world w;
	world_begin(&w);
	put_file(&w, "rules", "rate 200\n");
	w.feed.send.batches_per_second = 400;
	open_stream(&w, NULL);
	for (int i = 0; i < 600; i++)
		CU_ASSERT_EQUAL(
		    put(&w, (struct shape){.name = "a", .events = 1, .lane = (uint32_t)i % LANES}),
		    DF_OK);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT_EQUAL(accepted(&w, IN_ORDER_ONCE), 600);
	world_end(&w);
}

static void test_two_streams(void)
{
	struct world w, other;
	world_begin(&w);
	open_stream(&w, NULL);
	world_prepare(&other);
	sender_free(other.sender);
	other.sender = w.sender;
	other.feed.send.endpoint = w.endpoint;
	other.feed.send.api_secret = (char *)"wrong"; /* one is denied, the other does not mind */
	open_stream(&other, NULL);
	put_many(&w, 150, "a");
	put_many(&other, 5, "b");
	CU_ASSERT_EQUAL(close_stream(&other, false), DF_DENIED);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT_EQUAL(accepted(&w, IN_ORDER_ONCE), 150);
	other.sender = NULL;
	world_end(&other);
	world_end(&w);
}

/* Relaxed: they order nothing, so that ThreadSanitizer sees who holds which lock and nothing
 * else. */
static atomic_bool settling, opened;

static enum df_status on_settled_late(void *ctx, const struct send_settled *step,
				      struct df_err *err)
{
	atomic_store_explicit(&settling, true, memory_order_relaxed);
	for (int i = 0; i < ATTEMPTS && !atomic_load_explicit(&opened, memory_order_relaxed); i++)
		usleep(10000);
	return on_settled(ctx, step, err);
}

/* A feed with the same key begins just when the sender's thread has learned something of that
 * key's pace. */
static void test_shared_key(void)
{
	static const struct send_events late = {on_settled_late};
	struct world w, other;
	world_begin(&w);
	world_prepare(&other);
	sender_free(other.sender);
	other.sender = w.sender;
	other.feed.send.endpoint = w.endpoint;
	other.feed.send.batches_per_second = 500;
	const struct send_order order = {.feed = &w.feed, .events = &late, .ctx = &w};
	CU_ASSERT_EQUAL_FATAL(sender_open(w.sender, &order, &w.stream, &w.err), DF_OK);
	put_many(&w, 100, "a"); /* a full request: it goes at once */
	for (int i = 0; i < ATTEMPTS && !atomic_load_explicit(&settling, memory_order_relaxed); i++)
		usleep(10000);
	open_stream(&other, NULL);
	atomic_store_explicit(&opened, true, memory_order_relaxed);
	CU_ASSERT_EQUAL(close_stream(&other, false), DF_OK);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT_EQUAL(accepted(&w, IN_ORDER_ONCE), 100);
	other.sender = NULL;
	world_end(&other);
	world_end(&w);
}

static void test_tls(void)
{
	struct world w;
	char ca[256], key[256], command[1024];
	world_prepare(&w);
	snprintf(ca, sizeof(ca), "%s/ca.pem", w.dir);
	snprintf(key, sizeof(key), "%s/ca.key", w.dir);
	snprintf(command, sizeof(command),
		 "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
		 "-keyout %s -out %s -days 2 "
		 "-subj /CN=receiver -addext subjectAltName=IP:127.0.0.1 2>/dev/null",
		 key, ca);
	CU_ASSERT_EQUAL_FATAL(system(command), 0);
	receiver_start(&w, ca, key);

	open_stream(&w, NULL);
	put_many(&w, 1, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_DENIED);
	CU_ASSERT_PTR_NOT_NULL(strstr(w.err.text, "is not trusted"));
	CU_ASSERT_PTR_NOT_NULL(strstr(w.err.text, "ca_file"));

	w.err = (struct df_err){0};
	w.next[0] = 0;
	w.feed.send.ca_file = key; /* holds no certificate */
	open_stream(&w, NULL);
	put_many(&w, 1, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_DENIED);
	CU_ASSERT_EQUAL(w.calls, 0);

	w.err = (struct df_err){0};
	w.next[0] = 0;
	w.feed.send.ca_file = ca;
	open_stream(&w, NULL);
	put_many(&w, 150, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT_EQUAL(accepted(&w, IN_ORDER_ONCE), 150);
	world_end(&w);
}

static void test_bad_settings(void)
{
	struct world w;
	world_prepare(&w);
	const struct send_order order = {.feed = &w.feed, .events = &events, .ctx = &w};
	snprintf(w.endpoint, sizeof(w.endpoint), "not a url");
	CU_ASSERT_EQUAL(sender_open(w.sender, &order, &w.stream, &w.err), DF_USAGE);
	w.feed.send.endpoint = NULL;
	CU_ASSERT_EQUAL(sender_open(w.sender, &order, &w.stream, &w.err), DF_USAGE);
	world_end(&w);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"clean", test_clean},
	    {"a lane does not wait for ever", test_gather},
	    {"limits", test_limits},
	    {"historical", test_historical},
	    {"each answer", test_answers},
	    {"Retry-After", test_retry_after},
	    {"refused batches", test_rules},
	    {"bisection", test_bisection},
	    {"position after emoji", test_emoji_position},
	    {"broken connections", test_broken_connections},
	    {"each answer is settled", test_settled_each},
	    {"denied", test_denied},
	    {"giving up", test_give_up},
	    {"request timeout", test_request_timeout},
	    {"stop", test_stop},
	    {"stop, impatient", test_stop_impatient},
	    {"bounded queue", test_bounded_queue},
	    {"the ledger fails", test_ledger_fails},
	    {"abandon", test_abandon},
	    {"resume, and order is checked", test_resume_and_order},
	    {"bad weather", test_bad_weather},
	    {"a slower API", test_rate},
	    {"two streams", test_two_streams},
	    {"two feeds of one key", test_shared_key},
	    {"TLS", test_tls},
	    {"bad settings", test_bad_settings},
	    CU_TEST_INFO_NULL,
	};
	if (!world_find())
		return 1;
	df_log_setup(DF_LOG_ERROR, false);
	return test_main("send", NULL, NULL, tests);
}
