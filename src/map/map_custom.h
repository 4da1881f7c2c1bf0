/* SPDX-License-Identifier: MIT */
/* map_custom.h - the hosted feed's own manifest */
#ifndef MAP_CUSTOM_H
#define MAP_CUSTOM_H

#include "map_bindings.h"
#include "map_manifest.h"

struct json_object;
struct map;

/* Checks keys, types and destinations. */
enum df_status map_custom_read(struct json_object *root, const struct schema_event *event,
			       struct map_manifest *out, struct df_err *err) DF_CHECK;
/* What the manifest makes of the header: bindings, and which columns are thereby dealt with. */
enum df_status map_custom_bind(const struct map *m, struct map_bindings *out, bool *done,
			       struct df_err *err) DF_CHECK;
bool map_custom_ignores(const struct map_manifest *manifest, const char *name);

#endif
