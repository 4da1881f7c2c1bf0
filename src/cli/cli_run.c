/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include "dropfeed/json.h"

#include <stdio.h>

struct run_arguments {
	struct cli_list feeds;
	bool dry_run, json;
	uint64_t progress;
};

static const struct cli_option options[] = {
    {"feed", "NAME", CLI_LIST, offsetof(struct run_arguments, feeds),
     "this feed only; may be given more than once"},
    {"dry-run", NULL, CLI_FLAG, offsetof(struct run_arguments, dry_run),
     "read and check everything, send nothing, change nothing; forecast batches, requests, "
     "minutes"},
    {"format", "F", CLI_JSON, offsetof(struct run_arguments, json),
     "text (default), or json: one object at the end"},
    CLI_PROGRESS(offsetof(struct run_arguments, progress)),
    {0}};

const struct cli_spec cli_run_spec = {
    .command = "run",
    .synopsis = "[--feed NAME]... [--dry-run] [--format text|json] [--progress SECONDS]",
    .about = "Pulls the drop files that have settled from the source of every feed, checks each to "
	     "its end, and delivers "
	     "it. "
	     "What an earlier run did not finish goes first. Made for cron: one run at a time, one "
	     "summary line at the end.",
    .options = options,
    .exits = "0 all delivered or nothing to do, 1 some rows rejected or files refused, 2 usage or "
	     "configuration, 3 "
	     "unfinished: run again, 4 access refused, 5 internal error, 75 already running.",
};

void cli_summarize(const struct run_result *r, const char *idle)
{
	int code = run_exit_code(r);
	bool worked = r->files_done + r->files_refused + r->files_gone + r->documents > 0;
	const struct df_log_number numbers[] = {{"exit_code", (uint64_t)code},
						{"files_done", r->files_done},
						{"files_refused", r->files_refused},
						{"rows", r->rows},
						{"delivered", r->delivered},
						{"rejected", r->rejected},
						{"skipped", r->skipped}};
	const struct df_log_fields fields = {.numbers = numbers, .n_numbers = 7};
	char skipped[48] = "";

	if (r->skipped > 0)
		snprintf(skipped, sizeof(skipped), " + %llu skipped",
			 (unsigned long long)r->skipped);
	if (!worked && code == 0)
		df_log(DF_LOG_INFO, "%s", idle);
	else /* where no file came so far, the error before says all that there is to be mailed */
		df_log_with(
		    worked && code != 0 ? DF_LOG_WARN : DF_LOG_INFO, &fields,
		    "%llu file%s delivered, %llu refused; %llu row%s = %llu delivered + %llu "
		    "rejected%s%s",
		    (unsigned long long)r->files_done, df_plural(r->files_done),
		    (unsigned long long)r->files_refused, (unsigned long long)r->rows,
		    df_plural(r->rows), (unsigned long long)r->delivered,
		    (unsigned long long)r->rejected, skipped,
		    r->unfinished ? "; not finished: run again" : "");
}

static void json_forecast(struct json_writer *j, const struct run_result *r)
{
	char minutes[32];
	snprintf(minutes, sizeof(minutes), "%.1f", r->minutes_forecast);
	json_write_open(j, "forecast", '{');
	json_write_count(j, "requests", r->requests_forecast);
	json_write_json(j, "minutes", minutes);
	json_write_close(j);
}

int cli_summarize_json(const struct run_result *r, bool dry_run)
{
	int code = run_exit_code(r);
	struct df_buf b = {0};
	struct json_writer j = {.out = &b};

	json_write_open(&j, NULL, '{');
	json_write_count(&j, "exit_code", (uint64_t)code);
	json_write_bool(&j, "dry_run", dry_run);
	json_write_bool(&j, "unfinished", r->unfinished);
	json_write_count(&j, "files_done", r->files_done);
	json_write_count(&j, "files_refused", r->files_refused);
	json_write_count(&j, "files_skipped", r->files_skipped);
	json_write_count(&j, "documents", r->documents);
	json_write_count(&j, "rows", r->rows);
	json_write_count(&j, "delivered", r->delivered);
	json_write_count(&j, "rejected", r->rejected);
	json_write_count(&j, "skipped", r->skipped);
	json_write_count(&j, "events", r->events);
	json_write_count(&j, "batches", r->batches);
	if (dry_run)
		json_forecast(&j, r);
	else
		json_write_null(&j, "forecast");
	json_write_close(&j);
	df_buf_addc(&b, '\n');
	fwrite(b.data, 1, b.len, stdout);
	df_buf_free(&b);
	return cli_flush() ? code : CLI_EXIT_INTERNAL;
}

static void summarize_dry_run(const struct run_result *r)
{
	df_log(DF_LOG_INFO,
	       "dry run: %s, %llu would be refused, %s, %llu would be rejected; %s in at least %s, "
	       "about %.1f minutes; nothing was sent",
	       df_count(r->files_done + r->files_refused, "file").text,
	       (unsigned long long)r->files_refused, df_count(r->rows, "row").text,
	       (unsigned long long)r->rejected, df_count(r->batches, "batch").text,
	       df_count(r->requests_forecast, "request").text, r->minutes_forecast);
}

int cli_run(struct cli_globals *g, int argc, char **argv)
{
	struct run_arguments a = {0};
	struct run_result result = {0};
	struct cli_operands rest;
	struct conf *conf = NULL;
	int code = cli_parse(&cli_run_spec, g, argc, argv, &a, &rest);
	if (code >= 0)
		goto cleanup;

	g->aside = a.dry_run;
	code = CLI_EXIT_USAGE;
	if (rest.n > 0) {
		cli_usage("run", "unexpected argument '%s': `run` takes no files, `import` does",
			  rest.v[0]);
		goto cleanup;
	}
	if (cli_conf(g, true, &conf) != 0 || !cli_feeds(conf, &a.feeds, "run") ||
	    !cli_has_feeds(conf, "run"))
		goto cleanup;

	conf->operate.progress_s = cli_seconds(a.progress);
	struct run_options o = {.feeds = a.feeds.v, .n_feeds = a.feeds.n, .dry_run = a.dry_run};
	run_feeds(conf, &o, &result);
	g->ping = result.ping;
	code = run_exit_code(&result);
	if (a.json)
		code = cli_summarize_json(&result, a.dry_run);
	else if (a.dry_run)
		summarize_dry_run(&result);
	else if (code != 75)
		cli_summarize(&result, "nothing to do");
cleanup:
	conf_free(conf);
	cli_list_free(&a.feeds);
	return code;
}
