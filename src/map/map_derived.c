/* SPDX-License-Identifier: MIT */
/* The cells that a mapping makes of others: added, found, freed. */
#include "map_derive.h"

#include "map_state.h"

#include <stdlib.h>

size_t map_derived_add(struct map *m, size_t column, const struct map_entry *entry, const char *key,
		       size_t key_len, const char *path)
{
	if (m->n_derived == m->derived_cap) {
		m->derived_cap = m->derived_cap == 0 ? 8 : m->derived_cap * 2;
		m->derived = df_realloc(m->derived, m->derived_cap * sizeof(*m->derived));
		m->cells = df_realloc(m->cells, (m->n_names + m->derived_cap) * sizeof(*m->cells));
	}
	if (m->json == NULL)
		m->json = df_alloc(m->n_names * sizeof(*m->json));
	struct map_derived *d = &m->derived[m->n_derived];
	memset(d, 0, sizeof(*d));
	d->column = column;
	d->entry = entry;
	d->key = df_strndup(key, key_len);
	if (path != NULL)
		d->path = d->key + (path - key);
	return m->n_names + m->n_derived++;
}

struct map_derived *map_derived_of(const struct map *m, size_t column)
{
	return column != MAP_NONE && column >= m->n_names ? &m->derived[column - m->n_names] : NULL;
}

void map_derived_free(struct map *m)
{
	for (size_t i = 0; i < m->n_derived; i++) {
		free(m->derived[i].key);
		free(m->derived[i].way);
	}
	free(m->derived);
	free(m->json);
	free(m->cells);
	free(m->row);
	m->row = NULL;
	m->uses_row = false;
	m->derived = NULL;
	m->json = NULL;
	m->cells = NULL;
	m->n_derived = m->derived_cap = 0;
}
