/* SPDX-License-Identifier: MIT */
/* Listings and files. */
#include "ledger_priv.h"
#include "ledger_sql.h"

enum df_status ledger_seen(struct ledger *l, const char *feed, const char *name, uint64_t size, int64_t mtime,
			   int64_t now_ms, int64_t *first_ms, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	ledger_lock(l);
	/* a lost listing costs a file one more wait, no more */
	enum df_status st = ledger_sync(l, false, err);
	if (st == DF_OK)
		st = ledger_bind(l, ST_SEEN, &s, err, "ttiii", feed, name, (int64_t)size, mtime, now_ms);
	if (st == DF_OK)
		st = ledger_step(l, s, "note a listed file", err);
	if (st == DF_OK) {
		*first_ms = sqlite3_column_int64(s, 0);
		/* RETURNING hands its row out before the statement ends, and it is the end that commits */
		st = ledger_run(l, s, "note a listed file", err);
	}
	ledger_unlock(l);
	return st;
}

enum df_status ledger_seen_forget(struct ledger *l, const char *feed, int64_t since_ms, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	ledger_lock(l);
	enum df_status st = ledger_sync(l, false, err);
	if (st == DF_OK)
		st = ledger_bind(l, ST_SEEN_FORGET, &s, err, "ti", feed, since_ms);
	if (st == DF_OK)
		st = ledger_run(l, s, "forget listed files", err);
	ledger_unlock(l);
	return st;
}

/* The one row of a bound SELECT, or DF_END. */
static enum df_status file_fetch(struct ledger *l, sqlite3_stmt *s, struct ledger_file *out, struct df_err *err)
{
	enum df_status st = ledger_step(l, s, "look up a file", err);
	if (st == DF_OK) {
		ledger_file_read(s, out);
		sqlite3_reset(s);
	}
	return st;
}

enum df_status ledger_file_known(struct ledger *l, const char *feed, const char *name, uint64_t size, int64_t mtime,
				 struct ledger_file *out, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	ledger_lock(l);
	enum df_status st = ledger_bind(l, ST_FILE_KNOWN, &s, err, "ttii", feed, name, (int64_t)size, mtime);
	if (st == DF_OK)
		st = file_fetch(l, s, out, err);
	ledger_unlock(l);
	return st;
}

enum df_status ledger_file_same(struct ledger *l, const char *feed, const char *sha256, const char *mark,
				int64_t before, struct ledger_file *out, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	ledger_lock(l);
	enum df_status st =
	    ledger_bind(l, ST_FILE_SAME, &s, err, "ttiit", feed, sha256, (int64_t)LEDGER_REFUSED, before, mark);
	if (st == DF_OK)
		st = file_fetch(l, s, out, err);
	ledger_unlock(l);
	return st;
}

enum df_status ledger_file_copies(struct ledger *l, const char *feed, const char *sha256, const char *mark, int64_t id,
				  uint64_t *n, uint64_t *others, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	ledger_lock(l);
	enum df_status st = ledger_bind(l, ST_FILE_COPIES, &s, err, "ttit", feed, sha256, id, mark);
	if (st == DF_OK)
		st = ledger_step(l, s, "count files", err);
	if (st == DF_OK) {
		*n = (uint64_t)sqlite3_column_int64(s, 0);
		*others = (uint64_t)sqlite3_column_int64(s, 1);
		sqlite3_reset(s);
	}
	ledger_unlock(l);
	return st;
}

enum df_status ledger_file_add(struct ledger *l, const char *feed, const char *name, uint64_t size, int64_t mtime,
			       const char *sha256, int64_t now_ms, int64_t *id, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	ledger_lock(l);
	enum df_status st = ledger_sync(l, false, err); /* a lost file is pulled again */
	if (st == DF_OK)
		st = ledger_bind(l, ST_FILE_ADD, &s, err, "ttiitii", feed, name, (int64_t)size, mtime, sha256,
				 (int64_t)LEDGER_PULLED, now_ms);
	if (st == DF_OK)
		st = ledger_run(l, s, "enter a file", err);
	if (st == DF_OK)
		*id = sqlite3_last_insert_rowid(l->db);
	ledger_unlock(l);
	return st;
}

/* Runs a bound UPDATE of one file. */
static enum df_status file_update(struct ledger *l, sqlite3_stmt *s, int64_t id, struct df_err *err)
{
	enum df_status st = ledger_run(l, s, "update a file", err);
	if (st == DF_OK && sqlite3_changes(l->db) != 1)
		st = df_fail(DF_FATAL, err, NULL, "the ledger %s has no file %lld", l->path, (long long)id);
	return st;
}

enum df_status ledger_file_state(struct ledger *l, int64_t id, enum ledger_state state, const char *code,
				 const char *text, bool cleanup_due, int64_t now_ms, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	bool closes = ledger_closes(state);
	ledger_lock(l);
	enum df_status st = ledger_sync(l, closes, err);
	if (st == DF_OK)
		st = ledger_bind(l, ST_FILE_STATE, &s, err, "iittii", id, (int64_t)state, code, text,
				 (int64_t)(closes && cleanup_due), closes ? now_ms : (int64_t)0);
	if (st == DF_OK)
		st = file_update(l, s, id, err);
	ledger_unlock(l);
	return st;
}

enum df_status ledger_file_cleaned(struct ledger *l, int64_t id, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	ledger_lock(l);
	enum df_status st = ledger_sync(l, true, err);
	if (st == DF_OK)
		st = ledger_bind(l, ST_FILE_CLEANED, &s, err, "i", id);
	if (st == DF_OK)
		st = file_update(l, s, id, err);
	ledger_unlock(l);
	return st;
}
