/* SPDX-License-Identifier: MIT */
/* The columns of a feed's latest documents, and which came and went since. */
#include "ledger_priv.h"
#include "ledger_sql.h"

#include <stdio.h>
#include <stdlib.h>

#define SHAPES_MAX 16 /* of a feed and an event type that are remembered */

static void header_hash(const struct ledger_header *h, char out[DF_SHA256_HEX])
{
	struct df_sha256 *sum = df_sha256_new();
	for (size_t i = 0; i < h->n; i++)
		df_sha256_add(sum, h->names[i], strlen(h->names[i]) + 1);
	df_sha256_end(sum, out);
	df_sha256_free(sum);
}

/* ---- came and went ---- */

static void push(char ***list, size_t *n, const char *name)
{
	if ((*n & (*n + 1)) == 0) /* room for twice as many */
		*list = df_realloc((void *)*list, (2 * *n + 2) * sizeof(**list));
	(*list)[(*n)++] = df_strdup(name);
}

/* Both are sorted as strcmp does, which is SQLite's order, too. */
static enum df_status compare(struct ledger *l, int64_t id, const struct ledger_header *h,
			      struct ledger_drift *out, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	size_t i = 0;
	enum df_status st = ledger_bind(l, ST_HEADER_COLUMNS, &s, err, "i", id);
	while (st == DF_OK && (st = ledger_step(l, s, "read the columns", err)) == DF_OK) {
		const char *was = ledger_text(s, 0);
		while (i < h->n && strcmp(h->names[i], was) < 0)
			push(&out->came, &out->n_came, h->names[i++]);
		if (i < h->n && strcmp(h->names[i], was) == 0)
			i++;
		else
			push(&out->went, &out->n_went, was);
	}
	while (st == DF_END && i < h->n)
		push(&out->came, &out->n_came, h->names[i++]);
	return st == DF_END ? DF_OK : st;
}

void ledger_drift_free(struct ledger_drift *d)
{
	for (size_t i = 0; i < d->n_came; i++)
		free(d->came[i]);
	for (size_t i = 0; i < d->n_went; i++)
		free(d->went[i]);
	free((void *)d->came);
	free((void *)d->went);
	*d = (struct ledger_drift){0};
}

/* ---- remembering ---- */

static enum df_status put_steps(struct ledger *l, const struct ledger_header *h, const char *hash,
				struct df_err *err)
{
	const struct ledger_change clear = {.which = ST_HEADER_CLEAR, .what = "replace columns"};
	const struct ledger_change add = {.which = ST_HEADER_ADD, .what = "enter a column"};
	const struct ledger_change forget = {.which = ST_HEADER_FORGET, .what = "forget columns"};
	const struct ledger_change enter = {.which = ST_HEADER_PUT, .what = "enter the columns"};
	int64_t id = 0;
	const struct ledger_lookup find = {ST_HEADER_FIND, "look up the columns", ledger_row_int,
					   &id};
	enum df_status st = ledger_change(l, &enter, err, "tttti", h->feed, h->event_type, h->shape,
					  hash, h->now_ms);
	if (st != DF_OK)
		return st;
	/* of this shape there is one now, and that comes first */
	st = ledger_first(l, &find, err, "ttt", h->feed, h->event_type, h->shape);
	if (st != DF_OK)
		return st;
	st = ledger_change(l, &clear, err, "i", id);
	for (size_t i = 0; st == DF_OK && i < h->n; i++)
		st = ledger_change(l, &add, err, "it", id, h->names[i]);
	return st == DF_OK ? ledger_change(l, &forget, err, "tti", h->feed, h->event_type,
					   (int64_t)SHAPES_MAX)
			   : st;
}

static enum df_status header_put(struct ledger *l, const struct ledger_header *h, const char *hash,
				 struct df_err *err)
{
	enum df_status st = ledger_enter(l, false, err); /* what is lost is only warned of again */
	return st == DF_OK ? ledger_leave(l, put_steps(l, h, hash, err), err) : st;
}

struct known_header {
	int64_t id;
	char hash[DF_SHA256_HEX];
	bool own;    /* of this shape */
	bool latest; /* that was noted */
};

static void header_row(void *out, const struct ledger *l, struct ledger_stmt *s)
{
	struct known_header *k = out;
	(void)l;
	k->id = ledger_int(s, 0);
	snprintf(k->hash, sizeof(k->hash), "%s", ledger_text(s, 1));
	k->own = ledger_int(s, 2) != 0;
	k->latest = ledger_int(s, 3) != 0;
}

static enum df_status header_note(struct ledger *l, const struct ledger_header *h,
				  struct ledger_drift *out, struct df_err *err)
{
	const struct ledger_change seen = {.which = ST_HEADER_SEEN, .what = "note the columns"};
	char hash[DF_SHA256_HEX];
	struct known_header k = {0};
	const struct ledger_lookup find = {ST_HEADER_FIND, "look up the columns", header_row, &k};
	header_hash(h, hash);
	enum df_status st = ledger_first(l, &find, err, "ttt", h->feed, h->event_type, h->shape);
	if (st == DF_END) /* the feed's first document */
		return header_put(l, h, hash, err);
	if (st != DF_OK)
		return st;

	bool same = strcmp(k.hash, hash) == 0;
	if (same && k.own) /* their times are only compared with one another */
		return k.latest ? DF_OK : ledger_change(l, &seen, err, "ii", k.id, h->now_ms);
	if (!same)
		st = compare(l, k.id, h, out, err);
	return st == DF_OK ? header_put(l, h, hash, err) : st;
}

enum df_status ledger_header_note(struct ledger *l, const struct ledger_header *h,
				  struct ledger_drift *out, struct df_err *err)
{
	*out = (struct ledger_drift){0};
	ledger_lock(l);
	enum df_status st = header_note(l, h, out, err);
	ledger_unlock(l);
	if (st != DF_OK)
		ledger_drift_free(out);
	return st;
}
