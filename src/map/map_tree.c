/* SPDX-License-Identifier: MIT */
/* The columns' paths as a tree, whose nodes are in the schema's order. */
#include "map_tree.h"

#include <stdlib.h>

static struct map_node *node_new(enum map_node_kind kind, const char *key, size_t key_len)
{
	struct map_node *node = df_alloc(sizeof(*node));
	node->kind = kind;
	node->key = key != NULL ? df_strndup(key, key_len) : NULL;
	node->column = node->unless = MAP_NONE;
	return node;
}

struct map_node *map_root_new(const struct schema_object *object, const char *path)
{
	struct map_node *root = node_new(MAP_NODE_OBJECT, NULL, 0);
	root->object = object;
	root->path = df_strdup(path);
	return root;
}

void map_node_free(struct map_node *node)
{
	if (node == NULL)
		return;
	for (size_t i = 0; i < node->n_children; i++)
		map_node_free(node->children[i]);
	free(node->children);
	df_index_free(node->index);
	free(node->keyed);
	free(node->key);
	free(node->path);
	free(node->fallback);
	free(node);
}

/* ---- children by their keys: a document may have ten thousand columns ---- */

#define FEW_KEYS 16

static bool has_key(const struct map_node *node, const char *key, size_t len)
{
	return node->key != NULL && strncmp(node->key, key, len) == 0 && node->key[len] == '\0';
}

struct map_node *map_node_find(const struct map_node *node, const char *key, size_t len)
{
	if (node->index == NULL) {
		for (size_t i = 0; i < node->n_children; i++)
			if (has_key(node->children[i], key, len))
				return node->children[i];
		return NULL;
	}
	size_t at = df_index_find(node->index, key, len);
	return at != DF_INDEX_NONE ? node->keyed[at] : NULL;
}

struct map_node *map_node_child(const struct map_node *node, const char *key)
{
	return map_node_find(node, key, strlen(key));
}

/* Once there are many, all of them are indexed, by the order in which they came. */
static void index_note(struct map_node *parent, struct map_node *child)
{
	if (child->key == NULL)
		return;
	parent->keyed = df_realloc(parent->keyed, parent->children_cap * sizeof(child));
	parent->keyed[parent->n_keyed++] = child;
	if (parent->n_keyed <= FEW_KEYS)
		return;

	size_t from = parent->index != NULL ? parent->n_keyed - 1 : 0;
	if (parent->index == NULL)
		parent->index = df_index_new();
	for (size_t i = from; i < parent->n_keyed; i++) {
		const char *key = parent->keyed[i]->key;
		df_index_add(parent->index, key, strlen(key), i);
	}
}

static struct map_node *find_child(const struct map_node *node, const struct schema_step *step)
{
	if (step->key != NULL)
		return map_node_find(node, step->key, step->key_len);
	for (size_t i = 0; i < node->n_children && step->index != SCHEMA_APPEND; i++)
		if (node->children[i]->key == NULL && node->children[i]->order == step->index)
			return node->children[i];
	return NULL;
}

static size_t order_of(const struct map_node *parent, const struct schema_step *step)
{
	if (step->key == NULL && step->index != SCHEMA_APPEND)
		return step->index;
	if (step->field != NULL && parent->object != NULL)
		return (size_t)(step->field - parent->object->fields);
	return parent->n_children + SCHEMA_MAX_INDEX;
}

static char *path_of(const struct map_node *parent, const struct schema_step *step)
{
	if (step->key != NULL)
		return df_format("%s%s%.*s", parent->path, parent->path[0] != '\0' ? "." : "",
				 (int)step->key_len, step->key);
	if (step->index == 0) /* a path without an index means the first */
		return df_strdup(parent->path);
	return step->index == SCHEMA_APPEND ? df_format("%s[]", parent->path)
					    : df_format("%s[%zu]", parent->path, step->index);
}

static void insert_child(struct map_node *parent, struct map_node *child)
{
	if (parent->n_children == parent->children_cap) {
		parent->children_cap = parent->children_cap == 0 ? 4 : parent->children_cap * 2;
		parent->children =
		    df_realloc(parent->children, parent->children_cap * sizeof(struct map_node *));
	}
	size_t i = parent->n_children++;
	for (; i > 0 && parent->children[i - 1]->order > child->order; i--)
		parent->children[i] = parent->children[i - 1];
	parent->children[i] = child;
	index_note(parent, child);
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
		struct map_node *child = find_child(node, step);
		if (child != NULL && (last || child->kind != kind))
			return NULL;
		if (child == NULL) {
			child = node_new(kind, step->key, step->key_len);
			child->field = step->field;
			child->object = step->object;
			child->parent = node;
			child->order = order_of(node, step);
			child->path = path_of(node, step);
			insert_child(node, child);
		}
		if (step->field != NULL)
			child->flags = step->field->flags;
		node = child;
	}
	node->type = path->type;
	return node;
}
