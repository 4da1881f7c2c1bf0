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
/* What a template made, as Liquid has it, of values that it was hardly meant for: liquid_doubt. */
void map_note_doubts(struct map *m, const struct map_derived *d, unsigned doubts);

#endif
