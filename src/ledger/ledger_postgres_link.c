/* SPDX-License-Identifier: MIT */
/*
 * A connection to PostgreSQL that may break, and the transaction on it.
 *
 * No session state: every query is complete in itself, so that each transaction may reach another
 * server process (PgBouncer in transaction mode). What a transaction did so far is kept. When the
 * database cannot put it in order with others (SQLSTATE 40001, 40P01), or the connection is lost
 * before COMMIT was sent, all of it is run again, and has to come to the same result; else it
 * fails. A connection that is lost while COMMIT is under way leaves open what became of it: that
 * is DF_RETRY, and who reads the ledger next sees it.
 */
#include "ledger_postgres_link.h"

#ifdef HAVE_LIBPQ
#include <stdio.h>
#include <stdlib.h>

enum {
	ANSWER_MS = 30000, /* for the answer to a query */
	IDLE_MS = 10000,   /* in a transaction; then the server ends it */
	REPLAYS = 20,
	JOURNAL_MAX = 10000, /* queries of a transaction; a longer one is not run again */
};

struct ledger_link *ledger_link_new(const struct ledger_where *where)
{
	struct ledger_link *k = df_alloc(sizeof(*k));
	k->url = df_strdup(where->url);
	k->password = df_strdup(where->password);
	k->name = ledger_where_name(where);
	k->answer_ms = ANSWER_MS;
	k->idle_ms = IDLE_MS;
	return k;
}

struct ledger_link *ledger_link_like(const struct ledger_link *k)
{
	struct ledger_link *other = df_alloc(sizeof(*other));
	other->url = df_strdup(k->url);
	other->password = df_strdup(k->password);
	other->name = df_strdup(k->name);
	other->answer_ms = k->answer_ms;
	other->idle_ms = k->idle_ms;
	return other;
}

static void journal_clear(struct ledger_link *k)
{
	for (size_t i = 0; i < k->n; i++) {
		free(k->journal[i].sql);
		for (int v = 0; v < k->journal[i].n; v++)
			free(k->journal[i].values[v]);
	}
	k->n = 0;
}

void ledger_link_free(struct ledger_link *k)
{
	if (k == NULL)
		return;
	PQfinish(k->conn);
	journal_clear(k);
	free(k->journal);
	if (k->password != NULL)
		explicit_bzero(k->password, strlen(k->password));
	free(k->password);
	free(k->url);
	free(k->name);
	free(k);
}

bool ledger_link_in_transaction(const struct ledger_link *k)
{
	return k->open;
}

void ledger_link_hurry(struct ledger_link *k, int64_t ms)
{
	k->answer_ms = ms;
}

void ledger_link_idle(struct ledger_link *k, int64_t ms)
{
	k->idle_ms = ms;
}

static void journal_add(struct ledger_link *k, const struct ledger_query *q)
{
	if (!k->open || k->n > JOURNAL_MAX)
		return;
	if (k->n == k->room) {
		k->room = k->room > 0 ? 2 * k->room : 16;
		k->journal = df_realloc(k->journal, k->room * sizeof(*k->journal));
	}
	struct ledger_entry *e = &k->journal[k->n++];
	*e = (struct ledger_entry){.sql = df_strdup(q->sql), .n = q->n, .rowwise = q->row != NULL};
	memcpy(e->result, k->result, sizeof(e->result));
	for (int i = 0; i < q->n; i++) {
		e->types[i] = q->types[i];
		e->values[i] = df_strdup(q->values[i]);
	}
}

static void no_row(void *ctx, const PGresult *r)
{
	(void)ctx;
	(void)r;
}

static bool entry_again(struct ledger_link *k, const struct ledger_entry *e,
			enum ledger_asked *asked)
{
	struct ledger_query q = {.sql = e->sql, .n = e->n, .row = e->rowwise ? no_row : NULL};
	PGresult *r = NULL;
	for (int i = 0; i < e->n; i++) {
		q.types[i] = e->types[i];
		q.values[i] = e->values[i];
	}
	*asked = ledger_link_ask(k, &q, &r);
	bool same = *asked == ASKED_GOOD && memcmp(k->result, e->result, sizeof(e->result)) == 0;
	PQclear(r);
	return same;
}

/* Takes what is left of the transaction back, and runs all of it up to now. DF_RETRY: it came to
 * something else. */
static enum df_status replay(struct ledger_link *k, const char *what, struct df_err *err)
{
	PGresult *r = NULL;
	const struct ledger_query rollback = {.sql = "ROLLBACK", .n = -1};
	if (k->conn != NULL && PQtransactionStatus(k->conn) != PQTRANS_IDLE) {
		(void)ledger_link_ask(k, &rollback, &r);
		PQclear(r);
	}
	if (k->n > JOURNAL_MAX)
		return df_fail(DF_RETRY, err, LEDGER_UNREACHABLE,
			       "cannot %s: the ledger %s was changed meanwhile", what, k->name);
	enum df_status st = ledger_link_up(k, what, err);
	if (st != DF_OK)
		return st;
	for (size_t i = 0; i < k->n; i++) {
		enum ledger_asked asked = ASKED_GOOD;
		if (entry_again(k, &k->journal[i], &asked))
			continue;
		if (asked == ASKED_GOOD || asked == ASKED_FAILED)
			return df_fail(DF_RETRY, err, LEDGER_UNREACHABLE,
				       "cannot %s: the ledger %s was changed meanwhile", what,
				       k->name);
		return DF_END; /* once more */
	}
	return DF_OK;
}

static bool is_reading(const char *sql)
{
	return strncmp(sql, "SELECT", 6) == 0;
}

static bool is_end(const char *sql)
{
	return strcmp(sql, "COMMIT") == 0;
}

/* What is lost may have been done: only what changes nothing by itself is asked again. */
static bool may_ask_again(const struct ledger_link *k, const struct ledger_query *q,
			  enum ledger_asked asked)
{
	if (asked == ASKED_AGAIN)
		return true;
	return k->open ? !is_end(q->sql) : is_reading(q->sql) || strncmp(q->sql, "BEGIN", 5) == 0;
}

/* A host that is paused in a transaction must not keep the locks that others wait for. */
static char *begin_text(const struct ledger_link *k)
{
	return df_format("BEGIN; SET LOCAL idle_in_transaction_session_timeout = %lld",
			 (long long)k->idle_ms);
}

static enum df_status lost(struct ledger_link *k, const char *what, struct df_err *err)
{
	char how[40] = "went away";
	if (k->late)
		snprintf(how, sizeof(how), "gave no answer in %.1f s", (double)k->answer_ms / 1000);
	return df_fail(DF_RETRY, err, LEDGER_UNREACHABLE,
		       "cannot %s: the database of the ledger %s %s; whether it was done is seen "
		       "when it answers again",
		       what, k->name, how);
}

enum df_status ledger_link_query(struct ledger_link *k, const struct ledger_query *q,
				 struct pg_result **out, const char *what, struct df_err *err)
{
	PGresult *r = NULL;
	*out = NULL;
	bool again = k->open && !ledger_link_is_up(k);
	for (int i = 0; i < REPLAYS; i++) {
		enum df_status st = again ? replay(k, what, err) : ledger_link_up(k, what, err);
		if (st != DF_OK && st != DF_END)
			return st;
		enum ledger_asked asked = st == DF_END ? ASKED_AGAIN : ledger_link_ask(k, q, &r);
		if (asked == ASKED_GOOD) {
			journal_add(k, q);
			*out = r;
			return DF_OK;
		}
		st = asked == ASKED_FAILED ? ledger_link_failed(k, r, what, err) : DF_OK;
		PQclear(r);
		r = NULL;
		if (st != DF_OK)
			return st;
		if (!may_ask_again(k, q, asked))
			return lost(k, what, err);
		again = k->open;
		df_sleep_ms(1 + i * (df_monotonic_ms() % 7));
	}
	return df_fail(DF_RETRY, err, LEDGER_UNREACHABLE,
		       "cannot %s: the database of the ledger %s could not put it in order with "
		       "what other hosts do",
		       what, k->name);
}

enum df_status ledger_link_exec(struct ledger_link *k, const char *sql, const char *what,
				struct df_err *err)
{
	char *begin = strcmp(sql, "BEGIN") == 0 ? begin_text(k) : NULL;
	struct ledger_query q = {.sql = begin != NULL ? begin : sql, .n = -1};
	PGresult *r = NULL;
	if (strcmp(sql, "ROLLBACK") == 0) { /* a lost connection has rolled back by itself */
		k->open = false;
		journal_clear(k);
		if (k->conn == NULL || PQtransactionStatus(k->conn) == PQTRANS_IDLE)
			return DF_OK; /* begin is NULL */
	}
	enum df_status st = ledger_link_query(k, &q, &r, what, err);
	PQclear(r);
	if (strcmp(sql, "COMMIT") == 0) {
		k->open = false;
		journal_clear(k);
		if (st != DF_OK && k->conn != NULL &&
		    PQtransactionStatus(k->conn) != PQTRANS_IDLE) {
			ledger_link_drop(k);
		}
	}
	if (st == DF_OK && begin != NULL) {
		struct df_sha256 *nothing = df_sha256_new();
		df_sha256_end(nothing, k->result);
		df_sha256_free(nothing);
		k->open = true;
		journal_add(k, &q);
	}
	free(begin);
	return st;
}
#endif
