/* SPDX-License-Identifier: MIT */
#include "ledger_priv.h"
#include "ledger_sql.h"

enum df_status ledger_seen(struct ledger *l, const char *feed, const char *name, uint64_t size, int64_t mtime, int64_t now_ms,
			   int64_t *first_ms, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	pthread_mutex_lock(&l->lock);
	enum df_status st = ledger_begin(l, false, err);
	if (st == DF_OK) {
		st = ledger_bind(l, Q_SEEN_PUT, &s, err, "tbiii", feed, name, (int64_t)size, mtime, now_ms);
		if (st == DF_OK)
			st = ledger_do(l, s, err);
		if (st == DF_OK)
			st = ledger_bind(l, Q_SEEN_GET, &s, err, "tb", feed, name);
		if (st == DF_OK)
			st = ledger_step(l, s, err);
		if (st == DF_OK) {
			*first_ms = sqlite3_column_int64(s, 0);
			sqlite3_reset(s);
		}
		st = ledger_end(l, st == DF_END ? DF_FATAL : st, err);
	}
	pthread_mutex_unlock(&l->lock);
	return st;
}

/* One statement, one transaction. */
static enum df_status write_one(struct ledger *l, bool durable, sqlite3_stmt *s, struct df_err *err)
{
	enum df_status st = ledger_begin(l, durable, err);
	if (st == DF_OK)
		st = ledger_end(l, ledger_do(l, s, err), err);
	return st;
}

enum df_status ledger_seen_forget(struct ledger *l, const char *feed, int64_t since_ms, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	pthread_mutex_lock(&l->lock);
	enum df_status st = ledger_bind(l, Q_SEEN_FORGET, &s, err, "ti", feed, since_ms);
	if (st == DF_OK)
		st = write_one(l, false, s, err);
	pthread_mutex_unlock(&l->lock);
	return st;
}

static enum df_status read_one_file(struct ledger *l, sqlite3_stmt *s, struct ledger_file *out, struct df_err *err)
{
	enum df_status st = ledger_step(l, s, err);
	if (st == DF_OK) {
		ledger_read_file(s, out);
		sqlite3_reset(s);
	}
	return st;
}

enum df_status ledger_file_known(struct ledger *l, const char *feed, const char *name, uint64_t size, int64_t mtime,
				 struct ledger_file *out, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	pthread_mutex_lock(&l->lock);
	enum df_status st = ledger_bind(l, Q_FILE_KNOWN, &s, err, "tbii", feed, name, (int64_t)size, mtime);
	if (st == DF_OK)
		st = read_one_file(l, s, out, err);
	pthread_mutex_unlock(&l->lock);
	return st;
}

enum df_status ledger_file_same(struct ledger *l, const char *feed, const char *sha256, struct ledger_file *out,
				struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	pthread_mutex_lock(&l->lock);
	enum df_status st = ledger_bind(l, Q_FILE_SAME, &s, err, "tt", feed, sha256);
	if (st == DF_OK)
		st = read_one_file(l, s, out, err);
	pthread_mutex_unlock(&l->lock);
	return st;
}

enum df_status ledger_file_add(struct ledger *l, const char *feed, const char *name, uint64_t size, int64_t mtime,
			       const char *sha256, int64_t now_ms, int64_t *id, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	pthread_mutex_lock(&l->lock);
	enum df_status st =
	    ledger_bind(l, Q_FILE_ADD, &s, err, "tbiiti", feed, name, (int64_t)size, mtime, sha256, now_ms);
	if (st == DF_OK)
		st = write_one(l, true, s, err);
	if (st == DF_OK)
		*id = sqlite3_last_insert_rowid(l->db);
	pthread_mutex_unlock(&l->lock);
	return st;
}

enum df_status ledger_file_state(struct ledger *l, int64_t id, enum ledger_state state, const char *code, const char *text,
				 bool cleanup_due, int64_t now_ms, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	pthread_mutex_lock(&l->lock);
	enum df_status st = ledger_bind(l, Q_FILE_STATE, &s, err, "iittii", id, (int64_t)state, code, text,
					(int64_t)cleanup_due, now_ms);
	if (st == DF_OK)
		st = write_one(l, true, s, err);
	pthread_mutex_unlock(&l->lock);
	return st;
}

enum df_status ledger_file_cleaned(struct ledger *l, int64_t id, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	pthread_mutex_lock(&l->lock);
	enum df_status st = ledger_bind(l, Q_FILE_CLEANED, &s, err, "i", id);
	if (st == DF_OK)
		st = write_one(l, true, s, err);
	pthread_mutex_unlock(&l->lock);
	return st;
}

enum df_status ledger_files(struct ledger *l, const char *feed, bool open_only, ledger_each_file each, void *ctx,
			    struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	pthread_mutex_lock(&l->lock);
	enum df_status st = ledger_bind(l, open_only ? Q_FILES_OPEN : Q_FILES, &s, err, "t", feed);
	while (st == DF_OK && (st = ledger_step(l, s, err)) == DF_OK) {
		struct ledger_file f;
		ledger_read_file(s, &f);
		st = each(ctx, &f, err);
		ledger_file_free(&f);
	}
	if (s != NULL)
		sqlite3_reset(s);
	pthread_mutex_unlock(&l->lock);
	return st == DF_END ? DF_OK : st;
}
