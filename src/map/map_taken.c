/* SPDX-License-Identifier: MIT */
/* Paths that are taken already, and values on their own: for whoever chooses paths for columns. */
#include "map_cell.h"
#include "map_json.h"
#include "map_tree.h"

#include <stdlib.h>

struct map_taken {
	struct map_node *batch, *data; /* own; data is NULL when eventless */
};

struct map_taken *map_taken_new(const struct schema_event *event)
{
	struct map_taken *t = df_alloc(sizeof(*t));
	t->batch = map_root_new(schema_event_root(event), "");
	t->data = event->data != NULL ? map_root_new(event->data, "") : NULL;
	return t;
}

void map_taken_free(struct map_taken *t)
{
	if (t == NULL)
		return;

	map_node_free(t->batch);
	map_node_free(t->data);
	free(t);
}

bool map_taken_add(struct map_taken *t, const struct schema_path *path)
{
	struct map_node *root = path->data ? t->data : t->batch;
	return root != NULL && map_tree_add(root, path) != NULL;
}

static const struct map_node *taken_object(const struct map_taken *t, bool data, const char *object)
{
	const struct map_node *root = data ? t->data : t->batch;
	return root != NULL ? map_node_child(root, object) : NULL;
}

size_t map_taken_below(const struct map_taken *t, bool data, const char *object)
{
	const struct map_node *node = taken_object(t, data, object);
	return node != NULL ? node->n_children : 0;
}

bool map_taken_any(const struct map_taken *t, bool data, const char *object)
{
	return taken_object(t, data, object) != NULL;
}

static bool taken_id(const struct map_node *node)
{
	bool found = node->kind == MAP_NODE_LEAF && (node->flags & SCHEMA_ID) != 0;
	for (size_t i = 0; i < node->n_children && !found; i++)
		found = taken_id(node->children[i]);
	return found;
}

bool map_taken_id(const struct map_taken *t)
{
	return taken_id(t->batch);
}

bool map_value_fits(const struct map *m, enum schema_type type, const struct schema_field *field,
		    const char *p, size_t len)
{
	struct df_buf out = {0};
	struct map_cell_fault fault;
	if (type != SCHEMA_STRING && type != SCHEMA_STRINGS)
		map_cell_trim(&p, &len);
	bool fits =
	    len > 0 && map_value_emit(m, type, field, &(struct rows_cell){p, len}, &out, &fault);
	df_buf_free(&out);
	return fits;
}
