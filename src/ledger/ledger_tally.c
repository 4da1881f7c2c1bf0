/* SPDX-License-Identifier: MIT */
/* Counters that never go back, beside those that triggers keep. */
#include "ledger_priv.h"
#include "ledger_sql.h"

#include <stdlib.h>

enum df_status ledger_tally_add(struct ledger *l, const char *feed, const char *name, int64_t value,
				struct df_err *err)
{
	const struct ledger_change c = {.which = ST_TALLY_ADD, .what = "count"};
	return ledger_change(l, &c, err, "tti", feed, name, value);
}

enum df_status ledger_tally_set(struct ledger *l, const char *feed, const char *name, int64_t value,
				struct df_err *err)
{
	const struct ledger_change c = {.which = ST_TALLY_SET, .what = "note a fact"};
	return ledger_change(l, &c, err, "tti", feed, name, value);
}

enum df_status ledger_tally_get(struct ledger *l, const char *feed, const char *name, int64_t *out,
				struct df_err *err)
{
	const struct ledger_lookup q = {ST_TALLY_GET, "look up a fact", ledger_row_int, out};
	return ledger_first(l, &q, err, "tt", feed, name);
}

/* ---- what usually comes ---- */

enum df_status ledger_arrivals(struct ledger *l, const char *feed, int64_t after_ms, int64_t **out,
			       size_t *n, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	int64_t *v = NULL;
	size_t k = 0, room = 0;
	ledger_lock(l);
	enum df_status st = ledger_bind(l, ST_ARRIVALS, &s, err, "ti", feed, after_ms);
	while (st == DF_OK && (st = ledger_step(l, s, "read arrivals", err)) == DF_OK) {
		if (k == room) {
			room = room > 0 ? 2 * room : 64;
			v = df_realloc(v, room * sizeof(*v));
		}
		v[k++] = ledger_int(s, 0);
	}
	ledger_unlock(l);
	if (st != DF_END) {
		free(v);
		return st;
	}
	*out = v;
	*n = k;
	return DF_OK;
}

enum df_status ledger_arrival_last(struct ledger *l, const char *feed, int64_t until_ms,
				   int64_t *out, struct df_err *err)
{
	const struct ledger_lookup q = {ST_ARRIVAL_LAST, "look up the last arrival", ledger_row_int,
					out};
	return ledger_first(l, &q, err, "ti", feed, until_ms);
}

enum df_status ledger_recent_rows(struct ledger *l, const struct ledger_recent *which,
				  uint64_t *rows, size_t *n, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	size_t max = *n;
	*n = 0;
	ledger_lock(l);
	enum df_status st = ledger_bind(l, ST_RECENT_ROWS, &s, err, "ttii", which->feed,
					which->event_type, which->but, (int64_t)max);
	while (st == DF_OK && (st = ledger_step(l, s, "read row counts", err)) == DF_OK)
		if (*n < max)
			rows[(*n)++] = ledger_u64(s, 0);
	ledger_unlock(l);
	return st == DF_END ? DF_OK : st;
}
