/* SPDX-License-Identifier: MIT */
#include "map_shape.h"

#include "map_program.h"

#include <stdlib.h>

static void add_column(struct map_shapes *s, size_t column)
{
	if (column == MAP_NONE || s->n_columns > MAP_SHAPE_COLUMNS)
		return;
	for (size_t i = 0; i < s->n_columns; i++)
		if (s->columns[i] == column)
			return;
	s->columns[s->n_columns++] = column;
}

void map_shapes_init(struct map_shapes *s, const struct map_program *program)
{
	map_shapes_free(s);
	s->columns = df_alloc((MAP_SHAPE_COLUMNS + 1) * sizeof(*s->columns));
	for (size_t i = 0; i < program->n; i++) {
		if (program->ops[i].kind != MAP_OP_LEAF)
			continue;
		add_column(s, program->ops[i].column);
		add_column(s, program->ops[i].unless);
	}
	if (program->plain && s->n_columns <= MAP_SHAPE_COLUMNS)
		s->v = df_alloc(MAP_SHAPES * sizeof(*s->v));
}

void map_shapes_free(struct map_shapes *s)
{
	for (size_t i = 0; s->v != NULL && i < MAP_SHAPES; i++) {
		free(s->v[i].pieces);
		free(s->v[i].columns);
		df_buf_free(&s->v[i].text);
	}
	free(s->v);
	free(s->columns);
	*s = (struct map_shapes){0};
}

static void sort_columns(const struct map_shapes *s, struct map_shape *shape)
{
	size_t empty = s->n_columns;
	if (shape->columns == NULL)
		shape->columns = df_alloc(s->n_columns * sizeof(*shape->columns));
	shape->n_filled = 0;
	for (size_t i = 0; i < s->n_columns; i++) {
		bool filled = (shape->key >> i & 1) != 0;
		shape->columns[filled ? shape->n_filled++ : --empty] = s->columns[i];
	}
}

struct map_shape *map_shape_look_up(struct map_shapes *s, const struct rows_cell *cells)
{
	uint64_t key = 0;
	if (s->v == NULL)
		return NULL;
	for (size_t i = 0; i < s->n_columns; i++)
		key |= (uint64_t)(cells[s->columns[i]].len > 0) << i;

	struct map_shape *shape =
	    &s->v[(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (MAP_SHAPES - 1)];
	const bool met = shape->met && shape->key == key;
	s->latest = shape;
	if (met)
		return shape;
	shape->key = key;
	shape->met = true;
	shape->made = false;
	sort_columns(s, shape);
	return NULL; /* only what is met again is worth it */
}

void map_shape_add(struct map_shape *shape, struct map_op *op, unsigned flags, size_t mark,
		   size_t to)
{
	size_t from = 0;
	if (shape->n > 0)
		from = shape->pieces[shape->n - 1].from + shape->pieces[shape->n - 1].len;
	if (shape->n == shape->cap) {
		shape->cap = shape->cap > 0 ? shape->cap * 2 : 16;
		shape->pieces = df_realloc(shape->pieces, shape->cap * sizeof(*shape->pieces));
	}
	shape->pieces[shape->n++] = (struct map_piece){.from = (uint32_t)from,
						       .len = (uint32_t)(to - from),
						       .mark = (uint32_t)(mark - from),
						       .flags = flags,
						       .op = op};
	shape->identified = shape->identified || (flags & MAP_PIECE_ID) != 0;
}

static struct map_piece *piece_at(struct map_shape *shape, size_t place)
{
	size_t i = 0;
	while (i + 1 < shape->n && shape->pieces[i].from + shape->pieces[i].len < place)
		i++;
	return &shape->pieces[i];
}

void map_shape_end(struct map_shape *shape, const char *text, size_t len)
{
	map_shape_add(shape, NULL, 0, len, len);
	df_buf_reset(&shape->text);
	df_buf_add(&shape->text, text, len);
	df_buf_add(&shape->text, (char[MAP_PIECE]){0}, MAP_PIECE);
	if (shape->fold_items > 0) { /* a bracket is between a value and either place */
		piece_at(shape, shape->fold_from)->flags |= MAP_PIECE_FOLD_FROM;
		piece_at(shape, shape->fold_to)->flags |= MAP_PIECE_FOLD_TO;
	}
	shape->made = true;
}
