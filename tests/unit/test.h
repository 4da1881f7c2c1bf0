/* SPDX-License-Identifier: MIT */
/*
 * test.h - what each unit test needs: assertions that show what they compare, a folder, main
 *
 *	static void test_thing(void)
 *	{
 *		struct df_err err = {0};
 *		OK(thing_do(&thing, &err));
 *		TEXT_IS(thing.name, "a");
 *	}
 *
 *	int main(void)
 *	{
 *		static const CU_TestInfo tests[] = {
 *		    {"what the thing promises", test_thing},
 *		    CU_TEST_INFO_NULL,
 *		};
 *		return test_main("thing", NULL, NULL, tests);
 *	}
 *
 * A function of another room or of the C library is replaced by a __wrap_NAME in the test, which
 * reaches the replaced one as __real_NAME: the Makefile finds it and sets the linker's --wrap.
 */
#ifndef TEST_H
#define TEST_H

#include "dropfeed/base.h"

#include <CUnit/Basic.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEST_UNUSED __attribute__((unused))

/* ---- assertions ---- */

/* Of a call that reports to `err`, which is cleared first: DF_OK, or this other status. */
#define OK(call) IS(call, DF_OK)
#define IS(call, want)                                                                             \
	do {                                                                                       \
		memset(&err, 0, sizeof(err));                                                      \
		enum df_status is_st = (call);                                                     \
		CU_ASSERT_EQUAL(is_st, want);                                                      \
		if (is_st != (want))                                                               \
			fprintf(stderr, "\n%s:%d: status %d, not %d: [%s] %s\n", __FILE__,         \
				__LINE__, (int)is_st, (int)(want), err.code, err.text);            \
	} while (0)

#define TEXT_IS(actual, expected)  CU_ASSERT(test_text_is(actual, expected, __FILE__, __LINE__))
#define TEXT_HAS(actual, expected) CU_ASSERT(test_text_has(actual, expected, __FILE__, __LINE__))

static inline bool test_text_is(const char *actual, const char *expected, const char *file,
				int line)
{
	bool is = actual != NULL && strcmp(actual, expected) == 0;
	if (!is)
		fprintf(stderr, "\n%s:%d: got      %s\n  expected %s\n", file, line,
			actual != NULL ? actual : "(NULL)", expected);
	return is;
}

static inline bool test_text_has(const char *actual, const char *part, const char *file, int line)
{
	bool has = actual != NULL && strstr(actual, part) != NULL;
	if (!has)
		fprintf(stderr, "\n%s:%d: got      %s\n  without  %s\n", file, line,
			actual != NULL ? actual : "(NULL)", part);
	return has;
}

/* ---- a folder ---- */

/* Makes a folder below $TMPDIR and writes its path. 0, as a suite's first step wants it. */
static inline int test_folder_make(char *path, size_t size)
{
	const char *tmp = getenv("TMPDIR");
	int n = snprintf(path, size, "%s/df-XXXXXX", tmp != NULL && *tmp != '\0' ? tmp : "/tmp");
	return n < 0 || (size_t)n >= size || mkdtemp(path) == NULL;
}

static inline int test_folder_unlink(const char *path, const struct stat *info, int type,
				     struct FTW *at)
{
	(void)info;
	(void)type;
	(void)at;
	return remove(path);
}

static inline int test_folder_remove(const char *path)
{
	return nftw(path, test_folder_unlink, 8, FTW_DEPTH | FTW_PHYS);
}

/* A file of a folder with this text; what was there is replaced. */
static inline void test_file_put(const char *folder, const char *name, const char *text)
{
	char *path = df_format("%s/%s", folder, name);
	FILE *f = fopen(path, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT(fputs(text, f) >= 0);
	CU_ASSERT_EQUAL(fclose(f), 0);
	free(path);
}

/* Its text, the caller's; NULL where it is missing. */
static inline char *test_file_get(const char *folder, const char *name)
{
	struct df_err err = {0};
	char *path = df_format("%s/%s", folder, name), *text = NULL;
	enum df_status st = df_read_file(path, 64 << 20, &text, NULL, &err);
	free(path);
	return st == DF_OK ? text : NULL;
}

/* ---- main ---- */

static inline void test_suite_add(const char *name, CU_InitializeFunc begin, CU_CleanupFunc end,
				  const CU_TestInfo *tests)
{
	CU_pSuite suite = CU_add_suite(name, begin, end);
	for (; suite != NULL && tests->pName != NULL; tests++)
		CU_add_test(suite, tests->pName, tests->pTestFunc);
}

/* Runs what was added. A suite that could not start is a failure, and so is a run of no test. */
static inline int test_run_all(void)
{
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	unsigned failed = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
	bool ran = CU_get_number_of_tests_run() > 0;
	CU_cleanup_registry();
	return failed > 0 || !ran;
}

/* One suite; begin and end may be NULL. The program's exit code. */
static inline int test_main(const char *name, CU_InitializeFunc begin, CU_CleanupFunc end,
			    const CU_TestInfo *tests)
{
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	test_suite_add(name, begin, end, tests);
	return test_run_all();
}

#endif
