/* SPDX-License-Identifier: MIT */
/* The header's names and the manifest's sources find each other. */
#include "map_priv.h"

#include <stdlib.h>

void map_columns_index(struct map *m)
{
	df_index_free(m->by_name);
	m->by_name = df_index_new();
	for (size_t i = 0; i < m->n_names; i++)
		df_index_add(m->by_name, m->names[i], strlen(m->names[i]), i);
}

size_t map_column_find(const struct map *m, const char *name, size_t len)
{
	return df_index_find(m->by_name, name, len);
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
