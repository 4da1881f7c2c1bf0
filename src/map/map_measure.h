/* SPDX-License-Identifier: MIT */
/* map_measure.h - what a row comes to, without writing it: see map_want */
#ifndef MAP_MEASURE_H
#define MAP_MEASURE_H

#include "map_placeholder.h"
#include "map_run.h"
#include "map_state.h"

static inline bool map_run_is_padded(const char *p, size_t len)
{
	return p[0] == ' ' || p[0] == '\t' || p[len - 1] == ' ' || p[len - 1] == '\t';
}

/* Does nothing but its type decide what becomes of the cell? False as well of an empty one. */
static inline bool map_run_is_plain(const struct map_run *r, const struct map_op *op)
{
	const struct rows_cell *cell = &r->cells[op->column];
	const struct map_frame *frame = r->frame;
	const char *p = cell->p;
	size_t len = cell->len, kind;
	if (len == 0 || len > MAP_MAX_NAME || (frame->limit != 0 && frame->count >= frame->limit))
		return false;
	if (op->type != SCHEMA_STRING && (p[0] <= ' ' || p[len - 1] <= ' '))
		return false;
	if (op->flags & SCHEMA_ID)
		return !r->m->guards_ids ||
		       ((!map_placeholder_may(r->m->placeholders, p, len) ||
			 !(map_run_is_padded(p, len) || map_placeholder(p, len, &kind))) &&
			!map_unseen_end(p, len));
	return !map_null_marker_may(p, len) || !map_null_marker(p, len, &kind);
}

/* Is the row sound for sure? Then nothing has to be written to know it. */
bool map_run_is_sound(struct map_run *r);
/* Puts the length of the row's data into the record. False: the data has to be written. */
bool map_run_measures(struct map_run *r);

#endif
