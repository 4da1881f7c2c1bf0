/* SPDX-License-Identifier: MIT */
/* What is done on every exit, whatever came before. Nothing here changes the exit code. */
#include "run_priv.h"

#include "dropfeed/report.h"

#include <stdlib.h>

static void write_metrics(const struct conf *conf, const struct report_run *run)
{
	struct df_err err = {0};
	const char **feeds = df_alloc((conf->n_feeds + 1) * sizeof(*feeds));
	for (size_t i = 0; i < conf->n_feeds; i++)
		feeds[i] = conf->feeds[i].name;
	const struct report_metrics what = {.path = conf->operate.metrics_file,
					    .state_dir = conf->state_dir,
					    .feeds = feeds,
					    .n_feeds = conf->n_feeds,
					    .run = run};
	if (report_metrics_write(&what, &err) != DF_OK) {
		df_err_context(&err, "metrics_file");
		df_log_err(DF_LOG_WARN, &err);
	}
	free((void *)feeds);
}

void run_ended(const struct conf *conf, const struct run_end *end)
{
	const struct report_run run = {.ended_ms = df_now_ms(),
				       .duration_ms = df_monotonic_ms() - end->started_ms,
				       .exit_code = end->exit_code};
	if (conf->operate.metrics_file != NULL)
		write_metrics(conf, end->is_run ? &run : NULL);
}

void run_remember(const struct run *run, int64_t started_ms)
{
	struct ledger *l = run->env.ledger;
	struct df_err err = {0};
	int code = run_exit_code(run->result);
	int64_t now = df_now_ms();
	enum df_status st = ledger_tally_set(l, "", LEDGER_RUN_MS, now, &err);
	if (st == DF_OK)
		st = ledger_tally_set(l, "", LEDGER_RUN_EXIT, code, &err);
	if (st == DF_OK)
		st = ledger_tally_set(l, "", LEDGER_RUN_DURATION, df_monotonic_ms() - started_ms,
				      &err);
	if (st == DF_OK && code == 0)
		st = ledger_tally_set(l, "", LEDGER_RUN_SUCCESS, now, &err);
	if (st != DF_OK)
		df_log_err(DF_LOG_WARN, &err);
}
