/* SPDX-License-Identifier: MIT */
/*
 * What became of an order, beside what was done: rows of a failed payment, a test or a void are
 * not events; and an order whose state is "refunded" was bought before, at its own time.
 */
#include "propose_names.h"
#include "propose_step.h"

#include <stdlib.h>

#define MAX_WORDS 24 /* of a column that states a few things */

/* ---- rows that are not data, by a flag ---- */

static const struct {
	const char *names, *words;
	bool any_event;
} flags[] = {
    {"void voided isvoid isvoided test istest testmode testorder cancelled canceled iscancelled "
     "iscanceled storniert annullato anulado",
     "true yes y 1 t x ja oui si", false},
    {"deleted isdeleted", "true yes y 1 t x", true},
    {"completed captured iscompleted success successful", "false no n 0 f nein non", false}};

static bool word_seen(const struct propose *p, size_t row, size_t column)
{
	for (size_t i = 0; i < row; i++)
		if (propose_cell_same(p, i, row, column))
			return true;
	return false;
}

/* Skips the rows of which the column has one of these words. */
static size_t skip_words(struct propose *p, size_t column, const char *words)
{
	size_t n = 0, len;
	for (size_t row = 0; row < p->n_rows; row++) {
		const char *s = propose_cell_text(p, row, column, &len);
		char *normal = schema_normalize(s, len);
		bool word = len > 0 && schema_word_is(words, normal, strlen(normal));
		free(normal);
		if (word && !word_seen(p, row, column) && propose_skip(p, column, s, len))
			n++;
	}
	return n;
}

static void remark_skipped(struct propose *p, size_t column)
{
	p->transform = true;
	df_buf_addf(&p->remarks,
		    "rows of which column %zu says that nothing came of them are skipped\n",
		    column + 1);
}

static size_t count_different(const struct propose *p, size_t column)
{
	size_t n = 0, len;
	for (size_t row = 0; row < p->n_rows && n <= MAX_WORDS; row++) {
		propose_cell_text(p, row, column, &len);
		n += len > 0 && !word_seen(p, row, column);
	}
	return n;
}

void propose_status_flags(struct propose *p)
{
	bool commerce = schema_where(p->event) == SCHEMA_IN_COMMERCE;
	for (size_t i = 0; p->has_header && i < p->n; i++) {
		const struct propose_column *c = &p->columns[i];
		for (size_t k = 0; k < sizeof(flags) / sizeof(flags[0]); k++)
			if (c->what == PROPOSE_OPEN && (commerce || flags[k].any_event) &&
			    propose_names_is(c, flags[k].names) && count_different(p, i) <= 2 &&
			    skip_words(p, i, flags[k].words) > 0)
				remark_skipped(p, i);
	}
}

/* ---- rows that did not come about, by a second column's words ---- */

static const char failed[] =
    "cancelled canceled failed failure voided void declined rejected error expired unpaid pending "
    "processingfailed denied storniert abgelehnt fehlgeschlagen annule refuse cancelado rechazado "
    "annullato rifiutato geannuleerd mislukt reversed uncaptured incomplete draft";

void propose_status_failed(struct propose *p, const char *names)
{
	for (size_t i = 0; p->has_header && i < p->n; i++)
		if (p->columns[i].what == PROPOSE_OPEN && propose_names_is(&p->columns[i], names) &&
		    count_different(p, i) <= MAX_WORDS && skip_words(p, i, failed) > 0)
			remark_skipped(p, i);
}

/* ---- refunds ---- */

static bool has_minus(const struct propose *p, size_t row)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct propose_column *c = &p->columns[i];
		size_t len;
		const char *s = propose_cell_text(p, row, i, &len);
		if (len > 1 && memchr(s, '-', len) != NULL && c->what == PROPOSE_KEEP &&
		    (strcmp(c->path, PROPOSE_ACTION "total_amount") == 0 ||
		     strcmp(c->path, PROPOSE_ACTION "products.quantity") == 0 ||
		     strcmp(c->path, PROPOSE_ACTION "products.total_product_amount") == 0))
			return true;
	}
	return false;
}

/* Is the order in another row, in another state? */
static bool elsewhere(const struct propose *p, size_t row, size_t column, size_t order)
{
	size_t len;
	propose_cell_text(p, row, order, &len);
	for (size_t i = 0; len > 0 && i < p->n_rows; i++)
		if (propose_cell_same(p, i, row, order) && !propose_cell_same(p, i, row, column))
			return true;
	return false;
}

bool propose_status_refunds(const struct propose *p, size_t column, const char *word, size_t len)
{
	const struct propose_column *order = propose_column_at(p, PROPOSE_ACTION "transaction_id");
	for (size_t row = 0; row < p->n_rows; row++) {
		size_t n;
		const char *s = propose_cell_text(p, row, column, &n);
		map_cell_trim(&s, &n);
		if (n != len || memcmp(s, word, len) != 0 || has_minus(p, row))
			continue;
		if (order == NULL || !elsewhere(p, row, column, (size_t)(order - p->columns)))
			return false;
	}
	return true;
}
