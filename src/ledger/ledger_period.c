/* SPDX-License-Identifier: MIT */
/* What was closed in a period. */
#include "ledger_priv.h"
#include "ledger_sql.h"

/* The order of ST_PERIOD. */
static void closed_read(const struct ledger_stmt *s, struct ledger_closed *c)
{
	*c = (struct ledger_closed){.file_id = ledger_int(s, 0),
				    .feed = ledger_text(s, 1),
				    .file = ledger_text(s, 2),
				    .file_state = (enum ledger_state)ledger_int(s, 3),
				    .file_code = ledger_text(s, 4),
				    .size = ledger_u64(s, 5),
				    .pulled_ms = ledger_int(s, 6),
				    .file_closed_ms = ledger_int(s, 7),
				    .document_id = ledger_int(s, 8),
				    .event_type = ledger_text(s, 9),
				    .state = (enum ledger_state)ledger_int(s, 10),
				    .code = ledger_text(s, 11),
				    .rows = ledger_u64(s, 12),
				    .delivered = ledger_u64(s, 13),
				    .rejected = ledger_u64(s, 14),
				    .skipped = ledger_u64(s, 15),
				    .batches = ledger_u64(s, 16),
				    .events = ledger_u64(s, 17),
				    .begun_ms = ledger_int(s, 18),
				    .closed_ms = ledger_int(s, 19)};
	c->times.any = !ledger_is_null(s, 20);
	c->times.first_ms = ledger_int(s, 20);
	c->times.last_ms = ledger_int(s, 21);
	c->sending_ms = ledger_int(s, 22);
	c->pace = (double)ledger_int(s, 23) / 1000;
	c->file_text = ledger_text(s, 24);
}

enum df_status ledger_period_files(struct ledger *l, const struct ledger_period *p,
				   ledger_each_closed each, void *ctx, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	struct ledger_closed c;
	ledger_lock(l);
	enum df_status st = ledger_bind(l, ST_PERIOD, &s, err, "ti", p->feed, p->since_ms);
	while (st == DF_OK && (st = ledger_step(l, s, "read what was closed", err)) == DF_OK) {
		closed_read(s, &c);
		st = each(ctx, &c, err);
	}
	if (s != NULL)
		ledger_reset(s);
	ledger_unlock(l);
	return st == DF_END ? DF_OK : st;
}

static enum df_status causes(struct ledger *l, int which, const struct ledger_period *p,
			     ledger_each_cause each, void *ctx, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	ledger_lock(l);
	enum df_status st = ledger_bind(l, which, &s, err, "ti", p->feed, p->since_ms);
	while (st == DF_OK && (st = ledger_step(l, s, "count what was closed", err)) == DF_OK) {
		const struct ledger_cause c = {.feed = ledger_text(s, 0),
					       .code = ledger_text(s, 1),
					       .where = ledger_text(s, 2),
					       .rows = ledger_u64(s, 3),
					       .documents = ledger_u64(s, 4)};
		st = each(ctx, &c, err);
	}
	if (s != NULL)
		ledger_reset(s);
	ledger_unlock(l);
	return st == DF_END ? DF_OK : st;
}

enum df_status ledger_period_reasons(struct ledger *l, const struct ledger_period *p,
				     ledger_each_cause each, void *ctx, struct df_err *err)
{
	return causes(l, ST_PERIOD_REASONS, p, each, ctx, err);
}

enum df_status ledger_period_findings(struct ledger *l, const struct ledger_period *p,
				      ledger_each_cause each, void *ctx, struct df_err *err)
{
	return causes(l, ST_PERIOD_FINDINGS, p, each, ctx, err);
}
