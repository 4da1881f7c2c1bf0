/* SPDX-License-Identifier: MIT */
/* map_compile.h - a document's header becomes a program */
#ifndef MAP_COMPILE_H
#define MAP_COMPILE_H

#include "dropfeed/map.h"
#include "map_manifest.h"

/* Names are unique, but for the columns that append to a list, and those that the manifest, or
 * NULL, ignores. */
enum df_status map_names_check(char *const *names, size_t n, const struct map_manifest *manifest,
			       struct df_err *err) DF_CHECK;
/* The bindings from the columns' names, and all that follows. */
enum df_status map_compile(struct map *m, struct df_err *err) DF_CHECK;

#endif
