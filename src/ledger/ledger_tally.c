/* SPDX-License-Identifier: MIT */
/* Counters that never go back, beside those that triggers keep. */
#include "ledger_priv.h"
#include "ledger_sql.h"

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
