/* SPDX-License-Identifier: MIT */
/* propose_value.h - templates, words and lists that make a value of a cell */
#ifndef PROPOSE_VALUE_H
#define PROPOSE_VALUE_H

#include "propose_column.h"

/* The template that makes numbers (or a boolean, by *values) of the column's values, the
 * caller's; NULL: they are as they should be, or nothing helps. */
char *propose_value_number(struct propose *p, size_t column, const struct schema_path *path,
			   const char **why);
/* Whether points in the numbers may be between thousands: three digits follow each. */
bool propose_value_points(const struct propose *p, size_t column);
/* A map of those values that the path takes as they are, the caller's; *left: how many others
 * there are. NULL: there is none, or there are too many. */
char *propose_value_known(struct propose *p, size_t column, const struct schema_path *path,
			  size_t *left);
/* Whether the values begin with the apostrophe that spreadsheets have before digits. */
bool propose_value_quoted(const struct propose *p, size_t column);
char *propose_value_boolean(struct propose *p, size_t column);
/* Whether any of the values has the text in it. */
bool propose_value_has(const struct propose *p, size_t column, const char *text);
/* Words apart by a sign, in a column that is named for several: "Tags", "Campaign IDs". */
bool propose_value_several(const struct propose_column *c);
/* Whether the column's cells hold lists, and the template that splits them (the caller's; NULL:
 * JSON does not need one). */
bool propose_value_list(struct propose *p, size_t column, char **value, const char **why);
/* Whether they hold JSON objects whose members can be attributes. */
bool propose_value_members(struct propose *p, size_t column, const char *prefix);
/* Whether they hold JSON lists of objects. */
bool propose_value_objects(const struct propose *p, size_t column);
/* A row's cell in a template; NULL: its name cannot be written there. The caller's. */
char *propose_value_row(const struct propose_column *c);
/* Appends "word": "to" to a map's members. */
void propose_value_pair(struct df_buf *out, const char *word, size_t len, const char *to);

#endif
