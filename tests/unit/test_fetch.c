/* SPDX-License-Identifier: MIT */
/* Files and folders, with both drivers: every test of the table runs against a local folder and
 * against a real sshd. */
#include "fetch_peer.h"

#include <signal.h>
#include <sys/resource.h>

enum { BIG = 20 * 1000 * 1000 + 7 };

static char *root; /* the served folder */
static struct conf_feed *feed;
static struct fetch *source;

/* ---- the two places ---- */

static int place_dir_init(void)
{
	root = df_format("%s/local", scratch);
	feed = feed_new(CONF_SOURCE_FILE, df_strdup(root));
	return run("mkdir -p %s", root);
}

static int place_sftp_init(void)
{
	root = df_format("%s/sshd/root", scratch);
	if (run("tests/peers/sshd start %s/sshd", scratch) != 0)
		return -1;
	char *dir = df_format("%s/sshd", scratch);
	feed = feed_sftp(dir, df_strdup(root));
	free(dir);
	return 0;
}

static int place_clean(void)
{
	feed_free(feed);
	free(root);
	return run("tests/peers/sshd stop %s/sshd", scratch);
}

/* Before each test an empty folder and a fresh connection. */
static void before(void)
{
	struct df_err err = {0};
	CU_ASSERT_FATAL(run("find %s -mindepth 1 -delete; rm -rf %s/spool; mkdir %s/spool", root,
			    scratch, scratch) == 0);
	CU_ASSERT_FATAL(is_status(fetch_open(feed, &source, &err), DF_OK, &err));
}

static void after(void)
{
	fetch_close(source);
	source = NULL;
}

static struct fetch_list listed(void)
{
	struct fetch_list list = {0};
	struct df_err err = {0};
	CU_ASSERT_FATAL(is_status(fetch_list(source, &list, &err), DF_OK, &err));
	return list;
}

/* ---- listing ---- */

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

/* ---- downloads ---- */

/* Downloads the only file, and compares with what other programs say of it. */
static void get_and_compare(const char *name)
{
	struct df_err err = {0};
	struct stat st = {0};
	char hex[DF_SHA256_HEX] = "", *spool = df_format("%s/spool/file", scratch);
	char *part = df_format("%s.part", spool),
	     *want = first_line("sha256sum <\"%s/%s\" | cut -c1-64", root, name);
	struct fetch_list list = listed();
	CU_ASSERT_EQUAL_FATAL(list.n, 1);
	CU_ASSERT(is_status(fetch_get(source, &list.v[0], spool, hex, &err), DF_OK, &err));
	CU_ASSERT_STRING_EQUAL(hex, want);
	CU_ASSERT(run("cmp -s \"%s/%s\" %s", root, name, spool) == 0);
	CU_ASSERT(access(part, F_OK) != 0);
	CU_ASSERT(stat(spool, &st) == 0 && (st.st_mode & 0777) == 0600);
	unlink(spool);
	fetch_list_free(&list);
	free(want);
	free(part);
	free(spool);
}

static void test_get_sizes(void)
{
	static const int sizes[] = {0, 1, 30000, 1 << 20, BIG};
	before();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		CU_ASSERT_FATAL(
		    run("head -c %d /dev/urandom >%s/a-custom_event.csv", sizes[i], root) == 0);
		get_and_compare("a-custom_event.csv");
	}
	after();
}

static void test_get_odd_name(void)
{
	before();
	CU_ASSERT_FATAL(run("echo x >\"%s/it's \n ü-custom_event.csv\"", root) == 0);
	get_and_compare("it's \n ü-custom_event.csv");
	after();
}

/* The part's bytes differ from the source's: the result shows that they were kept, hashed, and
 * not read again. */
static void test_get_resumes(void)
{
	before();
	struct df_err err = {0};
	char hex[DF_SHA256_HEX] = "", *spool = df_format("%s/spool/file", scratch);
	CU_ASSERT_FATAL(run("head -c %d /dev/urandom >%s/a-custom_event.csv", BIG, root) == 0);
	CU_ASSERT_FATAL(
	    run("head -c 5000001 /dev/zero >%s.part && chmod 644 %s.part", spool, spool) == 0);
	CU_ASSERT_FATAL(run("(cat %s.part; tail -c +5000002 %s/a-custom_event.csv) >%s.want", spool,
			    root, spool) == 0);
	char *want = first_line("sha256sum <%s.want | cut -c1-64", spool);
	struct fetch_list list = listed();
	CU_ASSERT(is_status(fetch_get(source, &list.v[0], spool, hex, &err), DF_OK, &err));
	CU_ASSERT_STRING_EQUAL(hex, want);
	CU_ASSERT(run("cmp -s %s %s.want && test $(stat -c %%a %s) = 600", spool, spool, spool) ==
		  0);
	fetch_list_free(&list);

	/* A whole part only needs the second look; one that is too long is not ours. */
	CU_ASSERT_FATAL(run("rm %s; cp %s/a-custom_event.csv %s.part", spool, root, spool) == 0);
	get_and_compare("a-custom_event.csv");
	CU_ASSERT_FATAL(run("(cat %s/a-custom_event.csv; echo) >%s.part", root, spool) == 0);
	get_and_compare("a-custom_event.csv");
	free(want);
	free(spool);
	after();
}

static void test_get_changed(void)
{
	static const char *const changes[] = {"echo more >>",         "truncate -s 10",
					      "truncate -s 0",        "rm",
					      "touch -d @1600000000", "ln -sf /etc/passwd"};
	before();
	char *spool = df_format("%s/spool/file", scratch), *part = df_format("%s.part", spool);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct df_err err = {0};
		char hex[DF_SHA256_HEX] = "";
		CU_ASSERT_FATAL(run("head -c 100000 /dev/urandom >%s/a-custom_event.csv", root) ==
				0);
		struct fetch_list list = listed();
		CU_ASSERT_FATAL(run("%s %s/a-custom_event.csv", changes[i], root) == 0);
		bool gone = strcmp(changes[i], "rm") == 0;
		CU_ASSERT(is_status(fetch_get(source, &list.v[0], spool, hex, &err),
				    gone ? DF_END : DF_RETRY, &err));
		CU_ASSERT(gone || says(&err, "a-custom_event.csv"));
		CU_ASSERT(access(spool, F_OK) != 0);
		/* A link in the file's place is refused, or seen by the second look; neither may
		 * reach the spool. */
		CU_ASSERT(access(part, F_OK) != 0 || strstr(changes[i], "ln") != NULL);
		unlink(part);
		fetch_list_free(&list);
		CU_ASSERT_FATAL(run("rm -f %s/a-custom_event.csv", root) == 0);
	}
	free(part);
	free(spool);
	after();
}

static void test_get_stopped(void)
{
	before();
	struct df_err err = {0};
	char hex[DF_SHA256_HEX] = "", *spool = df_format("%s/spool/file", scratch);
	CU_ASSERT_FATAL(
	    run("echo 1234567 >%s/a-custom_event.csv; printf 1234 >%s.part", root, spool) == 0);
	struct fetch_list list = listed();
	df_stop_requested = 1;
	CU_ASSERT(is_status(fetch_get(source, &list.v[0], spool, hex, &err), DF_RETRY, &err));
	df_stop_requested = 0;
	CU_ASSERT(says(&err, "stopped"));
	CU_ASSERT(run("test -s %s.part && test ! -e %s", spool, spool) == 0);
	fetch_list_free(&list);
	free(spool);
	after();
}

/* The spool's disk is full, as far as this process is concerned: what was written is a part that
 * the next attempt goes on with. */
static void test_get_disk_full(void)
{
	static const int limits[] = {0, 100, 3000000, BIG - 1};
	before();
	char hex[DF_SHA256_HEX] = "", *spool = df_format("%s/spool/file", scratch),
	     *part = df_format("%s.part", spool);
	CU_ASSERT_FATAL(run("head -c %d /dev/urandom >%s/a-custom_event.csv", BIG, root) == 0);
	signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct rlimit all, few;
		struct df_err err = {0};
		struct stat st = {0};
		struct fetch_list list = listed();
		CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &all), 0);
		few = all;
		few.rlim_cur = (rlim_t)limits[i];
		CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &few), 0);
		enum df_status got = fetch_get(source, &list.v[0], spool, hex, &err);
		CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &all), 0);
		CU_ASSERT(is_status(got, DF_RETRY, &err));
		CU_ASSERT(says(&err, ".part") && says(&err, "too large"));
		CU_ASSERT(stat(part, &st) == 0 && st.st_size == limits[i]);
		fetch_list_free(&list);
	}
	signal(SIGXFSZ, SIG_DFL);
	get_and_compare("a-custom_event.csv");
	free(part);
	free(spool);
	after();
}

static void test_get_bad_spool_and_name(void)
{
	before();
	struct df_err err = {0}, err2 = {0};
	char hex[DF_SHA256_HEX] = "", *spool = df_format("%s/spool/file", scratch);
	CU_ASSERT_FATAL(run("echo 1 >%s/a-custom_event.csv; echo 1 >%s/outside", root, scratch) ==
			0);
	struct fetch_entry out = {.name = "../outside", .size = 2, .mtime = 0};
	CU_ASSERT(is_status(fetch_get(source, &out, spool, hex, &err), DF_FATAL, &err));
	struct fetch_list list = listed();
	CU_ASSERT(is_status(fetch_get(source, &list.v[0], "/no such folder/file", hex, &err2),
			    DF_RETRY, &err2));
	CU_ASSERT(says(&err2, "No such file"));
	fetch_list_free(&list);
	free(spool);
	after();
}

/* ---- afterwards ---- */

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

	/* One that a killed run left, under the name that this program uses. */
	char *hash = first_line("printf empty | sha256sum | cut -c1-16");
	CU_ASSERT_FATAL(run("echo old >%s/receipts/new/.dropfeed-%s.tmp", root, hash) == 0);
	CU_ASSERT(is_status(fetch_put(source, "receipts/new", "empty", "1", 1, &err), DF_OK, &err));
	CU_ASSERT(run("test $(ls -A %s/receipts/new | wc -l) = 2 && test $(cat "
		      "%s/receipts/new/empty) = 1",
		      root, root) == 0);
	CU_ASSERT(is_status(fetch_put(source, ".", "../up", "1", 1, &err), DF_FATAL, &err));
	free(hash);
	free(bytes);
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
	    {"list: which files", test_list_filter},
	    {"list: include and exclude", test_list_globs},
	    {"list: empty and missing folders", test_list_empty_and_missing},
	    {"no access", test_no_access},
	    {"trouble while listing", test_list_trouble},
	    {"get: sizes", test_get_sizes},
	    {"get: odd name", test_get_odd_name},
	    {"get: resumes a part", test_get_resumes},
	    {"get: changed meanwhile", test_get_changed},
	    {"get: stopped", test_get_stopped},
	    {"get: disk full", test_get_disk_full},
	    {"get: bad spool, bad name", test_get_bad_spool_and_name},
	    {"after: keep, delete", test_after_keep_and_delete},
	    {"after: move", test_after_move},
	    {"after: replaced meanwhile", test_after_replaced},
	    {"put", test_put},
	    CU_TEST_INFO_NULL,
	};
	static const CU_TestInfo dir[] = {{"settled", test_settled}, CU_TEST_INFO_NULL};
	static const CU_TestInfo sftp[] = {{"login folder", test_home}, CU_TEST_INFO_NULL};
	if (!scratch_make() || CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	test_suite_add("file://", place_dir_init, place_clean, both);
	test_suite_add("file:// alone", place_dir_init, place_clean, dir);
	test_suite_add("sftp://", place_sftp_init, place_clean, both);
	test_suite_add("sftp:// alone", place_sftp_init, place_clean, sftp);
	int failed = test_run_all();
	return scratch_end() != 0 || failed;
}
