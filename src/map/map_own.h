/* SPDX-License-Identifier: MIT */
/* map_own.h - columns of our own, which come back with rejects that were corrected */
#ifndef MAP_OWN_H
#define MAP_OWN_H

#include "dropfeed/map.h"

/* Notes which of m->names are ours. */
void map_own_find(struct map *m);
/* The same as in another map of the document. */
void map_own_copy(struct map *m, const struct map *from);
/* True when our two cells have moved to the left: the row was too short, and was filled up
 * since. */
bool map_own_moved(const struct map *m, const struct rows_cell *cells);
/* The header of places is read: m->places, and the names of these columns. DF_REJECT: it is not
 * complete. */
enum df_status map_places_find(struct map *m, struct df_err *err) DF_CHECK;
/* True when it is in one cell, as with other separators. */
bool map_places_joined(const struct rows_cell *first);
/* Why the first row does not suit a manifest without a header. DF_REJECT. */
enum df_status map_places_mismatch(const struct map *m, const struct rows_cell *first, size_t n,
				   struct df_err *err) DF_CHECK;
/* The name of place i, from 0: the caller's. */
char *map_place_name(const struct map *m, size_t i);

#endif
