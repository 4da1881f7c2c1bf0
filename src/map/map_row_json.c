/* SPDX-License-Identifier: MIT */
/* Cells whose JSON becomes several members of an object, or several entries of a list. */
#include "map_cell.h"
#include "map_derive.h"
#include "map_notes.h"
#include "map_program.h"
#include "map_run.h"
#include "map_state.h"
#include "map_tree.h"

#define SPREAD_LISTS 128 /* a cell may bring as many names as a MiB holds */

struct spread_name {
	const struct df_buf *out; /* with `body`, the object that holds it */
	size_t body;
	struct rows_cell name;
	struct spread_name *next;
};

/* The list of the names that are like this one; NULL: the row has had its share of memory. */
static struct spread_name **list_of(struct map_run *r, const struct rows_cell *name)
{
	uint32_t hash = 2166136261; /* FNV-1a, whose upper bits are the good ones */
	if (r->names == NULL) {
		r->names = liquid_take(&r->m->arena, SPREAD_LISTS * sizeof(struct spread_name *));
		if (r->names == NULL)
			return NULL;
		memset(r->names, 0, SPREAD_LISTS * sizeof(struct spread_name *));
	}
	for (size_t i = 0; i < name->len; i++)
		hash = (hash ^ (unsigned char)name->p[i]) * 16777619;
	return &r->names[(hash >> 16) % SPREAD_LISTS];
}

/* Does the object have a member of this name already, from another mapping? */
static bool name_taken(struct map_run *r, const struct map_op *op, const struct rows_cell *name)
{
	const struct map_node *parent = op->node->parent;
	const struct map_node *child = map_node_find(parent, name->p, name->len);
	if (child != NULL && child->type != SCHEMA_SPREAD)
		return true;
	struct spread_name **list = list_of(r, name);
	for (const struct spread_name *n = list != NULL ? *list : NULL; n != NULL; n = n->next)
		if (n->out == r->out && n->body == r->frame->body && n->name.len == name->len &&
		    memcmp(n->name.p, name->p, name->len) == 0)
			return true;
	struct spread_name *n = list != NULL ? liquid_take(&r->m->arena, sizeof(*n)) : NULL;
	if (n == NULL)
		return true;
	*n = (struct spread_name){r->out, r->frame->body, *name, *list};
	*list = n;
	return false;
}

/* The API's limits for the name hold as they do for a column's. */
static bool name_fits(struct map_run *r, const struct map_op *op, struct rows_cell *name)
{
	size_t prefix = map_utf8_prefix(name->p, name->len, MAP_MAX_NAME);
	if ((op->flags & MAP_VALUE_LIMIT) == 0 || prefix == name->len)
		return true;
	if (!r->m->feed->map.limits_truncate) {
		map_run_fault(r, "too-long", op->column,
			      "the attribute's name has more than %u characters; shorten it or set "
			      "limits = truncate",
			      MAP_MAX_NAME);
		return false;
	}
	name->len = prefix;
	map_note_cut(r->m, op);
	return true;
}

static void spread_list(struct map_run *r, const struct map_op *op, const struct liquid_value *list)
{
	struct map_op entry = *op;
	size_t n = 0;
	entry.flags |= op->flags & MAP_VALUE_LIMIT ? MAP_ENTRY : 0u;
	df_buf_addc(r->out, '[');
	for (size_t i = 0; i < list->array.n; i++) {
		const struct liquid_value *v = &list->array.v[i];
		struct rows_cell text = {v->p, v->len};
		if (liquid_is_empty(v) || !map_run_fits(r, &entry, &text))
			continue;
		if ((entry.flags & MAP_ENTRY) && n == MAP_MAX_LIST) {
			if (r->m->feed->map.limits_truncate)
				map_note_cut(r->m, op);
			else
				map_run_fault(r, "too-many-attributes", op->column,
					      "the API takes at most %u entries in a list",
					      MAP_MAX_LIST);
			break;
		}
		if (n++ > 0)
			df_buf_addc(r->out, ',');
		df_json_string(r->out, text.p, text.len);
	}
	df_buf_addc(r->out, ']');
}

static bool has_entries(const struct liquid_value *list)
{
	for (size_t i = 0; i < list->array.n; i++)
		if (!liquid_is_empty(&list->array.v[i]))
			return true;
	return false;
}

static void spread_item(struct map_run *r, const struct map_op *op, struct map_spread_item *item)
{
	if (item->list != NULL && !has_entries(item->list)) {
		item->list = NULL;
		item->text.len = 0;
	}
	if (item->name.len == 0) {
		map_run_fault(r, "bad-json", op->column, "a member of the cell's JSON has no name");
		return;
	}
	if (!name_fits(r, op, &item->name))
		return;
	if (name_taken(r, op, &item->name)) {
		map_run_fault(
		    r, "bad-json", op->column,
		    "a member of the cell's JSON leads where another value leads to as well");
		return;
	}
	if (item->text.len == 0 && item->list == NULL) {
		if ((op->flags & MAP_DELETABLE) == 0)
			return;
		if (r->m->deleted.len > 0)
			df_buf_addc(&r->m->deleted, ',');
		df_json_string(&r->m->deleted, item->name.p, item->name.len);
		return;
	}
	if (!map_run_has_room(r, op) || (item->list == NULL && !map_run_fits(r, op, &item->text)))
		return;
	map_run_separate(r);
	df_json_string(r->out, item->name.p, item->name.len);
	df_buf_addc(r->out, ':');
	if (item->list != NULL)
		spread_list(r, op, item->list);
	else
		df_json_string(r->out, item->text.p, item->text.len);
	r->frame->count++;
}

/* All members of a cell's JSON object become members of the object around. */
void map_run_spread(struct map_run *r, const struct map_op *op)
{
	const struct map_derived *d = map_derived_of(r->m, op->column);
	struct map_cell_fault fault;
	struct liquid_value object;
	struct map_spread_item item;
	fault.code = NULL;
	bool ok = map_derive_object(r->m, d, r->cells, &object, &fault);
	for (size_t i = 0; ok && object.type == LIQUID_OBJECT && i < object.object.n; i++) {
		ok = map_derive_item(r->m, d, &object.object.v[i], &item, &fault);
		if (ok && item.taken)
			spread_item(r, op, &item);
	}
	if (!ok && fault.code != NULL)
		map_run_fault(r, fault.code, op->column, "%s", fault.text);
}

static void add_entries(struct map_run *r, const struct map_op *op, const struct liquid_value *list)
{
	for (size_t i = 0; i < list->array.n; i++) {
		const struct liquid_value *v = &list->array.v[i];
		struct rows_cell text = {v->p, v->len};
		if (liquid_is_empty(v) || !map_run_has_room(r, op) || !map_run_fits(r, op, &text))
			continue;
		map_run_separate(r);
		df_json_string(r->out, text.p, text.len);
		r->frame->count++;
	}
}

/* A cell that holds a JSON list, or a template whose value is a list, brings all of its entries.
 * False: it does not, and is an entry itself. */
bool map_run_items(struct map_run *r, const struct map_op *op, const struct rows_cell *cell)
{
	const struct map_derived *d = map_derived_of(r->m, op->column);
	struct liquid_value list = {0};
	const char *p = cell->p;
	struct liquid_json_fault why;
	size_t len = cell->len;
	if (d != NULL && d->list != NULL) {
		add_entries(r, op, d->list);
		return true;
	}
	map_cell_trim(&p, &len);
	if (len < 2 || *p != '[' || p[len - 1] != ']' ||
	    !liquid_json(p, len, &r->m->arena, &list, &why))
		return false;
	add_entries(r, op, &list);
	return true;
}
