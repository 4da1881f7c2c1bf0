/* SPDX-License-Identifier: MIT */
/* What must not be sent twice is noted before it is sent: without an answer it may have been
 * taken. */
#include "ledger_priv.h"
#include "ledger_sql.h"

enum df_status ledger_lane_sending(struct ledger *l, int64_t id, const struct ledger_sending *s,
				   struct df_err *err)
{
	const struct ledger_change c = {.which = ST_LANE_SENT,
					.of = LEDGER_OF_DOCUMENT,
					.sync = s->sync,
					.what = "note what is sent"};
	return ledger_change(l, &c, err, "iii", id, (int64_t)s->lane, (int64_t)s->upto);
}

enum df_status ledger_lanes_sent(struct ledger *l, int64_t id, uint64_t *upto, uint32_t lanes,
				 struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	memset(upto, 0, lanes * sizeof(*upto));
	ledger_lock(l);
	enum df_status st = ledger_bind(l, ST_LANES_SENT, &s, err, "i", id);
	while (st == DF_OK && (st = ledger_step(l, s, "read what was sent", err)) == DF_OK) {
		int64_t lane = ledger_int(s, 0);
		if (lane >= 0 && lane < (int64_t)lanes)
			upto[lane] = ledger_u64(s, 1);
	}
	ledger_unlock(l);
	return st == DF_END ? DF_OK : st;
}

static enum df_status mark_rows(struct ledger *l, int64_t id, const uint64_t *rows, size_t n,
				bool sent, struct df_err *err)
{
	/* one that is not marked is somebody else's by now */
	const struct ledger_change mark = {
	    .which = ST_AGAIN_SENT, .one = sent, .what = "note what is sent again"};
	enum df_status st = DF_OK;
	for (size_t i = 0; i < n && st == DF_OK; i++)
		st = ledger_change(l, &mark, err, "iii", id, (int64_t)rows[i], (int64_t)sent);
	return st;
}

enum df_status ledger_again_sending(struct ledger *l, int64_t document_id, const uint64_t *rows,
				    size_t n, bool back, struct df_err *err)
{
	enum df_status st = ledger_enter_on(l, !back, LEDGER_OF_DOCUMENT, document_id, err);
	return st == DF_OK ? ledger_leave(l, mark_rows(l, document_id, rows, n, !back, err), err)
			   : st;
}

enum df_status ledger_again_doubt(struct ledger *l, int64_t document_id, const char *message,
				  struct df_err *err)
{
	const struct ledger_change c = {.which = ST_AGAIN_DOUBT,
					.of = LEDGER_OF_DOCUMENT,
					.what = "note the rows that may have arrived"};
	return ledger_change(l, &c, err, "it", document_id, message);
}
