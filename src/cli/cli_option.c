/* SPDX-License-Identifier: MIT */
#include "cli_option.h"
#include "cli.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

const struct cli_option cli_global_options[] = {
    {"config", "FILE", CLI_TEXT, offsetof(struct cli_globals, config),
     "configuration (else $DROPFEED_CONFIG, ~/.config/dropfeed/dropfeed.conf, /etc/dropfeed.conf)"},
    {"quiet", NULL, CLI_FLAG, offsetof(struct cli_globals, quiet), "log warnings and errors only"},
    {"verbose", NULL, CLI_FLAG, offsetof(struct cli_globals, verbose), "log more"},
    {0}};

enum {
	OPTION_HELP = 'h',
	OPTION_VERSION = 'V',
	OPTION_FIRST = 256
}; /* what getopt_long returns: FIRST + position in both tables */

void cli_list_free(struct cli_list *list)
{
	free(list->v);
	*list = (struct cli_list){0};
}

static size_t table_size(const struct cli_option *table)
{
	size_t n = 0;
	while (table != NULL && table[n].name != NULL)
		n++;
	return n;
}

/* ---- the nearest word ---- */

const char *cli_nearest(const char *word, const void *names, size_t step)
{
	const char *best = NULL;
	size_t len = strlen(word);
	unsigned least = (unsigned)(len < 4 ? 1 : len / 2);
	/* the last name of a table is NULL:
	 * NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
	for (const char *at = names; *(const char *const *)at != NULL; at += step) {
		const char *name = *(const char *const *)at;
		unsigned distance = df_distance(word, len, name, strlen(name));
		if (distance <= least && (best == NULL || distance < least)) {
			best = name;
			least = distance;
		}
	}
	return best;
}

static int unknown_option(const char *command, const struct cli_option *own, const char *word)
{
	char name[64];
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	const char *text = name + strspn(name, "-"), *near = NULL;
	if (own != NULL)
		near = cli_nearest(text, own, sizeof(*own));
	if (near == NULL)
		near = cli_nearest(text, cli_global_options, sizeof(cli_global_options[0]));

	if (near != NULL && strcmp(near, text) == 0 && strncmp(name, "--", 2) == 0)
		return cli_usage(command, "--%s takes no value", near);
	if (near != NULL)
		return cli_usage(command, "unknown option '%s': did you mean --%s?", name, near);
	return cli_usage(command, "unknown option '%s'", name);
}

/* ---- values ---- */

static bool format_read(const char *value, uint64_t *out)
{
	static const char *const names[] = {
	    [REPORT_TEXT] = "text", [REPORT_HTML] = "html", [REPORT_JSON] = "json"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(value, names[i]) == 0) {
			*out = i;
			return true;
		}
	return false;
}

static int take_value(const char *command, const struct cli_option *o, void *to, const char *value)
{
	struct cli_list *list = to;
	char *end = NULL;
	switch (o->kind) {
	case CLI_FLAG:
		*(bool *)to = true;
		break;
	case CLI_TEXT:
		*(const char **)to = value;
		break;
	case CLI_LIST:
		list->v = df_realloc(list->v, (list->n + 1) * sizeof(*list->v));
		list->v[list->n++] = value;
		break;
	case CLI_COUNT:
		*(uint64_t *)to = strtoull(value, &end, 10);
		if (value[0] < '0' || value[0] > '9' || *end != '\0')
			return cli_usage(command, "--%s: '%s' is not a number", o->name, value);
		break;
	case CLI_JSON:
		*(bool *)to = strcmp(value, "json") == 0;
		if (!*(bool *)to && strcmp(value, "text") != 0)
			return cli_usage(command, "--%s: '%s' is neither text nor json", o->name,
					 value);
		break;
	case CLI_FORMAT:
		if (!format_read(value, to))
			return cli_usage(command, "--%s: '%s' is not text, html or json", o->name,
					 value);
		break;
	}
	return -1;
}

/* ---- the command line ---- */

struct option_tables {
	const struct cli_option *own;
	size_t n_own;
	struct cli_globals *globals;
	char *arguments;
};

static const struct cli_option *table_at(const struct option_tables *t, int value, void **to)
{
	size_t i = (size_t)(value - OPTION_FIRST);
	const struct cli_option *o = i < t->n_own ? &t->own[i] : &cli_global_options[i - t->n_own];
	*to = (i < t->n_own ? t->arguments : (char *)t->globals) + o->at;
	return o;
}

/* getopt's table of both: the caller's. */
static struct option *table_for_getopt(const struct option_tables *t)
{
	size_t n_globals = table_size(cli_global_options), n = t->n_own + n_globals;
	struct option *list = df_alloc((n + 2) * sizeof(*list));
	for (size_t i = 0; i < n; i++) {
		const struct cli_option *o =
		    i < t->n_own ? &t->own[i] : &cli_global_options[i - t->n_own];
		list[i] =
		    (struct option){.name = o->name,
				    .has_arg = o->value != NULL ? required_argument : no_argument,
				    .val = OPTION_FIRST + (int)i};
	}
	list[n] = (struct option){.name = "help", .val = OPTION_HELP};
	return list;
}

/* getopt passes a word of letters once it has seen the last of them. */
static const char *word_refused(char **argv)
{
	const char *passed = argv[optind - 1];
	bool is_letter = optopt > 0 && optopt < OPTION_FIRST;
	bool is_last = passed[0] == '-' && passed[strlen(passed) - 1] == optopt;
	return is_letter && !is_last ? argv[optind] : passed;
}

/* -1: go on; CLI_PARSE_HELP: help is wanted; otherwise the exit code. */
static int parse_options(const char *command, const char *letters, const struct option_tables *t,
			 int argc, char **argv)
{
	struct option *list = table_for_getopt(t);
	int code = -1, c;
	opterr = 0;
	while (code == -1 && (c = getopt_long(argc, argv, letters, list, NULL)) != -1) {
		void *to = NULL;
		const struct cli_option *o;
		if (c == OPTION_HELP) {
			code = CLI_PARSE_HELP;
		} else if (c == OPTION_VERSION) {
			*(bool *)(void *)(t->arguments + t->own[0].at) = true;
		} else if (c == ':') {
			o = table_at(t, optopt, &to);
			code = cli_usage(command, "--%s needs a value: --%s %s", o->name, o->name,
					 o->value);
		} else if (c >= OPTION_FIRST) {
			o = table_at(t, c, &to);
			code = take_value(command, o, to, optarg);
		} else {
			code = unknown_option(command, t->own, word_refused(argv));
		}
	}

	free(list);
	return code;
}

static void take_operands(struct cli_operands *operands, int argc, char **argv)
{
	operands->v = (const char *const *)argv + optind;
	operands->n = (size_t)(argc - optind);
}

int cli_parse(const struct cli_spec *spec, struct cli_globals *g, int argc, char **argv,
	      void *arguments, struct cli_operands *operands)
{
	struct option_tables t = {.own = spec->options,
				  .n_own = table_size(spec->options),
				  .globals = g,
				  .arguments = arguments};
	int code = parse_options(spec->command, ":h", &t, argc, argv);
	take_operands(operands, argc, argv);
	g->aside = code == CLI_PARSE_HELP;
	return code == CLI_PARSE_HELP ? cli_help_show(spec) : code;
}

int cli_parse_globals(const struct cli_option *own, struct cli_globals *g, int argc, char **argv,
		      void *arguments, struct cli_operands *operands)
{
	struct option_tables t = {
	    .own = own, .n_own = table_size(own), .globals = g, .arguments = arguments};
	int code = parse_options(NULL, "+:hV", &t, argc, argv);
	take_operands(operands, argc, argv);
	return code;
}
