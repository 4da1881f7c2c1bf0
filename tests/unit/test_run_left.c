/* SPDX-License-Identifier: MIT */
/* Files that earlier runs left unfinished: they go on where their bytes are, and are closed where
 * these are nowhere. */
#include "feed_world.h"

static void resume(unsigned handed)
{
	struct df_err err = {0};
	fw.handed = 0;
	OK(run_left_resume(&fw.w, &err));
	CU_ASSERT_EQUAL(fw.handed, handed);
}

static void test_spooled(void)
{
	struct df_err err = {0};
	feed_begin();
	int64_t id = feed_enter("a-eventless.csv", 1000, true);
	OK(ledger_file_tried(world.run.env.ledger, id, 2, &err));
	resume(1);
	CU_ASSERT_EQUAL(fw.id, id);
	CU_ASSERT_EQUAL(fw.idle, 2);
	TEXT_IS(fw.name, "a-eventless.csv");
	TEXT_IS(fw.sha256, SHA_HELLO);
	TEXT_HAS(fw.place, "/place-a-eventless.csv-1000.drop");
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_PULLED);
	feed_end();
}

/* In the order in which they came to rest, not that in which they were entered. What is closed
 * is passed over, although something is due at its source. */
static void test_order(void)
{
	struct df_err err = {0};
	feed_begin();
	int64_t late = feed_enter("a-eventless.csv", 3000, true);
	feed_enter("b-eventless.csv", 1000, true);
	int64_t closed = feed_enter("c-eventless.csv", 4000, true);
	OK(ledger_file_state(
	    world.run.env.ledger, closed,
	    &(struct ledger_outcome){
		.state = LEDGER_REFUSED, .code = "not-utf8", .text = "no", .cleanup_due = true},
	    &err));
	resume(2);
	CU_ASSERT_EQUAL(fw.id, late);
	feed_end();
}

/* A document of the file, begun under the feed's settings as they are. */
static int64_t begin_document(int64_t file)
{
	struct df_err err = {0};
	struct df_buf settings = {0};
	struct ledger *l = world.run.env.ledger;
	struct ledger_document d = {0};
	conf_feed_freeze(&world.feed, &settings);
	const struct ledger_new_document begun = {.file_id = file,
						  .event_type = "eventless",
						  .settings = df_buf_cstr(&settings),
						  .version = "0",
						  .now_ms = 1};
	OK(ledger_document_begin(l, &begun, &d, &err));
	OK(ledger_document_checked(l, d.id, &(struct ledger_checked){.rows = 10}, &err));
	int64_t id = d.id;
	ledger_document_free(&d);
	df_buf_free(&settings);
	return id;
}

/* A test that was imported into development must not reach production by cron's run. */
static void test_elsewhere(void)
{
	struct df_err err = {0};
	const struct ledger_taking taking = {.version = "0", .settings = "x", .now_ms = 1};
	feed_begin();
	struct conf_feed *feed = conf_feed_default("f");
	const struct conf_source source = world.feed.fetch.source;
	world.feed = *feed;
	world.feed.fetch.source = source;
	int64_t id = feed_enter("a-eventless.csv", 1000, true), document = begin_document(id);
	resume(1);
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 0);

	world.feed.map.environment = (char *)"development";
	df_log_setup(DF_LOG_WARN, false);
	resume(0);
	world_logged("f: a-eventless.csv: left alone: it was imported with environment = "
		     "production, and that of its feed is development: import it again with --set "
		     "environment=production");
	df_log_setup(DF_LOG_ERROR, false);
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_PULLED);
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 3);

	OK(ledger_document_taken(world.run.env.ledger, document, &taking, &err));
	resume(1); /* from now on it keeps its own */
	conf_feed_free(feed);
	feed_end();
}

/* The source may have the same bytes still, which come into the spool again. */
static void test_source(void)
{
	feed_begin();
	int64_t id = feed_enter("a-eventless.csv", 1000, false);
	feed_put(fw.in, "a-eventless.csv", "hello\n", 1000);
	resume(1);
	CU_ASSERT_EQUAL(fw.id, id);
	CU_ASSERT_EQUAL(access(fw.place, R_OK), 0);
	feed_end();
}

static void test_lost(void)
{
	feed_begin();
	int64_t id = feed_enter("a-eventless.csv", 1000, false);
	feed_put(fw.in, "a-eventless.csv", "other\n", 1000);
	resume(0);
	struct feed_looked f = feed_file_of(id);
	CU_ASSERT_EQUAL(f.state, LEDGER_REFUSED);
	TEXT_IS(f.code, "lost-bytes");
	TEXT_HAS(f.text, "none of its rows was delivered");
	CU_ASSERT_EQUAL(world.result.files_refused, 1);
	world_logged("dropfeed retry --from DIR");
	resume(0);
	CU_ASSERT_EQUAL(world.result.files_refused, 1); /* once */
	feed_end();
}

/* What is not delivered of the document that was under way is counted. */
static void test_lost_rows(void)
{
	struct df_err err = {0};
	feed_begin();
	struct ledger *l = world.run.env.ledger;
	int64_t id = feed_enter("a-eventless.csv", 1000, false);
	const struct ledger_checked found = {.rows = 17, .rejected = 2, .skipped = 1};
	int64_t document = feed_document(id, &(struct ledger_reject){.message = "no"});
	OK(ledger_document_checked(l, document, &found, &err));
	resume(0);
	TEXT_HAS(feed_file_of(id).text, "4 rows were not delivered");
	feed_end();
}

/* A source that is away is not a source that has the bytes no more. */
static void test_unreachable(void)
{
	feed_begin();
	int64_t id = feed_enter("a-eventless.csv", 1000, false);
	feed_enter("b-eventless.csv", 2000, true);
	CU_ASSERT_EQUAL(rmdir(fw.in), 0);
	resume(1); /* the other one */
	TEXT_IS(fw.name, "b-eventless.csv");
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_PULLED);
	TEXT_IS(fw.w.stuck.name, "a-eventless.csv");
	CU_ASSERT_NOT_EQUAL(run_exit_code(&world.result), 0);
	CU_ASSERT_EQUAL(world.result.files_refused, 0);
	feed_end();
}

/* One file, as the hosts of a fleet take them. */
static void test_take(void)
{
	struct df_err err = {0};
	struct ledger_file f = {0};
	feed_begin();
	int64_t id = feed_enter("a-eventless.csv", 1000, true);
	feed_enter("b-eventless.csv", 2000, true);
	const struct ledger_key key = {"f", "local", "a-eventless.csv", 6, 1000};
	OK(ledger_file_known(world.run.env.ledger, &key, &f, &err));
	OK(run_left_take(&fw.w, &f, &err));
	CU_ASSERT_EQUAL(fw.handed, 1);
	CU_ASSERT_EQUAL(fw.id, id);
	ledger_file_free(&f);
	feed_end();
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"in the spool", test_spooled},
	    {"their order", test_order},
	    {"at the source", test_source},
	    {"imported for another environment", test_elsewhere},
	    {"nowhere", test_lost},
	    {"nowhere, with a document under way", test_lost_rows},
	    {"the source is away", test_unreachable},
	    {"one of them", test_take},
	    CU_TEST_INFO_NULL,
	};
	df_log_setup(DF_LOG_ERROR, false);
	return test_main("run_left", NULL, NULL, tests);
}
