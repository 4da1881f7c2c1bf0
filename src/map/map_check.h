/* SPDX-License-Identifier: MIT */
/* map_check.h - the feed's defaults, and what a document lacks */
#ifndef MAP_CHECK_H
#define MAP_CHECK_H

#include "dropfeed/map.h"

void map_defaults(struct map *m);
/* With the defaults in place. */
enum df_status map_check(struct map *m, struct df_err *err) DF_CHECK;

#endif
