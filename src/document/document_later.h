/* SPDX-License-Identifier: MIT */
/* document_later.h - rows that were rejected after the preflight, as the ledger has them */
#ifndef DOCUMENT_LATER_H
#define DOCUMENT_LATER_H

#include "dropfeed/document.h"

#define DOCUMENT_LATER_PAGE 512u /* rows in memory at a time */

struct document_later_reject {
	uint64_t row, line, offset, length;
	char *message; /* own */
	char code[32];
	bool partly;
};

struct document_later_pages {
	struct ledger *ledger;
	int64_t document_id;
	struct document_later_reject page[DOCUMENT_LATER_PAGE]; /* by row number */
	size_t n, next;
	bool more;                                    /* after it there may be others */
	const struct document_undelivered *abandoned; /* or NULL */
};

/* The next() of a document_later; ctx: pages. From the ledger, some at a time, and those that are
 * abandoned: a row is one or the other. */
enum df_status document_later_next(void *ctx, uint64_t after, struct ledger_reject *out,
				   struct df_err *err) DF_CHECK;
void document_later_clear(struct document_later_pages *p);

#endif
