/* SPDX-License-Identifier: MIT */
/* map_bindings.h - which column goes where, as the header, the manifest and the settings say */
#ifndef MAP_BINDINGS_H
#define MAP_BINDINGS_H

#include "map_tree.h"

struct map_binding {
	size_t column; /* 0-based, or MAP_NONE: fixed */
	char *name;    /* own: the destination */
	char *fixed;   /* own, or NULL */
	bool keep;     /* see map_node */
	/* borrowed from the tree, once it is there; NULL: one of the row's own ids */
	struct map_node *leaf;
};

struct map_bindings {
	struct map_binding *v; /* own */
	size_t n, cap;
};

struct map_binding *map_bindings_add(struct map_bindings *b, size_t column, const char *name,
				     size_t len,
				     const char *fixed); /* borrowed until the next one */
void map_bindings_free(struct map_bindings *b);

#endif
