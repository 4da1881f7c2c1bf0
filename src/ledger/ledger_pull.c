/* SPDX-License-Identifier: MIT */
/* Downloads that are noted before their first byte is read, because a source may remove what was
 * read. */
#include "ledger_priv.h"
#include "ledger_sql.h"

static enum df_status pulls_add(struct ledger *l, const struct ledger_pull *v, size_t n,
				struct df_err *err)
{
	const struct ledger_change add = {.which = ST_PULL_BEGIN, .what = "note a download"};
	for (size_t i = 0; i < n; i++) {
		const struct ledger_key *k = &v[i].key;
		enum df_status st = ledger_change(l, &add, err, "ttttiit", k->feed,
						  ledger_path_stored(l, v[i].arrival), k->source,
						  k->name, (int64_t)k->size, k->mtime, l->node);
		if (st != DF_OK)
			return st;
	}
	return DF_OK;
}

enum df_status ledger_pulls_begin(struct ledger *l, const struct ledger_pull *v, size_t n,
				  struct df_err *err)
{
	if (n == 0)
		return DF_OK;
	enum df_status st = ledger_enter(l, true, err);
	return st == DF_OK ? ledger_leave(l, pulls_add(l, v, n, err), err) : st;
}

enum df_status ledger_pull_end(struct ledger *l, const char *feed, const char *arrival,
			       struct df_err *err)
{
	const struct ledger_change c = {.which = ST_PULL_END, .what = "end a download"};
	return ledger_change(l, &c, err, "ttt", feed, ledger_path_stored(l, arrival), l->node);
}
