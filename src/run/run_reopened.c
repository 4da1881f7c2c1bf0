/* SPDX-License-Identifier: MIT */
/* Documents that `retry`, `restart` and `resend` open again, and their reject files. */
#include "run_source.h"

#include <stdlib.h>

enum df_status run_reopened_add(struct ledger *l, const struct ledger_document *d, bool unknown,
				struct run_reopened *out, struct df_err *err)
{
	bool own = d->state != LEDGER_REFUSED && d->text != NULL, later = false;
	enum df_status st = own ? ledger_rejects_later(l, d->id, &later, err) : DF_OK;
	if (st != DF_OK)
		return st;
	own = own && !later;
	out->documents = df_realloc(out->documents, (out->n + 1) * sizeof(*out->documents));
	out->rejects = df_realloc(out->rejects, (out->n + 1) * sizeof(*out->rejects));
	out->documents[out->n] = (struct ledger_reopen){.document = d->id,
							.keep_rejects = own && d->closed_ms != 0 &&
									run_rejects_edited(d),
							.unknown = unknown};
	out->rejects[out->n++] = own ? df_strdup(d->text) : NULL;
	return DF_OK;
}

enum df_status run_reopened_take_back(struct run_source *source, const struct run_reopened *r,
				      struct df_err *err)
{
	enum df_status st = DF_OK;
	for (size_t i = 0; st == DF_OK && i < r->n; i++)
		st = run_after_take_back(source, r->rejects[i], err);
	return st;
}

void run_reopened_clear(struct run_reopened *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->rejects[i]);
	free(r->rejects);
	free(r->documents);
	*r = (struct run_reopened){0};
}
