/* SPDX-License-Identifier: MIT */
/* rows_guess.h - what a document (rows_guess.c) and one of its rows (rows_guess_row.c) ask for */
#ifndef ROWS_GUESS_H
#define ROWS_GUESS_H

#include "rows_priv.h"

struct rows_guess_line {
	const char *p;
	size_t len; /* without its end */
};

/* How often the sign, of n bytes, is in the text; quotes: outside of double quotes alone. */
size_t rows_guess_count(const char *p, size_t len, const char *sign, size_t n, bool quotes);

/* The signs that separate the cells of the lines, of which the first is the header. False: it is
 * not several of them. */
bool rows_guess_sequence(const struct rows_guess_line *lines, size_t n,
			 char out[ROWS_SEQUENCE_SIZE]);

/* Is the line in quotes as a whole? And what to do then. */
bool rows_guess_whole(const struct rows_signs *signs, const char *raw, size_t len);
extern const char rows_guess_lines_quoted[];

extern const char rows_guess_backslash[]; /* `escape = backslash`, and why */

/* Appends which encoding to set for bytes that are not UTF-8. */
void rows_guess_encoding(const char *p, size_t len, struct df_buf *out);

#endif
