/* SPDX-License-Identifier: MIT */
/* Statements, transactions, and SQLite's words. */
#include "ledger_priv.h"
#include "ledger_sql.h"

#include "dropfeed/step.h"

#include <sys/statvfs.h>

/* SQLite says of a log that it cannot make no more than that it cannot open it. */
static bool disk_is_full(const char *path)
{
	struct statvfs v;
	return statvfs(path, &v) == 0 && (v.f_bavail == 0 || (v.f_files > 0 && v.f_favail == 0));
}

/* What a file system over a network, or in user space, may answer to locks and shared mappings. */
static bool file_system_lacks(int rc)
{
	switch (rc) {
	case SQLITE_IOERR_LOCK:
	case SQLITE_IOERR_RDLOCK:
	case SQLITE_IOERR_UNLOCK:
	case SQLITE_IOERR_CHECKRESERVEDLOCK:
	case SQLITE_IOERR_SHMLOCK:
	case SQLITE_IOERR_SHMOPEN:
	case SQLITE_IOERR_SHMMAP:
		return true;
	default:
		return false;
	}
}

enum df_status ledger_fail(struct ledger *l, const char *what, struct df_err *err)
{
	int rc = sqlite3_extended_errcode(l->db);
	if ((rc & 0xff) == SQLITE_CANTOPEN && disk_is_full(l->path))
		rc = SQLITE_FULL;
	const char *why = sqlite3_errmsg(l->db);
	int system = sqlite3_system_errno(l->db);
	if ((rc & 0xff) == SQLITE_CANTOPEN && df_disk_status(system, DF_FATAL) == DF_RETRY)
		return df_fail(DF_RETRY, err, NULL, "cannot %s: cannot open the ledger %s: %s",
			       what, l->path, df_strerror(system));
	if (file_system_lacks(rc) && df_disk_status(system, DF_FATAL) != DF_RETRY)
		return df_fail(DF_USAGE, err, NULL,
			       "cannot %s: the file system of the ledger %s offers it no locks, or "
			       "no shared memory "
			       "(SQLite code %d): move state_dir to a local disk",
			       what, l->path, rc);
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return df_fail(
		    DF_RETRY, err, NULL,
		    "cannot %s: the disk of the ledger %s is full; make room and run again", what,
		    l->path);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return df_fail(DF_RETRY, err, NULL,
			       "cannot %s: another program holds the ledger %s", what, l->path);
	case SQLITE_IOERR:
		return df_fail(DF_RETRY, err, NULL,
			       "cannot %s: the disk of the ledger %s fails (%s, SQLite code %d); "
			       "look at its space and health",
			       what, l->path, why, rc);
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return df_fail(
		    DF_FATAL, err, NULL,
		    "cannot %s: the ledger %s, or its folder, may not be written by this user (%s)",
		    what, l->path, why);
	case SQLITE_CORRUPT: /* SQLite's word for EIO, too */
	case SQLITE_NOTADB:
		return df_fail(DF_FATAL, err, NULL,
			       "cannot %s: the ledger %s is damaged, or its disk fails to read it "
			       "(%s); look at the "
			       "disk's health and run again, before you restore it from a backup",
			       what, l->path, why);
	default:
		return df_fail(DF_FATAL, err, NULL, "cannot %s in the ledger %s: %s", what, l->path,
			       why);
	}
}

void ledger_lock(struct ledger *l)
{
	pthread_mutex_lock(&l->lock);
}

void ledger_unlock(struct ledger *l)
{
	pthread_mutex_unlock(&l->lock);
}

/* In WAL mode FULL syncs the log at each commit, NORMAL only before a checkpoint: without the
 * sync a commit survives a killed process, but maybe not a power cut, and never does a later
 * commit survive without the earlier ones. The next FULL commit syncs the whole log, hence the
 * steps before it too. The pragma acts while it is compiled, so it cannot be kept as a prepared
 * statement. */
enum df_status ledger_sync(struct ledger *l, bool each, struct df_err *err)
{
	if (l->syncing == each)
		return DF_OK;
	if (sqlite3_exec(l->db, each ? SQL_SYNC_EACH : SQL_SYNC_LATER, NULL, NULL, NULL) !=
	    SQLITE_OK)
		return ledger_fail(l, "change the syncing", err);
	l->syncing = each;
	return DF_OK;
}

enum df_status ledger_bind_list(struct ledger *l, int which, sqlite3_stmt **out, struct df_err *err,
				const char *format, va_list values)
{
	sqlite3_stmt **kept = &l->statements[which];
	if (*kept == NULL && sqlite3_prepare_v3(l->db, ledger_statements[which], -1,
						SQLITE_PREPARE_PERSISTENT, kept, NULL) != SQLITE_OK)
		return ledger_fail(l, "prepare a statement", err);
	sqlite3_reset(*kept);
	sqlite3_clear_bindings(*kept);

	int rc = SQLITE_OK;
	for (int i = 0; format[i] != '\0' && rc == SQLITE_OK; i++) {
		if (format[i] == 'i')
			rc = sqlite3_bind_int64(*kept, i + 1, va_arg(values, int64_t));
		else
			rc = sqlite3_bind_text(*kept, i + 1, va_arg(values, const char *), -1,
					       SQLITE_STATIC);
	}
	if (rc != SQLITE_OK)
		return ledger_fail(l, "prepare a statement", err);
	*out = *kept;
	return DF_OK;
}

enum df_status ledger_bind(struct ledger *l, int which, sqlite3_stmt **out, struct df_err *err,
			   const char *format, ...)
{
	va_list values;
	va_start(values, format);
	enum df_status st = ledger_bind_list(l, which, out, err, format, values);
	va_end(values);
	return st;
}

enum df_status ledger_step(struct ledger *l, sqlite3_stmt *s, const char *what, struct df_err *err)
{
	int rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		return DF_OK;
	enum df_status st = rc == SQLITE_DONE ? DF_END : ledger_fail(l, what, err);
	sqlite3_reset(s);
	return st;
}

enum df_status ledger_run(struct ledger *l, sqlite3_stmt *s, const char *what, struct df_err *err)
{
	df_before(what);
	enum df_status st = ledger_step(l, s, what, err);
	df_after(what);
	return st == DF_END ? DF_OK : st;
}

enum df_status ledger_change(struct ledger *l, const struct ledger_change *c, struct df_err *err,
			     const char *format, ...)
{
	sqlite3_stmt *s = NULL;
	va_list values;
	ledger_lock(l);
	/* inside a transaction it is the commit that syncs, or not */
	enum df_status st =
	    sqlite3_get_autocommit(l->db) != 0 ? ledger_sync(l, c->sync, err) : DF_OK;
	va_start(values, format);
	if (st == DF_OK)
		st = ledger_bind_list(l, c->which, &s, err, format, values);
	va_end(values);
	if (st == DF_OK)
		st = ledger_run(l, s, c->what, err);
	if (st == DF_OK && c->one && sqlite3_changes(l->db) != 1)
		st = df_fail(DF_FATAL, err, NULL,
			     "cannot %s: the ledger %s does not have it, or not in that state",
			     c->what, l->path);
	ledger_unlock(l);
	return st;
}

enum df_status ledger_begin(struct ledger *l, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	enum df_status st = ledger_bind(l, ST_BEGIN, &s, err, "");
	return st == DF_OK ? ledger_run(l, s, "begin a transaction", err) : st;
}

enum df_status ledger_enter(struct ledger *l, bool sync, struct df_err *err)
{
	ledger_lock(l);
	enum df_status st = ledger_sync(l, sync, err);
	if (st == DF_OK)
		st = ledger_begin(l, err);
	if (st != DF_OK)
		ledger_unlock(l);
	return st;
}

enum df_status ledger_end(struct ledger *l, enum df_status st, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	if (st == DF_OK) {
		st = ledger_bind(l, ST_COMMIT, &s, err, "");
		if (st == DF_OK)
			st = ledger_run(l, s, "commit", err);
	}
	/* After a full disk or the like SQLite has rolled back by itself. */
	if (st != DF_OK && sqlite3_get_autocommit(l->db) == 0)
		sqlite3_exec(l->db, SQL_ROLLBACK, NULL, NULL, NULL);
	return st;
}

enum df_status ledger_leave(struct ledger *l, enum df_status st, struct df_err *err)
{
	st = ledger_end(l, st, err);
	ledger_unlock(l);
	return st;
}
