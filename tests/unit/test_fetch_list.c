/* SPDX-License-Identifier: MIT */
/* What is in a folder, with both drivers. */
#include "fetch_place.h"

static void test_list_filter(void)
{
	before();
	/* Every kind of thing that a folder can hold, and a file whose name a shell or a
	 * terminal would trip over. */
	CU_ASSERT_FATAL(
	    run("cd %s && printf abc >b-custom_event.csv && touch -d @1700000000 "
		"b-custom_event.csv && "
		"touch .h-custom_event.csv x-custom_event.csv.part readme.txt && mkdir "
		"d-custom_event.csv && "
		"ln -s b-custom_event.csv l-custom_event.csv && mkfifo f-custom_event.csv",
		root) == 0);
	CU_ASSERT_FATAL(
	    run("cd %s && touch \"it's a \\\"b\\\"-custom_event.csv\" \"Ümläut-custom_event.csv\" "
		"\"two\n lines-custom_event.csv\"",
		root) == 0);
	struct fetch_list list = listed();
	CU_ASSERT_EQUAL_FATAL(list.n, 4);
	CU_ASSERT_STRING_EQUAL(list.v[0].name, "b-custom_event.csv");
	CU_ASSERT_EQUAL(list.v[0].size, 3);
	CU_ASSERT_EQUAL(list.v[0].mtime, 1700000000);
	CU_ASSERT_STRING_EQUAL(list.v[1].name, "it's a \"b\"-custom_event.csv");
	CU_ASSERT_STRING_EQUAL(list.v[2].name, "two\n lines-custom_event.csv");
	CU_ASSERT_STRING_EQUAL(list.v[3].name, "Ümläut-custom_event.csv");
	fetch_list_free(&list);
	after();
}

static void test_list_globs(void)
{
	char *include[] = {"*.txt", "b-*"}, *exclude[] = {"*secret*"};
	before();
	CU_ASSERT_FATAL(
	    run("cd %s && touch a-custom_event.csv b-custom_event.csv note.txt secret.txt .dot.txt",
		root) == 0);
	feed->fetch.exclude = (struct conf_list){exclude, 1};
	struct fetch_list list = listed();
	CU_ASSERT_EQUAL(list.n, 2); /* without include, recognised names only */
	fetch_list_free(&list);
	feed->fetch.include = (struct conf_list){include, 2};
	list = listed();
	feed->fetch.include = feed->fetch.exclude = (struct conf_list){0};
	CU_ASSERT_EQUAL_FATAL(list.n, 2);
	CU_ASSERT_STRING_EQUAL(list.v[0].name, "b-custom_event.csv");
	CU_ASSERT_STRING_EQUAL(list.v[1].name, "note.txt");
	fetch_list_free(&list);
	after();
}

static void test_list_empty_and_missing(void)
{
	before();
	struct fetch_list list = listed();
	CU_ASSERT_EQUAL(list.n, 0);
	fetch_list_free(&list);
	after();

	struct df_err err = {0};
	char *was = feed->fetch.source.path;
	feed->fetch.source.path = df_format("%s/no such", root);
	CU_ASSERT(is_status(try_open(feed, &err), DF_USAGE, &err));
	CU_ASSERT(says(&err, feed->fetch.source.path));
	CU_ASSERT(run("touch '%s'", feed->fetch.source.path) == 0);
	CU_ASSERT(is_status(try_open(feed, &err), DF_USAGE, &err));
	CU_ASSERT(says(&err, "not a folder"));
	set(&feed->fetch.source.path, was);
}

/* What the source refuses: the folder is a matter of access, a single file one for the next run.
 * Root is refused nothing. */
static void test_no_access(void)
{
	if (geteuid() == 0) {
		puts("  (skipped: root may read everything)");
		return;
	}
	before();
	struct df_err err = {0}, err2 = {0}, err3 = {0};
	struct fetch_list none = {0};
	char hex[DF_SHA256_HEX] = "", *spool = df_format("%s/spool/file", scratch);
	CU_ASSERT_FATAL(
	    run("echo 1 >%s/a-custom_event.csv && chmod 0 %s/a-custom_event.csv", root, root) == 0);
	struct fetch_list list = listed();
	CU_ASSERT(is_status(fetch_get(source, &list.v[0], spool, hex, &err), DF_RETRY, &err));
	CU_ASSERT(strstr(err.text, "ermission denied") != NULL);
	CU_ASSERT_FATAL(run("chmod 500 %s", root) == 0);
	struct conf_after_action action = {.what = CONF_DELETE};
	CU_ASSERT(is_status(fetch_after(source, &list.v[0], &action, &err2), DF_RETRY, &err2));
	CU_ASSERT(strstr(err2.text, "ermission denied") != NULL);
	CU_ASSERT_FATAL(run("chmod 0 %s", root) == 0);
	CU_ASSERT(is_status(fetch_list(source, &none, &err3), DF_DENIED, &err3));
	CU_ASSERT(run("chmod 700 %s", root) == 0);
	fetch_list_free(&list);
	free(spool);
	after();
}

static const char *unseen; /* no look at this name succeeds, and this is why: */
static int unseen_why;

static bool is_unseen(const char *name)
{
	if (unseen == NULL || strcmp(name, unseen) != 0)
		return false;
	errno = unseen_why;
	return true;
}

#if __GLIBC_PREREQ(2, 33)
int __real_fstatat64(int dir, const char *name, struct stat *st, int flags);
int __wrap_fstatat64(int dir, const char *name, struct stat *st, int flags);

int __wrap_fstatat64(int dir, const char *name, struct stat *st, int flags)
{
	return is_unseen(name) ? -1 : __real_fstatat64(dir, name, st, flags);
}
#else /* fstatat is inline, and calls this one */
int __real___fxstatat64(int version, int dir, const char *name, struct stat *st, int flags);
int __wrap___fxstatat64(int version, int dir, const char *name, struct stat *st, int flags);

int __wrap___fxstatat64(int version, int dir, const char *name, struct stat *st, int flags)
{
	return is_unseen(name) ? -1 : __real___fxstatat64(version, dir, name, st, flags);
}
#endif

/* A file that cannot be looked at is not a file that is not there, nor is the machine's trouble
 * the folder's "no". */
static void test_list_trouble(void)
{
	static const struct {
		int why;
		enum df_status list, open;
	} cases[] = {{EIO, DF_RETRY, DF_RETRY},
		     {ESTALE, DF_RETRY, DF_RETRY},
		     {EACCES, DF_DENIED, DF_DENIED},
		     {ENOENT, DF_OK, DF_USAGE}};
	if (feed->fetch.source.kind != CONF_SOURCE_FILE) /* the server looks at them */
		return;
	before();
	CU_ASSERT_FATAL(run("touch %s/a-custom_event.csv %s/b-custom_event.csv", root, root) == 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct df_err err = {0}, err2 = {0};
		struct fetch_list list = {0};
		struct fetch *none = NULL;
		unseen_why = cases[i].why;
		unseen = "a-custom_event.csv";
		CU_ASSERT(is_status(fetch_list(source, &list, &err), cases[i].list, &err));
		CU_ASSERT_EQUAL(list.n, cases[i].list == DF_OK);
		CU_ASSERT(cases[i].list == DF_OK || says(&err, "a-custom_event.csv"));
		unseen = root;
		CU_ASSERT(is_status(fetch_open(feed, &none, &err2), cases[i].open, &err2));
		unseen = NULL;
		fetch_list_free(&list);
	}
	after();
}

static void test_settled(void)
{
	struct fetch_entry now = {.size = 10, .mtime = 5};
	CU_ASSERT_TRUE(fetch_settled(&now, 10, 5, 1000, 61000, 60000));
	CU_ASSERT_FALSE(fetch_settled(&now, 10, 5, 1000, 60999, 60000));
	CU_ASSERT_FALSE(fetch_settled(&now, 9, 5, 1000, 61000, 60000));
	CU_ASSERT_FALSE(fetch_settled(&now, 10, 4, 1000, 61000, 60000));
	CU_ASSERT_FALSE(fetch_settled(&now, 10, 5, 90000, 1000, 60000)); /* the clock went back */
	CU_ASSERT_TRUE(fetch_settled(&now, 9, 4, 1000, 1000, 0));
}

int main(void)
{
	static const CU_TestInfo both[] = {
	    {"list: which files", test_list_filter},
	    {"list: include and exclude", test_list_globs},
	    {"list: empty and missing folders", test_list_empty_and_missing},
	    {"no access", test_no_access},
	    {"trouble while listing", test_list_trouble},
	    {"settled", test_settled},
	    CU_TEST_INFO_NULL,
	};
	return place_run(both, NULL);
}
