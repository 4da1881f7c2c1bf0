/* SPDX-License-Identifier: MIT */
/* Documents and the progress of their lanes. */
#include "ledger_priv.h"
#include "ledger_sql.h"

#include <inttypes.h>

enum df_status ledger_document_begin(struct ledger *l, int64_t file_id, const char *name, const char *event_type,
				     const char *settings, const char *manifest, int64_t now_ms,
				     struct ledger_document *out, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	ledger_lock(l);
	enum df_status st = ledger_sync(l, false, err); /* the state SENDING is, before anything leaves */
	if (st == DF_OK)
		st = ledger_bind(l, ST_DOCUMENT_ADD, &s, err, "ittiitt", file_id, name, event_type,
				 (int64_t)LEDGER_PULLED, now_ms, settings, manifest);
	if (st == DF_OK)
		st = ledger_run(l, s, "enter a document", err);
	if (st == DF_OK)
		st = ledger_bind(l, ST_DOCUMENT_FIND, &s, err, "it", file_id, name);
	if (st == DF_OK)
		st = ledger_step(l, s, "look up a document", err);
	if (st == DF_OK) {
		ledger_document_read(s, out);
		sqlite3_reset(s);
	} else if (st == DF_END) {
		st = df_fail(DF_FATAL, err, NULL, "the ledger %s lost the document it was just given", l->path);
	}
	ledger_unlock(l);
	return st;
}

enum df_status ledger_document_known(struct ledger *l, int64_t file_id, const char *name, struct ledger_document *out,
				     struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	ledger_lock(l);
	enum df_status st = ledger_bind(l, ST_DOCUMENT_FIND, &s, err, "it", file_id, name);
	if (st == DF_OK)
		st = ledger_step(l, s, "look up a document", err);
	if (st == DF_OK) {
		ledger_document_read(s, out);
		sqlite3_reset(s);
	}
	ledger_unlock(l);
	return st;
}

enum df_status ledger_document_checked(struct ledger *l, int64_t id, uint64_t rows, uint64_t rejected, uint64_t batches,
				       uint64_t events, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	ledger_lock(l);
	enum df_status st = ledger_sync(l, false, err); /* likewise */
	if (st == DF_OK)
		st = ledger_bind(l, ST_DOCUMENT_CHECKED, &s, err, "iiiiii", id, (int64_t)rows, (int64_t)rejected,
				 (int64_t)batches, (int64_t)events, (int64_t)LEDGER_CHECKED);
	if (st == DF_OK)
		st = ledger_run(l, s, "note a checked document", err);
	if (st == DF_OK && sqlite3_changes(l->db) != 1)
		st = df_fail(DF_FATAL, err, NULL, "the ledger %s has no open document %" PRId64, l->path, id);
	ledger_unlock(l);
	return st;
}

/* Whether the document may go to `state`: it is open, was checked before it is sent or done, and when done it balances.
 */
static enum df_status document_may(struct ledger *l, int64_t id, enum ledger_state state, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	enum df_status st = ledger_bind(l, ST_DOCUMENT_BALANCE, &s, err, "i", id);
	if (st == DF_OK)
		st = ledger_step(l, s, "look up a document", err);
	if (st == DF_END)
		return df_fail(DF_FATAL, err, NULL, "the ledger %s has no document %" PRId64, l->path, id);
	if (st != DF_OK)
		return st;
	enum ledger_state was = (enum ledger_state)sqlite3_column_int(s, 0);
	bool closed = sqlite3_column_int64(s, 1) != 0 || ledger_closes(was);
	int64_t rows = sqlite3_column_int64(s, 2), delivered = sqlite3_column_int64(s, 3);
	int64_t rejected = sqlite3_column_int64(s, 4);
	sqlite3_reset(s);
	if (closed || (state != LEDGER_REFUSED && was == LEDGER_PULLED))
		return df_fail(DF_FATAL, err, NULL, "document %" PRId64 " is %s and cannot become %s", id,
			       ledger_state_name(was), ledger_state_name(state));
	if (state == LEDGER_DONE && rows != delivered + rejected)
		return df_fail(DF_FATAL, err, NULL,
			       "document %" PRId64 " does not balance: %" PRId64 " rows, but %" PRId64
			       " delivered and %" PRId64 " rejected; it stays open",
			       id, rows, delivered, rejected);
	return DF_OK;
}

enum df_status ledger_document_state(struct ledger *l, int64_t id, enum ledger_state state, const char *code,
				     const char *text, int64_t now_ms, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	ledger_lock(l);
	enum df_status st = ledger_sync(l, state != LEDGER_DONE, err); /* the file's DONE is */
	if (st == DF_OK)
		st = ledger_begin(l, err);
	if (st == DF_OK) {
		st = document_may(l, id, state, err);
		if (st == DF_OK)
			st = ledger_bind(l, ST_DOCUMENT_STATE, &s, err, "iitti", id, (int64_t)state, code, text,
					 ledger_closes(state) ? now_ms : (int64_t)0);
		if (st == DF_OK)
			st = ledger_run(l, s, "update a document", err);
		st = ledger_end(l, st, err);
	}
	ledger_unlock(l);
	return st;
}

enum df_status ledger_document_facts(struct ledger *l, int64_t id, const struct ledger_facts *facts, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	ledger_lock(l);
	enum df_status st = ledger_sync(l, false, err);
	if (st == DF_OK)
		st = ledger_bind(l, ST_DOCUMENT_FACTS, &s, err, "itttii", id, facts->reasons, facts->first_batch,
				 facts->last_batch, (int64_t)facts->batches, (int64_t)facts->events);
	if (st == DF_OK)
		st = ledger_run(l, s, "update a document", err);
	ledger_unlock(l);
	return st;
}

/* ---- lanes ---- */

static enum df_status lane_forward(struct ledger *l, int64_t id, uint32_t lane, uint64_t done, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	enum df_status st = ledger_bind(l, ST_LANE_FORWARD, &s, err, "iii", id, (int64_t)lane, (int64_t)done);
	if (st == DF_OK)
		st = ledger_run(l, s, "note a lane's progress", err);
	/* Counting the same step twice would unbalance the document for good. */
	if (st == DF_OK && (done == 0 || sqlite3_changes(l->db) != 1))
		st = df_fail(DF_FATAL, err, NULL,
			     "lane %" PRIu32 " of document %" PRId64 " cannot go to %" PRIu64
			     ": it is there or farther already",
			     lane, id, done);
	return st;
}

static enum df_status lane_rows(struct ledger *l, int64_t id, uint64_t delivered, size_t rejected, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	if (delivered == 0 && rejected == 0)
		return DF_OK;
	enum df_status st = ledger_bind(l, ST_LANE_ROWS, &s, err, "iii", id, (int64_t)delivered, (int64_t)rejected);
	if (st == DF_OK)
		st = ledger_run(l, s, "count a lane's rows", err);
	if (st == DF_OK && sqlite3_changes(l->db) != 1)
		st = df_fail(DF_FATAL, err, NULL, "the ledger %s has no open document %" PRId64, l->path, id);
	return st;
}

static enum df_status reject_add(struct ledger *l, int64_t id, const struct ledger_reject *r, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	enum df_status st =
	    ledger_bind(l, ST_REJECT_ADD, &s, err, "iiiiitt", id, (int64_t)r->row, (int64_t)r->line, (int64_t)r->offset,
			(int64_t)r->length, r->message != NULL ? r->message : "", ledger_reject_code(r));
	return st == DF_OK ? ledger_run(l, s, "note a rejected row", err) : st;
}

enum df_status ledger_lane_settled(struct ledger *l, int64_t id, uint32_t lane, uint64_t done, uint64_t rows_delivered,
				   const struct ledger_reject *rejects, size_t n_rejects, struct df_err *err)
{
	ledger_lock(l);
	enum df_status st = ledger_sync(l, false, err);
	if (st == DF_OK)
		st = ledger_begin(l, err);
	if (st == DF_OK) {
		st = lane_forward(l, id, lane, done, err);
		if (st == DF_OK)
			st = lane_rows(l, id, rows_delivered, n_rejects, err);
		for (size_t i = 0; i < n_rejects && st == DF_OK; i++)
			st = reject_add(l, id, &rejects[i], err);
		st = ledger_end(l, st, err);
	}
	ledger_unlock(l);
	return st;
}

enum df_status ledger_lanes(struct ledger *l, int64_t id, uint64_t *done, uint32_t lanes, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	memset(done, 0, lanes * sizeof(*done));
	ledger_lock(l);
	enum df_status st = ledger_bind(l, ST_LANES, &s, err, "i", id);
	while (st == DF_OK && (st = ledger_step(l, s, "read the lanes", err)) == DF_OK) {
		int64_t lane = sqlite3_column_int64(s, 0);
		if (lane >= 0 && lane < (int64_t)lanes) {
			done[lane] = (uint64_t)sqlite3_column_int64(s, 1);
			continue;
		}
		/* Fewer lanes than the document was begun with would put users into other lanes. */
		sqlite3_reset(s);
		st = df_fail(DF_FATAL, err, NULL, "document %" PRId64 " was begun with more than %" PRIu32 " lanes", id,
			     lanes);
	}
	ledger_unlock(l);
	return st == DF_END ? DF_OK : st;
}
