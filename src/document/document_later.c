/* SPDX-License-Identifier: MIT */
#include "document_later.h"

#include <stdio.h>
#include <stdlib.h>

static enum df_status on_later(void *ctx, const struct ledger_reject *r, struct df_err *err)
{
	(void)err;
	struct document_later_pages *p = ctx;
	struct document_later_reject *kept = &p->page[p->n++];
	*kept = (struct document_later_reject){.row = r->row,
					       .line = r->line,
					       .offset = r->offset,
					       .length = r->length,
					       .message = df_strdup(r->message),
					       .partly = r->partly};
	snprintf(kept->code, sizeof(kept->code), "%s", r->code);
	return p->n == DOCUMENT_LATER_PAGE ? DF_END : DF_OK;
}

void document_later_clear(struct document_later_pages *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->page[i].message);
	p->n = p->next = 0;
}

enum df_status document_later_next(void *ctx, uint64_t after, struct ledger_reject *out,
				   struct df_err *err)
{
	struct document_later_pages *p = ctx;
	uint64_t abandoned =
	    p->abandoned != NULL ? document_undelivered_next(p->abandoned, after) : 0;
	if (p->next == p->n && (p->more || after == 0)) {
		document_later_clear(p);
		enum df_status st =
		    ledger_rejects(p->ledger, p->document_id, after, on_later, p, err);
		if (st != DF_OK && st != DF_END)
			return st;
		p->more = st == DF_END;
	}
	bool none = p->next == p->n;
	if (abandoned != 0 && (none || abandoned < p->page[p->next].row)) {
		*out = (struct ledger_reject){.row = abandoned,
					      .message = "not delivered: the file was abandoned",
					      .code = "abandoned"};
		return DF_OK;
	}
	if (none)
		return DF_END;
	const struct document_later_reject *r = &p->page[p->next++];
	*out = (struct ledger_reject){.row = r->row,
				      .line = r->line,
				      .offset = r->offset,
				      .length = r->length,
				      .message = r->message,
				      .code = r->code,
				      .partly = r->partly};
	return DF_OK;
}
