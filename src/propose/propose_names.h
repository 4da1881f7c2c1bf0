/* SPDX-License-Identifier: MIT */
/* propose_names.h - what else a column could be called */
#ifndef PROPOSE_NAMES_H
#define PROPOSE_NAMES_H

#include "propose_column.h"

/* Fills in what else the column could be called. */
void propose_names_read(struct propose_column *c);
void propose_names_free(struct propose_column *c);
/* Whether one of the words is a part of its name, or of an alias. */
bool propose_names_any(const struct propose_column *c, const char *const *words, size_t n);
/* Whether its name or an alias is one of the names, apart by blanks. */
bool propose_names_is(const struct propose_column *c, const char *names);
/* Whether one of its name's words is one of these, apart by blanks; also written out. */
bool propose_names_word(const struct propose_column *c, const char *words);
/* The length of the token that begins here: of "customerKey" it is 8. */
size_t propose_names_token(const char *s);
/* A token, normalised, and written out where it is an abbreviation. The caller's. */
char *propose_names_expand(const char *s, size_t len);

#endif
