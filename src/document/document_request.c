/* SPDX-License-Identifier: MIT */
/* The rows of subject requests that were taken. */
#include "dropfeed/document.h"

#include <stdlib.h>

void document_requests_of(const struct send_settled *step, struct document_requests *out)
{
	size_t rows = 0;
	int64_t now = df_now_ms();
	*out = (struct document_requests){0};
	for (size_t i = 0; i < step->n_taken; i++)
		rows += step->taken[i].batch->n_rows;
	if (rows == 0)
		return;
	out->v = df_alloc(rows * sizeof(*out->v));
	for (size_t i = 0; i < step->n_taken; i++) {
		const struct send_taken *t = &step->taken[i];
		for (size_t k = 0; k < t->batch->n_rows; k++)
			out->v[out->n++] = (struct ledger_request){
			    .row = t->batch->rows[k].number,
			    .line = t->batch->rows[k].line,
			    .id = df_strndup(t->batch->id, t->batch->id_len),
			    .known = t->before,
			    .due = t->due,
			    .at_ms = now};
	}
}

void document_requests_free(struct document_requests *r)
{
	for (size_t i = 0; i < r->n; i++)
		free((char *)(uintptr_t)r->v[i].id);
	free(r->v);
	*r = (struct document_requests){0};
}
