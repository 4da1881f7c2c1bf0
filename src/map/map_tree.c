/* SPDX-License-Identifier: MIT */
/* The columns' paths as a tree, whose nodes stand in the schema's order. */
#include "map_priv.h"

#include <stdlib.h>

struct map_node *map_node_new(enum map_node_kind kind, const char *key, size_t key_len)
{
	struct map_node *node = df_alloc(sizeof(*node));
	node->kind = kind;
	node->key = key != NULL ? df_strndup(key, key_len) : NULL;
	node->column = node->unless = MAP_NONE;
	return node;
}

void map_node_free(struct map_node *node)
{
	if (node == NULL)
		return;
	for (size_t i = 0; i < node->n_kids; i++)
		map_node_free(node->kids[i]);
	free(node->kids);
	free(node->key);
	free(node->path);
	free(node->fallback);
	free(node);
}

struct map_node *map_node_kid(const struct map_node *node, const char *key)
{
	for (size_t i = 0; i < node->n_kids; i++)
		if (node->kids[i]->key != NULL && strcmp(node->kids[i]->key, key) == 0)
			return node->kids[i];
	return NULL;
}

static struct map_node *find_kid(const struct map_node *node, const struct schema_step *step)
{
	for (size_t i = 0; i < node->n_kids; i++) {
		struct map_node *kid = node->kids[i];
		bool same = step->key != NULL
				? kid->key != NULL && strlen(kid->key) == step->key_len &&
				      memcmp(kid->key, step->key, step->key_len) == 0
				: kid->key == NULL && step->index != SCHEMA_APPEND && kid->order == step->index;
		if (same)
			return kid;
	}
	return NULL;
}

static size_t order_of(const struct map_node *parent, const struct schema_step *step)
{
	if (step->key == NULL && step->index != SCHEMA_APPEND)
		return step->index;
	if (step->field != NULL && parent->object != NULL)
		return (size_t)(step->field - parent->object->fields);
	return parent->n_kids + SCHEMA_MAX_INDEX;
}

static char *path_of(const struct map_node *parent, const struct schema_step *step)
{
	if (step->key != NULL)
		return df_format("%s%s%.*s", parent->path, parent->path[0] != '\0' ? "." : "", (int)step->key_len,
				 step->key);
	if (step->index == 0) /* a path without an index means the first */
		return df_strdup(parent->path);
	return step->index == SCHEMA_APPEND ? df_format("%s[]", parent->path)
					    : df_format("%s[%zu]", parent->path, step->index);
}

static void insert_kid(struct map_node *parent, struct map_node *kid)
{
	if (parent->n_kids == parent->kids_cap) {
		parent->kids_cap = parent->kids_cap == 0 ? 4 : parent->kids_cap * 2;
		parent->kids = df_realloc(parent->kids, parent->kids_cap * sizeof(struct map_node *));
	}
	size_t i = parent->n_kids++;
	for (; i > 0 && parent->kids[i - 1]->order > kid->order; i--)
		parent->kids[i] = parent->kids[i - 1];
	parent->kids[i] = kid;
}

struct map_node *map_tree_add(struct map_node *root, const struct schema_path *path)
{
	struct map_node *node = root;
	for (size_t i = 0; i < path->n; i++) {
		const struct schema_step *step = &path->steps[i];
		bool last = i + 1 == path->n;
		enum map_node_kind kind = last                             ? MAP_NODE_LEAF
					  : path->steps[i + 1].key == NULL ? MAP_NODE_LIST
									   : MAP_NODE_OBJECT;
		struct map_node *kid = find_kid(node, step);
		if (kid != NULL && (last || kid->kind != kind))
			return NULL;
		if (kid == NULL) {
			kid = map_node_new(kind, step->key, step->key_len);
			kid->field = step->field;
			kid->object = step->object;
			kid->parent = node;
			kid->order = order_of(node, step);
			kid->path = path_of(node, step);
			insert_kid(node, kid);
		}
		if (step->field != NULL)
			kid->flags = step->field->flags;
		node = kid;
	}
	node->type = path->type;
	return node;
}
