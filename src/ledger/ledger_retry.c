/* SPDX-License-Identifier: MIT */
/* What is closed is opened again, and what comes of the rows that are sent again. A row stays a
 * reject until it is delivered, so that rows = delivered + rejected + skipped holds at every
 * step. */
#include "ledger_priv.h"
#include "ledger_sql.h"

#include <stdlib.h>

/* Refused because its bytes were gone, or because hosts went down with it, and taken up where it
 * was; or refused, and forgotten (that nothing of it was sent the foreign keys prove), or done. */
static enum df_status reopen_document(struct ledger *l, int64_t file_id,
				      const struct ledger_reopen *d, struct df_err *err)
{
	const struct ledger_change lost = {.which = ST_REOPEN_LOST,
					   .what = "go on with a refused document"};
	const struct ledger_change refused = {.which = ST_REOPEN_REFUSED,
					      .what = "forget a refused document"};
	const struct ledger_change done = {
	    .which = ST_REOPEN_DONE, .one = true, .what = "open a document again"};
	const struct ledger_change rows = {.which = ST_REOPEN_REJECTS,
					   .what = "mark rejected rows"};
	enum df_status st =
	    ledger_change(l, &lost, err, "iiiii", d->document, file_id, (int64_t)LEDGER_REFUSED,
			  (int64_t)LEDGER_SENDING, (int64_t)LEDGER_PULLED);
	if (st != DF_OK || ledger_changes(l) == 1)
		return st;
	st = ledger_change(l, &refused, err, "iii", d->document, file_id, (int64_t)LEDGER_REFUSED);
	if (st != DF_OK || ledger_changes(l) == 1)
		return st;
	st = ledger_change(l, &done, err, "iiiib", d->document, file_id, (int64_t)LEDGER_DONE,
			   (int64_t)LEDGER_SENDING, (int64_t)d->keep_rejects);
	if (st == DF_OK)
		st = ledger_former_forget(l, d->document, err);
	return st == DF_OK ? ledger_change(l, &rows, err, "ib", d->document, (int64_t)d->unknown)
			   : st;
}

static enum df_status reopen_steps(struct ledger *l, int64_t file_id,
				   const struct ledger_reopen *documents, size_t n,
				   struct df_err *err)
{
	const struct ledger_change file = {
	    .which = ST_REOPEN_FILE, .one = true, .what = "open a file again"};
	enum df_status st = ledger_change(l, &file, err, "ii", file_id, (int64_t)LEDGER_PULLED);
	for (size_t i = 0; i < n && st == DF_OK; i++)
		st = reopen_document(l, file_id, &documents[i], err);
	return st;
}

enum df_status ledger_reopen(struct ledger *l, int64_t file_id,
			     const struct ledger_reopen *documents, size_t n, struct df_err *err)
{
	enum df_status st = ledger_enter_on(l, true, LEDGER_OF_FILE, file_id, err);
	return st == DF_OK ? ledger_leave(l, reopen_steps(l, file_id, documents, n, err), err) : st;
}

void ledger_again_rows_free(struct ledger_again_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		free(rows->v[i].rest);
	free(rows->v);
	*rows = (struct ledger_again_rows){0};
}

enum df_status ledger_again(struct ledger *l, int64_t document_id, bool unknown,
			    struct ledger_again_rows *out, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	size_t cap = 0;
	*out = (struct ledger_again_rows){0};
	ledger_lock(l);
	enum df_status st = ledger_bind(l, ST_AGAIN, &s, err, "ib", document_id, (int64_t)unknown);
	while (st == DF_OK &&
	       (st = ledger_step(l, s, "read the rows to be sent again", err)) == DF_OK) {
		if (out->n == cap) {
			cap = cap == 0 ? 64 : cap * 2;
			out->v = df_realloc(out->v, cap * sizeof(*out->v));
		}
		out->v[out->n++] = (struct ledger_again_row){.row = ledger_u64(s, 0),
							     .rest = df_strdup(ledger_text(s, 1))};
	}
	ledger_unlock(l);
	if (st == DF_END)
		return DF_OK;
	ledger_again_rows_free(out);
	return st;
}

static enum df_status again_delivered(struct ledger *l, int64_t id, const uint64_t *rows, size_t n,
				      struct df_err *err)
{
	const struct ledger_change row = {
	    .which = ST_AGAIN_DELIVERED, .one = true, .what = "count a row as delivered"};
	const struct ledger_change sum = {
	    .which = ST_AGAIN_ROWS, .one = true, .what = "count a document's rows"};
	enum df_status st = DF_OK;
	for (size_t i = 0; i < n && st == DF_OK; i++)
		st = ledger_change(l, &row, err, "ii", id, (int64_t)rows[i]);
	return st == DF_OK && n > 0 ? ledger_change(l, &sum, err, "ii", id, (int64_t)n) : st;
}

static enum df_status again_rejected(struct ledger *l, int64_t id, const struct ledger_reject *r,
				     struct df_err *err)
{
	const struct ledger_change c = {
	    .which = ST_AGAIN_REJECTED, .one = true, .what = "note a rejected row"};
	return ledger_change(l, &c, err, "iittit", id, (int64_t)r->row,
			     r->message != NULL ? r->message : "", ledger_reject_code(r),
			     (int64_t)r->partly, r->rest != NULL ? r->rest : "");
}

static enum df_status again_settled(struct ledger *l, int64_t id, const struct ledger_again *step,
				    struct df_err *err)
{
	enum df_status st = again_delivered(l, id, step->delivered, step->n_delivered, err);
	for (size_t i = 0; i < step->n_rejects && st == DF_OK; i++)
		st = again_rejected(l, id, &step->rejects[i], err);
	if (st != DF_OK || step->n_requests == 0)
		return st;
	return ledger_requests_put(l, id, step->requests, step->n_requests, err);
}

enum df_status ledger_again_settled(struct ledger *l, int64_t document_id,
				    const struct ledger_again *step, struct df_err *err)
{
	/* a lost step is sent again under the same ids */
	enum df_status st = ledger_enter_on(l, false, LEDGER_OF_DOCUMENT, document_id, err);
	return st == DF_OK ? ledger_leave(l, again_settled(l, document_id, step, err), err) : st;
}
