/* SPDX-License-Identifier: MIT */
/* The HTTP sink against a real server: batches, lanes, pace, streams side by side. */
#include "send_world.h"

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

/* What fits into a request is sent as one, whatever lanes it is in, and settled lane by
 * lane. */
static void test_few(void)
{
	struct world w;
	world_begin(&w);
	put_file(&w, "script", "202-path 1\n400-path 0");
	open_stream(&w, NULL);
	for (uint32_t i = 0; i < 60; i++)
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "a", .events = 1, .lane = i % 3}),
				DF_OK);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	requests_are(&w, "202:60 400:1");
	CU_ASSERT_EQUAL(accepted(&w, IN_ORDER_ONCE), 59);
	for (int lane = 0; lane < 3; lane++)
		CU_ASSERT_EQUAL(w.done[lane], 20);
	CU_ASSERT_EQUAL(w.rows, 59);
	CU_ASSERT_EQUAL(w.calls, 3); /* lane 1 waited for its second batch */
	world_end(&w);

	/* More than that goes to the lanes, in order. */
	world_begin(&w);
	open_stream(&w, NULL);
	for (uint32_t i = 0; i < 102; i++)
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "a", .events = 1, .lane = i % 3}),
				DF_OK);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	requests_are(&w, "202:34 202:34 202:34");
	CU_ASSERT_EQUAL(accepted(&w, IN_ORDER_ONCE), 102);
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

/* ---- a part of a limit that hosts share ---- */

struct part {
	atomic_int handed_back; /* times */
	int64_t asked;          /* when it last wanted something */
	int64_t least;          /* how long it kept the part at least, after that */
};

static void on_part(void *ctx, const char *key, struct send_share *s)
{
	struct part *p = ctx;
	int64_t now = df_monotonic_ms();
	(void)key;
	s->share = 1;
	if (s->wants > 0) {
		p->asked = now;
		return;
	}
	p->least = now - p->asked < p->least ? now - p->asked : p->least;
	p->handed_back++;
}

/* Between two files it is kept a moment longer. */
static void test_hand_back(void)
{
	struct world w;
	struct part part = {.least = INT64_MAX};
	world_begin(&w);
	sender_memory(w.sender, &(struct send_memory){.ctx = &part, .share = on_part});
	for (int i = 0; i < 2; i++) {
		int before = part.handed_back;
		memset(w.next, 0, sizeof(w.next));
		memset(w.done, 0, sizeof(w.done));
		open_stream(&w, NULL);
		put_many(&w, 10, "a");
		CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
		for (int j = 0; j < ATTEMPTS && part.handed_back == before; j++)
			usleep(10000);
		CU_ASSERT_EQUAL(part.handed_back, before + 1);
	}
	CU_ASSERT(part.least >= 90);
	world_end(&w);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"clean", test_clean},
	    {"no more than a request", test_few},
	    {"a lane does not wait for ever", test_gather},
	    {"limits", test_limits},
	    {"historical", test_historical},
	    {"bounded queue", test_bounded_queue},
	    {"resume, and order is checked", test_resume_and_order},
	    {"bad weather", test_bad_weather},
	    {"a slower API", test_rate},
	    {"two streams", test_two_streams},
	    {"two feeds of one key", test_shared_key},
	    {"a part of a limit is handed back", test_hand_back},
	    CU_TEST_INFO_NULL,
	};
	if (!world_find())
		return 1;
	df_log_setup(DF_LOG_ERROR, false);
	return test_main("send", NULL, NULL, tests);
}