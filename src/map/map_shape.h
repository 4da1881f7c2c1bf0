/* SPDX-License-Identifier: MIT */
/*
 * map_shape.h - what rows have in common whose empty cells are in the same columns
 *
 * The members that such rows come to differ in nothing but their values, so that a program is
 * written out once for all of them: pieces of constant text, and whose value comes after each. A
 * shape is made when it is met the second time, and stays until another one needs its place.
 */
#ifndef MAP_SHAPE_H
#define MAP_SHAPE_H

#include "dropfeed/rows.h"

#define MAP_SHAPES        16u /* of a program, that are kept; a power of 2 */
#define MAP_SHAPE_COLUMNS 64u /* a program with more columns has none */

struct map_op;
struct map_program;

enum map_piece_flag {
	MAP_PIECE_ID = 1,   /* mark: where its name begins */
	MAP_PIECE_TAIL = 2, /* the batch's own time; mark: where it begins, with its comma */
	/* The products that may be folded begin or end in it: see fold_from and fold_to. */
	MAP_PIECE_FOLD_FROM = 4,
	MAP_PIECE_FOLD_TO = 8,
};

struct map_piece {
	uint32_t from, len; /* in the text */
	uint32_t mark;      /* a place in it, from its beginning */
	unsigned flags;
	struct map_op *op; /* whose value comes after it; NULL: none does */
};

struct map_shape {
	uint64_t key; /* a bit for each of the program's columns: it is not empty */
	bool met, made;
	/* own: the program's columns, those that are not empty first */
	size_t *columns;
	size_t n_filled;
	bool plain; /* rows of this shape may be sound */
	bool identified;
	unsigned seen; /* of the root */
	/* Where in the text the products to be folded are, and how many; 0: there are none. */
	size_t fold_from, fold_to, fold_items;
	struct map_piece *pieces; /* own; the last one has no value after it */
	size_t n, cap;
	struct df_buf text; /* own; MAP_PIECE bytes more than the pieces have */
};

struct map_shapes {
	size_t *columns; /* own: each that a program reads */
	size_t n_columns;
	struct map_shape *v;      /* own: MAP_SHAPES; NULL: the program has too many columns */
	struct map_shape *latest; /* the one that the row before had; NULL: none */
};

void map_shapes_init(struct map_shapes *s, const struct map_program *program);
void map_shapes_free(struct map_shapes *s);
/* The shape that the cells have, which is to be made where it is not. NULL: it is not known. */
struct map_shape *map_shape_look_up(struct map_shapes *s, const struct rows_cell *cells);

/* The same. Mostly it is the shape of the row before. */
static inline struct map_shape *map_shape_find(struct map_shapes *s, const struct rows_cell *cells)
{
	struct map_shape *shape = s->latest;
	if (shape == NULL || !shape->made)
		return map_shape_look_up(s, cells);

	const size_t *column = shape->columns, *const filled = column + shape->n_filled,
		     *const end = shape->columns + s->n_columns;
	while (column < filled)
		if (cells[*column++].len == 0)
			return map_shape_look_up(s, cells);
	while (column < end)
		if (cells[*column++].len > 0)
			return map_shape_look_up(s, cells);
	return shape;
}

/* Adds a piece up to place `to` of the text; its mark is a place as well. */
void map_shape_add(struct map_shape *shape, struct map_op *op, unsigned flags, size_t mark,
		   size_t to);
/* No piece is missing. text: of all of them. */
void map_shape_end(struct map_shape *shape, const char *text, size_t len);

#endif
