/* SPDX-License-Identifier: MIT */
/* Templates that make of a column's values what the API takes: numbers with commas or signs,
 * booleans. Each is tried on the values. */
#include "propose_value.h"

#include <stdlib.h>

/* ---- numbers ---- */

static const char *const signs[] = {"US$",
				    "CA$",
				    "NZ$",
				    "HK$",
				    "R$",
				    "A$",
				    "$",
				    "\xe2\x82\xac",
				    "\xc2\xa3",
				    "\xef\xbf\xa5",
				    "\xc2\xa5",
				    "\xe5\x86\x86",
				    "\xe2\x82\xb9",
				    "z\xc5\x82",
				    "EUR",
				    "USD",
				    "GBP",
				    "CHF",
				    "JPY",
				    "PLN",
				    "SEK",
				    "NOK",
				    "DKK",
				    "CZK",
				    "CAD",
				    "AUD",
				    "BRL",
				    "INR",
				    "%",
				    "\xc2\xa0",
				    "\xe2\x80\xaf",
				    "'",
				    " "};
#define N_SIGNS (sizeof(signs) / sizeof(signs[0]))
#define BLANK   (N_SIGNS - 1) /* between thousands */
#define GROUPS  (N_SIGNS - 4) /* from here on likewise */

enum comma { COMMA_NONE, COMMA_GROUPS, COMMA_DECIMAL, COMMA_DECIMAL_GROUPS };

struct cleaning {
	enum comma comma;
	bool sign[N_SIGNS];
};

static void remove_all(struct df_buf *text, const char *what)
{
	size_t n = strlen(what);
	for (char *at; text->len >= n && (at = memmem(text->data, text->len, what, n)) != NULL;) {
		memmove(at, at + n, text->len - (size_t)(at - text->data) - n);
		text->len -= n;
	}
}

/* What the template below makes of a value. */
static void cell_clean(const struct cleaning *how, const char *s, size_t len, struct df_buf *out)
{
	df_buf_reset(out);
	df_buf_add(out, s, len);
	for (size_t i = 0; i < N_SIGNS; i++)
		if (how->sign[i])
			remove_all(out, signs[i]);
	if (how->comma == COMMA_GROUPS)
		remove_all(out, ",");
	if (how->comma == COMMA_DECIMAL_GROUPS)
		remove_all(out, ".");
	for (size_t i = 0; i < out->len && how->comma >= COMMA_DECIMAL; i++)
		if (out->data[i] == ',')
			out->data[i] = '.';
}

static char *cleaning_template(const struct cleaning *how)
{
	struct df_buf out = {.max = 1024};
	df_buf_adds(&out, "{{ value");
	for (size_t i = 0; i < N_SIGNS; i++)
		if (how->sign[i])
			df_buf_addf(&out,
				    strcmp(signs[i], "'") == 0 ? " | remove: \"%s\""
							       : " | remove: '%s'",
				    signs[i]);
	if (how->comma == COMMA_GROUPS)
		df_buf_adds(&out, " | remove: ','");
	if (how->comma == COMMA_DECIMAL_GROUPS)
		df_buf_adds(&out, " | remove: '.'");
	if (how->comma >= COMMA_DECIMAL)
		df_buf_adds(&out, " | replace: ',', '.'");
	df_buf_adds(&out, " | strip }}");
	char *text = df_strdup(df_buf_cstr(&out));
	df_buf_free(&out);
	return text;
}

/* 1.234,56 and 1234,5, with one comma and groups of three digits before it. */
static bool decimal_comma(const char *s, size_t len)
{
	const char *comma = memchr(s, ',', len);
	if (comma == NULL || memchr(comma + 1, ',', (size_t)(s + len - comma - 1)) != NULL)
		return false;
	const char *dot = memrchr(s, '.', len);
	return dot == NULL || (dot < comma && comma - dot == 4);
}

/* 1,234.50: three digits after each comma, and none after the point. */
static bool groups_of_three(const char *s, size_t len)
{
	const char *dot = memchr(s, '.', len), *end = dot != NULL ? dot : s + len;
	if (dot != NULL && memchr(dot, ',', (size_t)(s + len - dot)) != NULL)
		return false;
	for (const char *comma = s; (comma = memchr(comma, ',', (size_t)(end - comma))) != NULL;
	     comma++) {
		const char *next = memchr(comma + 1, ',', (size_t)(end - comma - 1));
		if ((next != NULL ? next : end) - comma != 4)
			return false;
	}
	return true;
}

/* 1 234 567: blanks are between thousands, or beside a sign; s has no sign any more. */
static bool blanks_of_three(const char *s, size_t len)
{
	map_cell_trim(&s, &len);
	for (size_t i = 0; i < len; i++)
		if (s[i] == ' ' && (i + 3 >= len || strspn(s + i + 1, "0123456789") < 3 ||
				    (i + 4 < len && s[i + 4] >= '0' && s[i + 4] <= '9')))
			return false;
	return true;
}

/* 1.234.000: three digits after each point. */
static bool points_of_three(const char *s, size_t len)
{
	const char *end = s + len;
	for (const char *dot = s; (dot = memchr(dot, '.', (size_t)(end - dot))) != NULL; dot++) {
		const char *next = memchr(dot + 1, '.', (size_t)(end - dot - 1));
		if ((next != NULL ? next : end) - dot != 4)
			return false;
	}
	return true;
}

bool propose_value_points(const struct propose *p, size_t column)
{
	size_t points = 0, len;
	for (size_t row = 0; row < p->n_rows; row++) {
		const char *s = propose_cell_text(p, row, column, &len);
		if (!points_of_three(s, len) || memchr(s, ',', len) != NULL)
			return false;
		points += memchr(s, '.', len) != NULL;
	}
	return points > 0;
}

static bool comma_suits(enum comma comma, const char *s, size_t len)
{
	switch (comma) {
	case COMMA_GROUPS:
		return groups_of_three(s, len);
	case COMMA_DECIMAL:
		return memchr(s, '.', len) == NULL;
	case COMMA_DECIMAL_GROUPS:
		return memchr(s, ',', len) != NULL ? decimal_comma(s, len)
						   : points_of_three(s, len);
	case COMMA_NONE:
		break;
	}
	return true;
}

static size_t count_clean(const struct propose *p, size_t column, const struct schema_path *path,
			  const struct cleaning *how)
{
	struct df_buf text = {0}, bare = {0};
	struct cleaning no_commas = *how;
	size_t n = 0, len;
	no_commas.comma = COMMA_NONE;
	for (size_t row = 0; row < p->n_rows; row++) {
		const char *s = propose_cell_text(p, row, column, &len);
		no_commas.sign[BLANK] = false;
		cell_clean(&no_commas, s, len, &bare);
		bool blanks = blanks_of_three(bare.len > 0 ? df_buf_cstr(&bare) : "", bare.len);
		no_commas.sign[BLANK] = how->sign[BLANK];
		cell_clean(&no_commas, s, len, &bare);
		cell_clean(how, s, len, &text);
		n += len > 0 && blanks && text.len > 0 &&
		     comma_suits(how->comma, bare.data, bare.len) &&
		     map_value_fits(p->map, path->type, path->field, text.data, text.len);
	}

	df_buf_free(&text);
	df_buf_free(&bare);
	return n;
}

bool propose_value_has(const struct propose *p, size_t column, const char *sign)
{
	size_t len;
	for (size_t row = 0; row < p->n_rows; row++) {
		const char *s = propose_cell_text(p, row, column, &len);
		if (len > 0 && memmem(s, len, sign, strlen(sign)) != NULL)
			return true;
	}
	return false;
}

static const char *const comma_words[] = {
    [COMMA_NONE] = "numbers with blanks or apostrophes between thousands",
    [COMMA_GROUPS] = "numbers with commas between thousands",
    [COMMA_DECIMAL] = "numbers with decimal commas",
    [COMMA_DECIMAL_GROUPS] = "numbers with decimal commas, and points between thousands"};

char *propose_value_number(struct propose *p, size_t column, const struct schema_path *path,
			   const char **why)
{
	struct cleaning how = {0}, best = {0};
	size_t filled = p->columns[column].filled, most = 0;
	/* with semicolons between cells, commas are decimal */
	bool decimal = p->feed->rows.delimiter == ';';
	for (size_t i = 0; i < N_SIGNS; i++)
		how.sign[i] = propose_value_has(p, column, signs[i]);
	for (int k = 0; k < 4; k++) {
		static const enum comma usual[] = {COMMA_NONE, COMMA_GROUPS, COMMA_DECIMAL,
						   COMMA_DECIMAL_GROUPS};
		static const enum comma german[] = {COMMA_NONE, COMMA_DECIMAL, COMMA_DECIMAL_GROUPS,
						    COMMA_GROUPS};
		how.comma = (decimal ? german : usual)[k];
		size_t n = count_clean(p, column, path, &how);
		if (n <= most)
			continue;
		most = n;
		best = how;
	}
	if (filled == 0 || most == 0 || !propose_most(most, filled))
		return NULL;

	bool has_sign = memchr(best.sign, true, GROUPS) != NULL;
	*why = best.comma == COMMA_NONE && has_sign ? "numbers with a currency's sign"
						    : comma_words[best.comma];
	return cleaning_template(&best);
}

char *propose_value_known(struct propose *p, size_t column, const struct schema_path *path,
			  size_t *left)
{
	const char *seen[40]; /* words; more are not a choice among a few */
	size_t lens[40], n = 0, known = 0, len;
	struct df_buf out = {.max = 1u << 16};
	for (size_t row = 0; row < p->n_rows && n < 40; row++) {
		const char *s = propose_cell_text(p, row, column, &len);
		size_t i = 0;
		map_cell_trim(&s, &len);
		while (i < n && (lens[i] != len || memcmp(seen[i], s, len) != 0))
			i++;
		if (len == 0 || i < n)
			continue;
		seen[n] = s;
		lens[n++] = len;
		if (!map_value_fits(p->map, path->type, path->field, s, len))
			continue;
		char *same = df_strndup(s, len);
		propose_value_pair(&out, s, len, same);
		free(same);
		known++;
	}

	*left = n - known;
	char *map = known > 0 && n < 40 ? df_strdup(df_buf_cstr(&out)) : NULL;
	df_buf_free(&out);
	return map;
}

bool propose_value_quoted(const struct propose *p, size_t column)
{
	size_t filled = 0, quoted = 0, len;
	for (size_t row = 0; row < p->n_rows; row++) {
		const char *s = propose_cell_text(p, row, column, &len);
		filled += len > 0;
		quoted += len > 1 && s[0] == '\'' && s[1] >= '0' && s[1] <= '9' &&
			  memchr(s + 1, '\'', len - 1) == NULL;
	}
	return quoted > 0 && propose_most(quoted, filled);
}

/* ---- booleans ---- */

char *propose_value_boolean(struct propose *p, size_t column)
{
	static const char yes[] =
	    "yes y ja j oui si on x active subscribed optin optedin wahr vrai granted";
	static const char no[] =
	    "no n nein non off inactive unsubscribed optout optedout falsch faux denied";
	struct df_buf out = {.max = 4096};
	size_t n = 0, filled = 0, len;
	for (size_t row = 0; row < p->n_rows; row++) {
		const char *s = propose_cell_text(p, row, column, &len);
		map_cell_trim(&s, &len);
		char *normal = schema_normalize(s, len),
		     *quoted = df_format("\"%.*s\":", (int)len, s);
		bool is_yes = schema_word_is(yes, normal, strlen(normal));
		bool known = is_yes || schema_word_is(no, normal, strlen(normal));
		filled += len > 0;
		n += known;
		if (known && strstr(df_buf_cstr(&out), quoted) == NULL)
			propose_value_pair(&out, s, len, is_yes ? "true" : "false");
		free(normal);
		free(quoted);
	}

	char *map = n > 0 && propose_most(n, filled) ? df_strdup(df_buf_cstr(&out)) : NULL;
	df_buf_free(&out);
	return map;
}

void propose_value_pair(struct df_buf *out, const char *word, size_t len, const char *to)
{
	if (out->len > 0)
		df_buf_adds(out, ", ");
	df_json_string(out, word, len);
	df_buf_adds(out, ": ");
	df_json_string(out, to, strlen(to));
}

char *propose_value_row(const struct propose_column *c)
{
	if (strchr(c->name, '"') == NULL)
		return df_format("row[\"%s\"]", c->name);
	return strchr(c->name, '\'') == NULL ? df_format("row['%s']", c->name) : NULL;
}
