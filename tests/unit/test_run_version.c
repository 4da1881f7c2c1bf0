/* SPDX-License-Identifier: MIT */
/* A line for each library: its version, or what this build cannot do without it. */
#include "../../src/run/run_priv.h"

#include "test.h"

static const char *text; /* of run_version; own */

/* The line that begins with this name: what follows it; the caller's. NULL: there is none. */
static char *line_of(const char *name)
{
	char *head = df_format("\n  %-10s ", name);
	const char *at = strstr(text, head);
	char *rest = at != NULL ? df_strdup(at + strlen(head)) : NULL;
	free(head);
	if (rest != NULL)
		rest[strcspn(rest, "\n")] = '\0';
	return rest;
}

static void has_version(const char *name)
{
	char *line = line_of(name);
	CU_ASSERT_PTR_NOT_NULL_FATAL(line);
	CU_ASSERT(strpbrk(line, "0123456789") != NULL);
	CU_ASSERT_PTR_NULL(strstr(line, "not built in"));
	CU_ASSERT_PTR_NULL(strstr(line, "(unknown)"));
	free(line);
}

static void test_libraries(void)
{
	static const char *const names[] = {"libssh2", "libcurl", "libcrypto", "GPGME", "zlib",
					    "libzip",  "SQLite",  "json-c",    "PCRE2"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		has_version(names[i]);
	CU_ASSERT_EQUAL(
	    strncmp(text, "dropfeed " DROPFEED_VERSION "\n", 10 + strlen(DROPFEED_VERSION)), 0);
}

static void optional(const char *name, bool built_in, const char *without)
{
	if (built_in) {
		has_version(name);
		return;
	}
	char *line = line_of(name), *wanted = df_format("not built in: %s are refused", without);
	TEXT_IS(line, wanted);
	free(line);
	free(wanted);
}

static void test_optional(void)
{
	bool zstd = false, bz2 = false, lzma = false, pq = false;
#ifdef HAVE_LIBZSTD
	zstd = true;
#endif
#ifdef HAVE_LIBBZ2
	bz2 = true;
#endif
#ifdef HAVE_LIBLZMA
	lzma = true;
#endif
#ifdef HAVE_LIBPQ
	pq = true;
#endif
	optional("libzstd", zstd, ".zst files");
	optional("libbz2", bz2, ".bz2 files");
	optional("liblzma", lzma, ".xz files");
	optional("libpq", pq, "ledgers that hosts share");
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"libraries", test_libraries},
	    {"those that a build may lack", test_optional},
	    CU_TEST_INFO_NULL,
	};
	struct df_buf out = {0};
	run_version(&out);
	text = df_buf_cstr(&out);
	int failed = test_main("run_version", NULL, NULL, tests);
	df_buf_free(&out);
	return failed;
}
