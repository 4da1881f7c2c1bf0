/* SPDX-License-Identifier: MIT */
/* map_run.h - a row on its way through the ops: what map_row.c, map_ops.c and others share */
#ifndef MAP_RUN_H
#define MAP_RUN_H

#include "dropfeed/map.h"
#include "map_program.h"

struct map_cell_fault;
struct map_frame;
struct map_watch;

struct map_run {
	struct map *m;
	const struct rows_cell *cells;
	size_t n_simple; /* see rows_row */
	size_t
	    length; /* of the row's bytes, which is not less than that of its cells; 0: not known */
	struct map_record *record;
	struct df_buf *out;
	struct map_frame *frame;
	bool identified;            /* an ID's cell has a value, a faulty one perhaps */
	bool nameless;              /* a template made an ID of nothing */
	struct spread_name **names; /* that spreads have written so far, in lists; NULL: none */
	struct map_watch *watch;    /* or NULL */
};

/* Notes what is wrong with the cell of this column (0-based, or MAP_NONE). */
void map_run_fault(struct map_run *r, const char *code, size_t column, const char *fmt, ...)
    DF_PRINTF(4, 5);
/* The API's limits for a value's length, and for the members of the object around. False: that
 * is a fault, or it is left out. */
bool map_run_fits(struct map_run *r, const struct map_op *op, struct rows_cell *cell);
bool map_run_has_room(struct map_run *r, const struct map_op *op);
/* A comma, where something came before. */
void map_run_separate(struct map_run *r);

/* The event's time: noted in the record, and written. False: it is faulty. */
bool map_run_event_time(struct map_run *r, const char *p, size_t len, struct df_buf *out,
			struct map_cell_fault *fault);

/* Cells that hold JSON and bring more than one value: map_row_json.c */

/* The members of an object, into the object around. */
void map_run_spread(struct map_run *r, const struct map_op *op);
/* The entries of a list, into the list around. False: it is not a list, but an entry itself. */
bool map_run_items(struct map_run *r, const struct map_op *op, const struct rows_cell *cell);

#endif
