/* SPDX-License-Identifier: MIT */
/*
 * decode_fixture.h - a folder with drop files made by the real tools, and what comes out of them
 *
 * Every helper looks into the scratch folder too: no file may ever have a name there.
 */
#ifndef DECODE_FIXTURE_H
#define DECODE_FIXTURE_H

#include "dropfeed/decode.h"
#include "dropfeed/schema.h"
#include "test.h"

#include <dirent.h>
#include <stdarg.h>
#include <sys/wait.h>

static char fx_dir[64]; /* short: sockets of gpg-agent lie in it */
static char fx_scratch[80];
static _Atomic unsigned fx_named; /* times that a name was seen in the scratch folder */

static inline void fx_watch(void)
{
	DIR *dir = fx_scratch[0] != '\0' ? opendir(fx_scratch) : NULL;
	if (dir == NULL)
		return;
	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		fx_named += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(dir);
}

bool __real_schema_event_known(const char *name, size_t len);
bool __wrap_schema_event_known(const char *name, size_t len);

/* It is called for every entry of a zip, in the middle of the work: a good time to look. */
bool __wrap_schema_event_known(const char *name, size_t len)
{
	fx_watch();
	return __real_schema_event_known(name, len);
}

/* Runs a shell script in the fixture's folder. */
static inline int fx_try(const char *script)
{
	char *whole =
	    df_format("cd '%s' || exit 9\nexec 2>>'%s/sh.log'\nset -e\n%s", fx_dir, fx_dir, script);
	int status = system(whole);
	free(whole);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void fx_sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline void fx_sh(const char *fmt, ...)
{
	char script[8192];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(script, sizeof(script), fmt, ap);
	va_end(ap);
	int code = fx_try(script);
	if (code != 0)
		fprintf(stderr, "\nexit %d from: %s\n", code, script);
	CU_ASSERT_EQUAL(code, 0);
}

static inline int fx_open(void)
{
	snprintf(fx_dir, sizeof(fx_dir), "/tmp/dfd.XXXXXX");
	if (mkdtemp(fx_dir) == NULL)
		return 1;
	snprintf(fx_scratch, sizeof(fx_scratch), "%s/scratch", fx_dir);
	return mkdir(fx_scratch, 0700);
}

static inline int fx_close(void)
{
	char *script = df_format("rm -rf '%s'", fx_dir);
	int code = system(script);
	free(script);
	return code;
}

static inline struct conf_feed fx_feed(void)
{
	return (struct conf_feed){.name = "f",
				  .decode.max_plaintext = 20ull << 30,
				  .decode.max_ratio = 1000,
				  .decode.max_entries = 10000};
}

struct fx_file {
	int fd;
	struct decode *d;
	enum df_status st;
	struct df_err err;
};

/* Decodes the fixture's file `path` under the name `name`. */
static inline void fx_decode_as(struct fx_file *f, const struct conf_feed *feed, const char *path,
				const char *name)
{
	char *whole = df_format("%s/%s", fx_dir, path);
	*f = (struct fx_file){.fd = open(whole, O_RDONLY | O_CLOEXEC)};
	if (f->fd < 0)
		fprintf(stderr, "\nno file %s\n", whole);
	CU_ASSERT_TRUE(f->fd >= 0);
	free(whole);
	unsigned before = fx_named;
	f->st = decode_open(feed, name, f->fd, fx_scratch, &f->d, &f->err);
	fx_watch();
	CU_ASSERT_EQUAL(fx_named, before);
	CU_ASSERT_EQUAL(f->d != NULL, f->st == DF_OK);
}

static inline void fx_decode(struct fx_file *f, const struct conf_feed *feed, const char *name)
{
	fx_decode_as(f, feed, name, name);
}

static inline void fx_end(struct fx_file *f)
{
	decode_close(f->d);
	if (f->fd >= 0)
		close(f->fd);
	f->d = NULL;
}

static inline bool fx_same_bytes(const struct decode_doc *doc, const char *path)
{
	char *whole = df_format("%s/%s", fx_dir, path);
	int fd = open(whole, O_RDONLY | O_CLOEXEC);
	free(whole);
	struct stat sb = {0};
	bool same = fd >= 0 && fstat(fd, &sb) == 0 && (uint64_t)sb.st_size == doc->length;
	char a[16384], b[16384];
	for (uint64_t at = 0; same && at < doc->length;) {
		size_t want = doc->length - at < sizeof(a) ? (size_t)(doc->length - at) : sizeof(a);
		same = pread(fd, a, want, (off_t)at) == (ssize_t)want &&
		       pread(doc->fd, b, want, (off_t)(doc->offset + at)) == (ssize_t)want &&
		       memcmp(a, b, want) == 0;
		at += want;
	}
	if (fd >= 0)
		close(fd);
	return same;
}

static inline void fx_show(const struct fx_file *f, const char *name)
{
	fprintf(stderr, "\n%s: status %d [%s] %s\n", name, (int)f->st, f->err.code, f->err.text);
}

/* The file is good, whatever it holds. */
static inline void fx_accept(const struct conf_feed *feed, const char *name)
{
	struct fx_file f;
	fx_decode(&f, feed, name);
	if (f.st != DF_OK)
		fx_show(&f, name);
	CU_ASSERT_EQUAL(f.st, DF_OK);
	fx_end(&f);
}

/* The file is one document whose bytes are those of `plain`. */
static inline void fx_expect_one(const struct conf_feed *feed, const char *name,
				 const char *event_type, const char *plain)
{
	struct fx_file f;
	fx_decode(&f, feed, name);
	CU_ASSERT_EQUAL(f.st, DF_OK);
	if (f.st == DF_OK) {
		CU_ASSERT_EQUAL(decode_count(f.d), 1);
		CU_ASSERT_STRING_EQUAL(decode_doc(f.d, 0)->event_type, event_type);
		CU_ASSERT_TRUE(fx_same_bytes(decode_doc(f.d, 0), plain));
	} else {
		fx_show(&f, name);
	}
	fx_end(&f);
}

/* The file is refused (or put off) with this code, and the text holds `words`. */
static inline void fx_expect(const struct conf_feed *feed, const char *name, enum df_status st,
			     const char *code, const char *words)
{
	struct fx_file f;
	fx_decode(&f, feed, name);
	bool as_expected =
	    f.st == st && strcmp(f.err.code, code) == 0 && strstr(f.err.text, words) != NULL;
	if (!as_expected)
		fx_show(&f, name);
	CU_ASSERT_TRUE(as_expected);
	CU_ASSERT_STRING_EQUAL(f.err.file, name);
	fx_end(&f);
}

static inline void fx_reject(const struct conf_feed *feed, const char *name, const char *code,
			     const char *words)
{
	fx_expect(feed, name, DF_REJECT, code, words);
}

static inline unsigned fx_open_fds(void)
{
	unsigned n = 0;
	DIR *dir = opendir("/proc/self/fd");
	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		closedir(dir);
	return n;
}

/* A suite with these tests, run; the number of failures, for main. */
static inline int fx_run(const char *name, int (*open_suite)(void), int (*close_suite)(void),
			 const CU_TestInfo *tests)
{
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	test_suite_add(name, open_suite, close_suite, tests);
	unsigned fds = fx_open_fds();
	int failed = test_run_all();
	if (fx_open_fds() != fds) {
		fprintf(stderr, "descriptors were left open\n");
		return 1;
	}
	return failed;
}

#endif
