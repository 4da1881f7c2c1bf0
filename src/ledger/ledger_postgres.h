/* SPDX-License-Identifier: MIT */
/* ledger_postgres.h - what only a ledger in PostgreSQL has */
#ifndef DROPFEED_LEDGER_POSTGRES_H
#define DROPFEED_LEDGER_POSTGRES_H

#include "ledger_priv.h"

extern const struct ledger_driver ledger_postgres;

/* Connects, makes the tables and migrates them. */
enum df_status ledger_postgres_open(struct ledger *l, const struct ledger_where *where,
				    struct df_err *err) DF_CHECK;
/* DF_END when there is no ledger in the database yet. Changes nothing. *version: the ledger's, this
 * program's or an earlier one. */
enum df_status ledger_postgres_readonly(struct ledger *l, const struct ledger_where *where,
					int64_t *version, struct df_err *err) DF_CHECK;

/* The ledger's SQL in PostgreSQL's words. The caller's. */
char *ledger_postgres_sql(const char *sql);

/* A text as it is stored, the caller's; NULL: as it is. And back, in its place; once. */
char *ledger_postgres_text(const char *s);
void ledger_postgres_bytes(char *s);

/* A connection, lost or not, and the transaction on it: ledger_postgres_link.c. */
struct ledger_link;
struct ledger_link *ledger_link_new(const struct ledger_where *where);
struct ledger_link *ledger_link_like(const struct ledger_link *k); /* another one, to the same */
void ledger_link_free(struct ledger_link *k);

struct pg_result;
enum { LEDGER_LINK_VALUES = 48 };
struct ledger_query {
	const char *sql;
	int n;
	unsigned types[LEDGER_LINK_VALUES]; /* OIDs */
	const char *values[LEDGER_LINK_VALUES];
	/* Takes rows as they arrive, where there may be many; NULL: they are in the result. More
	 * than once, where the query has to be run again: r is NULL before the first row. */
	void (*row)(void *ctx, const struct pg_result *r);
	void *ctx; /* of row */
};
/* Runs the query. DF_OK: *out is the caller's (PQclear). Within a transaction: where the database
 * asks for it, or the connection is lost, the whole of it is run again; its result must be
 * the same. what: "enter the file", ... */
enum df_status ledger_link_query(struct ledger_link *k, const struct ledger_query *q,
				 struct pg_result **out, const char *what,
				 struct df_err *err) DF_CHECK;
/* The same without values and rows; `sql` may hold several statements. */
enum df_status ledger_link_exec(struct ledger_link *k, const char *sql, const char *what,
				struct df_err *err) DF_CHECK;
bool ledger_link_in_transaction(const struct ledger_link *k);
/* Gives up soon: a lease is at stake. */
void ledger_link_hurry(struct ledger_link *k, int64_t ms);
/* How long a transaction may wait for this process before the server ends it. */
void ledger_link_idle(struct ledger_link *k, int64_t ms);

#endif
