/* SPDX-License-Identifier: MIT */
/*
 * ledger_postgres_link.h - between the two files of a connection
 *
 *	ledger_postgres_link.c	the transaction, which is run again where it has to be
 *	ledger_postgres_ask.c	the connection, and one query on it
 */
#ifndef DROPFEED_LEDGER_POSTGRES_LINK_H
#define DROPFEED_LEDGER_POSTGRES_LINK_H

#include "ledger_postgres.h"

#ifdef HAVE_LIBPQ
#include <libpq-fe.h>

struct ledger_entry { /* a query of the open transaction, and what it came to */
	char *sql;
	int n;
	unsigned types[LEDGER_LINK_VALUES];
	char *values[LEDGER_LINK_VALUES];
	bool rowwise;
	char result[DF_SHA256_HEX]; /* of its rows and what it changed */
};

struct ledger_link {
	char *url, *password, *name; /* own; name: in messages, without a password */
	PGconn *conn;
	bool open; /* a transaction */
	bool sent; /* the query may have reached the server */
	bool late; /* its answer did not come in time */
	int64_t answer_ms, idle_ms;
	struct ledger_entry *journal; /* own */
	size_t n, room;
	char result[DF_SHA256_HEX]; /* of the latest query, in a transaction */
	char state[6];              /* SQLSTATE of the latest failure */
};

/* A server that went away while nothing was asked has said so, or closed the socket: that is seen
 * here, before anything is sent that may or may not have been done. */
bool ledger_link_is_up(struct ledger_link *k);
/* Closes what is left of the connection. */
void ledger_link_drop(struct ledger_link *k);
/* Connects where it is not up, patiently. what: see ledger_link_query. */
enum df_status ledger_link_up(struct ledger_link *k, const char *what, struct df_err *err) DF_CHECK;

enum ledger_asked {
	ASKED_GOOD,
	ASKED_FAILED,
	ASKED_AGAIN, /* it was not done, and all of the transaction has to be run again */
	ASKED_LOST,  /* nobody knows whether it was done */
};
/* Asks once. *out is the caller's (PQclear), NULL where there was no answer. */
enum ledger_asked ledger_link_ask(struct ledger_link *k, const struct ledger_query *q,
				  PGresult **out);
/* What a query failed with, after ASKED_FAILED. */
enum df_status ledger_link_failed(struct ledger_link *k, const PGresult *r, const char *what,
				  struct df_err *err) DF_CHECK;
#endif

#endif
