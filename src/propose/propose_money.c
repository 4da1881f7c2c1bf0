/* SPDX-License-Identifier: MIT */
/* In which currency amounts are: a column's words as codes, or the signs that the amounts have. */
#include "propose_step.h"
#include "propose_value.h"

#include <stdlib.h>

#define CURRENCY "events.data.currency_code"

/* Names and signs, normalised where they are letters; "": which of several, nobody can say. */
static const char *const known[][2] = {{"\xe2\x82\xac", "EUR"},
				       {"\xc2\xa3", "GBP"},
				       {"\xc2\xa5", "JPY"},
				       {"\xef\xbf\xa5", "JPY"},
				       {"\xe5\x86\x86", "JPY"},
				       {"\xe2\x82\xb9", "INR"},
				       {"z\xc5\x82", "PLN"},
				       {"R$", "BRL"},
				       {"US$", "USD"},
				       {"CA$", "CAD"},
				       {"A$", "AUD"},
				       {"NZ$", "NZD"},
				       {"HK$", "HKD"},
				       {"CHF", "CHF"},
				       {"EUR", "EUR"},
				       {"USD", "USD"},
				       {"GBP", "GBP"},
				       {"JPY", "JPY"},
				       {"PLN", "PLN"},
				       {"SEK", "SEK"},
				       {"NOK", "NOK"},
				       {"DKK", "DKK"},
				       {"CZK", "CZK"},
				       {"CAD", "CAD"},
				       {"AUD", "AUD"},
				       {"BRL", "BRL"},
				       {"INR", "INR"},
				       {"euro", "EUR"},
				       {"euros", "EUR"},
				       {"usdollar", "USD"},
				       {"usdollars", "USD"},
				       {"unitedstatesdollar", "USD"},
				       {"britishpound", "GBP"},
				       {"poundsterling", "GBP"},
				       {"canadiandollar", "CAD"},
				       {"australiandollar", "AUD"},
				       {"swissfranc", "CHF"},
				       {"schweizerfranken", "CHF"},
				       {"japaneseyen", "JPY"},
				       {"yen", "JPY"},
				       {"brazilianreal", "BRL"},
				       {"indianrupee", "INR"},
				       {"swedishkrona", "SEK"},
				       {"norwegiankrone", "NOK"},
				       {"danishkrone", "DKK"},
				       {"mexicanpeso", "MXN"}};

static const char *currency_code(const char *s, size_t len)
{
	const char *code = NULL;
	char *normal = schema_normalize(s, len);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]) && code == NULL; i++)
		if ((strlen(known[i][0]) == len && memcmp(known[i][0], s, len) == 0) ||
		    strcmp(known[i][0], normal) == 0)
			code = known[i][1];
	free(normal);
	return code;
}

/* ---- a column of currencies ---- */

static bool is_code(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z')))
			return false;
	return len == 3;
}

struct codes {
	size_t filled, codes, small, left;
	struct df_buf map; /* of the words that are not codes */
};

/* A code in capitals, whatever it is in the file. */
static void pair_of_code(struct df_buf *map, const char *s)
{
	char code[4] = {0};
	for (size_t i = 0; i < 3; i++)
		code[i] = (char)(s[i] >= 'a' ? s[i] - 32 : s[i]);
	propose_value_pair(map, s, 3, code);
}

static void count_codes(const struct propose *p, size_t column, struct codes *all)
{
	size_t len;
	for (size_t row = 0; row < p->n_rows; row++) {
		const char *s = propose_cell_text(p, row, column, &len), *code;
		bool first = true;
		map_cell_trim(&s, &len);
		for (size_t i = 0; i < row && first; i++)
			first = !propose_cell_same(p, i, row, column);
		if (len == 0)
			continue;
		all->filled++;
		all->codes += is_code(s, len);
		all->small += is_code(s, len) && s[0] >= 'a';
		if (!first)
			continue;
		code = currency_code(s, len);
		if (code != NULL)
			propose_value_pair(&all->map, s, len, code);
		else if (is_code(s, len))
			pair_of_code(&all->map, s);
		else
			all->left++;
	}
}

static void settle_column(struct propose *p, size_t column)
{
	struct propose_column *c = &p->columns[column];
	struct codes all = {.map = {.max = 1u << 14}};
	count_codes(p, column, &all);
	if (all.filled == 0 || (all.codes == all.filled && all.small == 0))
		goto cleanup;

	p->transform = true;
	if (all.codes == all.filled) {
		c->value = df_strdup("{{ value | strip | upcase }}");
		propose_because(c, "guessed from the name; a currency's code has capitals");
		goto cleanup;
	}
	c->values = df_strdup(df_buf_cstr(&all.map));
	propose_because(c, "guessed from the name; values are not codes such as EUR");
	if (all.left > 0)
		df_buf_addf(
		    &p->todo,
		    "complete the values of column %zu: %zu currenc%s not listed, and rows "
		    "with them are rejected; write \"their word\": \"code\", as in \"Euro\": "
		    "\"EUR\"\n",
		    column + 1, all.left, all.left == 1 ? "y is" : "ies are");
cleanup:
	df_buf_free(&all.map);
}

/* ---- signs in the amounts ---- */

/* What is in a cell beside the number: "R$" of "R$ 1.234,50". */
static void money_sign(const char *s, size_t len, struct df_buf *out)
{
	df_buf_reset(out);
	for (size_t i = 0; i < len; i++) {
		bool space =
		    (unsigned char)s[i] == 0xc2 && i + 1 < len && (unsigned char)s[i + 1] == 0xa0;
		if (space)
			i++;
		else if (strchr("0123456789.,-+() '", s[i]) == NULL || s[i] == '\0')
			df_buf_addc(out, s[i]);
	}
}

#define MAX_SIGNS 8

struct signs {
	char *all[MAX_SIGNS]; /* own */
	size_t n, without, with;
};

static void read_signs(const struct propose *p, size_t column, struct signs *signs)
{
	struct df_buf sign = {.max = 4096};
	for (size_t row = 0; row < p->n_rows; row++) {
		size_t len, i = 0;
		const char *s = propose_cell_text(p, row, column, &len);
		money_sign(s, len, &sign);
		signs->with += sign.len > 0;
		signs->without += len > 0 && sign.len == 0;
		while (i < signs->n && strcmp(signs->all[i], df_buf_cstr(&sign)) != 0)
			i++;
		if (sign.len > 0 && i == signs->n && i < MAX_SIGNS)
			signs->all[signs->n++] = df_strdup(df_buf_cstr(&sign));
	}
	df_buf_free(&sign);
}

/* One sign for all rows. */
static void settle_one(struct propose *p, size_t column, const struct signs *signs)
{
	const char *code = currency_code(signs->all[0], strlen(signs->all[0]));
	if (code == NULL || signs->without > 0) {
		df_buf_addf(
		    &p->remarks,
		    "no column names the currency, and the sign in column %zu does not say "
		    "which it is, or is not in all rows: add { \"mapping_type\": \"static\", "
		    "\"value\": \"USD\", \"destination\": \"" CURRENCY "\" } or another\n",
		    column + 1);
		return;
	}
	p->currency_fixed = code;
	p->currency = column + 1;
	p->transform = true;
}

/* Several: each row has its own, and what is not known is rejected. */
static void settle_several(struct propose *p, size_t column, const struct signs *signs)
{
	static const char digits[] = "0123456789.,-+()' ";
	struct df_buf map = {.max = 1u << 14}, value = {.max = 1u << 12};
	size_t left = 0;
	for (size_t i = 0; i < signs->n; i++) {
		const char *code = currency_code(signs->all[i], strlen(signs->all[i]));
		left += code == NULL;
		if (code != NULL)
			propose_value_pair(&map, signs->all[i], strlen(signs->all[i]), code);
	}

	df_buf_adds(&value, "{{ value");
	for (const char *s = digits; *s != '\0'; s++)
		df_buf_addf(&value, *s == '\'' ? " | remove: \"%c\"" : " | remove: '%c'", *s);
	df_buf_adds(&value, " | remove: '\xc2\xa0' | remove: '\xe2\x80\xaf' }}");
	p->currency = column + 1;
	p->currency_value = df_strdup(df_buf_cstr(&value));
	p->currency_values = df_strdup(df_buf_cstr(&map));
	p->transform = true;
	if (left > 0 || signs->without > 0)
		df_buf_addf(&p->todo,
			    "complete the values of the currency: the amounts in column %zu have "
			    "several signs, %zu of them not known here, and %zu have none: their "
			    "rows are rejected; write \"sign\": \"code\"\n",
			    column + 1, left, signs->without);
	df_buf_free(&map);
	df_buf_free(&value);
}

static const struct propose_column *amounts(const struct propose *p)
{
	static const char *const paths[] = {PROPOSE_ACTION "total_amount",
					    PROPOSE_ACTION "products.price",
					    PROPOSE_ACTION "products.total_product_amount"};
	const struct propose_column *c = NULL;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]) && c == NULL; i++)
		c = propose_column_at(p, paths[i]);
	return c;
}

void propose_money(struct propose *p)
{
	struct signs signs = {0};
	if (schema_where(p->event) != SCHEMA_IN_COMMERCE || !p->has_header)
		return;
	const struct propose_column *c = propose_column_at(p, CURRENCY);
	if (c != NULL) {
		settle_column(p, (size_t)(c - p->columns));
		return;
	}
	c = amounts(p);
	if (c == NULL)
		return;

	size_t column = (size_t)(c - p->columns);
	read_signs(p, column, &signs);
	if (signs.n == 0)
		df_buf_adds(&p->remarks,
			    "no column names the currency: add { \"mapping_type\": \"static\", "
			    "\"value\": \"EUR\", \"destination\": \"" CURRENCY "\" } or another\n");
	else if (signs.n == 1)
		settle_one(p, column, &signs);
	else
		settle_several(p, column, &signs);
	for (size_t i = 0; i < signs.n; i++)
		free(signs.all[i]);
}
