/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include "dropfeed/report.h"

struct status_arguments {
	const char *feed;
	bool json;
};

static const struct cli_option options[] = {
    {"feed", "NAME", CLI_TEXT, offsetof(struct status_arguments, feed), "this feed only"},
    {"format", "F", CLI_JSON, offsetof(struct status_arguments, json), "text (default) or json"},
    {0}};

const struct cli_spec cli_status_spec = {
    .command = "status",
    .synopsis = "[--feed NAME] [--format text|json]",
    .about = "Shows what the ledger knows: every drop file, its documents, and that rows = delivered + rejected. May "
	     "be called "
	     "while a run is under way.",
    .options = options,
    .exits = "0 it was shown, 2 usage or configuration, 5 internal error.",
};

static int status(const struct conf *conf, const char *feed, bool json)
{
	struct ledger *ledger = NULL;
	struct df_err err = {0};
	enum df_status st = ledger_open_readonly(conf->state_dir, &ledger, &err);
	if (st == DF_OK || st == DF_END)
		st = json ? report_status_json(ledger, feed, stdout, &err)
			  : report_status_text(ledger, feed, stdout, &err);
	ledger_close(ledger);
	if (st != DF_OK)
		df_log_err(DF_LOG_ERROR, &err);
	struct run_result result = {0};
	run_note_status(&result, st);
	return cli_flush() ? run_exit_code(&result) : CLI_EXIT_INTERNAL;
}

int cli_status(struct cli_globals *g, int argc, char **argv)
{
	struct status_arguments a = {0};
	struct cli_operands rest;
	struct conf *conf = NULL;
	int code = cli_parse(&cli_status_spec, g, argc, argv, &a, &rest);
	if (code >= 0)
		return code;

	code = CLI_EXIT_USAGE;
	if (rest.n > 0)
		cli_usage("status", "unexpected argument '%s'", rest.v[0]);
	else if (cli_conf(g, true, &conf) == 0 && cli_has_state(conf, "status") &&
		 (a.feed == NULL || cli_feed(conf, a.feed, "status") != NULL))
		code = status(conf, a.feed, a.json);
	conf_free(conf);
	return code;
}
