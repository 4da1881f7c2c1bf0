/* SPDX-License-Identifier: MIT */
/* What runs know of an endpoint and key. What is lost of it is learned again: nothing is synced. */
#include "ledger_priv.h"
#include "ledger_sql.h"

static void api_row(void *out, const struct ledger *l, struct ledger_stmt *s)
{
	(void)l;
	*(struct ledger_api *)out =
	    (struct ledger_api){.success_ms = ledger_int(s, 0), .not_before_ms = ledger_int(s, 1)};
}

enum df_status ledger_api_known(struct ledger *l, const char *fingerprint, struct ledger_api *out,
				struct df_err *err)
{
	const struct ledger_lookup q = {ST_API, "look up an endpoint", api_row, out};
	*out = (struct ledger_api){0};
	enum df_status st = ledger_first(l, &q, err, "t", fingerprint);
	return st == DF_END ? DF_OK : st;
}

enum df_status ledger_api_note(struct ledger *l, const char *fingerprint,
			       const struct ledger_api *api, struct df_err *err)
{
	const struct ledger_change c = {.which = ST_API_NOTE, .what = "note an endpoint"};
	return ledger_change(l, &c, err, "tii", fingerprint, api->success_ms, api->not_before_ms);
}

static void suspects_row(void *out, const struct ledger *l, struct ledger_stmt *s)
{
	(void)l;
	*(char **)out = df_strdup(ledger_text(s, 0));
}

enum df_status ledger_api_suspects(struct ledger *l, const char *fingerprint, char **out,
				   struct df_err *err)
{
	const struct ledger_lookup q = {ST_API_SUSPECTS, "look up an endpoint's batches",
					suspects_row, out};
	*out = NULL;
	enum df_status st = ledger_first(l, &q, err, "t", fingerprint);
	return st == DF_END ? DF_OK : st;
}

enum df_status ledger_api_suspect(struct ledger *l, const char *fingerprint, const char *text,
				  struct df_err *err)
{
	const struct ledger_change c = {.which = ST_API_SUSPECT,
					.what = "note an endpoint's batches"};
	return ledger_change(l, &c, err, "tt", fingerprint, text);
}
