/* SPDX-License-Identifier: MIT */
/* The driver for SQLite: statements, and SQLite's words. */
#include "ledger_sqlite.h"
#include "ledger_sql.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/statvfs.h>

struct statement {
	struct ledger_stmt base;
	sqlite3_stmt *s;
};

static sqlite3_stmt *of(const struct ledger_stmt *s)
{
	return ((const struct statement *)s)->s;
}

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
	case SQLITE_NOMEM:
		return df_fail(
		    DF_RETRY, err, NULL,
		    "cannot %s: out of memory for the ledger %s; make room, or raise the "
		    "limit (ulimit -v), and run again",
		    what, l->path);
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return df_fail(
		    DF_FATAL, err, NULL,
		    "cannot %s: the ledger %s, or its folder, may not be used by this user (%s)",
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

/* ---- statements ---- */

static enum df_status lite_prepare(struct ledger *l, const char *sql, int which,
				   struct ledger_stmt **out, struct df_err *err)
{
	struct statement *s = df_alloc(sizeof(*s));
	s->base.driver = &ledger_sqlite;
	unsigned flags = which >= 0 ? SQLITE_PREPARE_PERSISTENT : 0;
	if (sqlite3_prepare_v3(l->db, sql, -1, flags, &s->s, NULL) != SQLITE_OK) {
		free(s);
		return ledger_fail(l, "prepare a statement", err);
	}
	*out = &s->base;
	return DF_OK;
}

static void lite_finalize(struct ledger_stmt *s)
{
	sqlite3_finalize(of(s));
	free(s);
}

static void lite_reset(struct ledger_stmt *s)
{
	sqlite3_reset(of(s));
}

static void lite_clear(struct ledger_stmt *s)
{
	sqlite3_clear_bindings(of(s));
}

static bool lite_bind_integer(struct ledger_stmt *s, int i, char type, int64_t value)
{
	(void)type;
	return sqlite3_bind_int64(of(s), i, value) == SQLITE_OK;
}

static bool lite_bind_text(struct ledger_stmt *s, int i, const char *value)
{
	return sqlite3_bind_text(of(s), i, value, -1, SQLITE_STATIC) == SQLITE_OK;
}

static enum df_status lite_step(struct ledger *l, struct ledger_stmt *s, const char *what,
				struct df_err *err)
{
	int rc = sqlite3_step(of(s));
	if (rc == SQLITE_ROW)
		return DF_OK;
	return rc == SQLITE_DONE ? DF_END : ledger_fail(l, what, err);
}

static int64_t lite_integer(const struct ledger_stmt *s, int column)
{
	return sqlite3_column_int64(of(s), column);
}

static const char *lite_text(const struct ledger_stmt *s, int column)
{
	return (const char *)sqlite3_column_text(of(s), column);
}

static int64_t lite_changes(const struct ledger *l)
{
	return sqlite3_changes(l->db);
}

static int64_t lite_inserted(const struct ledger *l)
{
	return sqlite3_last_insert_rowid(l->db);
}

/* ---- transactions ---- */

/* After a full disk or the like SQLite has rolled back by itself. */
static bool lite_in_transaction(const struct ledger *l)
{
	return sqlite3_get_autocommit(l->db) == 0;
}

static enum df_status lite_exec(struct ledger *l, const char *sql, const char *what,
				struct df_err *err)
{
	return sqlite3_exec(l->db, sql, NULL, NULL, NULL) == SQLITE_OK ? DF_OK
								       : ledger_fail(l, what, err);
}

/* In WAL mode synchronous = FULL syncs the log at each commit, NORMAL only before a checkpoint:
 * without the sync a commit survives a killed process, but maybe not a power cut, and never does a
 * later commit survive without the earlier ones. NORMAL is set, and the log is synced here, where a
 * commit asks for it: others may use the connection meanwhile. SQLite pads no log on disks that
 * overwrite in place, so that this is all that FULL would do. */
static enum df_status lite_flush(struct ledger *l, struct df_err *err)
{
	if (l->log->pMethods->xSync(l->log, SQLITE_SYNC_NORMAL) == SQLITE_OK)
		return DF_OK;
	return df_fail(DF_RETRY, err, NULL, "cannot sync the log of the ledger %s: %s", l->path,
		       df_strerror(errno));
}

enum df_status ledger_sqlite_log(struct ledger *l, struct df_err *err)
{
	int rc = sqlite3_file_control(l->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &l->log);
	if (rc == SQLITE_OK && l->log != NULL && l->log->pMethods != NULL)
		return DF_OK;
	return df_fail(DF_FATAL, err, NULL, "cannot sync the ledger %s: SQLite names no log",
		       l->path);
}

static void lite_close(struct ledger *l)
{
	sqlite3_close(l->db);
	l->db = NULL;
}

const struct ledger_driver ledger_sqlite = {
    .close = lite_close,
    .prepare = lite_prepare,
    .finalize = lite_finalize,
    .reset = lite_reset,
    .clear = lite_clear,
    .bind_integer = lite_bind_integer,
    .bind_text = lite_bind_text,
    .step = lite_step,
    .integer = lite_integer,
    .text = lite_text,
    .changes = lite_changes,
    .inserted = lite_inserted,
    .in_transaction = lite_in_transaction,
    .exec = lite_exec,
    .flush = lite_flush,
    .failed = ledger_fail,
};
