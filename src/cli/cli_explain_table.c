/* SPDX-License-Identifier: MIT */
/* A line's columns as a table: which cell becomes what. */
#include "cli_explain_table.h"

#include <stdlib.h>

#define VALUE_WIDTH 30u
#define TEXT_WIDTH  60u
#define LEAST_TEXT  45u /* columns for what a cell becomes, in a table */
#define HANG        9u  /* columns before it, where the table does not fit */

size_t cli_table_limit(const struct cli_table *t, size_t max)
{
	return t->whole ? SIZE_MAX : max;
}

void cli_table_put(const struct cli_table *t, const char *text, size_t max)
{
	cli_safe(t->out, text, strlen(text), cli_table_limit(t, max));
}

static void put_padded(const struct cli_table *t, const char *p, size_t len, size_t max,
		       size_t width)
{
	size_t w = cli_safe(t->out, p, len, cli_table_limit(t, max));
	df_buf_addf(t->out, "%*s", (int)(width > w ? width - w : 0) + 2, "");
}

static size_t width_of(const struct cli_table *t, const char *p, size_t len, size_t max)
{
	struct df_buf scratch = {0};
	size_t w = cli_safe(&scratch, p, len, cli_table_limit(t, max));
	df_buf_free(&scratch);
	return w < max ? w : max; /* what is longer sticks out, when nothing is cut */
}

/* How the value came about, where that is not plain. */
static void put_via(const struct cli_table *t, const struct map_route *r)
{
	if (r->via == MAP_VIA_JSON || r->via == MAP_VIA_MEMBERS) {
		df_buf_adds(t->out, ", from the cell's JSON: ");
		cli_table_put(t, r->source, TEXT_WIDTH);
	} else if (r->via == MAP_VIA_CELL && r->source != NULL &&
		   strcmp(r->source, trial_explain_column(t->x, r->column)) != 0) {
		df_buf_adds(t->out, ", mapped by ");
		cli_table_put(t, r->source, TEXT_WIDTH);
	}
	if ((r->via == MAP_VIA_TEMPLATE || r->via == MAP_VIA_MEMBERS) && r->text != NULL) {
		df_buf_adds(t->out, ", by the template ");
		cli_table_put(t, r->text, TEXT_WIDTH);
	}

	if (r->n_values > 0 && r->asked == NULL && r->outcome == MAP_OUTCOME_UNKNOWN)
		df_buf_addf(t->out, ", by the manifest's %zu values", r->n_values);
	if (r->asked != NULL) {
		df_buf_adds(t->out, ", by values, where ");
		cli_table_put(t, r->asked, TEXT_WIDTH);
		df_buf_adds(t->out, r->listed ? " is listed" : " is not listed");
	}
	if (r->via == MAP_VIA_STATIC)
		df_buf_adds(t->out, ", static");
	if (r->via == MAP_VIA_DEFAULT)
		df_buf_adds(t->out, ", the default");
}

static void put_outcome(const struct cli_table *t, const struct map_route *r)
{
	switch (r->outcome) {
	case MAP_OUTCOME_UNKNOWN:
		if (r->column > 0 && r->fallback != NULL) {
			df_buf_adds(t->out, "; when empty, ");
			cli_table_put(t, r->fallback, TEXT_WIDTH);
		}
		if (r->deletes)
			df_buf_adds(t->out, "; when empty, the attribute is deleted");
		break;
	case MAP_OUTCOME_DEFAULTED:
		df_buf_adds(t->out, ", the default: the cell is empty");
		break;
	case MAP_OUTCOME_EMPTY:
		df_buf_adds(t->out, r->via == MAP_VIA_CELL && r->asked == NULL
					? ": left out, the cell is empty"
					: ": left out, there is nothing to write");
		break;
	case MAP_OUTCOME_DELETED:
		df_buf_adds(t->out, ": empty, so its name goes to deleted_user_attributes");
		break;
	case MAP_OUTCOME_FAULTY:
		df_buf_adds(t->out, ": WRONG, see below");
		break;
	case MAP_OUTCOME_LEFT_OUT:
		df_buf_adds(
		    t->out,
		    ": left out, there is nothing in it or the API's limits have no room for it");
		break;
	case MAP_OUTCOME_WRITTEN:
		break;
	}
}

static void put_route(const struct cli_table *t, const struct map_route *r)
{
	const char *value = r->value != NULL ? r->value : r->column == 0 ? r->fallback : NULL;
	if (r->via == MAP_VIA_NONE) {
		cli_table_put(t, r->text, SIZE_MAX);
		df_buf_addc(t->out, '\n');
		return;
	}

	cli_table_put(t, r->path, SIZE_MAX);
	if (value == NULL && r->via == MAP_VIA_STATIC)
		value = r->text;
	if (value != NULL) {
		df_buf_adds(t->out, " = ");
		cli_table_put(t, value, TEXT_WIDTH);
	}
	if (r->type != NULL) {
		df_buf_adds(t->out, " (");
		cli_table_put(t, r->type, TEXT_WIDTH);
		df_buf_addc(t->out, ')');
	}
	put_via(t, r);
	put_outcome(t, r);
	df_buf_addc(t->out, '\n');
}

static const char *column_name(const struct cli_table *t, size_t column)
{
	if (t->names == 0) /* the header could not be read */
		return "";
	return column <= t->names ? trial_explain_column(t->x, column) : "(no such column)";
}

static struct rows_cell cell_value(const struct cli_table *t, size_t column)
{
	static const char none[] = "(no cell)";
	const struct trial_explain *x = t->x;
	if (column > 0 && column <= x->n_cells)
		return x->cells[column - 1];
	return (struct rows_cell){none, column > 0 && x->row > 0 ? strlen(none) : 0};
}

static void measure_columns(struct cli_table *t, size_t n)
{
	t->name_width = strlen("column");
	t->value_width = strlen("value");
	for (size_t i = 1; i <= n; i++) {
		const char *name = column_name(t, i);
		struct rows_cell value = cell_value(t, i);
		size_t w = width_of(t, name, strlen(name), CLI_NAME_WIDTH);
		t->name_width = w > t->name_width ? w : t->name_width;
		w = width_of(t, value.p, value.len, VALUE_WIDTH);
		t->value_width = w > t->value_width ? w : t->value_width;
	}
}

/* Breaks the lines of what was appended from `from` on, at blanks; what goes on is indented. */
static void wrap_from(const struct cli_table *t, size_t from)
{
	char *text = df_strndup(t->out->data + from, t->out->len - from);
	size_t at = HANG;
	t->out->len = from;
	for (const char *p = text; *p != '\0' && *p != '\n';) {
		size_t len = strcspn(p, " \n"), width = width_of(t, p, len, SIZE_MAX);
		if (at > HANG && at + 1 + width > t->screen) {
			df_buf_addf(t->out, "\n%*s", (int)HANG, "");
			at = HANG;
		} else if (p != text) {
			df_buf_addc(t->out, ' ');
			at++;
		}
		df_buf_add(t->out, p, len);
		at += width;
		p += len + (p[len] == ' ');
	}
	df_buf_addc(t->out, '\n');
	free(text);
}

/* What a route says, on the rest of the line or, in a narrow terminal, on lines of its own. */
static void put_becomes(const struct cli_table *t, const struct map_route *r)
{
	if (t->narrow)
		df_buf_adds(t->out, "      -> ");
	size_t from = t->out->len;
	put_route(t, r);
	if (t->narrow && !t->whole)
		wrap_from(t, from);
}

static void put_narrow(const struct cli_table *t, size_t column)
{
	const char *name = column == 0 ? "(no column)" : column_name(t, column);
	struct rows_cell value = cell_value(t, column);
	if (column > 0)
		df_buf_addf(t->out, "%4zu  ", column);
	else
		df_buf_adds(t->out, "      ");
	cli_table_put(t, name, CLI_NAME_WIDTH);
	if (!t->x->header && column > 0) {
		df_buf_adds(t->out, ": ");
		cli_safe(t->out, value.p, value.len, cli_table_limit(t, VALUE_WIDTH));
	}
	df_buf_addc(t->out, '\n');
}

static void put_line(const struct cli_table *t, size_t column, bool first)
{
	if (t->narrow) {
		if (first)
			put_narrow(t, column);
		return;
	}
	const char *name = column == 0 ? "(no column)" : column_name(t, column);
	struct rows_cell value = cell_value(t, column);
	if (first && column > 0)
		df_buf_addf(t->out, "%4zu  ", column);
	else
		df_buf_adds(t->out, "      ");
	put_padded(t, name, first ? strlen(name) : 0, CLI_NAME_WIDTH, t->name_width);
	if (!t->x->header)
		put_padded(t, value.p, first ? value.len : 0, VALUE_WIDTH, t->value_width);
}

static void put_heading(const struct cli_table *t)
{
	if (t->narrow)
		return;

	df_buf_adds(t->out, "   #  ");
	put_padded(t, "column", 6, CLI_NAME_WIDTH, t->name_width);
	if (!t->x->header)
		put_padded(t, "value", 5, VALUE_WIDTH, t->value_width);
	df_buf_adds(t->out, "becomes\n");
}

/* The column's cell, and a line for each of its routes, from `at`. Returns the next column's. */
static size_t put_column(struct cli_table *t, size_t column, size_t at)
{
	const struct trial_explain *x = t->x;
	const size_t first = at;
	for (; at < x->routes.n && x->routes.v[at].column == column; at++) {
		put_line(t, column, at == first);
		put_becomes(t, &x->routes.v[at]);
	}
	if (at > first)
		return at;
	put_line(t, column, true);
	if (!t->narrow)
		df_buf_addc(t->out, '\n');
	return at;
}

void cli_table(struct cli_table *t)
{
	const struct trial_explain *x = t->x;
	size_t n = t->names > x->n_cells ? t->names : x->n_cells, at = 0;
	if (n == 0)
		return;

	measure_columns(t, n);
	t->screen = cli_width();
	t->narrow = 6 + t->name_width + 2 + t->value_width + 2 + LEAST_TEXT > t->screen;
	df_buf_addc(t->out, '\n');
	put_heading(t);
	for (size_t i = 1; i <= n; i++)
		at = put_column(t, i, at);
	for (bool first = true; at < x->routes.n; at++, first = false) {
		put_line(t, 0, first);
		put_becomes(t, &x->routes.v[at]);
	}
}
