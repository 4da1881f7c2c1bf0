/* SPDX-License-Identifier: MIT */
/* Files are deleted, moved and written at the source, with both drivers. */
#include "fetch_place.h"

static void after_as(enum conf_after what, char *dir, enum df_status want)
{
	struct df_err err = {0};
	struct conf_after_action action = {.what = what, .dir = dir};
	struct fetch_entry entry = {
	    .name = (char[]){"a 'b'-custom_event.csv"}, .size = 2, .mtime = 1000};
	struct fetch_entry other = {.name = entry.name};
	if (fetch_stat_file(source, other.name, &other, &err) == DF_OK) {
		other.mtime--;
		CU_ASSERT(is_status(fetch_after(source, &other, &action, &err),
				    what == CONF_KEEP ? DF_OK : DF_END, &err));
		/* it stays */
		CU_ASSERT(
		    is_status(fetch_stat_file(source, other.name, &other, &err), DF_OK, &err));
	}
	CU_ASSERT(is_status(fetch_after(source, &entry, &action, &err), want, &err));
}

/* The file that after_as speaks of. */
static int after_file(const char *text)
{
	return run("cd %s && printf '%s' >\"a 'b'-custom_event.csv\" && touch -d @1000 \"a "
		   "'b'-custom_event.csv\"",
		   root, text);
}

static void test_after_keep_and_delete(void)
{
	before();
	CU_ASSERT_FATAL(after_file("1\\n") == 0);
	after_as(CONF_KEEP, NULL, DF_OK);
	CU_ASSERT(run("test -e \"%s/a 'b'-custom_event.csv\"", root) == 0);
	after_as(CONF_DELETE, NULL, DF_OK);
	CU_ASSERT(run("test ! -e \"%s/a 'b'-custom_event.csv\"", root) == 0);
	after_as(CONF_DELETE, NULL, DF_END); /* gone already */
	after_as(CONF_MOVE, "done", DF_END);
	after();
}

/* What came under the name meanwhile was never read: it stays. */
static void test_after_replaced(void)
{
	static const enum conf_after what[] = {CONF_DELETE, CONF_MOVE};
	before();
	for (size_t i = 0; i < 2; i++) {
		CU_ASSERT_FATAL(after_file("12\\n") == 0); /* another size */
		after_as(what[i], "done", DF_END);
		CU_ASSERT_FATAL(after_file("2\\n") == 0 &&
				run("touch -d @1001 %s/a*.csv", root) == 0);
		after_as(what[i], "done", DF_END);
		CU_ASSERT_FATAL(
		    run("cd %s && rm a*.csv && mkdir \"a 'b'-custom_event.csv\"", root) == 0);
		after_as(what[i], "done", DF_END);
		CU_ASSERT(run("cd %s && test ! -e done && rmdir a*.csv", root) == 0);
	}
	after();
}

/* So many files of the folder may be the one that after_as speaks of. */
static void moved_are(const char *dir, size_t n)
{
	struct df_err err = {0};
	struct fetch_list moved = {0};
	const struct fetch_entry entry = {
	    .name = (char[]){"a 'b'-custom_event.csv"}, .size = 2, .mtime = 1000};
	fetch_enter(source, dir);
	CU_ASSERT(is_status(fetch_list_moved(source, &entry, &moved, &err), DF_OK, &err));
	CU_ASSERT_EQUAL(moved.n, n);
	for (size_t i = 0; i < moved.n; i++) {
		struct fetch_entry there = {.name = moved.v[i].name};
		CU_ASSERT(
		    is_status(fetch_stat_file(source, there.name, &there, &err), DF_OK, &err));
		CU_ASSERT_EQUAL(there.size, 2);
	}
	fetch_list_free(&moved);
	fetch_enter(source, NULL);
}

static void test_after_move(void)
{
	before();
	char *absolute = df_format("%s/else/where/", root);
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_FATAL(after_file((const char *[]){"0\\n", "1\\n", "2\\n"}[i]) == 0);
		after_as(CONF_MOVE, "done/deep", DF_OK);
		CU_ASSERT(run("test ! -e \"%s/a 'b'-custom_event.csv\"", root) == 0);
	}
	CU_ASSERT(run("cd %s/done/deep && cat a*csv a*csv.1 a*csv.2 | tr -d '\\n' | grep -qx 012",
		      root) == 0);
	CU_ASSERT(run("test $(ls %s/done/deep | wc -l) = 3", root) == 0);
	moved_are("done/deep", 3);
	CU_ASSERT_FATAL(run("cd %s/done/deep && rm a*csv && touch a*csv.1 && cp -p a*csv.2 x && "
			    "mkdir \"a 'b'-custom_event.csv.7\"",
			    root) == 0);
	moved_are("done/deep", 1);

	/* A dangling link and a folder are taken names too. */
	CU_ASSERT_FATAL(run("mkdir -p %s && cd %s && ln -s nowhere \"a 'b'-custom_event.csv\" && "
			    "mkdir \"a 'b'-custom_event.csv.1\"",
			    absolute, absolute) == 0);
	CU_ASSERT_FATAL(after_file("7\\n") == 0);
	after_as(CONF_MOVE, absolute, DF_OK);
	CU_ASSERT(
	    run("grep -qx 7 \"%sa 'b'-custom_event.csv.2\" && test -L \"%sa 'b'-custom_event.csv\"",
		absolute, absolute) == 0);
	free(absolute);

	/* A folder that cannot be made: an ordinary failure, and the file stays. */
	CU_ASSERT_FATAL(run("echo 1 >%s/file", root) == 0 && after_file("8\\n") == 0);
	after_as(CONF_MOVE, "file/below", DF_RETRY);
	CU_ASSERT(run("grep -qx 8 \"%s/a 'b'-custom_event.csv\"", root) == 0);
	after();
}

static void test_put(void)
{
	before();
	struct df_err err = {0};
	size_t big = 1 << 20;
	char *bytes = df_alloc(big);
	memset(bytes, 'x', big);
	CU_ASSERT(is_status(fetch_put(source, "receipts/new", "a.receipt.json", "{}", 2, &err),
			    DF_OK, &err));
	CU_ASSERT(run("printf '{}' | cmp -s - %s/receipts/new/a.receipt.json", root) == 0);
	CU_ASSERT(is_status(fetch_put(source, "receipts/new", "a.receipt.json", bytes, big, &err),
			    DF_OK, &err));
	CU_ASSERT(run("tr -d x <%s/receipts/new/a.receipt.json | cmp -s - /dev/null && "
		      "test $(wc -c <%s/receipts/new/a.receipt.json) = %zu",
		      root, root, big) == 0);
	CU_ASSERT(is_status(fetch_put(source, "receipts/new", "empty", "", 0, &err), DF_OK, &err));
	/* no temporary one is left */
	CU_ASSERT(run("test $(ls -A %s/receipts/new | wc -l) = 2", root) == 0);

	/* One that a killed run left, under the name that this program uses; another feed's may be
	 * under way. */
	CU_ASSERT_FATAL(run("cd %s/receipts/new && echo old >.dropfeed-$(printf other/empty | "
			    "sha256sum | cut -c1-16).tmp",
			    root) == 0);
	char *hash = first_line("printf test/empty | sha256sum | cut -c1-16");
	CU_ASSERT_FATAL(run("echo old >%s/receipts/new/.dropfeed-%s.tmp", root, hash) == 0);
	CU_ASSERT(is_status(fetch_put(source, "receipts/new", "empty", "1", 1, &err), DF_OK, &err));
	CU_ASSERT(run("test $(ls -A %s/receipts/new | wc -l) = 3 && test $(cat "
		      "%s/receipts/new/empty) = 1",
		      root, root) == 0);
	CU_ASSERT(is_status(fetch_put(source, ".", "../up", "1", 1, &err), DF_FATAL, &err));
	free(hash);
	free(bytes);
	after();
}

/* "/~/" is where the login starts; only SFTP knows that. */
static void test_home(void)
{
	before();
	after();
	struct df_err err = {0};
	char *was = feed->fetch.source.path;
	CU_ASSERT_FATAL(run("mkdir %s/in && echo 1 >%s/in/a-custom_event.csv", root, root) == 0);
	feed->fetch.source.path = df_strdup("/~/in");
	CU_ASSERT_FATAL(is_status(fetch_open(feed, &source, &err), DF_OK, &err));
	get_and_compare("in/a-custom_event.csv");
	struct conf_after_action action = {.what = CONF_MOVE, .dir = "/~/out"};
	struct fetch_list list = listed();
	struct fetch_entry entry = list.v[0];
	CU_ASSERT(is_status(fetch_after(source, &entry, &action, &err), DF_OK, &err));
	CU_ASSERT(run("test -s %s/out/a-custom_event.csv", root) == 0);
	CU_ASSERT(is_status(fetch_stat_file(source, entry.name, &entry, &err), DF_END, &err));
	fetch_enter(source, "/~/out"); /* where it was moved to, it is there again */
	CU_ASSERT(is_status(fetch_stat_file(source, entry.name, &entry, &err), DF_OK, &err));
	get_and_compare("out/a-custom_event.csv");
	fetch_enter(source, NULL);
	CU_ASSERT(is_status(fetch_stat_file(source, entry.name, &entry, &err), DF_END, &err));
	fetch_list_free(&list);
	after();
	set(&feed->fetch.source.path, df_strdup("/~"));
	CU_ASSERT(is_status(try_open(feed, &err), DF_OK, &err));
	set(&feed->fetch.source.path, was);
}

int main(void)
{
	static const CU_TestInfo both[] = {
	    {"after: keep, delete", test_after_keep_and_delete},
	    {"after: move", test_after_move},
	    {"after: replaced meanwhile", test_after_replaced},
	    {"put", test_put},
	    CU_TEST_INFO_NULL,
	};
	static const CU_TestInfo sftp[] = {{"login folder", test_home}, CU_TEST_INFO_NULL};
	return place_run(both, sftp);
}
