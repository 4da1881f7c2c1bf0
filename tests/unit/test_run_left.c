/* SPDX-License-Identifier: MIT */
/* Files that earlier runs left unfinished: they go on where their bytes are, and are closed where
 * these are nowhere. */
#include "feed_world.h"

/* A file of "hello\n" that is not finished. spooled: its bytes are in the spool. */
static int64_t unfinished(const char *name, int64_t mtime, bool spooled)
{
	struct df_err err = {0};
	int64_t id = 0;
	char *file = df_format("place-%s", name), *place = df_format("%s/%s", fw.spool, file);
	const struct ledger_new_file f = {.key = {"f", "local", name, 6, mtime},
					  .sha256 = SHA_HELLO,
					  .event_type = "eventless",
					  .place = place,
					  .now_ms = 1};
	OK(ledger_file_add(world.run.env.ledger, &f, &id, &err));
	if (spooled)
		test_file_put(fw.spool, file, "hello\n");
	free(file);
	free(place);
	return id;
}

struct looked {
	int64_t id;
	enum ledger_state state;
	char code[32], text[256];
};

static enum df_status look(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	struct looked *l = ctx;
	(void)err;
	if (f->id != l->id)
		return DF_OK;
	l->state = f->state;
	snprintf(l->code, sizeof(l->code), "%s", f->code != NULL ? f->code : "");
	snprintf(l->text, sizeof(l->text), "%s", f->text != NULL ? f->text : "");
	return DF_OK;
}

static struct looked file(int64_t id)
{
	struct df_err err = {0};
	struct looked l = {.id = id};
	OK(ledger_files(world.run.env.ledger, "f", false, look, &l, &err));
	return l;
}

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
	int64_t id = unfinished("a-eventless.csv", 1000, true);
	OK(ledger_file_tried(world.run.env.ledger, id, 2, &err));
	resume(1);
	CU_ASSERT_EQUAL(fw.id, id);
	CU_ASSERT_EQUAL(fw.idle, 2);
	TEXT_IS(fw.name, "a-eventless.csv");
	TEXT_IS(fw.sha256, SHA_HELLO);
	TEXT_HAS(fw.place, "/place-a-eventless.csv");
	CU_ASSERT_EQUAL(file(id).state, LEDGER_PULLED);
	feed_end();
}

/* In the order in which they came to rest, not that in which they were entered. What is closed
 * is passed over, although something is due at its source. */
static void test_order(void)
{
	struct df_err err = {0};
	feed_begin();
	int64_t late = unfinished("a-eventless.csv", 3000, true);
	unfinished("b-eventless.csv", 1000, true);
	int64_t closed = unfinished("c-eventless.csv", 4000, true);
	OK(ledger_file_state(
	    world.run.env.ledger, closed,
	    &(struct ledger_outcome){
		.state = LEDGER_REFUSED, .code = "not-utf8", .text = "no", .cleanup_due = true},
	    &err));
	resume(2);
	CU_ASSERT_EQUAL(fw.id, late);
	feed_end();
}

/* The source may have the same bytes still, which come into the spool again. */
static void test_source(void)
{
	feed_begin();
	int64_t id = unfinished("a-eventless.csv", 1000, false);
	feed_put(fw.in, "a-eventless.csv", "hello\n", 1000);
	resume(1);
	CU_ASSERT_EQUAL(fw.id, id);
	CU_ASSERT_EQUAL(access(fw.place, R_OK), 0);
	feed_end();
}

static void test_lost(void)
{
	feed_begin();
	int64_t id = unfinished("a-eventless.csv", 1000, false);
	feed_put(fw.in, "a-eventless.csv", "other\n", 1000);
	resume(0);
	struct looked f = file(id);
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
	struct ledger_document d = {0};
	const struct ledger_checked found = {.rows = 10, .rejected = 2, .skipped = 1};
	const struct ledger_taking taking = {.version = "0", .settings = "lanes=1", .now_ms = 1};
	const struct ledger_settled step = {.done = 1, .rows_delivered = 3};
	feed_begin();
	struct ledger *l = world.run.env.ledger;
	int64_t id = unfinished("a-eventless.csv", 1000, false);
	const struct ledger_new_document begun = {.file_id = id,
						  .event_type = "eventless",
						  .settings = "lanes=1",
						  .version = "0",
						  .now_ms = 1};
	OK(ledger_document_begin(l, &begun, &d, &err));
	OK(ledger_document_checked(l, d.id, &found, &err));
	OK(ledger_document_taken(l, d.id, &taking, &err));
	OK(ledger_lane_settled(l, d.id, &step, &err));
	ledger_document_free(&d);
	resume(0);
	TEXT_HAS(file(id).text, "4 rows were not delivered");
	feed_end();
}

/* A source that is away is not a source that has the bytes no more. */
static void test_unreachable(void)
{
	feed_begin();
	int64_t id = unfinished("a-eventless.csv", 1000, false);
	unfinished("b-eventless.csv", 2000, true);
	CU_ASSERT_EQUAL(rmdir(fw.in), 0);
	resume(1); /* the other one */
	TEXT_IS(fw.name, "b-eventless.csv");
	CU_ASSERT_EQUAL(file(id).state, LEDGER_PULLED);
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
	int64_t id = unfinished("a-eventless.csv", 1000, true);
	unfinished("b-eventless.csv", 2000, true);
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
	    {"nowhere", test_lost},
	    {"nowhere, with a document under way", test_lost_rows},
	    {"the source is away", test_unreachable},
	    {"one of them", test_take},
	    CU_TEST_INFO_NULL,
	};
	df_log_setup(DF_LOG_ERROR, false);
	return test_main("run_left", NULL, NULL, tests);
}
