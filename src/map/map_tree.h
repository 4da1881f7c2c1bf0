/* SPDX-License-Identifier: MIT */
/* map_tree.h - the paths of a document's columns as a tree of nodes */
#ifndef MAP_TREE_H
#define MAP_TREE_H

#include "dropfeed/base.h"
#include "dropfeed/index.h"
#include "dropfeed/schema.h"

#define MAP_NONE SIZE_MAX /* no column */

enum map_node_kind { MAP_NODE_OBJECT, MAP_NODE_LIST, MAP_NODE_LEAF };

struct map_node {
	enum map_node_kind kind;
	char *key;                          /* own; NULL: an item of a list, or a root */
	char *path;                         /* own: for messages */
	const struct schema_field *field;   /* NULL: see schema_step */
	const struct schema_object *object; /* of an object whose fields are known */
	/* among its siblings: the schema's, the index, or the columns' */
	size_t order;
	unsigned flags;
	unsigned bit; /* in its parent's mask, 0: none */
	const struct map_node *parent;
	struct map_node **children; /* own, kept in order */
	size_t n_children, children_cap;
	struct map_node **keyed; /* own: those with keys, in the order in which they came */
	size_t n_keyed;
	struct df_index *index; /* own: their places in `keyed`; NULL while they are few */
	/* of a leaf */
	enum schema_type type;
	size_t column;
	char *fallback; /* own: a JSON value */
	size_t unless;  /* a column whose value keeps the fallback away */
	bool keep;      /* an empty cell does not delete the attribute */
};

void map_node_free(struct map_node *node);
/* Adds the path's leaf; NULL when it is there already. */
struct map_node *map_tree_add(struct map_node *root, const struct schema_path *path);
struct map_node *map_node_child(const struct map_node *node, const char *key); /* or NULL */
struct map_node *map_node_find(const struct map_node *node, const char *key, size_t len);
/* The root of a tree: schema_batch's, or an event's data. */
struct map_node *map_root_new(const struct schema_object *object, const char *path);

#endif
