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
    .verbs = "bash zsh fish",
    .synopsis = "bash | zsh | fish | --feeds",
    .about = "Prints what the shell completes command lines with: commands, options, their values, "
	     "feeds, and the drop files that the ledger knows. `make install` puts it where "
	     "these shells find it. Without: source <(dropfeed completions bash), or dropfeed "
	     "completions fish | source",
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
	if (o->kind == CLI_FORMAT)
		return "_dropfeed_words 'text html json'";
	if (strcmp(o->name, "feed") == 0)
		return "_dropfeed_words \"$(_dropfeed_feeds)\"";
	if (strcmp(o->value, "FILE") == 0)
		return "_dropfeed_default";
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
    "_dropfeed_default() { compopt -o default; }\n"
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
    "\tlocal command='' typed=' ' own='' config=() i word\n"
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
    "\t\telse\n"
    "\t\t\ttyped+=\"$word \"\n"
    "\t\tfi\n"
    "\tdone\n";

/* Each verb with text around it. */
static void put_verbs(const char *verbs, const char *before, const char *after, const char *between)
{
	const char *separator = "";
	while (*verbs != '\0') {
		size_t len = strcspn(verbs, " ");
		printf("%s%s%.*s%s", separator, before, (int)len, verbs, after);
		separator = between;
		verbs += len;
		verbs += strspn(verbs, " ");
	}
}

/* A command's operands: its verb first, where it has some. */
static void put_operands(const struct cli_command *c)
{
	const char *files = c->spec->known_files ? "_dropfeed_files" : "_dropfeed_default";
	printf("\t%s) ", c->name);
	if (c->spec->verbs == NULL) {
		printf("%s ;;\n", files);
		return;
	}
	fputs("\n\t\tcase $typed in\n\t\t", stdout);
	put_verbs(c->spec->verbs, "*' ", " '*", " | ");
	printf(") %s ;;\n\t\t*) _dropfeed_words '%s' ;;\n\t\tesac ;;\n", files, c->spec->verbs);
}

/* What bash and zsh both read; it ends the function. */
static void print_cases(void)
{
	fputs("\tcase $command:$prev in\n", stdout);
	put_values("*", cli_global_options);
	for (const struct cli_command *c = cli_commands; c->name != NULL; c++)
		put_values(c->name, c->spec->options);
	fputs("\tesac\n\tcase $command in\n\t'' | help)\n"
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
		if (c->spec->known_files || c->spec->verbs != NULL)
			put_operands(c);
	fputs("\t*) _dropfeed_default ;;\n\tesac\n}\n", stdout);
}

static void print_bash(void)
{
	fputs(bash_before, stdout);
	print_cases();
	puts("complete -F _dropfeed dropfeed");
}

/* ---- zsh: the same cases with helpers of its own ---- */

static const char zsh_before[] =
    "#compdef dropfeed\n"
    "# zsh completion for dropfeed, made by `dropfeed completions zsh`\n"
    "_dropfeed_words() { compadd -- ${=1} }\n"
    "_dropfeed_default() { _files }\n"
    "_dropfeed_feeds() { $program $config completions --feeds 2>/dev/null }\n"
    "_dropfeed_files() {\n"
    "\tcompadd -- ${(f)\"$($program $config status --last 500 --format json 2>/dev/null |\n"
    "\t\tsed -n 's/.*\"file\": *\"\\([^\"\\\\]*\\)\".*/\\1/p')\"}\n"
    "}\n"
    "_dropfeed() {\n"
    "\tlocal program=$words[1] cur=$PREFIX prev=$words[CURRENT-1] command= word= own=\n"
    "\tlocal typed=' '\n"
    "\tlocal -a config\n"
    "\tlocal -i i\n"
    "\tif [[ $cur == --*=* ]]; then\n"
    "\t\tprev=${cur%%=*}\n"
    "\t\tcompset -P '*='\n"
    "\t\tcur=$PREFIX\n"
    "\tfi\n"
    "\tfor ((i = 2; i < CURRENT; i++)); do\n"
    "\t\tword=$words[i]\n"
    "\t\tif [[ $word == --config ]]; then\n"
    "\t\t\t((i++))\n"
    "\t\t\tconfig=(--config ${~${(Q)words[i]}})\n"
    "\t\telif [[ $word == --config=* ]]; then\n"
    "\t\t\tconfig=(--config ${~${(Q)word#--config=}})\n"
    "\t\telif [[ $word != -* && -z $command ]]; then\n"
    "\t\t\tcommand=$word\n"
    "\t\telse\n"
    "\t\t\ttyped+=\"$word \"\n"
    "\t\tfi\n"
    "\tdone\n";

static void print_zsh(void)
{
	fputs(zsh_before, stdout);
	print_cases();
	puts("if [[ $funcstack[1] == _dropfeed ]]; then\n\t_dropfeed \"$@\"\nelse\n"
	     "\tcompdef _dropfeed dropfeed\nfi");
}

/* ---- fish ---- */

/* In single quotes. */
static void put_quoted(const char *text)
{
	putchar('\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '\\')
			putchar('\\');
		putchar(*text == '\n' ? ' ' : *text);
	}
	putchar('\'');
}

/* command NULL: of every command. */
static void put_fish_options(const char *command, const struct cli_option *table)
{
	for (const struct cli_option *o = table; o != NULL && o->name != NULL; o++) {
		fputs("complete -c dropfeed", stdout);
		if (command != NULL)
			printf(" -n '__fish_seen_subcommand_from %s'", command);
		printf(" -l %s -d ", o->name);
		put_quoted(o->help);
		if (o->kind == CLI_JSON)
			fputs(" -x -a 'text json'", stdout);
		else if (o->kind == CLI_FORMAT)
			fputs(" -x -a 'text html json'", stdout);
		else if (o->value != NULL && strcmp(o->name, "feed") == 0)
			fputs(" -x -a '(__dropfeed completions --feeds)'", stdout);
		else if (o->value != NULL)
			fputs(strcmp(o->value, "FILE") == 0 ? " -r -F" : " -x", stdout);
		putchar('\n');
	}
}

static void put_fish_operands(const struct cli_command *c)
{
	const char *verbs = c->spec->verbs;
	if (verbs != NULL)
		printf("complete -c dropfeed -f -n '__fish_seen_subcommand_from %s; and not "
		       "__fish_seen_subcommand_from %s' -a '%s'\n",
		       c->name, verbs, verbs);
	if (c->spec->known_files)
		printf("complete -c dropfeed -f -n '__fish_seen_subcommand_from %s%s%s' "
		       "-a '(__dropfeed_files)'\n",
		       c->name, verbs != NULL ? "; and __fish_seen_subcommand_from " : "",
		       verbs != NULL ? verbs : "");
}

static const char fish_before[] =
    "# fish completion for dropfeed, made by `dropfeed completions fish`\n"
    "function __dropfeed --description 'dropfeed, with the configuration of the command line'\n"
    "\tset -l words (commandline -opc)\n"
    "\tset -l config\n"
    "\tfor i in (seq 2 (count $words))\n"
    "\t\tif string match -q -- '--config=*' $words[$i]\n"
    "\t\t\tset config $words[$i]\n"
    "\t\telse if test $words[$i] = --config; and test $i -lt (count $words)\n"
    "\t\t\tset config --config $words[(math $i + 1)]\n"
    "\t\tend\n"
    "\tend\n"
    "\t$words[1] $config $argv 2>/dev/null\n"
    "end\n"
    "function __dropfeed_files\n"
    "\t__dropfeed status --last 500 --format json |\n"
    "\t\tstring replace -rf '.*\"file\": *\"([^\"\\\\\\\\]*)\".*' '$1'\n"
    "end\n";

static void print_fish(void)
{
	fputs(fish_before, stdout);
	put_fish_options(NULL, cli_global_options);
	puts("complete -c dropfeed -l help -d 'show help'");
	for (const struct cli_command *c = cli_commands; c->name != NULL; c++) {
		printf("complete -c dropfeed -f -n __fish_use_subcommand -a %s -d ", c->name);
		put_quoted(c->summary);
		putchar('\n');
		put_fish_options(c->name, c->spec->options);
		put_fish_operands(c);
	}
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
	else if (!a.feeds && rest.n == 1 && strcmp(rest.v[0], "zsh") == 0)
		print_zsh();
	else if (!a.feeds && rest.n == 1 && strcmp(rest.v[0], "fish") == 0)
		print_fish();
	else
		return cli_usage("completions", "name the shell: bash, zsh or fish");
	return !cli_flush() ? CLI_EXIT_INTERNAL : code;
}
