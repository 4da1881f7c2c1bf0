/* SPDX-License-Identifier: MIT */
/* `rejects`: which reject files are printed, and what is said of those that are not. */
#include "run_world.h"

static char *out; /* what was printed; own */

static void rejects(const struct run_rejects_options *o)
{
	memset(&world.result, 0, sizeof(world.result));
	free(out);
	world_print();
	run_rejects(&world.conf, o, &world.result);
	out = world_printed();
}

static void rejects_of(const char *document)
{
	rejects(&(struct run_rejects_options){.documents = &document, .n_documents = 1});
}

static void end(void)
{
	free(out);
	out = NULL;
	world_end();
}

/* A file that is done, two rows of which are in its reject file. */
static int64_t add(const char *name, const char *sha256, const char *text)
{
	char *path = df_format("%s/rejects-of-%s", world.dir, name);
	char *file = df_format("rejects-of-%s", name);
	if (text != NULL)
		test_file_put(world.dir, file, text);
	int64_t document = world_done(world_file(name, sha256, 1), 10, 2, path, 1);
	free(path);
	free(file);
	return document;
}

static void test_named(void)
{
	static const char *const both[] = {"a-*.csv", "b-eventless.csv"};
	world_begin();
	add("a-eventless.csv", SHA_A, "id\r\n\"1,");
	add("b-eventless.csv", SHA_B, "id\n2\n");
	rejects_of("b-eventless.csv");
	TEXT_IS(out, "id\n2\n");
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 0);
	rejects(&(struct run_rejects_options){.documents = both, .n_documents = 2});
	TEXT_IS(out, "id\r\n\"1,id\n2\n");
	rejects_of("*");
	TEXT_IS(out, "id\r\n\"1,id\n2\n");
	rejects_of("c-eventless.csv");
	TEXT_IS(out, "");
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 2);
	world_logged("the ledger knows no 'c-eventless.csv'; the nearest is '");
	end();
}

/* Larger than what is read at a time. */
static void test_large(void)
{
	enum { SIZE = 700000 };
	char *text = df_alloc(SIZE + 1);
	for (size_t i = 0; i < SIZE; i++)
		text[i] = (char)('a' + i % 23);
	world_begin();
	add("a-eventless.csv", SHA_A, text);
	rejects_of("a-eventless.csv");
	CU_ASSERT(strcmp(out, text) == 0);
	free(text);
	end();
}

static void test_feeds(void)
{
	static const char *const feeds[] = {"f", "g"};
	struct conf_feed both[2];
	world_begin();
	add("a-eventless.csv", SHA_A, "id\n1\n");
	both[0] = world.feed;
	both[1] = world.feed;
	both[1].name = (char *)"g";
	world.conf.feeds = both;
	world.conf.n_feeds = 2;
	static const char *const document = "a-eventless.csv";
	struct run_rejects_options o = {
	    .documents = &document, .n_documents = 1, .feeds = &feeds[1], .n_feeds = 1};
	rejects(&o);
	TEXT_IS(out, "");
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 2); /* that feed knows no such file */
	o.n_feeds = 2;
	o.feeds = feeds;
	rejects(&o);
	TEXT_IS(out, "id\n1\n");
	end();
}

/* Why there is nothing to print is logged, and not an error. */
static void test_idle(void)
{
	struct df_err err = {0};
	world_begin();
	df_log_setup(DF_LOG_INFO, false);
	world_done(world_file("all-eventless.csv", SHA_A, 1), 10, 0, NULL, 1);
	rejects_of("all-eventless.csv");
	world_logged("all-eventless.csv: none of its rows are in a reject file");
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 0);

	struct ledger_document d = {0};
	struct ledger_new_document begun = {.file_id = world_file("open-eventless.csv", SHA_B, 1),
					    .event_type = "eventless",
					    .settings = "lanes=1",
					    .version = "0",
					    .now_ms = 1};
	OK(ledger_document_begin(world.run.env.ledger, &begun, &d, &err));
	rejects_of("open-eventless.csv");
	world_logged(
	    "open-eventless.csv: it is not finished: its reject file is written at its end");

	OK(ledger_document_state(
	    world.run.env.ledger, d.id,
	    &(struct ledger_outcome){
		.state = LEDGER_REFUSED, .code = "not-utf8", .text = "no", .now_ms = 1},
	    &err));
	rejects_of("open-eventless.csv");
	world_logged("open-eventless.csv: it was refused, and has no reject file");
	TEXT_IS(out, "");
	ledger_document_free(&d);
	df_log_setup(DF_LOG_ERROR, false);
	end();
}

/* Somebody took one away: the others are printed. One that cannot be read is an error. */
static void test_gone(void)
{
	struct df_err err = {0};
	world_begin();
	add("a-eventless.csv", SHA_A, NULL);
	add("b-eventless.csv", SHA_B, "id\n2\n");
	rejects_of("*-eventless.csv");
	TEXT_IS(out, "id\n2\n");
	CU_ASSERT_EQUAL(world.result.files_gone, 1);
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 1);
	world_logged("rejects-of-a-eventless.csv is not there any more");

	char *folder = df_format("%s/rejects-of-a-eventless.csv", world.dir);
	OK(df_mkdirs(folder, &err));
	rejects_of("a-eventless.csv");
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 3);
	free(folder);
	end();
}

static void test_summary(void)
{
	struct df_err err = {0};
	const struct ledger_reason reason = {
	    .code = "not-a-uuid", .column = "mpid", .rows = 2, .lines = {3, 7}};
	world_begin();
	int64_t document = add("a-eventless.csv", SHA_A, "id\n1\n");
	OK(ledger_document_reasons(world.run.env.ledger, document, &reason, 1, &err));
	struct run_rejects_options o = {.summary = true};
	rejects(&o);
	TEXT_HAS(out, "a-eventless.csv");
	TEXT_HAS(out, "not-a-uuid");
	CU_ASSERT_PTR_NULL(strstr(out, "id\n1\n"));
	o.json = true;
	rejects(&o);
	CU_ASSERT_EQUAL(out[0], '{');
	TEXT_HAS(out, "\"not-a-uuid\"");
	end();
}

/* Without a ledger no name is known. */
static void test_no_ledger(void)
{
	world_begin();
	char *dir = df_format("%s/nothing", world.dir);
	world.conf.state_dir = dir;
	rejects_of("a-eventless.csv");
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 2);
	rejects(&(struct run_rejects_options){.summary = true});
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 0);
	TEXT_IS(out, "");
	CU_ASSERT_EQUAL(access(dir, F_OK), -1);
	free(dir);
	end();
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"by name", test_named},           {"a large one", test_large}, {"by feed", test_feeds},
	    {"nothing to print", test_idle},   {"taken away", test_gone},   {"why", test_summary},
	    {"no ledger yet", test_no_ledger}, CU_TEST_INFO_NULL,
	};
	df_log_setup(DF_LOG_ERROR, false);
	return test_main("run_rejects", NULL, NULL, tests);
}
