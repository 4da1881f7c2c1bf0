/* SPDX-License-Identifier: MIT */
/* `restart`: which files are opened again, and what becomes of their reject files. */
#include "anew_world.h"

static void test_restart(void)
{
	feed_begin();
	int64_t id = feed_enter(NAME, 1000, true);
	(void)feed_document(id, &rejected);
	CU_ASSERT_EQUAL(feed_file_of(id).document, LEDGER_SENDING);
	restart(NAME, 1, 0);
	CU_ASSERT_EQUAL(fw.id, id);
	TEXT_IS(fw.sha256, SHA_HELLO);
	CU_ASSERT_NOT_EQUAL(feed_file_of(id).document, LEDGER_SENDING); /* nothing of it was sent */
	world_logged(NAME
		     ": begun anew under today's settings; 1 of its batches were taken before");
	feed_end();

	feed_begin(); /* nothing was sent yet: nobody has to know more */
	df_log_setup(DF_LOG_INFO, false);
	feed_enter(NAME, 1000, true);
	restart(NAME, 1, 0);
	world_logged(
	    NAME ": begun anew under today's settings; no batch of it is known to have been taken");
	df_log_setup(DF_LOG_WARN, false);
	feed_end();
}

/* Those that were given up or refused may be begun anew; what is done is resend's. */
static void test_restart_closed(void)
{
	static const enum ledger_state states[] = {LEDGER_ABANDONED, LEDGER_REFUSED};
	for (size_t i = 0; i < 2; i++) {
		feed_begin();
		int64_t id = feed_enter(NAME, 1000, true);
		feed_close(id, states[i], "because");
		restart(NAME, 1, 0);
		CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_PULLED);
		feed_end();
	}
	feed_begin();
	int64_t id = add_done(soon());
	df_log_setup(DF_LOG_INFO, false);
	restart(NAME, 0, 0);
	world_logged(NAME ": nothing to restart: it is done");
	df_log_setup(DF_LOG_WARN, false);
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_DONE);
	feed_end();
}

/* Of several files of a name the latest is meant. */
static void test_latest(void)
{
	feed_begin();
	int64_t older = feed_enter(NAME, 1000, true);
	feed_close(older, LEDGER_ABANDONED, "because");
	int64_t later = feed_enter(NAME, 2000, true);
	restart(NAME, 1, 0);
	CU_ASSERT_EQUAL(fw.id, later);
	CU_ASSERT_EQUAL(feed_file_of(older).state, LEDGER_ABANDONED);
	restart(OTHER, 0, 2); /* which nobody knows */
	feed_end();
}

/* What came last was delivered: an older one would arrive after it. */
static void test_latest_is_done(void)
{
	static const enum ledger_state states[] = {LEDGER_ABANDONED, LEDGER_REFUSED, LEDGER_DONE};
	for (size_t i = 0; i < 3; i++) {
		feed_begin();
		df_log_setup(DF_LOG_INFO, false);
		int64_t older = feed_enter(NAME, 1000, true);
		feed_close(older, states[i], "because");
		int64_t later = add_done(soon());
		restart(NAME, 0, 0);
		world_logged(NAME ": nothing to restart: it is done");
		CU_ASSERT_EQUAL(feed_file_of(older).state, states[i]);
		resend(NAME, 1, 0);
		CU_ASSERT_EQUAL(fw.id, later);
		df_log_setup(DF_LOG_WARN, false);
		feed_end();
	}
}

static int64_t add_duplicate(const char *name, int64_t mtime, bool whole)
{
	struct df_err err = {0};
	struct ledger *l = world.run.env.ledger;
	struct ledger_document d = {0};
	int64_t id = feed_enter(name, mtime, true);
	const struct ledger_new_document begun = {.file_id = id,
						  .event_type = "eventless",
						  .settings = "lanes=1",
						  .version = "0",
						  .now_ms = 1};
	const struct ledger_outcome same = {.state = LEDGER_DONE, .code = "duplicate", .now_ms = 2};
	if (whole) {
		feed_close(id, LEDGER_DONE, "duplicate");
		return id;
	}
	OK(ledger_document_begin(l, &begun, &d, &err));
	OK(ledger_document_checked(l, d.id, &(struct ledger_checked){0}, &err));
	OK(ledger_document_state(l, d.id, &same, &err));
	ledger_document_free(&d);
	feed_close(id, LEDGER_DONE, NULL);
	return id;
}

/* Put back under its own name, as whole bytes or packed anew: what was delivered is sent. */
static void test_put_back(void)
{
	for (int whole = 0; whole < 2; whole++) {
		feed_begin();
		int64_t id = add_done(soon());
		(void)add_duplicate(NAME, 2000, whole);
		(void)add_duplicate(NAME, 3000, whole);
		resend(NAME, 1, 0);
		CU_ASSERT_EQUAL(fw.id, id);
		feed_end();

		feed_begin();
		id = add_done(soon());
		int64_t other = add_duplicate(NAME, 2000, whole);
		resend_anew(NAME, 1); /* other bytes count again themselves */
		CU_ASSERT_EQUAL(fw.id, whole ? id : other);
		feed_end();
	}
	feed_begin(); /* what was delivered has another name: the message says which */
	df_log_setup(DF_LOG_INFO, false);
	(void)add_duplicate(NAME, 2000, true);
	resend(NAME, 0, 0);
	world_logged(NAME ": nothing to resend: because: name that one");
	df_log_setup(DF_LOG_WARN, false);
	feed_end();
}

/* What is half sent is what somebody wants to begin anew, and what came later is not. */
static void test_half_sent(void)
{
	feed_begin();
	df_log_setup(DF_LOG_INFO, false);
	int64_t done = add_done(soon()), begun = feed_enter(NAME, 2000, true);
	(void)feed_document(begun, &rejected);
	int64_t later = feed_enter(NAME, 3000, true);
	resend(NAME, 0, 0);
	world_logged(NAME ": nothing to resend: it is not finished");
	CU_ASSERT_EQUAL(feed_file_of(done).state, LEDGER_DONE);
	df_log_setup(DF_LOG_WARN, false);
	restart(NAME, 1, 0);
	CU_ASSERT_EQUAL(fw.id, begun);
	restart(NAME, 1, 0); /* nothing of that is sent now */
	CU_ASSERT_EQUAL(fw.id, later);
	feed_end();
}

/* Older values would arrive after newer ones: it is done, as somebody wants it now, and said. */
static void test_order(void)
{
	static const char *const names[] = {NAME, OTHER};
	for (int i = 0; i < 3; i++) { /* it came later, or is sent as well, or nobody cares */
		feed_begin();
		(void)feed_enter(OTHER, i == 0 ? 1001 : 999, true);
		(void)feed_enter(NAME, 1000, true);
		world.feed.fetch.order_none = i == 2;
		df_log_setup(DF_LOG_WARN, false);
		const struct run_files_options o = {.files = names, .n_files = i == 1 ? 2 : 1};
		run_restart(&world.conf, &o, &world.result);
		char *log = world_log();
		CU_ASSERT_PTR_NULL(strstr(log, NAME ": is sent before " OTHER));
		free(log);
		feed_end();
	}

	feed_begin();
	(void)feed_enter(OTHER, 999, true);
	(void)feed_enter(NAME, 1000, true);
	restart(NAME, 1, 0);
	world_logged(NAME ": is sent before " OTHER ", which came earlier and is not finished");
	feed_end();
}

/* The rows of its reject file are delivered now, or rejected anew. */
static void test_restart_rejects(void)
{
	struct df_err err = {0};
	feed_begin();
	int64_t id = feed_enter(NAME, 1000, true), document = feed_document(id, &rejected);
	char *path = df_format("%s/r-eventless.csv", world.dir);
	test_file_put(world.dir, "r-eventless.csv", "id\n1\n2\n");
	OK(ledger_document_abandon(world.run.env.ledger, document, path, soon(), &err));
	feed_close(id, LEDGER_ABANDONED, "because");
	restart(NAME, 1, 0);
	CU_ASSERT_EQUAL(access(path, F_OK), -1);
	free(path);
	feed_end();
}

static void test_restart_once(void)
{
	feed_begin();
	int64_t id = feed_enter(NAME, 1000, true), document = feed_document(id, &rejected);
	to_braze(document, true);
	restart(NAME, 0, 2);
	world_logged("8 of its rows are known to be delivered): `dropfeed run` goes on");
	CU_ASSERT_EQUAL(feed_file_of(id).document, LEDGER_SENDING);
	feed_end();

	feed_begin(); /* a request without an answer: nothing is known to be delivered */
	id = feed_enter(NAME, 1000, true);
	to_braze(begin_document(id, "custom_event"), true);
	restart(NAME, 0, 2);
	world_logged("(0 of its rows are known to be delivered)");
	feed_end();

	feed_begin(); /* attributes alone */
	id = feed_enter(NAME, 1000, true);
	to_braze(feed_document(id, &rejected), false);
	restart(NAME, 1, 0);
	world_logged("1 of its batches were taken before: their attributes are set again");
	feed_end();
}

/* The rest is where it was put; of a file that was pruned the rows are known alone. */
static void test_restart_abandoned_once(void)
{
	static const char *const types[] = {"eventless", "audience", "custom_event"};
	struct df_err err = {0};
	feed_begin();
	int64_t id = feed_enter(NAME, 1000, true), document = feed_document(id, &rejected);
	OK(ledger_document_abandon(world.run.env.ledger, document, NULL, soon(), &err));
	feed_close(id, LEDGER_ABANDONED, "because");
	to_braze(document, true);
	restart(NAME, 0, 2);
	world_logged("its reject file has the rest: drop that one");
	feed_end();

	for (size_t i = 0; i < 3; i++) {
		const struct ledger_settled step = {.done = 1, .rows_delivered = 1};
		feed_begin();
		id = feed_enter(NAME, 1000, true);
		to_braze(document = begin_document(id, types[i]), true);
		OK(ledger_lanes_settled(world.run.env.ledger, document, &step, 1, &err));
		OK(ledger_document_abandon(world.run.env.ledger, document, NULL, 1, &err));
		feed_close(id, LEDGER_ABANDONED, "because");
		OK(ledger_prune(world.run.env.ledger, id, &err));
		feed_put(fw.in, NAME, "hello\n", 1000);
		restart(NAME, i < 2, i < 2 ? 0 : 2);
		feed_end();
	}
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"restart", test_restart},
	    {"restart of closed files", test_restart_closed},
	    {"the latest of a name", test_latest},
	    {"the latest of a name is done", test_latest_is_done},
	    {"one of a name is half sent", test_half_sent},
	    {"a file that was put back", test_put_back},
	    {"earlier files", test_order},
	    {"restart removes the reject file", test_restart_rejects},
	    {"restart of what counts twice", test_restart_once},
	    {"restart of it, abandoned", test_restart_abandoned_once},
	    CU_TEST_INFO_NULL,
	};
	df_log_setup(DF_LOG_WARN, false);
	int failed = test_main("run_anew", NULL, NULL, tests);
	free(rejects);
	return failed;
}
