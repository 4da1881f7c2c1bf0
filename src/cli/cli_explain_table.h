/* SPDX-License-Identifier: MIT */
/* cli_explain_table.h - a line's columns as a table */
#ifndef DROPFEED_CLI_EXPLAIN_TABLE_H
#define DROPFEED_CLI_EXPLAIN_TABLE_H

#include "cli_explain.h"

#define CLI_NAME_WIDTH 40u

struct cli_table {
	const struct trial_explain *x;
	struct df_buf *out;
	bool whole;
	size_t names, name_width, value_width; /* names: columns that have one */
	size_t screen;                         /* columns of the terminal */
	/* the table does not fit: a column takes several lines */
	bool narrow;
};

/* x, out, whole and names are set. */
void cli_table(struct cli_table *t);
/* max, or no limit where the whole is wanted. */
size_t cli_table_limit(const struct cli_table *t, size_t max);
/* Appends text, made safe, cut after max columns. */
void cli_table_put(const struct cli_table *t, const char *text, size_t max);

#endif
