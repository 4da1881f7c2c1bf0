/* SPDX-License-Identifier: MIT */
/*
 * cli_option.h - the options of a command as data: parsed, and shown by --help
 *
 *	struct run_arguments a = {0};
 *	struct cli_operands files;
 *	int code = cli_parse(&cli_run_spec, g, argc, argv, &a, &files);
 *	if (code >= 0)
 *		return code;			--help was shown, or the command line is wrong
 *	...
 *	cli_list_free(&a.feeds);
 *
 * An option that is not known gets the nearest one. Help is wrapped to the terminal's width.
 */
#ifndef DROPFEED_CLI_OPTION_H
#define DROPFEED_CLI_OPTION_H

#include "dropfeed/base.h"

#include <stddef.h>

struct cli_globals { /* options that every command takes, before or after its name */
	const char *config;
	bool quiet, verbose;
	/* not an option: the command shows help or only tries, and leaves no trace */
	bool aside;
	struct report_post *ping; /* own: see run_result */
};

struct cli_list {       /* values of an option that may be repeated */
	const char **v; /* own; what it points to is not */
	size_t n;
};

enum cli_kind {
	CLI_FLAG,  /* bool */
	CLI_TEXT,  /* const char * */
	CLI_LIST,  /* struct cli_list */
	CLI_COUNT, /* uint64_t */
	CLI_JSON,  /* bool: "json", not "text" */
	CLI_FORMAT /* uint64_t: enum report_format */
};

struct cli_option {
	const char *name;  /* without the dashes; NULL ends a table */
	const char *value; /* the name of its value in the help; NULL: it takes none */
	enum cli_kind kind;
	size_t at; /* offset in the command's arguments */
	const char *help;
};

extern const struct cli_option cli_global_options[]; /* of every command */

struct cli_spec {
	const char *command;
	const char *synopsis; /* after the command's name */
	const char *about;    /* paragraphs, each on one line */
	const struct cli_option *options;
	bool known_files;  /* it takes names of drop files that the ledger knows */
	bool past_feeds;   /* --feed may name one that the configuration has no more */
	const char *verbs; /* what the first word may be, with blanks between; or NULL */
	const char *exits; /* "0 all delivered, ..." */
};

struct cli_operands {
	const char *const *v; /* borrowed from argv */
	size_t n;
};

/* Reads the command line; argv[0] is the command. -1: go on, *operands holds what is not an
 * option. Otherwise the exit code: help was shown, or a message says what is wrong. What
 * `arguments` holds then is still to be freed. */
int cli_parse(const struct cli_spec *spec, struct cli_globals *g, int argc, char **argv,
	      void *arguments, struct cli_operands *operands);
/* The same for what comes before the command's name: stops at the first word that is not an
 * option; `-V` sets the first flag of `own`, and help is left to the caller. */
#define CLI_PARSE_HELP (-2)
int cli_parse_globals(const struct cli_option *own, struct cli_globals *g, int argc, char **argv,
		      void *arguments, struct cli_operands *operands);
void cli_list_free(struct cli_list *list);

/* Prints the command's help to standard output; returns the exit code. */
int cli_help_show(const struct cli_spec *spec);
/* Prints the options that every command takes. */
void cli_help_globals(void);
/* Prints text wrapped to the terminal's width: the first line after `first` columns that are
 * printed already, the others indented by `indent`. */
void cli_wrap(const char *text, size_t first, size_t indent);
/* The width of the terminal that standard output is; 80 where it is not one. */
size_t cli_width(void);

/* Of NULL-terminated names at a distance of `step` bytes the one nearest to `word`; NULL when
 * none is near. */
const char *cli_nearest(const char *word, const void *names, size_t step);

#endif
