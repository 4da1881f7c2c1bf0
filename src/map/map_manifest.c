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

/* The keys say which kind it is. */
static enum df_status read_either(struct json_object *root, const struct schema_event *event,
				  struct map_manifest *out, struct df_err *err)
{
	struct json_object *ignored = NULL;
	if (json_object_object_get_ex(root, "mappings", &ignored))
		return map_transform_read(root, event, out, err);
	if (json_object_object_get_ex(root, "columns", &ignored) ||
	    json_object_object_get_ex(root, "hasHeaderRow", &ignored))
		return map_custom_read(root, event, out, err);
	return df_fail(DF_USAGE, err, NULL,
		       "manifest: neither 'columns' (a custom manifest) nor 'mappings' (a field "
		       "transformation) is there");
}

enum df_status map_manifest_parse(const char *text, const struct schema_event *event,
				  struct map_manifest **out, struct df_err *err)
{
	struct json_object *root = NULL;
	*out = NULL;
	enum df_status st = map_manifest_json(text, &root, err);
	if (st != DF_OK)
		return st;
	struct map_manifest *manifest = df_alloc(sizeof(*manifest));
	manifest->has_header = true;
	st = read_either(root, event, manifest, err);
	if (st != DF_OK) {
		map_manifest_place(text, manifest->at, manifest->key, err);
		map_manifest_free(manifest);
		goto cleanup;
	}
	manifest->key = NULL; /* may be the JSON's */
	*out = manifest;
cleanup:
	json_object_put(root);
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
