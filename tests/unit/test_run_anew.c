/* SPDX-License-Identifier: MIT */
/* `restart` and `resend`: which files are opened again, and what becomes of their reject files. */
#include "feed_world.h"

#define NAME  "a-eventless.csv"
#define OTHER "b-eventless.csv"

static const struct ledger_reject rejected = {.message = "no", .code = "api-rejected"};

static void anew(bool resend, struct run_files_options o, const char *name)
{
	o.files = &name;
	o.n_files = 1;
	memset(&world.result, 0, sizeof(world.result));
	fw.handed = 0;
	(resend ? run_resend : run_restart)(&world.conf, &o, &world.result);
}

static void restart(const char *name, unsigned handed, int exit_code)
{
	anew(false, (struct run_files_options){0}, name);
	CU_ASSERT_EQUAL(fw.handed, handed);
	CU_ASSERT_EQUAL(run_exit_code(&world.result), exit_code);
}

static void resend(const char *name, unsigned handed, int exit_code)
{
	anew(true, (struct run_files_options){0}, name);
	CU_ASSERT_EQUAL(fw.handed, handed);
	CU_ASSERT_EQUAL(run_exit_code(&world.result), exit_code);
}

static void resend_anew(const char *name, unsigned handed)
{
	anew(true, (struct run_files_options){.new_ids = true}, name);
	CU_ASSERT_EQUAL(fw.handed, handed);
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 0);
}

static uint64_t copy_of(int64_t id)
{
	struct df_err err = {0};
	uint64_t copy = 0;
	OK(ledger_file_copy(world.run.env.ledger, id, false, &copy, &err));
	return copy;
}

static char *rejects; /* the path of the reject file; own */

/* A file that was delivered, but for two rows; its reject file is there. */
static int64_t add_done(int64_t closed_ms)
{
	int64_t id = feed_enter(NAME, 1000, true), document = feed_document(id, &rejected);
	free(rejects);
	rejects = df_format("%s/r-eventless.csv", world.dir);
	test_file_put(world.dir, "r-eventless.csv", "id\n1\n2\n");
	feed_done(id, document, rejects, closed_ms);
	return id;
}

/* A document of it whose first row is about to be sent. */
static int64_t begin_document(int64_t file, const char *type)
{
	struct df_err err = {0};
	struct ledger *l = world.run.env.ledger;
	struct ledger_document d = {0};
	const struct ledger_new_document begun = {.file_id = file,
						  .event_type = type,
						  .settings = "lanes=1",
						  .version = "0",
						  .now_ms = 1};
	const struct ledger_taking taking = {.version = "0", .settings = "lanes=1", .now_ms = 1};
	OK(ledger_document_begin(l, &begun, &d, &err));
	OK(ledger_document_checked(l, d.id, &(struct ledger_checked){.rows = 10}, &err));
	OK(ledger_document_taken(l, d.id, &taking, &err));
	int64_t id = d.id;
	ledger_document_free(&d);
	return id;
}

static enum df_status on_id(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	(void)err;
	*(int64_t *)ctx = d->id;
	return DF_OK;
}

static int64_t document_of(int64_t file)
{
	struct df_err err = {0};
	int64_t id = 0;
	OK(ledger_documents(world.run.env.ledger, file, on_id, &id, &err));
	return id;
}

static int64_t soon(void)
{
	return df_now_ms() + 5000; /* so that the reject file was not edited after that */
}

/* ---- restart ---- */

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

/* ---- resend ---- */

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

/* The other one is done, but for two rows. The file is refused. */
static int64_t add_archive(int64_t *refused)
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
	OK(ledger_document_state(l, d.id, &no, &err));
	*refused = d.id;
	ledger_document_free(&d);
	return id;
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

/* Events were noted before they were sent, and a batch of them is settled. */
static void to_braze(int64_t document, bool events)
{
	struct df_err err = {0};
	const struct ledger_sending note = {.upto = 1, .sync = true};
	world.feed.send.sink = CONF_SINK_BRAZE;
	if (events)
		OK(ledger_lane_sending(world.run.env.ledger, document, &note, &err));
}

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
	    {"restart", test_restart},
	    {"restart of closed files", test_restart_closed},
	    {"the latest of a name", test_latest},
	    {"the latest of a name is done", test_latest_is_done},
	    {"one of a name is half sent", test_half_sent},
	    {"a file that was put back", test_put_back},
	    {"earlier files", test_order},
	    {"restart removes the reject file", test_restart_rejects},
	    {"resend", test_resend},
	    {"resend under new ids", test_new_ids},
	    {"the ledger fails", test_ledger_fails},
	    {"an archive", test_archive},
	    {"receipts", test_receipts},
	    {"resend of what counts twice", test_resend_once},
	    {"restart of what counts twice", test_restart_once},
	    {"restart of it, abandoned", test_restart_abandoned_once},
	    {"resend after a long time", test_long_ago},
	    {"nothing to resend", test_nothing_to_resend},
	    {"pruned", test_pruned},
	    {"bytes that are gone", test_gone},
	    CU_TEST_INFO_NULL,
	};
	df_log_setup(DF_LOG_WARN, false);
	int failed = test_main("run_anew", NULL, NULL, tests);
	free(rejects);
	return failed;
}
