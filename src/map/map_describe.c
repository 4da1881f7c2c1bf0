/* SPDX-License-Identifier: MIT */
/*
 * What the program does, for people to read. It is taken from the bindings and trees that the ops
 * were made of, and a row's outcomes from the ops themselves, run one by one: nothing is reported
 * here that a delivery would not do.
 */
#include "map_compile.h"
#include "map_state.h"

#include <stdlib.h>

static struct map_route *route_add(struct map_routes *routes, enum map_via via, size_t slot)
{
	if (routes->n == routes->cap) {
		routes->cap = routes->cap == 0 ? 32 : routes->cap * 2;
		routes->v = df_realloc(routes->v, routes->cap * sizeof(*routes->v));
	}
	struct map_route *r = &routes->v[routes->n++];
	memset(r, 0, sizeof(*r));
	r->via = via;
	r->slot = slot;
	return r;
}

void map_routes_free(struct map_routes *routes)
{
	for (size_t i = 0; i < routes->n; i++) {
		free(routes->v[i].path);
		free(routes->v[i].type);
		free(routes->v[i].text);
		free(routes->v[i].fallback);
		free(routes->v[i].value);
		free(routes->v[i].asked);
	}
	free(routes->v);
	for (size_t i = 0; i < routes->n_remarks; i++)
		free(routes->remarks[i]);
	free(routes->remarks);
	memset(routes, 0, sizeof(*routes));
}

/* ---- types ---- */

static const char *plain_type(enum schema_type type, const struct schema_field *field)
{
	switch (type) {
	case SCHEMA_INTEGER:
		return field != NULL && (field->flags & SCHEMA_INSTANT) != 0 ? "timestamp"
									     : "integer";
	case SCHEMA_NUMBER:
		return "number";
	case SCHEMA_BOOLEAN:
		return "boolean";
	case SCHEMA_UUID:
		return "uuid";
	case SCHEMA_IP:
		return "IP address";
	case SCHEMA_JSON:
		return field != NULL && field->shape == SCHEMA_LIST ? "JSON list" : "JSON object";
	case SCHEMA_SPREAD:
		return "members of a JSON object";
	case SCHEMA_ITEMS:
	case SCHEMA_STRING:
	case SCHEMA_STRINGS:
	case SCHEMA_ENUM:
	case SCHEMA_OBJECT:
	case SCHEMA_KEYS:
		break;
	}
	return "string";
}

static char *type_of(const struct map_node *leaf)
{
	struct df_buf b = {0};
	if (leaf->parent != NULL && leaf->parent->kind == MAP_NODE_LIST)
		df_buf_adds(&b, "list entry: ");
	if (leaf->type == SCHEMA_ENUM && leaf->field != NULL) {
		df_buf_adds(&b, "one of ");
		for (const char *const *w = leaf->field->words; *w != NULL; w++)
			df_buf_addf(&b, "%s%s", w == leaf->field->words ? "" : ", ", *w);
	} else {
		df_buf_adds(&b, plain_type(leaf->type, leaf->field));
	}
	char *type = df_strndup(b.data, b.len);
	df_buf_free(&b);
	return type;
}

static void route_to(struct map_route *r, const struct map_node *leaf)
{
	r->path = df_strdup(leaf->path);
	r->type = type_of(leaf);
	r->deletes = (leaf->flags & MAP_DELETABLE) != 0;
}

/* Where a name leads that has no leaf in the trees: one of the row's own ids, or the document
 * was refused before. */
static bool route_to_name(const struct map *m, struct map_route *r, const char *name)
{
	struct schema_path path;
	if (schema_path_parse(m->event, name, strlen(name), &path, NULL) != SCHEMA_PATH_OK)
		return false;
	struct map_node *root =
	    map_root_new(path.data ? m->event->data : schema_event_root(m->event),
			 path.data ? "events.data" : "");
	const struct map_node *leaf = map_tree_add(root, &path);
	if (leaf != NULL)
		route_to(r, leaf);
	map_node_free(root);
	return leaf != NULL;
}

/* ---- the program ---- */

static void describe_derived(struct map_route *r, const struct map_derived *d)
{
	r->source = d->entry->source;
	if (d->pattern != NULL) {
		r->via = MAP_VIA_MEMBERS;
		free(r->path);
		/* the leaf is but a stand-in for the members' */
		r->path = df_strdup(d->entry->field);
	} else {
		r->via = d->path != NULL ? MAP_VIA_JSON : MAP_VIA_CELL;
	}
	r->n_values = d->entry->n_values;
	if (d->entry->template == NULL)
		return;
	r->via = d->pattern != NULL ? r->via : MAP_VIA_TEMPLATE;
	r->text = df_strdup(d->entry->value);
}

static void describe_binding(const struct map *m, const struct map_binding *b,
			     struct map_routes *out)
{
	struct map_route *r =
	    route_add(out, b->column == MAP_NONE ? MAP_VIA_STATIC : MAP_VIA_CELL, b->column);
	const struct map_derived *d = map_derived_of(m, b->column);
	if (b->leaf != NULL)
		route_to(r, b->leaf);
	else if (!route_to_name(m, r, b->name))
		r->path = df_strdup(b->name);
	r->node = b->leaf;
	if (b->column != MAP_NONE)
		r->column = (d != NULL ? d->column : b->column) + 1;
	if (d != NULL)
		describe_derived(r, d);
	if (b->leaf != NULL)
		r->fallback = df_strdup(b->leaf->fallback);
	else if (b->fixed != NULL)
		r->text = df_strdup(b->fixed);
}

/* A column that no binding names. */
static void describe_rest(struct map *m, size_t column, struct map_routes *out)
{
	struct map_route *r = route_add(out, MAP_VIA_NONE, column);
	struct schema_path path;
	const struct schema_event *other = NULL;
	const char *name = m->names[column];
	char why[512];
	r->column = column + 1;
	if (column == m->time_column) {
		r->text = df_strdup(
		    "left out: the event has its time from events.data.timestamp_unixtime_ms");
		return;
	}
	if (m->done[column]) {
		r->text = df_strdup(map_own_column(name) ? "ignored: a reject file adds this column"
							 : "ignored, as the manifest says");
		return;
	}
	enum schema_path_result result =
	    schema_path_parse(m->event, name, strlen(name), &path, &other);
	if (result == SCHEMA_PATH_OK && route_to_name(m, r, name)) {
		r->via = MAP_VIA_CELL;
		return;
	}
	for (size_t i = 0; i < column; i++) {
		if (strcmp(m->names[i], name) == 0) { /* refused for that */
			r->text = df_format("unknown: column %zu has this name already", i + 1);
			return;
		}
	}
	const struct schema_path_fault fault = {result, name, strlen(name), other};
	schema_path_explain(m->event, &fault, why, sizeof(why));
	r->text =
	    df_format("%s: %s", m->feed->map.unknown_columns_warn ? "ignored" : "unknown", why);
}

static bool is_bound(const struct map *m, const struct map_node *leaf)
{
	for (size_t i = 0; i < m->bindings.n; i++)
		if (m->bindings.v[i].leaf == leaf)
			return true;
	return false;
}

/* Leaves that nothing but a default of the feed put there. */
static void describe_defaults(const struct map *m, const struct map_node *node,
			      struct map_routes *out)
{
	if (node->kind == MAP_NODE_LEAF && node->fallback != NULL && node->column == MAP_NONE &&
	    !is_bound(m, node)) {
		struct map_route *r = route_add(out, MAP_VIA_DEFAULT, MAP_NONE);
		route_to(r, node);
		r->node = node;
		r->fallback = df_strdup(node->fallback);
	}
	for (size_t i = 0; i < node->n_children; i++)
		describe_defaults(m, node->children[i], out);
}

/* By column, the fixed ones last; the order of those of one column stays. */
static int compare_routes(const void *a, const void *b)
{
	const struct map_route *x = a, *y = b;
	size_t cx = x->column - 1, cy = y->column - 1; /* 0 becomes the greatest */
	if (cx != cy)
		return cx < cy ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

void map_describe(struct map *m, struct map_routes *out)
{
	struct df_err ignored = {0};
	memset(out, 0, sizeof(*out));
	if (m->n_names == 0)
		return;
	/* refused for the names alone */
	enum df_status st = m->done == NULL ? map_compile(m, &ignored) : DF_OK;
	(void)st;
	bool *bound = df_alloc(m->n_names * sizeof(*bound));
	for (size_t i = 0; i < m->bindings.n; i++) {
		describe_binding(m, &m->bindings.v[i], out);
		if (out->v[out->n - 1].column > 0)
			bound[out->v[out->n - 1].column - 1] = true;
	}
	for (size_t i = 0; i < m->n_names; i++)
		if (!bound[i])
			describe_rest(m, i, out);
	free(bound);
	if (m->batch != NULL)
		describe_defaults(m, m->batch, out);
	if (m->data != NULL)
		describe_defaults(m, m->data, out);
	for (size_t i = 0; i < out->n; i++)
		out->v[i].at = i;
	qsort(out->v, out->n, sizeof(*out->v), compare_routes);
}
