/* SPDX-License-Identifier: MIT */
/*
 * A reject file may be dropped again, and what is still wrong in it ends up in a reject file once
 * more, with one line number and one reason. So our columns are taken out of its rows, wherever an
 * editor has put them and however it quotes cells.
 */
#include "document_own.h"

#include <stdlib.h>

void document_own_header(struct document_own *o, const struct document_dialect *dialect,
			 const struct rows_cell *cells, size_t n)
{
	o->dialect = *dialect;
	o->columns = df_alloc(n * sizeof(*o->columns));
	o->n = n;
	for (size_t i = 0; i < n; i++)
		o->any |= o->columns[i] = map_column_is_own(cells[i].p, cells[i].len);
	o->last =
	    n > 2 && o->columns[n - 1] && o->columns[n - 2] && cells[n - 1].len > cells[n - 2].len;
}

void document_own_free(struct document_own *o)
{
	free(o->columns);
	memset(o, 0, sizeof(*o));
}

/* ---- a sound row, cell by cell ---- */

/* Where a cell ends when there are no quotes, and a backslash makes a letter of a delimiter. */
static const char *cell_end_bare(const struct document_dialect *d, const char *p, const char *end)
{
	for (; p < end && *p != d->delimiter; p++)
		p += *p == d->escape && p + 1 < end;
	return p;
}

/* Where the cell at `from` ends: at a delimiter, or at `end`. NULL: its quotes are broken. */
static const char *cell_end(const struct document_dialect *d, const char *from, const char *end)
{
	const char *p = from;
	if (d->quote == '\0' && d->escape != '\0')
		return cell_end_bare(d, p, end);
	while (d->trim && p < end && *p != d->delimiter && (*p == ' ' || *p == '\t'))
		p++;
	if (d->quote == '\0' || p == end || *p != d->quote) {
		const char *stop = memchr(p, d->delimiter, (size_t)(end - p));
		stop = stop != NULL ? stop : end;
		bool stray = d->quote != '\0' && memchr(p, d->quote, (size_t)(stop - p)) != NULL;
		return stray ? NULL : stop;
	}
	for (p++; p < end; p++) {
		if (d->escape != '\0' && *p == d->escape && p + 1 < end)
			p++;
		else if (*p == d->quote && p + 1 < end && p[1] == d->quote)
			p++;
		else if (*p == d->quote)
			break;
	}
	if (p == end)
		return NULL;
	for (p++; d->trim && p < end && *p != d->delimiter && (*p == ' ' || *p == '\t');)
		p++;
	return p == end || *p == d->delimiter ? p : NULL;
}

/* False: the row is broken, or has other cells than the header. */
static bool strip_cells(const struct document_own *o, const char *raw, size_t len,
			struct df_buf *out)
{
	const char *at = raw, *end = raw + len;
	size_t column = 0;
	bool first = true;
	for (;; column++, at++) {
		const char *stop = cell_end(&o->dialect, at, end);
		if (stop == NULL || column == o->n)
			return false;
		if (!o->columns[column]) {
			if (!first)
				df_buf_addc(out, o->dialect.delimiter);
			df_buf_add(out, at, (size_t)(stop - at));
			first = false;
		}
		at = stop;
		if (at == end)
			return column + 1 == o->n;
	}
}

/* ---- a row whose cells cannot be counted ---- */

/* Where the last cell begins that ends at `end`; NULL: its quotes are broken. Our own cells have
 * no escapes. */
static const char *last_cell(const struct document_dialect *d, const char *raw, const char *end)
{
	const char *p = end;
	if (d->quote == '\0' || p == raw || p[-1] != d->quote) {
		while (p > raw && p[-1] != d->delimiter)
			p--;
		return p;
	}
	for (p--; p > raw; p--) {
		if (p[-1] != d->quote)
			continue;
		if (p - 1 > raw && p[-2] == d->quote)
			p--;
		else
			break;
	}
	return p > raw && (p - 1 == raw || p[-2] == d->delimiter) ? p - 1 : NULL;
}

static bool all_digits(const char *p, const char *end)
{
	const char *from = p;
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p == end && p > from;
}

static size_t tail_length(const struct document_own *o, const char *tail, size_t len)
{
	const struct document_dialect *d = &o->dialect;
	const char *end = tail + len;
	if (!o->last)
		return 0;
	const char *reason = last_cell(d, tail, end);
	if (reason == NULL || reason == tail)
		return 0;

	const char *line_end = reason - 1, *line = last_cell(d, tail, line_end), *from = line;
	if (line == NULL || line == tail)
		return 0;
	if (d->quote != '\0' && line_end - line >= 2 && *line == d->quote) {
		line++;
		line_end--;
	}
	reason += d->quote != '\0' && *reason == d->quote;
	if (!all_digits(line, line_end) || !map_reason_of_broken(reason, (size_t)(end - reason)))
		return 0;
	return (size_t)(end - from) + 1;
}

static void own_strip(const struct document_own *o, const char *raw, size_t len, struct df_buf *out)
{
	size_t before = out->len;
	if (strip_cells(o, raw, len, out))
		return;
	out->len = before;
	df_buf_add(out, raw, len - tail_length(o, raw, len));
}

/* ---- signs of several bytes ---- */

size_t document_own_tail(const struct document_own *o, const char *tail, size_t len)
{
	const struct rows_signs *signs = &o->dialect.signs;
	struct df_buf narrow = {0}, wide = {0};
	if (!signs->wide)
		return tail_length(o, tail, len);

	rows_narrow(signs, tail, len, &narrow);
	size_t own = tail_length(o, df_buf_cstr(&narrow), narrow.len);
	rows_widen(signs, narrow.data + narrow.len - own, own, &wide);
	own = wide.len;
	df_buf_free(&narrow);
	df_buf_free(&wide);
	return own;
}

void document_own_strip(const struct document_own *o, const char *raw, size_t len,
			struct df_buf *out)
{
	const struct rows_signs *signs = &o->dialect.signs;
	struct df_buf narrow = {0}, rest = {0};
	if (!o->any)
		df_buf_add(out, raw, len);
	if (o->any && !signs->wide)
		own_strip(o, raw, len, out);
	if (!o->any || !signs->wide)
		return;

	rows_narrow(signs, raw, len, &narrow);
	own_strip(o, df_buf_cstr(&narrow), narrow.len, &rest);
	rows_widen(signs, df_buf_cstr(&rest), rest.len, out);
	df_buf_free(&narrow);
	df_buf_free(&rest);
}

/* ---- cells of our own ---- */

size_t document_own_body(const char *raw, size_t len)
{
	bool lf = len > 0 && raw[len - 1] == '\n';
	len -= lf;
	return len - (len > 0 && raw[len - 1] == '\r');
}

/* Narrowed. */
static void add_narrow(struct df_buf *out, const struct document_dialect *d, const char *text)
{
	const char special[] = {d->delimiter, '\r', '\n', d->quote, d->escape, '\0'};
	bool quote = d->quote != '\0' && (strpbrk(text, special) != NULL ||
					  (d->escape != '\0' && strchr(text, d->escape)));
	const char blank = d->delimiter == ' ' ? '_' : ' ';
	if (quote)
		df_buf_addc(out, d->quote);
	for (const char *p = text; *p != '\0'; p++) {
		bool separates = *p == d->delimiter || *p == '\r' || *p == '\n';
		if (quote && *p == d->quote)
			df_buf_addc(out, d->quote);
		else if (*p == d->escape && (quote || d->quote == '\0'))
			df_buf_addc(out, d->escape);
		df_buf_addc(out, separates && d->quote == '\0' ? blank : *p);
	}
	if (quote)
		df_buf_addc(out, d->quote);
}

void document_own_add(struct df_buf *out, const struct document_dialect *d, const char *text)
{
	struct df_buf from = {0}, to = {0};
	if (!d->signs.wide) {
		add_narrow(out, d, text);
		return;
	}
	rows_narrow(&d->signs, text, strlen(text), &from);
	add_narrow(&to, d, df_buf_cstr(&from));
	rows_widen(&d->signs, df_buf_cstr(&to), to.len, out);
	df_buf_free(&from);
	df_buf_free(&to);
}

void document_own_separate(struct df_buf *out, const struct document_dialect *d)
{
	df_buf_add(out, d->signs.delimiter.text, d->signs.delimiter.len);
}
