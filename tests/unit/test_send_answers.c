/* SPDX-License-Identifier: MIT */
/* What becomes of batches with each answer of a real server. */
#include "send_world.h"

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

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"each answer", test_answers},
	    {"Retry-After", test_retry_after},
	    {"refused batches", test_rules},
	    {"bisection", test_bisection},
	    {"position after emoji", test_emoji_position},
	    {"each answer is settled", test_settled_each},
	    {"denied", test_denied},
	    CU_TEST_INFO_NULL,
	};
	if (!world_find())
		return 1;
	df_log_setup(DF_LOG_ERROR, false);
	return test_main("send_answers", NULL, NULL, tests);
}