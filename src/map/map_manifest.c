/* SPDX-License-Identifier: MIT */
/* A manifest of either kind. */
#include "map_manifest.h"

#include "map_custom.h"
#include "map_manifest_text.h"
#include "map_rows.h"
#include "map_transform.h"
#include "map_values.h"

#include <json-c/json.h>
#include <stdlib.h>

enum df_status map_manifest_parse(const char *text, const struct schema_event *event,
				  struct map_manifest **out, struct df_err *err)
{
	struct json_object *root = NULL, *ignored = NULL;
	*out = NULL;
	enum df_status st = map_manifest_json(text, &root, err);
	if (st != DF_OK)
		return st;
	struct map_manifest *manifest = df_alloc(sizeof(*manifest));
	manifest->has_header = true;
	if (json_object_object_get_ex(root, "mappings", &ignored))
		st = map_transform_read(root, event, manifest, err);
	else if (json_object_object_get_ex(root, "columns", &ignored) ||
		 json_object_object_get_ex(root, "hasHeaderRow", &ignored))
		st = map_custom_read(root, event, manifest, err);
	else
		st = df_fail(DF_USAGE, err, NULL,
			     "manifest: neither 'columns' (a custom manifest) nor 'mappings' (a "
			     "field transformation) is there");
	if (st != DF_OK)
		map_manifest_place(text, manifest->at, manifest->key, err);
	manifest->key = NULL;
	json_object_put(root);
	if (st == DF_OK)
		*out = manifest;
	else
		map_manifest_free(manifest);
	return st;
}

void map_manifest_free(struct map_manifest *manifest)
{
	if (manifest == NULL)
		return;
	for (size_t i = 0; i < manifest->n; i++) {
		free(manifest->entries[i].source);
		free(manifest->entries[i].field);
		free(manifest->entries[i].value);
		liquid_free(manifest->entries[i].template);
		liquid_free(manifest->entries[i].target);
		map_values_free(&manifest->entries[i]);
	}
	free(manifest->entries);
	map_rows_free(manifest);
	free(manifest->patterns);
	df_index_free(manifest->by_source);
	free(manifest);
}

bool map_manifest_ignores(const struct map_manifest *manifest, const char *name)
{
	return manifest->transform ? map_transform_ignores(manifest, name)
				   : map_custom_ignores(manifest, name);
}
