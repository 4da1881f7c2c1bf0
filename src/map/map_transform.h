/* SPDX-License-Identifier: MIT */
/* map_transform.h - the vendor's field transformations */
#ifndef MAP_TRANSFORM_H
#define MAP_TRANSFORM_H

#include "map_bindings.h"
#include "map_manifest.h"

struct json_object;
struct map;

/* Checks keys, types and destinations. map_transform.c */
enum df_status map_transform_read(struct json_object *root, const struct schema_event *event,
				  struct map_manifest *out, struct df_err *err) DF_CHECK;
/* What the manifest makes of the header: bindings, and which columns are thereby dealt with.
 * map_transform_bind.c */
enum df_status map_transform_bind(struct map *m, struct map_bindings *out, bool *done,
				  struct df_err *err) DF_CHECK;
bool map_transform_ignores(const struct map_manifest *manifest, const char *name);

#endif
