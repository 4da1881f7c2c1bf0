/* SPDX-License-Identifier: MIT */
/* Names of columns become paths through the schema's tables. */
#include "dropfeed/schema.h"

#include <stdio.h>
#include <strings.h>

/* The names that the hosted CSV feed gives to identities, where they differ from the Events
 * API's. */
static const struct {
	const char *csv, *json;
} identity_names[] = {
    {"customerid", "customer_id"}, {"other2", "other_id_2"}, {"other3", "other_id_3"},
    {"other4", "other_id_4"},      {"other5", "other_id_5"}, {"other6", "other_id_6"},
    {"other7", "other_id_7"},      {"other8", "other_id_8"}, {"other9", "other_id_9"},
    {"other10", "other_id_10"},
};

struct cursor {
	const char *p;
	size_t len;
};

static bool same_bytes(const char *a, const char *p, size_t len)
{
	return strlen(a) == len && memcmp(a, p, len) == 0;
}

static bool skip(struct cursor *c, const char *word)
{
	size_t n = strlen(word);
	if (c->len < n || memcmp(c->p, word, n) != 0)
		return false;
	c->p += n;
	c->len -= n;
	return true;
}

const struct schema_event *schema_event_find(const char *name, size_t len)
{
	for (size_t i = 0; i < schema_n_events; i++)
		if (same_bytes(schema_events[i].name, name, len))
			return &schema_events[i];
	return NULL;
}

const struct schema_field *schema_field_find(const struct schema_object *object, const char *name,
					     size_t len)
{
	for (size_t i = 0; i < object->n; i++)
		if (same_bytes(object->fields[i].name, name, len))
			return &object->fields[i];
	return NULL;
}

bool schema_field_holds_id(const struct schema_field *field)
{
	for (size_t i = 0; field->object != NULL && i < field->object->n; i++)
		if (field->object->fields[i].flags & SCHEMA_ID)
			return true;
	return false;
}

/* The field of `object` that a column's segment names: as in JSON, or an identity as in CSV. */
static const struct schema_field *field_of_segment(const struct schema_object *object,
						   const char *name, size_t len)
{
	const struct schema_field *field = schema_field_find(object, name, len);
	if (field != NULL || object->n == 0 || (object->fields[0].flags & SCHEMA_ID) == 0)
		return field;
	for (size_t i = 0; i < sizeof(identity_names) / sizeof(identity_names[0]); i++)
		if (same_bytes(identity_names[i].csv, name, len))
			return schema_field_find(object, identity_names[i].json,
						 strlen(identity_names[i].json));
	return NULL;
}

static bool path_add_step(struct schema_path *path, const struct schema_step *step)
{
	if (path->n == SCHEMA_MAX_STEPS)
		return false;
	path->steps[path->n++] = *step;
	return true;
}

static bool add_field(struct schema_path *path, const struct schema_field *field,
		      const struct schema_object *object)
{
	const struct schema_step step = {
	    .field = field, .key = field->name, .key_len = strlen(field->name), .object = object};
	path->field = field;
	path->type = field->type;
	return path_add_step(path, &step);
}

static bool add_key(struct schema_path *path, const char *key, size_t len,
		    const struct schema_object *object)
{
	const struct schema_step step = {.key = key, .key_len = len, .object = object};
	return path_add_step(path, &step);
}

static bool path_add_item(struct schema_path *path, size_t index,
			  const struct schema_object *object)
{
	const struct schema_step step = {.index = index, .object = object};
	return path_add_step(path, &step);
}

/* "[]", "[12]" or nothing. */
static bool read_index(struct cursor *c, size_t *index, bool *given)
{
	*given = false;
	if (c->len == 0 || c->p[0] != '[')
		return true;
	size_t i = 1, value = 0;
	for (; i < c->len && c->p[i] >= '0' && c->p[i] <= '9'; i++) {
		value = value * 10 + (size_t)(c->p[i] - '0');
		if (value >= SCHEMA_MAX_INDEX)
			return false;
	}
	if (i == c->len || c->p[i] != ']')
		return false;
	*given = true;
	*index = i == 1 ? SCHEMA_APPEND : value;
	c->p += i + 1;
	c->len -= i + 1;
	return true;
}

static size_t find_dot(struct cursor c, bool last)
{
	const char *dot = last ? memrchr(c.p, '.', c.len) : memchr(c.p, '.', c.len);
	return dot == NULL ? c.len : (size_t)(dot - c.p);
}

/* What follows the name of an object with any keys. */
static enum schema_path_result parse_keyed(const struct schema_field *field, struct cursor c,
					   struct schema_path *path)
{
	if (!add_field(path, field, NULL))
		return SCHEMA_PATH_UNKNOWN;
	bool strings = field->type == SCHEMA_STRING || field->type == SCHEMA_STRINGS;
	if (c.len == 0) {
		path->type = SCHEMA_JSON;
		return SCHEMA_PATH_OK;
	}
	if (!skip(&c, "."))
		return SCHEMA_PATH_UNKNOWN;
	bool item =
	    field->type == SCHEMA_STRINGS && c.len > 2 && memcmp(c.p + c.len - 2, "[]", 2) == 0;
	if (item)
		c.len -= 2;
	if (c.len == 0)
		return SCHEMA_PATH_NO_KEY;

	path->type = item ? SCHEMA_ITEMS : SCHEMA_STRING;
	bool ok;
	if (strings) {
		ok = add_key(path, c.p, c.len, NULL) &&
		     (!item || path_add_item(path, SCHEMA_APPEND, NULL));
		return ok ? SCHEMA_PATH_OK : SCHEMA_PATH_UNKNOWN;
	}
	/* A purpose may hold dots, because its fields are known; so may the keys of a module,
	 * whose name has none. */
	size_t dot = find_dot(c, field->type == SCHEMA_OBJECT);
	if (dot == 0 || dot + 1 >= c.len)
		return SCHEMA_PATH_NO_KEY;
	const char *rest = c.p + dot + 1;
	size_t rest_len = c.len - dot - 1;
	ok = add_key(path, c.p, dot, field->object);
	if (field->type == SCHEMA_KEYS)
		return ok && add_key(path, rest, rest_len, NULL) ? SCHEMA_PATH_OK
								 : SCHEMA_PATH_UNKNOWN;
	const struct schema_field *leaf = schema_field_find(field->object, rest, rest_len);
	return ok && leaf != NULL && add_field(path, leaf, NULL) ? SCHEMA_PATH_OK
								 : SCHEMA_PATH_UNKNOWN;
}

static enum schema_path_result parse_object(const struct schema_object *object, struct cursor c,
					    struct schema_path *path);

static enum schema_path_result parse_field(const struct schema_field *field, struct cursor c,
					   struct schema_path *path)
{
	bool is_object = field->type == SCHEMA_OBJECT, given = false;
	size_t index = 0;
	if (field->flags & SCHEMA_SECRET)
		return SCHEMA_PATH_SECRET;
	if (field->shape == SCHEMA_KEYED)
		return parse_keyed(field, c, path);
	if (!add_field(path, field, field->shape == SCHEMA_ONE ? field->object : NULL))
		return SCHEMA_PATH_UNKNOWN;

	bool list = field->shape == SCHEMA_LIST || field->type == SCHEMA_STRINGS;
	if (list && !read_index(&c, &index, &given))
		return SCHEMA_PATH_UNKNOWN;
	if (field->type == SCHEMA_STRINGS ||
	    (list && !is_object)) { /* strings have no places of their own: they append */
		bool one = field->type == SCHEMA_STRINGS && !given;
		path->type = one ? SCHEMA_STRING : SCHEMA_ITEMS;
		if (c.len > 0 || (given && index != SCHEMA_APPEND))
			return SCHEMA_PATH_UNKNOWN;
		return one || path_add_item(path, SCHEMA_APPEND, NULL) ? SCHEMA_PATH_OK
								       : SCHEMA_PATH_UNKNOWN;
	}
	if (is_object && c.len == 0 && !(list && given)) {
		path->type = SCHEMA_JSON;
		return SCHEMA_PATH_OK;
	}
	if (list &&
	    !path_add_item(path, given && index != SCHEMA_APPEND ? index : 0, field->object))
		return SCHEMA_PATH_UNKNOWN;
	if (!is_object)
		return c.len == 0 ? SCHEMA_PATH_OK : SCHEMA_PATH_UNKNOWN;
	if (c.len == 0)
		return SCHEMA_PATH_WHOLE;
	return skip(&c, ".") ? parse_object(field->object, c, path) : SCHEMA_PATH_UNKNOWN;
}

static enum schema_path_result parse_object(const struct schema_object *object, struct cursor c,
					    struct schema_path *path)
{
	size_t n = 0;
	while (n < c.len && c.p[n] != '.' && c.p[n] != '[')
		n++;
	const struct schema_field *field = field_of_segment(object, c.p, n);
	if (field == NULL)
		return n == 0 ? SCHEMA_PATH_NO_KEY : SCHEMA_PATH_UNKNOWN;
	return parse_field(field, (struct cursor){c.p + n, c.len - n}, path);
}

static enum schema_path_result parse_data(const struct schema_event *event, struct cursor c,
					  struct schema_path *path,
					  const struct schema_event **other)
{
	if (event->data == NULL)
		return SCHEMA_PATH_EVENTLESS;
	enum schema_path_result result = parse_object(event->data, c, path);
	if (result != SCHEMA_PATH_UNKNOWN)
		return result;
	for (size_t i = 0; i < schema_n_events; i++) {
		struct schema_path ignored = {0};
		if (schema_events[i].data == NULL || schema_events[i].root != NULL ||
		    parse_object(schema_events[i].data, c, &ignored) != SCHEMA_PATH_OK)
			continue;
		*other = &schema_events[i];
		return SCHEMA_PATH_OTHER;
	}
	return SCHEMA_PATH_UNKNOWN;
}

enum schema_path_result schema_path_parse(const struct schema_event *event, const char *name,
					  size_t len, struct schema_path *path,
					  const struct schema_event **other)
{
	static const char *const prefixes[] = {"events.data", "events[].data", "events[0].data"};
	struct cursor c = {name, len};
	const struct schema_event *ignored = NULL;
	memset(path, 0, sizeof(*path));
	if (same_bytes("events", name, len))
		return SCHEMA_PATH_WHOLE;
	/* so in the example of the hosted feed's manual */
	if (same_bytes("events.timestamp_unixtime_ms", name, len)) {
		path->data = true;
		return parse_data(
		    event, (struct cursor){name + strlen("events."), len - strlen("events.")}, path,
		    other != NULL ? other : &ignored);
	}

	const char *own = schema_event_prefix(event);
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		bool other_prefix = strcmp(own, prefixes[0]) != 0;
		if (!skip(&c, other_prefix ? own : prefixes[i]))
			continue;
		path->data = true;
		if (c.len == 0)
			return SCHEMA_PATH_WHOLE;
		return skip(&c, ".") ? parse_data(event, c, path, other != NULL ? other : &ignored)
				     : SCHEMA_PATH_UNKNOWN;
	}
	return parse_object(schema_event_root(event), c, path);
}

bool schema_event_known(const char *name, size_t len)
{
	return schema_event_find(name, len) != NULL;
}

const char *schema_event_at(size_t i)
{
	return i < schema_n_events ? schema_events[i].name : NULL;
}
