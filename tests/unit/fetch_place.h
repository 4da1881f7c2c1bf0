/* SPDX-License-Identifier: MIT */
/*
 * fetch_place.h - the two places that files come from: a local folder, and one that a real sshd
 * serves; tests of one suite run against each
 */
#ifndef FETCH_PLACE_H
#define FETCH_PLACE_H

#include "fetch_peer.h"

static char *root; /* the served folder */
static struct conf_feed *feed;
static struct fetch *source;

static inline int place_dir_init(void)
{
	root = df_format("%s/local", scratch);
	feed = feed_new(CONF_SOURCE_FILE, df_strdup(root));
	return run("mkdir -p %s", root);
}

static inline int place_sftp_init(void)
{
	root = df_format("%s/sshd/root", scratch);
	if (run("tests/peers/sshd start %s/sshd", scratch) != 0)
		return -1;
	char *dir = df_format("%s/sshd", scratch);
	feed = feed_sftp(dir, df_strdup(root));
	free(dir);
	return 0;
}

static inline int place_clean(void)
{
	feed_free(feed);
	free(root);
	return run("tests/peers/sshd stop %s/sshd", scratch);
}

/* Before each test an empty folder and a fresh connection. */
static inline void before(void)
{
	struct df_err err = {0};
	CU_ASSERT_FATAL(run("find %s -mindepth 1 -delete; rm -rf %s/spool; mkdir %s/spool", root,
			    scratch, scratch) == 0);
	CU_ASSERT_FATAL(is_status(fetch_open(feed, &source, &err), DF_OK, &err));
}

static inline void after(void)
{
	fetch_close(source);
	source = NULL;
}

static inline struct fetch_list listed(void)
{
	struct fetch_list list = {0};
	struct df_err err = {0};
	CU_ASSERT_FATAL(is_status(fetch_list(source, &list, &err), DF_OK, &err));
	return list;
}

/* Downloads the only file, and compares with what other programs say of it. */
static inline void get_and_compare(const char *name)
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

/* Runs the suites; `sftp` may be NULL. Returns what main does. */
static inline int place_run(const CU_TestInfo *both, const CU_TestInfo *sftp)
{
	if (!scratch_make() || CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	test_suite_add("file://", place_dir_init, place_clean, both);
	test_suite_add("sftp://", place_sftp_init, place_clean, both);
	if (sftp != NULL)
		test_suite_add("sftp:// alone", place_sftp_init, place_clean, sftp);

	int failed = test_run_all();
	return scratch_end() != 0 || failed;
}

#endif
