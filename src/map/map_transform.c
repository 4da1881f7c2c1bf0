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

static bool bad_template(size_t number, const char *key, const struct liquid_fault *fault,
			 struct df_err *err, enum df_status *st)
{
	*st = df_fail(DF_USAGE, err, NULL, "manifest, entry %zu, '%s', character %zu: %s", number,
		      key, fault->at + 1, fault->text);
	return false;
}

/* Compiles a text; one without tags and variables may be asked for as it comes out. */
static enum df_status compile(const char *text, size_t number, const char *key,
			      const char *const *names, struct liquid **out, struct df_err *err)
{
	struct liquid_fault fault = {0};
	enum df_status st = DF_OK;
	if (!liquid_compile(text, strlen(text), names, out, &fault))
		bad_template(number, key, &fault, err, &st);
	return st;
}

/* What a template without variables says, once and for all. *text is own. */
static enum df_status constant(char **text, size_t number, const char *key, struct df_err *err)
{
	static const char *const none[] = {NULL};
	struct liquid_value root = {.type = LIQUID_OBJECT};
	struct liquid_scope scope = {.variables = &root};
	struct liquid_arena arena = {0};
	struct liquid_fault fault = {0};
	struct df_buf buf = {.max = MAP_MAX_OUTPUT};
	struct liquid *l = NULL;
	enum df_status st = compile(*text, number, key, none, &l, err);
	if (st == DF_OK && liquid_render(l, &scope, &arena, &buf, &fault)) {
		free(*text);
		*text = df_strndup(buf.len > 0 ? buf.data : "", buf.len);
	} else if (st == DF_OK) {
		bad_template(number, key, &fault, err, &st);
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

static enum df_status check_destination(struct map_entry *e, size_t number,
					const struct schema_event *event, struct df_err *err)
{
	static const char *const names[] = {"key", "key_length", NULL};
	enum df_status st = e->action == MAP_STATIC
				? constant(&e->field, number, "destination", err)
				: compile(e->field, number, "destination", names, &e->target, err);
	if (st != DF_OK)
		return st;
	size_t n = stars(e->field);
	bool wild =
	    e->source != NULL && (stars(e->source) > 0 || strcmp(e->source, MAP_UNMAPPED) == 0);
	if (n > 0 && !wild)
		return df_fail(DF_USAGE, err, NULL,
			       "manifest, entry %zu: 'destination' has a * where 'source' has none",
			       number);
	if (n > 1)
		return df_fail(DF_USAGE, err, NULL,
			       "manifest, entry %zu: 'destination' has more than one *", number);
	if (n > 0 || (e->target != NULL && !liquid_is_text(e->target)))
		return DF_OK; /* known with the header */
	liquid_free(e->target);
	e->target = NULL;
	st = map_manifest_field(event, number, "destination", e->field, err);
	if (st == DF_OK && e->action == MAP_STATIC && strstr(e->field, "source_") != NULL &&
	    (strcmp(e->field, "source_request_id") == 0 ||
	     strcmp(strrchr(e->field, '.') != NULL ? strrchr(e->field, '.') + 1 : "",
		    "source_message_id") == 0))
		return df_fail(
		    DF_USAGE, err, NULL,
		    "manifest, entry %zu: an ID of a request or message cannot be static", number);
	return st;
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
	enum df_status st = constant(&out->value, number, "value", err);
	if (st == DF_OK && out->value[0] == '\0')
		st = df_fail(DF_USAGE, err, NULL, "manifest, entry %zu: 'value' is empty", number);
	return st;
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

static enum df_status read_column_value(struct json_object *json, size_t number,
					struct map_entry *out, struct df_err *err)
{
	static const char *const names[] = {"value", "key", "key_length", "row", NULL};
	const char *value = NULL;
	enum df_status st = map_manifest_string(json, number, "value", false, &value, err);
	if (st != DF_OK || value == NULL)
		return st;
	out->value = df_strdup(value);
	return compile(value, number, "value", names, &out->template, err);
}

static enum df_status read_entry(struct json_object *json, size_t number,
				 const struct schema_event *event, struct map_manifest *manifest,
				 struct map_entry *out, struct df_err *err)
{
	static const char *const keys[] = {"mapping_type", "source", "destination", "value",
					   "ignore_when",  "values", "otherwise",   NULL};
	const char *source = NULL, *destination = NULL, *when = NULL;
	enum df_status st = map_manifest_keys(json, number, keys, manifest, err);
	if (st == DF_OK)
		st = read_type(json, number, out, err);
	if (st == DF_OK)
		st = map_manifest_string(json, number, "source", out->action != MAP_STATIC, &source,
					 err);
	if (st == DF_OK)
		st = map_manifest_string(json, number, "destination", out->action != MAP_IGNORE,
					 &destination, err);
	if (st == DF_OK)
		st = map_manifest_string(json, number, "ignore_when", false, &when, err);
	if (st != DF_OK)
		return st;
	if (when != NULL && strcmp(when, "empty") != 0 && strcmp(when, "null") != 0)
		return df_fail(DF_USAGE, err, NULL,
			       "manifest, entry %zu: 'ignore_when' has to be empty or null",
			       number);
	if (when != NULL)
		out->ignore_when = strcmp(when, "null") == 0 ? MAP_WHEN_NULL : MAP_WHEN_EMPTY;
	out->source = out->action != MAP_STATIC ? df_strdup(source) : NULL;
	out->field = out->action != MAP_IGNORE ? df_strdup(destination) : NULL;
	if (out->source != NULL && stars(out->source) > 1)
		return df_fail(DF_USAGE, err, NULL,
			       "manifest, entry %zu: 'source' has more than one *", number);
	st = out->action == MAP_STATIC ? read_static(json, number, out, err)
	     : out->action == MAP_KEEP ? read_column_value(json, number, out, err)
				       : DF_OK;
	if (st == DF_OK)
		st = map_values_read(json, number, out, err);
	return st == DF_OK && out->field != NULL ? check_destination(out, number, event, err) : st;
}

enum df_status map_transform_read(struct json_object *root, const struct schema_event *event,
				  struct map_manifest *out, struct df_err *err)
{
	static const char *const keys[] = {"id",   "name",      "destination_type", "mappings",
					   "rows", "fill_down", "fill_by",          NULL};
	const char *type = NULL;
	struct json_object *mappings = NULL;
	enum df_status st = map_manifest_keys(root, 0, keys, out, err);
	out->transform = true;
	if (st != DF_OK)
		return st;
	out->key = "destination_type";
	st = map_manifest_string(root, 0, out->key, false, &type, err);
	if (st == DF_OK && type != NULL && strcmp(type, "event_batch") != 0)
		return df_fail(DF_USAGE, err, NULL,
			       "manifest: 'destination_type' has to be event_batch");
	if (st == DF_OK)
		st = map_rows_read(root, out, err);
	if (st == DF_OK)
		st = map_manifest_list(root, "mappings", &mappings, out, err);
	if (st != DF_OK)
		return st;
	size_t n = json_object_array_length(mappings);
	out->entries = df_alloc(n * sizeof(*out->entries));
	for (size_t i = 0; i < n && st == DF_OK; i++, out->n++) {
		out->at = i + 1;
		st = read_entry(json_object_array_get_idx(mappings, i), i + 1, event, out,
				&out->entries[i], err);
	}
	if (st != DF_OK)
		return st;
	map_manifest_index(out);
	return map_manifest_distinct(out, event, err);
}
