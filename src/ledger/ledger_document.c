/* SPDX-License-Identifier: MIT */
#include "ledger_priv.h"
#include "ledger_sql.h"

#include <stdlib.h>

enum df_status ledger_document_begin(struct ledger *l, int64_t file_id, const char *name, const char *event_type,
				     const char *settings, const char *manifest, int64_t now_ms, struct ledger_document *out,
				     struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	pthread_mutex_lock(&l->lock);
	enum df_status st = ledger_begin(l, true, err);
	if (st == DF_OK) {
		st = ledger_bind(l, Q_DOCUMENT_ADD, &s, err, "ibtitt", file_id, name, event_type, now_ms, settings, manifest);
		if (st == DF_OK)
			st = ledger_do(l, s, err);
		if (st == DF_OK)
			st = ledger_bind(l, Q_DOCUMENT_NAMED, &s, err, "ib", file_id, name);
		if (st == DF_OK)
			st = ledger_step(l, s, err);
		if (st == DF_OK) {
			ledger_read_document(s, out);
			sqlite3_reset(s);
		}
		st = ledger_end(l, st == DF_END ? DF_FATAL : st, err);
		if (st != DF_OK)
			ledger_document_free(out);
	}
	pthread_mutex_unlock(&l->lock);
	return st;
}

static enum df_status write_durably(struct ledger *l, sqlite3_stmt *s, struct df_err *err)
{
	enum df_status st = ledger_begin(l, true, err);
	if (st == DF_OK)
		st = ledger_end(l, ledger_do(l, s, err), err);
	return st;
}

enum df_status ledger_document_checked(struct ledger *l, int64_t id, uint64_t rows, uint64_t rejected, uint64_t batches,
				       uint64_t events, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	pthread_mutex_lock(&l->lock);
	enum df_status st = ledger_bind(l, Q_DOCUMENT_CHECKED, &s, err, "iiiii", id, (int64_t)rows, (int64_t)rejected,
					(int64_t)batches, (int64_t)events);
	if (st == DF_OK)
		st = write_durably(l, s, err);
	pthread_mutex_unlock(&l->lock);
	return st;
}

/* The promise of the whole program, checked where a document is closed: every row was delivered or rejected. */
static enum df_status check_balance(struct ledger *l, int64_t id, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	enum df_status st = ledger_bind(l, Q_DOCUMENT_BALANCE, &s, err, "i", id);
	if (st == DF_OK)
		st = ledger_step(l, s, err);
	if (st != DF_OK)
		return df_fail(DF_FATAL, err, NULL, "the ledger has no document %lld", (long long)id);
	long long rows = sqlite3_column_int64(s, 0), delivered = sqlite3_column_int64(s, 1),
		  rejected = sqlite3_column_int64(s, 2);
	sqlite3_reset(s);
	if (rows == delivered + rejected)
		return DF_OK;
	return df_fail(DF_FATAL, err, NULL,
		       "the books do not balance: %lld rows, but %lld delivered and %lld rejected. This is a defect of "
		       "dropfeed: keep the state folder and report it",
		       rows, delivered, rejected);
}

enum df_status ledger_document_state(struct ledger *l, int64_t id, enum ledger_state state, const char *code, const char *text,
				     int64_t now_ms, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	pthread_mutex_lock(&l->lock);
	enum df_status st = state == LEDGER_DONE ? check_balance(l, id, err) : DF_OK;
	if (st == DF_OK)
		st = ledger_bind(l, Q_DOCUMENT_STATE, &s, err, "iitti", id, (int64_t)state, code, text, now_ms);
	if (st == DF_OK)
		st = write_durably(l, s, err);
	pthread_mutex_unlock(&l->lock);
	return st;
}

static enum df_status put_lane(struct ledger *l, int64_t id, uint32_t lane, uint64_t done, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	enum df_status st = ledger_bind(l, Q_LANE_PUT, &s, err, "iii", id, (int64_t)lane, (int64_t)done);
	if (st == DF_OK)
		st = ledger_do(l, s, err);
	if (st == DF_OK && sqlite3_changes(l->db) != 1)
		st = df_fail(DF_FATAL, err, NULL, "lane %u of document %lld did not get further than %llu (a defect)", lane,
			     (long long)id, (unsigned long long)done);
	return st;
}

static enum df_status put_rejects(struct ledger *l, int64_t id, const struct ledger_reject *r, size_t n, struct df_err *err)
{
	enum df_status st = DF_OK;
	for (size_t i = 0; i < n && st == DF_OK; i++) {
		sqlite3_stmt *s = NULL;
		st = ledger_bind(l, Q_REJECT_PUT, &s, err, "iiiiit", id, (int64_t)r[i].row, (int64_t)r[i].line,
				 (int64_t)r[i].offset, (int64_t)r[i].length, r[i].message);
		if (st == DF_OK)
			st = ledger_do(l, s, err);
	}
	return st;
}

enum df_status ledger_lane_settled(struct ledger *l, int64_t id, uint32_t lane, uint64_t done, uint64_t rows_delivered,
				   const struct ledger_reject *rejects, size_t n_rejects, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	pthread_mutex_lock(&l->lock);
	enum df_status st = ledger_begin(l, false, err);
	if (st == DF_OK) {
		st = put_lane(l, id, lane, done, err);
		if (st == DF_OK)
			st = put_rejects(l, id, rejects, n_rejects, err);
		if (st == DF_OK)
			st = ledger_bind(l, Q_DOCUMENT_SETTLED, &s, err, "iii", id, (int64_t)rows_delivered,
					 (int64_t)n_rejects);
		if (st == DF_OK)
			st = ledger_do(l, s, err);
		st = ledger_end(l, st, err);
	}
	pthread_mutex_unlock(&l->lock);
	return st;
}

enum df_status ledger_lanes(struct ledger *l, int64_t id, uint64_t *done, uint32_t lanes, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	memset(done, 0, lanes * sizeof(*done));
	pthread_mutex_lock(&l->lock);
	enum df_status st = ledger_bind(l, Q_LANES, &s, err, "i", id);
	while (st == DF_OK && (st = ledger_step(l, s, err)) == DF_OK) {
		int64_t lane = sqlite3_column_int64(s, 0);
		if (lane < 0 || lane >= (int64_t)lanes)
			st = df_fail(DF_FATAL, err, NULL, "document %lld has a lane %lld, its settings have %u",
				     (long long)id, (long long)lane, lanes);
		else
			done[lane] = (uint64_t)sqlite3_column_int64(s, 1);
	}
	if (s != NULL)
		sqlite3_reset(s);
	pthread_mutex_unlock(&l->lock);
	return st == DF_END ? DF_OK : st;
}

enum df_status ledger_documents(struct ledger *l, int64_t file_id, ledger_each_document each, void *ctx, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	pthread_mutex_lock(&l->lock);
	enum df_status st = ledger_bind(l, Q_DOCUMENTS, &s, err, "i", file_id);
	while (st == DF_OK && (st = ledger_step(l, s, err)) == DF_OK) {
		struct ledger_document d;
		ledger_read_document(s, &d);
		st = each(ctx, &d, err);
		ledger_document_free(&d);
	}
	if (s != NULL)
		sqlite3_reset(s);
	pthread_mutex_unlock(&l->lock);
	return st == DF_END ? DF_OK : st;
}

enum df_status ledger_rejects(struct ledger *l, int64_t document_id, ledger_each_reject each, void *ctx, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	pthread_mutex_lock(&l->lock);
	enum df_status st = ledger_bind(l, Q_REJECTS, &s, err, "i", document_id);
	while (st == DF_OK && (st = ledger_step(l, s, err)) == DF_OK) {
		char *message = ledger_text(s, 4);
		struct ledger_reject r = {
		    .row = (uint64_t)sqlite3_column_int64(s, 0),
		    .line = (uint64_t)sqlite3_column_int64(s, 1),
		    .offset = (uint64_t)sqlite3_column_int64(s, 2),
		    .length = (uint64_t)sqlite3_column_int64(s, 3),
		    .message = message,
		};
		st = each(ctx, &r, err);
		free(message);
	}
	if (s != NULL)
		sqlite3_reset(s);
	pthread_mutex_unlock(&l->lock);
	return st == DF_END ? DF_OK : st;
}
