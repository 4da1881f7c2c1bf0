/* SPDX-License-Identifier: MIT */
/* One bad row stops nobody: what fails while others succeed is set aside. */
#include "send_again.h"

/* A lane with a batch that nobody takes, and another one that is busy until the first is
 * through. */
static void isolates(const char *rule, const char *words)
{
	struct world w;
	world_begin(&w);
	w.sender->tuning.gather = 1;
	w.sender->tuning.backoff_cap = 2;
	put_file(&w, "rules", rule);
	open_stream(&w, NULL);
	CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "a", .events = 1, .lane = 1}), DF_OK);
	wait_for_batches(&w, 1); /* a key that never had a success is refused by a 403 */
	put_many(&w, 3, "a");
	CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "bad", .events = 1}), DF_OK);
	put_many(&w, 4, "a");
	for (int i = 0; i < 4000 && atomic_load(&w.n_rejected) == 0; i++) {
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "a", .events = 1, .lane = 1}),
				DF_OK);
		usleep(500);
	}
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT_STRING_EQUAL(w.rejected, "3 ");
	TEXT_IS(w.code, "api-unavailable");
	CU_ASSERT_PTR_NOT_NULL(strstr(w.words, words));
	CU_ASSERT_EQUAL(w.done[0], 8);
	CU_ASSERT_EQUAL(w.done[1], w.next[1]);
	CU_ASSERT_EQUAL(accepted(&w, IN_ORDER_ONCE), w.next[1] + 7);
	world_end(&w);
}

static void test_set_aside(void)
{
	isolates("answer-name 500 bad\n", "HTTP 500: \"Request blocked Ray ID 1\"");
	isolates("answer-name 503/3600 bad\n", "HTTP 503: \"Request blocked Ray ID 1\"");
	isolates("answer-name 403 bad\n", "HTTP 403: \"Request blocked Ray ID 1\"");
	isolates("answer-name 400 bad\n", "HTTP 400: \"Request blocked Ray ID 1\"");
	isolates("answer-name 415 bad\n", "HTTP 415: \"Request blocked Ray ID 1\"");
	isolates("answer-name 413 bad\n", "HTTP 413: \"Request blocked Ray ID 1\"");
	isolates("answer-name 0 bad\n", "");
}

/* n live batches that nobody takes, while historical ones are taken: rejects gets how many of them
 * were set aside. */
static enum df_status among_historical(uint64_t n, uint64_t rejects, uint64_t *set_aside)
{
	struct world w;
	world_begin(&w);
	w.sender->tuning.gather = 1;
	w.sender->tuning.backoff_cap = 2;
	w.feed.send.give_up_after_ms = 300;
	put_file(&w, "rules", "answer-name 500 bad\n");
	open_stream(&w, NULL);
	put_many(&w, n, "bad");
	for (int i = 0; i < 4000 && atomic_load(&w.n_rejected) < rejects; i++) {
		(void)!put(&w,
			   (struct shape){.name = "a", .events = 1, .lane = 1, .historical = true});
		usleep(500);
	}
	enum df_status st = close_stream(&w, false);
	*set_aside = w.n_rejects;
	world_end(&w);
	return st;
}

static void test_two_endpoints(void)
{
	/* The same host is well. Of one batch after the other that says less: what takes live ones
	 * may be down. */
	uint64_t set_aside = 0;
	CU_ASSERT_EQUAL(among_historical(1, 1, &set_aside), DF_OK);
	CU_ASSERT_EQUAL(set_aside, 1);
	CU_ASSERT_EQUAL(among_historical(20, 3, &set_aside), DF_RETRY);
	CU_ASSERT_EQUAL(set_aside, 3);
}

static void test_passed(void)
{
	/* One lane, one bad batch, nobody else: those of other users go on, and show that the
	 * API is well. */
	struct world w;
	world_begin(&w);
	w.sender->tuning.backoff_cap = 2;
	w.sender->tuning.unwell_after = 20;
	put_file(&w, "rules", "answer-name 500 bad\n");
	open_stream(&w, NULL);
	for (uint64_t i = 0; i < 150; i++)
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = i == 90 ? "bad" : "a",
						       .events = 1,
						       .user = 1 + i % 40}),
				DF_OK);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT_STRING_EQUAL(w.rejected, "90 ");
	CU_ASSERT_EQUAL(w.done[0], 150);
	CU_ASSERT_EQUAL(accepted(&w, MAY_BE_LATE), 149);
	world_end(&w);
}

static void test_same_host(void)
{
	/* A key that has nothing but bad batches, and another one at the same host that is
	 * well: the first ones are set aside. When there are many of them, it is the key. */
	struct world w, other;
	world_begin(&w);
	share(&other, &w);
	other.feed.send.api_key = (char *)"the-key.other";
	w.sender->tuning.gather = 1;
	w.sender->tuning.backoff_cap = 2;
	w.feed.send.give_up_after_ms = 2000;
	put_file(&w, "rules", "answer-name 500 bad\n");
	open_stream(&w, NULL);
	open_stream(&other, NULL);
	for (int i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "bad", .events = 1}), DF_OK);
	for (int i = 0; i < 4000 && atomic_load(&w.n_rejected) < 3; i++) {
		CU_ASSERT_EQUAL(put(&other, (struct shape){.name = "a", .events = 1}), DF_OK);
		usleep(500);
	}
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
	CU_ASSERT_STRING_EQUAL(w.rejected, "0 1 2 ");
	CU_ASSERT_EQUAL(close_stream(&other, false), DF_OK);
	CU_ASSERT_EQUAL(other.n_rejects, 0);
	share_end(&other);
	world_end(&w);
}

static void test_next_runs(void)
{
	/* One success in a run, and a file that holds nothing but the bad batch: the failures of
	 * all runs add up. */
	struct world w;
	struct memory m = {0};
	int runs = 0;
	world_begin(&w);
	put_file(&w, "rules", "answer-name 500 bad\n");
	enum df_status st = DF_RETRY;
	for (; runs < 20 && st == DF_RETRY; runs++) {
		run_again(&w, &m);
		w.sender->tuning.backoff_cap = 2;
		w.sender->tuning.gather = 1;
		w.feed.send.give_up_after_ms = 100;
		open_stream(&w, NULL);
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "a", .events = 1, .lane = 1}),
				DF_OK);
		wait_for_batches(&w, 1);
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "bad", .events = 1}), DF_OK);
		st = close_stream(&w, false);
	}
	CU_ASSERT_EQUAL(st, DF_OK);
	CU_ASSERT_EQUAL(runs, 3);
	CU_ASSERT_STRING_EQUAL(w.rejected, "0 ");
	CU_ASSERT_STRING_EQUAL(m.suspects, "");
	memory_end(&m);
	world_end(&w);
}

static void test_all_down(void)
{
	/* Nobody succeeds: nothing is set aside, however often it fails. */
	static const char *const lines[] = {"500", "drop-before", "400-plain", "413", "html-502"};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct world w;
		world_begin(&w);
		w.sender->tuning.backoff_cap = 2;
		w.sender->tuning.gather = 1;
		put_script(&w, lines[i], 20000);
		open_stream(&w, NULL);
		put_many(&w, 1, "a");
		CU_ASSERT_EQUAL(put(&w, (struct shape){.name = "a", .events = 1, .lane = 1}),
				DF_OK);
		wait_for_stats(&w, 40, 40);
		df_stop_requested = 1;
		CU_ASSERT_EQUAL(close_stream(&w, false), DF_RETRY);
		CU_ASSERT_EQUAL(w.calls, 0);
		world_end(&w);
	}
}

static void test_forbidden(void)
{
	/* 403 to a key that never had a success is about the key; later it is about what the
	 * request holds. */
	struct world w;
	struct memory m = {0};
	world_begin(&w);
	run_again(&w, &m);
	w.feed.send.give_up_after_ms = 300;
	put_file(&w, "script", "403\n");
	open_stream(&w, NULL);
	put_many(&w, 1, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_DENIED);
	CU_ASSERT_PTR_NOT_NULL(strstr(w.err.text, "HTTP 403"));
	CU_ASSERT_EQUAL(w.calls, 0);
	CU_ASSERT_EQUAL(m.remembered, 0);

	/* Others are on the wire: what becomes of them says more. */
	run_again(&w, &m);
	w.sender->tuning.backoff_cap = 50;
	put_file(&w, "script", "403\n");
	receiver_sleeps(&w, true);
	open_stream(&w, NULL);
	for (uint32_t lane = 0; lane < LANES; lane++)
		for (int i = 0; i < 100; i++)
			CU_ASSERT_EQUAL(
			    put(&w, (struct shape){.name = "a", .events = 1, .lane = lane}), DF_OK);
	wait_for_stats(&w, LANES, 0);
	receiver_sleeps(&w, false);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT_EQUAL(accepted(&w, MAY_BE_LATE), LANES * 100);
	memory_end(&m);

	run_again(&w, &m);
	open_stream(&w, NULL);
	put_many(&w, 1, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT_EQUAL(m.remembered, 1);

	/* The next run knows that it was good today, and one two days later does not. */
	for (int days = 0; days <= 2; days += 2) {
		m.past.success_ms -= days * INT64_C(86400000);
		run_again(&w, &m);
		put_script(&w, "403", 20000);
		open_stream(&w, NULL);
		put_many(&w, 1, "a");
		CU_ASSERT_EQUAL(close_stream(&w, false), days == 0 ? DF_RETRY : DF_DENIED);
		CU_ASSERT_EQUAL(w.calls, 0);
	}
	memory_end(&m);
	world_end(&w);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"a batch is set aside while others succeed", test_set_aside},
	    {"successes of the other endpoint", test_two_endpoints},
	    {"a lane goes on after what fails", test_passed},
	    {"another key at the same host is well", test_same_host},
	    {"failures of all runs add up", test_next_runs},
	    {"nothing is set aside when all is down", test_all_down},
	    {"403 before and after a success", test_forbidden},
	    CU_TEST_INFO_NULL,
	};
	if (!world_find())
		return 1;
	df_log_setup(DF_LOG_ERROR, false);
	return test_main("send_aside", NULL, NULL, tests);
}