/* SPDX-License-Identifier: MIT */
/* The files and documents that a command line names. */
#include "../../src/run/run_named.h"

#include "test.h"

/* No ledger is asked: what is looked for among the files of former feeds is in tests/e2e. */
static enum df_status check(struct run_named *n)
{
	struct df_err err = {0};
	const enum df_status st = run_named_check(n, NULL, NULL, "nothing to do", &err);
	CU_ASSERT_STRING_EQUAL(err.text, "");
	return st;
}

static void test_names(void)
{
	static const char *const wanted[] = {"a-eventless.csv", "b-*.zip", "c\\x0a.csv"};
	struct run_named *n = run_named_new(wanted, 3);
	CU_ASSERT(run_named_is(n, "a-eventless.csv"));
	CU_ASSERT(run_named_is(n, "b-1.zip"));
	CU_ASSERT(run_named_is(n, "b-1.zip:x-eventless.csv") == false);
	CU_ASSERT(run_named_is(n, "c\n.csv")); /* as status prints it */
	CU_ASSERT_FALSE(run_named_is(n, "a-eventless.csv.gz"));
	df_log_setup(DF_LOG_ERROR, false);
	CU_ASSERT(check(n) == DF_OK);
	df_log_setup(DF_LOG_INFO, false);
	run_named_free(n);
}

static void test_everything(void)
{
	struct run_named *n = run_named_new(NULL, 0);
	CU_ASSERT(run_named_is(n, "anything"));
	CU_ASSERT(check(n) == DF_OK);
	run_named_free(n);
}

static void test_unknown(void)
{
	static const char *const wanted[] = {"a-eventles.csv", "b.csv"};
	struct run_named *n = run_named_new(wanted, 2);
	CU_ASSERT(check(n) == DF_USAGE);
	CU_ASSERT_FALSE(run_named_is(n, "a-eventless.csv"));
	CU_ASSERT(run_named_is(n, "b.csv"));
	run_named_chosen(n, "b.csv");
	CU_ASSERT(check(n) == DF_USAGE); /* one is enough */
	run_named_free(n);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"names and globs", test_names},
	    {"without a name everything is meant", test_everything},
	    {"unknown names", test_unknown},
	    CU_TEST_INFO_NULL,
	};
	return test_main("run_named", NULL, NULL, tests);
}
