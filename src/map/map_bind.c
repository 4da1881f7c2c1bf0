/* SPDX-License-Identifier: MIT */
/* The bindings of columns to paths become the two trees. */
#include "map_bind.h"

#include "map_bindings.h"
#include "map_cell.h"
#include "map_check.h"
#include "map_derive.h"
#include "map_json.h"
#include "map_order.h"
#include "map_program.h"
#include "map_state.h"
#include "map_tree.h"
#include "map_warn.h"

#include <stdio.h>
#include <stdlib.h>

/* The names of attributes are the document's own: the API's limit for them holds. False: it is
 * over, and rows that have a value there are rejected. */
static bool limit_names(struct map *m, const struct map_binding *binding, struct schema_path *path)
{
	for (size_t i = 1; i < path->n; i++) {
		const struct schema_field *keyed = path->steps[i - 1].field;
		struct schema_step *step = &path->steps[i];
		if (step->field != NULL || step->key == NULL || keyed == NULL ||
		    (keyed->flags & SCHEMA_ATTRIBUTES) == 0)
			continue;
		size_t fit = map_utf8_prefix(step->key, step->key_len, MAP_MAX_NAME);
		if (fit == step->key_len)
			continue;
		if (!m->feed->map.limits_truncate)
			return false;
		step->key_len = fit;
		map_warn(m, "too-long", "the attribute's name '%.60s...' was cut to %u characters",
			 binding->name, MAP_MAX_NAME);
	}
	return true;
}

static enum df_status set_fixed(struct map *m, const struct map_binding *binding,
				const struct schema_path *path, struct map_node *leaf,
				struct df_err *err)
{
	struct map_cell_fault fault;
	struct df_buf json = {0};
	enum df_status st = DF_OK;
	const struct rows_cell cell = {binding->fixed, strlen(binding->fixed)};
	if (map_value_emit(m, path->type, path->field, &cell, &json, &fault))
		leaf->fallback = df_strndup(json.data, json.len);
	else
		st = df_fail(DF_USAGE, err, NULL, "manifest: the static value of '%s' is wrong: %s",
			     binding->name, fault.text);
	df_buf_free(&json);
	return st;
}

static const char *source_of(const struct map *m, size_t column)
{
	const struct map_derived *d = map_derived_of(m, column);
	return column == MAP_NONE ? "a static value"
	       : d != NULL        ? d->entry->source
				  : m->names[column];
}

static enum df_status duplicate(struct map *m, const struct map_binding *binding,
				struct df_err *err)
{
	df_err_place(err, NULL, 0,
		     binding->column != MAP_NONE ? source_of(m, binding->column) : binding->name);
	return df_fail(DF_REJECT, err, "duplicate-column",
		       "'%s' leads to %s, where another column leads to as well, or to the whole "
		       "of it; remove one of them",
		       source_of(m, binding->column), binding->name);
}

/* The row's own ids stay outside of the fragments. */
static size_t *own_id_of(struct map *m, const struct schema_path *path)
{
	if (schema_event_requests(m->event) && path->n == 2 && strcmp(path->field->name, "id") == 0)
		return &m->request_column;
	if (path->n != 1 || path->type != SCHEMA_STRING)
		return NULL;
	if (!path->data && strcmp(path->field->name, "source_request_id") == 0)
		return &m->request_column;
	if (path->data && strcmp(path->field->name, "source_message_id") == 0)
		return &m->message_column;
	return NULL;
}

/* A leaf that is filled from a derived cell sets what that has to make. */
static void bind_derived(const struct map *m, const struct map_binding *binding,
			 const struct schema_path *path, struct map_node *leaf)
{
	struct map_derived *d = map_derived_of(m, binding->column);
	if (d == NULL)
		return;
	d->whole = path->type == SCHEMA_JSON;
	d->items = path->type == SCHEMA_ITEMS;
	d->id = (leaf->flags & SCHEMA_ID) != 0;
	if (d->pattern == NULL)
		return;
	d->lists = path->field != NULL && path->field->type == SCHEMA_STRINGS;
	d->lead = (size_t)(path->steps[path->n - 1].key - binding->name);
	leaf->type = SCHEMA_SPREAD;
}

/* Members of any name need a place that takes any name. */
static enum df_status check_spread(const struct map *m, const struct map_binding *binding,
				   bool found, const struct schema_path *path, struct df_err *err)
{
	const struct map_derived *d = map_derived_of(m, binding->column);
	if (d == NULL || d->pattern == NULL)
		return DF_OK;
	const struct schema_step *last = found ? &path->steps[path->n - 1] : NULL;
	if (last != NULL && last->field == NULL && last->key != NULL &&
	    (path->type == SCHEMA_STRING || path->type == SCHEMA_STRINGS))
		return DF_OK;
	df_err_place(err, NULL, 0, m->names[d->column]);
	return df_fail(DF_REJECT, err, "manifest-mismatch",
		       "'%.200s' takes the members of a cell's JSON, whatever their names, and "
		       "'%.200s' does not take "
		       "any name, as user_attributes.* or events.data.custom_attributes.* would; "
		       "map them one by one",
		       d->pattern, d->entry->field);
}

/* An identity that is the same for all rows makes one user of all. */
static void warn_constant(struct map *m, const struct map_binding *binding,
			  const struct map_node *leaf)
{
	const struct map_derived *d = map_derived_of(m, binding->column);
	const struct liquid *template = d != NULL ? d->entry->template : NULL;
	const bool text = template != NULL && liquid_is_text(template);
	if ((leaf->flags & SCHEMA_ID) != 0 && (text || binding->fixed != NULL))
		map_warn(m, "shared-identity",
			 "the manifest gives %.100s the same value in all rows: to the API they "
			 "are one user, or users to be merged; {{ value }} is the cell's",
			 binding->name);
}

static enum df_status bind(struct map *m, struct map_binding *binding, struct df_err *err)
{
	struct schema_path path;
	char why[512];
	const struct schema_event *other = NULL;
	size_t len = strlen(binding->name);
	enum schema_path_result result =
	    schema_path_parse(m->event, binding->name, len, &path, &other);
	enum df_status st = check_spread(m, binding, result == SCHEMA_PATH_OK, &path, err);
	if (st != DF_OK)
		return st;
	if (result != SCHEMA_PATH_OK) { /* a manifest's wildcard made it */
		const struct schema_path_fault fault = {result, binding->name, len, other};
		schema_path_explain(m->event, &fault, why, sizeof(why));
		df_err_place(err, NULL, 0, source_of(m, binding->column));
		return df_fail(DF_REJECT, err, "unknown-column",
			       "the manifest maps '%s' to an invalid path: %s",
			       source_of(m, binding->column), why);
	}
	bool short_enough = limit_names(m, binding, &path);
	if (!short_enough && binding->fixed != NULL)
		return df_fail(DF_USAGE, err, NULL,
			       "manifest: the static attribute's name '%.60s...' has more than %u "
			       "characters; shorten it",
			       binding->name, MAP_MAX_NAME);
	size_t *own = own_id_of(m, &path);
	if (own != NULL) {
		if (*own != MAP_NONE)
			return duplicate(m, binding, err);
		*own = binding->column;
		struct map_derived *d = map_derived_of(m, binding->column);
		if (d != NULL)
			d->id = !schema_event_requests(m->event);
		return DF_OK;
	}
	struct map_node *leaf = map_tree_add(path.data ? m->data : m->batch, &path);
	if (leaf == NULL)
		return duplicate(m, binding, err);
	binding->leaf = leaf;
	leaf->column = binding->column;
	leaf->keep = binding->keep;
	leaf->flags |= short_enough ? 0u : MAP_LONG_NAME;
	bind_derived(m, binding, &path, leaf);
	warn_constant(m, binding, leaf);
	if (leaf->flags & SCHEMA_UNWANTED)
		map_warn(m, "guideline",
			 "the API says that the batch's own %s must not be set; did you mean "
			 "events.data.%s?",
			 binding->name, binding->name);
	return binding->fixed != NULL ? set_fixed(m, binding, &path, leaf, err) : DF_OK;
}

/* A list does where one of its columns does. */
static bool keeps(const struct map_node *node)
{
	bool keep = node->keep;
	for (size_t i = 0; node->kind == MAP_NODE_LIST && i < node->n_children; i++)
		keep = keep || node->children[i]->keep;
	return keep;
}

/* What a node inherits: limits, deletion. */
static void spread_flags(struct map_node *node, bool deletable)
{
	for (size_t i = 0; i < node->n_children; i++) {
		struct map_node *child = node->children[i];
		if ((node->flags & SCHEMA_ATTRIBUTES) && node->kind == MAP_NODE_OBJECT)
			child->flags |=
			    MAP_VALUE_LIMIT | (deletable && !keeps(child) ? MAP_DELETABLE : 0u);
		else if ((node->flags & MAP_VALUE_LIMIT) && node->kind == MAP_NODE_LIST)
			child->flags |= MAP_VALUE_LIMIT | MAP_ENTRY;
		spread_flags(child, deletable);
	}
}

/* empty_attributes = delete: the list of names is there, whether it has columns of its own or
 * not. */
static void prepare_deletion(struct map *m)
{
	struct schema_path path;
	static const char name[] = "deleted_user_attributes[]";
	struct map_node *attributes = map_node_child(m->batch, "user_attributes");
	if (!m->feed->map.empty_attributes_delete || attributes == NULL || attributes->keep)
		return;
	if (attributes->kind == MAP_NODE_LEAF) /* the members of its cell's JSON */
		attributes->flags |= MAP_DELETABLE;
	if (schema_path_parse(m->event, name, strlen(name), &path, NULL) == SCHEMA_PATH_OK &&
	    map_tree_add(m->batch, &path) != NULL)
		map_node_child(m->batch, "deleted_user_attributes")->flags |= MAP_DELETED;
}

/* The lines of an order can be put together where products come from columns of their own. */
static void warn_unfolded(struct map *m)
{
	const struct map_node *action = map_node_child(m->data, "product_action");
	const struct map_node *products =
	    action != NULL ? map_node_child(action, "products") : NULL;
	bool whole = action != NULL && action->kind == MAP_NODE_LEAF;
	if (whole || (products != NULL && products->kind == MAP_NODE_LEAF))
		map_warn(m, "not-folded",
			 "fold_products folds nothing here: events.data.product_action%s is JSON "
			 "in one cell; write all products of an order into its list, or give them "
			 "columns of their own",
			 whole ? "" : ".products");
}

/* The op that ends product_action.products. */
static const struct map_op *find_fold(struct map *m)
{
	struct map_node *action = map_node_child(m->data, "product_action");
	struct map_node *products = action != NULL ? map_node_child(action, "products") : NULL;
	for (size_t i = m->data_program.n; products != NULL && i > 0; i--) {
		const struct map_op *op = &m->data_program.ops[i - 1];
		if (op->kind == MAP_OP_CLOSE && op->node == products && op->bracket == ']')
			return op;
	}
	return NULL;
}

/* 1: the batch's own time, 2: the event's, 0: another path. */
static int time_level(const struct map *m, const char *name)
{
	struct schema_path path;
	if (schema_path_parse(m->event, name, strlen(name), &path, NULL) != SCHEMA_PATH_OK ||
	    path.n != 1 || strcmp(path.field->name, "timestamp_unixtime_ms") != 0)
		return 0;
	return path.data ? 2 : 1;
}

/* The vendor's own example maps the batch's time, which the API says not to set, and means the
 * event's. Where that is mapped as well, the batch's is left out: it must not separate batches. */
static enum df_status move_batch_time(struct map *m, struct df_err *err)
{
	struct map_bindings *b = &m->bindings;
	size_t own = MAP_NONE;
	bool event = false;
	for (size_t i = 0; i < b->n; i++) {
		int level = time_level(m, b->v[i].name);
		if (level == 1 && own != MAP_NONE)
			return duplicate(m, &b->v[i], err);
		own = level == 1 ? i : own;
		event = event || level == 2;
	}
	if (own == MAP_NONE || m->event->data == NULL)
		return DF_OK;
	free(b->v[own].name);
	if (!event) {
		b->v[own].name = df_strdup("events.data.timestamp_unixtime_ms");
		return DF_OK;
	}
	map_warn(
	    m, "guideline",
	    "the batch's own timestamp_unixtime_ms is left out: the event has its time from "
	    "events.data.timestamp_unixtime_ms alone, and none where that is empty: fill it in "
	    "there");
	m->time_column = b->v[own].column;
	free(b->v[own].fixed);
	memmove(&b->v[own], &b->v[own + 1], (b->n - own - 1) * sizeof(*b->v));
	b->n--;
	return DF_OK;
}

/* Without events the batch's time is written as it is, as its last member: rows that differ in it
 * alone are merged, under the first one's. */
static void put_time_last(struct map *m)
{
	struct map_node *batch = m->batch, *time = map_node_child(batch, "timestamp_unixtime_ms");
	size_t at = 0;
	if (time == NULL)
		return;
	while (batch->children[at] != time)
		at++;
	memmove(&batch->children[at], &batch->children[at + 1],
		(batch->n_children - at - 1) * sizeof(*batch->children));
	batch->children[batch->n_children - 1] = time;
	time->order = SIZE_MAX;
	time->flags |= MAP_BATCH_TIME;
}

enum df_status map_bind(struct map *m, struct df_err *err)
{
	m->batch = map_root_new(schema_event_root(m->event), "");
	m->data = m->event->data != NULL
		      ? map_root_new(m->event->data, schema_event_prefix(m->event))
		      : NULL;
	m->request_column = m->message_column = MAP_NONE;
	m->time_column = MAP_NONE;
	enum df_status st = move_batch_time(m, err);
	for (size_t i = 0; i < m->bindings.n && st == DF_OK; i++)
		st = bind(m, &m->bindings.v[i], err);
	if (st != DF_OK)
		return st;
	put_time_last(m);
	map_defaults(m);
	st = map_check(m, err);
	if (st != DF_OK)
		return st;
	prepare_deletion(m);
	spread_flags(m->batch, m->feed->map.empty_attributes_delete);
	if (m->data != NULL) {
		spread_flags(m->data, false);
		struct map_node *time = map_node_child(m->data, "timestamp_unixtime_ms");
		if (time != NULL)
			time->flags |= MAP_EVENT_TIME;
		m->commerce = strcmp(m->event->name, "commerce_event") == 0;
		map_program_build(&m->data_program, m->data, m->n_names, m->commerce);
		m->fold_op = m->feed->map.fold_products ? find_fold(m) : NULL;
		if (m->feed->map.fold_products && m->commerce)
			warn_unfolded(m);
	}
	map_order_begin(m);
	map_program_build(&m->batch_program, m->batch, m->n_names, false);
	size_t depth = m->data_program.depth > m->batch_program.depth ? m->data_program.depth
								      : m->batch_program.depth;
	m->frames = df_realloc(m->frames, (depth + 2) * sizeof(*m->frames));
	return DF_OK;
}
