/* SPDX-License-Identifier: MIT */
/* The header's names and the manifest's sources find each other. */
#include "map_columns.h"

#include "map_state.h"

#include <stdlib.h>

void map_columns_index(struct map *m)
{
	df_index_free(m->by_name);
	m->by_name = df_index_new();
	for (size_t i = 0; i < m->n_names; i++)
		df_index_add(m->by_name, m->names[i], strlen(m->names[i]), i);
}

size_t map_columns(const struct map *m)
{
	return m->n_names;
}

const char *map_column_name(const struct map *m, size_t column)
{
	return column > 0 && column <= m->n_names ? m->names[column - 1] : "";
}

size_t map_column_find(const struct map *m, const char *name, size_t len)
{
	return df_index_find(m->by_name, name, len);
}

/* ---- what the header lacks ---- */

#define MISSING_NAMED 5u

/* The header's nearest name, or NULL. */
static const char *column_near(const struct map *m, const char *name)
{
	size_t len = strlen(name), best_at = DF_INDEX_NONE;
	unsigned best = (unsigned)(1 + len / 4);
	for (size_t i = 0; i < m->n_names; i++) {
		unsigned distance = df_distance(name, len, m->names[i], strlen(m->names[i]));
		if (distance <= best && (best_at == DF_INDEX_NONE || distance < best)) {
			best = distance;
			best_at = i;
		}
	}
	return best_at != DF_INDEX_NONE ? m->names[best_at] : NULL;
}

void map_missing_add(struct map_missing *missing, const char *name)
{
	if (missing->n++ == 0)
		missing->first = name;
	if (missing->n > MISSING_NAMED)
		return;

	const char *near = column_near(missing->map, name);
	df_buf_addf(&missing->text, "%s'%.100s'", missing->n > 1 ? ", " : "", name);
	if (near != NULL)
		df_buf_addf(&missing->text, " (the header has '%.100s')", near);
}

enum df_status map_missing_end(struct map_missing *missing, struct df_err *err)
{
	if (missing->n == 0)
		return DF_OK;

	if (missing->n > MISSING_NAMED)
		df_buf_addf(&missing->text, " and %zu more", missing->n - MISSING_NAMED);
	df_err_place(err, NULL, 0, missing->first);
	const char *lacks = missing->n > 1 ? "the manifest maps columns that the header lacks:"
					   : "the manifest maps a column that the header lacks:";
	enum df_status st = df_fail(DF_REJECT, err, "manifest-mismatch", "%s %s", lacks,
				    df_buf_cstr(&missing->text));
	df_buf_free(&missing->text);
	return st;
}
