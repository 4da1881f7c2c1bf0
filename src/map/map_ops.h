/* SPDX-License-Identifier: MIT */
/* map_ops.h - a program's ops, run over the cells of a row */
#ifndef MAP_OPS_H
#define MAP_OPS_H

#include "map_program.h"

struct map_run;

/* Runs a program into `out`, and returns which members of its root had a value. */
unsigned map_ops_run(struct map_run *r, const struct map_program *program, struct df_buf *out);

/* Names the members that the schema requires and that had no value. */
void map_ops_need(struct map_run *r, const struct map_node *node, unsigned missing);

#endif
