/* SPDX-License-Identifier: MIT */
/* rows_guess.h - what a document (rows_guess.c) and one of its rows (rows_guess_row.c) ask for */
#ifndef ROWS_GUESS_H
#define ROWS_GUESS_H

#include "rows_priv.h"

extern const char rows_guess_backslash[]; /* `escape = backslash`, and why */

/* Appends which encoding to set for bytes that are not UTF-8. */
void rows_guess_encoding(const char *p, size_t len, struct df_buf *out);

#endif
