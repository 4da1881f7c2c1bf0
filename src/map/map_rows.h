/* SPDX-License-Identifier: MIT */
/* map_rows.h - what a transformation does with rows before their cells are mapped */
#ifndef MAP_ROWS_H
#define MAP_ROWS_H

#include "dropfeed/rows.h"
#include "map_manifest.h"

struct json_object;
struct map;

struct map_fill {
	size_t column;
	struct df_buf last; /* its cell, in the row above */
	bool lost;          /* no: one that could not be read, or is not here, may have it */
};

struct map_rows {
	size_t *skip; /* own: columns, as the manifest's skips */
	size_t n_skip;
	struct map_fill *down, *by; /* own */
	size_t n_down, n_by;
	bool begun;              /* there is a row above */
	bool lost;               /* it could not be read, or is not here */
	struct rows_cell *cells; /* own: the row's, filled */
	size_t unknown; /* column of a cell that what is lost belongs in, 1-based; 0: none */
};

enum df_status map_rows_read(struct json_object *root, struct map_manifest *out,
			     struct df_err *err) DF_CHECK;
void map_rows_free(struct map_manifest *manifest);
/* The columns that skipping and filling read: marked in `reached`. */
enum df_status map_rows_bind(struct map *m, bool *reached, struct df_err *err) DF_CHECK;
void map_rows_end(struct map *m);
/* The cells with those from above in place of empty ones; borrowed until the next row. */
const struct rows_cell *map_rows_fill(struct map *m, const struct rows_cell *cells);
/* The row above cannot be read. */
void map_rows_lose(struct map *m);
bool map_rows_skip(const struct map *m, const struct rows_cell *cells);

#endif
