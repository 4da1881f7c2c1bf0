/* SPDX-License-Identifier: MIT */
/* What is done at the source once the ledger has the last word on a file: with a folder as the
 * source, and once with a server that does not support it. */
#include "feed_world.h"

#define NAME  "a-eventless.csv"
#define MTIME 1000
#define HERE  "file:///in" /* a source, where nothing was imported */

static bool unsupported; /* by the server: moving, deleting, writing */

enum df_status __real_fetch_after(struct fetch *source, const struct fetch_entry *entry,
				  const struct conf_after_action *action, struct df_err *err);
enum df_status __wrap_fetch_after(struct fetch *source, const struct fetch_entry *entry,
				  const struct conf_after_action *action, struct df_err *err);
enum df_status __wrap_fetch_after(struct fetch *source, const struct fetch_entry *entry,
				  const struct conf_after_action *action, struct df_err *err)
{
	return unsupported ? df_fail(DF_REJECT, err, NULL, "the server knows no REMOVE")
			   : __real_fetch_after(source, entry, action, err);
}

enum df_status __real_fetch_put(struct fetch *source, const char *dir, const char *name,
				const void *p, size_t len, struct df_err *err);
enum df_status __wrap_fetch_put(struct fetch *source, const char *dir, const char *name,
				const void *p, size_t len, struct df_err *err);
enum df_status __wrap_fetch_put(struct fetch *source, const char *dir, const char *name,
				const void *p, size_t len, struct df_err *err)
{
	return unsupported ? df_fail(DF_REJECT, err, NULL, "the server knows no RENAME")
			   : __real_fetch_put(source, dir, name, p, len, err);
}

static enum ledger_state since; /* with other hosts: what has become of the file; 0: alone */

bool __real_ledger_shared(const struct ledger *l);
bool __wrap_ledger_shared(const struct ledger *l);
bool __wrap_ledger_shared(const struct ledger *l)
{
	return since != 0 || __real_ledger_shared(l);
}

enum df_status __real_ledger_claim(struct ledger *l, int64_t file, struct ledger_claimed *out,
				   struct df_err *err);
enum df_status __wrap_ledger_claim(struct ledger *l, int64_t file, struct ledger_claimed *out,
				   struct df_err *err);
enum df_status __wrap_ledger_claim(struct ledger *l, int64_t file, struct ledger_claimed *out,
				   struct df_err *err)
{
	enum df_status st = __real_ledger_claim(l, file, out, err);
	out->state = since;
	return st;
}

static const struct conf_after_action removal = {.what = CONF_DELETE},
				      move = {.what = CONF_MOVE, .dir = (char *)"done"};

/* ---- files that are due ---- */

/* It is at the source, of "hello\n", and was entered. */
static int64_t enter(const char *name, const char *sha256)
{
	struct df_err err = {0};
	int64_t id = 0;
	const struct ledger_new_file f = {.key = {"f", HERE, name, 6, MTIME},
					  .sha256 = sha256,
					  .event_type = "eventless",
					  .now_ms = 1};
	OK(ledger_file_add(world.run.env.ledger, &f, &id, &err));
	feed_put(fw.in, name, "hello\n", MTIME);
	return id;
}

static void close_as(int64_t id, enum ledger_state state, const char *code)
{
	struct df_err err = {0};
	const struct ledger_outcome to = {.state = state,
					  .code = code,
					  .text = code != NULL ? "because" : NULL,
					  .cleanup_due = true,
					  .now_ms = 2};
	OK(ledger_file_state(world.run.env.ledger, id, &to, &err));
}

static enum df_status count_due(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	(void)err;
	if (f->cleanup_due)
		(*(unsigned *)ctx)++;
	return DF_OK;
}

/* Runs it; so many files are due after it. */
static void after(unsigned due)
{
	struct df_err err = {0};
	unsigned n = 0;
	run_after(&world.run, &fw.w.source);
	OK(ledger_files(world.run.env.ledger, "f", false, count_due, &n, &err));
	CU_ASSERT_EQUAL(n, due);
	CU_ASSERT_EQUAL(run_exit_code(&world.result) == 0, due == 0);
}

static int64_t begin(const struct conf_after_action *done)
{
	feed_begin();
	unsupported = false;
	world.feed.fetch.after_done = *done;
	return enter(NAME, SHA_A);
}

static void test_is_due(void)
{
	struct conf_feed feed = {0};
	CU_ASSERT_FALSE(run_after_is_due(&feed, false));
	CU_ASSERT_FALSE(run_after_is_due(&feed, true));
	feed.fetch.after_done = removal;
	CU_ASSERT(run_after_is_due(&feed, false));
	CU_ASSERT_FALSE(run_after_is_due(&feed, true));
	feed.fetch.after_refused = move;
	CU_ASSERT(run_after_is_due(&feed, true));
	feed = (struct conf_feed){.fetch.receipts = (char *)"receipts"};
	CU_ASSERT(run_after_is_due(&feed, false));
	CU_ASSERT(run_after_is_due(&feed, true));
}

static void test_actions(void)
{
	int64_t id = begin(&removal);
	after(0); /* it is not closed yet */
	CU_ASSERT(feed_has(fw.in, NAME));
	close_as(id, LEDGER_DONE, NULL);
	after(0);
	CU_ASSERT_FALSE(feed_has(fw.in, NAME));
	feed_end();

	id = begin(&removal); /* a refused file has its own */
	world.feed.fetch.after_refused = move;
	close_as(id, LEDGER_REFUSED, "not-utf8");
	after(0);
	CU_ASSERT_FALSE(feed_has(fw.in, NAME));
	CU_ASSERT(feed_has(fw.in, "done/" NAME));
	feed_end();

	id = begin(&removal); /* what was given up by somebody stays */
	close_as(id, LEDGER_ABANDONED, "abandoned");
	run_after(&world.run, &fw.w.source);
	CU_ASSERT(feed_has(fw.in, NAME));
	feed_end();
}

/* Another host has opened it again since the list of what is due was read. */
static void test_opened_again(void)
{
	int64_t id = begin(&removal);
	unsigned due = 0;
	struct df_err err = {0};
	close_as(id, LEDGER_DONE, NULL);
	since = LEDGER_PULLED;
	run_after(&world.run, &fw.w.source);
	CU_ASSERT(feed_has(fw.in, NAME));
	OK(ledger_files(world.run.env.ledger, "f", false, count_due, &due, &err));
	CU_ASSERT_EQUAL(due, 1);
	since = LEDGER_DONE;
	after(0);
	CU_ASSERT_FALSE(feed_has(fw.in, NAME));
	since = 0;
	feed_end();
}

/* What has its name, size and time at another source was never read. */
static void test_other_source(void)
{
	int64_t id = begin(&removal);
	world.feed.fetch.source.key = (char *)"file:///elsewhere";
	close_as(id, LEDGER_DONE, NULL);
	after(0);
	CU_ASSERT(feed_has(fw.in, NAME));
	feed_end();
}

/* Another file has its name by now, or none has: nothing is done, and nothing is due. */
static void test_changed(void)
{
	int64_t id = begin(&removal);
	close_as(id, LEDGER_DONE, NULL);
	feed_put(fw.in, NAME, "hello, world\n", MTIME);
	after(0);
	CU_ASSERT(feed_has(fw.in, NAME));
	feed_end();

	id = begin(&removal);
	close_as(id, LEDGER_DONE, NULL);
	feed_remove(fw.in, NAME);
	after(0);
	feed_end();
}

/* Why the ledger says that the file is left at the source. */
static void left_there(const char *why)
{
	struct df_err err = {0};
	struct ledger_file f = {0};
	const struct ledger_key key = {"f", HERE, NAME, 6, MTIME};
	OK(ledger_file_known(world.run.env.ledger, &key, &f, &err));
	TEXT_IS(f.given_up != NULL ? f.given_up : "", why);
	ledger_file_free(&f);
}

/* A file that holds what is nowhere else is not deleted, but moved it may be. */
static void test_kept(void)
{
	struct df_err err = {0};
	static const struct conf_after_action *const actions[] = {&removal, &move};
	const struct ledger_skipped missed = {"in/b.csv", "in a sub-folder", true},
				    other = {"readme.txt", "not CSV", false};
	for (size_t i = 0; i < 2; i++) {
		int64_t id = begin(actions[i]);
		OK(ledger_file_skips(world.run.env.ledger, id, &missed, 1, &err));
		close_as(id, LEDGER_DONE, NULL);
		after(0);
		CU_ASSERT_EQUAL(feed_has(fw.in, NAME), actions[i] == &removal);
		CU_ASSERT_EQUAL(feed_has(fw.in, "done/" NAME), actions[i] == &move);
		left_there(actions[i] == &removal ? "it holds CSV that was skipped" : "");
		feed_end();
	}
	int64_t id = begin(&removal);
	OK(ledger_file_skips(world.run.env.ledger, id, &other, 1, &err));
	close_as(id, LEDGER_DONE, NULL);
	after(0);
	CU_ASSERT_FALSE(feed_has(fw.in, NAME));
	feed_end();
}

static void add_document(int64_t id, const char *code, const char *rejects)
{
	struct df_err err = {0};
	const struct ledger_reject why = {.message = "no", .code = code};
	const struct ledger_outcome done = {.state = LEDGER_DONE, .text = rejects, .now_ms = 2};
	OK(ledger_document_state(world.run.env.ledger, feed_document(id, &why), &done, &err));
}

static void test_set_aside(void)
{
	static const char *const codes[] = {"api-unavailable", "api-rejected"};
	for (size_t i = 0; i < 2; i++) {
		int64_t id = begin(&removal);
		add_document(id, codes[i], NULL);
		close_as(id, LEDGER_DONE, NULL);
		after(0);
		CU_ASSERT_EQUAL(feed_has(fw.in, NAME), i == 0); /* `retry` needs its bytes */
		feed_end();
	}
}

/* ---- receipts ---- */

static int64_t begin_receipts(const char *rejects)
{
	int64_t id = begin(&removal);
	world.feed.fetch.receipts = (char *)"receipts";
	add_document(id, "api-rejected", rejects);
	close_as(id, LEDGER_DONE, NULL);
	return id;
}

static void has_receipt(const char *part)
{
	char *text = test_file_get(fw.in, "receipts/" NAME ".receipt.json");
	TEXT_HAS(text, part);
	free(text);
}

static void test_receipt(void)
{
	int64_t id = begin(&removal);
	char *rejects = df_format("%s/%s", world.dir, NAME);
	test_file_put(world.dir, NAME, "id\n1\n");
	world.feed.fetch.receipts = (char *)"receipts";
	add_document(id, "api-rejected", rejects);
	close_as(id, LEDGER_DONE, NULL);
	after(0);
	has_receipt("\"delivered\"");
	char *copy = test_file_get(fw.in, "receipts/" NAME);
	TEXT_IS(copy, "id\n1\n");
	CU_ASSERT_FALSE(feed_has(fw.in, NAME)); /* and then it is deleted */
	free(copy);

	/* the rows are delivered now: who looks there must not drop them again */
	struct df_err err = {0};
	OK(run_after_take_back(&fw.w.source, rejects, &err));
	CU_ASSERT_FALSE(feed_has(fw.in, "receipts/" NAME));
	OK(run_after_take_back(&fw.w.source, rejects, &err)); /* which may be done twice */
	has_receipt("\"delivered\"");
	free(rejects);
	feed_end();
}

/* Only its last part has to fit: with a path that is longer than a name may be, too. */
static void test_receipt_below(void)
{
	struct df_err err = {0};
	char *folder = df_format("%0200d", 7),
	     *name = df_format("%s/%060d-eventless.csv", folder, 7);
	char *receipt = df_format("receipts/%s.receipt.json", name);
	begin(&move);
	char *below = df_format("%s/%s", fw.in, folder);
	OK(df_mkdirs(below, &err));
	world.feed.fetch.receipts = (char *)"receipts";
	close_as(enter(name, SHA_B), LEDGER_DONE, NULL);
	after(0);
	CU_ASSERT(feed_has(fw.in, receipt));
	free(receipt);
	free(below);
	free(name);
	free(folder);
	feed_end();
}

/* Rejects that somebody took away do not withhold the receipt; those that cannot be read for now
 * do, and the file's deletion with it. */
static void test_rejects_gone(void)
{
	begin_receipts("/nonexistent/" NAME);
	after(0);
	has_receipt("\"delivered\"");
	CU_ASSERT_FALSE(feed_has(fw.in, NAME));
	feed_end();

	begin_receipts("/"); /* which cannot be read as a file */
	after(1);
	CU_ASSERT_FALSE(feed_has(fw.in, "receipts/" NAME ".receipt.json"));
	CU_ASSERT(feed_has(fw.in, NAME));
	feed_end();
}

/* The same file once more, under its own name: its receipt is of the delivery. */
static void test_duplicate(void)
{
	static const char *const names[] = {NAME, "b-eventless.csv"};
	for (size_t i = 0; i < 2; i++) {
		feed_begin();
		unsupported = false;
		world.feed.fetch.receipts = (char *)"receipts";
		world_done(world_file(NAME, SHA_A, 1), 10, 0, NULL, 1);
		int64_t id = enter(names[i], SHA_A);
		close_as(id, LEDGER_DONE, "duplicate");
		struct df_err err = {0};
		char *folder = df_format("%s/receipts", fw.in);
		OK(df_mkdirs(folder, &err));
		free(folder);
		test_file_put(fw.in, "receipts/" NAME ".receipt.json", "of the delivery");
		test_file_put(fw.in, "receipts/b-eventless.csv.receipt.json", "of another b");
		after(0);
		has_receipt("of the delivery");
		char *other = test_file_get(fw.in, "receipts/b-eventless.csv.receipt.json");
		CU_ASSERT_EQUAL(strcmp(other, "of another b") == 0, i == 0);
		free(other);
		feed_end();
	}
}

static void test_receipt_anew(void)
{
	struct df_err err = {0};
	struct ledger_file f = {0};
	begin_receipts(NULL);
	const struct ledger_key key = {"f", HERE, NAME, 6, MTIME};
	OK(ledger_file_known(world.run.env.ledger, &key, &f, &err));
	run_after_receipt(&world.run, &fw.w.source, &f);
	has_receipt("\"delivered\"");
	CU_ASSERT(feed_has(fw.in, NAME)); /* nothing else is done */
	feed_remove(fw.in, "receipts/" NAME ".receipt.json");
	world.feed.fetch.receipts = NULL;
	run_after_receipt(&world.run, &fw.w.source, &f);
	CU_ASSERT_FALSE(feed_has(fw.in, "receipts/" NAME ".receipt.json"));
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 0);
	ledger_file_free(&f);
	feed_end();
}

/* ---- servers ---- */

/* What the server will never support is logged once, and is due no more. */
static void test_unsupported(void)
{
	struct df_err err = {0};
	struct ledger_file f = {0};
	begin_receipts(NULL);
	unsupported = true;
	after(0);
	world_logged(NAME ": no receipt is written at the source: the server knows no ");
	const struct ledger_key key = {"f", HERE, NAME, 6, MTIME};
	OK(ledger_file_known(world.run.env.ledger, &key, &f, &err));
	TEXT_HAS(f.given_up, "the server knows no ");
	CU_ASSERT(feed_has(fw.in, NAME));
	ledger_file_free(&f);
	unsupported = false;
	after(0); /* not even if it does later */
	CU_ASSERT(feed_has(fw.in, NAME));
	feed_end();
}

/* A source that is away is left for the next run. */
static void test_unreachable(void)
{
	int64_t id = begin(&removal);
	close_as(id, LEDGER_DONE, NULL);
	feed_remove(fw.in, NAME);
	CU_ASSERT_EQUAL(rmdir(fw.in), 0);
	after(1);
	feed_end();
}

/* ---- reject files that were worked on ---- */

static void test_edited(void)
{
	struct stat info;
	feed_begin();
	test_file_put(world.dir, "r.csv", "id\n");
	char *path = df_format("%s/r.csv", world.dir);
	CU_ASSERT_EQUAL_FATAL(stat(path, &info), 0);
	int64_t ms = (int64_t)info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1000000;
	struct ledger_document d = {.text = path, .closed_ms = ms};
	CU_ASSERT_FALSE(run_rejects_edited(&d));
	d.closed_ms = ms - 1;
	CU_ASSERT(run_rejects_edited(&d));
	d.closed_ms = ms - ms % 1000 - 1; /* a second earlier */
	CU_ASSERT(run_rejects_edited(&d));
	d.closed_ms = ms - ms % 1000 + 1000; /* a second later */
	CU_ASSERT_FALSE(run_rejects_edited(&d));
	d.closed_ms = 1;
	unlink(path);
	CU_ASSERT_FALSE(run_rejects_edited(&d)); /* it is gone */
	d.text = NULL;
	CU_ASSERT_FALSE(run_rejects_edited(&d));
	free(path);
	feed_end();
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"another source", test_other_source},
	    {"when something is due", test_is_due},
	    {"after_done, after_refused", test_actions},
	    {"opened again by another host", test_opened_again},
	    {"another file has its name", test_changed},
	    {"what is nowhere else", test_kept},
	    {"rows that were set aside", test_set_aside},
	    {"a receipt, and rejects", test_receipt},
	    {"a receipt in a sub-folder", test_receipt_below},
	    {"rejects that are gone", test_rejects_gone},
	    {"the same file once more", test_duplicate},
	    {"a receipt anew", test_receipt_anew},
	    {"a server that supports none of it", test_unsupported},
	    {"the source is away", test_unreachable},
	    {"reject files that were edited", test_edited},
	    CU_TEST_INFO_NULL,
	};
	df_log_setup(DF_LOG_WARN, false);
	return test_main("run_after", NULL, NULL, tests);
}
