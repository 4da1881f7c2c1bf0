/* SPDX-License-Identifier: MIT */
/* A value of our own JSON, which is known to be good, against a schema. All that is wrong is
 * found, not the first alone. */
#include "plan_checker.h"

#include <stdio.h>

static struct json_text string_at(struct df_buf *scratch, const char *p, const char *end)
{
	return json_decode(scratch, (struct json_text){p, (size_t)(end - p)});
}

/* Anything but an object or a list; returns its end. */
static const char *read_scalar(struct plan_checker *c, const char *p, struct plan_scalar *v)
{
	const char *end;
	if (*p == '"') {
		v->type = PLAN_STRING;
		end = json_string_end(p, c->end);
		struct json_text text = string_at(&c->string, p, end);
		v->p = text.p;
		v->len = text.len;
		v->number = !c->strict && plan_scalar_is_number(v->p, v->len);
		v->truth = !c->strict && plan_is_truth(v->p, v->len);
		return end;
	}
	end = json_value_end(p, c->end);
	v->p = p;
	v->len = (size_t)(end - p);
	v->type = *p == 't' || *p == 'f' ? PLAN_BOOLEAN : *p == 'n' ? PLAN_NULL : PLAN_NUMBER;
	v->number = v->type == PLAN_NUMBER;
	v->truth = v->type == PLAN_BOOLEAN;
	return end;
}

/* Numbers and booleans count as strings, as these count as numbers. */
static bool may_be_text(const struct plan_checker *c, const struct plan_node *node, char first)
{
	bool any = node->types == 0 || (node->types & PLAN_STRING) != 0;
	return any && !node->constant.set && !node->choice.set && node->pattern == NULL &&
	       node->format == PLAN_FORMAT_NONE && !node->has_min_length && !node->has_max_length &&
	       !node->minimum.set && !node->maximum.set && !node->above.set && !node->below.set &&
	       (first == '"' || (!c->strict && first != '{' && first != '[' && first != 'n'));
}

/* ---- objects and lists ---- */

static void missing(struct plan_checker *c, const char *name, size_t len)
{
	struct plan_finding *f = plan_finding_add(c, false, name, len);
	if (f == NULL)
		return;
	f->missing = true;
	snprintf(f->text, sizeof(f->text), "it is required, and is not there");
}

static bool has_member(struct plan_checker *c, const char *p, const char *name, size_t len)
{
	for (p++; *p != '}';) {
		const char *end = json_string_end(p, c->end);
		struct json_text key = string_at(&c->key, p, end);
		if (key.len == len && memcmp(key.p, name, len) == 0)
			return true;
		p = json_value_end(end + 1, c->end);
		p += *p == ',';
	}
	return false;
}

/* One is missing at least: which? */
static void check_required(struct plan_checker *c, const struct plan_node *node, const char *p)
{
	const struct plan_property *prop = node->properties;
	for (const struct plan_property *end = prop + node->n_properties; prop < end; prop++) {
		if (prop->required && !has_member(c, p, prop->name, prop->len))
			missing(c, prop->name, prop->len);
	}
}

/* Members mostly come in the same order: the nth one is what it was the last time. */
static const struct plan_property *node_property(struct plan_checker *c,
						 const struct plan_node *node, size_t nth,
						 const char *key, size_t len)
{
	if (node->n_properties == 0)
		return NULL;
	uint32_t *memo = &c->memo[node->memo + nth % node->n_properties];
	const struct plan_property *prop = &node->properties[*memo];
	if (prop->len == len && memcmp(prop->name, key, len) == 0)
		return prop;
	size_t i = df_index_find(node->by_name, key, len);
	if (i == DF_INDEX_NONE)
		return NULL;
	*memo = (uint32_t)i;
	return &node->properties[i];
}

static void unplanned(struct plan_checker *c, const char *key, size_t len, const char *from,
		      const char *to)
{
	struct plan_finding *f = plan_finding_add(c, true, key, len);
	if (f == NULL)
		return;
	f->from = (size_t)(from - c->base);
	f->to = (size_t)(to - c->base);
	snprintf(f->text, sizeof(f->text), "it is not planned");
}

static const char *check_below(struct plan_checker *c, const struct plan_node *node,
			       struct plan_step step, const char *p)
{
	if (may_be_text(c, node, *p))
		return json_value_end(p, c->end);
	if (c->depth == PLAN_MAX_DEPTH)
		return json_value_end(p, c->end);
	c->steps[c->depth++] = step;
	p = plan_value_check(c, node, p);
	c->depth--;
	return p;
}

static const char *check_object(struct plan_checker *c, const struct plan_node *node,
				const char *open)
{
	size_t required = 0, nth = 0;
	const char *p = open + 1;
	while (*p != '}') {
		const char *from = p, *end = json_string_end(p, c->end);
		struct json_text key = string_at(&c->key, p, end);
		const struct plan_property *prop = node_property(c, node, nth++, key.p, key.len);
		required += prop != NULL && prop->required;
		/* after the scratch buffer is used again, the key is as it is written */
		struct plan_step step = {.key = from + 1, .len = (size_t)(end - from - 2)};
		p = end + 1;
		if (prop != NULL && prop->node != NULL) {
			p = check_below(c, prop->node, step, p);
		} else if (node->additional != NULL) {
			p = check_below(c, node->additional, step, p);
		} else {
			p = json_value_end(p, c->end);
			if (node->closed)
				unplanned(c, step.key, step.len, from, p);
		}
		p += *p == ',';
	}

	if (required < node->n_required)
		check_required(c, node, open);
	return p + 1;
}

static const char *check_list(struct plan_checker *c, const struct plan_node *node, const char *p)
{
	size_t i = 0;
	for (p++; *p != ']'; i++) {
		p = node->items != NULL
			? check_below(c, node->items, (struct plan_step){.index = i}, p)
			: json_value_end(p, c->end);
		p += *p == ',';
	}
	return p + 1;
}

const char *plan_value_check(struct plan_checker *c, const struct plan_node *node, const char *p)
{
	if (*p == '{' || *p == '[') {
		enum plan_type type = *p == '{' ? PLAN_OBJECT : PLAN_ARRAY;
		if (node->types != 0 && (node->types & type) == 0) {
			plan_scalar_wrong_type(c, node);
			return json_value_end(p, c->end);
		}
		plan_scalar_choices(c, node, &(struct plan_scalar){.type = type, .p = p});
		return type == PLAN_OBJECT ? check_object(c, node, p) : check_list(c, node, p);
	}
	struct plan_scalar v = {0};
	const char *end = read_scalar(c, p, &v);
	plan_scalar_check(c, node, &v);
	return end;
}
