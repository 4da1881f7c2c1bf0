/* SPDX-License-Identifier: MIT */
/* The vendor's Field Transformations: {"mappings": [{"mapping_type", "source", "destination",
 * "value", "ignore_when"}]}. */
#include "map_transform.h"

#include "map_manifest.h"
#include "map_manifest_read.h"
#include "map_pattern.h"
#include "map_rows.h"
#include "map_state.h"
#include "map_values.h"

#include <json-c/json.h>
#include <stdlib.h>

static enum df_status bad_template(size_t number, const char *key, const struct liquid_fault *fault,
				   struct df_err *err)
{
	return df_fail(DF_USAGE, err, NULL, "manifest, entry %zu, '%s', character %zu: %s", number,
		       key, fault->at + 1, fault->text);
}

static enum df_status compile_template(const char *text, size_t number, const char *key,
				       const char *const *names, struct liquid **out,
				       struct df_err *err)
{
	struct liquid_fault fault = {0};
	return liquid_compile(text, strlen(text), names, out, &fault)
		   ? DF_OK
		   : bad_template(number, key, &fault, err);
}

/* What a template without variables says, once and for all. *text is own. */
static enum df_status render_constant(char **text, size_t number, const char *key,
				      struct df_err *err)
{
	static const char *const none[] = {NULL};
	struct liquid_value root = {.type = LIQUID_OBJECT};
	struct liquid_scope scope = {.variables = &root};
	struct liquid_arena arena = {0};
	struct liquid_fault fault = {0};
	struct df_buf buf = {.max = MAP_MAX_OUTPUT};
	struct liquid *l = NULL;
	enum df_status st = compile_template(*text, number, key, none, &l, err);
	if (st != DF_OK)
		return st;
	if (liquid_render(l, &scope, &arena, &buf, &fault)) {
		free(*text);
		*text = df_strndup(buf.len > 0 ? buf.data : "", buf.len);
	} else {
		st = bad_template(number, key, &fault, err);
	}
	liquid_free(l);
	liquid_arena_free(&arena);
	df_buf_free(&buf);
	return st;
}

static size_t stars(const char *s)
{
	size_t n = 0;
	for (; *s != '\0'; s++)
		n += *s == '*';
	return n;
}

/* How many stars a destination may have, and where. */
static enum df_status check_stars(const struct map_entry *e, size_t number, size_t n,
				  struct df_err *err)
{
	bool wild =
	    e->source != NULL && (stars(e->source) > 0 || strcmp(e->source, MAP_UNMAPPED) == 0);
	if (n > 0 && !wild)
		return df_fail(DF_USAGE, err, NULL,
			       "manifest, entry %zu: 'destination' has a * where 'source' has none",
			       number);
	if (n > 1)
		return df_fail(DF_USAGE, err, NULL,
			       "manifest, entry %zu: 'destination' has more than one *", number);
	return DF_OK;
}

static bool is_row_id(const char *field)
{
	const char *dot = strrchr(field, '.');
	return strcmp(field, "source_request_id") == 0 ||
	       (dot != NULL && strcmp(dot + 1, "source_message_id") == 0);
}

static enum df_status check_destination(struct map_entry *e, size_t number,
					const struct schema_event *event, struct df_err *err)
{
	static const char *const names[] = {"key", "key_length", NULL};
	enum df_status st =
	    e->action == MAP_STATIC
		? render_constant(&e->field, number, "destination", err)
		: compile_template(e->field, number, "destination", names, &e->target, err);
	if (st != DF_OK)
		return st;
	size_t n = stars(e->field);
	st = check_stars(e, number, n, err);
	if (st != DF_OK)
		return st;
	if (n > 0 || (e->target != NULL && !liquid_is_text(e->target)))
		return DF_OK; /* known with the header */

	liquid_free(e->target);
	e->target = NULL;
	st = map_manifest_field(event, number, "destination", e->field, err);
	if (st != DF_OK)
		return st;
	if (e->action == MAP_STATIC && is_row_id(e->field))
		return df_fail(
		    DF_USAGE, err, NULL,
		    "manifest, entry %zu: an ID of a request or message cannot be static", number);
	return DF_OK;
}

static enum df_status read_static(struct json_object *json, size_t number, struct map_entry *out,
				  struct df_err *err)
{
	struct json_object *value = NULL;
	json_object_object_get_ex(json, "value", &value);
	enum json_type type = json_object_get_type(value);
	if (type == json_type_null || type == json_type_object || type == json_type_array)
		return df_fail(DF_USAGE, err, NULL,
			       "manifest, entry %zu: 'value' has to be a string, number or boolean",
			       number);
	out->value = df_strdup(json_object_get_string(value));
	enum df_status st = render_constant(&out->value, number, "value", err);
	if (st != DF_OK)
		return st;
	return out->value[0] != '\0'
		   ? DF_OK
		   : df_fail(DF_USAGE, err, NULL, "manifest, entry %zu: 'value' is empty", number);
}

static enum df_status read_type(struct json_object *json, size_t number, struct map_entry *out,
				struct df_err *err)
{
	static const struct {
		const char *name;
		enum map_action action;
	} types[] = {{"column", MAP_KEEP}, {"static", MAP_STATIC}, {"ignore", MAP_IGNORE}};
	const char *type = NULL;
	enum df_status st = map_manifest_string(json, number, "mapping_type", true, &type, err);
	if (st != DF_OK)
		return st;
	for (size_t i = 0; i < 3; i++) {
		if (strcmp(type, types[i].name) != 0)
			continue;
		out->action = types[i].action;
		return DF_OK;
	}
	return df_fail(DF_USAGE, err, NULL,
		       "manifest, entry %zu: 'mapping_type' has to be column, static or ignore",
		       number);
}

/* { value }, which is a text like any other. */
static bool has_single_braces(const char *text, const char *const *names)
{
	const char *p = strchr(text, '{');
	for (; p != NULL; p = strchr(p + 1, '{')) {
		const char *word = p + 1 + strspn(p + 1, " ");
		const size_t len = strspn(word, "abcdefghijklmnopqrstuvwxyz_");
		for (size_t i = 0; names[i] != NULL; i++)
			if (strlen(names[i]) == len && strncmp(names[i], word, len) == 0 &&
			    strchr(word, '}') != NULL)
				return true;
	}
	return false;
}

static enum df_status read_column_value(struct json_object *json, size_t number,
					struct map_entry *out, struct df_err *err)
{
	static const char *const names[] = {"value", "key", "key_length", "row", NULL};
	const char *value = NULL;
	enum df_status st = map_manifest_string(json, number, "value", false, &value, err);
	if (st != DF_OK || value == NULL)
		return st;
	out->value = df_strdup(value);
	st = compile_template(value, number, "value", names, &out->template, err);
	if (st != DF_OK || !liquid_is_text(out->template) || !has_single_braces(value, names))
		return st;
	return df_fail(DF_USAGE, err, NULL,
		       "manifest, entry %zu: 'value' is a text without a tag, the same for all "
		       "rows: tags are written {{ value }}, with two braces",
		       number);
}

static enum df_status read_source(struct json_object *json, size_t number, struct map_entry *out,
				  struct df_err *err)
{
	const char *source = NULL;
	bool wanted = out->action != MAP_STATIC;
	enum df_status st = map_manifest_string(json, number, "source", wanted, &source, err);
	if (st != DF_OK || !wanted)
		return st;
	out->source = df_strdup(source);
	if (stars(out->source) > 1)
		return df_fail(DF_USAGE, err, NULL,
			       "manifest, entry %zu: 'source' has more than one *", number);
	return DF_OK;
}

static enum df_status read_destination(struct json_object *json, size_t number,
				       struct map_entry *out, struct df_err *err)
{
	const char *destination = NULL;
	bool wanted = out->action != MAP_IGNORE;
	enum df_status st =
	    map_manifest_string(json, number, "destination", wanted, &destination, err);
	if (st != DF_OK || !wanted)
		return st;
	out->field = df_strdup(destination);
	return DF_OK;
}

static enum df_status read_ignore_when(struct json_object *json, size_t number,
				       struct map_entry *out, struct df_err *err)
{
	const char *when = NULL;
	enum df_status st = map_manifest_string(json, number, "ignore_when", false, &when, err);
	if (st != DF_OK || when == NULL)
		return st;
	bool null = strcmp(when, "null") == 0;
	if (!null && strcmp(when, "empty") != 0)
		return df_fail(DF_USAGE, err, NULL,
			       "manifest, entry %zu: 'ignore_when' has to be empty or null",
			       number);
	out->ignore_when = null ? MAP_WHEN_NULL : MAP_WHEN_EMPTY;
	return DF_OK;
}

static enum df_status read_value(struct json_object *json, size_t number, struct map_entry *out,
				 struct df_err *err)
{
	switch (out->action) {
	case MAP_STATIC:
		return read_static(json, number, out, err);
	case MAP_KEEP:
		return read_column_value(json, number, out, err);
	default:
		return DF_OK;
	}
}

static enum df_status read_mapping(struct json_object *json, size_t number,
				   const struct schema_event *event, struct map_manifest *manifest,
				   struct df_err *err)
{
	static const char *const keys[] = {"mapping_type", "source", "destination", "value",
					   "ignore_when",  "values", "otherwise",   NULL};
	static enum df_status (*const reads[])(struct json_object *, size_t, struct map_entry *,
					       struct df_err *) = {
	    read_type, read_source, read_destination, read_ignore_when, read_value, map_values_read,
	};
	struct map_entry *out = &manifest->entries[number - 1];
	enum df_status st = map_manifest_keys(json, number, keys, manifest, err);
	for (size_t i = 0; st == DF_OK && i < sizeof(reads) / sizeof(*reads); i++)
		st = reads[i](json, number, out, err);
	return st == DF_OK && out->field != NULL ? check_destination(out, number, event, err) : st;
}

static enum df_status check_type(struct json_object *root, struct map_manifest *out,
				 struct df_err *err)
{
	const char *type = NULL;
	out->key = "destination_type";
	enum df_status st = map_manifest_string(root, 0, out->key, false, &type, err);
	if (st != DF_OK)
		return st;
	if (type != NULL && strcmp(type, "event_batch") != 0)
		return df_fail(DF_USAGE, err, NULL,
			       "manifest: 'destination_type' has to be event_batch");
	return DF_OK;
}

static enum df_status read_mappings(struct json_object *root, const struct schema_event *event,
				    struct map_manifest *out, struct df_err *err)
{
	struct json_object *mappings = NULL;
	enum df_status st = map_manifest_list(root, "mappings", &mappings, out, err);
	if (st != DF_OK)
		return st;
	size_t n = json_object_array_length(mappings);
	out->entries = df_alloc(n * sizeof(*out->entries));
	for (size_t i = 0; i < n && st == DF_OK; i++, out->n++) {
		out->at = i + 1;
		st = read_mapping(json_object_array_get_idx(mappings, i), i + 1, event, out, err);
	}
	return st;
}

enum df_status map_transform_read(struct json_object *root, const struct schema_event *event,
				  struct map_manifest *out, struct df_err *err)
{
	static const char *const keys[] = {"id",   "name",      "destination_type", "mappings",
					   "rows", "fill_down", "fill_by",          NULL};
	out->transform = true;
	enum df_status st = map_manifest_keys(root, 0, keys, out, err);
	if (st != DF_OK)
		return st;
	st = check_type(root, out, err);
	if (st != DF_OK)
		return st;
	st = map_rows_read(root, out, err);
	if (st != DF_OK)
		return st;
	st = read_mappings(root, event, out, err);
	if (st != DF_OK)
		return st;
	map_manifest_index(out);
	return map_manifest_distinct(out, event, err);
}
