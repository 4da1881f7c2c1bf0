/* SPDX-License-Identifier: MIT */
/* The tree becomes a flat list of ops, with every constant part of the JSON written out
 * beforehand. */
#include "map_program.h"

#include "dropfeed/map.h"

#include "map_tree.h"

#include <stdlib.h>

static struct map_op *add_op(struct map_program *program, enum map_op_kind kind,
			     const struct map_node *node)
{
	if (program->n == program->cap) {
		program->cap = program->cap == 0 ? 32 : program->cap * 2;
		program->ops = df_realloc(program->ops, program->cap * sizeof(*program->ops));
	}
	struct map_op *op = &program->ops[program->n++];
	memset(op, 0, sizeof(*op));
	op->kind = kind;
	op->node = node;
	op->type = node->type;
	op->flags = node->flags;
	op->bit = node->bit;
	op->column = node->column;
	op->unless = node->unless;
	return op;
}

/* A comma is put before the head of members that are not the first. */
static void set_head(struct map_op *op, const char *key, char bracket)
{
	struct df_buf head = {0};
	df_buf_addc(&head, ',');
	if (key != NULL) {
		df_json_string(&head, key, strlen(key));
		df_buf_addc(&head, ':');
	}
	if (bracket != '\0')
		df_buf_addc(&head, bracket);
	op->head_len = head.len - 1;
	df_buf_add(&head, (char[MAP_PIECE]){0}, MAP_PIECE);
	op->head = head.data + 1;
}

/* What a row mostly has: see leaf_common. */
static bool is_common(const struct map_op *op, size_t n_columns)
{
	switch (op->type) {
	case SCHEMA_STRING:
	case SCHEMA_ENUM:
	case SCHEMA_INTEGER:
	case SCHEMA_NUMBER:
	case SCHEMA_BOOLEAN:
	case SCHEMA_UUID:
	case SCHEMA_IP:
		return op->column < n_columns && (op->flags & MAP_LONG_NAME) == 0;
	default:
		return false;
	}
}

/* Gives each required member a bit of its parent's mask. */
static unsigned number_required(struct map_node *node)
{
	unsigned need = 0, next = 1;
	for (size_t i = 0; i < node->n_children; i++) {
		struct map_node *child = node->children[i];
		if (node->object == NULL || (child->flags & SCHEMA_REQUIRED) == 0)
			continue;
		child->bit = next;
		need |= next;
		next <<= 1;
	}
	return need;
}

static void build(struct map_program *program, struct map_node *node, size_t n_columns,
		  size_t depth)
{
	if (depth > program->depth)
		program->depth = depth;
	if (node->kind == MAP_NODE_LEAF) {
		struct map_op *leaf = add_op(program, MAP_OP_LEAF, node);
		set_head(leaf, node->key, '\0');
		leaf->common = is_common(leaf, n_columns);
		program->plain = program->plain && (leaf->common || leaf->column == MAP_NONE);
		if (leaf->type == SCHEMA_ENUM) {
			leaf->word = node->field->words[0];
			leaf->word_len = strlen(leaf->word);
		}
		leaf->fallback = node->fallback;
		leaf->fallback_len = node->fallback != NULL ? strlen(node->fallback) : 0;
		return;
	}
	bool list = node->kind == MAP_NODE_LIST;
	unsigned need = number_required(node);
	struct map_op *open = add_op(program, MAP_OP_OPEN, node);
	set_head(open, node->key, list ? '[' : '{');
	if (!list && (node->flags & SCHEMA_ATTRIBUTES) != 0)
		open->limit = MAP_MAX_ATTRIBUTES;
	else if (list && (node->flags & MAP_VALUE_LIMIT) != 0)
		open->limit = MAP_MAX_LIST;
	if (open->limit != 0 && node->n_children > open->limit)
		program->plain = false;
	for (size_t i = 0; i < node->n_children; i++)
		build(program, node->children[i], n_columns, depth + 1);
	struct map_op *closing = add_op(program, MAP_OP_CLOSE, node);
	/* for its name, where an empty list deletes the attribute */
	set_head(closing, node->key, '\0');
	closing->need = need;
	closing->bracket = list ? ']' : '}';
}

/* Beside a head: comma, brackets, quotes, the digits of a time; and what heads are copied beyond
 * their ends. */
#define MORE (64 + 2 * MAP_PIECE)

static void measure(struct map_program *program)
{
	size_t ids = 0, last = 0; /* from 1 */
	program->most = 0;
	program->ids_together = true;
	for (size_t i = 0; i < program->n; i++) {
		const struct map_op *op = &program->ops[i];
		program->most += op->head_len + op->fallback_len + MORE;
		if (op->kind != MAP_OP_LEAF || (op->flags & SCHEMA_ID) == 0)
			continue;
		if (ids++ > 0 && last != i)
			program->ids_together = false;
		last = i + 1;
	}
}

void map_program_build(struct map_program *program, struct map_node *root, size_t n_columns,
		       bool commerce)
{
	static const char *const actions[] = {"product_action", "promotion_action",
					      "product_impressions"};
	map_program_free(program);
	program->need = number_required(root);
	program->plain = true;
	for (unsigned i = 0; commerce && i < 3; i++) {
		struct map_node *action = map_node_child(root, actions[i]);
		if (action != NULL)
			action->bit = 1u << (29 + i);
	}
	for (size_t i = 0; i < root->n_children; i++)
		build(program, root->children[i], n_columns, 1);
	measure(program);
	map_shapes_init(&program->shapes, program);
}

void map_program_free(struct map_program *program)
{
	for (size_t i = 0; i < program->n; i++)
		free(program->ops[i].head - 1);
	free(program->ops);
	map_shapes_free(&program->shapes);
	memset(program, 0, sizeof(*program));
}
