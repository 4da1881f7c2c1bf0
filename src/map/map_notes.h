/* SPDX-License-Identifier: MIT */
/* map_notes.h - what rows warn of */
#ifndef MAP_NOTES_H
#define MAP_NOTES_H

#include "map_program.h"

struct map;
struct map_derived;

/* Something was cut to the API's limits; an identity was a placeholder. */
void map_note_cut(struct map *m, const struct map_op *op);
void map_note_placeholder(struct map *m, const struct map_op *op, size_t kind);
/* An identity, of this type, that is not one may be another user's than was meant. */
void map_note_identity(struct map *m, const struct map_op *op, enum schema_type type,
		       const struct rows_cell *value);
/* An id of the file's own, of a batch or an event, was one. */
void map_note_own_id(struct map *m, size_t column, size_t kind);
/* A row of a reject file has an id that others may have gone out under. */
void map_note_known_id(struct map *m);
/* A row of a reject file lacks what fill_down may have given it in the document. */
void map_note_unfilled(struct map *m, size_t column);
/* What a template made, as Liquid has it, of values that it was hardly meant for: liquid_doubt. */
void map_note_doubts(struct map *m, const struct map_derived *d, unsigned doubts);

#endif
