/* SPDX-License-Identifier: MIT */
#include "ledger_pace.h"

#include "ledger_claim.h"
#include "ledger_postgres.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- fair parts ---- */

/* The most that anybody gets, so that all parts add up to one; HUGE_VAL: all get what they want. */
static double level_of(const struct pace_host *v, size_t n)
{
	double level = 0;
	for (size_t round = 0; round <= n; round++) {
		double left = 1;
		size_t hungry = 0;
		for (size_t i = 0; i < n; i++) {
			bool content = v[i].wants <= level;
			left -= content ? v[i].wants : 0;
			hungry += !content;
		}
		if (hungry == 0)
			return HUGE_VAL;
		double next = left / (double)hungry;
		if (next <= level)
			return level;
		level = next;
	}
	return level;
}

double ledger_pace_fair(const struct pace_host *v, size_t n)
{
	double sum = 0;
	size_t wanting = 0;
	if (n == 0 || v[0].wants <= 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		sum += v[i].wants;
		wanting += v[i].wants > 0;
	}
	if (sum <= 1)
		return v[0].wants + (1 - sum) / (double)wanting;
	return fmin(v[0].wants, level_of(v, n));
}

double ledger_pace_grant(const struct pace_host *v, size_t n)
{
	double left = 1;
	for (size_t i = 1; i < n; i++)
		left -= v[i].granted;
	return fmax(fmin(ledger_pace_fair(v, n), left), 0);
}

/* ---- what this process asks for ---- */

/* With c->lock. NULL: there are too many. */
static struct pace_key *pace_of(struct ledger_claims *c, const char *key)
{
	for (size_t i = 0; i < LEDGER_PACE_KEYS; i++) {
		struct pace_key *k = &c->paces[i];
		if (strcmp(k->key, key) == 0)
			return k;
		if (k->key[0] != '\0')
			continue;
		snprintf(k->key, sizeof(k->key), "%s", key);
		return k;
	}
	return NULL;
}

/* With c->lock. What begins or ends is published at once. */
static void pace_ask(struct ledger_claims *c, struct pace_key *k, const struct ledger_paced *mine)
{
	k->asked_ms = ledger_boot_ms();
	k->sent = mine->sent;
	k->silence_ms = mine->silence_ms;
	k->wants = mine->wants;
	if (k->signalled || (k->looked_ms != 0 && k->published == (mine->wants > 0)))
		return;
	k->signalled = c->look = true;
	pthread_cond_signal(&c->changed);
}

void ledger_paces(struct ledger *l, const struct ledger_paced *mine, struct ledger_pace *out)
{
	struct ledger_claims *c = l->claims;
	*out = (struct ledger_pace){.share = 1};
	if (c == NULL)
		return;
	out->share = 0;
	pthread_mutex_lock(&c->lock);
	struct pace_key *k = pace_of(c, mine->key);
	if (k != NULL) {
		pace_ask(c, k, mine);
		int64_t age = k->asked_ms - k->looked_ms;
		if (k->looked_ms != 0 && age < PACE_STALE_MS) {
			*out = k->pace;
			out->pause_ms -= age;
		}
	}
	pthread_mutex_unlock(&c->lock);
}

#ifdef HAVE_LIBPQ
#include <libpq-fe.h>

/* ---- the ledger ---- */

enum { OID_INT8 = 20, OID_TEXT = 25, CAS_TRIES = 8 };

struct seen {
	int64_t version, since_ms;                 /* since_ms: -1: this host has no row */
	struct pace_host hosts[LEDGER_PACE_HOSTS]; /* this one is the first */
	size_t n;
	bool others_there;
	double others;    /* batches in the last second */
	int64_t pause_ms; /* one of them was asked for that */
};

static int64_t cell(const PGresult *r, int row, int column)
{
	return strtoll(PQgetvalue(r, row, column), NULL, 10);
}

static void seen_row(struct seen *s, const PGresult *r, int row)
{
	if (PQgetisnull(r, row, 1)) /* nobody is there */
		return;
	if (*PQgetvalue(r, row, 1) == 't') {
		s->since_ms = cell(r, row, 6);
		return;
	}
	if (s->n == LEDGER_PACE_HOSTS)
		return;
	s->hosts[s->n++] = (struct pace_host){.wants = (double)cell(r, row, 2) / PACE_MILLIONTHS,
					      .granted = (double)cell(r, row, 3) / PACE_MILLIONTHS};
	s->others_there = true;
	s->others += (double)cell(r, row, 4);
	if (cell(r, row, 5) > s->pause_ms)
		s->pause_ms = cell(r, row, 5);
}

static enum df_status look(struct ledger_claims *c, const struct pace_key *k, struct seen *s,
			   struct df_err *err)
{
	PGresult *r = NULL;
	const struct ledger_query q = {
	    .sql = SQL_PACE_LOOK, .n = 2, .types = {OID_TEXT, OID_TEXT}, .values = {k->key, c->me}};
	enum df_status st = ledger_link_query(c->link, &q, &r, "look at the pace", err);
	if (st != DF_OK)
		return st;

	*s = (struct seen){.since_ms = -1, .n = 1};
	s->hosts[0].wants = k->wants;
	if (PQntuples(r) > 0)
		s->version = cell(r, 0, 0);
	for (int i = 0; i < PQntuples(r); i++)
		seen_row(s, r, i);
	PQclear(r);
	return DF_OK;
}

/* DF_END: another host was faster. */
static enum df_status put(struct ledger_claims *c, const struct pace_key *k, const struct seen *s,
			  int64_t live_ms, struct df_err *err)
{
	char v[6][24];
	PGresult *r = NULL;
	const struct pace_host *me = &s->hosts[0];
	const int64_t numbers[6] = {s->version,
				    (int64_t)(me->wants * PACE_MILLIONTHS),
				    (int64_t)(me->granted * PACE_MILLIONTHS),
				    (int64_t)k->sent,
				    k->silence_ms,
				    live_ms};
	struct ledger_query q = {
	    .sql = SQL_PACE_PUT, .n = 8, .types = {OID_TEXT, OID_TEXT}, .values = {k->key, c->me}};
	for (int i = 0; i < 6; i++) {
		snprintf(v[i], sizeof(v[i]), "%lld", (long long)numbers[i]);
		q.types[i + 2] = OID_INT8;
		q.values[i + 2] = v[i];
	}
	enum df_status st = ledger_link_query(c->link, &q, &r, "publish the pace", err);
	if (st == DF_OK && strcmp(PQcmdTuples(r), "1") != 0)
		st = DF_END;
	PQclear(r);
	return st;
}

/* ---- a key's turn ---- */

/* What is handed back is not used from now on, before anybody can see that. */
static void lower(struct ledger_claims *c, struct pace_key *there, double share)
{
	pthread_mutex_lock(&c->lock);
	there->pace.share = fmin(there->pace.share, share);
	pthread_mutex_unlock(&c->lock);
}

static double granted(const struct seen *s)
{
	bool newcomer = s->others_there && s->since_ms < PACE_EVERY_MS;
	return newcomer ? 0 : ledger_pace_grant(s->hosts, s->n);
}

static int64_t look_again(const struct seen *s)
{
	if (!s->others_there)
		return PACE_ALONE_MS;
	bool short_of = s->hosts[0].granted < ledger_pace_fair(s->hosts, s->n) - 0.005;
	return short_of ? PACE_SOON_MS : PACE_EVERY_MS;
}

/* *asked_ms is from before the look that counts. */
static enum df_status look_and_put(struct ledger_claims *c, struct pace_key *there,
				   const struct pace_key *k, struct seen *s, int64_t *asked_ms,
				   struct df_err *err)
{
	enum df_status st = DF_END;
	for (int i = 0; st == DF_END && i < CAS_TRIES; i++) {
		*asked_ms = ledger_boot_ms();
		st = look(c, k, s, err);
		if (st != DF_OK)
			return st;
		s->hosts[0].granted = granted(s);
		lower(c, there, s->hosts[0].granted);
		st = put(c, k, s, PACE_LIVE_MS, err);
	}
	return st;
}

static void key_turn(struct ledger_claims *c, struct pace_key *there, const struct pace_key *k)
{
	struct seen s = {0};
	struct df_err err = {0};
	int64_t asked_ms = 0;
	enum df_status st = look_and_put(c, there, k, &s, &asked_ms, &err);
	if (st != DF_OK && st != DF_END)
		df_log(DF_LOG_DEBUG, "%s", err.text);

	pthread_mutex_lock(&c->lock);
	there->next_ms = ledger_boot_ms() + (st == DF_OK ? look_again(&s) : PACE_SOON_MS);
	if (st == DF_OK) {
		there->published = k->wants > 0;
		there->looked_ms = asked_ms;
		there->pace = (struct ledger_pace){
		    .share = s.hosts[0].granted, .others = s.others, .pause_ms = s.pause_ms};
	}
	pthread_mutex_unlock(&c->lock);
}

/* Nobody asks for it any more. What cannot be given back now ends by itself. */
static void key_leave(struct ledger_claims *c, struct pace_key *there, const struct pace_key *k)
{
	struct seen s = {0};
	struct df_err err = {0};
	lower(c, there, 0);
	enum df_status st = look(c, k, &s, &err);
	s.hosts[0].wants = 0;
	if (st == DF_OK)
		st = put(c, k, &s, PACE_SLIDES_MS, &err);
	if (st != DF_OK && st != DF_END)
		df_log(DF_LOG_DEBUG, "%s", err.text);

	pthread_mutex_lock(&c->lock);
	there->looked_ms = 0;
	there->published = false;
	pthread_mutex_unlock(&c->lock);
}

/* Returns when it is due again. */
static int64_t pace_key(struct ledger_claims *c, struct pace_key *there)
{
	pthread_mutex_lock(&c->lock);
	struct pace_key k = *there;
	int64_t now = ledger_boot_ms();
	bool idle = now - k.asked_ms > PACE_IDLE_MS;
	there->signalled = false;
	pthread_mutex_unlock(&c->lock);
	if (k.key[0] == '\0' || (idle && k.looked_ms == 0))
		return INT64_MAX;
	if (!k.signalled && now < k.next_ms)
		return k.next_ms;

	/* of what was sent, and of the silence, a part is over */
	int64_t age = now - k.asked_ms;
	k.sent =
	    age < PACE_SLIDES_MS ? k.sent * (uint64_t)(PACE_SLIDES_MS - age) / PACE_SLIDES_MS : 0;
	k.silence_ms = k.silence_ms > age ? k.silence_ms - age : 0;
	if (idle) {
		key_leave(c, there, &k);
		return INT64_MAX;
	}
	key_turn(c, there, &k);
	return there->next_ms; /* only this thread changes it */
}

int64_t ledger_pace_turn(struct ledger_claims *c)
{
	int64_t next = INT64_MAX;
	for (size_t i = 0; i < LEDGER_PACE_KEYS; i++) {
		int64_t due = pace_key(c, &c->paces[i]);
		next = due < next ? due : next;
	}
	return next;
}
#endif
