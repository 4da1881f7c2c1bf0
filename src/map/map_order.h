/* SPDX-License-Identifier: MIT */
/* map_order.h - which order's total a purchase states */
#ifndef MAP_ORDER_H
#define MAP_ORDER_H

#include "dropfeed/map.h"

/* Finds the columns that say so, once the document's columns are bound. */
void map_order_begin(struct map *m);
/* Sets the record's order and order_total. cells: of the row, the derived ones after them. */
void map_order_note(const struct map *m, const struct rows_cell *cells, struct map_record *record);

#endif
