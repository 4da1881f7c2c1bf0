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
	struct map_shape *v; /* own: MAP_SHAPES; NULL: the program has too many columns */
};

void map_shapes_init(struct map_shapes *s, const struct map_program *program);
void map_shapes_free(struct map_shapes *s);
/* The shape that the cells have. NULL: there are none. It is to be made where it was met, and was
 * not made. */
struct map_shape *map_shape_find(struct map_shapes *s, const struct rows_cell *cells);

/* Adds a piece up to place `to` of the text; its mark is a place as well. */
void map_shape_add(struct map_shape *shape, struct map_op *op, unsigned flags, size_t mark,
		   size_t to);
/* No piece is missing. text: of all of them. */
void map_shape_end(struct map_shape *shape, const char *text, size_t len);

#endif
