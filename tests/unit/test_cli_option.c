/* SPDX-License-Identifier: MIT */
/* Command lines, and the option and command that a slip was meant to be. */
#include "../../src/cli/cli.h"

#include "test.h"

#include <getopt.h>

struct arguments {
	bool dry_run, json;
	const char *name;
	struct cli_list feeds;
	uint64_t last;
};

static const struct cli_option options[] = {
    {"dry-run", NULL, CLI_FLAG, offsetof(struct arguments, dry_run), "send nothing"},
    {"format", "FORMAT", CLI_JSON, offsetof(struct arguments, json), "text or json"},
    {"name", "NAME", CLI_TEXT, offsetof(struct arguments, name), "a name"},
    {"feed", "NAME", CLI_LIST, offsetof(struct arguments, feeds), "these feeds"},
    {"last", "N", CLI_COUNT, offsetof(struct arguments, last), "so many"},
    {0}};
static const struct cli_spec spec = {.command = "try",
				     .synopsis = "[FILE...]",
				     .about = "A test.",
				     .options = options,
				     .exits = "0 always"};

static struct arguments a;
static struct cli_globals g;
static struct cli_operands operands;
static char dir[200], *said; /* standard error of the last parse, own */

static int begin(void)
{
	return test_folder_make(dir, sizeof(dir));
}

static int end(void)
{
	free(said);
	return test_folder_remove(dir);
}

/* Words apart by blanks; the command's own name is put before them. */
static int parse(const char *words)
{
	static char line[256], *argv[32];
	int argc = 0;
	snprintf(line, sizeof(line), "try %s", words);
	for (char *save = NULL, *w = strtok_r(line, " ", &save); w != NULL;
	     w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	argv[argc] = NULL;

	char *path = df_format("%s/said", dir);
	int was = dup(STDERR_FILENO), fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	fflush(stderr);
	dup2(fd, STDERR_FILENO);
	cli_list_free(&a.feeds);
	a = (struct arguments){0};
	g = (struct cli_globals){0};
	optind = 0; /* getopt begins anew (getopt(3)) */
	int code = cli_parse(&spec, &g, argc, argv, &a, &operands);
	fflush(stderr);
	dup2(was, STDERR_FILENO);
	close(was);
	close(fd);
	free(path);
	free(said);
	said = test_file_get(dir, "said");
	return code;
}

static void test_kinds(void)
{
	CU_ASSERT_EQUAL(parse("--dry-run x --format json --name=n --feed a --feed b --last 7 y"),
			-1);
	CU_ASSERT(a.dry_run && a.json);
	TEXT_IS(a.name, "n");
	CU_ASSERT_EQUAL_FATAL(a.feeds.n, 2);
	TEXT_IS(a.feeds.v[0], "a");
	TEXT_IS(a.feeds.v[1], "b");
	CU_ASSERT_EQUAL(a.last, 7);
	CU_ASSERT_EQUAL_FATAL(operands.n, 2);
	TEXT_IS(operands.v[0], "x");
	TEXT_IS(operands.v[1], "y");

	CU_ASSERT_EQUAL(parse("--format text"), -1);
	CU_ASSERT_FALSE(a.json || a.dry_run);
	CU_ASSERT_EQUAL(parse("-- --dry-run"), -1);
	CU_ASSERT_FALSE(a.dry_run);
	CU_ASSERT_EQUAL_FATAL(operands.n, 1);
	TEXT_IS(operands.v[0], "--dry-run");
}

static void test_globals(void)
{
	CU_ASSERT_EQUAL(parse("--quiet --config c.conf --verbose"), -1);
	CU_ASSERT(g.quiet && g.verbose);
	TEXT_IS(g.config, "c.conf");
}

static void test_mistakes(void)
{
	static const char *const cases[][2] = {
	    {"--dry-rum", "unknown option '--dry-rum': did you mean --dry-run?"},
	    {"--qiet", "unknown option '--qiet': did you mean --quiet?"},
	    {"--xyzzyxyzzy=1", "unknown option '--xyzzyxyzzy'; see `dropfeed try --help`"},
	    {"--dry-run=yes", "--dry-run takes no value"},
	    {"--quiet=1", "--quiet takes no value"},
	    {"--feed", "--feed needs a value: --feed NAME"},
	    {"--last many", "--last: 'many' is not a number"},
	    {"--last 7x", "--last: '7x' is not a number"},
	    {"--last -7", "--last: '-7' is not a number"},
	    {"--format xml", "--format: 'xml' is neither text nor json"},
	    {"-z", "unknown option '-z'"},
	    {"-zy x", "unknown option '-zy'"},
	    {"--last 5 -feed x", "unknown option '-feed': did you mean --feed?"},
	    {"x -zy", "unknown option '-zy'"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CU_ASSERT_EQUAL(parse(cases[i][0]), CLI_EXIT_USAGE);
		TEXT_HAS(said, cases[i][1]);
	}
	CU_ASSERT_EQUAL(parse("--name=https://jo:hunter2@h --last x"), CLI_EXIT_USAGE);
	CU_ASSERT_EQUAL(parse("--last https://jo:hunter2@h"), CLI_EXIT_USAGE);
	TEXT_HAS(said, "jo:***@h");
}

static void test_nearest(void)
{
	const size_t step = sizeof(cli_commands[0]);
	TEXT_IS(cli_nearest("statsu", &cli_commands[0].name, step), "status");
	TEXT_IS(cli_nearest("Run", &cli_commands[0].name, step), "run");
	TEXT_IS(cli_nearest("valdate", &cli_commands[0].name, step), "validate");
	CU_ASSERT_PTR_NULL(cli_nearest("xyzzy", &cli_commands[0].name, step));
	CU_ASSERT_PTR_NULL(cli_nearest("x", &cli_commands[0].name, step));
}

/* getopt matches beginnings, and the tables of one command must not repeat a name. */
static void test_tables(void)
{
	for (const struct cli_command *c = cli_commands; c->name != NULL; c++) {
		TEXT_IS(c->spec->command, c->name);
		for (const struct cli_option *o = c->spec->options; o != NULL && o->name != NULL;
		     o++) {
			CU_ASSERT_EQUAL(o->kind == CLI_FLAG, o->value == NULL);
			CU_ASSERT_PTR_NOT_NULL(o->help);
			for (const struct cli_option *p = o + 1; p->name != NULL; p++)
				CU_ASSERT_STRING_NOT_EQUAL(p->name, o->name);
			for (const struct cli_option *p = cli_global_options; p->name != NULL; p++)
				CU_ASSERT_STRING_NOT_EQUAL(p->name, o->name);
		}
	}
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"kinds of options", test_kinds},
	    {"options of every command", test_globals},
	    {"mistakes", test_mistakes},
	    {"the nearest command", test_nearest},
	    {"tables of all commands", test_tables},
	    CU_TEST_INFO_NULL,
	};
	return test_main("cli_option", begin, end, tests);
}
