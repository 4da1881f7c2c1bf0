/* SPDX-License-Identifier: MIT */
/* map_planned.h - a row is held against the feed's data plan */
#ifndef MAP_PLANNED_H
#define MAP_PLANNED_H

#include "map_run.h"

/* After the columns are known. */
void map_planned_begin(struct map *m);
void map_planned_end(struct map *m);
/* Of a row without faults, before its record is handed out: what the plan does not allow is a
 * fault, a warning, or left out, as the feed's plan_action says. */
void map_planned(struct map_run *r);
/* What was found in the latest row, for people: n strings, the caller's. */
char **map_planned_remarks(const struct map *m, size_t *n);
/* Was the value at the path left out of that row? */
bool map_planned_leaves_out(const struct map *m, const char *path);

#endif
