/* SPDX-License-Identifier: MIT */
/* Values out of a cell's JSON. */
#include "map_derive_json.h"

#include "map_state.h"

#include <stdlib.h>

bool map_derive_json(struct map *m, size_t column, const struct rows_cell *cell,
		     struct liquid_value *out, struct map_cell_fault *fault)
{
	struct map_cell_json *json = &m->json[column];
	if (json->state == MAP_JSON_UNREAD) {
		memset(&json->value, 0, sizeof(json->value));
		const char *p = cell->p;
		size_t len = cell->len;
		map_cell_trim(&p, &len);
		json->state = MAP_JSON_READ;
		struct liquid_json_fault why;
		if (len > 0 && !liquid_json(p, len, &m->arena, &json->value, &why)) {
			json->state = MAP_JSON_BAD;
			return map_cell_refuse_json(
			    fault,
			    "JSON is expected, such as {\"key\": \"value\"}; "
			    "double each quote in the CSV",
			    &why, &(struct rows_cell){p, len});
		}
	} else if (json->state == MAP_JSON_BAD) {
		fault->code = NULL;
		return false;
	}
	*out = json->value;
	return true;
}

static void step_into(struct liquid_value *v, const char *key, size_t len)
{
	const struct liquid_value *next = liquid_member_of(v, key, len);
	*v = next != NULL ? *next : (struct liquid_value){0};
}

void map_derive_follow(struct liquid_value *v, const char *path)
{
	while (*path != '\0' && v->type != LIQUID_NIL) {
		size_t len = strlen(path);
		if (*path == '[') {
			char *end = NULL;
			unsigned long i = strtoul(path + 1, &end, 10);
			bool found = *end == ']' && v->type == LIQUID_ARRAY && i < v->array.n;
			*v = found ? v->array.v[i] : (struct liquid_value){0};
			path = *end == ']' ? end + 1 : end;
		} else if (liquid_member_of(v, path, len) != NULL) {
			step_into(v, path, len);
			return;
		} else {
			size_t n = strcspn(path, ".[");
			step_into(v, path, n > 0 ? n : len);
			path += n > 0 ? n : len;
		}
		path += *path == '.';
	}
}

bool map_derive_nested(const struct rows_cell *cell)
{
	const char *p = cell->p;
	size_t len = cell->len;
	map_cell_trim(&p, &len);
	return len > 0 && (*p == '{' || *p == '[');
}

bool map_derive_list(struct map *m, size_t column, const struct rows_cell *cell,
		     struct liquid_value *out)
{
	struct map_cell_fault ignored;
	if (!map_derive_nested(cell) || m->json[column].state == MAP_JSON_BAD)
		return false;
	bool read = map_derive_json(m, column, cell, out, &ignored);
	if (!read)
		m->json[column].state = MAP_JSON_UNREAD; /* it is not blamed for that */
	return read && out->type == LIQUID_ARRAY;
}
