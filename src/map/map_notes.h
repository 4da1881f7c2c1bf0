/* SPDX-License-Identifier: MIT */
/* map_notes.h - what rows warn of */
#ifndef MAP_NOTES_H
#define MAP_NOTES_H

#include "map_program.h"

struct map;

/* Something was cut to the API's limits; an identity was a placeholder. */
void map_note_cut(struct map *m, const struct map_op *op);
void map_note_placeholder(struct map *m, const struct map_op *op, size_t kind);

#endif
