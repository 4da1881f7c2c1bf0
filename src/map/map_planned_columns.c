/* SPDX-License-Identifier: MIT */
#include "map_planned_columns.h"

#include "map_state.h"

#include <stdlib.h>

#define SURELY_WHOLE 256 /* bytes that no limit of the API cuts */

enum watch_kind {
	WATCH_FITS,  /* the cell has to fit the schema */
	WATCH_EMPTY, /* has to be empty */
	WATCH_FULL,  /* must not be empty */
};

struct watch {
	enum watch_kind kind;
	size_t column;
	bool number; /* what is written is a number, not a string */
	enum plan_quick quick;
	const struct plan_node *node;
};

struct part {            /* the user's, or that of a point */
	struct watch *v; /* own */
	size_t n;
	const struct map_run *r; /* of a point, while it is made: one of its rows */
	bool known;
	bool never; /* columns alone do not decide */
};

struct map_planned_columns {
	const struct map *m;
	struct part user;
	struct part *points; /* own: by point, made when one is met first */
	size_t n_points;
	const struct map_node *first, *second; /* the leaves of the event's criteria, or NULL */
	bool by_type;                          /* the event has no criteria */
};

/* ---- what is to be watched ---- */

static void watch_add(struct part *p, struct watch w)
{
	if ((p->n & (p->n - 1)) == 0)
		p->v = df_realloc(p->v, (p->n == 0 ? 1 : 2 * p->n) * sizeof(*p->v));
	p->v[p->n++] = w;
}

/* A cell that is written as it is, in a column of the document. */
static bool is_plain_leaf(const struct map *m, const struct map_node *leaf)
{
	bool text = leaf->type == SCHEMA_STRING || leaf->type == SCHEMA_NUMBER ||
		    leaf->type == SCHEMA_INTEGER;
	return text && leaf->column < m->n_names && (leaf->flags & SCHEMA_INSTANT) == 0;
}

/* What is written for the leaf: its cell, or its fallback where the cell is empty. False: that is
 * not known from here. Enumerations are written in small letters. */
static bool leaf_text(const struct map_run *r, const struct map_node *leaf, const char **p,
		      size_t *len)
{
	const struct rows_cell *cell =
	    leaf->column < r->m->n_names ? &r->cells[leaf->column] : NULL;
	if (cell != NULL && cell->len > 0) {
		*p = cell->p;
		*len = cell->len;
	} else if (leaf->fallback != NULL && leaf->fallback[0] == '"' && leaf->unless == MAP_NONE &&
		   strchr(leaf->fallback, '\\') == NULL) {
		*p = leaf->fallback + 1;
		*len = strlen(*p) - 1;
	} else {
		return false;
	}
	for (size_t i = 0; leaf->type == SCHEMA_ENUM && i < *len; i++)
		if ((*p)[i] >= 'A' && (*p)[i] <= 'Z')
			return false;
	return *len <= SURELY_WHOLE;
}

/* All events of the point have the same value there. */
static bool is_criterion(const struct part *p, const struct map_node *leaf,
			 const struct plan_node *node)
{
	const char *text;
	size_t len;
	if (p->r == NULL)
		return false;
	const struct map_planned_columns *all = p->r->m->planned_columns;
	return (leaf == all->first || leaf == all->second) && leaf_text(p->r, leaf, &text, &len) &&
	       plan_fits(p->r->m->planner, node, false, text, len);
}

/* A value that is there whatever the cell says is decided by the whole check alone. */
static void watch_leaf(const struct map *m, struct part *p, const struct map_node *leaf,
		       const struct plan_node *node)
{
	bool number = leaf->type == SCHEMA_NUMBER || leaf->type == SCHEMA_INTEGER;
	if (node != NULL && is_criterion(p, leaf, node))
		return;
	if (leaf->fallback != NULL && node != NULL)
		p->never = true;
	else if (node != NULL && is_plain_leaf(m, leaf) && !number && plan_takes_strings(node))
		return;
	else if (node != NULL && is_plain_leaf(m, leaf))
		watch_add(p, (struct watch){.kind = WATCH_FITS,
					    .column = leaf->column,
					    .number = number,
					    .quick = number ? PLAN_QUICK_NONE
							    : plan_quick(m->planner, node),
					    .node = node});
	else if (leaf->column < m->n_names && leaf->fallback == NULL)
		watch_add(p, (struct watch){.kind = WATCH_EMPTY, .column = leaf->column});
	else
		p->never = true;
}

static void watch_all_empty(const struct map *m, struct part *p, const struct map_node *node)
{
	if (node->kind == MAP_NODE_LEAF)
		watch_leaf(m, p, node, NULL);
	for (size_t i = 0; i < node->n_children; i++)
		watch_all_empty(m, p, node->children[i]);
}

/* Is the object there whenever this leaf of it is? Then the leaf is looked at in its place. */
static const struct map_node *witness(const struct map_node *node, const struct plan_node *schema)
{
	for (size_t i = 0; plan_required(schema, i) != NULL; i++) {
		const struct map_node *child = map_node_child(node, plan_required(schema, i));
		if (child != NULL && child->kind == MAP_NODE_LEAF)
			return child;
	}
	return NULL;
}

static void watch_required(const struct map *m, struct part *p, const struct map_node *node,
			   const struct plan_node *schema)
{
	for (size_t i = 0; plan_required(schema, i) != NULL; i++) {
		const char *name = plan_required(schema, i);
		const struct map_node *child = map_node_child(node, name);
		const struct plan_node *below = NULL;
		if (child != NULL && child->kind == MAP_NODE_OBJECT &&
		    plan_below(schema, name, strlen(name), &below) == PLAN_WAY_HELD)
			child = witness(child, below);
		if (child != NULL && child->kind == MAP_NODE_LEAF && child->fallback != NULL)
			continue;
		if (child != NULL && child->kind == MAP_NODE_LEAF && child->column < m->n_names)
			watch_add(p, (struct watch){.kind = WATCH_FULL, .column = child->column});
		else
			p->never = true;
	}
}

static void watch_node(const struct map *m, struct part *p, const struct map_node *node,
		       const struct plan_node *schema)
{
	if (node->kind == MAP_NODE_LEAF) {
		watch_leaf(m, p, node, schema);
		return;
	}
	if (!plan_takes_container(schema, node->kind == MAP_NODE_LIST))
		p->never = true;
	watch_required(m, p, node, schema);
	for (size_t i = 0; i < node->n_children && !p->never; i++) {
		const struct map_node *child = node->children[i];
		const struct plan_node *below = NULL;
		enum plan_way way = plan_below(schema, child->key,
					       child->key != NULL ? strlen(child->key) : 0, &below);
		if (way == PLAN_WAY_HELD)
			watch_node(m, p, child, below);
		else if (way == PLAN_WAY_UNPLANNED)
			watch_all_empty(m, p, child);
	}
}

static void watch_identities(const struct map *m, struct part *p)
{
	const struct plan_node *schema = plan_identities(m->feed->plan.read), *below;
	const char *const objects[] = {"user_identities", "device_info"};
	if (schema == NULL)
		return;
	if (plan_required(schema, 0) != NULL || !plan_takes_container(schema, false))
		p->never = true;
	for (size_t k = 0; k < 2; k++) {
		const struct map_node *object = map_node_child(m->batch, objects[k]);
		for (size_t i = 0; object != NULL && i < object->n_children; i++) {
			const struct map_node *leaf = object->children[i];
			if (leaf->kind != MAP_NODE_LEAF || (leaf->flags & SCHEMA_ID) == 0)
				continue;
			enum plan_way way =
			    plan_below(schema, leaf->key, strlen(leaf->key), &below);
			if (way != PLAN_WAY_FREE)
				watch_leaf(m, p, leaf, way == PLAN_WAY_HELD ? below : NULL);
		}
		if (object != NULL && object->kind == MAP_NODE_LEAF)
			p->never = true; /* JSON in a cell */
	}
}

static void watch_user(const struct map *m, struct part *p)
{
	const struct plan_node *schema = plan_attributes(m->feed->plan.read);
	const struct map_node *attributes = map_node_child(m->batch, "user_attributes");
	p->known = true;
	if (schema != NULL && attributes != NULL)
		watch_node(m, p, attributes, schema);
	else if (schema != NULL &&
		 (plan_required(schema, 0) != NULL || !plan_takes_container(schema, false)))
		p->never = true;
	watch_identities(m, p);
}

/* ---- which point ---- */

static void find_criteria(struct map_planned_columns *p)
{
	const struct map *m = p->m;
	const char *type = m->event->name;
	if (m->data == NULL)
		return;
	if (strcmp(type, "custom_event") == 0) {
		p->first = map_node_child(m->data, "event_name");
		p->second = map_node_child(m->data, "custom_event_type");
	} else if (strcmp(type, "screen_view") == 0) {
		p->first = map_node_child(m->data, "screen_name");
	} else {
		p->by_type = strcmp(type, "commerce_event") != 0 &&
			     strcmp(type, "application_state_transition") != 0;
	}
}

static bool find_point(const struct map_run *r, const struct map_planned_columns *p, size_t *point)
{
	const char *first = NULL, *second = NULL;
	size_t first_len = 0, second_len = 0;
	const struct map *m = r->m;
	if (!p->by_type && p->first == NULL)
		return false;
	if (p->first != NULL && !leaf_text(r, p->first, &first, &first_len))
		return false;
	if (strcmp(m->event->name, "custom_event") == 0 &&
	    (p->second == NULL || !leaf_text(r, p->second, &second, &second_len)))
		return false;
	*point = plan_event_point(m->planner, m->event->name, first, first_len, second, second_len);
	return *point < p->n_points;
}

/* ---- rows ---- */

static bool part_holds(const struct map_run *r, const struct part *p)
{
	if (p->never)
		return false;
	for (size_t i = 0; i < p->n; i++) {
		const struct watch *w = &p->v[i];
		const struct rows_cell *cell = &r->cells[w->column];
		if (cell->len == 0) {
			if (w->kind == WATCH_FULL)
				return false;
			continue;
		}
		if (w->kind == WATCH_EMPTY)
			return false;
		if (plan_is_quick(w->quick, cell->p, cell->len) && cell->len <= SURELY_WHOLE)
			continue;
		if (w->kind == WATCH_FITS &&
		    (cell->len > SURELY_WHOLE ||
		     !plan_fits(r->m->planner, w->node, w->number, cell->p, cell->len)))
			return false;
	}
	return true;
}

bool map_planned_clean(const struct map_run *r)
{
	struct map_planned_columns *p = r->m->planned_columns;
	size_t point;
	if (!part_holds(r, &p->user))
		return false;
	if (r->m->data == NULL)
		return true;
	if (!find_point(r, p, &point))
		return false;
	struct part *part = &p->points[point];
	const struct plan_node *data = plan_point_data(r->m->feed->plan.read, point);
	part->r = r;
	if (!part->known && data != NULL)
		watch_node(r->m, part, r->m->data, data);
	part->r = NULL;
	part->known = true;
	return part_holds(r, part);
}

struct map_planned_columns *map_planned_columns_new(const struct map *m)
{
	struct map_planned_columns *p = df_alloc(sizeof(*p));
	p->m = m;
	p->n_points = plan_points(m->feed->plan.read);
	p->points = df_alloc((p->n_points + 1) * sizeof(*p->points));
	find_criteria(p);
	watch_user(m, &p->user);
	bool names_plan = m->plan_column != MAP_NONE || m->plan_version_column != MAP_NONE;
	if (names_plan || m->n_derived > 0 || m->rows.n_down > 0)
		p->user.never = true; /* cells are not what is written */
	return p;
}

void map_planned_columns_free(struct map_planned_columns *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n_points; i++)
		free(p->points[i].v);
	free(p->points);
	free(p->user.v);
	free(p);
}
