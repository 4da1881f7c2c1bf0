/* SPDX-License-Identifier: MIT */
/* What a monitor reads from `status`, and where a ledger can be copied. */
#include "run_world.h"

#define NOW INT64_C(1768206600000)

static void status(int64_t since, const char *feed)
{
	const struct run_status_options o = {
	    .json = true, .feed = feed, .health = since >= 0, .health_since_ms = since};
	memset(&world.result, 0, sizeof(world.result));
	run_status(&world.conf, &o, &world.result);
}

static void test_health(void)
{
	world_begin();
	world_done(world_file("a-eventless.csv", SHA_A, NOW), 10, 2, NULL, NOW);
	status(NOW - 1, NULL);
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 1);
	status(NOW + 1, NULL); /* it was closed before */
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 0);
	status(0, NULL); /* ever */
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 1);
	status(-1, NULL); /* not asked for */
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 0);
	world_file("b-eventless.csv", SHA_B, NOW);
	status(NOW + 1, NULL);
	CU_ASSERT(world.result.unfinished);
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 3);
	status(NOW + 1, "g"); /* another feed's */
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 0);
	world_end();
}

static void test_backup(void)
{
	struct df_err err = {0};
	struct ledger *copy = NULL;
	bool known = false;
	world_begin();
	world_done(world_file("a-eventless.csv", SHA_A, NOW), 10, 0, NULL, NOW);
	char *dir = df_format("%s/copy", world.dir), *path = df_format("%s/ledger.db", dir);
	OK(df_mkdirs(dir, &err));
	world.conf.ledger.url = (char *)"postgres://h/d";
	run_backup(&world.conf, path, &world.result);
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 2);
	CU_ASSERT_EQUAL(access(path, F_OK), -1);
	world.conf.ledger.url = NULL;
	memset(&world.result, 0, sizeof(world.result));
	run_backup(&world.conf, path, &world.result);
	CU_ASSERT_EQUAL(run_exit_code(&world.result), 0);
	OK(ledger_open(dir, &copy, &err));
	OK(ledger_bytes_known(copy, "f", SHA_A, &known, &err));
	CU_ASSERT(known);
	ledger_close(copy);
	free(dir);
	free(path);
	world_end();
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"health", test_health}, {"a copy", test_backup}, CU_TEST_INFO_NULL};
	return test_main("run_status", NULL, NULL, tests);
}
