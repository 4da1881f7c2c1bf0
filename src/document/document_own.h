/* SPDX-License-Identifier: MIT */
/* document_own.h - which bytes of a row of a reject file are the document's, and which are our
 * own two columns; and those columns, written */
#ifndef DOCUMENT_OWN_H
#define DOCUMENT_OWN_H

#include "dropfeed/map.h"

/* how the cells of the document are separated, in narrowed text (see rows_narrow) */
struct document_dialect {
	char delimiter;
	char quote;              /* NUL: there are no quotes */
	char escape;             /* within quotes, if there are any; NUL: none */
	bool trim;               /* blanks may be around quotes */
	struct rows_signs signs; /* what it was narrowed by; zeroed: nothing */
};

struct document_own {
	struct document_dialect dialect;
	bool *columns; /* own: per column of the header, whether it is ours */
	size_t n;      /* columns */
	bool any;
	bool last; /* they are the last two, in our order */
};

/* From the header, whose cells were read. */
void document_own_header(struct document_own *o, const struct document_dialect *dialect,
			 const struct rows_cell *cells, size_t n);

/* Appends what of a row's bytes, its line end excluded, is the document's. */
void document_own_strip(const struct document_own *o, const char *raw, size_t len,
			struct df_buf *out);

/* The same of a row that is not in memory: how many bytes at its end are ours. tail: its last
 * bytes, the line end excluded. */
size_t document_own_tail(const struct document_own *o, const char *tail, size_t len);

/* How many of a line's bytes are before its one line end: another one may be a part of the last
 * cell. */
size_t document_own_body(const char *raw, size_t len);
/* Appends a cell of our own. Where the dialect has no quotes, what would separate cells or rows
 * becomes a blank (or, where blanks do, _). */
void document_own_add(struct df_buf *out, const struct document_dialect *d, const char *text);
void document_own_separate(struct df_buf *out, const struct document_dialect *d);

void document_own_free(struct document_own *o);

#endif
