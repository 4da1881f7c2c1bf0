/* SPDX-License-Identifier: MIT */
/* Runs a compiled template. */
#include "liquid_tree.h"

#include <limits.h>
#include <strings.h>

static const struct liquid_filter *const tables[] = {liquid_text_filters, liquid_list_filters,
						     liquid_number_filters};

#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

const struct liquid_filter *liquid_filter_find(const char *name, size_t len)
{
	for (size_t i = 0; i < N_TABLES; i++)
		for (const struct liquid_filter *f = tables[i]; f->name != NULL; f++)
			if (strlen(f->name) == len && memcmp(f->name, name, len) == 0)
				return f;
	return NULL;
}

/* What other languages call a filter: these are not a matter of spelling. */
static const char *known_elsewhere(const char *name, size_t len)
{
	static const char *const words[][2] = {
	    {"lower", "downcase"},    {"lowercase", "downcase"},
	    {"tolower", "downcase"},  {"to_lower", "downcase"},
	    {"upper", "upcase"},      {"uppercase", "upcase"},
	    {"toupper", "upcase"},    {"to_upper", "upcase"},
	    {"trim", "strip"},        {"ltrim", "lstrip"},
	    {"rtrim", "rstrip"},      {"length", "size"},
	    {"len", "size"},          {"substr", "slice"},
	    {"substring", "slice"},   {"strftime", "date"},
	    {"add", "plus"},          {"subtract", "minus"},
	    {"multiply", "times"},    {"multiplied_by", "times"},
	    {"divide", "divided_by"}, {"mod", "modulo"},
	    {"title", "capitalize"},  {"titlecase", "capitalize"},
	    {"coalesce", "default"},  {"ifnull", "default"},
	    {"distinct", "uniq"},     {"unique", "uniq"},
	    {"gsub", "replace"},      {"sha", "sha256"},
	    {"hash", "sha256"},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i][0]) == len && strncasecmp(words[i][0], name, len) == 0)
			return words[i][1];
	return NULL;
}

const char *liquid_filter_near(const char *name, size_t len)
{
	const char *elsewhere = known_elsewhere(name, len);
	if (elsewhere != NULL)
		return elsewhere;
	const char *near = "default";
	unsigned least = UINT_MAX;
	for (size_t i = 0; i < N_TABLES; i++) {
		for (const struct liquid_filter *f = tables[i]; f->name != NULL; f++) {
			unsigned d = df_distance(f->name, strlen(f->name), name, len);
			if (d >= least)
				continue;
			least = d;
			near = f->name;
		}
	}
	return near;
}

static bool evaluate(struct liquid_run *run, const struct liquid_expr *e, struct liquid_value *out);

static bool call_end(struct liquid_run *run, const char *name, struct liquid_value *v)
{
	struct liquid_call c = {.run = run, .in = *v};
	const struct liquid_filter *f = liquid_filter_find(name, strlen(name));
	c.variant = f->variant;
	if (!f->call(&c))
		return false;
	*v = c.out;
	return true;
}

/* v[key], v.key; nil where there is none. */
static bool look_up(struct liquid_run *run, const struct liquid_value *key, bool dotted,
		    struct liquid_value *v)
{
	static const char *const commands[] = {"size", "first", "last"};
	if (v->type == LIQUID_OBJECT && key->type == LIQUID_STRING) {
		const struct liquid_value *member = liquid_member_of(v, key->p, key->len);
		if (member != NULL) {
			*v = *member;
			return true;
		}
	}
	if (v->type == LIQUID_ARRAY && key->type == LIQUID_INT) {
		int64_t n = (int64_t)v->array.n,
			i = key->i < 0 && key->i >= -n ? key->i + n : key->i;
		*v = i >= 0 && i < n ? v->array.v[i] : (struct liquid_value){0};
		return true;
	}

	for (size_t i = 0; dotted && i < 3; i++)
		if (key->len == strlen(commands[i]) && memcmp(key->p, commands[i], key->len) == 0 &&
		    (i > 0 || v->type == LIQUID_ARRAY || v->type == LIQUID_OBJECT ||
		     v->type == LIQUID_STRING || v->type == LIQUID_INT))
			return call_end(run, commands[i], v);
	*v = (struct liquid_value){0};
	return true;
}

static bool look_up_all(struct liquid_run *run, const struct liquid_expr *e,
			struct liquid_value *out)
{
	struct liquid_value name;
	if (!evaluate(run, e->first, &name))
		return false;
	*out = *run->scope->variables;
	if (e->list && run->scope->list != NULL)
		*out = *run->scope->list;
	else if (!look_up(run, &name, false, out))
		return false;
	for (const struct liquid_key *key = e->keys; key != NULL; key = key->next) {
		struct liquid_value k;
		if (!evaluate(run, key->expr, &k) || !look_up(run, &k, key->dotted, out))
			return false;
	}
	return true;
}

static bool bound(struct liquid_run *run, const struct liquid_expr *e, int64_t *out)
{
	struct liquid_value v;
	bool over = false;
	if (!evaluate(run, e, &v))
		return false;
	if (v.type == LIQUID_FLOAT && v.f > -1e15 && v.f < 1e15)
		*out = (int64_t)v.f;
	else if (v.type == LIQUID_STRING)
		*out = liquid_to_i(v.p, v.len, &over);
	else if (v.type == LIQUID_NIL)
		*out = 0;
	else
		return liquid_to_integer(run, &v, out);
	return !over || liquid_fail(run->fault, "an integer is over 64 bits");
}

static bool evaluate(struct liquid_run *run, const struct liquid_expr *e, struct liquid_value *out)
{
	if (e->kind == LIQUID_LITERAL) {
		*out = e->literal;
		return true;
	}
	if (e->kind == LIQUID_LOOKUP) {
		if (!look_up_all(run, e, out))
			return false;
		run->taken |= e->of_row;
		run->some |= e->of_row && !liquid_is_empty(out);
		if (e->of_row && !run->unused && run->scope->takes != NULL)
			run->scope->takes(run->scope->ctx, out);
		return true;
	}
	*out = (struct liquid_value){.type = LIQUID_RANGE};
	return bound(run, e->first, &out->range.first) && bound(run, e->last, &out->range.last);
}

static bool filter_run(struct liquid_run *run, const struct liquid_step *step,
		       struct liquid_value *v)
{
	struct liquid_call c = {
	    .run = run, .in = *v, .n = step->n, .variant = step->filter->variant};
	struct liquid_value allow;
	run->unused = step->defaults && !liquid_is_empty(v);
	if (liquid_is_empty(v)) /* how much it holds is not made up */
		run->defaulted |= step->defaults || strcmp(step->filter->name, "size") == 0;
	for (size_t i = 0; i < step->n; i++)
		if (!evaluate(run, step->args[i], &c.args[i]))
			return false;
	run->unused = false;
	if (step->allow_false != NULL) {
		if (!evaluate(run, step->allow_false, &allow))
			return false;
		c.allow_false = liquid_truthy(&allow);
	}
	if (!liquid_work(run->arena, 1))
		return liquid_exhausted(run);
	if (!step->filter->call(&c))
		return false;
	*v = c.out;
	return true;
}

static void add_literal(const struct liquid_scope *scope, const struct liquid_node *node,
			struct df_buf *out)
{
	if (scope->star == NULL) {
		df_buf_add(out, node->text, node->len);
		return;
	}
	for (size_t i = 0; i < node->len; i++) {
		if (node->text[i] == '*')
			df_buf_add(out, scope->star, scope->star_len);
		else
			df_buf_addc(out, node->text[i]);
	}
}

static bool run_tag(struct liquid_run *run, const struct liquid_node *node, struct liquid_value *v)
{
	if (!evaluate(run, node->expr, v))
		return false;
	for (const struct liquid_step *step = node->steps; step != NULL; step = step->next)
		if (!filter_run(run, step, v))
			return false;
	return true;
}

bool liquid_render(const struct liquid *l, const struct liquid_scope *scope,
		   struct liquid_arena *arena, struct df_buf *out, struct liquid_fault *fault)
{
	struct liquid_run run = {.arena = arena, .fault = fault, .scope = scope};
	const size_t before = out->len;
	for (const struct liquid_node *node = l->nodes; node != NULL; node = node->next) {
		struct liquid_value v;
		if (node->text != NULL) {
			add_literal(scope, node, out);
			continue;
		}
		if (node->expr == NULL)
			continue;
		if (!run_tag(&run, node, &v) || !liquid_output(&run, &v, out))
			return false;
		if (v.type == LIQUID_ARRAY && v.array.n > 1)
			liquid_note(&run, LIQUID_LIST);
	}
	if (run.taken && !run.some && !run.defaulted && out->len > before)
		liquid_note(&run, LIQUID_NOTHING);
	return !out->over || liquid_exhausted(&run);
}

bool liquid_is_one(const struct liquid *l)
{
	return l->nodes != NULL && l->nodes->next == NULL && l->nodes->expr != NULL;
}

bool liquid_value_of(const struct liquid *l, const struct liquid_scope *scope,
		     struct liquid_arena *arena, struct liquid_value *out,
		     struct liquid_fault *fault)
{
	struct liquid_run run = {.arena = arena, .fault = fault, .scope = scope};
	return run_tag(&run, l->nodes, out);
}

bool liquid_text_of(const struct liquid_value *v, struct liquid_arena *arena,
		    struct liquid_value *out, struct liquid_fault *fault)
{
	struct liquid_run run = {.arena = arena, .fault = fault};
	return liquid_to_s(&run, v, out);
}

bool liquid_lists(const struct liquid *l)
{
	return l->lists;
}

bool liquid_row_name(const struct liquid *l, size_t i, const char **name, size_t *len)
{
	const struct liquid_row_key *key = l->row_keys;
	while (key != NULL && i-- > 0)
		key = key->next;
	if (key == NULL)
		return false;
	*name = key->name;
	*len = key->len;
	return true;
}

bool liquid_is_text(const struct liquid *l)
{
	for (const struct liquid_node *node = l->nodes; node != NULL; node = node->next)
		if (node->text == NULL)
			return false;
	return true;
}

bool liquid_reaches(const struct liquid *l)
{
	return l->reaches;
}
