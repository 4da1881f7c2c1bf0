/* SPDX-License-Identifier: MIT */
/* rows_scan.h - finds the cells of a row that has no quotes, many bytes at a time */
#ifndef ROWS_SCAN_H
#define ROWS_SCAN_H

#include "dropfeed/rows.h"

#define ROWS_SCAN_STEP 64 /* bytes, at most */

struct rows_cells {          /* grows as it has to */
	struct rows_cell *v; /* own */
	size_t n, cap;
};

struct rows_marks;
typedef struct rows_scan (*rows_scanner)(const struct rows_marks *marks, const char *p,
					 const char *end, struct rows_cells *cells);

/* What separates cells, and what ends the scan besides line ends: each as often as bytes are
 * looked at in a step. */
struct rows_marks {
	char delimiter[ROWS_SCAN_STEP], quote[ROWS_SCAN_STEP];
	rows_scanner scan;
};

struct rows_scan {
	/* the line end, the quote, or the end of the bytes: the last cell ends here */
	const char *stop;
	/* the first byte before it that is not printable ASCII, or is a backslash; else it */
	const char *odd;
};

/* quote '\n': there are no quotes. */
void rows_marks_set(struct rows_marks *marks, char delimiter, char quote);

/* Adds the cells from p on, the last one up to *stop. Bytes at and after end are not read. */
static inline struct rows_scan rows_scan(const struct rows_marks *marks, const char *p,
					 const char *end, struct rows_cells *cells)
{
	return marks->scan(marks, p, end, cells);
}

/* The ways to do that, of which rows_marks_set takes the best that this processor can. NULL: it
 * cannot, or the program was built for another kind. */
rows_scanner rows_scan_avx512(void);
rows_scanner rows_scan_avx2(void);
rows_scanner rows_scan_sse2(void);
/* Byte by byte: for all other machines, and what the others are compared with. */
struct rows_scan rows_scan_portable(const struct rows_marks *marks, const char *p, const char *end,
				    struct rows_cells *cells);

/* Makes room for `more` cells. */
void rows_cells_grow(struct rows_cells *cells, size_t more);

#endif
