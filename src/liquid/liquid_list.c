/* SPDX-License-Identifier: MIT */
/* Liquid's filters of lists, and those that take a list or a string. */
#include "liquid_items.h"

/* ---- choosing ---- */

static bool where(struct liquid_call *c)
{
	struct liquid_items items, kept = {0};
	if (!liquid_items_in(c, &items))
		return false;
	for (size_t i = 0; i < items.n; i++) {
		struct liquid_value found;
		bool indexed;
		if (!liquid_item_property(c->run, &items.v[i], &c->args[0], &indexed, &found))
			return false;
		if (!indexed)
			return true; /* nil */
		bool same = c->args[1].type == LIQUID_NIL ? liquid_truthy(&found)
							  : liquid_equal(&found, &c->args[1]);
		if (same && !liquid_items_add(c->run, &kept, &items.v[i]))
			return false;
	}
	c->out = liquid_items_array(&kept);
	return true;
}

enum choice { COMPACT, UNIQ };

struct seen { /* keys by their hashes: open addressing, never more than half full */
	const struct liquid_value **slots;
	size_t mask;
};

static bool seen_open(struct liquid_run *run, size_t n, struct seen *out)
{
	size_t size = 16;
	while (size < 2 * n)
		size *= 2;
	out->mask = size - 1;
	out->slots = liquid_take(run->arena, size * sizeof(*out->slots));
	if (out->slots == NULL || !liquid_work(run->arena, size / 16))
		return liquid_exhausted(run);
	memset(out->slots, 0, size * sizeof(*out->slots));
	return true;
}

/* Adds the key, which has to stay where it is, unless an equal one is there already. */
static bool seen_before(struct liquid_call *c, struct seen *seen, const struct liquid_value *key,
			bool *before)
{
	size_t at = (size_t)liquid_hash(key) & seen->mask;
	size_t n = key->type == LIQUID_OBJECT ? key->object.n : 0;
	size_t cost = key->type == LIQUID_STRING ? key->len / 16 : n < 64 ? n : n * n / 64;
	for (; seen->slots[at] != NULL; at = (at + 1) & seen->mask) {
		*before = liquid_equal(seen->slots[at], key);
		if (!liquid_work(c->run->arena, 1 + cost))
			return liquid_exhausted(c->run);
		if (*before)
			return true;
	}
	seen->slots[at] = key;
	*before = false;
	return true;
}

static bool choose(struct liquid_call *c)
{
	struct liquid_items items, kept = {0};
	struct seen seen = {0};
	if (!liquid_items_in(c, &items))
		return false;
	struct liquid_value *keys = liquid_take(c->run->arena, items.n * sizeof(*keys) + 1);
	if (keys == NULL)
		return liquid_exhausted(c->run);
	if (c->variant != COMPACT && !seen_open(c->run, items.n, &seen))
		return false;

	for (size_t i = 0; i < items.n; i++) {
		struct liquid_value *key = &keys[i];
		*key = items.v[i];
		bool indexed = true, leave = false;
		if (liquid_has_property(c) &&
		    !liquid_item_property(c->run, &items.v[i], &c->args[0], &indexed, key))
			return false;
		if (!indexed)
			return true; /* nil */
		if (c->variant == COMPACT)
			leave = key->type == LIQUID_NIL;
		else if (!seen_before(c, &seen, key, &leave))
			return false;
		if (leave)
			continue;
		if (!liquid_items_add(c->run, &kept, &items.v[i]))
			return false;
	}
	c->out = liquid_items_array(&kept);
	return true;
}

static bool map_property(struct liquid_call *c)
{
	struct liquid_items items;
	if (!liquid_items_in(c, &items))
		return false;
	for (size_t i = 0; i < items.n; i++) {
		struct liquid_value found;
		bool indexed;
		if (!liquid_item_property(c->run, &items.v[i], &c->args[0], &indexed, &found))
			return false;
		items.v[i] = found;
	}
	c->out = liquid_items_array(&items);
	return true;
}

static bool sum(struct liquid_call *c)
{
	struct liquid_items items, values = {0};
	if (!liquid_items_in(c, &items))
		return false;
	for (size_t i = 0; i < items.n; i++) {
		struct liquid_value found = items.v[i];
		bool indexed;
		if (liquid_has_property(c) &&
		    !liquid_item_property(c->run, &items.v[i], &c->args[0], &indexed, &found))
			return false;
		if (!liquid_items_add_all(c->run, &values, &found))
			return false;
	}
	return liquid_sum_numbers(c->run, values.v, values.n, &c->out);
}

static bool reverse(struct liquid_call *c)
{
	struct liquid_items items;
	if (!liquid_items_in(c, &items))
		return false;
	for (size_t i = 0; i < items.n / 2; i++) {
		struct liquid_value v = items.v[i];
		items.v[i] = items.v[items.n - 1 - i];
		items.v[items.n - 1 - i] = v;
	}
	c->out = liquid_items_array(&items);
	return true;
}

static bool concat(struct liquid_call *c)
{
	struct liquid_items items;
	if (c->args[0].type != LIQUID_ARRAY)
		return liquid_fail(c->run->fault, "concat takes a list");
	if (!liquid_items_in(c, &items))
		return false;
	for (size_t i = 0; i < c->args[0].array.n; i++)
		if (!liquid_items_add(c->run, &items, &c->args[0].array.v[i]))
			return false;
	c->out = liquid_items_array(&items);
	return true;
}

static bool join(struct liquid_call *c)
{
	struct liquid_items items;
	struct liquid_value glue = liquid_string(" ", 1);
	size_t len = 0, n = 0;
	if (!liquid_items_in(c, &items) || (c->n > 0 && !liquid_to_s(c->run, &c->args[0], &glue)))
		return false;
	for (size_t i = 0; i < items.n; i++) {
		struct liquid_value item = items.v[i];
		if (!liquid_to_s(c->run, &item, &items.v[i]))
			return false;
		/* both are bounded: this does not overflow */
		len += items.v[i].len + (i > 0 ? glue.len : 0);
	}
	char *p = liquid_text(c->run, len);
	if (p == NULL)
		return false;

	for (size_t i = 0; i < items.n; i++) {
		if (i > 0 && glue.len > 0)
			memcpy(p + n, glue.p, glue.len);
		n += i > 0 ? glue.len : 0;
		if (items.v[i].len > 0)
			memcpy(p + n, items.v[i].p, items.v[i].len);
		n += items.v[i].len;
	}
	c->out = liquid_string(p, len);
	return true;
}

/* ---- of lists and strings ---- */

static bool slice(struct liquid_call *c)
{
	struct liquid_value in;
	int64_t from, n = 1;
	bool list = c->in.type == LIQUID_ARRAY;
	if (!liquid_to_integer(c->run, &c->args[0], &from) ||
	    (liquid_truthy(&c->args[1]) && !liquid_to_integer(c->run, &c->args[1], &n)) ||
	    (!list && !liquid_to_s(c->run, &c->in, &in)))
		return false;

	int64_t size = (int64_t)(list ? c->in.array.n : liquid_chars(in.p, in.len));
	if (from < 0)
		from = from < -size ? size : from + size; /* too far before the start: nothing */
	if (from > size || n < 0) {
		from = size;
		n = 0;
	}
	if (n > size - from)
		n = size - from;
	if (list) {
		c->out = c->in;
		c->out.p = NULL;
		c->out.array.v = n > 0 ? c->in.array.v + from : NULL;
		c->out.array.n = (size_t)n;
		return true;
	}
	size_t at = liquid_offset(in.p, in.len, (size_t)from);
	c->out = liquid_string(in.p != NULL ? in.p + at : "",
			       in.p != NULL ? liquid_offset(in.p + at, in.len - at, (size_t)n) : 0);
	return true;
}

enum end { HEAD, TAIL };

/* A member of an object is a pair; only its first one is reachable. */
static bool head_pair(struct liquid_run *run, const struct liquid_value *object,
		      struct liquid_value *out)
{
	struct liquid_value *pair = liquid_take(run->arena, 2 * sizeof(*pair));
	if (pair == NULL)
		return liquid_exhausted(run);
	pair[0] = liquid_string(object->object.v[0].key, object->object.v[0].key_len);
	pair[1] = object->object.v[0].value;
	*out = (struct liquid_value){.type = LIQUID_ARRAY, .array = {pair, 2}};
	return true;
}

static bool end_of(struct liquid_call *c)
{
	const struct liquid_value *in = &c->in;
	bool head = c->variant == HEAD;
	if (in->type == LIQUID_ARRAY && in->array.n > 0)
		c->out = in->array.v[head ? 0 : in->array.n - 1];
	else if (in->type == LIQUID_RANGE)
		c->out = liquid_int(head ? in->range.first : in->range.last);
	else if (in->type == LIQUID_OBJECT && in->object.n > 0 && head)
		return head_pair(c->run, in, &c->out);
	else if (in->type == LIQUID_STRING && head)
		c->out = liquid_string(in->p, liquid_offset(in->p, in->len, 1));
	else if (in->type == LIQUID_STRING) {
		size_t n = liquid_chars(in->p, in->len),
		       at = n > 0 ? liquid_offset(in->p, in->len, n - 1) : 0;
		c->out = liquid_string(in->len > 0 ? in->p + at : "", in->len - at);
	}
	return true;
}

static bool size(struct liquid_call *c)
{
	const struct liquid_value *in = &c->in;
	int64_t n = 0;
	if (in->type == LIQUID_ARRAY)
		n = (int64_t)in->array.n;
	else if (in->type == LIQUID_OBJECT)
		n = (int64_t)in->object.n;
	else if (in->type == LIQUID_STRING)
		n = (int64_t)liquid_chars(in->p, in->len);
	else if (in->type == LIQUID_RANGE && in->range.last >= in->range.first &&
		 (__builtin_sub_overflow(in->range.last, in->range.first, &n) ||
		  __builtin_add_overflow(n, 1, &n)))
		return liquid_exhausted(c->run);
	else if (in->type == LIQUID_INT)
		n = 8; /* its bytes: so Ruby says, and Liquid with it */
	c->out = liquid_int(n);
	return true;
}

static bool or_default(struct liquid_call *c)
{
	bool none = c->allow_false ? c->in.type == LIQUID_NIL : !liquid_truthy(&c->in);
	c->out = !none && !liquid_is_empty(&c->in) ? c->in
		 : c->n > 0                        ? c->args[0]
						   : liquid_string("", 0);
	return true;
}

const struct liquid_filter liquid_list_filters[] = {
    {"compact", choose, 0, 1, COMPACT},
    {"concat", concat, 1, 1, 0},
    {"default", or_default, 0, 1, 0},
    {"first", end_of, 0, 0, HEAD},
    {"join", join, 0, 1, 0},
    {"last", end_of, 0, 0, TAIL},
    {"map", map_property, 1, 1, 0},
    {"reverse", reverse, 0, 0, 0},
    {"size", size, 0, 0, 0},
    {"slice", slice, 1, 2, 0},
    {"sort", liquid_sort, 0, 1, 0},
    {"sort_natural", liquid_sort, 0, 1, 1},
    {"sum", sum, 0, 1, 0},
    {"uniq", choose, 0, 1, UNIQ},
    {"where", where, 1, 2, 0},
    {NULL, NULL, 0, 0, 0},
};

bool liquid_takes_list(const struct liquid_filter *f)
{
	bool here =
	    f >= liquid_list_filters &&
	    f < liquid_list_filters + sizeof(liquid_list_filters) / sizeof(liquid_list_filters[0]);
	return here && f->call != or_default;
}
