/* SPDX-License-Identifier: MIT */
/* map_quick.h - rows of the plain kind, which nearly all rows are */
#ifndef MAP_QUICK_H
#define MAP_QUICK_H

#include "map_placeholder.h"
#include "map_program.h"
#include "map_run.h"
#include "map_state.h"

static inline bool map_run_is_padded(const char *p, size_t len)
{
	return p[0] == ' ' || p[0] == '\t' || p[len - 1] == ' ' || p[len - 1] == '\t';
}

/* Is the value, which may be a placeholder, an identity all the same? */
bool map_quick_id(const char *p, size_t len);

/* Does nothing but its type decide what becomes of the cell, which is not empty? */
static inline __attribute__((always_inline)) bool map_quick_cell(const struct map *m,
								 const struct map_op *op,
								 const char *p, size_t len)
{
	size_t kind;
	if (len > MAP_MAX_NAME)
		return false;
	if (op->type != SCHEMA_STRING && (p[0] <= ' ' || p[len - 1] <= ' '))
		return false;
	if ((op->flags & SCHEMA_ID) == 0)
		return !map_null_marker_may(p, len) || !map_null_marker(p, len, &kind);
	if (op->type == SCHEMA_INTEGER && p[0] <= '0') /* a sign, or zeros before a number */
		return !m->guards_ids;
	if (map_decimal_may(p, len))
		return !m->guards_ids;
	return !m->guards_ids ||
	       ((!map_placeholder_may(m->placeholders, p, len) || map_quick_id(p, len)) &&
		!map_unseen_end(p, len));
}

/* Maps the row, as much of it as m->want says. False: it is not of the plain kind, or faulty, and
 * nothing has happened. */
bool map_quick_row(struct map_run *r);

#endif
