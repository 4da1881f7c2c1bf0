/* SPDX-License-Identifier: MIT */
/* Walks over what the ledger has. */
#include "ledger_priv.h"
#include "ledger_sql.h"
#include "ledger_sqlite.h"

#include <stdlib.h>

struct walk;

/* Hands the statement's row to the caller's function. */
typedef enum df_status (*walk_row)(const struct ledger *l, struct ledger_stmt *s,
				   const struct walk *w, struct df_err *err);

struct walk {
	walk_row row;
	const void *each; /* one of the types of ledger.h */
	void *ctx;
	/* where the compiled statement is kept while no walk has it, or NULL */
	struct ledger_stmt **kept;
};

static enum df_status row_file(const struct ledger *l, struct ledger_stmt *s, const struct walk *w,
			       struct df_err *err)
{
	struct ledger_file f;
	ledger_file_read(l, s, &f);
	enum df_status st = (*(const ledger_each_file *)w->each)(w->ctx, &f, err);
	ledger_file_free(&f);
	return st;
}

static enum df_status row_document(const struct ledger *l, struct ledger_stmt *s,
				   const struct walk *w, struct df_err *err)
{
	struct ledger_document d;
	ledger_document_read(l, s, &d);
	enum df_status st = (*(const ledger_each_document *)w->each)(w->ctx, &d, err);
	ledger_document_free(&d);
	return st;
}

static enum df_status row_of_reject(const struct ledger *l, struct ledger_stmt *s,
				    const struct walk *w, struct df_err *err)
{
	(void)l;
	struct ledger_reject r = {.row = ledger_u64(s, 0),
				  .line = ledger_u64(s, 1),
				  .offset = ledger_u64(s, 2),
				  .length = ledger_u64(s, 3),
				  .message = ledger_text(s, 4),
				  .code = ledger_text(s, 5),
				  .partly = ledger_int(s, 6) != 0,
				  .rest = ledger_text(s, 7)};
	return (*(const ledger_each_reject *)w->each)(w->ctx, &r, err);
}

static enum df_status row_skipped(const struct ledger *l, struct ledger_stmt *s,
				  const struct walk *w, struct df_err *err)
{
	(void)l;
	struct ledger_skipped k = {
	    .name = ledger_text(s, 0), .why = ledger_text(s, 1), .csv = ledger_int(s, 2) != 0};
	return (*(const ledger_each_skipped *)w->each)(w->ctx, &k, err);
}

static enum df_status row_reason(const struct ledger *l, struct ledger_stmt *s,
				 const struct walk *w, struct df_err *err)
{
	(void)l;
	struct ledger_reason r = {.code = ledger_text(s, 0),
				  .column = ledger_text(s, 1),
				  .rows = ledger_u64(s, 2),
				  .lines = {ledger_u64(s, 3), ledger_u64(s, 4), ledger_u64(s, 5)}};
	return (*(const ledger_each_reason *)w->each)(w->ctx, &r, err);
}

static enum df_status row_tally(const struct ledger *l, struct ledger_stmt *s, const struct walk *w,
				struct df_err *err)
{
	(void)l;
	const struct ledger_tally t = {
	    .feed = ledger_text(s, 0), .name = ledger_text(s, 1), .value = ledger_int(s, 2)};
	return (*(const ledger_each_tally *)w->each)(w->ctx, &t, err);
}

static enum df_status row_condition(const struct ledger *l, struct ledger_stmt *s,
				    const struct walk *w, struct df_err *err)
{
	(void)l;
	const struct ledger_condition c = {.feed = ledger_text(s, 0),
					   .name = ledger_text(s, 1),
					   .subject = ledger_text(s, 2),
					   .text = ledger_text(s, 3),
					   .now_ms = ledger_int(s, 4)};
	return (*(const ledger_each_condition *)w->each)(w->ctx, &c, err);
}

static enum df_status row_open_files(const struct ledger *l, struct ledger_stmt *s,
				     const struct walk *w, struct df_err *err)
{
	(void)l;
	struct ledger_tally t = {
	    .feed = ledger_text(s, 0), .name = "open_files", .value = ledger_int(s, 1)};
	enum df_status st = (*(const ledger_each_tally *)w->each)(w->ctx, &t, err);
	t.name = "oldest_ms";
	t.value = ledger_int(s, 2);
	return st == DF_OK ? (*(const ledger_each_tally *)w->each)(w->ctx, &t, err) : st;
}

struct pull_walk { /* the feed is not in the rows */
	ledger_each_pull each;
	void *ctx;
	const char *feed;
};

static enum df_status row_pull(const struct ledger *l, struct ledger_stmt *s, const struct walk *w,
			       struct df_err *err)
{
	const struct pull_walk *p = w->ctx;
	char *arrival = ledger_path_whole(l, ledger_text(s, 0));
	const struct ledger_pull pull = {.arrival = arrival,
					 .key = {.feed = p->feed,
						 .source = ledger_text(s, 1),
						 .name = ledger_text(s, 2),
						 .size = ledger_u64(s, 3),
						 .mtime = ledger_int(s, 4)}};
	enum df_status st = p->each(p->ctx, &pull, err);
	free(arrival);
	return st;
}

static enum df_status walk_steps(struct ledger *l, struct ledger_stmt *s, const struct walk *w,
				 struct df_err *err)
{
	for (;;) {
		enum df_status st = ledger_step(l, s, "read the ledger", err);
		if (st != DF_OK)
			return st == DF_END ? DF_OK : st;
		st = w->row(l, s, w, err);
		if (st != DF_OK) /* DF_END too: the callback has seen enough */
			return st;
	}
}

/* The statement: the kept one, for to compile it costs more than to run it, or a new one. */
static enum df_status walk_open(struct ledger *l, const char *sql, const struct walk *w,
				struct ledger_stmt **out, struct df_err *err)
{
	if (w->kept == NULL || *w->kept == NULL)
		return l->driver->prepare(l, sql, -1, out, err);
	*out = *w->kept;
	*w->kept = NULL;
	return DF_OK;
}

/* A nested walk of the same kind may have left its own by now. */
static void walk_close(const struct walk *w, struct ledger_stmt *s)
{
	if (s == NULL || w->kept == NULL || *w->kept != NULL) {
		ledger_finalize(s);
		return;
	}
	ledger_reset(s);
	*w->kept = s;
}

/* Each walk has a statement of its own, so that walks may nest and their callbacks may use the
 * kept ones. The format is ledger_bind's. */
static enum df_status walk(struct ledger *l, const char *sql, const struct walk *w,
			   struct df_err *err, const char *format, ...)
{
	struct ledger_stmt *s = NULL;
	va_list values;
	ledger_lock(l);
	va_start(values, format);
	enum df_status st = walk_open(l, sql, w, &s, err);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_bind_values(l, s, err, format, values);
	if (st != DF_OK)
		goto cleanup;
	st = walk_steps(l, s, w, err);
cleanup:
	va_end(values);
	walk_close(w, s);
	ledger_unlock(l);
	return st;
}

enum df_status ledger_files(struct ledger *l, const char *feed, bool open_only,
			    ledger_each_file each, void *ctx, struct df_err *err)
{
	const struct walk w = {row_file, &each, ctx};
	return walk(l, open_only ? SQL_FILES_OPEN : SQL_FILES, &w, err, "t", feed);
}

struct latest_walk {
	ledger_each_file each;
	void *ctx;
	const struct ledger_latest *which;
};

/* A million names are looked at in the time that some thousand files take to be read. */
static enum df_status row_latest(const struct ledger *l, struct ledger_stmt *s,
				 const struct walk *w, struct df_err *err)
{
	const struct latest_walk *latest = w->ctx;
	const struct ledger_latest *which = latest->which;
	struct ledger_file f;
	if (which->names != NULL && !which->names(which->ctx, ledger_text(s, LEDGER_COLUMN_NAME)))
		return DF_OK;
	ledger_file_read(l, s, &f);
	enum df_status st = latest->each(latest->ctx, &f, err);
	ledger_file_free(&f);
	return st;
}

enum df_status ledger_files_latest(struct ledger *l, const struct ledger_latest *which,
				   ledger_each_file each, void *ctx, struct df_err *err)
{
	struct latest_walk latest = {each, ctx, which};
	const struct walk w = {row_latest, NULL, &latest};
	const char *named =
	    l->driver == &ledger_sqlite ? SQL_FILES_LATEST_NAMED : SQL_FILES_LATEST_NAMED_BYTES;
	const char *sql = which->name_from != NULL && which->name_below != NULL ? named
			  : which->open_only     ? SQL_FILES_LATEST_OPEN
			  : which->since_ms != 0 ? SQL_FILES_LATEST_SINCE
						 : SQL_FILES_LATEST;
	return walk(l, sql, &w, err, "tibtt", which->feed, which->since_ms,
		    (int64_t)which->open_only, which->name_from, which->name_below);
}

enum df_status ledger_files_old(struct ledger *l, int64_t before_ms, ledger_each_file each,
				void *ctx, struct df_err *err)
{
	const struct walk w = {row_file, &each, ctx};
	return walk(l, SQL_FILES_OLD, &w, err, "i", before_ms);
}

enum df_status ledger_documents(struct ledger *l, int64_t file_id, ledger_each_document each,
				void *ctx, struct df_err *err)
{
	const struct walk w = {row_document, &each, ctx, &l->documents};
	return walk(l, SQL_DOCUMENTS, &w, err, "i", file_id);
}

enum df_status ledger_reasons(struct ledger *l, int64_t document_id, ledger_each_reason each,
			      void *ctx, struct df_err *err)
{
	const struct walk w = {row_reason, &each, ctx};
	return walk(l, SQL_REASONS, &w, err, "i", document_id);
}

enum df_status ledger_rejects(struct ledger *l, int64_t document_id, uint64_t after,
			      ledger_each_reject each, void *ctx, struct df_err *err)
{
	const struct walk w = {row_of_reject, &each, ctx};
	return walk(l, SQL_REJECTS, &w, err, "ii", document_id, (int64_t)after);
}

enum df_status ledger_skips(struct ledger *l, int64_t file_id, ledger_each_skipped each, void *ctx,
			    struct df_err *err)
{
	const struct walk w = {row_skipped, &each, ctx};
	return walk(l, SQL_SKIPS, &w, err, "i", file_id);
}

enum df_status ledger_pulls(struct ledger *l, const char *feed, ledger_each_pull each, void *ctx,
			    struct df_err *err)
{
	struct pull_walk p = {each, ctx, feed};
	const struct walk w = {row_pull, NULL, &p};
	return walk(l, SQL_PULLS, &w, err, "tt", feed, l->node);
}

enum df_status ledger_tallies(struct ledger *l, ledger_each_tally each, void *ctx,
			      struct df_err *err)
{
	const struct walk w = {row_tally, &each, ctx};
	return walk(l, SQL_TALLIES, &w, err, "");
}

enum df_status ledger_open_files(struct ledger *l, ledger_each_tally each, void *ctx,
				 struct df_err *err)
{
	const struct walk w = {row_open_files, &each, ctx};
	return walk(l, SQL_OPEN_FILES, &w, err, "");
}

enum df_status ledger_conditions(struct ledger *l, const char *feed, ledger_each_condition each,
				 void *ctx, struct df_err *err)
{
	const struct walk w = {row_condition, &each, ctx};
	return walk(l, SQL_CONDITIONS, &w, err, "t", feed);
}
