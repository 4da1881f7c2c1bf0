/* SPDX-License-Identifier: MIT */
/* propose_look.h - what a column's values look like; they are never shown */
#ifndef PROPOSE_LOOK_H
#define PROPOSE_LOOK_H

#include "propose_column.h"

/* Fills look, filled and lengthy, once. */
void propose_look(struct propose *p, size_t column);
const char *propose_look_words(enum propose_look look); /* "e-mail addresses", or NULL */
/* What no column is called: "e-mail addresses", or NULL. */
const char *propose_no_name(const struct propose *p, const char *name);
/* How many of the column's values the path takes. Times are not for this. */
size_t propose_suits(struct propose *p, size_t column, const struct schema_path *path);

#endif
