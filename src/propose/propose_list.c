/* SPDX-License-Identifier: MIT */
/* Columns whose cells hold several values: lists as JSON and in other forms, and JSON objects. */
#include "propose_value.h"

#include "propose_look.h"

#include <ctype.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <strings.h>

/* ---- lists ---- */

static struct json_object *read_json(const struct propose *p, size_t row, size_t column)
{
	const struct propose_cell *cell = &p->cells[row * p->n + column];
	size_t len;
	const char *s = propose_cell_text(p, row, column, &len);
	if (len < 2 || cell->cut || (s[0] != '[' && s[0] != '{'))
		return NULL;
	char *text = df_strndup(s, len);
	struct json_object *json = json_tokener_parse(text);
	free(text);
	return json;
}

static bool is_scalar(struct json_object *json)
{
	enum json_type type = json_object_get_type(json);
	return type != json_type_array && type != json_type_object;
}

static bool scalars_only(struct json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (!is_scalar(json_object_array_get_idx(list, i)))
			return false;
	return true;
}

static bool is_json_list(const struct propose *p, size_t row, size_t column)
{
	struct json_object *json = read_json(p, row, column);
	bool list = json_object_is_type(json, json_type_array) && scalars_only(json);
	json_object_put(json);
	return list;
}

/* Lists in other forms, and the template for each. */
static const struct {
	char first, last;
	const char *inner; /* every cell has it, where it has more than one entry */
	const char *value, *why;
} forms[] = {
    {'[', ']', "'", "{{ value | replace: \"'\", '\"' }}",
     "values look like lists as Python writes them"},
    {'{', '}', NULL, "{{ value | remove: '{' | remove: '}' | remove: '\"' | split: ',' }}",
     "values look like arrays as PostgreSQL writes them"},
    {'"', '"', NULL, "{{ value | remove: '\"' | split: ',' }}",
     "values look like lists of quoted words"},
};

static bool has_form(const struct propose *p, size_t column, size_t form)
{
	size_t n = 0, filled = 0, len;
	for (size_t row = 0; row < p->n_rows; row++) {
		const char *s = propose_cell_text(p, row, column, &len);
		if (len == 0)
			continue;
		filled++;
		n += len >= 2 && s[0] == forms[form].first && s[len - 1] == forms[form].last &&
		     memchr(s, ':', len) == NULL &&
		     (forms[form].inner == NULL || len == 2 ||
		      memmem(s, len, forms[form].inner, 1) != NULL);
	}
	return filled > 0 && n == filled;
}

/* "Campaign IDs" and campaignIds, not "Bids". */
static bool named_ids(const char *name)
{
	size_t len = strlen(name);
	if (len < 3 || strcasecmp(name + len - 3, "ids") != 0)
		return false;
	bool word = len == 3 || isalnum((unsigned char)name[len - 4]) == 0,
	     hump = !word && name[len - 3] == 'I' && islower((unsigned char)name[len - 4]) != 0;
	return word || hump;
}

bool propose_value_several(const struct propose_column *c)
{
	static const char *const names[] = {
	    "tags",        "interests", "segments",    "lists",      "groups",
	    "labels",      "roles",     "topics",      "audiences",  "favorites",
	    "hobbies",     "languages", "preferences", "categories", "interessen",
	    "memberships", "products",  "codes",       "skus",       "list"};
	size_t len = strlen(c->normal);
	if (named_ids(c->name))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i]);
		if (len >= n && strcmp(c->normal + len - n, names[i]) == 0)
			return true;
	}
	return false;
}

static const char *separator(const struct propose *p, size_t column)
{
	static const char *const all[] = {"|", ";", ", ", ","};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (propose_value_has(p, column, all[i]))
			return all[i];
	return NULL;
}

bool propose_value_list(struct propose *p, size_t column, char **value, const char **why)
{
	const struct propose_column *c = &p->columns[column];
	size_t lists = 0;
	*value = NULL;
	propose_look(p, column);
	if (c->look != LOOK_TEXT)
		return false;
	for (size_t row = 0; row < p->n_rows; row++)
		lists += is_json_list(p, row, column);
	*why = "values look like JSON lists";
	if (lists == c->filled)
		return true;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && p->has_header; i++) {
		if (!has_form(p, column, i))
			continue;
		*value = df_strdup(forms[i].value);
		*why = forms[i].why;
		return true;
	}
	const char *apart = p->has_header && propose_value_several(c) ? separator(p, column) : NULL;
	if (apart == NULL)
		return false;
	*value = df_format("{{ value | split: '%s' }}", apart);
	*why = "guessed from the name; values look like words with a sign between them";
	return true;
}

/* ---- members ---- */

/* Can each member be an attribute of its own, and does none of them exist already? */
static bool members_fit(const struct propose *p, struct json_object *json, const char *prefix)
{
	struct schema_path path;
	bool lists = p->event->data == NULL;
	if (!json_object_is_type(json, json_type_object))
		return false;

	json_object_object_foreach(json, key, member)
	{
		bool list =
		    lists && json_object_is_type(member, json_type_array) && scalars_only(member);
		char *name = df_format("%s%s", prefix, key);
		bool free_place = !is_scalar(member) && !list
				      ? false
				      : schema_path_parse(p->event, name, strlen(name), &path,
							  NULL) == SCHEMA_PATH_OK;
		for (size_t i = 0; i < p->n && free_place; i++) {
			const struct propose_column *c = &p->columns[i];
			free_place = !(c->what == PROPOSE_KEEP && strcmp(c->path, name) == 0) &&
				     !(c->what == PROPOSE_OPEN && strcmp(c->name, key) == 0);
		}
		free(name);
		if (!free_place)
			return false;
	}
	return true;
}

bool propose_value_members(struct propose *p, size_t column, const char *prefix)
{
	size_t n = 0;
	const struct propose_column *c = &p->columns[column];
	propose_look(p, column);
	if (!p->has_header || p->n > 500 || c->filled == 0 || c->look != LOOK_TEXT ||
	    strpbrk(c->name, "*[]") != NULL || c->name[0] == '\0')
		return false;
	for (size_t row = 0; row < p->n_rows; row++) {
		struct json_object *json = read_json(p, row, column);
		n += json != NULL && members_fit(p, json, prefix);
		json_object_put(json);
	}
	return n == c->filled;
}

/* ---- lists of objects ---- */

bool propose_value_objects(const struct propose *p, size_t column)
{
	size_t n = 0, filled = 0, len;
	for (size_t row = 0; row < p->n_rows; row++) {
		struct json_object *json = read_json(p, row, column);
		propose_cell_text(p, row, column, &len);
		filled += len > 0;
		n += json_object_is_type(json, json_type_array) &&
		     json_object_array_length(json) > 0 &&
		     json_object_is_type(json_object_array_get_idx(json, 0), json_type_object);
		json_object_put(json);
	}
	return n > 0 && propose_most(n, filled);
}
