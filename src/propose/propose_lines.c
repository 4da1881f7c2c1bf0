/* SPDX-License-Identifier: MIT */
/* Which rows are lines of one order, and which columns are their products'. */
#include "propose_lines.h"

#include <stdlib.h>

static const char products[] = PROPOSE_ACTION "products.";

bool propose_lines_product(const struct propose_column *c)
{
	return c->what == PROPOSE_KEEP && strncmp(c->path, products, strlen(products)) == 0;
}

bool propose_lines_any_product(const struct propose *p)
{
	bool any = false;
	for (size_t i = 0; i < p->n && !any; i++)
		any = propose_lines_product(&p->columns[i]);
	return any;
}

/* A number's sign is all that says what was done. */
static bool same_sign(const struct propose *p, size_t row, size_t next, size_t column)
{
	size_t a_len, b_len;
	const char *a = propose_cell_text(p, row, column, &a_len),
		   *b = propose_cell_text(p, next, column, &b_len);
	return a_len > 0 && b_len > 0 && (a[0] == '-') == (b[0] == '-');
}

bool propose_lines_same_action(const struct propose *p, size_t row, size_t next)
{
	return p->action == 0 || propose_cell_same(p, row, next, p->action - 1) ||
	       (p->action_value != NULL && same_sign(p, row, next, p->action - 1));
}

/* A refund of the order above, with an amount of its own, or where nothing is said of products:
 * not one of its lines. */
static bool is_counterpart(const struct propose *p, size_t row, size_t next)
{
	const struct propose_column *c = propose_column_at(p, PROPOSE_ACTION "total_amount");
	size_t len, action;
	if (c == NULL || propose_lines_same_action(p, row, next))
		return false;
	propose_cell_text(p, next, (size_t)(c - p->columns), &len);
	propose_cell_text(p, next, p->action - 1, &action);
	return len > 0 && action > 0 &&
	       (!propose_lines_any_product(p) ||
		!propose_cell_same(p, row, next, (size_t)(c - p->columns)));
}

/* Those that follow each other with the same number. */
size_t propose_lines_of(const struct propose *p, size_t row)
{
	size_t n = 1, len, next;
	propose_cell_text(p, row, p->order - 1, &len);
	for (; len > 0 && row + n < p->n_rows; n++) {
		propose_cell_text(p, row + n, p->order - 1, &next);
		bool goes_on = p->bare_lines && next == 0;
		if ((!goes_on && !propose_cell_same(p, row, row + n, p->order - 1)) ||
		    is_counterpart(p, row, row + n))
			break;
	}
	return n;
}

/* What is an order's by its name, but differs from line to line, is the line's. */
void propose_lines_give(struct propose *p, size_t column)
{
	struct propose_column *c = &p->columns[column];
	bool total = c->what == PROPOSE_KEEP && strcmp(c->path, PROPOSE_ACTION "total_amount") == 0;
	bool coupon = c->what == PROPOSE_KEEP && strcmp(c->path, PROPOSE_ACTION "coupon_code") == 0;
	char *value = c->value; /* an amount's template is its own, wherever it leads */
	c->value = NULL;
	if (c->what == PROPOSE_KEEP)
		propose_release(c);
	c->value = value;
	const char *name = c->name;
	size_t len = strlen(name);

	map_cell_trim(&name, &len);
	char *path = df_format("%scustom_attributes.%.*s", products,
			       (int)map_utf8_prefix(name, len, MAP_MAX_NAME), name);
	if ((total && propose_take(p, c, PROPOSE_ACTION "products.total_product_amount")) ||
	    (coupon && propose_take(p, c, PROPOSE_ACTION "products.coupon_code")) ||
	    propose_take(p, c, path))
		propose_because(
		    c, "it differs from line to line of an order: taken for the product's");
	free(path);
}
