/* SPDX-License-Identifier: MIT */
/* ledger_sqlite.h - what only a ledger in SQLite has */
#ifndef DROPFEED_LEDGER_SQLITE_H
#define DROPFEED_LEDGER_SQLITE_H

#include "ledger_priv.h"

#include <sqlite3.h>

extern const struct ledger_driver ledger_sqlite;

/* Turns SQLite's last result into a status and words. what: "enter the file", ... */
enum df_status ledger_fail(struct ledger *l, const char *what, struct df_err *err);

/* Opens <state_dir>/ledger.db, makes and migrates it. */
enum df_status ledger_sqlite_open(struct ledger *l, struct df_err *err) DF_CHECK;
/* Finds the log that is synced: in l->log. */
enum df_status ledger_sqlite_log(struct ledger *l, struct df_err *err) DF_CHECK;
/* DF_END when there is none yet. Never writes. *version: the ledger's, this program's or an earlier
 * one. */
enum df_status ledger_sqlite_readonly(struct ledger *l, int64_t *version,
				      struct df_err *err) DF_CHECK;

/* ---- which log belongs to the ledger: ledger_session.c ---- */
/* Whether there was a ledger, be it there or not. */
bool ledger_session_was(const struct ledger *l);
/* Before it is opened. DF_USAGE: the log beside it is another ledger's. */
enum df_status ledger_session_check(const struct ledger *l, struct df_err *err) DF_CHECK;
/* After that: from now on a log is this ledger's, or it is detected. */
enum df_status ledger_session_begin(struct ledger *l, struct df_err *err) DF_CHECK;

/* df_sha256(TEXT) and df_below(PATH, FOLDER/), for migrations: ledger_sqlite_functions.c. */
enum df_status ledger_sqlite_functions(struct ledger *l, struct df_err *err) DF_CHECK;

#endif
