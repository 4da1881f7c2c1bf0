/* SPDX-License-Identifier: MIT */
/* What runs know of an endpoint and key. */
#include "ledger_priv.h"
#include "ledger_sql.h"

enum df_status ledger_api_known(struct ledger *l, const char *fingerprint, struct ledger_api *out,
				struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	*out = (struct ledger_api){0};
	ledger_lock(l);
	enum df_status st = ledger_bind(l, ST_API, &s, err, "t", fingerprint);
	if (st == DF_OK)
		st = ledger_step(l, s, "look up an endpoint", err);
	if (st == DF_OK) {
		out->success_ms = ledger_int(s, 0);
		out->not_before_ms = ledger_int(s, 1);
		ledger_reset(s);
	}
	ledger_unlock(l);
	return st == DF_END ? DF_OK : st;
}

enum df_status ledger_api_note(struct ledger *l, const char *fingerprint,
			       const struct ledger_api *api, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	ledger_lock(l);
	enum df_status st = ledger_sync(l, false, err); /* what is lost is learned again */
	if (st == DF_OK)
		st = ledger_bind(l, ST_API_NOTE, &s, err, "tii", fingerprint, api->success_ms,
				 api->not_before_ms);
	if (st == DF_OK)
		st = ledger_run(l, s, "note an endpoint", err);
	ledger_unlock(l);
	return st;
}

enum df_status ledger_api_suspects(struct ledger *l, const char *fingerprint, char **out,
				   struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	*out = NULL;
	ledger_lock(l);
	enum df_status st = ledger_bind(l, ST_API_SUSPECTS, &s, err, "t", fingerprint);
	if (st == DF_OK)
		st = ledger_step(l, s, "look up an endpoint's batches", err);
	if (st == DF_OK) {
		*out = df_strdup(ledger_text(s, 0));
		ledger_reset(s);
	}
	ledger_unlock(l);
	return st == DF_END ? DF_OK : st;
}

enum df_status ledger_api_suspect(struct ledger *l, const char *fingerprint, const char *text,
				  struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	ledger_lock(l);
	enum df_status st = ledger_sync(l, false, err); /* what is lost is learned again */
	if (st == DF_OK)
		st = ledger_bind(l, ST_API_SUSPECT, &s, err, "tt", fingerprint, text);
	if (st == DF_OK)
		st = ledger_run(l, s, "note an endpoint's batches", err);
	ledger_unlock(l);
	return st;
}
