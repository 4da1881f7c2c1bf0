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
#include "ledger_postgres.h"

#ifdef HAVE_LIBPQ
#include <libpq-fe.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	ANSWER_MS = 30000,   /* for the answer to a query */
	IDLE_MS = 10000,     /* in a transaction; then the server ends it */
	RECONNECT_MS = 5000, /* from the first failure */
	PAUSE_MS = 200,      /* between two attempts to connect */
	REPLAYS = 20,
	JOURNAL_MAX = 10000, /* queries of a transaction; a longer one is not run again */
};

struct entry { /* a query of the open transaction, and what it came to */
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
	int64_t answer_ms, idle_ms;
	struct entry *journal; /* own */
	size_t n, room;
	char result[DF_SHA256_HEX]; /* of the latest query, in a transaction */
	char state[6];              /* SQLSTATE of the latest failure */
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

/* ---- words ---- */

/* libpq's messages end with a newline, and may have several lines. */
static void one_line(const char *text, char *out, size_t size)
{
	size_t n = 0;
	for (; text != NULL && *text != '\0' && n + 1 < size; text++)
		out[n++] = (unsigned char)*text < ' ' ? ' ' : *text;
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

static bool begins(const char *state, const char *class)
{
	return strncmp(state, class, strlen(class)) == 0;
}

/* The server refuses this user or database, whatever is tried again. */
static bool is_refusal(const char *words)
{
	return strstr(words, "authentication failed") != NULL ||
	       strstr(words, "no password supplied") != NULL ||
	       strstr(words, "does not exist") != NULL || strstr(words, "pg_hba.conf") != NULL ||
	       strstr(words, "permission denied") != NULL;
}

static enum df_status unreachable(struct ledger_link *k, const char *what, struct df_err *err)
{
	char words[400];
	one_line(PQerrorMessage(k->conn), words, sizeof(words));
	if (is_refusal(words))
		return df_fail(DF_DENIED, err, NULL,
			       "cannot %s: the database of the ledger %s refuses access: %s", what,
			       k->name, words);
	return df_fail(DF_RETRY, err, LEDGER_UNREACHABLE,
		       "cannot %s: the database of the ledger %s is unreachable: %s", what, k->name,
		       words[0] != '\0' ? words : "no answer in time");
}

static enum df_status failed(struct ledger_link *k, const PGresult *r, const char *what,
			     struct df_err *err)
{
	char words[400];
	one_line(PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY), words, sizeof(words));
	const char *s = k->state;
	if (begins(s, "42501"))
		return df_fail(DF_FATAL, err, NULL,
			       "cannot %s: the user of the ledger %s lacks a right: %s", what,
			       k->name, words);
	bool later = begins(s, "08") || begins(s, "40") || begins(s, "53") || begins(s, "55P03") ||
		     begins(s, "57") || begins(s, "58") || begins(s, "25006");
	return df_fail(later ? DF_RETRY : DF_FATAL, err, later ? LEDGER_UNREACHABLE : NULL,
		       "cannot %s in the ledger %s: %s (%s)", what, k->name, words, s);
}

/* ---- the connection ---- */

static void no_notices(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

static bool link_connect(struct ledger_link *k)
{
	const char *const keys[] = {"dbname",
				    "fallback_application_name",
				    "connect_timeout",
				    "client_encoding",
				    "keepalives_idle",
				    "tcp_user_timeout",
				    k->password != NULL ? "password" : NULL,
				    NULL};
	const char *const values[] = {k->url, "dropfeed", "5",         "UTF8",
				      "10",   "20000",    k->password, NULL};
	PQfinish(k->conn);
	k->conn = PQconnectdbParams(keys, values, 1);
	PQsetNoticeProcessor(k->conn, no_notices, NULL);
	return PQstatus(k->conn) == CONNECTION_OK;
}

static void pause_ms(int64_t ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* A server that went away while nothing was asked has said so, or closed the socket: that is seen
 * here, before anything is sent that may or may not have been done. */
static bool link_is_up(struct ledger_link *k)
{
	struct pollfd p = {.fd = k->conn != NULL ? PQsocket(k->conn) : -1, .events = POLLIN};
	if (k->conn == NULL || PQstatus(k->conn) != CONNECTION_OK)
		return false;
	while (poll(&p, 1, 0) == 1)
		if (PQconsumeInput(k->conn) != 1 || PQstatus(k->conn) != CONNECTION_OK)
			return false;
	return true;
}

static enum df_status link_up(struct ledger_link *k, const char *what, struct df_err *err)
{
	int64_t patience = k->answer_ms < RECONNECT_MS ? k->answer_ms : RECONNECT_MS;
	int64_t end = df_monotonic_ms() + patience;
	if (link_is_up(k))
		return DF_OK;
	while (!link_connect(k)) {
		struct df_err why = {0};
		enum df_status st = unreachable(k, what, &why);
		if (st != DF_RETRY || df_monotonic_ms() >= end || df_stop_requested) {
			*err = err->text[0] == '\0' ? why : *err;
			return st;
		}
		pause_ms(PAUSE_MS);
	}
	return DF_OK;
}

/* Waits until the socket is ready. False: too late, or it is broken. */
static bool link_wait(struct ledger_link *k, short events, int64_t end)
{
	int64_t left = end - df_monotonic_ms();
	struct pollfd p = {.fd = PQsocket(k->conn), .events = events};
	if (left <= 0 || p.fd < 0)
		return false;
	int rc = poll(&p, 1, (int)left);
	return rc > 0 || (rc < 0 && errno == EINTR);
}

/* What has to be the same when a transaction is run again. */
static void digest(struct df_sha256 *h, const PGresult *r)
{
	for (int row = 0; h != NULL && row < PQntuples(r); row++)
		for (int c = 0; c < PQnfields(r); c++)
			df_sha256_add(h, PQgetvalue(r, row, c), (size_t)PQgetlength(r, row, c) + 1);
}

static bool send_query(struct ledger_link *k, const struct ledger_query *q)
{
	int rc = q->n < 0
		     ? PQsendQuery(k->conn, q->sql)
		     : PQsendQueryParams(k->conn, q->sql, q->n, q->types, q->values, NULL, NULL, 0);
	if (rc != 1)
		return false;
	if (q->row != NULL) {
		q->row(q->ctx, NULL);
		(void)PQsetSingleRowMode(k->conn);
	}
	return true;
}

/* The next result, or NULL: there is none any more, or (*lost) the connection is lost. */
static PGresult *next_result(struct ledger_link *k, bool *lost)
{
	int64_t end = df_monotonic_ms() + k->answer_ms;
	*lost = false;
	while (PQisBusy(k->conn))
		if (!link_wait(k, POLLIN, end) || PQconsumeInput(k->conn) != 1) {
			*lost = true;
			return NULL;
		}
	return PQgetResult(k->conn);
}

/* The last result, or the first error; NULL: the connection is lost. */
static PGresult *results_of(struct ledger_link *k, const struct ledger_query *q,
			    struct df_sha256 *h)
{
	PGresult *last = NULL;
	bool lost = false;
	for (PGresult *r; (r = next_result(k, &lost)) != NULL;) {
		digest(h, r);
		if (PQresultStatus(r) == PGRES_SINGLE_TUPLE) {
			q->row(q->ctx, r);
			PQclear(r);
			continue;
		}
		bool bad = last != NULL && PQresultStatus(last) == PGRES_FATAL_ERROR;
		PQclear(bad ? r : last);
		last = bad ? last : r;
	}
	if (!lost)
		return last;
	PQclear(last);
	return NULL;
}

/* The answer, or NULL: the connection is lost. */
static PGresult *link_ask(struct ledger_link *k, const struct ledger_query *q)
{
	k->sent = send_query(k, q);
	if (!k->sent)
		return NULL;
	struct df_sha256 *h = k->open ? df_sha256_new() : NULL;
	PGresult *r = results_of(k, q, h);
	if (h != NULL && r != NULL)
		df_sha256_add(h, PQcmdTuples(r), strlen(PQcmdTuples(r)));
	if (h != NULL)
		df_sha256_end(h, k->result);
	df_sha256_free(h);
	return r;
}

static bool is_good(const PGresult *r)
{
	ExecStatusType s = PQresultStatus(r);
	return s == PGRES_TUPLES_OK || s == PGRES_COMMAND_OK || s == PGRES_EMPTY_QUERY;
}

enum asked { ASKED_GOOD, ASKED_FAILED, ASKED_AGAIN, ASKED_LOST };

/* ASKED_LOST: nobody knows whether it was done. ASKED_AGAIN: it was not, and all of the
 * transaction has to be run again. */
static enum asked ask_once(struct ledger_link *k, const struct ledger_query *q, PGresult **out)
{
	PGresult *r = link_ask(k, q);
	k->state[0] = '\0';
	*out = r;
	if (r == NULL) {
		PQfinish(k->conn);
		k->conn = NULL;
		return k->sent ? ASKED_LOST : ASKED_AGAIN;
	}
	if (is_good(r))
		return ASKED_GOOD;
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	snprintf(k->state, sizeof(k->state), "%s", state != NULL ? state : "");
	if (begins(k->state, "40001") || begins(k->state, "40P01"))
		return ASKED_AGAIN;
	if (begins(k->state, "57P0") ||
	    begins(k->state, "25P03")) { /* it is stopping, and says that nothing was done */
		PQfinish(k->conn);
		k->conn = NULL;
		return ASKED_AGAIN;
	}
	if (state == NULL || PQstatus(k->conn) != CONNECTION_OK) { /* libpq's own words */
		PQfinish(k->conn);
		k->conn = NULL;
		return ASKED_LOST;
	}
	return ASKED_FAILED;
}

/* ---- the transaction ---- */

static void journal_add(struct ledger_link *k, const struct ledger_query *q)
{
	if (!k->open || k->n > JOURNAL_MAX)
		return;
	if (k->n == k->room) {
		k->room = k->room > 0 ? 2 * k->room : 16;
		k->journal = df_realloc(k->journal, k->room * sizeof(*k->journal));
	}
	struct entry *e = &k->journal[k->n++];
	*e = (struct entry){.sql = df_strdup(q->sql), .n = q->n, .rowwise = q->row != NULL};
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

static bool entry_again(struct ledger_link *k, const struct entry *e, enum asked *asked)
{
	struct ledger_query q = {.sql = e->sql, .n = e->n, .row = e->rowwise ? no_row : NULL};
	PGresult *r = NULL;
	for (int i = 0; i < e->n; i++) {
		q.types[i] = e->types[i];
		q.values[i] = e->values[i];
	}
	*asked = ask_once(k, &q, &r);
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
		(void)ask_once(k, &rollback, &r);
		PQclear(r);
	}
	if (k->n > JOURNAL_MAX)
		return df_fail(DF_RETRY, err, LEDGER_UNREACHABLE,
			       "cannot %s: the ledger %s was changed meanwhile", what, k->name);
	enum df_status st = link_up(k, what, err);
	if (st != DF_OK)
		return st;
	for (size_t i = 0; i < k->n; i++) {
		enum asked asked = ASKED_GOOD;
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
			  enum asked asked)
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
	return df_fail(DF_RETRY, err, LEDGER_UNREACHABLE,
		       "cannot %s: the database of the ledger %s went away; whether it was done is "
		       "seen by the next run",
		       what, k->name);
}

enum df_status ledger_link_query(struct ledger_link *k, const struct ledger_query *q,
				 struct pg_result **out, const char *what, struct df_err *err)
{
	PGresult *r = NULL;
	*out = NULL;
	bool again = k->open && !link_is_up(k);
	for (int i = 0; i < REPLAYS; i++) {
		enum df_status st = again ? replay(k, what, err) : link_up(k, what, err);
		if (st != DF_OK && st != DF_END)
			return st;
		enum asked asked = st == DF_END ? ASKED_AGAIN : ask_once(k, q, &r);
		if (asked == ASKED_GOOD) {
			journal_add(k, q);
			*out = r;
			return DF_OK;
		}
		st = asked == ASKED_FAILED ? failed(k, r, what, err) : DF_OK;
		PQclear(r);
		r = NULL;
		if (st != DF_OK)
			return st;
		if (!may_ask_again(k, q, asked))
			return lost(k, what, err);
		again = k->open;
		pause_ms(1 + i * (df_monotonic_ms() % 7));
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
			PQfinish(k->conn);
			k->conn = NULL;
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
