/* SPDX-License-Identifier: MIT */
/* `abandon`: a file under way is closed, and what was not delivered of it is in its reject file, or
 * counted where it cannot be. */
#include "feed_world.h"

#define NAME "a-eventless.csv"

static const struct ledger_reject rejected = {.message = "no", .code = "api-rejected"};

static void abandon_with(struct run_files_options o, uint64_t abandoned, int exit_code)
{
	memset(&world.result, 0, sizeof(world.result));
	run_abandon(&world.conf, &o, &world.result);
	CU_ASSERT_EQUAL(world.result.files_abandoned, abandoned);
	CU_ASSERT_EQUAL(run_exit_code(&world.result), exit_code);
	CU_ASSERT_EQUAL(fw.handed, 0);
}

static void abandon(const char *name, uint64_t abandoned, int exit_code)
{
	abandon_with((struct run_files_options){.files = &name, .n_files = 1}, abandoned,
		     exit_code);
}

/* ---- without its bytes ---- */

static void test_without_rejects(void)
{
	const char *name = NAME;
	feed_begin();
	int64_t id = feed_enter(NAME, 1000, true), document = feed_document(id, &rejected);
	struct df_err err = {0};
	OK(ledger_document_checked(world.run.env.ledger, document,
				   &(struct ledger_checked){.rows = 15, .skipped = 1}, &err));
	abandon_with(
	    (struct run_files_options){.files = &name, .n_files = 1, .without_rejects = true}, 1,
	    0);
	struct feed_looked f = feed_file_of(id);
	CU_ASSERT_EQUAL(f.state, LEDGER_ABANDONED);
	CU_ASSERT_EQUAL(f.document, LEDGER_ABANDONED);
	TEXT_IS(f.code, "abandoned");
	TEXT_IS(f.text, "4 rows were not delivered; no reject file was written: "
			"--without-rejects");
	TEXT_IS(f.documents_text, "");
	CU_ASSERT_FALSE(feed_has(fw.spool, "place-" NAME "-1000.drop"));
	feed_end();
}

/* Its bytes are nowhere: the same, and it says so. */
static void test_gone(void)
{
	feed_begin();
	int64_t id = feed_enter(NAME, 1000, false);
	(void)feed_document(id, &rejected);
	abandon(NAME, 1, 0);
	struct feed_looked f = feed_file_of(id);
	CU_ASSERT_EQUAL(f.state, LEDGER_ABANDONED);
	TEXT_HAS(f.text, "0 rows were not delivered; no reject file was written: its bytes "
			 "(SHA-256 " SHA_HELLO ") are neither in the spool nor on the source");
	feed_end();
}

/* ---- which files ---- */

/* A refused file has nothing left to be delivered: why it was refused stays. */
static void test_refused(void)
{
	feed_begin();
	int64_t id = feed_enter(NAME, 1000, true);
	feed_close(id, LEDGER_REFUSED, "wrong-key");
	abandon(NAME, 0, 0);
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_ABANDONED);
	TEXT_IS(feed_file_of(id).text, "it was refused: wrong-key: because");
	df_log_setup(DF_LOG_INFO, false);
	abandon(NAME, 0, 0);
	world_logged(NAME ": nothing to abandon: it is closed already");
	df_log_setup(DF_LOG_ERROR, false);
	feed_end();
}

/* Of several of a name that which has begun to send is meant, else the oldest: what comes after it
 * is another day's. Once more takes the next one. */
static void test_of_one_name(void)
{
	feed_begin();
	int64_t first = feed_enter(NAME, 1000, false), begun = feed_enter(NAME, 2000, false),
		last = feed_enter(NAME, 3000, false);
	(void)feed_document(begun, &rejected);
	df_log_setup(DF_LOG_WARN, false);
	abandon(NAME, 1, 0);
	world_logged(NAME ": 2 other files of that name are left as they are");
	CU_ASSERT_EQUAL(feed_file_of(begun).state, LEDGER_ABANDONED);
	CU_ASSERT_EQUAL(feed_file_of(first).state, LEDGER_PULLED);
	abandon(NAME, 1, 0);
	world_logged(NAME ": 1 other file of that name is left as it is");
	CU_ASSERT_EQUAL(feed_file_of(first).state, LEDGER_ABANDONED);
	CU_ASSERT_EQUAL(feed_file_of(last).state, LEDGER_PULLED);
	df_log_setup(DF_LOG_ERROR, false);
	abandon(NAME, 1, 0);
	CU_ASSERT_EQUAL(feed_file_of(last).state, LEDGER_ABANDONED);
	feed_end();

	feed_begin(); /* those that were refused go before what a run goes on with */
	first = feed_enter(NAME, 1000, false);
	int64_t refused[] = {feed_enter(NAME, 2000, false), feed_enter(NAME, 3000, false)};
	feed_close(refused[0], LEDGER_REFUSED, "wrong-key");
	feed_close(refused[1], LEDGER_REFUSED, "wrong-key");
	abandon(NAME, 0, 0);
	CU_ASSERT_EQUAL(feed_file_of(refused[0]).state, LEDGER_ABANDONED);
	CU_ASSERT_EQUAL(feed_file_of(refused[1]).state, LEDGER_ABANDONED);
	CU_ASSERT_EQUAL(feed_file_of(first).state, LEDGER_PULLED);
	feed_end();
}

static void test_names(void)
{
	static const char *const names[] = {NAME, "c-eventless.csv"};
	feed_begin();
	int64_t id = feed_enter(NAME, 1000, false);
	abandon_with((struct run_files_options){.files = names, .n_files = 2}, 0, 2);
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_PULLED); /* nothing is done */
	feed_end();
}

/* One of a feed that is not configured any more would stay open for ever. */
static void test_orphan(void)
{
	feed_begin();
	int64_t id = feed_enter(NAME, 1000, false);
	world.feed.name = (char *)"g";
	abandon(NAME, 1, 0);
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_ABANDONED);
	feed_end();
}

/* A source that is away may have the bytes. */
static void test_unreachable(void)
{
	feed_begin();
	int64_t id = feed_enter(NAME, 1000, false);
	CU_ASSERT_EQUAL(rmdir(fw.in), 0);
	abandon(NAME, 0, 2);
	world_logged("not abandoned (--without-rejects closes it without reading it");
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_PULLED);
	feed_end();
}

/* ---- with its bytes ---- */

#define ROWS     "user_identities.email\nada@example.com\nbob@example.com\n"
#define SHA_ROWS "9b58736d0e213c767162bef94ceefad0bd532174aae8ef7c2e52cdc9c0d67839"

/* A file of two rows in the spool, of a feed with the defaults. */
static int64_t add_rows(struct conf_feed **feed)
{
	struct df_err err = {0};
	int64_t id = 0;
	feed_begin();
	*feed = conf_feed_default("f");
	world.feed = **feed;
	world.feed.fetch.source = (struct conf_source){.kind = CONF_SOURCE_FILE, .path = fw.in};
	char *place = df_format("%s/rows.drop", fw.spool);
	const struct ledger_new_file f = {.key = {"f", "local", NAME, sizeof(ROWS) - 1, 1000},
					  .sha256 = SHA_ROWS,
					  .event_type = "eventless",
					  .place = place,
					  .now_ms = 1};
	test_file_put(fw.spool, "rows.drop", ROWS);
	OK(ledger_file_add(world.run.env.ledger, &f, &id, &err));
	free(place);
	return id;
}

static void end_rows(struct conf_feed *feed)
{
	feed_end();
	conf_feed_free(feed);
}

static void test_read(void)
{
	struct conf_feed *feed;
	int64_t id = add_rows(&feed);
	abandon(NAME, 1, 0);
	struct feed_looked f = feed_file_of(id);
	CU_ASSERT_EQUAL(f.state, LEDGER_ABANDONED);
	CU_ASSERT_EQUAL(f.document, LEDGER_ABANDONED);
	TEXT_IS(f.text, "2 rows were not delivered");
	CU_ASSERT_FALSE(feed_has(fw.spool, "rows.drop"));
	char *text = test_file_get("", f.documents_text);
	TEXT_HAS(text, "user_identities.email,dropfeed.line,dropfeed.reason\n"
		       "ada@example.com,2,abandoned");
	TEXT_HAS(text, "\nbob@example.com,3,abandoned");
	free(text);
	end_rows(feed);
}

/* They are in a folder that somebody names. */
static void test_from(void)
{
	const char *name = NAME;
	struct conf_feed *feed;
	int64_t id = add_rows(&feed);
	feed_remove(fw.spool, "rows.drop");
	test_file_put(world.dir, NAME, ROWS);
	abandon_with((struct run_files_options){.files = &name, .n_files = 1, .from = world.dir}, 1,
		     0);
	TEXT_IS(feed_file_of(id).text, "2 rows were not delivered");
	end_rows(feed);
}

/* What refuses it now closes it as well. */
static void test_read_refused(void)
{
	struct conf_feed *feed;
	int64_t id = add_rows(&feed);
	world.feed.decode.encrypted = true;
	abandon(NAME, 0, 1);
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_REFUSED);
	TEXT_IS(feed_file_of(id).code, "encryption-mismatch");
	end_rows(feed);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"without reading it", test_without_rejects},
	    {"its bytes are nowhere", test_gone},
	    {"a file that was refused", test_refused},
	    {"several of a name", test_of_one_name},
	    {"names", test_names},
	    {"a feed that is gone", test_orphan},
	    {"the source is away", test_unreachable},
	    {"rows that were not delivered", test_read},
	    {"rows in a folder that is named", test_from},
	    {"it is refused", test_read_refused},
	    CU_TEST_INFO_NULL,
	};
	df_log_setup(DF_LOG_ERROR, false);
	return test_main("run_abandon", NULL, NULL, tests);
}
