/* SPDX-License-Identifier: MIT */
/* map_manifest_read.h - what the readers of both kinds of manifest share */
#ifndef MAP_MANIFEST_READ_H
#define MAP_MANIFEST_READ_H

#include "map_manifest.h"

struct json_object;

/* Fills by_source, next and patterns. */
void map_manifest_index(struct map_manifest *manifest);

/* Member of an entry that has to be a string; *out is NULL where it is absent and not
 * `required`. */
enum df_status map_manifest_string(struct json_object *entry, size_t number, const char *key,
				   bool required, const char **out, struct df_err *err) DF_CHECK;
/* Refuses members other than the NULL-terminated `known`. number 0: the manifest's top. */
enum df_status map_manifest_keys(struct json_object *object, size_t number,
				 const char *const *known, struct map_manifest *manifest,
				 struct df_err *err) DF_CHECK;
enum df_status map_manifest_field(const struct schema_event *event, size_t number, const char *key,
				  const char *field, struct df_err *err) DF_CHECK;

/* An array of objects. */
enum df_status map_manifest_list(struct json_object *root, const char *key,
				 struct json_object **out, struct map_manifest *manifest,
				 struct df_err *err) DF_CHECK;
enum df_status map_manifest_distinct(struct map_manifest *manifest,
				     const struct schema_event *event, struct df_err *err) DF_CHECK;

#endif
