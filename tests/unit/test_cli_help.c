/* SPDX-License-Identifier: MIT */
/* Text in lines that fit: 80 columns where standard output is not a terminal, as here. */
#include "../../src/cli/cli.h"

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

static void wrap(const void *text)
{
	cli_wrap(text, 4, 6);
}

static void help(const void *spec)
{
	(void)cli_help_show(spec);
}

/* What it prints; the caller's. */
static char *printed(void (*print)(const void *), const void *what)
{
	char *path = df_format("%s/out", dir);
	int was = dup(STDOUT_FILENO), fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CU_ASSERT(was >= 0 && fd >= 0);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	print(what);
	fflush(stdout);
	dup2(was, STDOUT_FILENO);
	close(was);
	close(fd);
	free(path);
	return test_file_get(dir, "out");
}

static void test_wrap(void)
{
	char text[200];
	memset(text, 'a', sizeof(text));
	text[10] = text[75] = text[80] = ' '; /* 10, 64, 4 and 50 letters */
	text[131] = '\0';
	char *got = printed(wrap, text);
	/* 4 + 10 + 1 + 64 fit; what follows begins a line of its own, after 6 blanks */
	CU_ASSERT_EQUAL(strcspn(got, "\n"), 75);
	CU_ASSERT_EQUAL(strncmp(got + 75, "\n      aaaa aaa", 15), 0);
	CU_ASSERT_EQUAL(strcspn(got + 76, "\n"), 6 + 4 + 1 + 50);
	free(got);

	got = printed(wrap, "one\ntwo");
	TEXT_IS(got, "one\n      two\n");
	free(got);
}

/* A word that is longer than a line is left whole. */
static void test_long_word(void)
{
	char word[120];
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	char *got = printed(wrap, word);
	CU_ASSERT_EQUAL(strcspn(got, "\n"), sizeof(word) - 1);
	free(got);
}

/* Options of a usage line are not parted from their values. */
static void test_brackets(void)
{
	static const struct cli_spec spec = {
	    .command = "x",
	    .synopsis = "one-word-and-another-one-that-are-long [--feed NAME] [--no [--format "
			"text|json]] cancel-what-is-pending [--feed NAME]... FILE",
	    .about = "A bracket [ that is left open.",
	    .exits = "0 done."};
	char *got = printed(help, &spec);
	TEXT_HAS(got, "[--feed NAME]\n");
	TEXT_HAS(got, "[--no [--format text|json]]");
	TEXT_HAS(got, "cancel-what-is-pending\n                  [--feed NAME]... FILE\n");
	TEXT_HAS(got, "A bracket [ that is left open.\n");
	free(got);
}

static void test_every_command(void)
{
	for (const struct cli_command *c = cli_commands; c->name != NULL; c++) {
		char *got = printed(help, c->spec), usage[64], *save = NULL;
		snprintf(usage, sizeof(usage), "Usage: dropfeed %s ", c->name);
		CU_ASSERT_EQUAL(strncmp(got, usage, strlen(usage)), 0);
		TEXT_HAS(got, "\nGlobal options:\n");
		TEXT_HAS(got, "\nExit codes: ");
		for (char *line = strtok_r(got, "\n", &save); line != NULL;
		     line = strtok_r(NULL, "\n", &save)) {
			CU_ASSERT(strlen(line) <= 80);
			if (strlen(line) > 80)
				fprintf(stderr, "\n%s\n", line);
		}
		free(got);
	}
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"lines", test_wrap},        {"a long word", test_long_word},
	    {"brackets", test_brackets}, {"the help of every command", test_every_command},
	    CU_TEST_INFO_NULL,
	};
	return test_main("cli_help", begin, end, tests);
}
