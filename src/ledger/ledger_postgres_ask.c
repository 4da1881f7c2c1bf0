/* SPDX-License-Identifier: MIT */
/* The connection to PostgreSQL: made, made again, and a query asked on it. */
#include "ledger_postgres_link.h"

#ifdef HAVE_LIBPQ
#include <errno.h>
#include <poll.h>
#include <stdio.h>

enum {
	RECONNECT_MS = 5000, /* from the first failure */
	PAUSE_MS = 200,      /* between two attempts to connect */
};

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

static bool is_of_class(const char *state, const char *class)
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

/* DF_USAGE: libpq does not understand the URL, and never will. */
static enum df_status url_check(const struct ledger_link *k, struct df_err *err)
{
	char *why = NULL, words[400];
	enum df_status st = DF_OK;
	PQconninfoOption *options = PQconninfoParse(k->url, &why);
	if (options == NULL && why != NULL) {
		one_line(why, words, sizeof(words));
		st = df_fail(DF_USAGE, err, NULL, "the URL of the ledger %s is wrong: %s", k->name,
			     words);
	}
	PQconninfoFree(options);
	PQfreemem(why);
	return st;
}

static enum df_status unreachable(struct ledger_link *k, const char *what, struct df_err *err)
{
	char words[400];
	enum df_status st = url_check(k, err);
	if (st != DF_OK)
		return st;
	one_line(PQerrorMessage(k->conn), words, sizeof(words));
	if (is_refusal(words))
		return df_fail(DF_DENIED, err, NULL,
			       "cannot %s: the database of the ledger %s refuses access: %s", what,
			       k->name, words);
	return df_fail(DF_RETRY, err, LEDGER_UNREACHABLE,
		       "cannot %s: the database of the ledger %s is unreachable: %s", what, k->name,
		       words[0] != '\0' ? words : "no answer in time");
}

enum df_status ledger_link_failed(struct ledger_link *k, const PGresult *r, const char *what,
				  struct df_err *err)
{
	char words[400];
	one_line(PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY), words, sizeof(words));
	const char *s = k->state;
	if (is_of_class(s, "42501"))
		return df_fail(DF_DENIED, err, NULL,
			       "cannot %s: the user of the ledger %s lacks a right: %s", what,
			       k->name, words);
	bool later = is_of_class(s, "08") || is_of_class(s, "40") || is_of_class(s, "53") ||
		     is_of_class(s, "55P03") || is_of_class(s, "57") || is_of_class(s, "58") ||
		     is_of_class(s, "25006");
	return df_fail(later ? DF_RETRY : DF_FATAL, err, later ? LEDGER_UNREACHABLE : NULL,
		       "cannot %s in the ledger %s: %s (%s)", what, k->name, words, s);
}

static void no_notices(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

void ledger_link_drop(struct ledger_link *k)
{
	PQfinish(k->conn);
	k->conn = NULL;
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

bool ledger_link_is_up(struct ledger_link *k)
{
	struct pollfd p = {.fd = k->conn != NULL ? PQsocket(k->conn) : -1, .events = POLLIN};
	if (k->conn == NULL || PQstatus(k->conn) != CONNECTION_OK)
		return false;
	while (poll(&p, 1, 0) == 1)
		if (PQconsumeInput(k->conn) != 1 || PQstatus(k->conn) != CONNECTION_OK)
			return false;
	return true;
}

enum df_status ledger_link_up(struct ledger_link *k, const char *what, struct df_err *err)
{
	int64_t patience = k->answer_ms < RECONNECT_MS ? k->answer_ms : RECONNECT_MS;
	int64_t end = df_monotonic_ms() + patience;
	if (ledger_link_is_up(k))
		return DF_OK;
	while (!link_connect(k)) {
		struct df_err why = {0};
		enum df_status st = unreachable(k, what, &why);
		if (st != DF_RETRY || df_monotonic_ms() >= end || df_stop_requested) {
			*err = err->text[0] == '\0' ? why : *err;
			return st;
		}
		df_sleep_ms(PAUSE_MS);
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
static void digest_rows(struct df_sha256 *h, const PGresult *r)
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

/* The next result, or NULL at the end, or when (*lost) the connection is lost. */
static PGresult *next_result(struct ledger_link *k, bool *lost)
{
	int64_t end = df_monotonic_ms() + k->answer_ms;
	*lost = k->late = false;
	while (PQisBusy(k->conn))
		if (!link_wait(k, POLLIN, end) || PQconsumeInput(k->conn) != 1) {
			*lost = true;
			k->late = df_monotonic_ms() >= end;
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
		digest_rows(h, r);
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
static PGresult *ask_and_read(struct ledger_link *k, const struct ledger_query *q)
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

enum ledger_asked ledger_link_ask(struct ledger_link *k, const struct ledger_query *q,
				  PGresult **out)
{
	PGresult *r = ask_and_read(k, q);
	k->state[0] = '\0';
	*out = r;
	if (r == NULL) {
		ledger_link_drop(k);
		return k->sent ? ASKED_LOST : ASKED_AGAIN;
	}
	if (is_good(r))
		return ASKED_GOOD;
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	snprintf(k->state, sizeof(k->state), "%s", state != NULL ? state : "");
	if (is_of_class(k->state, "40001") || is_of_class(k->state, "40P01"))
		return ASKED_AGAIN;
	if (is_of_class(k->state, "57P0") ||
	    is_of_class(k->state, "25P03")) { /* it is stopping, and says that nothing was done */
		ledger_link_drop(k);
		return ASKED_AGAIN;
	}
	if (state == NULL || PQstatus(k->conn) != CONNECTION_OK) { /* libpq's own words */
		ledger_link_drop(k);
		return ASKED_LOST;
	}
	return ASKED_FAILED;
}
#endif
