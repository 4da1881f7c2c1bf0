/* SPDX-License-Identifier: MIT */
#include "ledger_priv.h"
#include "ledger_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 10000 /* only `status` reads beside a run, and a WAL lets it: this is for checkpoints */

const char *ledger_state_name(enum ledger_state s)
{
	static const char *const names[] = {"", "pulled", "checked", "sending", "done", "refused"};
	return (size_t)s < sizeof(names) / sizeof(names[0]) ? names[s] : "unknown";
}

enum df_status ledger_fail(struct ledger *l, const char *what, struct df_err *err)
{
	int code = sqlite3_extended_errcode(l->db), primary = code & 0xff;
	const char *words = sqlite3_errmsg(l->db);
	if (primary == SQLITE_FULL)
		return df_fail(DF_RETRY, err, NULL, "ledger %s: %s: the disk is full; make room, then run again", l->path,
			       what);
	if (primary == SQLITE_READONLY || primary == SQLITE_PERM || primary == SQLITE_CANTOPEN)
		return df_fail(DF_FATAL, err, NULL, "ledger %s: %s: %s; give this user write access to it and its folder",
			       l->path, what, words);
	if (primary == SQLITE_BUSY || primary == SQLITE_IOERR)
		return df_fail(DF_RETRY, err, NULL, "ledger %s: %s: %s", l->path, what, words);
	if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB)
		return df_fail(DF_FATAL, err, NULL, "ledger %s: %s: %s; restore it from a backup", l->path, what, words);
	return df_fail(DF_FATAL, err, NULL, "ledger %s: %s: %s (%d)", l->path, what, words, code);
}

/* ---- opening ---- */

static enum df_status execute(struct ledger *l, const char *sql, const char *what, struct df_err *err)
{
	return sqlite3_exec(l->db, sql, NULL, NULL, NULL) == SQLITE_OK ? DF_OK : ledger_fail(l, what, err);
}

static enum df_status read_version(struct ledger *l, int *version, struct df_err *err)
{
	sqlite3_stmt *s = NULL;
	enum df_status st = DF_OK;
	if (sqlite3_prepare_v2(l->db, "PRAGMA user_version", -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
		st = ledger_fail(l, "cannot read its version", err);
	else
		*version = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	if (st == DF_OK && *version > LEDGER_VERSION)
		st = df_fail(DF_FATAL, err, NULL,
			     "ledger %s was made by a newer dropfeed (version %d, this one knows %d); install that one again",
			     l->path, *version, LEDGER_VERSION);
	return st;
}

static enum df_status migrate(struct ledger *l, struct df_err *err)
{
	int version = 0;
	enum df_status st = read_version(l, &version, err);
	for (; st == DF_OK && version < LEDGER_VERSION; version++) {
		char *sql = df_format("BEGIN IMMEDIATE; %s PRAGMA user_version = %d; COMMIT;", ledger_migrations[version],
				      version + 1);
		st = execute(l, sql, "cannot bring it up to this version", err);
		free(sql);
	}
	return st;
}

static struct ledger *ledger_new(const char *state_dir)
{
	struct ledger *l = df_alloc(sizeof(*l));
	pthread_mutexattr_t recursive;
	pthread_mutexattr_init(&recursive);
	pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&l->lock, &recursive);
	pthread_mutexattr_destroy(&recursive);
	l->path = df_format("%s/ledger.db", state_dir);
	l->statements = df_alloc(Q_COUNT * sizeof(sqlite3_stmt *));
	return l;
}

static enum df_status connect_to(struct ledger *l, int flags, struct df_err *err)
{
	if (sqlite3_open_v2(l->path, &l->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return ledger_fail(l, "cannot open it", err);
	sqlite3_extended_result_codes(l->db, 1);
	sqlite3_busy_timeout(l->db, BUSY_MS);
	return DF_OK;
}

enum df_status ledger_open(const char *state_dir, struct ledger **out, struct df_err *err)
{
	struct ledger *l = ledger_new(state_dir);
	/* Made here, so that it is 0600 from its first moment: SQLite's -wal and -shm take its mode. */
	int fd = open(l->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	enum df_status st = DF_OK;
	if (fd < 0)
		st = df_fail(DF_FATAL, err, NULL, "cannot open the ledger %s: %s", l->path, strerror(errno));
	else
		close(fd);
	if (st == DF_OK)
		st = connect_to(l, SQLITE_OPEN_READWRITE, err);
	if (st == DF_OK)
		st = execute(l, "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL",
			     "cannot set it up", err);
	if (st == DF_OK)
		st = migrate(l, err);
	if (st == DF_OK)
		*out = l;
	else
		ledger_close(l);
	return st;
}

enum df_status ledger_open_readonly(const char *state_dir, struct ledger **out, struct df_err *err)
{
	struct ledger *l = ledger_new(state_dir);
	struct stat info;
	int version = 0;
	enum df_status st = DF_OK;
	if (stat(l->path, &info) != 0)
		st = errno == ENOENT ? DF_END
				     : df_fail(DF_FATAL, err, NULL, "cannot read the ledger %s: %s", l->path, strerror(errno));
	if (st == DF_OK && info.st_size == 0)
		st = DF_END; /* a run is making it at this moment */
	if (st == DF_OK)
		st = connect_to(l, SQLITE_OPEN_READONLY, err);
	if (st == DF_OK)
		st = read_version(l, &version, err);
	if (st == DF_OK && version == 0)
		st = DF_END;
	if (st == DF_OK)
		*out = l;
	else
		ledger_close(l);
	return st;
}

void ledger_close(struct ledger *l)
{
	if (l == NULL)
		return;
	for (int q = 0; q < Q_COUNT; q++)
		sqlite3_finalize(l->statements[q]);
	sqlite3_close(l->db);
	pthread_mutex_destroy(&l->lock);
	free(l->statements);
	free(l->path);
	free(l);
}

/* ---- statements ---- */

enum df_status ledger_bind(struct ledger *l, int q, sqlite3_stmt **out, struct df_err *err, const char *types, ...)
{
	sqlite3_stmt *s = l->statements[q];
	if (s == NULL) {
		if (sqlite3_prepare_v3(l->db, ledger_queries[q], -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK)
			return ledger_fail(l, "cannot prepare a query", err);
		l->statements[q] = s;
	}
	va_list ap;
	va_start(ap, types);
	int rc = SQLITE_OK;
	for (int i = 1; types[i - 1] != '\0' && rc == SQLITE_OK; i++) {
		if (types[i - 1] == 'i') {
			rc = sqlite3_bind_int64(s, i, va_arg(ap, int64_t));
			continue;
		}
		const char *text = va_arg(ap, const char *);
		if (text == NULL)
			rc = sqlite3_bind_null(s, i);
		else if (types[i - 1] == 'b')
			rc = sqlite3_bind_blob64(s, i, text, strlen(text), SQLITE_TRANSIENT);
		else
			rc = sqlite3_bind_text(s, i, text, -1, SQLITE_TRANSIENT);
	}
	va_end(ap);
	if (rc != SQLITE_OK)
		return ledger_fail(l, "cannot bind a value", err);
	*out = s;
	return DF_OK;
}

enum df_status ledger_step(struct ledger *l, sqlite3_stmt *s, struct df_err *err)
{
	int rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		return DF_OK;
	enum df_status st = rc == SQLITE_DONE ? DF_END : ledger_fail(l, "cannot read or write it", err);
	sqlite3_reset(s);
	return st;
}

enum df_status ledger_do(struct ledger *l, sqlite3_stmt *s, struct df_err *err)
{
	enum df_status st = ledger_step(l, s, err);
	if (st == DF_OK) {
		sqlite3_reset(s);
		return DF_OK;
	}
	return st == DF_END ? DF_OK : st;
}

/* In a WAL, synchronous=FULL syncs the log at every commit, NORMAL only at checkpoints. Both survive a killed process; a
 * commit without sync may be lost with the power, which is fine for lane progress and for nothing else. A synced
 * commit takes all earlier ones along, for the log is one file. */
enum df_status ledger_begin(struct ledger *l, bool durable, struct df_err *err)
{
	if (durable != l->durable) {
		enum df_status st = execute(l, durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
					    "cannot set it up", err);
		if (st != DF_OK)
			return st;
		l->durable = durable;
	}
	return execute(l, "BEGIN IMMEDIATE", "cannot begin", err);
}

enum df_status ledger_end(struct ledger *l, enum df_status st, struct df_err *err)
{
	if (st == DF_OK)
		st = execute(l, "COMMIT", "cannot commit", err);
	if (st != DF_OK && sqlite3_get_autocommit(l->db) == 0)
		(void)sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL); /* what went wrong is in err already */
	return st;
}

/* ---- reading ---- */

char *ledger_text(sqlite3_stmt *s, int column)
{
	const char *p = sqlite3_column_blob(s, column); /* text or blob: the bytes as they are */
	int len = sqlite3_column_bytes(s, column);
	if (sqlite3_column_type(s, column) == SQLITE_NULL)
		return NULL;
	return df_strndup(p != NULL ? p : "", (size_t)len);
}

void ledger_read_file(sqlite3_stmt *s, struct ledger_file *out)
{
	*out = (struct ledger_file){
	    .id = sqlite3_column_int64(s, 0),
	    .feed = ledger_text(s, 1),
	    .name = ledger_text(s, 2),
	    .size = (uint64_t)sqlite3_column_int64(s, 3),
	    .mtime = sqlite3_column_int64(s, 4),
	    .state = (enum ledger_state)sqlite3_column_int(s, 6),
	    .pulled_ms = sqlite3_column_int64(s, 7),
	    .closed_ms = sqlite3_column_int64(s, 8),
	    .code = ledger_text(s, 9),
	    .text = ledger_text(s, 10),
	    .cleanup_due = sqlite3_column_int(s, 11) != 0,
	};
	char *sha256 = ledger_text(s, 5);
	if (sha256 != NULL && strlen(sha256) < DF_SHA256_HEX)
		memcpy(out->sha256, sha256, strlen(sha256) + 1);
	free(sha256);
}

void ledger_read_document(sqlite3_stmt *s, struct ledger_document *out)
{
	*out = (struct ledger_document){
	    .id = sqlite3_column_int64(s, 0),
	    .file_id = sqlite3_column_int64(s, 1),
	    .name = ledger_text(s, 2),
	    .event_type = ledger_text(s, 3),
	    .state = (enum ledger_state)sqlite3_column_int(s, 4),
	    .begun_ms = sqlite3_column_int64(s, 5),
	    .closed_ms = sqlite3_column_int64(s, 6),
	    .rows = (uint64_t)sqlite3_column_int64(s, 7),
	    .delivered = (uint64_t)sqlite3_column_int64(s, 8),
	    .rejected = (uint64_t)sqlite3_column_int64(s, 9),
	    .batches = (uint64_t)sqlite3_column_int64(s, 10),
	    .events = (uint64_t)sqlite3_column_int64(s, 11),
	    .code = ledger_text(s, 12),
	    .text = ledger_text(s, 13),
	    .settings = ledger_text(s, 14),
	    .manifest = ledger_text(s, 15),
	};
}

void ledger_file_free(struct ledger_file *f)
{
	free(f->feed);
	free(f->name);
	free(f->code);
	free(f->text);
	*f = (struct ledger_file){0};
}

void ledger_document_free(struct ledger_document *d)
{
	free(d->name);
	free(d->event_type);
	free(d->code);
	free(d->text);
	free(d->settings);
	free(d->manifest);
	*d = (struct ledger_document){0};
}
