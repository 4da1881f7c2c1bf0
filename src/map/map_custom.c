/* SPDX-License-Identifier: MIT */
/* The hosted feed's own manifest: {"hasHeaderRow": bool, "columns": [{"column", "action",
 * "field"}]}. */
#include "map_custom.h"

#include "map_bindings.h"
#include "map_columns.h"
#include "map_manifest.h"
#include "map_manifest_read.h"
#include "map_state.h"
#include "map_tree.h"

#include <json-c/json.h>

static enum df_status custom_action(struct json_object *json, size_t number, struct map_entry *out,
				    struct df_err *err)
{
	const char *action = NULL;
	enum df_status st = map_manifest_string(json, number, "action", true, &action, err);
	if (st != DF_OK)
		return st;
	bool keep = strcmp(action, "keep") == 0;
	if (!keep && strcmp(action, "ignore") != 0)
		return df_fail(DF_USAGE, err, NULL,
			       "manifest, entry %zu: 'action' has to be keep or ignore", number);
	out->action = keep ? MAP_KEEP : MAP_IGNORE;
	return DF_OK;
}

static enum df_status custom_entry(struct json_object *json, size_t number,
				   const struct schema_event *event, struct map_manifest *manifest,
				   struct df_err *err)
{
	static const char *const keys[] = {"column", "action", "field", NULL};
	struct map_entry *out = &manifest->entries[number - 1];
	const char *column = NULL, *field = NULL;
	enum df_status st = map_manifest_keys(json, number, keys, manifest, err);
	if (st != DF_OK)
		return st;
	st = map_manifest_string(json, number, "column", manifest->has_header, &column, err);
	if (st != DF_OK)
		return st;
	out->source = df_strdup(column);
	st = custom_action(json, number, out, err);
	if (st != DF_OK)
		return st;

	st = map_manifest_string(json, number, "field", out->action == MAP_KEEP, &field, err);
	if (st != DF_OK || out->action == MAP_IGNORE)
		return st;
	out->field = df_strdup(field);
	return map_manifest_field(event, number, "field", field, err);
}

static enum df_status check_columns(struct map_manifest *manifest, struct df_err *err)
{
	for (size_t i = 0; manifest->has_header && i < manifest->n; i++) {
		manifest->at = i + 1;
		const char *source = manifest->entries[i].source;
		if (df_index_find(manifest->by_source, source, strlen(source)) != i)
			return df_fail(DF_USAGE, err, NULL,
				       "manifest, entry %zu: column '%.200s' is listed twice",
				       i + 1, source);
	}
	return DF_OK;
}

enum df_status map_custom_read(struct json_object *root, const struct schema_event *event,
			       struct map_manifest *out, struct df_err *err)
{
	static const char *const keys[] = {"hasHeaderRow", "columns", NULL};
	struct json_object *header = NULL, *columns = NULL;
	enum df_status st = map_manifest_keys(root, 0, keys, out, err);
	if (st != DF_OK)
		return st;
	out->key = "hasHeaderRow";
	if (json_object_object_get_ex(root, out->key, &header)) {
		if (!json_object_is_type(header, json_type_boolean))
			return df_fail(DF_USAGE, err, NULL,
				       "manifest: 'hasHeaderRow' has to be true or false");
		out->has_header = json_object_get_boolean(header);
	}
	st = map_manifest_list(root, "columns", &columns, out, err);
	if (st != DF_OK)
		return st;
	size_t n = json_object_array_length(columns);
	out->entries = df_alloc(n * sizeof(*out->entries));
	for (size_t i = 0; i < n && st == DF_OK; i++, out->n++) {
		out->at = i + 1;
		st = custom_entry(json_object_array_get_idx(columns, i), i + 1, event, out, err);
	}
	if (st != DF_OK)
		return st;
	map_manifest_index(out);
	st = check_columns(out, err);
	return st == DF_OK ? map_manifest_distinct(out, event, err) : st;
}

bool map_custom_ignores(const struct map_manifest *manifest, const char *name)
{
	size_t i = df_index_find(manifest->by_source, name, strlen(name));
	return i != DF_INDEX_NONE && manifest->entries[i].action == MAP_IGNORE;
}

/* Columns that are ignored may share a name: the entry of one of them counts for all. */
static void mark_ignored(const struct map *m, bool *done)
{
	for (size_t i = 0; m->manifest->has_header && i < m->n_names; i++)
		done[i] = done[i] || map_custom_ignores(m->manifest, m->names[i]);
}

enum df_status map_custom_bind(const struct map *m, struct map_bindings *out, bool *done,
			       struct df_err *err)
{
	struct map_missing missing = {.map = m};
	for (size_t i = 0; i < m->manifest->n; i++) {
		const struct map_entry *entry = &m->manifest->entries[i];
		size_t column = m->manifest->has_header
				    ? map_column_find(m, entry->source, strlen(entry->source))
				: m->places != NULL ? m->places[i]
						    : i;
		/* what is there is bound all the same, for whoever wants to see it */
		if (column == MAP_NONE) {
			/* places are checked before */
			if (entry->action == MAP_KEEP && entry->source != NULL)
				map_missing_add(&missing, entry->source);
			continue;
		}
		done[column] = true;
		if (entry->action == MAP_KEEP)
			map_bindings_add(out, column, entry->field, strlen(entry->field), NULL);
	}
	mark_ignored(m, done);
	return map_missing_end(&missing, err);
}
