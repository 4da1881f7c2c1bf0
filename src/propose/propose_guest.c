/* SPDX-License-Identifier: MIT */
/*
 * Customers that are nobody: a till's walk-in customer, a shop's guest. All of them would become
 * one user. Where the word is known, it is taken for an empty cell; where one value is in many rows
 * and the others in few, that is noticed.
 */
#include "propose_step.h"
#include "propose_value.h"

#include <stdlib.h>

static const char guests[] =
    "guest guests guestuser guestcustomer guestcheckout walkin walkins walkincustomer walkinguest "
    "cash cashcustomer cashsale cashsales counter countersale anonymous anonym anonymouscustomer "
    "anonymoususer retailcustomer laufkunde laufkundschaft barverkauf barkunde diverse "
    "gast gastkunde gastbestellung consumidorfinal publicogeneral clientedivers clientdivers "
    "clientpassage passage clientedipassaggio passant losseklant notloggedin nocustomer "
    "defaultcustomer dummy misc miscellaneous ゲスト 非会員";

static bool is_identity_column(const struct propose *p, const struct propose_column *c)
{
	struct schema_path path;
	return c->what == PROPOSE_KEEP && !c->member && c->value == NULL && c->values == NULL &&
	       schema_path_parse(p->event, c->path, strlen(c->path), &path, NULL) ==
		   SCHEMA_PATH_OK &&
	       (path.field->flags & SCHEMA_ID) != 0;
}

static bool is_guest(const char *s, size_t len)
{
	char *normal = schema_normalize(s, len);
	bool guest = len > 0 && schema_word_is(guests, normal, strlen(normal));
	free(normal);
	return guest;
}

static size_t count_same(const struct propose *p, size_t row, size_t column)
{
	size_t n = 0;
	for (size_t i = 0; i < p->n_rows; i++)
		n += propose_cell_same(p, row, i, column);
	return n;
}

/* The words become a map to nothing; all else is kept. */
static size_t map_guests(struct propose *p, size_t column)
{
	struct propose_column *c = &p->columns[column];
	struct df_buf map = {.max = 1u << 14};
	size_t rows = 0, len;
	for (size_t row = 0; row < p->n_rows; row++) {
		const char *s = propose_cell_text(p, row, column, &len);
		bool first = true;
		if (!is_guest(s, len))
			continue;
		for (size_t i = 0; i < row && first; i++)
			first = !propose_cell_same(p, i, row, column);
		if (first)
			propose_value_pair(&map, s, len, "");
		rows++;
	}

	if (rows > 0) {
		c->values = df_strdup(df_buf_cstr(&map));
		c->keep_others = p->transform = true;
		df_buf_addf(&p->remarks,
			    "%zu of the values of column %zu are words for somebody who is not "
			    "known, and count as empty\n",
			    rows, column + 1);
	}
	df_buf_free(&map);
	return rows;
}

/* One value in a third of the rows, five times as often as any other. */
static void note_frequent(struct propose *p, size_t column)
{
	size_t most = 0, second = 0, filled = 0, len, kind;
	for (size_t row = 0; row < p->n_rows; row++) {
		bool first = true;
		const char *s = propose_cell_text(p, row, column, &len);
		if (len > 0 && map_placeholder(s, len, &kind))
			continue;
		filled += len > 0;
		for (size_t i = 0; i < row && first; i++)
			first = !propose_cell_same(p, i, row, column);
		if (len == 0 || !first)
			continue;
		size_t n = count_same(p, row, column);
		second = n > most ? most : n > second ? n : second;
		most = n > most ? n : most;
	}

	if (most >= 10 && most * 3 >= filled && second > 0 && most >= second * 5)
		df_buf_addf(
		    &p->todo,
		    "one value of column %zu is in %zu of %zu rows, and no other in more "
		    "than %zu: is it one user, or a word for guests? Rows with it become one "
		    "user\n",
		    column + 1, most, filled, second);
}

void propose_guests(struct propose *p)
{
	for (size_t i = 0; p->has_header && i < p->n; i++)
		if (is_identity_column(p, &p->columns[i]) && map_guests(p, i) == 0)
			note_frequent(p, i);
}
