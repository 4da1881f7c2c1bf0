/* SPDX-License-Identifier: MIT */
/*
 * Subject requests that were taken, and how often their service was called. Calls are counted in
 * slots of SLOT_MS. A span is taken to begin with a whole slot before it, so that a limit is never
 * passed, whatever part of that slot the calls were in.
 */
#include "ledger_priv.h"
#include "ledger_sql.h"

#include <stdio.h>
#include <stdlib.h>

#define SLOT_MS INT64_C(5000)
#define KEPT_MS (INT64_C(48) * 3600000)
#define PAGE    256 /* entries that are read at a time */

/* ---- entries ---- */

enum df_status ledger_requests_put(struct ledger *l, int64_t document_id,
				   const struct ledger_request *v, size_t n, struct df_err *err)
{
	const struct ledger_change put = {.which = ST_REQUEST_PUT, .what = "note a request"};
	enum df_status st = DF_OK;
	for (size_t i = 0; i < n && st == DF_OK; i++)
		st = ledger_change(l, &put, err, "iiititi", document_id, (int64_t)v[i].row,
				   (int64_t)v[i].line, v[i].id, (int64_t)v[i].known, v[i].due,
				   v[i].at_ms);
	return st;
}

enum df_status ledger_request_state(struct ledger *l, int64_t document_id,
				    const struct ledger_request *now, struct df_err *err)
{
	const struct ledger_change c = {.which = ST_REQUEST_STATE,
					.what = "note a request's state"};
	return ledger_change(l, &c, err, "ittti", document_id, now->id, now->state, now->due,
			     now->at_ms);
}

/* An entry with texts of its own. */
struct kept {
	struct ledger_request r;
	char *texts[3];
};

static enum df_status read_page(struct ledger *l, int64_t document_id, uint64_t after,
				struct kept page[PAGE], size_t *n, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	*n = 0;
	ledger_lock(l);
	enum df_status st =
	    ledger_bind(l, ST_REQUESTS, &s, err, "iii", document_id, (int64_t)after, (int64_t)PAGE);
	while (st == DF_OK && (st = ledger_step(l, s, "read the requests", err)) == DF_OK) {
		struct kept *k = &page[(*n)++];
		for (size_t i = 0; i < 3; i++) {
			static const int columns[] = {2, 4, 5};
			const char *text = ledger_text(s, columns[i]);
			k->texts[i] = text != NULL ? df_strdup(text) : NULL;
		}
		k->r = (struct ledger_request){.row = ledger_u64(s, 0),
					       .line = ledger_u64(s, 1),
					       .id = k->texts[0],
					       .known = ledger_int(s, 3) != 0,
					       .state = k->texts[1],
					       .due = k->texts[2],
					       .at_ms = ledger_int(s, 6)};
	}
	ledger_unlock(l);
	return st == DF_END ? DF_OK : st;
}

enum df_status ledger_requests(struct ledger *l, int64_t document_id, ledger_each_request each,
			       void *ctx, struct df_err *err)
{
	struct kept *page = df_alloc(PAGE * sizeof(*page));
	enum df_status st = DF_OK;
	uint64_t after = 0;
	size_t n = PAGE;
	while (st == DF_OK && n == PAGE) {
		st = read_page(l, document_id, after, page, &n, err);
		for (size_t i = 0; i < n; i++) {
			after = page[i].r.row;
			if (st == DF_OK)
				st = each(ctx, &page[i].r, err);
			for (size_t k = 0; k < 3; k++)
				free(page[i].texts[k]);
		}
	}
	free(page);
	return st;
}

enum df_status ledger_request_counts(struct ledger *l, int64_t document_id,
				     struct ledger_request_count *v, size_t *n, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	size_t max = *n;
	*n = 0;
	ledger_lock(l);
	enum df_status st = ledger_bind(l, ST_REQUEST_COUNTS, &s, err, "i", document_id);
	while (st == DF_OK && (st = ledger_step(l, s, "count the requests", err)) == DF_OK) {
		if (*n == max)
			continue;
		struct ledger_request_count *c = &v[(*n)++];
		const char *state = ledger_text(s, 0);
		snprintf(c->state, sizeof(c->state), "%s", state != NULL ? state : "");
		c->requests = ledger_u64(s, 1);
		c->known = ledger_u64(s, 2);
	}
	ledger_unlock(l);
	return st == DF_END ? DF_OK : st;
}

/* ---- limits ---- */

/* The first slot that counts for a span which ends now. */
static int64_t slot_before(const struct ledger_limit *limit, int64_t now_ms)
{
	return (now_ms - limit->span_ms) / SLOT_MS - 1;
}

/* The first slot that does not count: a clock that was ahead for a while noted calls for a time
 * that is yet to come, and they would count until then. */
static int64_t slot_after(const struct ledger_limit *limit, int64_t now_ms)
{
	return (now_ms + limit->span_ms) / SLOT_MS;
}

static uint64_t limit_wanted(const struct ledger_spending *s, const struct ledger_limit *limit)
{
	return limit->made ? s->made : s->calls;
}

struct spent {
	int64_t calls, made;
};

static void spent_row(void *out, const struct ledger *l, struct ledger_stmt *s)
{
	(void)l;
	*(struct spent *)out = (struct spent){.calls = ledger_int(s, 0), .made = ledger_int(s, 1)};
}

static enum df_status passes(struct ledger *l, const struct ledger_spending *s,
			     const struct ledger_limit *limit, bool *over, struct df_err *err)
{
	struct spent spent = {0};
	const struct ledger_lookup q = {ST_SPENT, "look at the limits", spent_row, &spent};
	enum df_status st =
	    ledger_first(l, &q, err, "tii", s->fingerprint, slot_before(limit, s->now_ms),
			 slot_after(limit, s->now_ms));
	uint64_t n = (uint64_t)(limit->made ? spent.made : spent.calls);
	*over = n + limit_wanted(s, limit) > limit->most;
	return st;
}

/* When enough of it is older than the span. */
static enum df_status when_room(struct ledger *l, const struct ledger_spending *s,
				const struct ledger_limit *limit, int64_t *wait_ms,
				struct df_err *err)
{
	struct ledger_stmt *q = NULL;
	uint64_t spent = 0, gone = 0;
	int64_t first = slot_before(limit, s->now_ms), until = 0;
	*wait_ms = limit->span_ms;
	for (int pass = 0; pass < 2; pass++) {
		enum df_status st = ledger_bind(l, ST_SPENT_SINCE, &q, err, "tii", s->fingerprint,
						first, slot_after(limit, s->now_ms));
		while (st == DF_OK &&
		       (st = ledger_step(l, q, "look at the limits", err)) == DF_OK) {
			uint64_t n = ledger_u64(q, limit->made ? 2 : 1);
			if (pass == 0) {
				spent += n;
				continue;
			}
			bool enough = spent - gone + limit_wanted(s, limit) <= limit->most;
			if (!enough)
				until = (ledger_int(q, 0) + 1) * SLOT_MS + limit->span_ms;
			gone += n;
		}
		if (st != DF_END)
			return st;
	}
	if (until > s->now_ms)
		*wait_ms = until - s->now_ms;
	return DF_OK;
}

/* How long the limits want to be waited for, and the one that wants it longest. */
static enum df_status limits_wait(struct ledger *l, const struct ledger_spending *s,
				  int64_t *wait_ms, size_t *limit, struct df_err *err)
{
	for (size_t i = 0; i < s->n_limits; i++) {
		bool over = false;
		int64_t wait = 0;
		enum df_status st = passes(l, s, &s->limits[i], &over, err);
		if (st != DF_OK)
			return st;
		st = over ? when_room(l, s, &s->limits[i], &wait, err) : DF_OK;
		if (st != DF_OK)
			return st;
		if (wait > *wait_ms) {
			*wait_ms = wait;
			*limit = i;
		}
	}
	return DF_OK;
}

static enum df_status spend(struct ledger *l, const struct ledger_spending *s, int64_t *wait_ms,
			    size_t *limit, struct df_err *err)
{
	const struct ledger_change forget = {.which = ST_SPENT_FORGET, .what = "forget old calls"};
	const struct ledger_change add = {.which = ST_SPEND, .what = "count a call"};
	enum df_status st = limits_wait(l, s, wait_ms, limit, err);
	if (st != DF_OK || *wait_ms > 0)
		return st;
	st = ledger_change(l, &forget, err, "ti", s->fingerprint, (s->now_ms - KEPT_MS) / SLOT_MS);
	return st == DF_OK ? ledger_change(l, &add, err, "tiii", s->fingerprint,
					   s->now_ms / SLOT_MS, (int64_t)s->calls, (int64_t)s->made)
			   : st;
}

enum df_status ledger_spend(struct ledger *l, const struct ledger_spending *s, int64_t *wait_ms,
			    size_t *limit, struct df_err *err)
{
	*wait_ms = 0;
	*limit = 0;
	enum df_status st = ledger_enter(l, false, err);
	return st == DF_OK ? ledger_leave(l, spend(l, s, wait_ms, limit, err), err) : st;
}
