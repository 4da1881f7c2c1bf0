/* SPDX-License-Identifier: MIT */
/* map_row.h - a row is mapped, and each step is observed */
#ifndef MAP_ROW_H
#define MAP_ROW_H

#include "dropfeed/map.h"
#include "map_program.h"

/* Is called after each op while a row is mapped. */
struct map_seen {
	const struct map_op *op;
	const struct df_buf *out;
	size_t out_before, deleted_before, faults_before; /* lengths before the op ran */
};
struct map_watch {
	void (*op)(struct map_watch *watch, const struct map_seen *seen);
};
enum df_status map_row_watched(struct map *m, const struct rows_cell *cells, size_t n,
			       struct map_record *record, struct map_watch *watch) DF_CHECK;

#endif
