/* SPDX-License-Identifier: MIT */
/* Functions that migrations of an SQLite ledger use. */
#include "ledger_sqlite.h"

static const char *value_text(sqlite3_value *v)
{
	return (const char *)sqlite3_value_text(v);
}

static void sql_sha256(sqlite3_context *ctx, int n, sqlite3_value **values)
{
	char hex[DF_SHA256_HEX];
	(void)n;
	const char *text = value_text(values[0]);
	if (text == NULL)
		return; /* NULL */
	struct df_sha256 *h = df_sha256_new();
	df_sha256_add(h, text, strlen(text));
	df_sha256_end(h, hex);
	df_sha256_free(h);
	sqlite3_result_text(ctx, hex, -1, SQLITE_TRANSIENT);
}

/* A whole path, of today's state folder or of the one from before it was moved: from the last
 * FOLDER/ in it. */
static void sql_below(sqlite3_context *ctx, int n, sqlite3_value **values)
{
	const char *path = value_text(values[0]), *folder = value_text(values[1]), *found = NULL;
	(void)n;
	if (path == NULL || folder == NULL)
		return;
	if (path[0] == '/')
		for (const char *p = path; (p = strstr(p + 1, folder)) != NULL;)
			found = p[-1] == '/' ? p : found;
	sqlite3_result_text(ctx, found != NULL ? found : path, -1, SQLITE_TRANSIENT);
}

enum df_status ledger_sqlite_functions(struct ledger *l, struct df_err *err)
{
	if (sqlite3_create_function(l->db, "df_sha256", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
				    sql_sha256, NULL, NULL) != SQLITE_OK ||
	    sqlite3_create_function(l->db, "df_below", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
				    sql_below, NULL, NULL) != SQLITE_OK)
		return ledger_fail(l, "set it up", err);
	return DF_OK;
}
