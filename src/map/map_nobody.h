/* SPDX-License-Identifier: MIT */
/*
 * map_nobody.h - identities that templates make of nothing
 *
 * C-{{ value }} is C- for everybody whose cell is empty, and a digest of NULL is the same for all:
 * where all that the template takes of the row is empty, or a placeholder, nobody is meant.
 */
#ifndef MAP_NOBODY_H
#define MAP_NOBODY_H

#include "dropfeed/liquid.h"
#include "map_cell.h"

struct map_nobody {
	bool asked;                   /* the template takes something of the row */
	bool somebody;                /* of which one says who is meant */
	struct rows_cell placeholder; /* one that does not, though it is not empty */
};

/* A liquid_scope's takes; ctx: struct map_nobody. */
void map_nobody_takes(void *ctx, const struct liquid_value *v);
/* What was made of nothing becomes empty, and true is returned; of a placeholder, that. */
bool map_nobody_made(const struct map_nobody *nobody, struct rows_cell *made);

#endif
