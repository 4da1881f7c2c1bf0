/* SPDX-License-Identifier: MIT */
/* What shells complete command lines with: made of the option tables, so that it never lags. */
#include "cli.h"

#include <stdio.h>

struct completions_arguments {
	bool feeds;
};

static const struct cli_option options[] = {
    {"feeds", NULL, CLI_FLAG, offsetof(struct completions_arguments, feeds),
     "print the names of the configuration's feeds instead, one a line"},
    {0}};

const struct cli_spec cli_completions_spec = {
    .command = "completions",
    .synopsis = "bash | --feeds",
    .about = "Prints what bash completes command lines with: commands, options, their values, "
	     "feeds, and the drop files that the ledger knows. `make install` puts it where "
	     "bash-completion finds it; elsewhere: source <(dropfeed completions bash)",
    .options = options,
    .exits = "0 printed, 2 usage or configuration, 5 internal error.",
};

static void put_options(const struct cli_option *table)
{
	for (const struct cli_option *o = table; o != NULL && o->name != NULL; o++)
		printf(" --%s", o->name);
}

static const char *values_of(const struct cli_option *o)
{
	if (o->kind == CLI_JSON)
		return "_dropfeed_words 'text json'";
	if (strcmp(o->name, "feed") == 0)
		return "_dropfeed_words \"$(_dropfeed_feeds)\"";
	if (strcmp(o->value, "FILE") == 0)
		return "compopt -o default";
	return ":";
}

/* One line for each option that takes a value. */
static void put_values(const char *command, const struct cli_option *table)
{
	for (const struct cli_option *o = table; o != NULL && o->name != NULL; o++)
		if (o->value != NULL)
			printf("\t%s:--%s) %s; return ;;\n", command, o->name, values_of(o));
}

static const char bash_before[] =
    "# bash completion for dropfeed, made by `dropfeed completions bash`\n"
    "_dropfeed_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\"); }\n"
    "_dropfeed_feeds() { \"$program\" \"${config[@]}\" completions --feeds 2>/dev/null; }\n"
    /* a name with blanks is one entry; names with escapes are left out */
    "_dropfeed_files() {\n"
    "\tlocal name plain=${cur//\\\\/}\n" /* the word is as it was typed */
    "\tplain=${plain#[\\\"\\']}\n"
    "\twhile IFS= read -r name; do\n"
    "\t\t[[ $name == \"$plain\"* ]] && COMPREPLY+=(\"$name\")\n"
    "\tdone < <(\"$program\" \"${config[@]}\" status --last 500 --format json 2>/dev/null |\n"
    "\t\tsed -n 's/.*\"file\": *\"\\([^\"\\\\]*\\)\".*/\\1/p')\n"
    "\tcompopt -o filenames\n"
    "}\n"
    "_dropfeed() {\n"
    "\tlocal program=$1 cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
    "\tlocal command='' config=() i word\n"
    "\tCOMPREPLY=()\n"
    "\tif [[ $cur == = ]]; then\n"
    "\t\tcur=''\n"
    "\telif [[ $prev == = ]]; then\n"
    "\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n"
    "\tfi\n"
    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
    "\t\tword=${COMP_WORDS[i]}\n"
    "\t\tif [[ $word == --config ]]; then\n"
    "\t\t\t((i++))\n"
    "\t\t\t[[ ${COMP_WORDS[i]} != = ]] || ((i++))\n"
    "\t\t\tconfig=(--config \"${COMP_WORDS[i]/#~\\//$HOME/}\")\n"
    "\t\telif [[ $word != -* && -z $command ]]; then\n"
    "\t\t\tcommand=$word\n"
    "\t\tfi\n"
    "\tdone\n";

static void print_bash(void)
{
	fputs(bash_before, stdout);
	fputs("\tcase $command:$prev in\n", stdout);
	put_values("*", cli_global_options);
	for (const struct cli_command *c = cli_commands; c->name != NULL; c++)
		put_values(c->name, c->spec->options);
	fputs("\tesac\n\tlocal own=''\n\tcase $command in\n\t'' | help)\n"
	      "\t\t[[ $cur == -* ]] || own='help version",
	      stdout);
	for (const struct cli_command *c = cli_commands; c->name != NULL; c++)
		printf(" %s", c->name);
	fputs("' ;;\n", stdout);
	for (const struct cli_command *c = cli_commands; c->name != NULL; c++) {
		printf("\t%s) own='", c->name);
		put_options(c->spec->options);
		fputs("' ;;\n", stdout);
	}
	fputs("\tesac\n\tif [[ $cur == -* ]]; then\n\t\t_dropfeed_words \"$own", stdout);
	put_options(cli_global_options);
	fputs(" --help\"\n\t\treturn\n\tfi\n\tcase $command in\n"
	      "\t'' | help) _dropfeed_words \"$own\" ;;\n",
	      stdout);
	for (const struct cli_command *c = cli_commands; c->name != NULL; c++)
		if (c->spec->known_files)
			printf("\t%s) _dropfeed_files ;;\n", c->name);
	fputs("\t*) compopt -o default ;;\n\tesac\n}\ncomplete -F _dropfeed dropfeed\n", stdout);
}

static int print_feeds(const struct cli_globals *g)
{
	struct conf *conf = NULL;
	int code = cli_conf_public(g, &conf);
	for (size_t i = 0; code == 0 && i < conf->n_feeds; i++)
		puts(conf->feeds[i].name);
	conf_free(conf);
	return code;
}

int cli_completions(struct cli_globals *g, int argc, char **argv)
{
	struct completions_arguments a = {0};
	struct cli_operands rest;
	int code = cli_parse(&cli_completions_spec, g, argc, argv, &a, &rest);
	if (code >= 0)
		return code;

	code = 0;
	if (a.feeds && rest.n == 0)
		code = print_feeds(g);
	else if (!a.feeds && rest.n == 1 && strcmp(rest.v[0], "bash") == 0)
		print_bash();
	else
		return cli_usage("completions", "name the shell: bash");
	return !cli_flush() ? CLI_EXIT_INTERNAL : code;
}
