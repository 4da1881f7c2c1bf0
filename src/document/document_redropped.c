/* SPDX-License-Identifier: MIT */
/*
 * Rows of a reject file that is dropped again. Corrected, it has other bytes, perhaps another name,
 * and the reject file that it was copied from lies in the state folder as before. What an editor
 * leaves alone are our own two columns: by them `retry` sees that a row came in another file.
 */
#include "document_pass.h"

#include <stdlib.h>
#include <xxhash.h>

#define MARKS_MAX 100000u /* of a document */

/* Of the reason only letters and digits count, because all else depends on the dialect and the
 * encoding of the file. */
uint64_t document_reject_mark(const char *event_type, uint64_t line, const char *reason, size_t len)
{
	struct df_buf text = {0};
	df_buf_addf(&text, "%s %llu ", event_type, (unsigned long long)line);
	for (size_t i = 0; i < len; i++) {
		char c = reason[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
			df_buf_addc(&text, c);
	}
	uint64_t mark = XXH3_64bits(text.data, text.len);
	df_buf_free(&text);
	return mark;
}

/* Where our columns are, counted from 0. */
struct own_places {
	size_t line, reason;
};

static bool own_places(const struct map *m, struct own_places *out)
{
	size_t n = map_columns(m);
	*out = (struct own_places){n, n};
	for (size_t i = 0; i < n; i++) {
		const char *name = map_column_name(m, i + 1);
		if (strcmp(name, MAP_COLUMN_LINE) == 0)
			out->line = i;
		else if (strcmp(name, MAP_COLUMN_REASON) == 0)
			out->reason = i;
	}
	return out->line < n && out->reason < n;
}

static bool cell_number(const struct rows_cell *c, uint64_t *out)
{
	uint64_t n = 0;
	for (size_t i = 0; i < c->len; i++) {
		if (c->p[i] < '0' || c->p[i] > '9' || i >= 18)
			return false;
		n = n * 10 + (uint64_t)(c->p[i] - '0');
	}
	*out = n;
	return c->len > 0;
}

static enum df_status each_row(const struct document_pass *w, struct rows *rows,
			       const struct own_places *at, struct document_marks *out,
			       struct df_err *err)
{
	struct rows_row row = {0};
	enum df_status st = rows_next(rows, &row, err); /* the header */
	while (st == DF_OK && out->n < MARKS_MAX && !df_stop_requested) {
		uint64_t line = 0;
		st = rows_next(rows, &row, err);
		if (st != DF_OK || row.fault != NULL || row.n_cells <= at->line ||
		    row.n_cells <= at->reason || !cell_number(&row.cells[at->line], &line))
			continue;
		if ((out->n & (out->n + 1)) == 0) /* room for twice as many */
			out->v = df_realloc(out->v, (2 * out->n + 2) * sizeof(*out->v));
		out->v[out->n++] = document_reject_mark(
		    w->doc->event_type, line, row.cells[at->reason].p, row.cells[at->reason].len);
	}
	if (st == DF_OK && df_stop_requested) /* some are missing, and would be for good */
		return df_fail(DF_RETRY, err, NULL,
			       "stopped by a signal; the next run goes on from here");
	return st == DF_END ? DF_OK : st;
}

enum df_status document_redropped(const struct document_pass *w, struct document_marks *out,
				  struct df_err *err)
{
	struct own_places at;
	struct decode_bytes bytes = {0};
	struct rows *rows = NULL;
	*out = (struct document_marks){0};
	if (w->map == NULL || !own_places(w->map, &at))
		return DF_OK;
	enum df_status st =
	    document_rows_open(w->feed, w->doc, map_has_header(w->map), &bytes, &rows, err);
	if (st != DF_OK)
		goto cleanup;
	st = each_row(w, rows, &at, out, err);
cleanup:
	rows_close(rows);
	return st;
}
