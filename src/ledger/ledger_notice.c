/* SPDX-License-Identifier: MIT */
/* Conditions of a feed, and the notices of their changes: a notice is there from the transaction
 * that changes the state until everybody who is to get it has it. */
#include "ledger_priv.h"
#include "ledger_sql.h"

#include <stdlib.h>

static enum df_status notice_add(struct ledger *l, const struct ledger_condition *c, bool recovered,
				 int64_t since_ms, struct df_err *err)
{
	const struct ledger_change add = {.which = ST_NOTICE_ADD, .what = "enter a notice"};
	return ledger_change(l, &add, err, "ttttii", c->feed, recovered ? "recovered" : c->name,
			     recovered ? c->name : NULL, c->text, since_ms, c->now_ms);
}

static enum df_status raise_one(struct ledger *l, const struct ledger_condition *c, bool *changed,
				struct df_err *err)
{
	const struct ledger_change raise = {.which = ST_CONDITION_RAISE,
					    .what = "raise a condition"};
	enum df_status st = ledger_change(l, &raise, err, "tttti", c->feed, c->name, c->subject,
					  c->text, c->now_ms);
	*changed = st == DF_OK && ledger_changes(l) == 1;
	return *changed ? notice_add(l, c, false, c->now_ms, err) : st;
}

static enum df_status clear_one(struct ledger *l, const struct ledger_condition *c, bool *changed,
				struct df_err *err)
{
	const struct ledger_change clear = {.which = ST_CONDITION_CLEAR,
					    .what = "clear a condition"};
	int64_t since_ms = 0;
	const struct ledger_lookup since = {ST_CONDITION_SINCE, "look up a condition",
					    ledger_row_int, &since_ms};
	enum df_status st = ledger_first(l, &since, err, "ttt", c->feed, c->name, c->subject);
	if (st != DF_OK)
		return st == DF_END ? DF_OK : st;
	st = ledger_change(l, &clear, err, "ttt", c->feed, c->name, c->subject);
	*changed = st == DF_OK;
	return st == DF_OK ? notice_add(l, c, true, since_ms, err) : st;
}

typedef enum df_status (*change_one)(struct ledger *l, const struct ledger_condition *c,
				     bool *changed, struct df_err *err);

static enum df_status condition_change(struct ledger *l, const struct ledger_condition *c,
				       change_one change, bool *changed, struct df_err *err)
{
	*changed = false;
	enum df_status st = ledger_enter(l, true, err);
	return st == DF_OK ? ledger_leave(l, change(l, c, changed, err), err) : st;
}

enum df_status ledger_condition_raise(struct ledger *l, const struct ledger_condition *c,
				      bool *changed, struct df_err *err)
{
	return condition_change(l, c, raise_one, changed, err);
}

enum df_status ledger_condition_clear(struct ledger *l, const struct ledger_condition *c,
				      bool *changed, struct df_err *err)
{
	return condition_change(l, c, clear_one, changed, err);
}

/* ---- notices ---- */

static char *text(struct ledger_stmt *s, int i)
{
	return df_strdup(ledger_text(s, i));
}

static void notice_row(void *out, const struct ledger *l, struct ledger_stmt *s)
{
	(void)l;
	*(struct ledger_notice *)out = (struct ledger_notice){
	    .id = ledger_int(s, 0),
	    .feed = text(s, 1),
	    .event = text(s, 2),
	    .file = text(s, 3),
	    .condition = text(s, 4),
	    .text = text(s, 5),
	    .code = text(s, 6),
	    .since_ms = ledger_int(s, 7),
	    .made_ms = ledger_int(s, 8),
	    .due = (unsigned)ledger_int(s, 9),
	    .rows = ledger_u64(s, 10),
	    .delivered = ledger_u64(s, 11),
	    .rejected = ledger_u64(s, 12),
	    .skipped = ledger_u64(s, 13),
	};
}

void ledger_notice_free(struct ledger_notice *n)
{
	free(n->feed);
	free(n->event);
	free(n->file);
	free(n->condition);
	free(n->text);
	free(n->code);
	*n = (struct ledger_notice){0};
}

enum df_status ledger_notice_next(struct ledger *l, int64_t after, struct ledger_notice *out,
				  struct df_err *err)
{
	const struct ledger_lookup q = {ST_NOTICE_NEXT, "read the notices", notice_row, out};
	*out = (struct ledger_notice){0};
	return ledger_first(l, &q, err, "i", after);
}

enum df_status ledger_notice_done(struct ledger *l, int64_t id, unsigned ways, struct df_err *err)
{
	const struct ledger_change done = {.which = ST_NOTICE_DONE, .what = "note a notice"};
	const struct ledger_change clear = {.which = ST_NOTICE_CLEAR, .what = "remove a notice"};
	if (ways == 0 && !ledger_shared(l)) /* nothing changes, and nobody waits for it */
		return DF_OK;
	enum df_status st = ledger_change(l, &done, err, "ii", id, (int64_t)ways);
	return st == DF_OK ? ledger_change(l, &clear, err, "i", id) : st;
}

enum df_status ledger_notices_forget(struct ledger *l, struct df_err *err)
{
	const struct ledger_change c = {.which = ST_NOTICES_FORGET, .what = "forget notices"};
	return ledger_change(l, &c, err, "");
}
