/* SPDX-License-Identifier: MIT */
/* rows_priv.h - a reader: between rows_window.c, which has the bytes, and rows_csv.c, which makes rows of them */
#ifndef ROWS_PRIV_H
#define ROWS_PRIV_H

#include "rows_scan.h"

#include <csv.h>

struct rows {
	int fd;                /* borrowed */
	uint64_t base, length; /* of the document in fd */
	uint64_t until;        /* document offset of the part's end, or the document's */
	uint64_t next_read;    /* document offset of the next pread */

	char *window; /* own: document bytes from window_offset, `have` of them */
	size_t window_cap, have;
	uint64_t window_offset;

	size_t row_at; /* where the current row starts, in the window */
	size_t at;     /* next byte to parse, in the window */
	uint64_t line, number;
	uint64_t row_line;   /* line on which the current row started */
	uint64_t quote_line; /* line on which the quote that is still open was opened */

	struct csv_parser parser;
	bool row_done;       /* libcsv has seen the row's end */
	bool quoted;         /* the row has a quote, before which stand whole cells */
	size_t n_lead, lead; /* so many, in so many bytes; only their lengths hold, as the window moves */
	struct df_buf copy;  /* of the row's other cells, one behind the other; it moves as it grows */
	struct rows_cells cells;
};

/* Reads on, keeping what the current row has from row_at. *grew false: the document is at its end. DF_END: the part is, and the
 * row is not. */
enum df_status rows_window_fill(struct rows *r, bool *grew, struct df_err *err) DF_CHECK;

/* Makes libcsv's parser; csv_free ends it. */
void rows_parser_make(struct rows *r);

#endif
