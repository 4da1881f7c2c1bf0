/* SPDX-License-Identifier: MIT */
#include "map_settings.h"

#include "map_cell.h"
#include "map_json.h"
#include "map_manifest.h"
#include "map_manifest_text.h"
#include "map_state.h"

#include <stdio.h>

/* The API's limit for a value that no cell brings, in characters. */
static size_t fixed_limit(const struct schema_path *path)
{
	if (path->type == SCHEMA_JSON)
		return SIZE_MAX;
	for (size_t i = 0; i < path->n; i++) {
		const struct schema_field *field = path->steps[i].field;
		if (field != NULL && (field->flags & SCHEMA_ATTRIBUTES) != 0)
			return i + 2 < path->n ? MAP_MAX_LIST_VALUE : MAP_MAX_VALUE;
	}
	return path->field->flags & SCHEMA_EVENT_NAME ? MAP_MAX_NAME : SIZE_MAX;
}

/* The defaults are the settings' own business, yet nobody but this room knows the schema's
 * words. */
enum df_status map_settings_check(const struct map *m, struct df_err *err)
{
	const struct conf_feed *feed = m->feed;
	const struct {
		const char *key, *path, *value;
	} checks[] = {{"environment", "environment", feed->map.environment},
		      {"event_type", "events.data.custom_event_type", feed->map.event_type}};
	const struct schema_event *custom = schema_event_find("custom_event", 12);
	for (size_t i = 0; i < 2; i++) {
		struct schema_path path;
		struct map_cell_fault fault;
		struct df_buf json = {0};
		if (checks[i].value == NULL ||
		    schema_path_parse(custom, checks[i].path, strlen(checks[i].path), &path,
				      NULL) != SCHEMA_PATH_OK)
			continue;
		const struct rows_cell cell = {checks[i].value, strlen(checks[i].value)};
		bool ok = map_value_emit(m, path.type, path.field, &cell, &json, &fault);
		df_buf_free(&json);
		if (!ok)
			return df_fail(DF_USAGE, err, NULL, "%s = %s: %s", checks[i].key,
				       checks[i].value, fault.text);
	}
	if (feed->map.event_name != NULL &&
	    map_utf8_prefix(feed->map.event_name, strlen(feed->map.event_name), MAP_MAX_NAME) <
		strlen(feed->map.event_name))
		return df_fail(DF_USAGE, err, NULL,
			       "event_name has more than %u characters; shorten it", MAP_MAX_NAME);
	return DF_OK;
}

/* Static values are known before any document is. */
enum df_status map_static_check(const struct map *m, struct df_err *err)
{
	for (size_t i = 0; i < m->manifest->n; i++) {
		const struct map_entry *e = &m->manifest->entries[i];
		struct schema_path path;
		struct map_cell_fault fault;
		struct df_buf json = {0};
		if (e->action != MAP_STATIC ||
		    schema_path_parse(m->event, e->field, strlen(e->field), &path, NULL) !=
			SCHEMA_PATH_OK)
			continue;
		size_t len = strlen(e->value), most = fixed_limit(&path);
		const struct rows_cell cell = {e->value, len};
		bool ok = map_value_emit(m, path.type, path.field, &cell, &json, &fault);
		df_buf_free(&json);
		if (ok && map_utf8_prefix(e->value, len, most) < len) {
			snprintf(fault.text, sizeof(fault.text),
				 "the API takes at most %zu characters here", most);
			ok = false;
		}
		if (ok)
			continue;
		enum df_status st = df_fail(
		    DF_USAGE, err, NULL, "manifest, entry %zu: 'value' does not suit '%.200s': %s",
		    i + 1, e->field, fault.text);
		map_manifest_place(m->feed->map.manifest_text, i + 1, NULL, err);
		return st;
	}
	return DF_OK;
}
