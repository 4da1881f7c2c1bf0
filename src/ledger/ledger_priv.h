/* SPDX-License-Identifier: MIT */
/* ledger_priv.h - the connection, and binding and stepping its prepared statements */
#ifndef DROPFEED_LEDGER_PRIV_H
#define DROPFEED_LEDGER_PRIV_H

#include "dropfeed/ledger.h"

#include <pthread.h>
#include <sqlite3.h>

struct ledger {
	sqlite3 *db;
	char *path;		   /* own */
	sqlite3_stmt **statements; /* own; by enum ledger_query, prepared when first used */
	pthread_mutex_t lock;	   /* one transaction at a time; recursive, for what a walk calls back */
	bool durable;		   /* PRAGMA synchronous is FULL */
};


/* Gets query q ready with its parameters: 't' text, 'b' name (char *, as a blob), 'i' int64_t. */
enum df_status ledger_bind(struct ledger *l, int q, sqlite3_stmt **out, struct df_err *err, const char *types, ...) DF_CHECK;
/* DF_OK: a row. DF_END: none (more). The statement is reset on anything but a row. */
enum df_status ledger_step(struct ledger *l, sqlite3_stmt *s, struct df_err *err) DF_CHECK;
/* Steps a statement that gives no rows. */
enum df_status ledger_do(struct ledger *l, sqlite3_stmt *s, struct df_err *err) DF_CHECK;

/* BEGIN; durable: its COMMIT is synced to the disk. End commits when st is DF_OK, else rolls back; returns st or worse. */
enum df_status ledger_begin(struct ledger *l, bool durable, struct df_err *err) DF_CHECK;
enum df_status ledger_end(struct ledger *l, enum df_status st, struct df_err *err) DF_CHECK;

enum df_status ledger_fail(struct ledger *l, const char *what, struct df_err *err);

char *ledger_text(sqlite3_stmt *s, int column); /* own; NULL for NULL */
void ledger_read_file(sqlite3_stmt *s, struct ledger_file *out);
void ledger_read_document(sqlite3_stmt *s, struct ledger_document *out);

#endif
