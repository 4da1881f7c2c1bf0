/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "Usage: dropfeed run [--feed NAME]... [--dry-run]\n"
    "\n"
    "Pulls the drop files that have settled from the source of every feed, checks each to its end, and delivers it.\n"
    "What an earlier run did not finish goes first. Made for cron: one run at a time, one summary line at the end.\n"
    "\n"
    "Options:\n"
    "  --feed NAME    this feed only; may be given more than once\n"
    "  --dry-run      read and check everything, send nothing, change nothing; forecast batches, requests, "
    "minutes\n" CLI_GLOBAL_HELP "\n"
    "Exit codes: 0 all delivered or nothing to do, 1 some rows rejected or files refused, 2 usage or configuration,\n"
    "3 unfinished: run again, 4 access refused, 5 internal error, 75 already running.\n";

void cli_summarize(const struct run_result *r, const char *idle)
{
	int code = run_exit_code(r);
	bool worked = r->files_done + r->files_refused + r->files_gone + r->documents > 0;
	if (!worked && code == 0)
		df_log(DF_LOG_INFO, "%s", idle);
	else /* where no file came so far, the error before says all that there is to be mailed */
		df_log(worked && code != 0 ? DF_LOG_WARN : DF_LOG_INFO,
		       "%llu file%s delivered, %llu refused; %llu row%s = %llu delivered + %llu rejected%s",
		       (unsigned long long)r->files_done, r->files_done == 1 ? "" : "s",
		       (unsigned long long)r->files_refused, (unsigned long long)r->rows, r->rows == 1 ? "" : "s",
		       (unsigned long long)r->delivered, (unsigned long long)r->rejected,
		       r->unfinished ? "; not finished: run again" : "");
}

static void summarize_dry_run(const struct run_result *r)
{
	df_log(DF_LOG_INFO,
	       "dry run: %llu files, %llu would be refused, %llu rows, %llu would be rejected; %llu batches in "
	       "at least %llu requests, about %.1f minutes; nothing was sent",
	       (unsigned long long)r->files_done + r->files_refused, (unsigned long long)r->files_refused,
	       (unsigned long long)r->rows, (unsigned long long)r->rejected, (unsigned long long)r->batches,
	       (unsigned long long)r->requests_forecast, r->minutes_forecast);
}

int cli_run(struct cli_globals *g, int argc, char **argv)
{
	enum { FEED = CLI_OWN, DRY_RUN };
	static const struct option options[] = {
	    {"feed", required_argument, NULL, FEED}, {"dry-run", no_argument, NULL, DRY_RUN}, CLI_GLOBAL_OPTIONS, {0}};
	struct run_options o = {0};
	const char **feeds = df_alloc((size_t)argc * sizeof(*feeds));
	struct conf *conf = NULL;
	int code = 0, c;
	o.feeds = feeds;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1 && code == 0) {
		if (cli_global(g, c))
			continue;
		if (c == FEED)
			feeds[o.n_feeds++] = optarg;
		else if (c == DRY_RUN)
			o.dry_run = true;
		else if (c == CLI_HELP) {
			code = cli_help(help);
			goto cleanup;
		} else
			code = cli_usage("run", "wrong option");
	}
	if (code == 0 && optind < argc)
		code = cli_usage("run", "'%s' is too much: `run` takes no files, `import` does", argv[optind]);
	if (code == 0)
		code = cli_conf(g, true, &conf);
	if (code == 0 && conf->n_feeds == 0)
		code = cli_usage("run", "%s has no [feed NAME] section: there is nothing to run", conf->path);
	for (size_t i = 0; code == 0 && i < o.n_feeds; i++)
		code = cli_feed(conf, feeds[i], "run") != NULL ? 0 : CLI_EXIT_USAGE;
	if (code == 0) {
		struct run_result result = {0};
		run_feeds(conf, &o, &result);
		code = run_exit_code(&result);
		if (o.dry_run)
			summarize_dry_run(&result);
		else if (code != 75)
			cli_summarize(&result, "nothing to do");
	}
cleanup:
	conf_free(conf);
	free(feeds);
	return code;
}
