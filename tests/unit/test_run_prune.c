/* SPDX-License-Identifier: MIT */
/* Old details are removed, names and hashes stay. */
#include "run_world.h"

#include <utime.h>

#define DAY INT64_C(86400000)
#define NOW (400 * DAY)

int64_t __wrap_df_now_ms(void);
int64_t __wrap_df_now_ms(void)
{
	return NOW;
}

static char *reject_file(const char *name, time_t changed)
{
	const struct utimbuf times = {changed, changed};
	char *path = df_format("%s/%s", world.dir, name);
	test_file_put(world.dir, name, "x\n");
	CU_ASSERT_EQUAL(utime(path, &times), 0);
	return path;
}

static bool is_there(const char *name)
{
	char *text = test_file_get(world.dir, name);
	free(text);
	return text != NULL;
}

static struct run_pruned prune(int64_t days, bool dry_run)
{
	const struct run_prune_options options = {.older_than_ms = days * DAY, .dry_run = dry_run};
	struct run_pruned out = {0};
	struct df_err err = {0};
	ledger_close(world.run.env.ledger);
	run_prune(&world.conf, &options, &out, &world.result);
	OK(ledger_open(world.dir, &world.run.env.ledger, &err));
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 0);
	return out;
}

static enum df_status count(void *ctx, const struct ledger_reason *r, struct df_err *err)
{
	(void)err;
	*(uint64_t *)ctx += r->rows;
	return DF_OK;
}

static uint64_t reasons(int64_t document)
{
	struct df_err err = {0};
	uint64_t n = 0;
	OK(ledger_reasons(world.run.env.ledger, document, count, &n, &err));
	return n;
}

static void test_prune(void)
{
	const struct ledger_reason why = {
	    .code = "too-long", .column = "", .rows = 2, .lines = {2}};
	struct df_err err = {0};
	bool known = false;
	world_begin();
	char *old_path = reject_file("old.csv", 0), *new_path = reject_file("new.csv", NOW / 1000);
	int64_t old = world_done(world_file("old-eventless.csv", SHA_A, 1), 10, 2, old_path, 1),
		new = world_done(world_file("new-eventless.csv", SHA_B, NOW), 10, 2, new_path, NOW);
	OK(ledger_document_reasons(world.run.env.ledger, old, &why, 1, &err));
	OK(ledger_document_reasons(world.run.env.ledger, new, &why, 1, &err));

	struct run_pruned done = prune(30, true);
	CU_ASSERT_EQUAL(done.files, 1);
	CU_ASSERT_EQUAL(done.reject_files, 1);
	CU_ASSERT(is_there("old.csv"));
	CU_ASSERT_EQUAL(reasons(old), 2);

	done = prune(30, false);
	CU_ASSERT_EQUAL(done.files, 1);
	CU_ASSERT_EQUAL(done.reject_files, 1);
	CU_ASSERT_FALSE(is_there("old.csv"));
	CU_ASSERT(is_there("new.csv"));
	CU_ASSERT_EQUAL(reasons(old), 0);
	CU_ASSERT_EQUAL(reasons(new), 2);
	OK(ledger_bytes_known(world.run.env.ledger, "f", SHA_A, &known, &err));
	CU_ASSERT(known); /* it stays a duplicate */
	CU_ASSERT_EQUAL(prune(30, false).files, 0);
	free(old_path);
	free(new_path);
	world_end();
}

/* Somebody is correcting its reject file: all stays until that is gone. */
static void test_edited(void)
{
	const struct ledger_reason why = {
	    .code = "too-long", .column = "", .rows = 2, .lines = {2}};
	struct df_err err = {0};
	world_begin();
	char *path = reject_file("r.csv", 1000);
	int64_t id = world_done(world_file("a-eventless.csv", SHA_A, 1), 10, 2, path, 2);
	OK(ledger_document_reasons(world.run.env.ledger, id, &why, 1, &err));
	for (int dry_run = 1; dry_run >= 0; dry_run--) {
		struct run_pruned done = prune(30, dry_run);
		CU_ASSERT_EQUAL(done.files, 0);
		CU_ASSERT_EQUAL(done.reject_files, 0);
		world_logged("f: a-eventless.csv: kept, as ");
		world_logged("/r.csv was changed since it was written");
	}
	CU_ASSERT(is_there("r.csv"));
	CU_ASSERT_EQUAL(reasons(id), 2);
	CU_ASSERT_EQUAL(unlink(path), 0);
	CU_ASSERT_EQUAL(prune(30, false).files, 1);
	CU_ASSERT_EQUAL(reasons(id), 0);
	free(path);
	world_end();
}

/* What is under way is not old, however long ago it came; nor is another feed's. */
static void test_kept(void)
{
	static const char *const others[] = {"g"};
	const struct run_prune_options options = {
	    .older_than_ms = DAY, .feeds = others, .n_feeds = 1};
	struct run_pruned out = {0};
	world_begin();
	world_file("open-eventless.csv", SHA_A, 1);
	CU_ASSERT_EQUAL(prune(1, false).files, 0);
	world_done(world_file("done-eventless.csv", SHA_B, 1), 1, 0, NULL, 1);
	ledger_close(world.run.env.ledger);
	run_prune(&world.conf, &options, &out, &world.result);
	struct df_err err = {0};
	OK(ledger_open(world.dir, &world.run.env.ledger, &err));
	CU_ASSERT_EQUAL(out.files, 0);
	world_end();
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"what is removed", test_prune},
	    {"a reject file that was edited", test_edited},
	    {"what is kept", test_kept},
	    CU_TEST_INFO_NULL,
	};
	return test_main("run_prune", NULL, NULL, tests);
}
