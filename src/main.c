/* SPDX-License-Identifier: MIT */
/* Picks the command, turns its result into an exit code, nothing else. */
#include "cli/cli.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void print_help(void)
{
	printf(
	    "dropfeed %s - delivers CSV drop files to mParticle's Events API\n\nUsage: dropfeed COMMAND [OPTIONS]\n\n",
	    DROPFEED_VERSION);
	for (const struct cli_command *c = cli_commands; c->name != NULL; c++)
		printf("  %-10s %s\n", c->name, c->summary);
	puts("\n`dropfeed COMMAND --help` says more. `--version` prints the version." CLI_GLOBAL_HELP);
}

/* The first signal asks for an orderly end; with the second the process ends at once, which the ledger makes safe. */
static void on_signal(int number)
{
	if (df_stop_requested)
		_exit(128 + number);
	df_stop_requested = 1;
}

static void set_up_signals(void)
{
	struct sigaction stop = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL); /* a limit on file sizes is met like a full disk */
}

/* Where the caller has closed one of them, the next file that is opened would get its number, and what is said its bytes.
 * Its place is taken by something that can neither be read from nor written to, as it is with a closed one. */
static bool set_up_standard_files(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	return true;
}

/* Secrets and customers' rows are in memory: a crash writes none of it to a disk. The limit is inherited by GnuPG; the flag
 * counts where a program collects core dumps, which is not bound by the limit. */
static void set_up_core(void)
{
	struct rlimit none = {0};
	setrlimit(RLIMIT_CORE, &none);                              /* lowering it is always allowed */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* which looks for leaks by tracing the process */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

int main(int argc, char **argv)
{
	static const struct option options[] = {CLI_GLOBAL_OPTIONS, {"version", no_argument, NULL, CLI_OWN}, {0}};
	struct cli_globals globals = {0};
	int c;
	if (!set_up_standard_files())
		return CLI_EXIT_INTERNAL;
	setlocale(LC_CTYPE, "C.UTF-8");
	set_up_core();
	umask(077); /* whatever is written holds customer data */
	set_up_signals();
	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (cli_global(&globals, c))
			continue;
		if (c == CLI_HELP) {
			print_help();
			return cli_flush() ? 0 : CLI_EXIT_INTERNAL;
		}
		if (c != CLI_OWN)
			return cli_usage(NULL, "wrong option");
		return cli_help("dropfeed " DROPFEED_VERSION "\n");
	}
	if (optind == argc) {
		print_help();
		return CLI_EXIT_USAGE;
	}
	for (const struct cli_command *command = cli_commands; command->name != NULL; command++) {
		if (strcmp(command->name, argv[optind]) != 0)
			continue;
		int skip = optind;
		optind = 0; /* glibc: start afresh with the command's own arguments */
		return command->main(&globals, argc - skip, argv + skip);
	}
	return cli_usage(NULL, "no command '%s'", argv[optind]);
}
