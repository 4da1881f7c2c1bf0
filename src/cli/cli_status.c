/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include "dropfeed/report.h"

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

static enum df_status show(struct ledger *l, const struct status_arguments *a, int64_t since_ms,
			   struct cli_operands *files, struct df_err *err)
{
	const struct report_status_filter filter = {
	    .files = {.feed = a->feed, .since_ms = since_ms, .open_only = a->unfinished},
	    .last = a->last,
	    .names = files->n > 0 ? is_named : NULL,
	    .ctx = files};
	return a->json ? report_status_json(l, &filter, stdout, err)
		       : report_status_text(l, &filter, stdout, err);
}

static int status(const struct conf *conf, const struct status_arguments *a, int64_t since_ms,
		  struct cli_operands *files)
{
	struct ledger *ledger = NULL;
	struct report_health health = {0};
	struct df_err err = {0};
	int64_t recent = a->since != NULL ? since_ms : df_now_ms() - DAY_MS;
	enum df_status st = ledger_open_readonly(conf->state_dir, &ledger, &err);
	if (st == DF_OK || st == DF_END)
		st = show(ledger, a, since_ms, files, &err);
	if (st == DF_OK && ledger != NULL && a->exit_code)
		st = report_health(ledger, a->feed, recent, &health, &err);
	ledger_close(ledger);
	if (st != DF_OK)
		df_log_err(DF_LOG_ERROR, &err);
	struct run_result result = {.unfinished = health.unfinished > 0, .rejected = health.faulty};
	run_note_status(&result, st);
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
