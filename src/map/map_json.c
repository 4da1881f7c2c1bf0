/* SPDX-License-Identifier: MIT */
/*
 * JSON in a cell that is a whole object or list of the schema: user_attributes,
 * product_action.products, consent_state.gdpr. It becomes what the same values in columns of their
 * own would have become: typed, checked, within the API's limits. What an empty cell is to a
 * column, null, "", {} and [] are here: left out.
 */
#include "map_json.h"

#include "map_cell.h"
#include "map_notes.h"
#include "map_state.h"

#include <stdio.h>

/* The fault is in this member, or in this entry of a list: on the way out, so the outer ones
 * come first. */
static bool within(struct map_json *j, const char *member, size_t index)
{
	char inner[sizeof(j->place)];
	memcpy(inner, j->place, sizeof(inner));
	const char *dot = inner[0] == '[' || inner[0] == '\0' ? "" : ".";
	if (member == NULL)
		snprintf(j->place, sizeof(j->place), "[%zu]%s%.60s", index, dot, inner);
	else
		snprintf(j->place, sizeof(j->place), "%.60s%s%.60s", member, dot, inner);
	return false;
}

/* The same for a member of any name. */
static bool within_key(struct map_json *j, const struct liquid_member *m)
{
	char key[61];
	snprintf(key, sizeof(key), "%.*s", m->key_len < 60 ? (int)m->key_len : 60, m->key);
	return within(j, key, 0);
}

static bool shorten(struct map_json *j, size_t max, const char *p, size_t *len)
{
	size_t fit = j->limited ? map_utf8_prefix(p, *len, max) : *len;
	if (fit == *len)
		return true;
	if (!j->m->feed->map.limits_truncate)
		return map_cell_refuse(
		    j->fault, "too-long",
		    "a name or a value in the object is longer than the API takes (256, "
		    "4096, 512 in a list)");
	*len = fit;
	j->truncated = true;
	return true;
}

/* Is there room for another one? Where there is none, false, and `ok` says whether that is a
 * fault. */
static bool json_has_room(struct map_json *j, size_t n, size_t max, const char *fault, bool *ok)
{
	if (!j->limited || n < max)
		return true;
	j->truncated = true;
	*ok = j->m->feed->map.limits_truncate ||
	      map_cell_refuse(j->fault, "too-many-attributes", fault);
	return false;
}

/* What becomes a string: anything, objects as they are written. */
static bool text(struct map_json *j, const struct liquid_value *v, size_t max)
{
	size_t len = v->len;
	if (liquid_is_empty(v))
		return true;
	if (!shorten(j, max, v->p, &len))
		return false;
	df_json_string(j->out, v->p, len);
	return true;
}

static void separate(struct map_json *j, size_t body)
{
	if (j->out->len > body)
		df_buf_addc(j->out, ',');
}

/* Ends an object or a list; one that is empty is taken back. Returns the length of what is
 * written then. */
static size_t close_bracket(struct map_json *j, size_t start, size_t body, char bracket)
{
	if (j->out->len == body)
		j->out->len = start;
	else
		df_buf_addc(j->out, bracket);
	return j->out->len;
}

static bool strings(struct map_json *j, const struct liquid_value *v)
{
	size_t start = j->out->len, n = 0;
	bool ok = true;
	df_buf_addc(j->out, '[');
	size_t body = j->out->len;
	for (size_t i = 0; ok && i < v->array.n; i++) {
		if (liquid_is_empty(&v->array.v[i]))
			continue;
		if (!json_has_room(j, n++, MAP_MAX_LIST,
				   "the API takes at most 1000 entries in a list", &ok))
			break;
		separate(j, body);
		ok = text(j, &v->array.v[i], MAP_MAX_LIST_VALUE) || within(j, NULL, i);
	}
	close_bracket(j, start, body, ']');
	return ok;
}

static bool json_one(struct map_json *j, const struct schema_field *field,
		     const struct liquid_value *v);

typedef bool value_writer(struct map_json *j, const struct schema_field *field,
			  const struct liquid_value *v);

/* Writes the member, or nothing when it has no value. body: where the object's members begin. */
static bool put_member(struct map_json *j, size_t body, const struct schema_field *field,
		       value_writer *write, const struct liquid_member *given)
{
	size_t before = j->out->len;
	separate(j, body);
	df_json_string(j->out, given->key, given->key_len);
	df_buf_addc(j->out, ':');
	size_t from = j->out->len;
	bool ok = write(j, field, &given->value);
	if (j->out->len == from)
		j->out->len = before;
	return ok;
}

static bool keyed_value(struct map_json *j, const struct schema_field *field,
			const struct liquid_value *v)
{
	if (field->type == SCHEMA_OBJECT || field->type == SCHEMA_KEYS)
		return json_one(j, field, v);
	if (field->type == SCHEMA_STRINGS && v->type == LIQUID_ARRAY)
		return strings(j, v);
	return text(j, v, MAP_MAX_VALUE);
}

static bool not_an_object(struct map_json *j)
{
	return map_cell_refuse(
	    j->fault, "bad-json",
	    "a JSON object is expected, such as {\"key\": \"value\"}; double each quote in "
	    "the CSV");
}

/* Names that were cut may have become the same: member i's is of `len` bytes now. */
static bool cut_alike(const struct liquid_value *v, size_t i, size_t len)
{
	const struct liquid_member *m = v->object.v;
	for (size_t k = 0; len >= MAP_MAX_NAME && k < i; k++)
		if (!liquid_is_empty(&m[k].value) && m[k].key_len >= len &&
		    memcmp(m[k].key, m[i].key, len) == 0 &&
		    map_utf8_prefix(m[k].key, m[k].key_len, MAP_MAX_NAME) == len)
			return true;
	return false;
}

/* An attribute without a value is deleted, where the feed says so. */
static void delete_name(struct map_json *j, const char *key, size_t len)
{
	if (j->deleted == NULL)
		return;
	if (j->deleted->len > 0)
		df_buf_addc(j->deleted, ',');
	df_json_string(j->deleted, key, len);
}

/* An object with any keys. */
static bool keyed(struct map_json *j, const struct schema_field *field,
		  const struct liquid_value *v, value_writer *write)
{
	size_t start = j->out->len, n = 0;
	bool ok = true;
	if (v->type != LIQUID_OBJECT)
		return not_an_object(j);
	df_buf_addc(j->out, '{');
	size_t body = j->out->len;
	for (size_t i = 0; ok && i < v->object.n; i++) {
		const struct liquid_member *m = &v->object.v[i];
		size_t len = m->key_len, before = j->out->len;
		if (len == 0)
			return map_cell_refuse(j->fault, "bad-json",
					       "a member of the object has no name");
		if (!shorten(j, MAP_MAX_NAME, m->key, &len))
			return within_key(j, m);
		if (liquid_is_empty(&m->value)) {
			delete_name(j, m->key, len);
			continue;
		}
		if (j->limited && cut_alike(v, i, len))
			return map_cell_refuse(
			    j->fault, "bad-json",
			    "two names in the object are the same once they are cut");
		if (!json_has_room(j, n, MAP_MAX_ATTRIBUTES, "the API takes at most 100 attributes",
				   &ok))
			break;
		const struct liquid_member cut = {m->key, len, m->value};
		if (!put_member(j, body, field, write, &cut))
			return within_key(j, m);
		n += j->out->len > before;
	}
	close_bracket(j, start, body, '}');
	return ok;
}

static bool keyed_text(struct map_json *j, const struct schema_field *field,
		       const struct liquid_value *v)
{
	(void)field;
	return text(j, v, MAP_MAX_VALUE);
}

/* A cell's JSON brings identities, too. */
static void note_json_id(struct map_json *j, size_t from)
{
	if (j->ids == NULL || j->out->over || j->out->len == from)
		return;
	from += j->out->data[from] == ',';
	if (j->ids->len > 0)
		df_buf_addc(j->ids, ',');
	df_buf_add(j->ids, j->out->data + from, j->out->len - from);
}

static bool unknown_member(struct map_json *j, const struct schema_object *object,
			   const struct liquid_member *m)
{
	unsigned score;
	j->fault->code = "bad-json";
	snprintf(j->fault->text, sizeof(j->fault->text),
		 "the schema has no member '%.*s' here; did you mean '%s'?",
		 m->key_len > 40 ? 40 : (int)m->key_len, m->key,
		 schema_suggest_field(object, m->key, m->key_len, &score));
	return false;
}

static bool any_object(struct map_json *j, const struct schema_field *field,
		       const struct liquid_value *v);

/* Is every member one of the schema's? */
static bool only_known(struct map_json *j, const struct schema_object *object,
		       const struct liquid_value *v)
{
	for (size_t i = 0; i < v->object.n; i++) {
		const struct liquid_member *m = &v->object.v[i];
		const struct schema_field *field = schema_field_find(object, m->key, m->key_len);
		if (field == NULL || (field->flags & SCHEMA_SECRET) != 0)
			return unknown_member(j, object, m);
	}
	return true;
}

/* As in a column of its own: *given becomes NULL, or there is a fault, and false. */
static bool check_json_identity(struct map_json *j, const struct schema_field *field,
				const struct liquid_value **given)
{
	const struct liquid_value *v = *given;
	size_t kind;
	if (liquid_is_empty(v))
		return true;
	if (v->type == LIQUID_ARRAY || v->type == LIQUID_OBJECT)
		return map_cell_refuse(j->fault, "bad-json",
				       "an identity is one value, not a list or an object");
	if (!j->m->guards_ids)
		return true;
	if (!map_placeholder(v->p, v->len, &kind)) {
		const struct rows_cell value = {v->p, v->len};
		if (j->notes != NULL && field->type == SCHEMA_STRING) /* others are trimmed */
			map_note_identity(j->notes, j->op, field->type, &value);
		return true;
	}
	if (j->m->placeholder_ids == CONF_PLACEHOLDER_REJECT)
		return map_cell_refuse(
		    j->fault, "missing-identity",
		    "a placeholder that identifies nobody; correct it, leave it out, or "
		    "set placeholder_ids");
	if (j->notes != NULL)
		map_note_placeholder(j->notes, j->op, kind);
	*given = NULL;
	return true;
}

/* Writes the field's member, where the object has it. */
static bool known_member(struct map_json *j, size_t body, const struct schema_field *field,
			 const struct liquid_value *object)
{
	const size_t len = strlen(field->name);
	const struct liquid_value *given = liquid_member_of(object, field->name, len);
	if (given != NULL && (field->flags & SCHEMA_ID) != 0 &&
	    !check_json_identity(j, field, &given))
		return false;
	if (given == NULL)
		return true;
	const struct liquid_member found = {field->name, len, *given};
	return put_member(j, body, field, any_object, &found);
}

/* An object whose fields are known. They are written in the schema's order: the same values are
 * the same user, the same batch. */
static bool put_known_object(struct map_json *j, const struct schema_object *object,
			     const struct liquid_value *v)
{
	size_t start = j->out->len;
	const struct schema_field *missing = NULL;
	if (liquid_is_empty(v))
		return true;
	if (v->type != LIQUID_OBJECT)
		return not_an_object(j);
	if (!only_known(j, object, v))
		return false;
	df_buf_addc(j->out, '{');
	size_t body = j->out->len;
	for (size_t i = 0; i < object->n; i++) {
		const struct schema_field *field = &object->fields[i];
		size_t from = j->out->len;
		if (!known_member(j, body, field, v))
			return within(j, field->name, 0);
		if ((field->flags & SCHEMA_ID) != 0)
			note_json_id(j, from);
		if ((field->flags & SCHEMA_REQUIRED) != 0 && j->out->len == from)
			missing = field;
	}
	if (close_bracket(j, start, body, '}') == start || missing == NULL)
		return true;
	map_cell_refuse(j->fault, "missing-value",
			"the API needs it; add it or leave all of that object out");
	return within(j, missing->name, 0);
}

static bool typed(struct map_json *j, const struct schema_field *field,
		  const struct liquid_value *v)
{
	struct rows_cell cell = {v->p, v->len};
	map_cell_trim(&cell.p, &cell.len);
	if (liquid_is_empty(v) || cell.len == 0)
		return true;
	return map_cell_emit(j->m, field->type, field, &cell, j->out, j->fault);
}

/* One value of the field's type, whatever its shape. */
static bool json_one(struct map_json *j, const struct schema_field *field,
		     const struct liquid_value *v)
{
	switch (field->type) {
	case SCHEMA_OBJECT:
		return put_known_object(j, field->object, v);
	case SCHEMA_KEYS:
		return liquid_is_empty(v) || keyed(j, field, v, keyed_text);
	case SCHEMA_STRING:
		return text(j, v, MAP_MAX_VALUE);
	case SCHEMA_STRINGS:
		return v->type == LIQUID_ARRAY ? strings(j, v) : text(j, v, MAP_MAX_VALUE);
	default:
		return typed(j, field, v);
	}
}

/* A list; one value that is not a list is its only entry, as a column without an index is the
 * first. */
static bool list(struct map_json *j, const struct schema_field *field, const struct liquid_value *v)
{
	size_t start = j->out->len, n = v->type == LIQUID_ARRAY ? v->array.n : 1;
	const struct liquid_value *items = v->type == LIQUID_ARRAY ? v->array.v : v;
	df_buf_addc(j->out, '[');
	size_t body = j->out->len;
	for (size_t i = 0; i < n; i++) {
		size_t before = j->out->len;
		separate(j, body);
		size_t from = j->out->len;
		if (!json_one(j, field, &items[i]))
			return v->type == LIQUID_ARRAY ? within(j, NULL, i) : false;
		if (j->out->len == from)
			j->out->len = before;
	}
	close_bracket(j, start, body, ']');
	return true;
}

static bool any_object(struct map_json *j, const struct schema_field *field,
		       const struct liquid_value *v)
{
	bool limited = j->limited, ok = true;
	j->limited = (field->flags & SCHEMA_ATTRIBUTES) != 0;
	if (!liquid_is_empty(v))
		ok = field->shape == SCHEMA_LIST    ? list(j, field, v)
		     : field->shape == SCHEMA_KEYED ? keyed(j, field, v, keyed_value)
						    : json_one(j, field, v);
	j->limited = limited;
	return ok;
}

bool map_json_emit(struct map_json *j, const struct schema_field *field, const char *p, size_t len)
{
	static const char object[] =
	    "a JSON object is expected, such as {\"key\": \"value\"}; double each quote in the CSV";
	static const char entries[] =
	    "a JSON list is expected, such as [{\"key\": \"value\"}]; double each quote in the CSV";
	struct liquid_value v = {0};
	const struct rows_cell cell = {p, len};
	struct liquid_json_fault why;
	size_t before = j->out->len;
	j->limited = j->truncated = false;
	j->place[0] = '\0';
	if (!liquid_json(p, len, j->arena, &v, &why))
		return map_cell_refuse_json(
		    j->fault, field->shape == SCHEMA_LIST ? entries : object, &why, &cell);
	if (any_object(j, field, &v))
		return true;
	j->out->len = before;
	if (j->place[0] != '\0') {
		char fault[sizeof(j->fault->text)];
		memcpy(fault, j->fault->text, sizeof(fault));
		df_utf8_sanitize(j->place);
		snprintf(j->fault->text, sizeof(fault), "%.90s: %.120s", j->place, fault);
	}
	return false;
}

/* A static value: a row's have the row's arena. */
static bool emit_json(const struct map *m, const struct schema_field *field, const char *p,
		      size_t len, struct df_buf *out, struct map_cell_fault *fault)
{
	struct liquid_arena arena = {0};
	struct map_json json = {.m = m, .arena = &arena, .out = out, .fault = fault};
	bool ok = map_json_emit(&json, field, p, len);
	liquid_arena_free(&arena);
	return ok;
}

bool map_value_emit(const struct map *m, enum schema_type type, const struct schema_field *field,
		    const struct rows_cell *cell, struct df_buf *out, struct map_cell_fault *fault)
{
	if (type == SCHEMA_JSON)
		return emit_json(m, field, cell->p, cell->len, out, fault);
	return map_cell_emit(m, type, field, cell, out, fault);
}
