/* SPDX-License-Identifier: MIT */
/* Standard error is a file meanwhile. */
#include "test.h"

static char dir[200];

static int begin(void)
{
	return test_folder_make(dir, sizeof(dir));
}

static int end(void)
{
	return test_folder_remove(dir);
}

static void write_lines(void)
{
	struct df_err err = {.code = "bad-name", .file = "a.csv", .text = "no event type"};
	df_log(DF_LOG_DEBUG, "debug");
	df_log(DF_LOG_INFO, "info");
	df_log(DF_LOG_WARN, "%s", "warn\n2026 forged: \x1b[31m \xff");
	df_log(DF_LOG_ERROR, "sftp://jo:hunter2@h: no");
	df_log_err(DF_LOG_ERROR, &err);
}

/* What write_lines logs at that level; the caller's. */
static char *logged(enum df_log_level level, bool json)
{
	char *path = df_format("%s/log", dir);
	int was = dup(STDERR_FILENO), fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CU_ASSERT(was >= 0 && fd >= 0);
	fflush(stderr);
	dup2(fd, STDERR_FILENO);
	df_log_setup(level, json);
	write_lines();
	df_log_setup(DF_LOG_INFO, false);
	dup2(was, STDERR_FILENO);
	close(was);
	close(fd);
	free(path);
	return test_file_get(dir, "log");
}

static size_t count(const char *text, char c)
{
	size_t n = 0;
	for (; *text != '\0'; text++)
		n += *text == c;
	return n;
}

static void test_levels(void)
{
	static const size_t lines[] = {2, 3, 4, 5};
	for (int level = DF_LOG_ERROR; level <= DF_LOG_DEBUG; level++) {
		char *text = logged((enum df_log_level)level, false);
		CU_ASSERT_EQUAL(count(text, '\n'), lines[level]);
		free(text);
	}
}

/* A line stays a line, moves no terminal and holds no password. */
static void test_text(void)
{
	char *text = logged(DF_LOG_DEBUG, false);
	TEXT_HAS(text, "Z debug\n");
	TEXT_HAS(text, "Z info\n");
	TEXT_HAS(text, "Z warning: warn\\x0a2026 forged: \\x1b[31m ");
	TEXT_HAS(text, "Z error: sftp://jo:***@h: no\n");
	TEXT_HAS(text, "Z error: a.csv: no event type [bad-name]\n");
	CU_ASSERT_PTR_NULL(strstr(text, "hunter2"));
	CU_ASSERT_EQUAL(count(text, '\n'), 5);
	CU_ASSERT_EQUAL(count(text, '\x1b'), 0);
	free(text);
}

static void test_json(void)
{
	char *text = logged(DF_LOG_DEBUG, true);
	TEXT_HAS(text,
		 "\"level\":\"warning\",\"message\":\"warn\\n2026 forged: \\u001b[31m ?\"}\n");
	TEXT_HAS(text, "\"level\":\"error\",\"message\":\"sftp://jo:***@h: no\"}\n");
	CU_ASSERT_EQUAL(count(text, '\n'), 5);
	free(text);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"levels", test_levels},
	    {"text", test_text},
	    {"JSON", test_json},
	    CU_TEST_INFO_NULL,
	};
	return test_main("base_log", begin, end, tests);
}
