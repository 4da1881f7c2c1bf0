/* SPDX-License-Identifier: MIT */
/* What the ledger knows is printed, or copied. */
#include "run_source.h"

#include "dropfeed/report.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Of so many rows one comes again where a reject file was corrected and dropped again. */
#define ROWS_LOOKED_AT 100u

static struct report_running running(const struct conf *conf)
{
	struct report_running r = {0};
	char *lock = df_format("%s/lock", conf->state_dir);
	r.pid = df_lock_owner(lock, &r.since_s);
	free(lock);
	return r;
}

static enum df_status show(const struct conf *conf, struct ledger *l,
			   const struct run_status_options *o, struct df_err *err)
{
	const struct report_status_filter filter = {.files = {.feed = o->feed,
							      .since_ms = o->since_ms,
							      .open_only = o->unfinished,
							      .name_from = o->name_from,
							      .name_below = o->name_below,
							      .names = o->names,
							      .ctx = o->ctx},
						    .running = running(conf),
						    .last = o->last};
	return o->json ? report_status_json(l, &filter, stdout, err)
		       : report_status_text(l, &filter, stdout, err);
}

static bool has_feed(void *conf, const char *feed)
{
	return conf_feed_find(conf, feed) != NULL;
}

/* Where hosts share a ledger, a reject file that is not here may be on the host that wrote it. */
static enum df_status in_hand(void *ctx, struct ledger *l, const char *feed,
			      const struct ledger_document *d, bool *taken, struct df_err *err)
{
	const struct conf *conf = ctx;
	struct stat info;
	*taken = conf->ledger.url == NULL && d->text != NULL && stat(d->text, &info) != 0 &&
		 errno == ENOENT;
	return *taken ? DF_OK : run_rejects_redropped(l, feed, d, ROWS_LOOKED_AT, taken, err);
}

void run_status(const struct conf *conf, const struct run_status_options *options,
		struct run_result *result)
{
	struct ledger *ledger = NULL;
	const struct report_health_query asked = {.files = {.feed = options->feed,
							    .since_ms = options->health_since_ms,
							    .name_from = options->name_from,
							    .name_below = options->name_below,
							    .names = options->names,
							    .ctx = options->ctx},
						  .has_feed = has_feed,
						  .in_hand = in_hand,
						  .ctx = (void *)(uintptr_t)conf};
	struct report_health health = {0};
	struct df_err err = {0};
	enum df_status st = run_ledger_read(conf, &ledger, &err);
	if (st != DF_OK)
		goto cleanup;
	st = show(conf, ledger, options, &err);
	if (st != DF_OK)
		goto cleanup;
	if (ledger != NULL && options->health)
		st = report_health(ledger, &asked, &health, &err);
cleanup:
	ledger_close(ledger);
	if (st != DF_OK)
		df_log_err(DF_LOG_ERROR, &err);
	result->unfinished = result->unfinished || health.unfinished > 0;
	result->rejected += health.faulty;
	run_note_status(result, st);
}

void run_backup(const struct conf *conf, const char *path, struct run_result *result)
{
	struct df_err err = {0};
	enum df_status st =
	    conf->ledger.url == NULL
		? ledger_backup(conf->state_dir, path, &err)
		: df_fail(DF_USAGE, &err, NULL,
			  "the ledger is in PostgreSQL: back it up with pg_dump, or as the "
			  "database's administrator does");
	if (st == DF_OK)
		df_log(DF_LOG_INFO, "the ledger was copied to %s", path);
	else
		df_log_err(DF_LOG_ERROR, &err);
	run_note_status(result, st);
}
