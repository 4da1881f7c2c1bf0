/* SPDX-License-Identifier: MIT */
/* map_cell.h - typed cells: what is checked, and how it is written */
#ifndef MAP_CELL_H
#define MAP_CELL_H

#include "dropfeed/liquid.h"
#include "dropfeed/map.h"

struct map_cell_fault {
	const char *code;
	char text[224];
};

/* Fills the fault and returns false. */
bool map_cell_refuse(struct map_cell_fault *fault, const char *code, const char *text);
/* The same for a cell that is not JSON. expected: what it should be; read: what of it was read, of
 * which `why` speaks. */
bool map_cell_refuse_json(struct map_cell_fault *fault, const char *expected,
			  const struct liquid_json_fault *why, const struct rows_cell *read);

/* Appends the value as JSON. False: nothing is appended and the fault is filled. Must not be called
 * with an empty cell, nor for SCHEMA_JSON: see map_json.h. */
bool map_cell_emit(const struct map *m, enum schema_type type, const struct schema_field *field,
		   const struct rows_cell *cell, struct df_buf *out, struct map_cell_fault *fault);
/* The same for a point in time, which *ms is as well. */
bool map_cell_instant(const struct map *m, const char *p, size_t len, int64_t *ms,
		      struct df_buf *out, struct map_cell_fault *fault);

#endif
