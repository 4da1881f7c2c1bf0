/* SPDX-License-Identifier: MIT */
/* What is known of a document's reject file: where it is, and why rows are in it. */
#include "ledger_priv.h"
#include "ledger_sql.h"

enum df_status ledger_document_rejects(struct ledger *l, int64_t id, const char *path,
				       struct df_err *err)
{
	const struct ledger_change c = {.which = ST_DOCUMENT_REJECTS,
					.of = LEDGER_OF_DOCUMENT,
					.sync = true,
					.what = "note a reject file"};
	ledger_lock(l);
	enum df_status st = ledger_change(l, &c, err, "it", id, ledger_path_stored(l, path));
	if (st == DF_OK && ledger_changes(l) != 1)
		st = DF_END;
	ledger_unlock(l);
	return st;
}

enum df_status ledger_rejects_later(struct ledger *l, int64_t id, bool *later, struct df_err *err)
{
	const struct ledger_lookup q = {ST_REJECTS_LATER, "look up a reject file", NULL, NULL};
	enum df_status st = ledger_first(l, &q, err, "i", id);
	*later = st == DF_OK;
	return st == DF_END ? DF_OK : st;
}

static enum df_status reasons_steps(struct ledger *l, int64_t id, const struct ledger_reason *v,
				    size_t n, struct df_err *err)
{
	const struct ledger_change clear = {.which = ST_REASON_CLEAR,
					    .what = "forget older reasons"};
	const struct ledger_change add = {.which = ST_REASON_ADD, .what = "note a reason"};
	enum df_status st = ledger_change(l, &clear, err, "i", id);
	for (size_t i = 0; i < n && st == DF_OK; i++)
		st = ledger_change(l, &add, err, "iittiiii", id, (int64_t)i, v[i].code, v[i].column,
				   (int64_t)v[i].rows, (int64_t)v[i].lines[0],
				   (int64_t)v[i].lines[1], (int64_t)v[i].lines[2]);
	return st;
}

enum df_status ledger_document_reasons(struct ledger *l, int64_t id, const struct ledger_reason *v,
				       size_t n, struct df_err *err)
{
	/* not synced: DONE, after it, is */
	enum df_status st = ledger_enter_on(l, false, LEDGER_OF_DOCUMENT, id, err);
	return st == DF_OK ? ledger_leave(l, reasons_steps(l, id, v, n, err), err) : st;
}
