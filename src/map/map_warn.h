/* SPDX-License-Identifier: MIT */
/* map_warn.h - what a document warns of */
#ifndef MAP_WARN_H
#define MAP_WARN_H

#include "dropfeed/map.h"

#define MAP_MAX_WARNINGS 64u

void map_warn(struct map *m, const char *code, const char *fmt, ...) DF_PRINTF(3, 4);

#endif
