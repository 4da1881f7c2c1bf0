/* SPDX-License-Identifier: MIT */
/* map_values.h - values that are replaced by those which the manifest lists */
#ifndef MAP_VALUES_H
#define MAP_VALUES_H

#include "map_cell.h"
#include "map_manifest.h"

struct json_object;

enum df_status map_values_read(struct json_object *json, size_t number, struct map_entry *out,
			       struct df_err *err) DF_CHECK;
void map_values_free(struct map_entry *e);
/* What the manifest has in place of the value. False: it has nothing, and that is a fault. */
bool map_values_apply(const struct map_entry *e, struct rows_cell *cell,
		      struct map_cell_fault *fault);

#endif
