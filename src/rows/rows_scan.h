/* SPDX-License-Identifier: MIT */
/* rows_scan.h - finds the cells of a row that has no quotes, many bytes at a time */
#ifndef ROWS_SCAN_H
#define ROWS_SCAN_H

#include "dropfeed/rows.h"

struct rows_cells {          /* grows as it has to */
	struct rows_cell *v; /* own */
	size_t n, cap;
};

struct rows_scan {
	const char *stop; /* the line end, the quote, or the end of the bytes: the last cell ends here */
	bool plain;       /* no NUL among the bytes before it, and nothing but ASCII */
};

/* Adds the cells from p on, the last one up to *stop. Bytes at and behind end are not read. */
struct rows_scan rows_scan(const char *p, const char *end, struct rows_cells *cells);
/* The same, byte by byte: what machines without SSE2 run, and what the other one is measured against. */
struct rows_scan rows_scan_portable(const char *p, const char *end, struct rows_cells *cells);

/* Makes room for `more` cells. */
void rows_cells_grow(struct rows_cells *cells, size_t more);

#endif
