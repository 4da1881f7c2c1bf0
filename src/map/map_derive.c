/* SPDX-License-Identifier: MIT */
/* Cells that a mapping makes of others: templates, and values out of a cell's JSON. Memory comes
 * from the row's arena. */
#include "map_derive.h"
#include "map_derive_json.h"

#include "map_nobody.h"
#include "map_notes.h"
#include "map_pattern.h"
#include "map_state.h"
#include "map_values.h"

#include <stdio.h>

static struct liquid_value string_of(const char *p, size_t len)
{
	return liquid_string(p != NULL ? p : "", len);
}

/* The row's cells by their columns' names. */
static void derive_row(struct map *m, const struct rows_cell *cells)
{
	if (!m->uses_row)
		return;
	if (m->row == NULL) {
		m->row = df_alloc(m->n_names * sizeof(*m->row));
		for (size_t i = 0; i < m->n_names; i++)
			m->row[i] = (struct liquid_member){.key = m->names[i],
							   .key_len = strlen(m->names[i])};
	}
	for (size_t i = 0; i < m->n_names; i++)
		m->row[i].value = string_of(cells[i].p, cells[i].len);
}

void map_derive_begin(struct map *m, const struct rows_cell *cells)
{
	derive_row(m, cells);
	for (size_t i = 0; i < m->n_derived; i++) {
		m->derived[i].faulty = false;
		m->derived[i].list = NULL;
		m->json[m->derived[i].column].state = MAP_JSON_UNREAD;
	}
}

#define VARIABLES 4

/* The scope of a template: value, key, key_length, row. */
static struct liquid_value variables(const struct map *m, struct liquid_member members[VARIABLES],
				     const struct liquid_value *value, const char *key,
				     size_t key_len)
{
	struct liquid_value row = {.type = LIQUID_OBJECT, .object = {m->row, m->n_names}};
	members[0] = (struct liquid_member){.key = "value", .key_len = 5, .value = *value};
	members[1] =
	    (struct liquid_member){.key = "key", .key_len = 3, .value = string_of(key, key_len)};
	members[2] =
	    (struct liquid_member){.key = "key_length",
				   .key_len = 10,
				   .value = liquid_int((int64_t)liquid_chars(key, key_len))};
	members[3] = (struct liquid_member){.key = "row", .key_len = 3, .value = row};
	return (struct liquid_value){.type = LIQUID_OBJECT,
				     .object = {members, m->row != NULL ? 4 : 3}};
}

/* A * means the key. */
bool map_derive_target(struct map *m, const struct map_entry *entry, const char *key,
		       size_t key_len, struct df_buf *out, struct liquid_fault *fault)
{
	struct liquid_member members[VARIABLES];
	struct liquid_value none = {0}, root = variables(m, members, &none, key, key_len);
	struct liquid_scope scope = {.variables = &root, .star = key, .star_len = key_len};
	return liquid_render(entry->target, &scope, &m->arena, out, fault);
}

static bool left_out(const struct map_entry *entry, const struct liquid_value *v, bool json)
{
	bool empty = (v->type == LIQUID_STRING && v->len == 0) ||
		     (v->type == LIQUID_ARRAY && v->array.n == 0) ||
		     (v->type == LIQUID_OBJECT && v->object.n == 0);
	/* an empty cell is all that a null can be in a CSV */
	bool none = v->type == LIQUID_NIL || (empty && !json);
	return entry->ignore_when != MAP_NEVER &&
	       (none || (empty && entry->ignore_when == MAP_WHEN_EMPTY));
}

/* The row's copy of what was rendered. */
static bool keep_rendered(struct map *m, struct rows_cell *out, struct map_cell_fault *fault)
{
	char *p = liquid_take(&m->arena, m->rendered.len + 1);
	if (p == NULL)
		return map_cell_refuse(fault, "row-too-large",
				       "the templates make more of this row than fits into memory");
	if (m->rendered.len > 0)
		memcpy(p, m->rendered.data, m->rendered.len);
	*out = (struct rows_cell){p, m->rendered.len};
	return true;
}

static bool template_fails(const struct map_derived *d, const struct liquid_fault *why,
			   struct map_cell_fault *fault)
{
	fault->code = "not-allowed";
	snprintf(fault->text, sizeof(fault->text),
		 "the manifest's template of '%.50s' fails: %.120s", d->entry->source, why->text);
	return false;
}

/* Entries are written as texts. */
static bool texts_of(struct map *m, const struct map_derived *d, struct liquid_value *list,
		     struct map_cell_fault *fault)
{
	struct liquid_fault why = {0};
	struct liquid_value *v = liquid_take(&m->arena, list->array.n * sizeof(*v) + 1);
	if (v == NULL)
		return map_cell_refuse(fault, "row-too-large",
				       "the templates make more of this row than fits into memory");
	for (size_t i = 0; i < list->array.n; i++) {
		v[i] = list->array.v[i];
		bool text = v[i].type == LIQUID_STRING || v[i].p != NULL || liquid_is_empty(&v[i]);
		if (!text && !liquid_text_of(&list->array.v[i], &m->arena, &v[i], &why))
			return template_fails(d, &why, fault);
	}
	list->array.v = v;
	return true;
}

/* The list with what `values` has in place of each entry. NULL: the fault is filled. */
static const struct liquid_value *replace_entries(struct map *m, const struct map_derived *d,
						  const struct liquid_value *list,
						  struct map_cell_fault *fault)
{
	const size_t n = list->array.n;
	if (d->entry->values == NULL || n == 0)
		return list;
	struct liquid_value *out = liquid_take(&m->arena, sizeof(*out));
	struct liquid_value *v = liquid_take(&m->arena, n * sizeof(*v));
	if (out == NULL || v == NULL) {
		map_cell_refuse(fault, "row-too-large", "the row's lists do not fit into memory");
		return NULL;
	}

	*out = *list;
	out->array.v = v;
	for (size_t i = 0; i < n; i++) {
		struct rows_cell text = {list->array.v[i].p, list->array.v[i].len};
		v[i] = list->array.v[i];
		if (liquid_is_empty(&v[i]))
			continue;
		if (!map_values_apply(d->entry, &text, fault))
			return NULL;
		v[i] = string_of(text.p, text.len);
	}
	return out;
}

struct made {                             /* by a template */
	const struct liquid_value *value; /* what it is made of */
	const struct liquid_value *list;  /* the same as a list, where the cell holds one */
	const char *key;
	size_t key_len;
	struct map_nobody *nobody; /* gets what the template takes of the row; or NULL */
};

/* *list: a list as the template's result, where one is wanted; else NULL, and out is the text. */
static bool apply_template(struct map *m, const struct map_derived *d, const struct made *made,
			   struct rows_cell *out, const struct liquid_value **list,
			   struct map_cell_fault *fault)
{
	struct liquid_member members[VARIABLES];
	struct liquid_value root = variables(m, members, made->value, made->key, made->key_len);
	struct liquid_scope scope = {.variables = &root, .list = made->list};
	if (made->nobody != NULL) {
		scope.takes = map_nobody_takes;
		scope.ctx = made->nobody;
	}
	struct liquid_fault why = {0};
	unsigned doubts = 0;
	scope.doubts = &doubts;
	*list = NULL;
	df_buf_reset(&m->rendered);
	if ((d->items || d->lists) && liquid_is_one(d->entry->template)) {
		struct liquid_value *v = liquid_take(&m->arena, sizeof(*v));
		if (v == NULL)
			return map_cell_refuse(
			    fault, "row-too-large",
			    "the templates make more of this row than fits into memory");
		if (!liquid_value_of(d->entry->template, &scope, &m->arena, v, &why))
			return template_fails(d, &why, fault);
		if (doubts != 0 && v->type == LIQUID_ARRAY)
			map_note_doubts(m, d, doubts);
		if (v->type == LIQUID_ARRAY) {
			if (!texts_of(m, d, v, fault))
				return false;
			*list = replace_entries(m, d, v, fault);
			*out = (struct rows_cell){"[]", liquid_is_empty(v) ? 0 : 2};
			return *list != NULL;
		}
	}
	if (!liquid_render(d->entry->template, &scope, &m->arena, &m->rendered, &why))
		return template_fails(d, &why, fault);
	if (made->nobody != NULL) /* which has a warning of its own */
		doubts &= ~(unsigned)LIQUID_NOTHING;
	if (doubts != 0)
		map_note_doubts(m, d, doubts);
	return keep_rendered(m, out, fault);
}

/* Without a template: scalars as their text, an object only where one is wanted. */
static bool plain_text(const struct map_derived *d, const struct liquid_value *v,
		       struct rows_cell *out, struct map_cell_fault *fault)
{
	bool nested = (v->type == LIQUID_OBJECT || (v->type == LIQUID_ARRAY && !d->items)) &&
		      !liquid_is_empty(v);
	if (nested && !d->whole && d->pattern == NULL)
		return map_cell_refuse(
		    fault, "bad-json",
		    "a single value is expected at that place of the cell's JSON, not an "
		    "object or a list");
	if (liquid_is_empty(v))
		*out = (struct rows_cell){"", 0};
	else
		*out = (struct rows_cell){v->p, v->len};
	return true;
}

/* What `values` has in place of the text, noted for whoever explains the row. */
static bool apply_values(struct map_derived *d, struct rows_cell *cell,
			 struct map_cell_fault *fault)
{
	d->asked = *cell;
	bool ok = map_values_apply(d->entry, cell, fault);
	d->listed = ok && cell->p != d->asked.p;
	return ok;
}

/* A list of the cell's JSON, entry by entry. */
static bool keep_list(struct map *m, struct map_derived *d, const struct liquid_value *v,
		      struct map_cell_fault *fault)
{
	struct liquid_value *list = liquid_take(&m->arena, sizeof(*list));
	if (list == NULL)
		return map_cell_refuse(fault, "row-too-large",
				       "the row's lists do not fit into memory");
	*list = *v;
	d->list = replace_entries(m, d, list, fault);
	return d->list != NULL;
}

bool map_derive(struct map *m, struct map_derived *d, const struct rows_cell *cells,
		struct rows_cell *out, struct map_cell_fault *fault)
{
	const struct rows_cell *cell = &cells[d->column];
	struct liquid_value v = string_of(cell->p, cell->len);
	const struct liquid *template = d->entry->template;
	*out = d->asked = (struct rows_cell){"", 0};
	d->list = NULL;
	d->nameless = false;
	if (d->pattern != NULL)
		return true;
	bool json = d->path != NULL ||
		    (template != NULL && liquid_reaches(template) && map_derive_nested(cell));
	if (json && !map_derive_json(m, d->column, cell, &v, fault))
		return false;
	if (d->path != NULL)
		map_derive_follow(&v, d->path);
	if (left_out(d->entry, &v, json))
		return true;
	struct liquid_value list = v;
	const bool lists = template == NULL && d->items && d->entry->values != NULL;
	if (lists && (v.type == LIQUID_ARRAY ||
		      (d->path == NULL && map_derive_list(m, d->column, cell, &list)))) {
		*out = (struct rows_cell){"[]", liquid_is_empty(&list) ? 0 : 2};
		return keep_list(m, d, &list, fault);
	}
	if (template == NULL)
		return plain_text(d, &v, out, fault) && apply_values(d, out, fault);
	struct made made = {.value = &v, .key = d->key, .key_len = strlen(d->key)};
	if (!json && liquid_lists(template) && map_derive_list(m, d->column, cell, &list))
		made.list = &list;
	struct map_nobody nobody = {0};
	if (d->id && m->guards_ids)
		made.nobody = &nobody;
	if (!apply_template(m, d, &made, out, &d->list, fault) ||
	    (d->list == NULL && !apply_values(d, out, fault)))
		return false;
	d->nameless = map_nobody_made(&nobody, out);
	return true;
}

/* ---- spreads ---- */

bool map_derive_object(struct map *m, const struct map_derived *d, const struct rows_cell *cells,
		       struct liquid_value *out, struct map_cell_fault *fault)
{
	if (!map_derive_json(m, d->column, &cells[d->column], out, fault))
		return false;
	map_derive_follow(out, d->way);
	if (liquid_is_empty(out)) /* as "" and [] are in any cell of JSON */
		*out = (struct liquid_value){0};
	if (out->type == LIQUID_OBJECT || out->type == LIQUID_NIL)
		return true;
	return map_cell_refuse(fault, "bad-json",
			       "a JSON object is expected, such as {\"key\": \"value\"}");
}

/* Is there a mapping that names this member, or a part of it, more exactly? */
static bool claimed(const struct map *m, const struct map_derived *d, const char *key, size_t len)
{
	for (size_t i = 0; i < m->manifest->n; i++) {
		const struct map_entry *e = &m->manifest->entries[i];
		if (e->source == NULL || e == d->entry)
			continue;
		if (strchr(e->source, '*') != NULL) {
			bool closer =
			    strlen(e->source) > strlen(d->pattern) ||
			    (e->action == MAP_IGNORE && strlen(e->source) == strlen(d->pattern));
			if (closer && map_pattern_fits(e->source, key, len))
				return true;
			continue;
		}
		if (strncmp(e->source, key, len) == 0 &&
		    (e->source[len] == '\0' || e->source[len] == '.' || e->source[len] == '['))
			return true;
	}
	return false;
}

static bool item_text(struct map *m, const struct map_derived *d,
		      const struct liquid_member *member, struct map_spread_item *out,
		      struct map_cell_fault *fault)
{
	const struct liquid_value *v = &member->value;
	const struct made made = {.value = v, .key = member->key, .key_len = member->key_len};
	if (d->entry->template != NULL)
		return apply_template(m, d, &made, &out->text, &out->list, fault) &&
		       (out->list != NULL || map_values_apply(d->entry, &out->text, fault));
	if (v->type == LIQUID_ARRAY && d->lists && !liquid_is_empty(v)) {
		out->list = replace_entries(m, d, v, fault);
		if (out->list == NULL)
			return false;
	}
	return plain_text(d, v, &out->text, fault) &&
	       (out->list != NULL || map_values_apply(d->entry, &out->text, fault));
}

bool map_derive_item(struct map *m, const struct map_derived *d, const struct liquid_member *member,
		     struct map_spread_item *out, struct map_cell_fault *fault)
{
	struct liquid_fault why = {0};
	size_t head = strlen(d->key), len = head + member->key_len;
	memset(out, 0, sizeof(*out));
	char *key = liquid_take(&m->arena, len + 1);
	if (key == NULL)
		return map_cell_refuse(fault, "row-too-large",
				       "the templates make more of this row than fits into memory");
	memcpy(key, d->key, head);
	memcpy(key + head, member->key, member->key_len);
	key[len] = '\0';
	if (!map_pattern_fits(d->pattern, key, len) || claimed(m, d, key, len) ||
	    left_out(d->entry, &member->value, true))
		return true;
	out->taken = true;
	df_buf_reset(&m->rendered);
	if (!map_derive_target(m, d->entry, member->key, member->key_len, &m->rendered, &why))
		return map_cell_refuse(fault, "not-allowed", why.text);
	if (!keep_rendered(m, &out->name, fault))
		return false;
	/* what leads to the object is the same for all: the name is the rest */
	out->name.p += d->lead;
	out->name.len -= d->lead;
	return item_text(m, d, member, out, fault);
}
