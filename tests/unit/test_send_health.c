/* SPDX-License-Identifier: MIT */
/* Unwell and closed endpoints, and when they want to be called again. */
#include "send_again.h"

static void test_parks(void)
{
	struct world w, other;
	world_begin(&w);
	share(&other, &w);
	other.feed.send.api_key = (char *)"another";
	sender_parks(w.sender, true);
	w.sender->tuning.unwell_after = 30;
	put_file(&w, "rules", "answer-name 500 bad\n");
	health_is(&w, SEND_WELL);
	open_stream(&w, NULL);
	CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "bad", .events = 1}), DF_OK);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	CU_ASSERT_PTR_NOT_NULL(strstr(w.err.text, "is unavailable: HTTP 500"));
	CU_ASSERT_EQUAL(w.calls, 0);
	health_is(&w, SEND_UNWELL);
	health_is(&other, SEND_WELL); /* another key is not concerned */

	/* A fresh stream gets one try, with one batch. */
	size_t before = count_requests(&w, "\"status\":500");
	open_again(&w);
	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "bad", .events = 1}), DF_OK);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	CU_ASSERT_EQUAL(count_requests(&w, "\"status\":500"), before + 1);
	CU_ASSERT_EQUAL(count_requests(&w, "\"status\":500,\"batches\":2"), 0);
	health_is(&w, SEND_UNWELL);

	/* One that succeeds makes it well. */
	open_again(&w);
	put_many(&w, 150, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT_EQUAL(w.done[0], 150);
	health_is(&w, SEND_WELL);
	share_end(&other);
	world_end(&w);
}

static void test_probe_goes_round(void)
{
	/* Lane 0 is stuck; each stream that is opened tries one lane, and another lane gets
	 * through in the end. */
	struct world w;
	world_begin(&w);
	sender_parks(w.sender, true);
	w.sender->tuning.unwell_after = 20;
	w.sender->tuning.backoff_cap = 2;
	put_file(&w, "rules", "answer-name 500 bad\n");
	open_stream(&w, NULL);
	CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "bad", .events = 1}), DF_OK);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	health_is(&w, SEND_UNWELL);
	for (int i = 0; i < 300 && w.done[3] == 0; i++) {
		open_again(&w);
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "bad", .events = 1}), DF_OK);
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "a", .events = 1, .lane = 3}),
				DF_OK);
		CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	}
	CU_ASSERT_EQUAL(w.done[3], 1);
	CU_ASSERT_EQUAL(w.done[0], 0);
	world_end(&w);
}

static void test_parked_again_and_again(void)
{
	/* Its document is parked after each failure; those of another document succeed
	 * meanwhile. In the end it is set aside. */
	struct world w, other;
	world_begin(&w);
	share(&other, &w);
	sender_parks(w.sender, true);
	w.sender->tuning.unwell_after = 0;
	w.sender->tuning.backoff_cap = 2;
	put_file(&w, "rules", "answer-name 500 bad\n");
	enum df_status st = DF_RETRY;
	for (int i = 0; i < 60 && st == DF_RETRY; i++) {
		open_again(&w);
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "bad", .events = 1}), DF_OK);
		st = close_stream(&w, false);
		open_again(&other);
		CU_ASSERT_EQUAL(put(&other, (struct shape){.name = "a", .events = 1, .lane = 1}),
				DF_OK);
		CU_ASSERT_EQUAL(close_stream(&other, false), DF_OK);
	}
	CU_ASSERT_EQUAL(st, DF_OK);
	CU_ASSERT_STRING_EQUAL(w.rejected, "0 ");
	share_end(&other);
	world_end(&w);
}

static void test_closed(void)
{
	struct world w, other;
	world_begin(&w);
	share(&other, &w);
	other.feed.send.api_secret = (char *)"wrong";
	open_stream(&other, NULL);
	put_many(&other, 1, "a");
	CU_ASSERT_EQUAL(close_stream(&other, false), DF_DENIED);
	health_is(&other, SEND_CLOSED);
	health_is(&w, SEND_WELL);

	/* What is opened all the same ends with the same words, and sends nothing. */
	size_t before = count_requests(&w, "\"n\"");
	open_again(&other);
	put_many(&other, 1, "a");
	CU_ASSERT_EQUAL(close_stream(&other, false), DF_DENIED);
	CU_ASSERT_PTR_NOT_NULL(strstr(other.err.text, "HTTP 401"));
	CU_ASSERT_EQUAL(count_requests(&w, "\"n\""), before);

	/* A document of which nothing is left to be sent does not mind. */
	open_again(&other);
	CU_ASSERT_EQUAL(close_stream(&other, false), DF_OK);

	/* give_up_after: of this key alone */
	put_script(&w, "503", 20000);
	w.sender->tuning.gather = 1;
	w.feed.send.give_up_after_ms = 100;
	open_stream(&w, NULL);
	put_many(&w, 1, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	health_is(&w, SEND_CLOSED);
	other.feed.send.api_key = (char *)"another";
	health_is(&other, SEND_WELL);

	/* Other settings that come to the same: no proxy is asked for this machine. */
	other.feed.send.api_key = w.feed.send.api_key;
	other.feed.send.proxy = (char *)"http://proxy.example.org:3128";
	health_is(&other, SEND_CLOSED);
	share_end(&other);
	world_end(&w);
}

static void test_wait_is_remembered(void)
{
	struct world w;
	struct memory m = {0};
	world_begin(&w);
	run_again(&w, &m);
	put_file(&w, "script", "202\n429 retry-after=600 exceeded=account\n");
	open_stream(&w, NULL);
	put_many(&w, 101, "a");
	/* give_up_after is a minute: waiting would not help */
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	CU_ASSERT_PTR_NOT_NULL(strstr(w.err.text, "is not to be called for another"));
	CU_ASSERT_EQUAL(w.done[0], 100);
	int64_t left = m.past.not_before_ms - df_now_ms();
	CU_ASSERT(left > 500000 && left <= 600000);

	/* The next run does not call; nor does it wait. */
	run_again(&w, &m);
	open_stream(&w, NULL);
	put_many(&w, 1, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	requests_are(&w, "202:100 429:1");
	health_is(&w, SEND_CLOSED);

	/* Beyond a day it is a clock that was wrong; and what is over is over, and forgotten. */
	for (int i = 0; i < 2; i++) {
		m.past.not_before_ms = df_now_ms() + (i == 0 ? INT64_C(90000000) : INT64_C(-1000));
		run_again(&w, &m);
		open_stream(&w, NULL);
		put_many(&w, 1, "a");
		CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
		CU_ASSERT_EQUAL(m.past.not_before_ms, 0);
	}

	/* One that ends soon is waited for. */
	m.past.not_before_ms = df_now_ms() + 700;
	int64_t until = df_monotonic_ms() + 600;
	run_again(&w, &m);
	open_stream(&w, NULL);
	put_many(&w, 1, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT(df_monotonic_ms() >= until);
	memory_end(&m);
	world_end(&w);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"an unwell endpoint parks its documents", test_parks},
	    {"the probe goes round", test_probe_goes_round},
	    {"parked again and again", test_parked_again_and_again},
	    {"a closed endpoint", test_closed},
	    {"Retry-After holds for the next run", test_wait_is_remembered},
	    CU_TEST_INFO_NULL,
	};
	if (!world_find())
		return 1;
	df_log_setup(DF_LOG_ERROR, false);
	return test_main("send_health", NULL, NULL, tests);
}