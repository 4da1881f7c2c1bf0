/* SPDX-License-Identifier: MIT */
/* Rows into structs, and the walks. */
#include "ledger_priv.h"
#include "ledger_sql.h"

#include <stdio.h>
#include <stdlib.h>

static char *column_text(sqlite3_stmt *s, int i)
{
	return df_strdup((const char *)sqlite3_column_text(s, i));
}

static uint64_t column_u64(sqlite3_stmt *s, int i)
{
	return (uint64_t)sqlite3_column_int64(s, i);
}

/* The order of SQL_FILE_COLUMNS. */
void ledger_file_read(sqlite3_stmt *s, struct ledger_file *out)
{
	memset(out, 0, sizeof(*out));
	out->id = sqlite3_column_int64(s, 0);
	out->feed = column_text(s, 1);
	out->name = column_text(s, 2);
	out->size = column_u64(s, 3);
	out->mtime = sqlite3_column_int64(s, 4);
	const char *sha256 = (const char *)sqlite3_column_text(s, 5);
	snprintf(out->sha256, sizeof(out->sha256), "%s", sha256 != NULL ? sha256 : "");
	out->state = (enum ledger_state)sqlite3_column_int(s, 6);
	out->pulled_ms = sqlite3_column_int64(s, 7);
	out->closed_ms = sqlite3_column_int64(s, 8);
	out->code = column_text(s, 9);
	out->text = column_text(s, 10);
	out->cleanup_due = sqlite3_column_int(s, 11) != 0;
}

/* The order of SQL_DOCUMENT_COLUMNS. */
void ledger_document_read(sqlite3_stmt *s, struct ledger_document *out)
{
	memset(out, 0, sizeof(*out));
	out->id = sqlite3_column_int64(s, 0);
	out->name = column_text(s, 1);
	out->event_type = column_text(s, 2);
	out->state = (enum ledger_state)sqlite3_column_int(s, 3);
	out->begun_ms = sqlite3_column_int64(s, 4);
	out->closed_ms = sqlite3_column_int64(s, 5);
	out->rows = column_u64(s, 6);
	out->delivered = column_u64(s, 7);
	out->rejected = column_u64(s, 8);
	out->batches = column_u64(s, 9);
	out->events = column_u64(s, 10);
	out->code = column_text(s, 11);
	out->text = column_text(s, 12);
	out->settings = column_text(s, 13);
	out->manifest = column_text(s, 14);
	out->reasons = column_text(s, 15);
	out->first_batch = column_text(s, 16);
	out->last_batch = column_text(s, 17);
}

void ledger_file_free(struct ledger_file *f)
{
	free(f->feed);
	free(f->name);
	free(f->code);
	free(f->text);
	memset(f, 0, sizeof(*f));
}

void ledger_document_free(struct ledger_document *d)
{
	free(d->name);
	free(d->event_type);
	free(d->code);
	free(d->text);
	free(d->settings);
	free(d->manifest);
	free(d->reasons);
	free(d->first_batch);
	free(d->last_batch);
	memset(d, 0, sizeof(*d));
}

/* ---- walks ---- */

/* Hands the row the statement stands on to the caller's function. */
typedef enum df_status (*walk_row)(sqlite3_stmt *s, const void *each, void *ctx, struct df_err *err);

/* Each walk has a statement of its own, so that walks may nest and their callbacks may use the kept ones. */
static enum df_status walk(struct ledger *l, sqlite3_stmt *s, walk_row row, const void *each, void *ctx,
			   struct df_err *err)
{
	for (;;) {
		enum df_status st = ledger_step(l, s, "read the ledger", err);
		if (st != DF_OK)
			return st == DF_END ? DF_OK : st;
		st = row(s, each, ctx, err);
		if (st != DF_OK) /* DF_END too: the callback has seen enough */
			return st;
	}
}

static enum df_status walk_prepare(struct ledger *l, const char *sql, sqlite3_stmt **out, struct df_err *err)
{
	if (sqlite3_prepare_v2(l->db, sql, -1, out, NULL) != SQLITE_OK)
		return ledger_fail(l, "read", err);
	return DF_OK;
}

static enum df_status row_file(sqlite3_stmt *s, const void *each, void *ctx, struct df_err *err)
{
	struct ledger_file f;
	ledger_file_read(s, &f);
	enum df_status st = (*(const ledger_each_file *)each)(ctx, &f, err);
	ledger_file_free(&f);
	return st;
}

static enum df_status row_document(sqlite3_stmt *s, const void *each, void *ctx, struct df_err *err)
{
	struct ledger_document d;
	ledger_document_read(s, &d);
	enum df_status st = (*(const ledger_each_document *)each)(ctx, &d, err);
	ledger_document_free(&d);
	return st;
}

static enum df_status row_reject(sqlite3_stmt *s, const void *each, void *ctx, struct df_err *err)
{
	struct ledger_reject r = {.row = column_u64(s, 0),
				  .line = column_u64(s, 1),
				  .offset = column_u64(s, 2),
				  .length = column_u64(s, 3),
				  .message = (const char *)sqlite3_column_text(s, 4),
				  .code = (const char *)sqlite3_column_text(s, 5)};
	return (*(const ledger_each_reject *)each)(ctx, &r, err);
}

enum df_status ledger_files(struct ledger *l, const char *feed, bool open_only, ledger_each_file each, void *ctx,
			    struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	ledger_lock(l);
	enum df_status st = walk_prepare(l, open_only ? SQL_FILES_OPEN : SQL_FILES, &s, err);
	if (st == DF_OK) {
		sqlite3_bind_text(s, 1, feed, -1, SQLITE_STATIC);
		st = walk(l, s, row_file, &each, ctx, err);
	}
	sqlite3_finalize(s);
	ledger_unlock(l);
	return st;
}

static enum df_status walk_by_id(struct ledger *l, const char *sql, int64_t id, uint64_t after, walk_row row,
				 const void *each, void *ctx, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	ledger_lock(l);
	enum df_status st = walk_prepare(l, sql, &s, err);
	if (st == DF_OK) {
		sqlite3_bind_int64(s, 1, id);
		if (sqlite3_bind_parameter_count(s) > 1)
			sqlite3_bind_int64(s, 2, (int64_t)after);
		st = walk(l, s, row, each, ctx, err);
	}
	sqlite3_finalize(s);
	ledger_unlock(l);
	return st;
}

enum df_status ledger_documents(struct ledger *l, int64_t file_id, ledger_each_document each, void *ctx,
				struct df_err *err)
{
	return walk_by_id(l, SQL_DOCUMENTS, file_id, 0, row_document, &each, ctx, err);
}

enum df_status ledger_rejects(struct ledger *l, int64_t document_id, uint64_t after, ledger_each_reject each, void *ctx,
			      struct df_err *err)
{
	return walk_by_id(l, SQL_REJECTS, document_id, after, row_reject, &each, ctx, err);
}
