/* SPDX-License-Identifier: MIT */
/* propose_lines.h - lines of one order, and what is stated for the order */
#ifndef PROPOSE_LINES_H
#define PROPOSE_LINES_H

#include "propose_column.h"

void propose_order(struct propose *p);
/* How many rows the order that begins at `row` has. */
size_t propose_lines_of(const struct propose *p, size_t row);
/* Does the column lead to a line's product? */
bool propose_lines_product(const struct propose_column *c);
bool propose_lines_any_product(const struct propose *p);
/* Was the same done in both rows? */
bool propose_lines_same_action(const struct propose *p, size_t row, size_t next);
/* Gives the column to the line's product, as its own amount or attribute. */
void propose_lines_give(struct propose *p, size_t column);
/* Amounts that are not what their names say: of all pieces, of each line; after the guesses, and
 * once the order's lines are known. */
void propose_total_check(struct propose *p);
void propose_total_repeated(struct propose *p);
/* The order's lines do not fold: what is stated for the order would count with each. */
void propose_total_unfolded(struct propose *p);
/* an order's number that is called a name: before other guesses */
void propose_order_name(struct propose *p);

#endif
