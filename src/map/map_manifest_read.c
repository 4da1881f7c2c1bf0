/* SPDX-License-Identifier: MIT */
/* What the readers of both kinds of manifest share: members, entries, and how these are found. */
#include "map_manifest_read.h"

#include "map_manifest.h"
#include "map_pattern.h"
#include "map_tree.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_ENTRIES 10000

static const char *place(size_t number, char *buf, size_t size)
{
	if (number == 0)
		snprintf(buf, size, "manifest");
	else
		snprintf(buf, size, "manifest, entry %zu", number);
	return buf;
}

enum df_status map_manifest_keys(struct json_object *object, size_t number,
				 const char *const *known, struct map_manifest *manifest,
				 struct df_err *err)
{
	char where[64];
	json_object_object_foreach(object, key, value)
	{
		const char *const *k = known;
		(void)value;
		while (*k != NULL && strcmp(*k, key) != 0)
			k++;
		manifest->key = key;
		if (*k == NULL)
			return df_fail(DF_USAGE, err, NULL, "%s: '%.100s' is not known here",
				       place(number, where, sizeof(where)), key);
	}
	return DF_OK;
}

enum df_status map_manifest_string(struct json_object *entry, size_t number, const char *key,
				   bool required, const char **out, struct df_err *err)
{
	char where[64];
	struct json_object *value = NULL;
	*out = NULL;
	json_object_object_get_ex(entry, key, &value);
	if (value == NULL && required)
		return df_fail(DF_USAGE, err, NULL, "%s: '%s' is missing",
			       place(number, where, sizeof(where)), key);
	if (value == NULL)
		return DF_OK;
	if (!json_object_is_type(value, json_type_string))
		return df_fail(DF_USAGE, err, NULL, "%s: '%s' has to be a string",
			       place(number, where, sizeof(where)), key);
	*out = json_object_get_string(value);
	return DF_OK;
}

enum df_status map_manifest_field(const struct schema_event *event, size_t number, const char *key,
				  const char *field, struct df_err *err)
{
	struct schema_path path;
	const struct schema_event *other = NULL;
	char why[512];
	enum schema_path_result result =
	    schema_path_parse(event, field, strlen(field), &path, &other);
	if (result == SCHEMA_PATH_OK)
		return DF_OK;
	const struct schema_path_fault fault = {result, field, strlen(field), other};
	schema_path_explain(event, &fault, why, sizeof(why));
	return df_fail(DF_USAGE, err, NULL, "manifest, entry %zu, %s: %s", number, key, why);
}

enum df_status map_manifest_list(struct json_object *root, const char *key,
				 struct json_object **out, struct map_manifest *manifest,
				 struct df_err *err)
{
	manifest->key = key;
	if (!json_object_object_get_ex(root, key, out) ||
	    !json_object_is_type(*out, json_type_array))
		return df_fail(DF_USAGE, err, NULL, "manifest: '%s' has to be an array", key);
	size_t n = json_object_array_length(*out);
	if (n > MAX_ENTRIES)
		return df_fail(DF_USAGE, err, NULL, "manifest: '%s' has more than %d entries", key,
			       MAX_ENTRIES);
	for (size_t i = 0; i < n; i++)
		if (!json_object_is_type(json_object_array_get_idx(*out, i), json_type_object))
			return df_fail(DF_USAGE, err, NULL,
				       "manifest, entry %zu: an object is expected", i + 1);
	return DF_OK;
}

/* Two entries may not lead to the same place. */
enum df_status map_manifest_distinct(struct map_manifest *manifest,
				     const struct schema_event *event, struct df_err *err)
{
	enum df_status st = DF_OK;
	struct map_node *roots[2];
	for (size_t i = 0; i < 2; i++)
		roots[i] = map_root_new(i == 0 ? schema_event_root(event) : event->data, "");
	for (size_t i = 0; i < manifest->n && st == DF_OK; i++) {
		const char *field = manifest->entries[i].field;
		struct schema_path path;
		manifest->at = i + 1;
		if (field == NULL || manifest->entries[i].target != NULL ||
		    schema_path_parse(event, field, strlen(field), &path, NULL) != SCHEMA_PATH_OK)
			continue; /* not resolved until the header is known */
		if (map_tree_add(roots[path.data], &path) == NULL)
			st = df_fail(DF_USAGE, err, NULL,
				     "manifest, entry %zu: another entry leads to '%.200s', too",
				     i + 1, field);
	}
	map_node_free(roots[0]);
	map_node_free(roots[1]);
	return st;
}

void map_manifest_index(struct map_manifest *manifest)
{
	size_t *last =
	    /* of the entries with the same source, by the first */
	    df_alloc((manifest->n + 1) * sizeof(*last));
	manifest->by_source = df_index_new();
	manifest->patterns = df_alloc((manifest->n + 1) * sizeof(*manifest->patterns));
	for (size_t i = 0; i < manifest->n; i++) {
		struct map_entry *e = &manifest->entries[i];
		e->next = MAP_NONE;
		last[i] = i;
		if (e->source == NULL)
			continue;
		if (manifest->transform && map_is_pattern(e->source))
			manifest->patterns[manifest->n_patterns++] = i;
		size_t first = df_index_find(manifest->by_source, e->source, strlen(e->source));
		if (first == DF_INDEX_NONE) {
			df_index_add(manifest->by_source, e->source, strlen(e->source), i);
			continue;
		}
		manifest->entries[last[first]].next = i;
		last[first] = i;
	}
	free(last);
}
