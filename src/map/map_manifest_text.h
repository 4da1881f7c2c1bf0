/* SPDX-License-Identifier: MIT */
/* map_manifest_text.h - a manifest's JSON, and where in it something is */
#ifndef MAP_MANIFEST_TEXT_H
#define MAP_MANIFEST_TEXT_H

#include "dropfeed/base.h"

struct json_object;

/* DF_USAGE: it is not JSON with comments, or not an object. *out is the caller's. */
enum df_status map_manifest_json(const char *text, struct json_object **out,
				 struct df_err *err) DF_CHECK;
/* Names line and column of an entry, or (0) of the manifest's own member `key`, in an error that
 * is set. */
void map_manifest_place(const char *text, size_t entry, const char *key, struct df_err *err);

#endif
