/* SPDX-License-Identifier: MIT */
/* conf_fixture.h - a folder with what settings name, and what is read of a configuration in it */
#ifndef CONF_FIXTURE_H
#define CONF_FIXTURE_H

#include "dropfeed/conf.h"
#include "test.h"

static char dir[100];

static inline void put(const char *name, const char *text, mode_t mode)
{
	char *path = df_format("%s/%s", dir, name);
	unlink(path);
	FILE *f = fopen(path, "w");
	if (f == NULL)
		abort();
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
	free(path);
}

static inline int setup(void)
{
	if (test_folder_make(dir, sizeof(dir)) != 0)
		return 1;
	put("secret", "s3cret-value\nsecond line\n", 0600);
	put("crlf", "with blanks inside \r\n", 0400);
	put("open", "s3cret-value\n", 0644);
	put("group", "s3cret-value\n", 0640);
	put("bom", "\xef\xbb\xbfs3cret-value\r\n", 0600);
	put("utf16", "\xff\xfes", 0600);
	put("written", "s3cret-value\n", 0660);
	put("empty", "\nsecond\n", 0600);
	put("id", "key\n", 0600);
	put("manifest.json", "{\"columns\": []}\n", 0644);
	put("ca.pem", "x\n", 0644);
	put("hosts", "x\n", 0644);
	char *gnupg = df_format("%s/gnupg", dir);
	int rc = mkdir(gnupg, 0700);
	free(gnupg);
	return rc;
}

static inline int teardown(void)
{
	return test_folder_remove(dir);
}

/* Loads `text`. Problems, one a line as "line: text", go to *problems, which the caller frees. */
static inline struct conf *load(const char *text, char **problems)
{
	struct conf *conf = NULL;
	struct conf_problems p = {0};
	struct df_err err = {0};
	struct df_buf all = {0};
	char *path = df_format("%s/t.conf", dir);
	put("t.conf", text, 0644);
	enum df_status st = conf_load(path, &conf, &p, &err);
	CU_ASSERT_EQUAL(st, p.n == 0 ? DF_OK : DF_USAGE);
	CU_ASSERT_EQUAL(conf != NULL, st == DF_OK);
	for (size_t i = 0; i < p.n; i++)
		df_buf_addf(&all, "%d: %s\n", p.v[i].line, p.v[i].text);
	*problems = df_strdup(df_buf_cstr(&all));
	df_buf_free(&all);
	conf_problems_free(&p);
	free(path);
	return conf;
}

static inline struct conf *load_good(const char *text)
{
	char *problems = NULL;
	struct conf *conf = load(text, &problems);
	CU_ASSERT_STRING_EQUAL(problems, "");
	if (conf == NULL) {
		fprintf(stderr, "%s", problems);
		exit(1);
	}
	free(problems);
	return conf;
}

/* The problems begin as listed, in that order, each at its line, and there are no others. */
static inline void expect(const char *text, const char *const *want, int source_line)
{
	char *problems = NULL, *at;
	conf_free(load(text, &problems));
	at = problems;
	bool same = true;
	for (; *want != NULL && same; want++) {
		char *end = strchr(at, '\n');
		same = end != NULL && strncmp(at, *want, strlen(*want)) == 0;
		if (same)
			at = end + 1;
	}
	same = same && *at == '\0';
	CU_ASSERT_TRUE(same);
	if (!same)
		fprintf(stderr, "line %d: got\n%s", source_line, problems);
	free(problems);
}
#define EXPECT(text, ...) expect(text, (const char *const[]){__VA_ARGS__, NULL}, __LINE__)

#define HEAD "[dropfeed]\nstate_dir = /s\n[feed a]\nsink = -\n" /* the next line is 5 */

#endif
