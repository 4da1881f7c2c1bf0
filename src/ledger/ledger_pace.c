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

/* Where another one is about, and this one may get more, or may have to give some back. */
int64_t ledger_pace_looks_in(const struct pace_host *v, size_t n)
{
	if (n < 2 || v[0].wants <= 0)
		return PACE_EVERY_MS;
	bool short_of = v[0].granted < ledger_pace_fair(v, n) - 0.005;
	return short_of ? PACE_SOON_MS : PACE_LOOK_MS;
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
		if (k->looked_ms != 0 && age < k->lasts_ms * 3 / 4) {
			*out = k->pace;
			out->pause_ms -= k->asked_ms - k->seen_ms;
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
	bool others_use;
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
	s->others_use = s->others_use || s->hosts[s->n - 1].granted > 0;
	s->others += (double)cell(r, row, 4);
	if (cell(r, row, 5) > s->pause_ms)
		s->pause_ms = cell(r, row, 5);
}

static enum df_status pace_read(struct ledger_claims *c, const struct pace_key *k, struct seen *s,
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
static enum df_status pace_write(struct ledger_claims *c, const struct pace_key *k,
				 const struct seen *s, int64_t live_ms, struct df_err *err)
{
	char v[7][24];
	PGresult *r = NULL;
	const struct pace_host *me = &s->hosts[0];
	const int64_t numbers[7] = {s->version,
				    (int64_t)(me->wants * PACE_MILLIONTHS),
				    (int64_t)(me->granted * PACE_MILLIONTHS),
				    (int64_t)k->sent,
				    k->silence_ms,
				    live_ms,
				    k->lasts_ms};
	struct ledger_query q = {
	    .sql = SQL_PACE_PUT, .n = 9, .types = {OID_TEXT, OID_TEXT}, .values = {k->key, c->me}};
	for (int i = 0; i < 7; i++) {
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
static void pace_lower(struct ledger_claims *c, struct pace_key *there, double share)
{
	pthread_mutex_lock(&c->lock);
	there->pace.share = fmin(there->pace.share, share);
	pthread_mutex_unlock(&c->lock);
}

/* The others keep what they have until a newcomer's period is over. */
static void decide(struct seen *s)
{
	struct pace_host *me = &s->hosts[0];
	bool newcomer = s->others_use && s->since_ms < PACE_EVERY_MS;
	me->wants = newcomer ? 0 : me->wants;
	me->granted = ledger_pace_grant(s->hosts, s->n);
}

/* Long enough for the writing after the next one to come in time. */
static int64_t pace_lasts(int64_t slow_ms)
{
	int64_t ms = PACE_LASTS_MS + 4 * slow_ms;
	return ms < PACE_MOST_MS ? ms : PACE_MOST_MS;
}

/* The row says something else than is so, or has said it for a while. */
static bool put_due(const struct pace_key *k, const struct seen *s, int64_t now)
{
	const struct pace_host *me = &s->hosts[0];
	if (s->since_ms < 0 || k->put_ms == 0 || now - k->put_ms >= PACE_EVERY_MS)
		return true;
	return me->granted != k->row.granted || fabs(me->wants - k->row.wants) > PACE_NEWS ||
	       (me->wants > 0) != (k->row.wants > 0) ||
	       (k->silence_ms > 0 && now + k->silence_ms > k->silent_until + PACE_LOOK_MS);
}

/* k->looked_ms is from before the look that the row came of. *written: it is another one now. */
static enum df_status look_and_put(struct ledger_claims *c, struct pace_key *there,
				   struct pace_key *k, struct seen *s, bool *written,
				   struct df_err *err)
{
	enum df_status st = DF_END;
	for (int i = 0; st == DF_END && i < CAS_TRIES; i++) {
		k->seen_ms = ledger_boot_ms();
		st = pace_read(c, k, s, err);
		if (st != DF_OK)
			return st;
		decide(s);
		pace_lower(c, there, s->hosts[0].granted);
		*written = put_due(k, s, k->seen_ms);
		if (!*written)
			return DF_OK;
		st = pace_write(c, k, s, PACE_LIVE_MS, err);
		k->looked_ms = k->seen_ms;
	}
	return st;
}

/* With c->lock. */
static void note_look(struct pace_key *there, const struct pace_key *k, const struct seen *s)
{
	const struct pace_host *me = &s->hosts[0];
	bool waits = k->wants > 0 && me->wants <= 0; /* a newcomer */
	there->published = k->wants > 0;
	there->seen_ms = k->seen_ms;
	there->pace = (struct ledger_pace){
	    .share = me->granted, .others = s->others, .pause_ms = s->pause_ms};
	there->next_ms =
	    ledger_boot_ms() + (waits ? PACE_LOOK_MS : ledger_pace_looks_in(s->hosts, s->n));
}

/* The row has been written. With c->lock. */
static void note_row(struct pace_key *there, const struct pace_key *k, const struct seen *s)
{
	int64_t now = ledger_boot_ms(), took = now - k->looked_ms;
	there->looked_ms = k->looked_ms;
	there->lasts_ms = k->lasts_ms;
	there->row = s->hosts[0];
	there->put_ms = now;
	there->silent_until = now + k->silence_ms;
	there->slow_ms -= there->slow_ms / 8;
	there->slow_ms = took > there->slow_ms ? took : there->slow_ms;
}

static void key_turn(struct ledger_claims *c, struct pace_key *there, struct pace_key *k)
{
	struct seen s = {0};
	struct df_err err = {0};
	bool written = false;
	k->lasts_ms = pace_lasts(k->slow_ms);
	enum df_status st = look_and_put(c, there, k, &s, &written, &err);
	if (st != DF_OK && st != DF_END)
		df_log(DF_LOG_DEBUG, "%s", err.text);

	pthread_mutex_lock(&c->lock);
	if (st == DF_OK)
		note_look(there, k, &s);
	if (st == DF_OK && written)
		note_row(there, k, &s);
	if (st != DF_OK) { /* nobody knows what the row says */
		there->next_ms = ledger_boot_ms() + PACE_LOOK_MS;
		there->put_ms = 0;
	}
	pthread_mutex_unlock(&c->lock);
}

/* Nobody asks for it any more. What cannot be given back now ends by itself. */
static void key_leave(struct ledger_claims *c, struct pace_key *there, const struct pace_key *k)
{
	struct seen s = {0};
	struct df_err err = {0};
	pace_lower(c, there, 0);
	enum df_status st = pace_read(c, k, &s, &err);
	s.hosts[0].wants = 0;
	if (st == DF_OK)
		st = pace_write(c, k, &s, PACE_SLIDES_MS, &err);
	if (st != DF_OK && st != DF_END)
		df_log(DF_LOG_DEBUG, "%s", err.text);

	pthread_mutex_lock(&c->lock);
	there->looked_ms = there->put_ms = 0;
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
