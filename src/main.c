/* SPDX-License-Identifier: MIT */
/* Picks the command, turns its result into an exit code, nothing else. */
#include "cli/cli.h"

#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void print_help(void)
{
	puts("dropfeed " DROPFEED_VERSION " - delivers CSV drop files to mParticle's Events "
	     "API\n\nUsage: dropfeed COMMAND [OPTIONS]\n");
	for (const struct cli_command *c = cli_commands; c->name != NULL; c++) {
		printf("  %-11s  ", c->name);
		cli_wrap(c->summary, 15, 15);
	}
	putchar('\n');
	cli_wrap("`dropfeed COMMAND --help` (or `dropfeed help COMMAND`) says more; `--version` "
		 "prints the version.",
		 0, 0);
	cli_help_globals();
}

static const struct cli_command *find_command(const char *name)
{
	for (const struct cli_command *c = cli_commands; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static int no_command(const char *name)
{
	const char *near = cli_nearest(name, cli_commands, sizeof(cli_commands[0]));
	if (near != NULL)
		return cli_usage(NULL, "unknown command '%s': did you mean %s?", name, near);
	return cli_usage(NULL, "unknown command '%s'", name);
}

static int help_command(const struct cli_operands *words)
{
	bool own =
	    words->n > 1 && (strcmp(words->v[1], "--help") == 0 || strcmp(words->v[1], "-h") == 0);
	if (words->n > 1 && !own) {
		const struct cli_command *c = find_command(words->v[1]);
		return c != NULL ? cli_help_show(c->spec) : no_command(words->v[1]);
	}
	print_help();
	return cli_flush() ? 0 : CLI_EXIT_INTERNAL;
}

static int print_version(void)
{
	struct df_buf text = {0};
	run_version(&text);
	fputs(df_buf_cstr(&text), stdout);
	df_buf_free(&text);
	return cli_flush() ? 0 : CLI_EXIT_INTERNAL;
}

/* The first signal asks for an orderly end; with the second the process ends at once, which the
 * ledger makes safe. */
static void on_signal(int number)
{
	if (df_stop_requested)
		_exit(128 + number);
	df_stop_requested = 1;
}

static void on_progress(int number)
{
	(void)number;
	df_progress_requested = 1;
}

static void set_up_signals(void)
{
	struct sigaction progress = {.sa_handler = on_progress, .sa_flags = SA_RESTART};
	struct sigaction stop = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN},
			 usual = {.sa_handler = SIG_DFL}, before = {0};
	sigaction(SIGUSR1, &progress, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	/* the terminal is gone; not so under nohup */
	if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL); /* a limit on file sizes is met like a full disk */
	/* where the caller ignores it, nobody would learn how a command ended */
	sigaction(SIGCHLD, &usual, NULL);
}

/* Where the caller has closed one of them, the next file that is opened would get its number,
 * and what is said its bytes. Its place is taken by something that can neither be read from nor
 * written to, as it is with a closed one. */
static bool set_up_standard_files(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	return true;
}

/* Secrets and customers' rows are in memory: a crash writes none of it to a disk. The limit is
 * inherited by GnuPG; the flag counts where a program collects core dumps, which is not bound by
 * the limit. */
static void set_up_core(void)
{
	struct rlimit none = {0};
	/* lowering it is always allowed */
	setrlimit(RLIMIT_CORE, &none);
/* which looks for leaks by tracing the process */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

static int run_command(struct cli_globals *globals, const struct cli_operands *words, char **argv,
		       int argc)
{
	if (strcmp(words->v[0], "help") == 0)
		return help_command(words);
	if (strcmp(words->v[0], "version") == 0)
		return print_version();

	const struct cli_command *command = find_command(words->v[0]);
	if (command == NULL)
		return no_command(words->v[0]);

	int skip = argc - (int)words->n;
	struct run_end end = {.started_ms = df_monotonic_ms()};
	optind = 0; /* glibc: start afresh with the command's own arguments */
	end.exit_code = command->main(globals, argc - skip, argv + skip);
	cli_ended(globals, command, argc - skip, argv + skip, &end);
	return end.exit_code;
}

int main(int argc, char **argv)
{
	struct arguments {
		bool version;
	} a = {0};
	static const struct cli_option own[] = {
	    {"version", NULL, CLI_FLAG, offsetof(struct arguments, version), "print the version"},
	    {0}};
	struct cli_globals globals = {0};
	struct cli_operands words;
	if (!set_up_standard_files())
		return CLI_EXIT_INTERNAL;

	setlocale(LC_CTYPE, "C.UTF-8");
	set_up_core();
	umask(077); /* whatever is written holds customer data */
	set_up_signals();
	int code = cli_parse_globals(own, &globals, argc, argv, &a, &words);
	if (code >= 0)
		return code;

	bool help = code == CLI_PARSE_HELP;
	if (help || words.n == 0) {
		if (a.version)
			return print_version();
		print_help();
		return !cli_flush() ? CLI_EXIT_INTERNAL : help ? 0 : CLI_EXIT_USAGE;
	}
	return a.version ? print_version() : run_command(&globals, &words, argv, argc);
}
