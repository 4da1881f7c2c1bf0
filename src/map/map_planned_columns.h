/* SPDX-License-Identifier: MIT */
/*
 * map_planned_columns.h - what a document's columns leave of a data plan to be checked in its rows
 *
 * When the header is read, each column's place in the plan is looked up. Columns that the plan does
 * not constrain cost a row nothing; for the others the cell decides whether the row is clean. A row
 * that is not clean for sure is checked as it is written, by map_planned.c, which knows what is
 * wrong.
 */
#ifndef MAP_PLANNED_COLUMNS_H
#define MAP_PLANNED_COLUMNS_H

#include "map_run.h"

struct map_planned_columns;

/* The caller's. */
struct map_planned_columns *map_planned_columns_new(const struct map *m);
void map_planned_columns_free(struct map_planned_columns *p);
/* Does the data plan allow the row for sure? */
bool map_planned_clean(const struct map_run *r);

#endif
