/* SPDX-License-Identifier: MIT */
/* map_columns.h - the header's names, and what it lacks */
#ifndef MAP_COLUMNS_H
#define MAP_COLUMNS_H

#include "dropfeed/map.h"
#include "map_tree.h"

/* The first column of this name, or MAP_NONE. */
size_t map_column_find(const struct map *m, const char *name, size_t len);
/* Indexes the columns' names, once they are all there. */
void map_columns_index(struct map *m);

/* Columns that the manifest wants and the header lacks: all of them make one error. */
struct map_missing {
	const struct map *map;
	struct df_buf text; /* own, until the end */
	const char *first;
	size_t n;
};
void map_missing_add(struct map_missing *missing, const char *name);
/* DF_OK when nothing is missing. */
enum df_status map_missing_end(struct map_missing *missing, struct df_err *err) DF_CHECK;

#endif
