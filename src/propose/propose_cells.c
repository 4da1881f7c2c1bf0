/* SPDX-License-Identifier: MIT */
/* The rows that are looked at, without what is not data: words for nothing, padding, lines and
 * rows of totals. */
#include "propose_step.h"

#include <stdlib.h>
#include <strings.h>

/* ---- words for nothing ---- */

static const char *const null_words[] = {"\\N",    "NULL", "null", "(null)", "<null>", "Null",
					 "[NULL]", "NaN",  "nan",  "#N/A",   "#REF!",  "#VALUE!"};
#define N_NULL_WORDS (sizeof(null_words) / sizeof(null_words[0]))

static bool known_null(const struct conf_list *own, const char *word)
{
	bool known = false;
	for (size_t i = 0; i < own->n; i++)
		known = known || strcmp(own->v[i], word) == 0;
	return known;
}

static void add_word(struct df_buf *list, const char *word)
{
	bool plain = word[0] == '\\' || strpbrk(word, "#()<>[]") == NULL;
	df_buf_addf(list, plain ? "%s%s" : "%s\"%s\"", list->len > 0 ? " " : "", word);
}

static size_t empty_cells(struct propose *p, const char *word)
{
	size_t n = 0, len;
	for (size_t i = 0; i < p->n_rows * p->n; i++) {
		const char *s = propose_cell_text(p, 0, i, &len);
		if (len != strlen(word) || memcmp(s, word, len) != 0)
			continue;
		p->cells[i].kept = 0;
		n++;
	}
	return n;
}

static void clean_nulls(struct propose *p)
{
	struct df_buf list = {.max = 1024};
	const struct conf_list *own = &p->feed->rows.null;
	size_t n = 0;
	for (size_t i = 0; i < own->n; i++)
		add_word(&list, own->v[i]);
	for (size_t i = 0; i < N_NULL_WORDS; i++) {
		size_t cells = known_null(own, null_words[i]) ? 0 : empty_cells(p, null_words[i]);
		if (cells > 0)
			add_word(&list, null_words[i]);
		n += cells;
	}
	if (n > 0)
		propose_set(p, "null", df_buf_cstr(&list),
			    "of the cells looked at %zu hold such a word: they are empty", n);
	df_buf_free(&list);
}

/* ---- padding ---- */

static bool padded(const char *s, size_t len)
{
	return len > 0 && (s[0] == ' ' || s[len - 1] == ' ' || s[0] == '\t' || s[len - 1] == '\t');
}

/* Half of a column's cells have blanks around them, as CHAR columns have. */
static bool is_padded(const struct propose *p, size_t column)
{
	size_t n = 0, filled = 0, len;
	for (size_t row = 0; row < p->n_rows; row++) {
		const char *s = propose_cell_text(p, row, column, &len);
		filled += len > 0;
		n += padded(s, len);
	}
	return n > 1 && n * 2 >= filled;
}

static bool names_stay_apart(const struct propose *p)
{
	char **names = df_alloc(p->n * sizeof(*names));
	struct df_err ignored = {0};
	for (size_t i = 0; i < p->n; i++) {
		const char *s = p->columns[i].name;
		size_t len = strlen(s);
		map_cell_trim(&s, &len);
		names[i] = df_strndup(s, len);
	}
	bool apart = map_check_unique(names, p->n, &ignored) == DF_OK;
	for (size_t i = 0; i < p->n; i++)
		free(names[i]);
	free(names);
	return apart;
}

static void trim_all(struct propose *p)
{
	for (size_t i = 0; i < p->n_rows * p->n; i++) {
		struct propose_cell *cell = &p->cells[i];
		size_t len;
		const char *all = propose_cell_text(p, 0, i, &len), *s = all;
		map_cell_trim(&s, &len);
		cell->at += (size_t)(s - all);
		cell->kept = len;
	}
	for (size_t i = 0; p->has_header && i < p->n; i++) {
		const char *s = p->columns[i].name;
		size_t len = strlen(s);
		map_cell_trim(&s, &len);
		char *name = df_strndup(s, len);
		free(p->columns[i].name);
		p->columns[i].name = name;
	}
}

static void clean_padding(struct propose *p)
{
	size_t columns = 0;
	if (p->feed->rows.trim)
		return;
	for (size_t i = 0; i < p->n; i++)
		columns += is_padded(p, i);
	if (columns == 0 || (p->has_header && !names_stay_apart(p)))
		return;
	trim_all(p);
	propose_set(p, "trim", "yes", "cells are padded with blanks in %zu column%s", columns,
		    df_plural(columns));
}

/* ---- rows that are not data ---- */

static const char total_words[] =
    " total totals grandtotal grandtotals subtotal subtotals sum summe gesamt gesamtsumme "
    "zwischensumme overall overalltotal reporttotal totale totaal somme totalgeneral "
    "sumatotal insgesamt ";

static bool is_total(const char *s, size_t len)
{
	char *normal = schema_normalize(s, len);
	bool found = schema_word_is(total_words, normal, strlen(normal));
	free(normal);
	return found;
}

static bool is_rule(const char *s, size_t len) /* a line drawn of dashes */
{
	size_t n = 0;
	while (n < len && (s[n] == '-' || s[n] == '='))
		n++;
	return len > 1 && n == len;
}

static size_t filled_cells(const struct propose *p, size_t row)
{
	size_t n = 0;
	for (size_t i = 0; i < p->n; i++)
		n += p->cells[row * p->n + i].kept > 0;
	return n;
}

/* The column whose cell says that the row is a total, or a line of dashes; SIZE_MAX: it is data. */
static size_t not_data(const struct propose *p, size_t row, size_t usual)
{
	size_t first = 0, len = 0, filled = filled_cells(p, row), rules = 0;
	while (first < p->n && p->cells[row * p->n + first].kept == 0)
		first++;
	if (first == p->n)
		return SIZE_MAX;
	const char *s = propose_cell_text(p, row, first, &len);
	if (is_total(s, len) && filled * 3 <= usual * 2 + 1)
		return first;
	for (size_t i = 0; i < p->n; i++) {
		s = propose_cell_text(p, row, i, &len);
		rules += is_rule(s, len);
	}
	return rules == filled && filled > 1 ? first : SIZE_MAX;
}

static bool note_skip(struct propose *p, size_t row, size_t column)
{
	size_t len;
	const char *s = propose_cell_text(p, row, column, &len);
	for (size_t i = 0; i < p->n_skips; i++)
		if (p->skips[i].column == column && strlen(p->skips[i].word) == len &&
		    memcmp(p->skips[i].word, s, len) == 0)
			return true;
	return propose_skip(p, column, s, len);
}

static void drop_row(struct propose *p, size_t row)
{
	struct propose_cell *at = p->cells + row * p->n;
	memmove(at, at + p->n, (p->n_rows - row - 1) * p->n * sizeof(*at));
	p->n_rows--;
}

static bool is_skipped(const struct propose *p, size_t row)
{
	for (size_t i = 0; i < p->n_skips; i++) {
		size_t len;
		const char *s = propose_cell_text(p, row, p->skips[i].column, &len);
		map_cell_trim(&s, &len);
		if (strlen(p->skips[i].word) == len && memcmp(p->skips[i].word, s, len) == 0)
			return true;
	}
	return false;
}

void propose_cells_skip(struct propose *p)
{
	size_t kept = p->n_rows;
	for (size_t row = 0; row < p->n_rows; row++)
		kept -= is_skipped(p, row);
	for (size_t row = p->n_rows; kept > 0 && row-- > 0;)
		if (is_skipped(p, row))
			drop_row(p, row);
	for (size_t i = 0; i < p->n; i++) { /* they are looked at anew */
		p->columns[i].looked = p->columns[i].lengthy = false;
		p->columns[i].filled = 0;
	}
}

static bool repeats_header(const struct propose *p, size_t row)
{
	bool same = p->has_header;
	for (size_t i = 0; i < p->n && same; i++) {
		size_t len;
		const char *s = propose_cell_text(p, row, i, &len);
		same = strlen(p->columns[i].name) == len && memcmp(p->columns[i].name, s, len) == 0;
	}
	return same;
}

static void clean_rows(struct propose *p)
{
	size_t usual = 0, totals = 0, repeated = 0;
	for (size_t row = 0; row < p->n_rows; row++) {
		size_t filled = filled_cells(p, row);
		usual = filled > usual ? filled : usual;
	}
	for (size_t row = p->n_rows; row-- > 0;) {
		size_t column = not_data(p, row, usual);
		if (repeats_header(p, row)) {
			repeated++;
			drop_row(p, row);
		} else if (column != SIZE_MAX && p->has_header && note_skip(p, row, column)) {
			totals++;
			drop_row(p, row);
		}
	}

	if (totals > 0)
		df_buf_addf(
		    &p->remarks,
		    "%zu of the rows state a total, or are a line of dashes: they are skipped\n",
		    totals);
	if (repeated > 0)
		df_buf_addf(
		    &p->remarks,
		    "%zu of the rows repeat the header: they are rejected (repeated-header)\n",
		    repeated);
	p->transform = p->transform || p->n_skips > 0;
}

void propose_cells_clean(struct propose *p)
{
	clean_padding(p);
	clean_nulls(p);
	clean_rows(p);
}
