/* SPDX-License-Identifier: MIT */
#include "dropfeed/shell.h"

#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs the text and returns what it wrote to either output; *status as wait reports it. */
static const char *said(const char *text, char **environment, int *status)
{
	static char out[512];
	int ends[2] = {-1, -1};
	pid_t child = 0;
	size_t len = 0;
	CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC), 0);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const struct df_shell shell = {
	    .text = text, .in = null, .out = ends[1], .err = ends[1], .environment = environment};
	CU_ASSERT_EQUAL(df_shell_start(&shell, &child), 0);
	close(null);
	close(ends[1]);
	for (ssize_t n = 0; (n = read(ends[0], out + len, sizeof(out) - 1 - len)) > 0;)
		len += (size_t)n;
	out[len] = '\0';
	close(ends[0]);
	CU_ASSERT_EQUAL(waitpid(child, status, 0), child);
	return out;
}

static void test_streams(void)
{
	int status = 0;
	TEXT_IS(said("cat; echo one; echo two >&2; exit 7", NULL, &status), "one\ntwo\n");
	CU_ASSERT_TRUE(WIFEXITED(status));
	CU_ASSERT_EQUAL(WEXITSTATUS(status), 7);
}

static void test_environment(void)
{
	int status = 0;
	char *mine[] = {(char *)"DROPFEED_WORD=here", NULL};
	TEXT_IS(said("echo $DROPFEED_WORD$HOME", mine, &status), "here\n");
	setenv("DROPFEED_WORD", "there", 1);
	TEXT_IS(said("echo $DROPFEED_WORD", NULL, &status), "there\n");
}

/* Its number is that of its process group: so all that it starts can be ended with it. */
static void test_group(void)
{
	int ends[2] = {-1, -1}, status = 0;
	pid_t child = 0;
	CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC), 0);
	const struct df_shell shell = {.text = "read line", .in = ends[0], .out = 1, .err = 2};
	CU_ASSERT_EQUAL(df_shell_start(&shell, &child), 0);
	CU_ASSERT_EQUAL(getpgid(child), child);
	close(ends[0]);
	close(ends[1]);
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
}

/* A signal that is ignored or blocked here ends a command as anywhere else. */
static void test_signals(void)
{
	int status = 0;
	sigset_t pipes, before;
	void (*was)(int) = signal(SIGPIPE, SIG_IGN);
	sigemptyset(&pipes);
	sigaddset(&pipes, SIGPIPE);
	sigprocmask(SIG_BLOCK, &pipes, &before);
	said("kill -PIPE $$", NULL, &status);
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, was);
	CU_ASSERT_TRUE(WIFSIGNALED(status));
	CU_ASSERT_EQUAL(WTERMSIG(status), SIGPIPE);
}

static void test_words(void)
{
	TEXT_IS(df_shell_word("part-0_a.csv").text, "part-0_a.csv");
	TEXT_IS(df_shell_word("Gr\303\266\303\237e.csv").text, "Gr\303\266\303\237e.csv");
	TEXT_IS(df_shell_word("my export.csv").text, "'my export.csv'");
	TEXT_IS(df_shell_word("it's; $(ls).csv").text, "'it'\\''s; $(ls).csv'");
	TEXT_IS(df_shell_word("-a b.csv").text, "-- '-a b.csv'");
	TEXT_IS(df_shell_word("-a.csv").text, "-- -a.csv");
	TEXT_IS(df_shell_word("").text, "''");

	char name[3000];
	memset(name, '\'', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	CU_ASSERT_TRUE(strlen(df_shell_word(name).text) < sizeof(struct df_shell_quoted));
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"streams and exit code", test_streams},
	    {"environment", test_environment},
	    {"a group of its own", test_group},
	    {"signals", test_signals},
	    {"words", test_words},
	    CU_TEST_INFO_NULL,
	};
	return test_main("shell", NULL, NULL, tests);
}
