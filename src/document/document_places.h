/* SPDX-License-Identifier: MIT */
/*
 * document_places.h - where the rows are that a pass rejects, and why: a reject file can be written
 * by reading these rows alone
 *
 * A pass whose places are set begins them anew, adds each row that it rejects, in order, and says
 * at its end that they are whole. They take at most 1 MiB, some thousands of rows, and nothing
 * where no row is rejected; of a pass that rejects more none are kept.
 */
#ifndef DOCUMENT_PLACES_H
#define DOCUMENT_PLACES_H

#include "dropfeed/document.h"

#define DOCUMENT_PLACES_MAX ((size_t)1 << 20) /* bytes */

struct document_place {
	struct batch_row where;
	const char *code;    /* of its first fault: a string constant */
	size_t name, reason; /* in texts: that one's column, and what the reject file says */
};

struct document_places {
	struct document_place *v; /* own */
	size_t n, cap;
	struct df_buf texts; /* own: each with its NUL */
	size_t max;          /* bytes: half of them for v, half for texts */
	bool full;           /* there were more than it holds */
	bool whole;          /* a pass came to its end, and each row that it rejected is here */
};

/* Appends why a row was rejected, as its reject file says it. */
void document_reject_reason(const struct document_pass_reject *r, struct df_buf *out);

/* Each does nothing where p is NULL. */
void document_places_begin(struct document_places *p);
void document_places_add(struct document_places *p, const struct document_pass_reject *r);
void document_places_end(struct document_places *p); /* the pass came to its end */

bool document_places_are_whole(const struct document_places *p); /* false for NULL */

#endif
