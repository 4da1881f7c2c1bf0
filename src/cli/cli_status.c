/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY_MS INT64_C(86400000)

struct status_arguments {
	const char *feed, *since;
	uint64_t last;
	bool json, unfinished, exit_code;
};

#define AT(member) offsetof(struct status_arguments, member)
static const struct cli_option options[] = {
    {"feed", "NAME", CLI_TEXT, AT(feed), "this feed only"},
    {"since", "TIME", CLI_TEXT, AT(since),
     "files that were closed since then, or are not: an age such as 24h or 7d, or 2026-11-01T06:00 "
     "(UTC)"},
    {"unfinished", NULL, CLI_FLAG, AT(unfinished), "only files that a run has yet to go on with"},
    {"last", "N", CLI_COUNT, AT(last), "at most N files"},
    {"exit-code", NULL, CLI_FLAG, AT(exit_code),
     "for monitors: exit 3 when something is unfinished, 1 when a file that was closed since "
     "--since (default 24h) was "
     "refused or abandoned or has rejected rows, else 0"},
    {"format", "F", CLI_JSON, AT(json), "text (default) or json"},
    {0}};

const struct cli_spec cli_status_spec = {
    .command = "status",
    .synopsis = "[--feed NAME] [--since TIME] [--unfinished] [--last N] [--exit-code] [--format "
		"text|json] [FILE...]",
    .about =
	"Shows what the ledger knows: every drop file, its documents, and that rows = delivered + "
	"rejected + "
	"skipped, the latest first. May be called while a run is under way; reads no secret and "
	"writes nothing.\n"
	"FILE is a drop file's name, or a pattern such as 'orders*'; without any, all are shown.",
    .options = options,
    .exits = "0 it was shown, 2 usage or configuration, 5 internal error; with --exit-code also 1 "
	     "and 3.",
};

/* As it is, or as status prints it. */
static bool is_named(void *ctx, const char *name)
{
	const struct cli_operands *files = ctx;
	struct df_buf shown = {0};
	bool named = false;
	df_printable(&shown, name);
	for (size_t i = 0; i < files->n && !named; i++)
		named = strcmp(files->v[i], name) == 0 ||
			strcmp(files->v[i], df_buf_cstr(&shown)) == 0 ||
			fnmatch(files->v[i], name, 0) == 0;
	df_buf_free(&shown);
	return named;
}

static int status(const struct conf *conf, const struct status_arguments *a, int64_t since_ms,
		  struct cli_operands *files)
{
	struct run_result result = {0};
	struct run_status_options o = {.feed = a->feed,
				       .since_ms = since_ms,
				       .last = a->last,
				       .unfinished = a->unfinished,
				       .json = a->json,
				       .names = files->n > 0 ? is_named : NULL,
				       .ctx = files};
	if (a->exit_code)
		o.health_since_ms = a->since != NULL ? since_ms : df_now_ms() - DAY_MS;
	run_status(conf, &o, &result);
	return cli_flush() ? run_exit_code(&result) : CLI_EXIT_INTERNAL;
}

int cli_status(struct cli_globals *g, int argc, char **argv)
{
	struct status_arguments a = {0};
	struct cli_operands files;
	struct conf *conf = NULL;
	int64_t since_ms = 0;
	int code = cli_parse(&cli_status_spec, g, argc, argv, &a, &files);
	if (code >= 0)
		return code;

	code = CLI_EXIT_USAGE;
	if (a.since != NULL && !cli_since(a.since, &since_ms))
		cli_usage("status",
			  "--since: '%s' is neither an age such as 24h nor a time such as "
			  "2026-11-01T06:00",
			  a.since);
	else if (cli_conf_public(g, &conf) == 0 && cli_has_state(conf, "status") &&
		 (a.feed == NULL || cli_feed(conf, a.feed, "status") != NULL))
		code = status(conf, &a, since_ms, &files);
	conf_free(conf);
	return code;
}
