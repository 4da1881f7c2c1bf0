/* SPDX-License-Identifier: MIT */
/* propose_step.h - the steps of a proposal, in the order of propose_decide */
#ifndef PROPOSE_STEP_H
#define PROPOSE_STEP_H

#include "propose_column.h"

void propose_guess(struct propose *p);
void propose_planned(struct propose *p);
/* Gives the path to the column, if its values suit; else says why not. path NULL: it is ignored. */
void propose_offer(struct propose *p, size_t number, const char *path);
/* Half a location is given up. */
void propose_locations(struct propose *p);
void propose_attributes(struct propose *p);
void propose_settle(struct propose *p, const char *stem);
void propose_action(struct propose *p);
/* An order's amount and currency, where no name is known for them. */
void propose_amounts(struct propose *p);
void propose_money(struct propose *p);
/* Words for customers who are not known are taken for empty cells. */
void propose_guests(struct propose *p);
/* Rows that a flag calls void, a test or deleted are skipped. */
void propose_status_flags(struct propose *p);
/* Rows are skipped that a column of one of these names calls failed. */
void propose_status_failed(struct propose *p, const char *names);
/* Whether the column's word for a refund is said of rows that are refunds, and not of orders. */
bool propose_status_refunds(const struct propose *p, size_t column, const char *word, size_t len);
/* Takes out what is not data: null words and padding in cells, rows that state a total. */
void propose_cells_clean(struct propose *p);
/* Leaves out the rows that are skipped: what is decided after it is decided on the others. */
void propose_cells_skip(struct propose *p);
/* Marks the columns that would be identities by their names, but whose values name several
 * users. */
void propose_people(struct propose *p);
/* A column about somebody else than the user: an owner, an agent. */
bool propose_not_user(const struct propose *p, const struct propose_column *c);
void propose_write_manifest(struct propose *p);

#endif
