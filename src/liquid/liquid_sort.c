/* SPDX-License-Identifier: MIT */
/* Liquid's filters sort and sort_natural: a stable merge, nil at the end. */
#include "liquid_items.h"

#include <ctype.h>

static bool compare_values(struct liquid_run *run, const struct liquid_value *a,
			   const struct liquid_value *b, int *out)
{
	bool numbers = (a->type == LIQUID_INT || a->type == LIQUID_FLOAT) &&
		       (b->type == LIQUID_INT || b->type == LIQUID_FLOAT);
	if (numbers) {
		*out = liquid_compare_numbers(a, b);
	} else if (a->type == LIQUID_STRING && b->type == LIQUID_STRING) {
		size_t n = a->len < b->len ? a->len : b->len;
		*out = n > 0 ? memcmp(a->p, b->p, n) : 0;
		if (*out == 0)
			*out = (a->len > b->len) - (a->len < b->len);
	} else if (a->type == LIQUID_NIL || b->type == LIQUID_NIL) {
		*out = (a->type == LIQUID_NIL) - (b->type == LIQUID_NIL); /* to the end */
	} else if (liquid_equal(a, b)) {
		*out = 0;
	} else {
		return liquid_fail(run->fault,
				   "the list's values cannot be compared with each other");
	}
	return true;
}

static bool compare_natural(struct liquid_run *run, const struct liquid_value *a,
			    const struct liquid_value *b, int *out)
{
	struct liquid_value x, y;
	if (a->type == LIQUID_NIL || b->type == LIQUID_NIL) {
		*out = (a->type == LIQUID_NIL) - (b->type == LIQUID_NIL);
		return true;
	}
	if (!liquid_to_s(run, a, &x) || !liquid_to_s(run, b, &y))
		return false;
	for (size_t i = 0; i < x.len && i < y.len; i++) {
		*out = tolower((unsigned char)x.p[i]) - tolower((unsigned char)y.p[i]);
		if (*out != 0)
			return true;
	}
	*out = (x.len > y.len) - (x.len < y.len);
	return true;
}

struct keyed {
	struct liquid_value key, item;
};

static bool merge(struct liquid_call *c, struct keyed *v, struct keyed *spare, size_t n)
{
	size_t half = n / 2, i = 0, k = half, at = 0;
	if (n < 2)
		return true;
	if (!merge(c, v, spare, half) || !merge(c, v + half, spare, n - half))
		return false;
	while (i < half || k < n) {
		int order = i < half ? -1 : 1;
		if (!liquid_work(c->run->arena, 1))
			return liquid_exhausted(c->run);
		if (i < half && k < n &&
		    !(c->variant ? compare_natural : compare_values)(c->run, &v[i].key, &v[k].key,
								     &order))
			return false;
		spare[at++] = order <= 0 ? v[i++] : v[k++];
	}
	memcpy(v, spare, n * sizeof(*v));
	return true;
}

bool liquid_sort(struct liquid_call *c)
{
	struct liquid_items items;
	if (!liquid_items_in(c, &items))
		return false;
	struct keyed *v = liquid_take(c->run->arena, 2 * items.n * sizeof(*v) + 1);
	if (v == NULL)
		return liquid_exhausted(c->run);

	for (size_t i = 0; i < items.n; i++) {
		bool indexed = true;
		v[i].item = v[i].key = items.v[i];
		if (liquid_has_property(c) &&
		    !liquid_item_property(c->run, &items.v[i], &c->args[0], &indexed, &v[i].key))
			return false;
		if (!indexed)
			return true; /* nil */
	}
	if (!merge(c, v, v + items.n, items.n))
		return false;
	for (size_t i = 0; i < items.n; i++)
		items.v[i] = v[i].item;
	c->out = liquid_items_array(&items);
	return true;
}
