/* SPDX-License-Identifier: MIT */
/*
 * ledger_priv.h - inside the ledger room
 *
 * ledger.c		opening and closing, by either driver
 * ledger_where.c	what it is called
 * ledger_db.c		statements and transactions, whatever the database is
 * ledger_driver.h	what a driver does
 * ledger_sqlite.c	SQLite; ledger_sqlite_open.c: opening and migrating
 * ledger_postgres.c	PostgreSQL; ledger_postgres_open.c: opening and migrating;
 *			ledger_postgres_link.c: a connection that may break;
 *			ledger_postgres_rows.c: an answer's rows, on disk where they are many
 * ledger_claim.c	claims and fences: ledger_claim.h has the protocol
 * ledger_join.c	leases are renewed; ledger_pace.c: the pace is shared
 * ledger_fleet.c	what else the hosts of a fleet share
 * ledger_reason.c	where a document's reject file is, and why rows are in it;
 *			ledger_reject_file.c: reject files, for other hosts
 * ledger_session.c	which log belongs to an SQLite ledger
 * ledger_path.c	paths that a moved state folder keeps
 * ledger_file.c	listings and files
 * ledger_pull.c	downloads under way
 * ledger_document.c	documents and lanes
 * ledger_api.c		endpoints and keys
 * ledger_retry.c	what is opened again
 * ledger_anew.c	what is given up, begun anew, sent once more, or pruned
 * ledger_tally.c	counters that never go back
 * ledger_request.c	subject requests, and what was asked of their service
 * ledger_sending.c	what must not be sent twice, noted before it is sent
 * ledger_header.c	the columns of a feed's documents
 * ledger_notice.c	conditions of a feed, and what is to be reported
 * ledger_backup.c	a copy of an SQLite ledger
 * ledger_copy.c	a ledger moves from SQLite to PostgreSQL, or back
 * ledger_period.c	what was closed in a period
 * ledger_read.c	rows into structs; ledger_walk.c: over many of them
 */
#ifndef DROPFEED_LEDGER_PRIV_H
#define DROPFEED_LEDGER_PRIV_H

#include "ledger_driver.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>

/* What a change is of: a file, or a document by which the file is found. */
enum ledger_of { LEDGER_OF_NOTHING, LEDGER_OF_FILE, LEDGER_OF_DOCUMENT };

struct ledger {
	const struct ledger_driver *driver;
	struct sqlite3 *db;        /* own: SQLite's, or NULL */
	struct ledger_link *link;  /* own: to PostgreSQL, or NULL */
	int64_t changes, inserted; /* with that */
	char *node;                /* own: this host's name in a fleet; empty without one */

	struct ledger_claims *claims; /* own: of a process that takes part in a fleet, or NULL */
	/* With it; ensure: before the transaction, fence: its first statement. */
	enum df_status (*ensure)(struct ledger *l, enum ledger_of of, int64_t id,
				 struct df_err *err);
	enum df_status (*fence)(struct ledger *l, enum ledger_of of, int64_t id,
				struct df_err *err);
	int64_t fenced;           /* the file, in the transaction that is open; 0: none */
	char *dir;                /* own: state_dir, without a slash at its end */
	char *path;               /* own: what it is called in messages */
	pthread_mutex_t lock;     /* recursive: a walk's callback may call back into the ledger */
	unsigned nested;          /* ledger_enter that have yet to be left */
	bool syncing;             /* the transaction that is open, or comes next, is to be synced */
	struct sqlite3_file *log; /* SQLite's, borrowed */
	pthread_mutex_t flushing; /* of what follows; taken without the lock */
	atomic_ullong commits;    /* that are to be synced */
	uint64_t flushed;         /* so many of them are on the disk */
	enum df_status flush_status;     /* of the first sync that failed: no later one counts */
	struct ledger_stmt **statements; /* prepared when first used */
	struct ledger_stmt *documents;   /* likewise, for walks through a file's documents */
};

/* This host's name in a fleet, "" without one. The caller's. */
char *ledger_where_node(const struct ledger_where *where);

void ledger_lock(struct ledger *l);
void ledger_unlock(struct ledger *l);

/* Says whether the next commit must be on the disk when its change returns. In a transaction that
 * was settled when it began: DF_FATAL when it is not synced and `each` asks for it. */
enum df_status ledger_sync(struct ledger *l, bool each, struct df_err *err) DF_CHECK;
/* Ends what ledger_sync began, after the commit: gives the lock back, then syncs when st is DF_OK
 * and that was asked for. Those who wait at the same time share one sync. Returns st, or what went
 * wrong. */
enum df_status ledger_unlock_synced(struct ledger *l, enum df_status st,
				    struct df_err *err) DF_CHECK;

/* The kept statement `which` (an enum ledger_statement), reset and without values. Formats: 'i'
 * int64_t; 'b' int64_t, for what is a boolean in SQL; 't' const char * (NULL legal). Values are
 * bound, not copied: they must live until ledger_step is done with the statement. */
enum df_status ledger_bind(struct ledger *l, int which, struct ledger_stmt **out,
			   struct df_err *err, const char *format, ...) DF_CHECK;
enum df_status ledger_bind_list(struct ledger *l, int which, struct ledger_stmt **out,
				struct df_err *err, const char *format, va_list values) DF_CHECK;

/* Binds values to a statement that is prepared already. */
enum df_status ledger_bind_values(struct ledger *l, struct ledger_stmt *s, struct df_err *err,
				  const char *format, va_list values) DF_CHECK;

/* One step: DF_OK with a row, DF_END without. Resets the statement at the end and on failure. */
enum df_status ledger_step(struct ledger *l, struct ledger_stmt *s, const char *what,
			   struct df_err *err) DF_CHECK;
/* Steps a statement that yields no row. */
enum df_status ledger_run(struct ledger *l, struct ledger_stmt *s, const char *what,
			  struct df_err *err) DF_CHECK;

/* Runs a statement without values or rows. */
enum df_status ledger_exec(struct ledger *l, const char *sql, const char *what,
			   struct df_err *err) DF_CHECK;

/* Of the row that the statement is at. A text is borrowed until the next step; NULL stays NULL.
 * A boolean is 0 or 1. */
static inline int64_t ledger_int(const struct ledger_stmt *s, int column)
{
	return s->driver->integer(s, column);
}
static inline uint64_t ledger_u64(const struct ledger_stmt *s, int column)
{
	return (uint64_t)ledger_int(s, column);
}
static inline const char *ledger_text(const struct ledger_stmt *s, int column)
{
	return s->driver->text(s, column);
}
static inline bool ledger_is_null(const struct ledger_stmt *s, int column)
{
	return s->driver->text(s, column) == NULL;
}
static inline void ledger_reset(struct ledger_stmt *s)
{
	s->driver->reset(s);
}
static inline void ledger_finalize(struct ledger_stmt *s)
{
	if (s != NULL)
		s->driver->finalize(s);
}
/* Rows that the latest statement changed, and the id that the latest INSERT INTO file gave. */
static inline int64_t ledger_changes(const struct ledger *l)
{
	return l->driver->changes(l);
}
static inline int64_t ledger_inserted(const struct ledger *l)
{
	return l->driver->inserted(l);
}

enum df_status ledger_begin(struct ledger *l, struct df_err *err) DF_CHECK;
/* Commits when st is DF_OK, else takes everything back. Returns st or what went wrong with the
 * commit. */
enum df_status ledger_end(struct ledger *l, enum df_status st, struct df_err *err) DF_CHECK;

/* ledger_enter, for a change of that. Where hosts share the ledger the file is claimed, if this
 * process does not have it yet, and the transaction begins with the fence: ledger_claim.h. */
enum df_status ledger_enter_on(struct ledger *l, bool sync, enum ledger_of of, int64_t id,
			       struct df_err *err) DF_CHECK;

/* A change that is one statement without a row, in a transaction of its own unless one is open. */
struct ledger_change {
	int which;         /* enum ledger_statement */
	enum ledger_of of; /* whose id is the first value; else nothing */
	bool sync;         /* it is on the disk when it returns */
	bool one;          /* it has to change one row */
	const char *what;
};
/* Takes the lock. The values are those of ledger_bind. */
enum df_status ledger_change(struct ledger *l, const struct ledger_change *c, struct df_err *err,
			     const char *format, ...) DF_CHECK;

/* A document is opened otherwise than by ledger_resend. Inside of an open transaction. */
enum df_status ledger_former_forget(struct ledger *l, int64_t id, struct df_err *err) DF_CHECK;

/* A question that one row answers. */
struct ledger_lookup {
	int which; /* enum ledger_statement */
	const char *what;
	/* takes the row's values to `out`; NULL: it is there, that is all */
	void (*row)(void *out, const struct ledger *l, struct ledger_stmt *s);
	void *out;
};
/* Takes the lock. The values are those of ledger_bind. DF_END: no row. */
enum df_status ledger_first(struct ledger *l, const struct ledger_lookup *q, struct df_err *err,
			    const char *format, ...) DF_CHECK;
void ledger_row_int(void *out, const struct ledger *l, struct ledger_stmt *s); /* to an int64_t */

/* Rows into structs that own their texts. */
enum { LEDGER_COLUMN_NAME = 2 }; /* in the order that it reads */
void ledger_file_read(const struct ledger *l, struct ledger_stmt *s, struct ledger_file *out);
void ledger_document_read(const struct ledger *l, struct ledger_stmt *s,
			  struct ledger_document *out);

/* ---- paths: ledger_path.c ---- */
/* What is stored of a path: relative to the state folder when it is below that. Borrowed; NULL
 * stays NULL. */
const char *ledger_path_stored(const struct ledger *l, const char *path);
/* The whole path of what is stored. The caller's; NULL stays NULL. */
char *ledger_path_whole(const struct ledger *l, const char *stored);

/* Within a transaction. */
enum df_status ledger_requests_put(struct ledger *l, int64_t document_id,
				   const struct ledger_request *v, size_t n,
				   struct df_err *err) DF_CHECK;

static inline const char *ledger_reject_code(const struct ledger_reject *r)
{
	return r->code != NULL ? r->code : "api-rejected";
}

#endif
