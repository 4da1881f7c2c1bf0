/* SPDX-License-Identifier: MIT */
/*
 * ledger_postgres_rows.h - the rows of a result, however many they are
 *
 *	ledger_rows_add(rows, r);           as they arrive
 *	while (ledger_rows_next(rows, err) == DF_OK)
 *		... rows->v[column] ...
 *	ledger_rows_clear(rows);
 *
 * A result is taken off the connection as a whole, because whoever reads it asks the ledger other
 * things meanwhile, on the same connection, and a cursor would be state of a session. Up to
 * LEDGER_ROWS_MEMORY of it is in memory; where it is more, all of it is in a file without a name.
 */
#ifndef DROPFEED_LEDGER_POSTGRES_ROWS_H
#define DROPFEED_LEDGER_POSTGRES_ROWS_H

#include "ledger_priv.h"

#include <stdio.h>

#define LEDGER_ROWS_MEMORY ((size_t)1 << 20)
enum { LEDGER_ROWS_COLUMNS = 64 };

struct pg_result;
struct ledger_rows {
	const char *dir;     /* borrowed: of the file */
	struct df_buf added; /* rows that are not in the file; in the end: the present one */
	FILE *file;          /* own; NULL: there is none */
	uint64_t n, at;      /* rows that were added, and handed out */
	size_t next;         /* where the next one is, without a file */
	int columns;
	char *v[LEDGER_ROWS_COLUMNS];        /* of the present one, may be changed; NULL: null */
	unsigned types[LEDGER_ROWS_COLUMNS]; /* OIDs */
	enum df_status failed;               /* to add some; why is in err */
	struct df_err err;
};

void ledger_rows_init(struct ledger_rows *rows, const char *dir);
/* All rows of r. What fails is reported by ledger_rows_next. */
void ledger_rows_add(struct ledger_rows *rows, const struct pg_result *r);
/* DF_END: there is no other row. */
enum df_status ledger_rows_next(struct ledger_rows *rows, struct df_err *err) DF_CHECK;
/* Forgets them all. */
void ledger_rows_clear(struct ledger_rows *rows);

#endif
