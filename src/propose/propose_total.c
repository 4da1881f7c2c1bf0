/* SPDX-License-Identifier: MIT */
/*
 * Whose a number is: a line's or its order's, one piece's or all of them. Amounts are compared with
 * each other on the rows; money that would be counted twice is not proposed.
 */
#include "propose_lines.h"

#include "propose_names.h"

#include <math.h>
#include <stdlib.h>

static const char total_path[] = PROPOSE_ACTION "total_amount";
static const char price_path[] = PROPOSE_ACTION "products.price";
static const char quantity_path[] = PROPOSE_ACTION "products.quantity";
static const char products[] = PROPOSE_ACTION "products.";
static const char line_path[] = PROPOSE_ACTION "products.total_product_amount";

static size_t index_of(const struct propose *p, const char *path)
{
	const struct propose_column *c = propose_column_at(p, path);
	return c != NULL ? (size_t)(c - p->columns) : SIZE_MAX;
}

/* ---- numbers ---- */

/* The cell as a number, as its template makes it. False: it is not one. */
static bool number_of_cell(const struct propose *p, size_t row, size_t column, double *out)
{
	char text[48], *end;
	size_t len, n = 0;
	if (column == SIZE_MAX)
		return false;
	const struct propose_column *c = &p->columns[column];
	bool comma = c->value != NULL && strstr(c->value, "replace: ',', '.'") != NULL;
	const char *s = propose_cell_text(p, row, column, &len);
	for (size_t i = 0; i < len && n < sizeof(text) - 1; i++) {
		bool point = s[i] == (comma ? ',' : '.');
		if (point || (s[i] >= '0' && s[i] <= '9'))
			text[n++] = point ? '.' : s[i];
	}
	text[n] = '\0';
	*out = strtod(text, &end);
	return n > 0 && *end == '\0';
}

static bool close_to(double a, double b)
{
	return fabs(a - b) <= 0.011 + fabs(b) * 0.0005;
}

/* ---- a price that is not one piece's ---- */

static bool same_product(const struct propose *p, size_t row, size_t other)
{
	size_t id = index_of(p, PROPOSE_ACTION "products.id"), len;
	if (id == SIZE_MAX)
		id = index_of(p, PROPOSE_ACTION "products.name");
	if (id == SIZE_MAX)
		return false;
	propose_cell_text(p, row, id, &len);
	return len > 0 && propose_cell_same(p, row, other, id);
}

struct votes {
	size_t one, all; /* for one piece's price; for all pieces' */
};

/* Two rows with one product, and different quantities. */
static void compare_rows_of_product(const struct propose *p, size_t row, size_t other, size_t price,
				    size_t quantity, struct votes *v)
{
	double a, b, n, m;
	if (!same_product(p, row, other) || !number_of_cell(p, row, price, &a) ||
	    !number_of_cell(p, other, price, &b) || !number_of_cell(p, row, quantity, &n) ||
	    !number_of_cell(p, other, quantity, &m) || n < 1 || m < 1 || a <= 0 || close_to(n, m))
		return;
	v->one += close_to(a, b);
	v->all += !close_to(a, b) && close_to(a * m, b * n);
}

static void check_price(struct propose *p)
{
	size_t price = index_of(p, price_path), quantity = index_of(p, quantity_path);
	struct votes v = {0};
	if (price == SIZE_MAX || quantity == SIZE_MAX)
		return;
	for (size_t row = 0; row < p->n_rows; row++)
		for (size_t i = row + 1; i < p->n_rows && i < row + 60; i++)
			compare_rows_of_product(p, row, i, price, quantity, &v);
	if (v.all < 2 || v.one > 0)
		return;
	struct propose_column *c = &p->columns[price];
	char *value = c->value;
	c->value = NULL;
	propose_release(c);
	if (propose_take(p, c, line_path))
		propose_because(c, "it grows with the quantity: the line's total, not a price");
	c->value = value;
}

/* ---- a total that is not the order's ---- */

/* The amounts of an order's lines; false: they are not known. */
static bool sum_lines(const struct propose *p, size_t row, size_t n, double *sum)
{
	size_t price = index_of(p, price_path), quantity = index_of(p, quantity_path),
	       line = index_of(p, line_path);
	*sum = 0;
	for (size_t i = row; i < row + n; i++) {
		double amount = 0, pieces = 1;
		if (!number_of_cell(p, i, line, &amount) &&
		    (!number_of_cell(p, i, price, &amount) ||
		     (quantity != SIZE_MAX && !number_of_cell(p, i, quantity, &pieces))))
			return false;
		*sum += amount * pieces;
	}
	return true;
}

/* Is the total, the same on all n lines from `row`, the order's (+1), or each line's (-1)? */
static int whose(const struct propose *p, size_t row, size_t n, size_t total)
{
	double stated, all, own;
	if (!number_of_cell(p, row, total, &stated) || !sum_lines(p, row, n, &all) || all <= 0)
		return 0;
	bool lines = true;
	for (size_t i = row; i < row + n && lines; i++)
		lines = sum_lines(p, i, 1, &own) && close_to(own, stated);
	return lines ? -1 : fabs(stated - all) <= all * 0.5 + 20 ? 1 : 0;
}

static bool named_for_order(const struct propose_column *c)
{
	static const char *const words[] = {"order",  "grand",    "invoice", "basket",  "ordine",
					    "pedido", "commande", "auftrag", "receipt", "sale"};
	return propose_names_any(c, words, sizeof(words) / sizeof(words[0]));
}

/* Its place is given up, and somebody has to say which column leads there. */
static void leave_total(struct propose *p, size_t column, const char *why, const char *what)
{
	struct propose_column *c = &p->columns[column];
	propose_release(c);
	propose_because(c, "%s", why);
	propose_leave(p, total_path, what);
}

void propose_total_repeated(struct propose *p)
{
	size_t total = index_of(p, total_path), repeated = 0;
	int orders = 0, lines = 0;
	if (total == SIZE_MAX || p->order == 0)
		return;
	for (size_t row = 0, n; row < p->n_rows; row += n) {
		bool same = true;
		n = propose_lines_of(p, row);
		for (size_t i = 1; i < n && same; i++)
			same = propose_cell_same(p, row, row + i, total);
		if (n == 1 || !same)
			continue;
		int w = whose(p, row, n, total);
		repeated++;
		orders += w > 0;
		lines += w < 0;
	}
	if (repeated == 0 || (orders > lines && orders * 2 >= (int)repeated) ||
	    (lines == 0 && named_for_order(&p->columns[total])))
		return;
	if (lines > orders) {
		propose_lines_give(p, total);
		return;
	}

	df_buf_addf(&p->todo,
		    "all lines of an order state the same amount in column %zu, and nothing says "
		    "whether it is the order's or each line's: map it to " PROPOSE_ACTION
		    "total_amount, or to " PROPOSE_ACTION "products.total_product_amount\n",
		    total + 1);
	leave_total(p, total, "an order's total, or each line's?",
		    "the order's total, not a line's");
}

/* ---- totals that would be counted with every line ---- */

void propose_total_unfolded(struct propose *p)
{
	static const char *const paths[] = {PROPOSE_ACTION "tax_amount",
					    PROPOSE_ACTION "shipping_amount"};
	size_t total = index_of(p, total_path);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		size_t column = index_of(p, paths[i]);
		if (column == SIZE_MAX)
			continue;
		propose_release(&p->columns[column]);
		propose_because(&p->columns[column],
				"an order's, and its lines do not fold into one event");
	}
	if (total == SIZE_MAX)
		return;

	df_buf_addf(&p->todo,
		    "column %zu is an order's total, and would be counted once with each of its "
		    "lines: map a line's amount to " PROPOSE_ACTION "total_amount instead\n",
		    total + 1);
	leave_total(p, total, "an order's total, and its lines do not fold into one event",
		    "the amount of a line");
}

/* Rows that follow each other, of one user at one time with one total: lines of an order, whose
 * number is not known. */
static bool lines_without_order(const struct propose *p, size_t row)
{
	size_t total = index_of(p, total_path), when = index_of(p, PROPOSE_TIME), len;
	bool differs = false;
	propose_cell_text(p, row, total, &len);
	if (len == 0 || !propose_cell_same(p, row, row + 1, total) || when == SIZE_MAX ||
	    !propose_cell_same(p, row, row + 1, when))
		return false;
	for (size_t i = 0; i < p->n; i++) {
		const struct propose_column *c = &p->columns[i];
		bool who = c->what == PROPOSE_KEEP && strncmp(c->path, "user_identities.", 16) == 0;
		bool same = propose_cell_same(p, row, row + 1, i);
		if (who && !same)
			return false;
		differs = differs || (!same && c->what == PROPOSE_KEEP &&
				      strncmp(c->path, products, strlen(products)) == 0);
	}
	return differs;
}

void propose_total_check(struct propose *p)
{
	size_t total = index_of(p, total_path), n = 0;
	if (schema_where(p->event) != SCHEMA_IN_COMMERCE)
		return;
	check_price(p);
	if (total == SIZE_MAX || index_of(p, PROPOSE_ACTION "transaction_id") != SIZE_MAX)
		return;
	for (size_t row = 0; row + 1 < p->n_rows; row++)
		n += lines_without_order(p, row);
	if (n == 0)
		return;
	df_buf_addf(&p->todo,
		    "%zu of the rows repeat the user, the time and the total of the row above: "
		    "lines of one order? Map its number to " PROPOSE_ACTION
		    "transaction_id, and the total\n",
		    n);
	propose_leave(p, PROPOSE_ACTION "transaction_id", "the column that states the order");
	leave_total(p, total, "lines of an order may repeat it", "the order's total");
}
