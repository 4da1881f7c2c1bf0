/* SPDX-License-Identifier: MIT */
/* The amount and the currency of an order where no name is known for them: by words of the name,
 * and by the values. */
#include "propose_look.h"
#include "propose_names.h"
#include "propose_step.h"
#include "propose_value.h"

#include <stdlib.h>

static const char total_path[] = PROPOSE_ACTION "total_amount";
static const char money[] =
    "amount amounts total totals sum summe betrag value revenue sales gross "
    "net importe montant importo bedrag umsatz price paid 金額 売上";
/* a part of it, or something else */
static const char other_money[] =
    "tax taxes vat fee fees commission discount discounts refund refunded refunds shipping freight "
    "converted conversion balance cost costs profit margin quantity qty count number points tip "
    "deposit outstanding rate percent lifetime average avg subtotal exchange id type code currency "
    "date time method status limit previous last items lines units weight rabatt mwst";
static const char currency[] = "currency ccy wahrung waehrung devise moneda valuta divisa";
static const char other_currency[] = "converted settlement account base home target";

static bool has_amount(const struct propose *p)
{
	return propose_column_at(p, total_path) != NULL ||
	       propose_column_at(p, PROPOSE_ACTION "products.price") != NULL ||
	       propose_column_at(p, PROPOSE_ACTION "products.total_product_amount") != NULL;
}

/* Numbers in a form that is not read, such as (29.90) or 29,90-. */
static bool has_digits(const struct propose *p, size_t column)
{
	size_t n = 0, filled = 0, len;
	for (size_t row = 0; row < p->n_rows; row++) {
		const char *s = propose_cell_text(p, row, column, &len);
		bool digit = false, other = false;
		for (size_t i = 0; i < len; i++) {
			digit = digit || (s[i] >= '0' && s[i] <= '9');
			other =
			    other || (s[i] != '\0' && strchr("0123456789.,-+()' $", s[i]) == NULL &&
				      (unsigned char)s[i] < 0x80);
		}
		filled += len > 0;
		n += digit && !other;
	}
	return filled > 0 && propose_most(n, filled);
}

enum amount { NO_AMOUNT, AMOUNT, UNREAD_AMOUNT };

static enum amount what_amount(struct propose *p, size_t column)
{
	static const struct schema_field field = {.name = "", .type = SCHEMA_NUMBER};
	static const struct schema_path path = {.type = SCHEMA_NUMBER, .field = &field};
	const struct propose_column *c = &p->columns[column];
	const char *why = NULL;
	propose_look(p, column);
	if (c->what != PROPOSE_OPEN || !propose_names_word(c, money) ||
	    propose_names_word(c, other_money))
		return NO_AMOUNT;
	if (c->look == LOOK_NUMBER || c->look == LOOK_INTEGER)
		return AMOUNT;
	char *value = c->look == LOOK_TEXT ? propose_value_number(p, column, &path, &why) : NULL;
	bool number = value != NULL;
	free(value);
	return number ? AMOUNT : has_digits(p, column) ? UNREAD_AMOUNT : NO_AMOUNT;
}

static void find_amount(struct propose *p)
{
	size_t n = 0, last = 0, unread = 0;
	for (size_t i = 0; i < p->n; i++) {
		enum amount amount = what_amount(p, i);
		if (amount == NO_AMOUNT)
			continue;
		n++;
		unread += amount == UNREAD_AMOUNT;
		last = i;
	}
	if (n == 0)
		return;
	if (n == 1 && unread == 0 && propose_most(p->columns[last].filled, p->n_rows)) {
		propose_offer(p, last, total_path);
		return;
	}

	df_buf_addf(
	    &p->todo,
	    "no column is known for the amount, and %zu could be one by %s name%s: write it "
	    "where it says TO BE COMPLETED, or remove that line%s\n",
	    n, n == 1 ? "its" : "their", df_plural(n),
	    unread > 0 ? "; values in a form that is not read, such as (9.90) or 9,90-, need a "
			 "template"
		       : "");
	propose_leave(p, total_path, "the column with the amount");
}

static bool is_currency(const struct propose *p, size_t column)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	const struct propose_column *c = &p->columns[column];
	size_t filled = 0, codes = 0, len;
	if (c->what != PROPOSE_OPEN || !propose_names_word(c, currency) ||
	    propose_names_word(c, other_currency))
		return false;
	for (size_t row = 0; row < p->n_rows; row++) {
		const char *s = propose_cell_text(p, row, column, &len);
		filled += len > 0;
		codes += len == 3 && propose_span(s, len, letters) == 3;
	}
	return filled > 0 && codes == filled;
}

/* Amounts without any decimals, none under 100. */
static void note_cents(struct propose *p)
{
	const struct propose_column *c = propose_column_at(p, total_path);
	size_t column, n = 0, len;
	if (c == NULL || c->value != NULL || c->look != LOOK_INTEGER)
		return;
	column = (size_t)(c - p->columns);
	for (size_t row = 0; row < p->n_rows; row++) {
		propose_cell_text(p, row, column, &len);
		if (len > 0 && len < 3)
			return;
		n += len > 0;
	}
	if (n >= 10)
		df_buf_addf(
		    &p->remarks,
		    "the amounts in column %zu are whole numbers of 100 and more: if they "
		    "are cents, add \"value\": \"{{ value | divided_by: 100.0 }}\" in a field "
		    "transformation\n",
		    column + 1);
}

void propose_amounts(struct propose *p)
{
	if (schema_where(p->event) != SCHEMA_IN_COMMERCE || !p->has_header)
		return;
	for (size_t i = 0; i < p->n; i++)
		if (propose_column_at(p, "events.data.currency_code") == NULL && is_currency(p, i))
			propose_offer(p, i, "events.data.currency_code");
	if (!has_amount(p))
		find_amount(p);
	note_cents(p);
}
