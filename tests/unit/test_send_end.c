/* SPDX-License-Identifier: MIT */
/* How a stream ends before all of it was delivered. */
#include "send_world.h"

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

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"giving up", test_give_up},
	    {"stop", test_stop},
	    {"stop, impatient", test_stop_impatient},
	    {"the ledger fails", test_ledger_fails},
	    {"abandon", test_abandon},
	    CU_TEST_INFO_NULL,
	};
	if (!world_find())
		return 1;
	df_log_setup(DF_LOG_ERROR, false);
	return test_main("send_end", NULL, NULL, tests);
}