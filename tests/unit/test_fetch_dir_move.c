/* SPDX-License-Identifier: MIT */
/* A local file gets another place: where its own cannot be left, nothing is in the other one. */
#include "../../src/fetch/fetch_dir_move.h"

#include "test.h"

#include <errno.h>

static char dir[200], from[220], to[220];
static int refused;       /* errno with which `from` is not removed; or 0 */
static bool gone;         /* but somebody else removes it */
static bool no_noreplace; /* as on some file systems */

int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __wrap_unlink(const char *path)
{
	if (refused == 0 || strcmp(path, from) != 0)
		return __real_unlink(path);
	if (gone)
		CU_ASSERT_EQUAL(__real_unlink(path), 0);
	errno = refused;
	return -1;
}

int __real_renameat2(int a, const char *old, int b, const char *new, unsigned flags);
int __wrap_renameat2(int a, const char *old, int b, const char *new, unsigned flags);
int __wrap_renameat2(int a, const char *old, int b, const char *new, unsigned flags)
{
	errno = EINVAL;
	return no_noreplace ? -1 : __real_renameat2(a, old, b, new, flags);
}

static void begin(int why, bool meanwhile)
{
	refused = 0;
	(void)unlink(from);
	(void)unlink(to);
	test_file_put(dir, "a.csv", "hello\n");
	refused = why;
	gone = meanwhile;
}

static void holds(bool own, bool other)
{
	char *a = test_file_get(dir, "a.csv"), *b = test_file_get(dir, "b.csv");
	CU_ASSERT_EQUAL(a != NULL && strcmp(a, "hello\n") == 0, own);
	CU_ASSERT_EQUAL(b != NULL && strcmp(b, "hello\n") == 0, other);
	free(a);
	free(b);
}

static void test_far(void)
{
	struct df_err err = {0};
	begin(0, false);
	OK(fetch_dir_move_far(from, to, &err));
	holds(false, true);
	begin(EACCES, false);
	IS(fetch_dir_move_far(from, to, &err), DF_RETRY);
	TEXT_HAS(err.text, "a.csv: Permission denied");
	holds(true, false);
	begin(ENOENT, true);
	OK(fetch_dir_move_far(from, to, &err));
	holds(false, true);
	begin(EIO, true); /* of a server that has done it all the same */
	OK(fetch_dir_move_far(from, to, &err));
	holds(false, true);
}

static void test_linked(void)
{
	no_noreplace = true;
	begin(0, false);
	CU_ASSERT_EQUAL(fetch_dir_name(from, to), 0);
	holds(false, true);
	begin(EPERM, false);
	CU_ASSERT_EQUAL(fetch_dir_name(from, to), EPERM);
	holds(true, false);
	begin(0, false);
	test_file_put(dir, "b.csv", "another\n");
	CU_ASSERT_EQUAL(fetch_dir_name(from, to), EEXIST);
	holds(true, false);
	CU_ASSERT_EQUAL(access(to, F_OK), 0);
	no_noreplace = false;
}

static int suite_begin(void)
{
	if (test_folder_make(dir, sizeof(dir)) != 0)
		return -1;
	snprintf(from, sizeof(from), "%s/a.csv", dir);
	snprintf(to, sizeof(to), "%s/b.csv", dir);
	return 0;
}

static int suite_end(void)
{
	refused = 0;
	return test_folder_remove(dir);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"to another file system", test_far},
	    {"by a link", test_linked},
	    CU_TEST_INFO_NULL,
	};
	return test_main("fetch_dir_move", suite_begin, suite_end, tests);
}
