/* SPDX-License-Identifier: MIT */
/* rows_place.h - where in a row a byte is, where libcsv does not say */
#ifndef ROWS_PLACE_H
#define ROWS_PLACE_H

#include "dropfeed/rows.h"

enum rows_place_in {
	ROWS_CELL_START,
	ROWS_PLAIN,
	ROWS_QUOTED,
	ROWS_ESCAPED,     /* after a backslash within quotes */
	ROWS_QUOTE_AFTER, /* after a quote that closes, or is the first of two */
	ROWS_BLANK_AFTER, /* after such a quote and blanks, with trim */
	/* without quotes: after a backslash, and after a CR that follows one */
	ROWS_BARE_ESCAPED,
	ROWS_BARE_CR,
	ROWS_BROKEN, /* to the end of the physical line, as rows_csv.c has it */
};

/* Backslashes count outside of quotes, as there are none. */
static inline bool rows_bare_escapes(const struct rows_format *format)
{
	return format->no_quote && format->backslash;
}

/* Would a line end that begins with c be a part of the cell? */
static inline bool rows_place_inside(enum rows_place_in place, char c)
{
	return place == ROWS_QUOTED || place == ROWS_ESCAPED || place == ROWS_BARE_ESCAPED ||
	       (place == ROWS_BARE_CR && c == '\n');
}

/* The place after c. Line ends are the caller's. format: its delimiter and quote are set, and
 * narrow. */
enum rows_place_in rows_place_after(const struct rows_format *format, enum rows_place_in place,
				    char c);

static inline bool rows_blank(char c)
{
	return c == ' ' || c == '\t';
}

#endif
