/* SPDX-License-Identifier: MIT */
/*
 * ledger_driver.h - a database, as far as the ledger uses one
 *
 * The SQL is the same for both: what SQLite and PostgreSQL both understand, with parameters ?1, ?2,
 * ... A driver may have a statement of its own where that is not possible. Everything is called
 * with the ledger's lock held.
 */
#ifndef DROPFEED_LEDGER_DRIVER_H
#define DROPFEED_LEDGER_DRIVER_H

#include "dropfeed/ledger.h"

struct ledger_driver;

struct ledger_stmt { /* a compiled statement; each driver has more after it */
	const struct ledger_driver *driver;
};

struct ledger_driver {
	/* The database's connection, and whatever belongs to it. */
	void (*close)(struct ledger *l);

	/* which: an enum ledger_statement, or -1. kept: it is used again and again. */
	enum df_status (*prepare)(struct ledger *l, const char *sql, int which,
				  struct ledger_stmt **out, struct df_err *err);
	void (*finalize)(struct ledger_stmt *s);
	void (*reset)(struct ledger_stmt *s); /* values stay */
	void (*clear)(struct ledger_stmt *s); /* values go */
	/* False: there is no such parameter. i counts from 1; type is a letter of ledger_bind. */
	bool (*bind_integer)(struct ledger_stmt *s, int i, char type, int64_t value);
	bool (*bind_text)(struct ledger_stmt *s, int i, const char *value);

	/* DF_OK: there is a row. DF_END: there is none any more. */
	enum df_status (*step)(struct ledger *l, struct ledger_stmt *s, const char *what,
			       struct df_err *err);
	int64_t (*integer)(const struct ledger_stmt *s, int column);
	const char *(*text)(const struct ledger_stmt *s, int column);
	int64_t (*changes)(const struct ledger *l);
	int64_t (*inserted)(const struct ledger *l);

	bool (*in_transaction)(const struct ledger *l);
	/* Without values and rows. */
	enum df_status (*exec)(struct ledger *l, const char *sql, const char *what,
			       struct df_err *err);
	/* All that was committed before the call is on the disk when it returns; without the lock.
	 * NULL: a commit is on the disk when it returns. */
	enum df_status (*flush)(struct ledger *l, struct df_err *err);
	enum df_status (*failed)(struct ledger *l, const char *what, struct df_err *err);
};

#endif
