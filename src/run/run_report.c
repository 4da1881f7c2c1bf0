/* SPDX-License-Identifier: MIT */
/* What was closed in a period is printed. */
#include "run_priv.h"

#include "dropfeed/report.h"

#include <stdlib.h>

void run_report(const struct conf *conf, const struct run_report_options *options,
		struct run_result *result)
{
	struct ledger *ledger = NULL;
	struct df_err err = {0};
	const char **feeds = df_alloc((conf->n_feeds + 1) * sizeof(*feeds));
	for (size_t i = 0; i < conf->n_feeds; i++)
		feeds[i] = conf->feeds[i].name;
	const struct report_span span = {.format = options->format,
					 .feed = options->feed,
					 .since_ms = options->since_ms > 0 ? options->since_ms : 1,
					 .now_ms = df_now_ms(),
					 .feeds = feeds,
					 .n_feeds = conf->n_feeds};
	enum df_status st = run_ledger_read(conf, &ledger, &err);
	if (st != DF_OK)
		goto cleanup;
	st = report_period_write(ledger, &span, stdout, &err);
cleanup:
	if (st != DF_OK)
		df_log_err(DF_LOG_ERROR, &err);
	run_note_status(result, st);
	ledger_close(ledger);
	free(feeds);
}
