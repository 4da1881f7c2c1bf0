/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include "dropfeed/report.h"

static const char help[] =
    "Usage: dropfeed status [--feed NAME] [--format text|json]\n"
    "\n"
    "Shows what the ledger knows: every drop file, its documents, and that rows = delivered + rejected. May be called\n"
    "while a run is under way.\n"
    "\n"
    "Options:\n"
    "  --feed NAME    this feed only\n"
    "  --format F     text (default) or json\n" CLI_GLOBAL_HELP "\n"
    "Exit codes: 0 it was shown, 2 usage or configuration, 5 internal error.\n";

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
	enum { FEED = CLI_OWN, FORMAT };
	static const struct option options[] = {{"feed", required_argument, NULL, FEED},
						{"format", required_argument, NULL, FORMAT},
						CLI_GLOBAL_OPTIONS,
						{0}};
	const char *feed = NULL;
	struct conf *conf = NULL;
	bool json = false;
	int code = 0, c;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1 && code == 0) {
		if (cli_global(g, c))
			continue;
		if (c == CLI_HELP)
			return cli_help(help);
		if (c == FEED)
			feed = optarg;
		else if (c == FORMAT && strcmp(optarg, "json") == 0)
			json = true;
		else if (c != FORMAT || strcmp(optarg, "text") != 0)
			code = cli_usage("status", c == FORMAT ? "--format is text or json" : "wrong option");
	}
	if (code == 0 && optind < argc)
		code = cli_usage("status", "'%s' is too much", argv[optind]);
	if (code == 0)
		code = cli_conf(g, true, &conf);
	if (code == 0 && conf->state_dir == NULL)
		code = cli_usage("status", "%s names no state_dir", conf->path);
	if (code == 0 && feed != NULL && cli_feed(conf, feed, "status") == NULL)
		code = CLI_EXIT_USAGE;
	if (code == 0)
		code = status(conf, feed, json);
	conf_free(conf);
	return code;
}
