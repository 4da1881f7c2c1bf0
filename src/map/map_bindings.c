/* SPDX-License-Identifier: MIT */
#include "map_bindings.h"

#include <stdlib.h>

struct map_binding *map_bindings_add(struct map_bindings *b, size_t column, const char *name,
				     size_t len, const char *fixed)
{
	if (b->n == b->cap) {
		b->cap = b->cap == 0 ? 16 : b->cap * 2;
		b->v = df_realloc(b->v, b->cap * sizeof(*b->v));
	}
	b->v[b->n++] = (struct map_binding){
	    .column = column, .name = df_strndup(name, len), .fixed = df_strdup(fixed)};
	return &b->v[b->n - 1];
}

void map_bindings_free(struct map_bindings *b)
{
	for (size_t i = 0; i < b->n; i++) {
		free(b->v[i].name);
		free(b->v[i].fixed);
	}
	free(b->v);
	memset(b, 0, sizeof(*b));
}
