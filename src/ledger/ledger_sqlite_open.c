/* SPDX-License-Identifier: MIT */
/* Opening and migrating a ledger in SQLite. */
#include "ledger_sql.h"
#include "ledger_sqlite.h"

#include "dropfeed/step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 10000 /* only `status` and the occasional sqlite3 shell come in between */

/* SQLite would go by the umask; made beforehand the file is private, and SQLite gives -wal and
 * -shm the same mode. */
static enum df_status ledger_create(struct ledger *l, struct df_err *err)
{
	int fd = open(l->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return df_fail(df_disk_status(errno, DF_FATAL), err, NULL,
			       "cannot open the ledger %s: %s", l->path, df_strerror(errno));
	df_after("make the ledger");
	int rc = fchmod(fd, 0600);
	int why = errno;
	close(fd);
	return rc == 0 ? DF_OK
		       : df_fail(DF_FATAL, err, NULL, "cannot make the ledger %s private: %s",
				 l->path, strerror(why));
}

/* The tables and the version of a ledger are made in one transaction, and read in one statement:
 * what has tables and no version, or a version and other tables, was never one. */
static bool is_ledger(int version, int tables, int ours)
{
	return version == 0 ? tables == 0 : ours == SQL_TABLES_OURS;
}

static enum df_status sqlite_version_read(struct ledger *l, int *out, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	enum df_status st = DF_OK;
	bool mine = false;
	if (sqlite3_prepare_v2(l->db, SQL_VERSION, -1, &s, NULL) != SQLITE_OK ||
	    sqlite3_step(s) != SQLITE_ROW) {
		st = ledger_fail(l, "read the version", err);
	} else {
		*out = sqlite3_column_int(s, 0);
		mine = is_ledger(*out, sqlite3_column_int(s, 1), sqlite3_column_int(s, 2));
	}
	sqlite3_finalize(s);
	if (st == DF_OK && !mine)
		st = df_fail(DF_USAGE, err, NULL,
			     "%s is the SQLite database of another program, not a ledger, and is "
			     "left as it is: set state_dir to a folder of its own",
			     l->path);
	if (st != DF_OK || *out <= LEDGER_VERSION)
		return st;
	return df_fail(DF_FATAL, err, NULL,
		       "the ledger %s was made by a newer dropfeed (version %d, this one "
		       "knows up to %d): "
		       "upgrade dropfeed",
		       l->path, *out, LEDGER_VERSION);
}

/* One step of the ladder and its number in one transaction: a crash leaves a whole version. */
static enum df_status migrate_step(struct ledger *l, int from, struct df_err *err)
{
	char set[64];
	if (from < 0 || from >= LEDGER_VERSION)
		return df_fail(DF_FATAL, err, NULL,
			       "the ledger %s has a version that no dropfeed ever gave it",
			       l->path);
	snprintf(set, sizeof(set), SQL_VERSION_SET, from + 1);
	if (sqlite3_exec(l->db, ledger_migrations[from], NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(l->db, set, NULL, NULL, NULL) != SQLITE_OK)
		return ledger_fail(l, "migrate", err);
	return DF_OK;
}

/* All steps in one transaction: who only reads meanwhile sees the ledger of before, or the whole of
 * the new one. */
static enum df_status sqlite_migrate(struct ledger *l, struct df_err *err)
{
	int version = 0;
	enum df_status st = sqlite_version_read(l, &version, err);
	if (st != DF_OK || version >= LEDGER_VERSION)
		return st;
	st = ledger_exec(l, SQL_BEGIN, "begin a transaction", err);
	if (st != DF_OK)
		return st;
	st = sqlite_version_read(l, &version, err); /* now that nobody else migrates */
	while (st == DF_OK && version < LEDGER_VERSION)
		st = migrate_step(l, version++, err);
	return ledger_end(l, st, err);
}

/* SQLite counts what it allocates, under a lock of its own, which takes a tenth of its time. Once
 * it is in use it counts on: then it is only slower. */
static void count_no_memory(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static enum df_status db_open(struct ledger *l, int flags, struct df_err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, count_no_memory);
	/* NOMUTEX: our own lock is held around every use */
	if (sqlite3_open_v2(l->path, &l->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return l->db == NULL ? df_fail(DF_FATAL, err, NULL,
					       "cannot open the ledger %s: out of memory", l->path)
				     : ledger_fail(l, "open it", err);
	sqlite3_extended_result_codes(l->db, 1);
	/* Otherwise a statement with LIKE is compiled again for each value that is bound. */
	(void)sqlite3_db_config(l->db, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
	sqlite3_busy_timeout(l->db, BUSY_MS);
	return DF_OK;
}

enum df_status ledger_sqlite_open(struct ledger *l, struct df_err *err)
{
	int version = 0;
	enum df_status st = ledger_create(l, err);
	if (st != DF_OK)
		return st;
	st = ledger_session_check(l, err);
	if (st != DF_OK)
		return st;
	st = db_open(l, SQLITE_OPEN_READWRITE, err);
	if (st != DF_OK)
		return st;
	/* looked at first: a newer ledger is left untouched, its journal mode too */
	st = sqlite_version_read(l, &version, err);
	if (st != DF_OK)
		return st;
	if (version == 0 && ledger_session_was(l))
		df_log(
		    DF_LOG_WARN,
		    "%s: the ledger that was here is gone, and a new one is begun: what is still "
		    "on the sources is sent again under the same ids. A copy of the old one, if "
		    "there is any, is to be put back (`man dropfeed`, Copies of the ledger)",
		    l->path);
	st = ledger_exec(l, SQL_SETUP, "set it up", err);
	if (st != DF_OK)
		return st;
	df_after("set up the ledger");
	st = ledger_sqlite_functions(l, err);
	if (st != DF_OK)
		return st;
	st = sqlite_migrate(l, err);
	if (st != DF_OK)
		return st;
	st = ledger_session_begin(l, err);
	if (st != DF_OK)
		return st;
	st = ledger_sqlite_log(l, err);
	/* what the migration did */
	return st == DF_OK ? l->driver->flush(l, err) : st;
}

/* A user who may not write there cannot make the shared memory of a ledger that nobody else has
 * open; but then nobody changes it, either, and it may be read as it is. With a log beside it, it
 * would be incomplete. */
static enum df_status open_immutable(struct ledger *l, int *version, struct df_err *err)
{
	struct stat info;
	char *log = df_format("%s-wal", l->path);
	bool whole = stat(log, &info) != 0 || info.st_size == 0;
	free(log);
	if (!whole)
		return DF_END;

	struct df_buf uri = {0};
	df_buf_adds(&uri, "file:");
	for (const char *p = l->path; *p != '\0'; p++)
		df_buf_addf(&uri, strchr("?#%", *p) != NULL ? "%%%02x" : "%c", (unsigned char)*p);
	df_buf_adds(&uri, "?immutable=1");
	sqlite3_close(l->db);
	l->db = NULL;
	int rc =
	    sqlite3_open_v2(df_buf_cstr(&uri), &l->db,
			    SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
	df_buf_free(&uri);
	return rc == SQLITE_OK ? sqlite_version_read(l, version, err) : DF_END;
}

/* A first run was killed while it made the ledger, before there was a log: only who may write can
 * take back what it had begun. */
static enum df_status roll_back(struct ledger *l, int *version, struct df_err *err)
{
	sqlite3_close(l->db);
	l->db = NULL;
	enum df_status st = db_open(l, SQLITE_OPEN_READWRITE, err);
	if (st == DF_OK)
		st = sqlite_version_read(l, version, err);
	if (st != DF_OK)
		return st;
	sqlite3_close(l->db);
	l->db = NULL;
	return db_open(l, SQLITE_OPEN_READONLY, err);
}

static enum df_status version_seen(struct ledger *l, int *version, struct df_err *err)
{
	struct df_err why = {0};
	enum df_status st = sqlite_version_read(l, version, &why);
	if (st == DF_OK)
		return st;
	if (sqlite3_extended_errcode(l->db) == SQLITE_READONLY_ROLLBACK)
		return roll_back(l, version, err);
	bool refused = l->db != NULL && access(l->dir, W_OK) != 0;
	enum df_status as_it_is = refused ? open_immutable(l, version, err) : DF_END;
	if (as_it_is != DF_END)
		return as_it_is;
	*err = why;
	return st;
}

enum df_status ledger_sqlite_readonly(struct ledger *l, int64_t *version, struct df_err *err)
{
	int seen = 0;
	if (access(l->path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
		return DF_END;
	enum df_status st = db_open(l, SQLITE_OPEN_READONLY, err);
	if (st != DF_OK)
		return st;
	st = version_seen(l, &seen, err);
	if (st != DF_OK)
		return st;
	/* 0: a first run was killed before it had made the tables */
	*version = seen;
	return seen == 0 ? DF_END : DF_OK;
}
