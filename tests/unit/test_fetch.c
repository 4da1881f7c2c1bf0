/* SPDX-License-Identifier: MIT */
/* What is downloaded, with both drivers. */
#include "fetch_place.h"
#include "synced.h"

#include <signal.h>
#include <sys/resource.h>

enum { BIG = 20 * 1000 * 1000 + 7 };

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

/* Its source has it no more: what an earlier attempt read to its end is the only copy. */
static void test_get_gone(void)
{
	static const int sizes[] = {100, 100000}; /* looked at once, and twice */
	before();
	char *spool = df_format("%s/spool/file", scratch),
	     *file = df_format("%s/a-custom_event.csv", root);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct df_err err = {0};
		char hex[DF_SHA256_HEX] = "";
		CU_ASSERT_FATAL(run("head -c %d /dev/urandom >%s", sizes[i], file) == 0);
		struct fetch_list list = listed();
		CU_ASSERT_FATAL(run("mv %s %s.part", file, spool) == 0);
		synced_forget();
		CU_ASSERT(is_status(fetch_get(source, &list.v[0], spool, hex, &err), DF_OK, &err));
		CU_ASSERT(fetch_fate(source)->gone);
		CU_ASSERT(is_synced(spool));
		CU_ASSERT_EQUAL(unlink(spool), 0);
		fetch_list_free(&list);
	}
	free(file);
	free(spool);
	after();
}

static void test_get_changed(void)
{
	static const char *const changes[] = {"echo more >>",         "truncate -s 10",
					      "truncate -s 0",        "rm",
					      "touch -d @1600000000", "ln -sf /etc/passwd"};
	before();
	/* with 0, whoever owns the source does not mind files that have not come to rest */
	feed->fetch.min_age_ms = 1;
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

int main(void)
{
	static const CU_TestInfo both[] = {
	    {"get: sizes", test_get_sizes},
	    {"get: odd name", test_get_odd_name},
	    {"get: resumes a part", test_get_resumes},
	    {"get: gone meanwhile", test_get_gone},
	    {"get: changed meanwhile", test_get_changed},
	    {"get: stopped", test_get_stopped},
	    {"get: disk full", test_get_disk_full},
	    {"get: bad spool, bad name", test_get_bad_spool_and_name},
	    CU_TEST_INFO_NULL,
	};
	return place_run(both, NULL);
}
