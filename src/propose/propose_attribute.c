/* SPDX-License-Identifier: MIT */
/* What is not guessed becomes an attribute: a list, an object's members, a number, or text. */
#include "propose_look.h"
#include "propose_step.h"
#include "propose_value.h"

#include <stdlib.h>

/* Half a location is useless. */
void propose_locations(struct propose *p)
{
	static const char *const paths[][2] = {
	    {"events.data.location.latitude", "events.data.location.longitude"},
	    {"context.location.latitude", "context.location.longitude"}};
	for (size_t i = 0; i < 4; i++) {
		const struct propose_column *one = propose_column_at(p, paths[i / 2][i % 2]);
		if (one == NULL || propose_column_at(p, paths[i / 2][1 - i % 2]) != NULL)
			continue;
		struct propose_column *c = &p->columns[one - p->columns];
		propose_release(c);
		propose_because(c, "a latitude and a longitude are needed for a location");
	}
}

/* The name as an attribute's, the caller's: without blanks around, within the API's limit. */
static char *attribute_name(const struct propose_column *c, size_t number)
{
	const char *s = c->name;
	size_t len = strlen(s);
	map_cell_trim(&s, &len);
	len = map_utf8_prefix(s, len, MAP_MAX_NAME);
	return len > 0 ? df_strndup(s, len) : df_format("column %zu", number + 1);
}

/* The column as an attribute, under its own name or one that is free. list: "[]" at the end of
 * the path, or "". */
static bool take_attribute(struct propose *p, struct propose_column *c, size_t number,
			   const char *prefix, const char *list)
{
	char *name = attribute_name(c, number);
	char *path = df_format("%s%s%s", prefix, name, list);
	bool taken = propose_take(p, c, path);
	for (int i = 2; i < 10 && !taken; i++) {
		free(path);
		path = df_format("%s%.*s %d%s", prefix,
				 (int)map_utf8_prefix(name, strlen(name), MAP_MAX_NAME - 2), name,
				 i, list);
		taken = propose_take(p, c, path);
	}
	free(path);
	free(name);
	return taken;
}

static bool make_members(struct propose *p, struct propose_column *c, size_t number,
			 const char *prefix)
{
	if (p->members || c->value != NULL || !propose_value_members(p, number, prefix))
		return false;
	c->what = PROPOSE_KEEP;
	c->member = p->members = p->transform = true;
	c->path = df_strdup(prefix);
	propose_because(c, "values look like JSON objects: their members become attributes");
	return true;
}

static bool make_list(struct propose *p, struct propose_column *c, size_t number,
		      const char *prefix)
{
	char *value = NULL;
	const char *why = NULL;
	size_t len = strlen(c->name);
	if (p->event->data != NULL || (len >= 2 && strcmp(c->name + len - 2, "[]") == 0) ||
	    !propose_value_list(p, number, &value, &why))
		return false;
	if (!take_attribute(p, c, number, prefix, "[]")) {
		free(value);
		return false;
	}
	free(c->value);
	c->value = value;
	p->transform = p->transform || value != NULL;
	propose_because(c, "%s", why);
	return true;
}

/* A number that has commas or a currency's sign is one for everybody only without them. "12,34" of
 * "Campaign IDs" is two. */
static void make_number(struct propose *p, struct propose_column *c, size_t number)
{
	static const struct schema_field field = {.name = "", .type = SCHEMA_NUMBER};
	static const struct schema_path path = {.type = SCHEMA_NUMBER, .field = &field};
	const char *why = NULL;
	propose_look(p, number);
	if (!p->has_header || c->value != NULL || c->look != LOOK_TEXT || p->n > 500 ||
	    propose_value_quoted(p, number) || propose_value_several(c))
		return;
	char *value = propose_value_number(p, number, &path, &why);
	if (value == NULL)
		return;
	c->value = value;
	p->transform = true;
	propose_because(c, "values look like %s", why);
}

/* 100001.0: a number for programs that have no whole numbers with gaps. */
static bool ends_in_zero(const struct propose *p, size_t column)
{
	size_t n = 0, filled = 0, len;
	for (size_t row = 0; row < p->n_rows; row++) {
		const char *s = propose_cell_text(p, row, column, &len);
		filled += len > 0;
		n += len > 3 && propose_span(s, len, "0123456789") == len - 2 &&
		     memcmp(s + len - 2, ".0", 2) == 0;
	}
	return n > 0 && n == filled;
}

/* Is it a text that names something: a user, an order, a product? */
static bool is_name(const struct propose *p, const struct propose_column *c)
{
	struct schema_path path;
	return schema_path_parse(p->event, c->path, strlen(c->path), &path, NULL) ==
		   SCHEMA_PATH_OK &&
	       (path.field->flags & SCHEMA_INSTANT) == 0 &&
	       (path.type == SCHEMA_STRING || path.type == SCHEMA_INTEGER);
}

/* The apostrophe that keeps spreadsheets from reading a text as a number is not part of the
 * value, nor is the .0 that other programs add to numbers. */
static void unquote(struct propose *p)
{
	for (size_t i = 0; p->has_header && i < p->n; i++) {
		struct propose_column *c = &p->columns[i];
		if (c->what != PROPOSE_KEEP || c->value != NULL || c->member)
			continue;
		if (propose_value_quoted(p, i)) {
			c->value = df_strdup("{{ value | remove_first: \"'\" }}");
			propose_because(c,
					"values begin with an apostrophe, as spreadsheets have it "
					"before texts of digits");
		} else if (is_name(p, c) && ends_in_zero(p, i)) {
			c->value = df_strdup("{{ value | remove_last: '.0' }}");
			propose_because(c,
					"values end in .0, as programs write them that took them "
					"for numbers");
		}
		p->transform = p->transform || c->value != NULL;
	}
}

static void make_attribute(struct propose *p, struct propose_column *c, size_t number,
			   const char *prefix)
{
	if (make_members(p, c, number, prefix) || make_list(p, c, number, prefix))
		return;
	if (take_attribute(p, c, number, prefix, "")) {
		make_number(p, c, number);
		if (c->look == LOOK_TEXT && propose_value_objects(p, number))
			df_buf_addf(
			    &p->remarks,
			    "column %zu holds lists of objects, such as an order's lines, and "
			    "stays one text: a template can take parts of it\n",
			    number + 1);
		return;
	}
	c->what = PROPOSE_IGNORE;
	propose_because(c, "its place is taken by an attribute of this name, or by a column that "
			   "brings all of them");
}

static void make_all(struct propose *p)
{
	bool events = p->event->data != NULL;
	const char *prefix = events ? "events.data.custom_attributes." : "user_attributes.";
	for (size_t i = 0; i < p->n; i++) {
		struct propose_column *c = &p->columns[i];
		if (c->what != PROPOSE_OPEN)
			continue;
		const char *all = events ? "custom_attributes" : "user_attributes";
		if (map_taken_below(p->taken, events, all) < MAP_MAX_ATTRIBUTES) {
			make_attribute(p, c, i, prefix);
			continue;
		}
		c->what = PROPOSE_IGNORE;
		propose_because(
		    c, "the API takes %u attributes, and there are as many before this one",
		    MAP_MAX_ATTRIBUTES);
	}
}

void propose_attributes(struct propose *p)
{
	make_all(p);
	unquote(p);
}
