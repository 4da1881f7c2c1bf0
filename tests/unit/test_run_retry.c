/* SPDX-License-Identifier: MIT */
/* `retry`: what is opened again and handed to the workers, and what is passed over. */
#include "feed_world.h"

#define NAME "a-eventless.csv"

static const struct ledger_reject rejected = {.message = "no", .code = "api-rejected"};

static void retry_with(struct run_retry_options o, unsigned handed, int exit_code)
{
	memset(&world.result, 0, sizeof(world.result));
	fw.handed = 0;
	run_retry(&world.conf, &o, &world.result);
	CU_ASSERT_EQUAL(fw.handed, handed);
	CU_ASSERT_EQUAL(run_exit_code(&world.result), exit_code);
}

static void retry_all(unsigned handed, int exit_code)
{
	retry_with((struct run_retry_options){0}, handed, exit_code);
}

static void retry_named(const char *name, unsigned handed, int exit_code)
{
	retry_with((struct run_retry_options){.documents = &name, .n_documents = 1}, handed,
		   exit_code);
}

/* A file that is done, two rows of which the API rejected for that reason. */
static int64_t add_rejected(const struct ledger_reject *why, char **rejects)
{
	int64_t id = feed_enter(NAME, 1000, true), document = feed_document(id, why);
	test_file_put(world.dir, "r-eventless.csv", "id\n1\n2\n");
	*rejects = df_format("%s/r-eventless.csv", world.dir);
	feed_done(id, document, *rejects, df_now_ms() + 5000);
	return id;
}

/* ---- files that were refused ---- */

static void test_refused(void)
{
	feed_begin();
	int64_t id = feed_enter(NAME, 1000, true);
	feed_close(id, LEDGER_REFUSED, "wrong-key");
	retry_all(1, 0);
	CU_ASSERT_EQUAL(fw.id, id);
	TEXT_IS(fw.sha256, SHA_HELLO);
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_PULLED);
	TEXT_IS(feed_file_of(id).code, "");
	retry_all(1, 0); /* as nobody took it, it is not finished, and goes on */
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_PULLED);
	feed_end();
}

/* One document of an archive, say: the file is done, and nothing of that one was delivered. */
static void test_refused_document(void)
{
	struct df_err err = {0};
	struct ledger_document d = {0};
	struct ledger *l;
	const struct ledger_outcome refused = {
	    .state = LEDGER_REFUSED, .code = "unknown-column", .text = "no", .now_ms = 2};
	feed_begin();
	l = world.run.env.ledger;
	int64_t id = feed_enter(NAME, 1000, true);
	const struct ledger_new_document begun = {.file_id = id,
						  .event_type = "eventless",
						  .settings = "lanes=1",
						  .version = "0",
						  .now_ms = 1};
	OK(ledger_document_begin(l, &begun, &d, &err));
	OK(ledger_document_state(l, d.id, &refused, &err));
	feed_close(id, LEDGER_REFUSED, "unknown-column");
	retry_with((struct run_retry_options){.unknown = true}, 0, 0);
	CU_ASSERT_EQUAL(feed_file_of(id).document, LEDGER_REFUSED);
	retry_all(1, 0);
	CU_ASSERT_FALSE(ledger_closes(feed_file_of(id).document));
	ledger_document_free(&d);
	feed_end();
}

/* It could not be opened, after one of its documents had been checked, or was done. */
static void test_refused_whole(void)
{
	static const char *const name = NAME;
	for (size_t i = 0; i < 4; i++) {
		const struct run_retry_options o = {.documents = &name, .n_documents = i / 2};
		feed_begin();
		int64_t id = feed_enter(NAME, 1000, true), document = feed_document(id, &rejected);
		if (i % 2 == 1)
			feed_done(id, document, NULL, 2);
		feed_close(id, LEDGER_REFUSED, "wrong-key");
		retry_with(o, 1, 0);
		CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_PULLED);
		feed_end();
	}
}

/* What is not finished goes on where it is named. */
static void test_unfinished(void)
{
	feed_begin();
	int64_t id = feed_enter(NAME, 1000, true);
	feed_document(id, &rejected);
	retry_named(NAME, 1, 0);
	CU_ASSERT_EQUAL(fw.id, id);
	CU_ASSERT_EQUAL(feed_file_of(id).document, LEDGER_SENDING);
	feed_end();
}

static void test_names(void)
{
	static const char *const names[] = {NAME, "c-eventless.csv"};
	static const char *const feed = "g";
	feed_begin();
	int64_t id = feed_enter(NAME, 1000, true);
	feed_enter("b-eventless.csv", 2000, true);
	feed_close(id, LEDGER_REFUSED, "wrong-key");
	retry_with((struct run_retry_options){.documents = names, .n_documents = 2}, 0, 2);
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_REFUSED); /* nothing is done */
	retry_with((struct run_retry_options){.feeds = &feed, .n_feeds = 1}, 0, 0);
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_REFUSED);
	feed_end();
}

static void test_abandoned(void)
{
	feed_begin();
	int64_t id = feed_enter(NAME, 1000, true);
	feed_close(id, LEDGER_ABANDONED, "abandoned");
	retry_all(0, 0);
	df_log_setup(DF_LOG_INFO, false);
	retry_named(NAME, 0, 0);
	world_logged(NAME ": nothing to retry: it was abandoned");
	df_log_setup(DF_LOG_ERROR, false);
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_ABANDONED);
	feed_end();
}

/* The same bytes were delivered meanwhile, under another name. */
static void test_delivered_since(void)
{
	feed_begin();
	int64_t id = feed_enter(NAME, 1000, true),
		other = feed_enter("b-eventless.csv", 2000, true);
	feed_close(id, LEDGER_REFUSED, "wrong-key");
	feed_done(other, feed_document(other, &(struct ledger_reject){.message = "no"}), NULL, 1);
	retry_named(NAME, 0, 0);
	CU_ASSERT_EQUAL(world.result.files_skipped, 1);
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_REFUSED);
	world.feed.send.duplicates_import = true;
	feed_put(fw.in, NAME, "hello\n", 1000); /* the spool has it no more */
	retry_named(NAME, 1, 0);
	feed_end();
}

/* ---- rows that the API rejected ---- */

static void test_rejected(void)
{
	char *rejects;
	feed_begin();
	int64_t id = add_rejected(&rejected, &rejects);
	world.feed.send.sink = CONF_SINK_FILE; /* which has rejected nothing */
	retry_all(0, 0);
	world.feed.send.sink = CONF_SINK_EVENTS_API;
	feed_put(fw.in, NAME, "hello\n", 1000);
	test_file_put(fw.in, "r-eventless.csv", "id\n1\n2\n"); /* a receipt's copy of the rejects */
	world.feed.fetch.receipts = (char *)".";
	retry_all(1, 0);
	CU_ASSERT_FALSE(feed_has(fw.in, "r-eventless.csv")); /* which must not be dropped now */
	CU_ASSERT_EQUAL(fw.id, id);
	CU_ASSERT_EQUAL(feed_file_of(id).document, LEDGER_SENDING);
	free(rejects);
	feed_end();
}

/* Rows that are wrong themselves, and those a part of which was taken, are never sent again. */
static void test_wrong(void)
{
	char *rejects;
	const struct ledger_reject partly = {
	    .message = "no", .code = "api-rejected", .partly = true};
	feed_begin();
	add_rejected(&partly, &rejects);
	retry_all(0, 0);
	df_log_setup(DF_LOG_INFO, false);
	retry_named(NAME, 0, 0);
	world_logged(NAME ": nothing to retry: its rejected rows are wrong themselves");
	df_log_setup(DF_LOG_ERROR, false);
	free(rejects);
	feed_end();
}

/* Rows that may have arrived are sent on purpose only, and then nothing else is. */
static void test_unknown(void)
{
	char *rejects;
	const struct ledger_reject unknown = {.message = "no", .code = "delivery-unknown"};
	const struct run_retry_options on_purpose = {.unknown = true};
	feed_begin();
	feed_close(world_file("b-eventless.csv", SHA_B, 1), LEDGER_REFUSED, "wrong-key");
	add_rejected(&unknown, &rejects);
	df_log_setup(DF_LOG_INFO, false);
	retry_named(NAME, 0, 0);
	world_logged(NAME ": nothing to retry: its rejected rows may have arrived");
	feed_put(fw.in, NAME, "hello\n", 1000); /* the spool has it no more */
	retry_with(on_purpose, 1, 0);
	TEXT_IS(fw.name, NAME);
	free(rejects);
	feed_end();

	feed_begin();
	add_rejected(&rejected, &rejects);
	retry_with(on_purpose, 0, 0);
	free(rejects);
	feed_end();
}

/* ---- reject files in somebody's hands ---- */

static void edit(const char *rejects)
{
	const struct utimbuf later = {time(NULL) + 100, time(NULL) + 100};
	CU_ASSERT_EQUAL(utime(rejects, &later), 0);
}

static void reject_file_remove(const char *rejects)
{
	CU_ASSERT_EQUAL(unlink(rejects), 0);
}

/* Its bytes came to the feed as a file of their own. */
static void drop_again(const char *rejects)
{
	struct df_err err = {0};
	int64_t id = 0;
	char sha256[DF_SHA256_HEX];
	int fd = open(rejects, O_RDONLY | O_CLOEXEC);
	OK(df_copy(fd, -1, sha256, &err));
	close(fd);
	const struct ledger_new_file f = {.key = {"f", "local", "again-eventless.csv", 6, 1},
					  .sha256 = sha256,
					  .event_type = "eventless",
					  .now_ms = 1};
	OK(ledger_file_add(world.run.env.ledger, &f, &id, &err));
	feed_close(id, LEDGER_ABANDONED, "abandoned");
}

/* One of its rows came in another file, which somebody corrected. */
static void drop_row(const char *rejects)
{
	struct df_err err = {0};
	static const char *const reason = "api-rejected: no";
	const uint64_t mark = document_reject_mark("eventless", 5, reason, strlen(reason));
	(void)rejects;
	OK(ledger_redropped_add(world.run.env.ledger, "f", &mark, 1, &err));
}

/* It is passed over, as its rows may come in another file, or have come; unless it is named. */
static void test_in_hand(void)
{
	static const struct {
		void (*take)(const char *rejects);
		const char *logged;
	} cases[] = {
	    {edit, "its reject file was edited"},
	    {reject_file_remove, "its reject file was removed"},
	    {drop_again, "its reject file was dropped again"},
	    {drop_row, "its reject file was dropped again"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *rejects;
		feed_begin();
		int64_t id = add_rejected(&rejected, &rejects);
		cases[i].take(rejects);
		df_log_setup(DF_LOG_INFO, false);
		retry_all(0, 0);
		char *passed = df_format(NAME ": passed over: %s; name it", cases[i].logged);
		world_logged(passed);
		df_log_setup(DF_LOG_ERROR, false);
		CU_ASSERT_EQUAL(feed_file_of(id).document, LEDGER_DONE);
		retry_named(NAME, 1, 0);
		CU_ASSERT_EQUAL(feed_file_of(id).document, LEDGER_SENDING);
		free(passed);
		free(rejects);
		feed_end();
	}
}

/* ---- bytes ---- */

static void test_gone(void)
{
	feed_begin();
	int64_t id = feed_enter(NAME, 1000, false);
	feed_close(id, LEDGER_REFUSED, "wrong-key");
	retry_all(0, 1);
	CU_ASSERT_EQUAL(world.result.files_gone, 1);
	world_logged("name the folder that it is in with --from DIR");
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_REFUSED);

	test_file_put(world.dir, NAME, "hello\n");
	retry_with((struct run_retry_options){.from = world.dir}, 1, 0);
	CU_ASSERT_EQUAL(access(fw.place, R_OK), 0);
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_PULLED);
	feed_end();
}

/* A good file took the place of a refused one: nothing is left to do, wherever its bytes are,
 * unless it is named. */
static void test_replaced(void)
{
	for (int kept = 0; kept < 2; kept++) {
		feed_begin();
		int64_t id = feed_enter(NAME, 1000, kept), later = world_file(NAME, SHA_B, 2);
		feed_close(id, LEDGER_REFUSED, "not-utf8");
		feed_done(later, feed_document(later, &(struct ledger_reject){.message = "no"}),
			  NULL, 3);
		world.feed.send.sink = CONF_SINK_FILE;
		df_log_setup(DF_LOG_INFO, false);
		retry_all(0, 0);
		world_logged(NAME ": passed over: it was refused, and a later file of its name");
		df_log_setup(DF_LOG_ERROR, false);
		CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_REFUSED);
		if (kept)
			feed_put(fw.in, NAME, "hello\n", 1000); /* the spool has it no more */
		retry_named(NAME, (unsigned)kept, !kept);
		CU_ASSERT_EQUAL(world.result.files_gone, !kept);
		feed_end();
	}
}

/* It was begun, and its bytes went away: what was left of it is in no other file. */
static void test_replaced_and_sent(void)
{
	for (int kept = 0; kept < 2; kept++) {
		struct df_err err = {0};
		const struct ledger_outcome lost = {
		    .state = LEDGER_REFUSED, .code = "lost-bytes", .text = "gone", .now_ms = 2};
		feed_begin();
		int64_t id = feed_enter(NAME, 1000, kept), later = world_file(NAME, SHA_B, 2);
		(void)feed_document(id, &rejected);
		OK(ledger_file_lost(world.run.env.ledger, id, &lost, &err));
		feed_done(later, feed_document(later, &(struct ledger_reject){.message = "no"}),
			  NULL, 3);
		world.feed.send.sink = CONF_SINK_FILE;
		retry_all((unsigned)kept, 0);
		CU_ASSERT_EQUAL(world.result.files_gone, 0);
		feed_end();
	}
}

/* A source that is away holds up this file, and no other one. */
static void test_unreachable(void)
{
	feed_begin();
	int64_t id = feed_enter(NAME, 1000, false), other = world_file("b-eventless.csv", SHA_B, 1);
	feed_close(id, LEDGER_REFUSED, "wrong-key");
	feed_close(other, LEDGER_REFUSED, "wrong-key");
	CU_ASSERT_EQUAL(rmdir(fw.in), 0);
	retry_all(0, 2); /* the folder is not there: a mistake in the configuration */
	CU_ASSERT_EQUAL(feed_file_of(id).state, LEDGER_REFUSED);
	CU_ASSERT_EQUAL(world.result.files_gone, 0);
	feed_end();
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"a file that was refused", test_refused},
	    {"a document that was refused", test_refused_document},
	    {"a file that was refused after it was begun", test_refused_whole},
	    {"a file that is not finished", test_unfinished},
	    {"names and feeds", test_names},
	    {"a file that was abandoned", test_abandoned},
	    {"the same bytes were delivered", test_delivered_since},
	    {"rows that the API rejected", test_rejected},
	    {"rows that are wrong", test_wrong},
	    {"rows that may have arrived", test_unknown},
	    {"a reject file in somebody's hands", test_in_hand},
	    {"bytes that are gone", test_gone},
	    {"a file that was replaced", test_replaced},
	    {"a file that was replaced when it was half sent", test_replaced_and_sent},
	    {"the source is away", test_unreachable},
	    CU_TEST_INFO_NULL,
	};
	df_log_setup(DF_LOG_ERROR, false);
	return test_main("run_retry", NULL, NULL, tests);
}
