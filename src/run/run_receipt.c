/* SPDX-License-Identifier: MIT */
/* A file's receipt, and the copies of its reject files, on the source. */
#include "run_receipt.h"

#include "dropfeed/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define REJECTS_MAX ((size_t)256 << 20) /* bytes of a reject file that is copied to the source */

/* Will the rejects never be sent? Any other trouble with them, such as their belonging to
 * somebody else, may end. */
static bool is_given_up(const char *path)
{
	struct stat info;
	return stat(path, &info) != 0 ? errno == ENOENT : (uint64_t)info.st_size > REJECTS_MAX;
}

/* The rejects go back as they are here. A file that somebody took away, or that is too large
 * to send in one piece, does not withhold the receipt. */
static enum df_status put_rejects(const struct run_source *s, const char *path, struct df_err *err)
{
	struct df_err why = {0};
	char *text = NULL;
	size_t len = 0;
	enum df_status st = df_read_file(path, REJECTS_MAX, &text, &len, &why);
	if (st != DF_OK && !is_given_up(path))
		return df_fail(DF_RETRY, err, NULL, "%s", why.text);
	if (st != DF_OK) {
		df_log_err(DF_LOG_WARN, &why);
		return DF_OK;
	}
	st = fetch_put(s->fetch, s->feed->fetch.receipts, df_base_name(path), text, len, err);
	free(text);
	return st;
}

static enum df_status collect_rejects(void *ctx, const struct ledger_document *d,
				      struct df_err *err)
{
	(void)err;
	struct conf_list *paths = ctx;
	if (d->state != LEDGER_DONE || d->text == NULL)
		return DF_OK;
	paths->v = df_realloc(paths->v, (paths->n + 1) * sizeof(*paths->v));
	paths->v[paths->n++] = df_strdup(d->text);
	return DF_OK;
}

static enum df_status put_all_rejects(const struct run *run, const struct run_source *source,
				      const struct ledger_file *f, struct df_err *err)
{
	struct conf_list rejects = {0};
	enum df_status st =
	    ledger_documents(run->env.ledger, f->id, collect_rejects, &rejects, err);
	for (size_t i = 0; st == DF_OK && i < rejects.n; i++)
		st = put_rejects(source, rejects.v[i], err);
	for (size_t i = 0; i < rejects.n; i++)
		free(rejects.v[i]);
	free(rejects.v);
	return st;
}

static enum df_status receipt_text(const struct run *run, const struct ledger_file *f, char **text,
				   size_t *len, struct df_err *err)
{
	FILE *to = open_memstream(text, len);
	if (to == NULL)
		return df_fail(DF_FATAL, err, NULL, "out of memory");
	enum df_status st = report_receipt_json(run->env.ledger, f, to, err);
	if (fclose(to) != 0 && st == DF_OK)
		st = df_fail(DF_FATAL, err, NULL, "out of memory");
	return st;
}

enum df_status run_receipt_put(const struct run *run, const struct run_source *source,
			       const struct ledger_file *f, struct df_err *err)
{
	char *text = NULL;
	size_t len = 0;
	char *name = df_file_name(f->name, strlen(f->name), ".receipt.json");
	enum df_status st = receipt_text(run, f, &text, &len, err);
	if (st != DF_OK)
		goto cleanup;
	st = put_all_rejects(run, source, f, err);
	if (st != DF_OK)
		goto cleanup;
	st = fetch_put(source->fetch, source->feed->fetch.receipts, name, text, len, err);
cleanup:
	free(name);
	free(text);
	return st;
}

enum df_status run_receipt_is_there(const struct run *run, const struct run_source *source,
				    const struct ledger_file *f, struct df_err *err)
{
	const struct conf_feed *feed = source->feed;
	struct fetch *fetch = source->fetch;
	struct ledger_file first = {0};
	struct fetch_entry there = {0};
	if (f->code == NULL || strcmp(f->code, "duplicate") != 0)
		return DF_END;
	const struct ledger_bytes bytes = {
	    .feed = feed->name, .sha256 = f->sha256, .event_type = f->event_type, .before = f->id};
	enum df_status st = ledger_file_same(run->env.ledger, &bytes, &first, err);
	bool same = st == DF_OK && strcmp(first.name, f->name) == 0;
	ledger_file_free(&first);
	if (st != DF_OK || !same)
		return st == DF_OK ? DF_END : st;

	char *name = df_file_name(f->name, strlen(f->name), ".receipt.json");
	fetch_enter(fetch, feed->fetch.receipts);
	st = fetch_stat_file(fetch, name, &there, err);
	fetch_enter(fetch, NULL);
	free(name);
	return st;
}
