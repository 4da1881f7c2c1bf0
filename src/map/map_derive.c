/* SPDX-License-Identifier: MIT */
/* Cells that a mapping makes of others: templates, and values out of a cell's JSON. Memory comes from the row's arena. */
#include "map_priv.h"

#include <stdio.h>
#include <stdlib.h>

size_t map_derived_add(struct map *m, size_t column, const struct map_entry *entry, const char *key, size_t key_len,
		       const char *path)
{
	if (m->n_derived == m->derived_cap) {
		m->derived_cap = m->derived_cap == 0 ? 8 : m->derived_cap * 2;
		m->derived = df_realloc(m->derived, m->derived_cap * sizeof(*m->derived));
		m->cells = df_realloc(m->cells, (m->n_names + m->derived_cap) * sizeof(*m->cells));
	}
	if (m->json == NULL)
		m->json = df_alloc(m->n_names * sizeof(*m->json));
	struct map_derived *d = &m->derived[m->n_derived];
	memset(d, 0, sizeof(*d));
	d->column = column;
	d->entry = entry;
	d->key = df_strndup(key, key_len);
	if (path != NULL)
		d->path = d->key + (path - key);
	return m->n_names + m->n_derived++;
}

struct map_derived *map_derived_of(const struct map *m, size_t column)
{
	return column != MAP_NONE && column >= m->n_names ? &m->derived[column - m->n_names] : NULL;
}

void map_derived_free(struct map *m)
{
	for (size_t i = 0; i < m->n_derived; i++) {
		free(m->derived[i].key);
		free(m->derived[i].way);
	}
	free(m->derived);
	free(m->json);
	free(m->cells);
	m->derived = NULL;
	m->json = NULL;
	m->cells = NULL;
	m->n_derived = m->derived_cap = 0;
}

void map_derive_begin(struct map *m)
{
	for (size_t i = 0; i < m->n_derived; i++) {
		m->derived[i].faulty = false;
		m->json[m->derived[i].column].state = MAP_JSON_UNREAD;
	}
}

static bool refuse(struct map_cell_fault *fault, const char *code, const char *text)
{
	fault->code = code;
	snprintf(fault->text, sizeof(fault->text), "%s", text);
	return false;
}

/* A cell is read once for all of its mappings, and is blamed once. */
static bool cell_json(struct map *m, size_t column, const struct rows_cell *cell, struct liquid_value *out,
		      struct map_cell_fault *fault)
{
	struct map_cell_json *json = &m->json[column];
	if (json->state == MAP_JSON_UNREAD) {
		memset(&json->value, 0, sizeof(json->value));
		const char *p = cell->p;
		size_t len = cell->len;
		map_cell_trim(&p, &len);
		json->state = MAP_JSON_READ;
		const char *why = NULL;
		if (len > 0 && !liquid_json(p, len, &m->arena, &json->value, &why)) {
			json->state = MAP_JSON_BAD;
			return refuse(fault, "bad-json",
				      why != NULL ? why
						  : "JSON is expected, such as {\"key\": \"value\"}; "
						    "double each quote in the CSV");
		}
	} else if (json->state == MAP_JSON_BAD) {
		fault->code = NULL;
		return false;
	}
	*out = json->value;
	return true;
}

static void step_into(struct liquid_value *v, const char *key, size_t len)
{
	const struct liquid_value *next = liquid_member_of(v, key, len);
	*v = next != NULL ? *next : (struct liquid_value){0};
}

/* a.b[0].c; a name with a dot in it is found, too. What is not there is nil. */
static void follow(struct liquid_value *v, const char *path)
{
	while (*path != '\0' && v->type != LIQUID_NIL) {
		size_t len = strlen(path);
		if (*path == '[') {
			char *end = NULL;
			unsigned long i = strtoul(path + 1, &end, 10);
			bool found = *end == ']' && v->type == LIQUID_ARRAY && i < v->array.n;
			*v = found ? v->array.v[i] : (struct liquid_value){0};
			path = *end == ']' ? end + 1 : end;
		} else if (liquid_member_of(v, path, len) != NULL) {
			step_into(v, path, len);
			return;
		} else {
			size_t n = strcspn(path, ".[");
			step_into(v, path, n > 0 ? n : len);
			path += n > 0 ? n : len;
		}
		path += *path == '.';
	}
}

static struct liquid_value string_of(const char *p, size_t len)
{
	return liquid_string(p != NULL ? p : "", len);
}

/* The scope of a template: value, key, key_length. */
static struct liquid_value variables(struct liquid_member members[3], const struct liquid_value *value, const char *key,
				     size_t key_len)
{
	members[0] = (struct liquid_member){.key = "value", .key_len = 5, .value = *value};
	members[1] = (struct liquid_member){.key = "key", .key_len = 3, .value = string_of(key, key_len)};
	members[2] = (struct liquid_member){
	    .key = "key_length", .key_len = 10, .value = liquid_int((int64_t)liquid_chars(key, key_len))};
	return (struct liquid_value){.type = LIQUID_OBJECT, .object = {members, 3}};
}

/* A * stands for the key. */
bool map_derive_target(struct map *m, const struct map_entry *entry, const char *key, size_t key_len,
		       struct df_buf *out, struct liquid_fault *fault)
{
	struct liquid_member members[3];
	struct liquid_value none = {0}, root = variables(members, &none, key, key_len);
	struct liquid_scope scope = {.variables = &root, .star = key, .star_len = key_len};
	return liquid_render(entry->target, &scope, &m->arena, out, fault);
}

static bool left_out(const struct map_entry *entry, const struct liquid_value *v, bool json)
{
	bool empty = (v->type == LIQUID_STRING && v->len == 0) || (v->type == LIQUID_ARRAY && v->array.n == 0) ||
		     (v->type == LIQUID_OBJECT && v->object.n == 0);
	bool none = v->type == LIQUID_NIL || (empty && !json); /* an empty cell is all that a null can be in a CSV */
	return entry->ignore_when != MAP_NEVER && (none || (empty && entry->ignore_when == MAP_WHEN_EMPTY));
}

/* The row's copy of what was rendered. */
static bool keep_rendered(struct map *m, struct rows_cell *out, struct map_cell_fault *fault)
{
	char *p = liquid_take(&m->arena, m->rendered.len + 1);
	if (p == NULL)
		return refuse(fault, "row-too-large", "the templates make too much of this row");
	if (m->rendered.len > 0)
		memcpy(p, m->rendered.data, m->rendered.len);
	*out = (struct rows_cell){p, m->rendered.len};
	return true;
}

static bool apply_template(struct map *m, const struct map_derived *d, const struct liquid_value *v, const char *key,
			   size_t key_len, struct rows_cell *out, struct map_cell_fault *fault)
{
	struct liquid_member members[3];
	struct liquid_value root = variables(members, v, key, key_len);
	struct liquid_scope scope = {.variables = &root};
	struct liquid_fault why = {0};
	df_buf_reset(&m->rendered);
	if (liquid_render(d->entry->template, &scope, &m->arena, &m->rendered, &why))
		return keep_rendered(m, out, fault);
	fault->code = "not-allowed";
	snprintf(fault->text, sizeof(fault->text), "the manifest's template of '%.50s' fails: %.120s", d->entry->source,
		 why.text);
	return false;
}

/* Without a template: scalars as their text, an object only where one is wanted. */
static bool plain_text(const struct map_derived *d, const struct liquid_value *v, struct rows_cell *out,
		       struct map_cell_fault *fault)
{
	bool nested = (v->type == LIQUID_OBJECT || v->type == LIQUID_ARRAY) && !liquid_is_empty(v);
	if (nested && !d->whole && d->pattern == NULL)
		return refuse(fault, "bad-json",
			      "a single value is expected at that place of the cell's JSON, not an object or a list");
	if (liquid_is_empty(v))
		*out = (struct rows_cell){"", 0};
	else
		*out = (struct rows_cell){v->p, v->len};
	return true;
}

static bool looks_nested(const struct rows_cell *cell)
{
	const char *p = cell->p;
	size_t len = cell->len;
	map_cell_trim(&p, &len);
	return len > 0 && (*p == '{' || *p == '[');
}

bool map_derive(struct map *m, const struct map_derived *d, const struct rows_cell *cells, struct rows_cell *out,
		struct map_cell_fault *fault)
{
	const struct rows_cell *cell = &cells[d->column];
	struct liquid_value v = string_of(cell->p, cell->len);
	const struct liquid *template = d->entry->template;
	*out = (struct rows_cell){"", 0};
	if (d->pattern != NULL)
		return true;
	bool json = d->path != NULL || (template != NULL && liquid_reaches(template) && looks_nested(cell));
	if (json && !cell_json(m, d->column, cell, &v, fault))
		return false;
	if (d->path != NULL)
		follow(&v, d->path);
	if (left_out(d->entry, &v, json))
		return true;
	if (template != NULL)
		return apply_template(m, d, &v, d->key, strlen(d->key), out, fault);
	return plain_text(d, &v, out, fault);
}

/* ---- spreads ---- */

bool map_derive_object(struct map *m, const struct map_derived *d, const struct rows_cell *cells,
		       struct liquid_value *out, struct map_cell_fault *fault)
{
	if (!cell_json(m, d->column, &cells[d->column], out, fault))
		return false;
	follow(out, d->way);
	if (out->type == LIQUID_OBJECT || out->type == LIQUID_NIL)
		return true;
	return refuse(fault, "bad-json", "a JSON object is expected, such as {\"key\": \"value\"}");
}

/* Is there a mapping that names this member, or a part of it, more exactly? */
static bool claimed(const struct map *m, const struct map_derived *d, const char *key, size_t len)
{
	for (size_t i = 0; i < m->manifest->n; i++) {
		const struct map_entry *e = &m->manifest->entries[i];
		if (e->source == NULL || e == d->entry)
			continue;
		if (strchr(e->source, '*') != NULL) {
			bool closer = strlen(e->source) > strlen(d->pattern) ||
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

static bool item_text(struct map *m, const struct map_derived *d, const struct liquid_value *v, const char *key,
		      size_t key_len, struct map_spread_item *out, struct map_cell_fault *fault)
{
	if (d->entry->template != NULL)
		return apply_template(m, d, v, key, key_len, &out->text, fault);
	if (v->type == LIQUID_ARRAY && d->lists && !liquid_is_empty(v))
		out->list = v;
	return plain_text(d, v, &out->text, fault);
}

bool map_derive_item(struct map *m, const struct map_derived *d, const struct liquid_member *member,
		     struct map_spread_item *out, struct map_cell_fault *fault)
{
	struct liquid_fault why = {0};
	size_t head = strlen(d->key), len = head + member->key_len;
	memset(out, 0, sizeof(*out));
	char *key = liquid_take(&m->arena, len + 1);
	if (key == NULL)
		return refuse(fault, "row-too-large", "the templates make too much of this row");
	memcpy(key, d->key, head);
	memcpy(key + head, member->key, member->key_len);
	key[len] = '\0';
	if (!map_pattern_fits(d->pattern, key, len) || claimed(m, d, key, len) ||
	    left_out(d->entry, &member->value, true))
		return true;
	out->taken = true;
	df_buf_reset(&m->rendered);
	if (!map_derive_target(m, d->entry, member->key, member->key_len, &m->rendered, &why))
		return refuse(fault, "not-allowed", why.text);
	if (!keep_rendered(m, &out->name, fault))
		return false;
	/* what leads to the object is the same for all: the name is the rest */
	out->name.p += d->lead;
	out->name.len -= d->lead;
	return item_text(m, d, &member->value, member->key, member->key_len, out, fault);
}
