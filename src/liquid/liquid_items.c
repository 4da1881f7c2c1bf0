/* SPDX-License-Identifier: MIT */
#include "liquid_items.h"

#define MAX_ITEMS 100000

bool liquid_items_add(struct liquid_run *run, struct liquid_items *items,
		      const struct liquid_value *v)
{
	if (items->n == items->cap) {
		size_t cap = items->cap == 0 ? 8 : items->cap * 2;
		struct liquid_value *more =
		    cap <= MAX_ITEMS ? liquid_take(run->arena, cap * sizeof(*more)) : NULL;
		if (more == NULL)
			return liquid_exhausted(run);
		if (items->n > 0)
			memcpy(more, items->v, items->n * sizeof(*more));
		items->v = more;
		items->cap = cap;
	}
	items->v[items->n++] = *v;
	return liquid_work(run->arena, 1) || liquid_exhausted(run);
}

bool liquid_items_add_all(struct liquid_run *run, struct liquid_items *items,
			  const struct liquid_value *v)
{
	if (v->type == LIQUID_ARRAY) {
		for (size_t i = 0; i < v->array.n; i++) {
			bool nested = v->array.v[i].type == LIQUID_ARRAY;
			if (nested ? !liquid_items_add_all(run, items, &v->array.v[i])
				   : !liquid_items_add(run, items, &v->array.v[i]))
				return false;
		}
		return true;
	}
	if (v->type == LIQUID_RANGE) {
		struct liquid_value item = liquid_int(v->range.first);
		for (bool more = item.i <= v->range.last; more; more = item.i++ < v->range.last)
			if (!liquid_items_add(run, items, &item))
				return false;
		return true;
	}
	return v->type == LIQUID_NIL || liquid_items_add(run, items, v);
}

bool liquid_items_in(struct liquid_call *c, struct liquid_items *items)
{
	memset(items, 0, sizeof(*items));
	return liquid_items_add_all(c->run, items, &c->in);
}

struct liquid_value liquid_items_array(const struct liquid_items *items)
{
	return (struct liquid_value){.type = LIQUID_ARRAY, .array = {items->v, items->n}};
}

bool liquid_item_property(struct liquid_run *run, const struct liquid_value *item,
			  const struct liquid_value *property, bool *indexed,
			  struct liquid_value *out)
{
	memset(out, 0, sizeof(*out));
	*indexed =
	    item->type == LIQUID_OBJECT || item->type == LIQUID_STRING || item->type == LIQUID_INT;
	if (item->type == LIQUID_OBJECT) {
		const struct liquid_value *member =
		    property->type == LIQUID_STRING
			? liquid_member_of(item, property->p, property->len)
			: NULL;
		if (member != NULL)
			*out = *member;
		return true;
	}

	if (item->type == LIQUID_STRING && property->type == LIQUID_STRING) {
		if (property->len == 0 ||
		    (item->len > 0 && memmem(item->p, item->len, property->p, property->len)))
			*out = *property;
		return true;
	}
	return !*indexed || liquid_fail(run->fault, "an item of the list has no properties");
}

bool liquid_has_property(const struct liquid_call *c)
{
	return c->n > 0 && c->args[0].type != LIQUID_NIL;
}
