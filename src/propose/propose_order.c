/* SPDX-License-Identifier: MIT */
/*
 * Lines of one order. What differs from line to line belongs to the line's product; what only the
 * first line states is filled down; and lines are folded into one event where nothing but their
 * products differs, which is tried on the rows.
 */
#include "propose_lines.h"

#include "propose_look.h"

#include <stdlib.h>

/* How one column looks within the orders. */
struct shape {
	size_t differs; /* orders of which two lines have different values */
	size_t sparse;  /* of which the first line has one, and another one has none */
	size_t late;    /* of which the first line has none, and another one has one */
};

static struct shape look_at(const struct propose *p, size_t column)
{
	struct shape s = {0};
	for (size_t row = 0, n; row < p->n_rows; row += n) {
		bool differs = false, empty = false, filled = false;
		size_t first, len;
		n = propose_lines_of(p, row);
		propose_cell_text(p, row, column, &first);
		for (size_t i = 1; i < n; i++) {
			propose_cell_text(p, row + i, column, &len);
			filled = filled || len > 0;
			empty = empty || len == 0;
			differs = differs || (len > 0 && first > 0 &&
					      !propose_cell_same(p, row, row + i, column));
		}
		s.differs += differs;
		s.sparse += first > 0 && empty;
		s.late += first == 0 && filled;
	}
	return s;
}

static size_t orders_of_several(const struct propose *p)
{
	size_t several = 0;
	for (size_t row = 0, n; row < p->n_rows; row += n) {
		n = propose_lines_of(p, row);
		several += n > 1;
	}
	return several;
}

/* ---- a line's own ---- */

static bool named_for_line(const struct propose_column *c)
{
	static const char *const heads[] = {"lineitem", "lineitems", "item", "product", "line"};
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (strncmp(c->normal, heads[i], strlen(heads[i])) == 0)
			return true;
	return false;
}

/* May what this column has be a product's? An identity or a time is the event's. */
static bool may_be_product(const struct propose_column *c)
{
	if (c->what != PROPOSE_KEEP)
		return c->what == PROPOSE_OPEN;
	return strncmp(c->path, "user_attributes.", strlen("user_attributes.")) == 0 ||
	       (strncmp(c->path, PROPOSE_ACTION, strlen(PROPOSE_ACTION)) == 0 &&
		strcmp(c->path, PROPOSE_ACTION "action") != 0);
}

/* What only later lines of an order state is theirs; but its amounts may be on the last one. */
static bool may_be_late(const struct propose_column *c)
{
	return c->what == PROPOSE_OPEN ||
	       (c->what == PROPOSE_KEEP && strcmp(c->path, PROPOSE_ACTION "coupon_code") == 0);
}

static void note_differing(struct propose *p, const struct df_buf *columns)
{
	if (columns->len > 0)
		df_buf_addf(&p->todo,
			    "lines of one order differ in column%s %.*s, which are not their "
			    "product's: they will not fold "
			    "into one event, and each of them counts as an order\n",
			    memchr(columns->data, ',', columns->len) != NULL ? "s" : "",
			    (int)columns->len, columns->data);
}

/* ---- folding ---- */

/* Are two lines the same but for their products, after filling down? */
static bool folds(const struct propose *p, size_t row, size_t next)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct propose_column *c = &p->columns[i];
		size_t len;
		bool counts = (c->what == PROPOSE_KEEP && !propose_lines_product(c)) ||
			      c->what == PROPOSE_OPEN || i + 1 == p->action;
		if (!counts || propose_cell_same(p, row, next, i) ||
		    (i + 1 == p->action && propose_lines_same_action(p, row, next)))
			continue;
		propose_cell_text(p, next, i, &len);
		if (!c->fill || len > 0)
			return false;
	}
	return true;
}

static void try_fold(struct propose *p, size_t several)
{
	size_t folding = 0;
	for (size_t row = 0, n; row < p->n_rows; row += n) {
		bool all = true;
		n = propose_lines_of(p, row);
		for (size_t i = 1; i < n && all; i++)
			all = folds(p, row, row + i);
		folding += n > 1 && all;
	}

	if (folding > 0 && !p->feed->map.fold_products)
		propose_set(p, "fold_products", "yes",
			    "orders take several rows: makes one event of those that differ in "
			    "their product alone (%zu "
			    "of %zu such orders fold)",
			    folding, several);
	if (folding < several)
		df_buf_addf(&p->todo,
			    "%zu of %zu orders of several lines do not fold into one event: each "
			    "of their lines counts as an "
			    "order\n",
			    several - folding, several);
	if (folding < several && p->action_value != NULL)
		df_buf_adds(&p->todo,
			    "lines with a minus are taken for refunds, also beside others of their "
			    "order: are they discounts?\n");
	if (folding < several)
		propose_total_unfolded(p);
}

/* ---- all of it ---- */

static bool is_line_column(const struct propose *p, size_t column, const struct shape *s)
{
	const struct propose_column *c = &p->columns[column];
	if (column + 1 != p->action &&
	    ((s->differs > 0 && may_be_product(c)) || (s->late > 0 && may_be_late(c))))
		return true;
	return c->what == PROPOSE_OPEN && named_for_line(c) && s->sparse == 0;
}

static void settle_order_column(struct propose *p, size_t column, struct df_buf *differing)
{
	struct propose_column *c = &p->columns[column];
	struct shape s = look_at(p, column);
	if (column + 1 == p->order)
		c->fill = p->bare_lines;
	if (column + 1 == p->order || propose_lines_product(c) || c->what == PROPOSE_UNLISTED ||
	    c->what == PROPOSE_IGNORE)
		return;

	if (is_line_column(p, column, &s)) {
		propose_lines_give(p, column);
	} else if (s.differs > 0 && column + 1 != p->action) {
		df_buf_addf(differing, "%s%zu", differing->len > 0 ? ", " : "", column + 1);
	} else if (s.late > 0) {
		df_buf_addf(&p->todo,
			    "column %zu is empty on the first line of %zu order%s, and filled on a "
			    "later one: values are "
			    "filled down, not up\n",
			    column + 1, s.late, df_plural(s.late));
	} else if (s.sparse > 0 && p->has_header) {
		c->fill = p->fills = true;
		p->transform = true;
	}
}

/* Where some columns are stated on the first line only, so are those that happen to be empty on
 * all lines. */
static void fill_empty(struct propose *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct propose_column *c = &p->columns[i];
		propose_look(p, i);
		if (p->fills && c->filled == 0 && !propose_lines_product(c) && i + 1 != p->order &&
		    (c->what == PROPOSE_OPEN || c->what == PROPOSE_KEEP) && !named_for_line(c))
			c->fill = true;
	}
}

/* A shop calls an order's number its name, where "lineitem" is what its lines are called. */
void propose_order_name(struct propose *p)
{
	bool lines = false;
	for (size_t i = 0; i < p->n; i++)
		lines = lines || strncmp(p->columns[i].normal, "lineitem", strlen("lineitem")) == 0;
	for (size_t i = 0; lines && i < p->n; i++) {
		struct propose_column *c = &p->columns[i];
		if (schema_where(p->event) == SCHEMA_IN_COMMERCE && c->what == PROPOSE_OPEN &&
		    strcmp(c->normal, "name") == 0 &&
		    propose_take(p, c, PROPOSE_ACTION "transaction_id")) {
			propose_because(
			    c, "guessed: an order's number, as its lines are called line items");
			return;
		}
	}
}

/* A row that has a product, and does not say who ordered, nor when. */
static bool is_product_alone(const struct propose *p, size_t row)
{
	bool product = false;
	for (size_t i = 0, len; i < p->n; i++) {
		const struct propose_column *c = &p->columns[i];
		propose_cell_text(p, row, i, &len);
		if (len == 0)
			continue;
		if (c->what == PROPOSE_KEEP && (strncmp(c->path, "user_identities.", 16) == 0 ||
						strcmp(c->path, PROPOSE_TIME) == 0))
			return false;
		product = product || propose_lines_product(c);
	}
	return product;
}

/* Do lines after the first lack even the order's number? Then they lack who ordered, and what
 * they have is a product. */
static bool find_bare_lines(const struct propose *p)
{
	size_t bare = 0, len;
	for (size_t row = 0; row < p->n_rows; row++) {
		propose_cell_text(p, row, p->order - 1, &len);
		if (len > 0)
			continue;
		if (row == 0 || !is_product_alone(p, row))
			return false;
		bare++;
	}
	return bare > 0;
}

/* Orders whose lines are not next to each other. */
static void note_scattered(struct propose *p)
{
	size_t scattered = 0;
	for (size_t row = 0, n; row < p->n_rows; row += n) {
		bool again = false;
		size_t len;
		n = propose_lines_of(p, row);
		propose_cell_text(p, row, p->order - 1, &len);
		for (size_t k = row + n; len > 0 && k < p->n_rows && !again; k++)
			again = propose_cell_same(p, row, k, p->order - 1) &&
				propose_lines_same_action(p, row, k);
		scattered += again;
	}
	if (scattered > 0)
		df_buf_addf(&p->todo,
			    "%zu order%s again after others: only lines next to each other fold "
			    "into one event; have "
			    "the file sorted by column %zu\n",
			    scattered, scattered == 1 ? " comes" : "s come", p->order);
}

void propose_order(struct propose *p)
{
	struct df_buf differing = {.max = 1024};
	const struct propose_column *order = propose_column_at(p, PROPOSE_ACTION "transaction_id");
	if (schema_where(p->event) != SCHEMA_IN_COMMERCE || order == NULL)
		return;
	p->order = (size_t)(order - p->columns) + 1;
	p->bare_lines = p->has_header && find_bare_lines(p);
	note_scattered(p);
	size_t several = orders_of_several(p);
	if (several == 0)
		return;

	for (size_t i = 0; i < p->n; i++)
		settle_order_column(p, i, &differing);
	propose_total_repeated(p);
	fill_empty(p);
	note_differing(p, &differing);
	if (propose_lines_any_product(p))
		try_fold(p, several);
	else
		df_buf_addf(&p->todo,
			    "%zu orders take several rows, and no column is their product's: each "
			    "row counts as an order\n",
			    several);
	df_buf_free(&differing);
}
