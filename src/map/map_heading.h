/* SPDX-License-Identifier: MIT */
/* map_heading.h - rows that name columns instead of holding values */
#ifndef MAP_HEADING_H
#define MAP_HEADING_H

#include "dropfeed/map.h"

/* Is the first row of a document a header though the manifest says that there is none? Its cells
 * are paths, two at least, or columns of our own. */
bool map_heading_native(const struct map *m, const struct rows_cell *cells, size_t n);
/* Notes how cells of a header may begin, once the columns are known. */
void map_heading_begin(struct map *m);

#endif
