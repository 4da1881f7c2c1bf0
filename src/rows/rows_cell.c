/* SPDX-License-Identifier: MIT */
/* What a format makes of cells: backslashes, blanks around them, words for "nothing". */
#include "rows_priv.h"

void rows_on_cell(void *p, size_t len, void *ctx)
{
	struct rows *r = ctx;
	size_t before = r->copy.len;
	rows_cells_grow(&r->cells, 1);
	if (r->signs.wide)
		rows_widen(&r->signs, p, len, &r->copy);
	else
		df_buf_add(&r->copy, p, len);
	r->cells.v[r->cells.n++] = (struct rows_cell){"", r->copy.len - before};
}

void rows_on_row(int end, void *ctx)
{
	(void)end;
	((struct rows *)ctx)->row_done = true;
}

/* ---- backslashes ---- */

/* What a backslash and c are to libcsv, which knows doubled quotes only. */
static void add_escaped(struct rows *r, char c)
{
	const struct rows_format *f = &r->format;
	const uint32_t u = (unsigned char)c;
	bool special = u == f->quote || c == '\\' || u == f->delimiter || c == '\n' || c == '\r';
	if (u == f->quote || !special)
		df_buf_addc(&r->escaped, u == f->quote ? c : '\\');
	df_buf_addc(&r->escaped, c);
}

/* A piece of a row either begins it or goes on within quotes. */
static void translate(struct rows *r, const char *p, size_t len, bool first)
{
	enum rows_place_in place = first ? ROWS_CELL_START : ROWS_QUOTED;
	df_buf_reset(&r->escaped);
	for (size_t i = 0; i < len; i++) {
		enum rows_place_in next = rows_place_after(&r->format, place, p[i]);
		if (place == ROWS_ESCAPED)
			add_escaped(r, p[i]);
		else if (next != ROWS_ESCAPED)
			df_buf_addc(&r->escaped, p[i]);
		place = next;
	}
	if (place == ROWS_ESCAPED) /* the document ends here */
		df_buf_addc(&r->escaped, '\\');
}

bool rows_cell_feed(struct rows *r, const char *p, size_t len, bool first)
{
	if (r->signs.wide) {
		df_buf_reset(&r->narrow);
		rows_narrow(&r->signs, p, len, &r->narrow);
		p = r->narrow.data;
		len = r->narrow.len;
	}
	if (r->format.backslash && memchr(p, '\\', len) != NULL) {
		translate(r, p, len, first);
		p = r->escaped.data;
		len = r->escaped.len;
	}
	return csv_parse(&r->parser, p, len, rows_on_cell, rows_on_row, r) == len;
}

/* ---- blanks, and words for "nothing" ---- */

void rows_null_open(struct rows *r)
{
	for (size_t i = 0; i < r->format.n_null; i++)
		r->null_first[(unsigned char)r->format.null[i][0]] = true;
}

static bool is_null(const struct rows *r, const struct rows_cell *c)
{
	if (c->len == 0 || !r->null_first[(unsigned char)c->p[0]])
		return false;
	for (size_t i = 0; i < r->format.n_null; i++)
		if (strlen(r->format.null[i]) == c->len &&
		    memcmp(r->format.null[i], c->p, c->len) == 0)
			return true;
	return false;
}

static void trim(struct rows_cell *c)
{
	while (c->len > 0 && rows_blank(c->p[0])) {
		c->p++;
		c->len--;
	}
	while (c->len > 0 && rows_blank(c->p[c->len - 1]))
		c->len--;
}

void rows_cells_shape(const struct rows *r, const struct rows_row *row)
{
	bool header = row->number == 1 && !r->part && !r->format.no_header,
	     null = r->format.n_null > 0 && !header;
	for (size_t i = 0; i < row->n_cells; i++) {
		struct rows_cell *c = &r->cells.v[i];
		if (r->format.trim)
			trim(c);
		if (null && is_null(r, c))
			c->len = 0;
	}
}
