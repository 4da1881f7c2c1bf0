/* SPDX-License-Identifier: MIT */
/* The command of on_event: what it gets, and that nothing it does can hold up its caller. */
#include "dropfeed/report.h"

#include "test.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define INPUT "{\"event\":\"refused\"}"

static char dir[100];
static struct df_err err;

static int setup(void)
{
	return test_folder_make(dir, sizeof(dir));
}

static int teardown(void)
{
	return test_folder_remove(dir);
}

static enum df_status run(const char *command, int64_t timeout_ms)
{
	static const char *const secrets[] = {"the secret"};
	const struct report_command c = {.command = command,
					 .event = "refused",
					 .feed = "orders",
					 .input = INPUT,
					 .len = strlen(INPUT),
					 .secrets = secrets,
					 .n_secrets = 1,
					 .timeout_ms = timeout_ms};
	err = (struct df_err){0};
	return report_command_run(&c, &err);
}

static char *output(const char *name)
{
	char *path = df_format("%s/%s", dir, name), *text = NULL;
	OK(df_read_file(path, 1 << 20, &text, NULL, &err));
	free(path);
	return text;
}

static void test_input(void)
{
	setenv("DROPFEED_TEST_SECRET", "the secret", 1);
	/* as it comes of a file that an editor has saved */
	setenv("DROPFEED_TEST_SECRET_LINE", "the secret\n", 1);
	setenv("DROPFEED_TEST_SECRET_MARKED", "\xef\xbb\xbfthe secret\r\nand more", 1);
	setenv("DROPFEED_TEST_OTHER", "the secret is not all of it", 1);
	setenv("DROPFEED_FILE", "of somebody else", 1);
	char *command = df_format("cd %s && cat >in && env >env", dir);
	OK(run(command, 10000));
	free(command);

	char *in = output("in"), *env = output("env");
	CU_ASSERT_STRING_EQUAL(in, INPUT);
	CU_ASSERT_PTR_NOT_NULL(strstr(env, "DROPFEED_EVENT=refused\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(env, "DROPFEED_FEED=orders\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(env, "DROPFEED_FILE=\n"));
	CU_ASSERT_PTR_NULL(strstr(env, "DROPFEED_TEST_SECRET"));
	CU_ASSERT_PTR_NOT_NULL(strstr(env, "DROPFEED_TEST_OTHER=the secret is not all of it\n"));
	free(in);
	free(env);
	unsetenv("DROPFEED_FILE");
}

/* The system forgets children of one that ignores this signal: a failure is not a success. */
static void test_unknown_end(void)
{
	signal(SIGCHLD, SIG_IGN);
	CU_ASSERT_EQUAL(run("exit 7", 10000), DF_RETRY);
	TEXT_HAS(err.text, "how is not known: No child processes");
	signal(SIGCHLD, SIG_DFL);
}

static void test_failures(void)
{
	CU_ASSERT_EQUAL(run("echo first; echo second; exit 7", 10000), DF_RETRY);
	CU_ASSERT_STRING_EQUAL(err.text, "exit code 7: first");
	CU_ASSERT_EQUAL(run("printf '\\033[2J\\377'; exit 1", 10000), DF_RETRY);
	CU_ASSERT_STRING_EQUAL(err.text, "exit code 1: \\x1b[2J?");
	CU_ASSERT_EQUAL(run("kill -9 $$", 10000), DF_RETRY);
	CU_ASSERT_STRING_EQUAL(err.text, "was ended by signal 9");
	CU_ASSERT_EQUAL(run("exec 0<&-; exit 0", 10000), DF_OK); /* it need not read */
	CU_ASSERT_EQUAL(run("yes | head -c 5000000; exit 2", 60000), DF_RETRY);
	CU_ASSERT_STRING_EQUAL(err.text, "exit code 2: y");
}

/* Whoever is in its process group ends with it; what closed its output is waited for as well. */
static void test_timeout(void)
{
	char *command = df_format("exec >&- 2>&-; sleep 1000 & echo $! >%s/child; wait", dir);
	CU_ASSERT_EQUAL(run(command, 300), DF_RETRY);
	CU_ASSERT_STRING_EQUAL(err.text, "was stopped after 0 s");
	free(command);

	char *text = output("child"), path[64];
	snprintf(path, sizeof(path), "/proc/%ld/cmdline", strtol(text, NULL, 10));
	free(text);
	size_t len = 1; /* of a process that ended and is not waited for yet it is empty */
	for (int i = 0; i < 500 && len > 0; i++) {
		char *line = NULL;
		len = 0;
		if (df_read_file(path, 4096, &line, &len, &err) != DF_OK)
			len = 0;
		free(line);
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	CU_ASSERT_EQUAL(len, 0);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"what it gets", test_input},
	    {"what becomes of it", test_failures},
	    {"nobody knows what", test_unknown_end},
	    {"it is stopped in time", test_timeout},
	    CU_TEST_INFO_NULL,
	};
	return test_main("report_command", setup, teardown, tests);
}
