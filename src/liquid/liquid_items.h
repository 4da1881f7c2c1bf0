/* SPDX-License-Identifier: MIT */
/* liquid_items.h - the items that a list filter goes through, and their order */
#ifndef LIQUID_ITEMS_H
#define LIQUID_ITEMS_H

#include "liquid_priv.h"

struct liquid_items { /* in the arena */
	struct liquid_value *v;
	size_t n, cap;
};

bool liquid_items_add(struct liquid_run *run, struct liquid_items *items,
		      const struct liquid_value *v);
/* What Liquid goes through when it is given `v`: a list's items, those of lists within it as
 * well; nothing for nil; else the value itself. */
bool liquid_items_add_all(struct liquid_run *run, struct liquid_items *items,
			  const struct liquid_value *v);
/* Those of the call's input. */
bool liquid_items_in(struct liquid_call *c, struct liquid_items *items);
struct liquid_value liquid_items_array(const struct liquid_items *items);

/* Ruby's item[property]. *indexed is false for what cannot be indexed. */
bool liquid_item_property(struct liquid_run *run, const struct liquid_value *item,
			  const struct liquid_value *property, bool *indexed,
			  struct liquid_value *out);
bool liquid_has_property(const struct liquid_call *c); /* the first argument */

/* liquid_sort.c: the filters sort and sort_natural, which is variant 1. */
bool liquid_sort(struct liquid_call *c);

#endif
