/* SPDX-License-Identifier: MIT */
/* A file's receipt, and the copies of its reject files, on the source. */
#include "run_receipt.h"

#include "dropfeed/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define REJECTS_MAX ((size_t)256 << 20) /* bytes of a reject file that is copied to the source */

/* DF_END: they are too large to be sent in one piece. */
static enum df_status read_rejects(int fd, const char *path, struct df_buf *out, struct df_err *err)
{
	char piece[65536];
	*out = (struct df_buf){.max = REJECTS_MAX};
	for (ssize_t n; (n = pread(fd, piece, sizeof(piece), (off_t)out->len)) != 0;) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return df_fail(DF_RETRY, err, NULL, "cannot read %s: %s", path,
				       df_strerror(errno));
		df_buf_add(out, piece, (size_t)n);
		if (out->over) {
			df_log(DF_LOG_WARN, "%s is larger than %zu bytes", path, REJECTS_MAX);
			return DF_END;
		}
	}
	return DF_OK;
}

/* The rejects go back as they are. A file that somebody took away, or that is too large to send in
 * one piece, does not withhold the receipt; any other trouble with them, such as their belonging to
 * somebody else, may end. */
static enum df_status put_rejects(const struct run *run, const struct run_source *s,
				  const struct run_reject_file *f, struct df_err *err)
{
	struct df_buf text = {0};
	int fd = -1;
	enum df_status st = run_reject_file_open(run->env.ledger, f, &fd, err);
	if (st == DF_END)
		df_log(DF_LOG_WARN, "%s is not there any more: no copy of it is at the source",
		       f->path);
	if (st != DF_OK)
		goto cleanup;
	st = read_rejects(fd, f->path, &text, err);
	close(fd);
	if (st != DF_OK)
		goto cleanup;
	st = fetch_put(s->fetch, s->feed->fetch.receipts, df_base_name(f->path), df_buf_cstr(&text),
		       text.len, err);
cleanup:
	df_buf_free(&text);
	return st == DF_END ? DF_OK : st;
}

struct reject_files {
	struct ledger *ledger;
	struct run_reject_file *v; /* own */
	size_t n;
};

static enum df_status collect_rejects(void *ctx, const struct ledger_document *d,
				      struct df_err *err)
{
	struct reject_files *files = ctx;
	if (d->state != LEDGER_DONE || d->text == NULL)
		return DF_OK;
	files->v = df_realloc(files->v, (files->n + 1) * sizeof(*files->v));
	return run_reject_file_of(files->ledger, d, &files->v[files->n++], err);
}

static enum df_status put_all_rejects(const struct run *run, const struct run_source *source,
				      const struct ledger_file *f, struct df_err *err)
{
	struct reject_files files = {.ledger = run->env.ledger};
	enum df_status st = ledger_documents(run->env.ledger, f->id, collect_rejects, &files, err);
	for (size_t i = 0; st == DF_OK && i < files.n; i++)
		st = put_rejects(run, source, &files.v[i], err);
	for (size_t i = 0; i < files.n; i++)
		free(files.v[i].path);
	free(files.v);
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

/* Below the file's sub-folders. The caller's. */
static char *receipt_name(const struct ledger_file *f)
{
	const char *leaf = df_base_name(f->name);
	char *own = df_file_name(leaf, strlen(leaf), ".receipt.json");
	char *name = df_format("%.*s%s", (int)(leaf - f->name), f->name, own);
	free(own);
	return name;
}

enum df_status run_receipt_put(const struct run *run, const struct run_source *source,
			       const struct ledger_file *f, struct df_err *err)
{
	char *text = NULL;
	size_t len = 0;
	char *name = receipt_name(f);
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

	char *name = receipt_name(f);
	fetch_enter(fetch, feed->fetch.receipts);
	st = fetch_stat_file(fetch, name, &there, err);
	fetch_enter(fetch, NULL);
	free(name);
	return st;
}
