/* SPDX-License-Identifier: MIT */
/* map_derive_json.h - values out of a cell's JSON */
#ifndef MAP_DERIVE_JSON_H
#define MAP_DERIVE_JSON_H

#include "map_derive.h"

/* A cell is read once for all of its mappings, and is blamed once. */
bool map_derive_json(struct map *m, size_t column, const struct rows_cell *cell,
		     struct liquid_value *out, struct map_cell_fault *fault);
/* a.b[0].c; a name with a dot in it is found, too. What is not there is nil. */
void map_derive_follow(struct liquid_value *v, const char *path);
bool map_derive_nested(const struct rows_cell *cell); /* it looks like an object or a list */
/* A cell that holds a list as JSON. What only looks like one is a text. */
bool map_derive_list(struct map *m, size_t column, const struct rows_cell *cell,
		     struct liquid_value *out);

#endif
