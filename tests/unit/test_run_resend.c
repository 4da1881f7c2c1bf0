/* SPDX-License-Identifier: MIT */
/* `resend`: what is delivered once more, under which ids, and what is in the way. */
#include "anew_world.h"

/* Under the same ids: the API ignores what it has, and the reject file is replaced later. */
static void test_resend(void)
{
	feed_begin();
	int64_t id = add_done(soon());
	uint64_t copy = copy_of(id);
	resend(NAME, 1, 0);
	CU_ASSERT_EQUAL(fw.id, id);
	CU_ASSERT_EQUAL(feed_file_of(id).document, LEDGER_SENDING);
	CU_ASSERT_EQUAL(copy_of(id), copy);
	CU_ASSERT_EQUAL(access(rejects, F_OK), 0);
	feed_end();
}

/* What was delivered before it stays so: all of it would arrive once more, unannounced. */
static void test_restart_of_resend(void)
{
	feed_begin();
	int64_t id = add_done(soon());
	resend(NAME, 1, 0);
	restart(NAME, 0, 2);
	world_logged(NAME ": it was delivered before, and a resend of it is under way: `dropfeed "
			  "abandon " NAME "` gives that up; then `dropfeed resend --new-ids");
	CU_ASSERT_EQUAL(feed_file_of(id).document, LEDGER_SENDING);
	CU_ASSERT_EQUAL(access(rejects, F_OK), 0);
	feed_end();
}

static void test_new_ids(void)
{
	feed_begin();
	int64_t id = add_done(soon());
	uint64_t copy = copy_of(id);
	resend_anew(NAME, 1);
	CU_ASSERT_NOT_EQUAL(copy_of(id), copy);
	CU_ASSERT_EQUAL(access(rejects, F_OK), -1);
	world_logged(NAME ": once more under new ids and today's settings: its rows count again");
	feed_end();

	feed_begin(); /* what somebody worked on stays */
	add_done(1);
	resend_anew(NAME, 1);
	CU_ASSERT_EQUAL(access(rejects, F_OK), 0);
	world_logged("r-eventless.csv was changed since it was written and stays as it is");
	feed_end();
}

static bool ledger_fails; /* as where something else holds it */

enum df_status __real_ledger_anew(struct ledger *l, int64_t file_id, bool all, struct df_err *err);
enum df_status __wrap_ledger_anew(struct ledger *l, int64_t file_id, bool all, struct df_err *err);
enum df_status __wrap_ledger_anew(struct ledger *l, int64_t file_id, bool all, struct df_err *err)
{
	if (ledger_fails)
		return df_fail(DF_RETRY, err, NULL, "the ledger is busy");
	return __real_ledger_anew(l, file_id, all, err);
}

/* A file that is not opened again keeps its reject file. */
static void test_ledger_fails(void)
{
	feed_begin();
	int64_t id = add_done(soon());
	ledger_fails = true;
	anew(true, (struct run_files_options){.new_ids = true}, NAME);
	ledger_fails = false;
	CU_ASSERT_EQUAL(fw.handed, 0);
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 3);
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_DONE);
	CU_ASSERT_EQUAL(access(rejects, F_OK), 0);
	feed_put(fw.in, NAME, "hello\n", 1000); /* the spool has it no more */
	resend_anew(NAME, 1);
	CU_ASSERT_EQUAL(access(rejects, F_OK), -1);
	feed_end();
}

/* ---- an archive, one document of which was refused ---- */

/* One is done, but for two rows, another was refused, or was abandoned. */
static int64_t add_archive_with(enum ledger_state state, int64_t *other)
{
	struct df_err err = {0};
	struct ledger_document d = {0};
	struct ledger *l = world.run.env.ledger;
	const struct ledger_outcome no = {
	    .state = LEDGER_REFUSED, .code = "unknown-column", .text = "no", .now_ms = 2};
	int64_t id = add_done(soon());
	const struct ledger_new_document begun = {.file_id = id,
						  .name = OTHER,
						  .event_type = "eventless",
						  .settings = "lanes=1",
						  .version = "0",
						  .now_ms = 1};
	OK(ledger_document_begin(l, &begun, &d, &err));
	if (state == LEDGER_REFUSED) {
		OK(ledger_document_state(l, d.id, &no, &err));
	} else {
		const struct ledger_checked rows = {.rows = 3};
		OK(ledger_document_checked(l, d.id, &rows, &err));
		OK(ledger_document_abandon(l, d.id, NULL, 2, &err));
	}
	*other = d.id;
	ledger_document_free(&d);
	return id;
}

static int64_t add_archive(int64_t *refused)
{
	return add_archive_with(LEDGER_REFUSED, refused);
}

struct document {
	int64_t id;
	enum ledger_state state;
};

static enum df_status look(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	struct document *of = ctx;
	(void)err;
	if (d->id == of->id)
		of->state = d->state;
	return DF_OK;
}

static enum ledger_state state_of(int64_t file, int64_t document)
{
	struct df_err err = {0};
	struct document of = {.id = document};
	OK(ledger_documents(world.run.env.ledger, file, look, &of, &err));
	return of.state;
}

/* Each takes what is its own: the other document stays as it is. */
static void test_archive(void)
{
	int64_t refused = 0;
	feed_begin();
	int64_t id = add_archive(&refused);
	resend(NAME, 1, 0);
	CU_ASSERT_EQUAL(state_of(id, refused), LEDGER_REFUSED);
	feed_end();

	feed_begin();
	id = add_archive(&refused);
	feed_close(id, LEDGER_REFUSED, "unknown-column");
	restart(NAME, 1, 0);
	CU_ASSERT_FALSE(ledger_closes(state_of(id, refused)));
	CU_ASSERT_EQUAL(access(rejects, F_OK), 0);
	feed_end();

	feed_begin(); /* under new ids all of it counts again */
	id = add_archive(&refused);
	resend_anew(NAME, 1);
	CU_ASSERT_FALSE(ledger_closes(state_of(id, refused)));
	feed_end();
}

/* A resend that is given up leaves the file as its documents are. */
static void test_archive_given_up(void)
{
	static const struct {
		enum ledger_state state;
		const char *code, *text;
	} others[] = {{LEDGER_REFUSED, "unknown-column", "no"},
		      {LEDGER_ABANDONED, "abandoned", "3 rows were not delivered"}};
	for (size_t i = 0; i < 2; i++) {
		const char *name = NAME;
		const struct run_files_options o = {.files = &name, .n_files = 1};
		int64_t other = 0;
		feed_begin();
		int64_t id = add_archive_with(others[i].state, &other);
		resend(NAME, 1, 0);
		run_abandon(&world.conf, &o, &world.result);
		struct feed_looked f = feed_file_of(id);
		CU_ASSERT_EQUAL(f.state, others[i].state);
		TEXT_IS(f.code, others[i].code);
		TEXT_IS(f.text, others[i].text);
		feed_end();
	}
}

/* The copy that receipts made of the reject file must not be dropped now. */
static void test_receipts(void)
{
	feed_begin();
	add_done(soon());
	feed_put(fw.in, NAME, "hello\n", 1000);
	test_file_put(fw.in, "r-eventless.csv", "id\n1\n2\n");
	world.feed.fetch.receipts = (char *)".";
	resend(NAME, 1, 0);
	CU_ASSERT_FALSE(feed_has(fw.in, "r-eventless.csv"));
	feed_end();
}

/* ---- a sink that knows no ids ---- */

static void test_resend_once(void)
{
	feed_begin();
	int64_t id = add_done(soon());
	to_braze(document_of(id), true);
	resend(NAME, 0, 2);
	world_logged("Braze knows no ids (8 of its rows are known to be delivered): --new-ids");
	CU_ASSERT_EQUAL(feed_file_of(id).document, LEDGER_DONE);
	CU_ASSERT_EQUAL(access(rejects, F_OK), 0);
	feed_put(fw.in, NAME, "hello\n", 1000); /* the spool has it no more */
	resend_anew(NAME, 1);                   /* on purpose */
	feed_end();

	feed_begin(); /* attributes alone */
	id = add_done(df_now_ms() - 26 * DF_DAY_MS);
	to_braze(document_of(id), false);
	df_log_setup(DF_LOG_INFO, false);
	resend(NAME, 1, 0);
	world_logged(NAME ": once more under the stored settings: attributes are set again");
	df_log_setup(DF_LOG_WARN, false);
	feed_end();
}

/* ---- what is in the way ---- */

/* Ids that the API may have forgotten. */
static void test_long_ago(void)
{
	feed_begin();
	add_done(df_now_ms() - 26 * DF_DAY_MS);
	resend(NAME, 1, 0);
	world_logged(NAME
		     ": delivered 26 days ago, and the API may have forgotten ids by now: up to 1 "
		     "batches may count again");
	feed_end();
}

static void test_nothing_to_resend(void)
{
	static const struct {
		enum ledger_state state;
		const char *logged;
	} cases[] = {
	    {LEDGER_REFUSED, "nothing to resend: it was refused; `dropfeed retry` delivers it"},
	    {LEDGER_ABANDONED,
	     "nothing to resend: it was abandoned; `dropfeed restart` delivers it"},
	    {LEDGER_DONE, "nothing to resend: because: name that one"},
	};
	for (size_t i = 0; i < 3; i++) {
		feed_begin();
		df_log_setup(DF_LOG_INFO, false);
		int64_t id = feed_enter(NAME, 1000, true);
		feed_close(id, cases[i].state, "because");
		resend(NAME, 0, 0);
		world_logged(cases[i].logged);
		CU_ASSERT_EQUAL(feed_file_of(id).state, cases[i].state);
		df_log_setup(DF_LOG_WARN, false);
		feed_end();
	}
	feed_begin();
	df_log_setup(DF_LOG_INFO, false);
	feed_enter(NAME, 1000, true);
	resend(NAME, 0, 0);
	world_logged(NAME ": nothing to resend: it is not finished");
	df_log_setup(DF_LOG_WARN, false);
	feed_end();
}

/* Without its stored settings the same ids cannot be made. */
static void test_pruned(void)
{
	struct df_err err = {0};
	feed_begin();
	int64_t id = add_done(soon());
	OK(ledger_prune(world.run.env.ledger, id, &err));
	resend(NAME, 0, 2);
	world_logged("its settings were pruned, so that its ids cannot be made again: --new-ids");
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_DONE);
	feed_put(fw.in, NAME, "hello\n", 1000); /* the spool has it no more */
	resend_anew(NAME, 1);
	feed_end();
}

/* Nothing is opened before the bytes are there. */
static void test_gone(void)
{
	feed_begin();
	int64_t id = add_done(soon());
	char *place = df_format("%s/place-%s-1000.drop", fw.spool, NAME);
	CU_ASSERT_EQUAL(unlink(place), 0);
	resend(NAME, 0, 1);
	CU_ASSERT_EQUAL(world.result.files_gone, 1);
	world_logged("name the folder that it is in with --from DIR");
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_DONE);
	CU_ASSERT_EQUAL(access(rejects, F_OK), 0);

	test_file_put(world.dir, NAME, "hello\n");
	anew(true, (struct run_files_options){.from = world.dir}, NAME);
	CU_ASSERT_EQUAL(fw.handed, 1);
	CU_ASSERT_EQUAL(feed_file_of(id).document, LEDGER_SENDING);
	free(place);
	feed_end();
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"resend", test_resend},
	    {"restart of a resend", test_restart_of_resend},
	    {"resend under new ids", test_new_ids},
	    {"the ledger fails", test_ledger_fails},
	    {"an archive", test_archive},
	    {"an archive whose resend is given up", test_archive_given_up},
	    {"receipts", test_receipts},
	    {"resend of what counts twice", test_resend_once},
	    {"resend after a long time", test_long_ago},
	    {"nothing to resend", test_nothing_to_resend},
	    {"pruned", test_pruned},
	    {"bytes that are gone", test_gone},
	    CU_TEST_INFO_NULL,
	};
	df_log_setup(DF_LOG_WARN, false);
	int failed = test_main("run_resend", NULL, NULL, tests);
	free(rejects);
	return failed;
}
