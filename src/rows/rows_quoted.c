/* SPDX-License-Identifier: MIT */
/*
 * Quoted cells as nearly all of them are: on one physical line that the window has, quotes at both
 * ends, and doubled ones at most in between. A cell without those stays where it is. Whatever is
 * not quite like that is libcsv's, from the row's first quote on.
 */
#include "rows_priv.h"

struct quoted {
	struct rows *r;
	const char *p, *end;
	char quote, delimiter;
};

/* Adds a cell that has doubled quotes: its bytes up to `to`, each pair of quotes as one. False:
 * cells that were copied before would move. */
static bool add_doubled(struct quoted *q, const char *from, const char *to)
{
	struct df_buf *copy = &q->r->copy;
	struct rows_cells *cells = &q->r->cells;
	size_t len = (size_t)(to - from), start = copy->len;
	if (copy->cap - copy->len < len && (copy->len > 0 || !df_buf_grow(copy, len)))
		return false;
	while (from < to) {
		const char *quote = memchr(from, q->quote, (size_t)(to - from));
		const char *stop = quote != NULL ? quote + 1 : to;
		df_buf_add(copy, from, (size_t)(stop - from));
		from = quote != NULL ? quote + 2 : to;
	}
	cells->v[cells->n++] = (struct rows_cell){copy->data + start, copy->len - start};
	return true;
}

/* The cell whose quote is at q->p. False: it is not of that kind. */
static bool take_cell(struct quoted *q)
{
	struct rows_cells *cells = &q->r->cells;
	const char *from = q->p + 1, *p = from;
	bool doubled = false;
	for (;; p += 2, doubled = true) {
		p = memchr(p, q->quote, (size_t)(q->end - p));
		if (p == NULL)
			return false;
		if (p + 1 == q->end || p[1] != q->quote)
			break;
	}
	size_t len = (size_t)(p - from);
	if (memchr(from, '\n', len) != NULL)
		return false;

	rows_cells_grow(cells, 1);
	q->p = p + 1;
	if (doubled)
		return add_doubled(q, from, p);
	cells->v[cells->n++] = (struct rows_cell){from, len};
	return true;
}

/* Cells without quotes, which follow a delimiter, up to the row's end or to the next quoted one.
 * False: there is a quote within one of them. */
static bool take_plain(struct quoted *q)
{
	struct rows_cells *cells = &q->r->cells;
	const struct rows_scan scan = rows_scan(&q->r->marks, q->p, q->end, cells);
	q->p = scan.stop;
	if (scan.stop == q->end || *scan.stop != q->quote)
		return true;
	return cells->v[--cells->n].p == scan.stop;
}

/* Is the row's end here? *whole: it is, and all of it. */
static bool ends(struct quoted *q, bool *whole)
{
	const struct rows *r = q->r;
	*whole = q->p == q->end && r->next_read == r->length;
	if (q->p == q->end)
		return true;
	if (*q->p == '\r') {
		*whole = q->end - q->p > 1 && q->p[1] == '\n';
		q->p += 2;
		return true;
	}
	*whole = *q->p == '\n';
	q->p += *whole;
	return *whole;
}

static bool take_row(struct quoted *q)
{
	bool whole = false;
	while (take_cell(q)) {
		if (ends(q, &whole))
			return whole;
		if (*q->p++ != q->delimiter || !take_plain(q))
			return false;
		if (ends(q, &whole))
			return whole;
	}
	return false;
}

bool rows_quoted_take(struct rows *r)
{
	const char *from = r->window + r->at;
	struct quoted q = {.r = r,
			   .p = from + r->lead,
			   .end = r->window + r->have,
			   .quote = r->marks.quote[0],
			   .delimiter = r->marks.delimiter[0]};
	if (r->format.backslash || r->format.trim || r->cr_ends || *q.p != q.quote)
		return false;
	if (!take_row(&q)) {
		r->cells.n = r->n_lead;
		df_buf_reset(&r->copy);
		return false;
	}
	r->at += (size_t)(q.p - from);
	r->line += q.p[-1] == '\n';
	return true;
}
