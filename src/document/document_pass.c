/* SPDX-License-Identifier: MIT */
#include "document_pass.h"
#include "document_places.h"
#include "document_whole.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static enum df_status no_rows(const struct document_pass *w, struct df_err *err)
{
	const struct conf_rows *c = &w->feed->rows;
	bool skips = c->skip_lines > 0 || c->skip_last_lines > 0 || c->comment != 0;
	return df_fail(
	    DF_REJECT, err, "empty-file", "the document has neither a header nor rows%s",
	    skips ? ", but for lines that skip_lines, skip_last_lines or comment leave out" : "");
}

static enum df_status map_first_row(struct document_pass *w, const struct rows *rows,
				    struct rows_row *row, struct rows_cell **own,
				    struct df_err *err)
{
	if (row->fault == NULL)
		return document_header(w->map, w->feed, rows, row, own, err);
	bool text = strcmp(row->fault, "invalid-utf8") == 0;
	return df_fail(DF_REJECT, err, text ? "not-utf8" : "malformed-csv", "the header: %s",
		       row->fault_text);
}

/* The document's first row: the header, or where there is none, data. A reject file has one in
 * either case. */
static enum df_status pass_header(struct document_pass *w, struct rows *rows, struct rows_row *row,
				  struct df_err *err)
{
	enum df_status st = rows_next(rows, row, err);
	if (st == DF_END)
		return map_has_header(w->map) ? no_rows(w, err) : DF_END;
	if (st != DF_OK)
		return st;
	if (row->n_cells >= DOCUMENT_GUIDELINE_COLUMNS)
		st = document_guideline(w, err, "the hosted feed wants fewer than 50 columns");
	if (st != DF_OK)
		return st;
	if (!map_has_header(w->map) &&
	    (row->fault != NULL || !map_is_header(w->map, row->cells, row->n_cells)))
		return DF_OK;

	struct rows_cell *own = NULL;
	st = map_first_row(w, rows, row, &own, err);
	w->trailing = own != NULL;
	if (st == DF_REJECT) {
		document_hint_header(rows, row, err);
		df_err_place(err, NULL, row->line, NULL);
	}
	if (st != DF_OK)
		goto cleanup;
	if (w->handlers->header != NULL)
		st = w->handlers->header(w->ctx, row, err);
cleanup:
	free(own);
	return st;
}

/* ---- rows ---- */

/* Without a header, the first good row gives the columns. */
static enum df_status pass_first_rows(struct document_pass *w, struct rows *rows,
				      struct rows_row *row, struct df_err *err)
{
	const struct batch_settings sizes = document_pass_sizes(w);
	for (;;) {
		enum df_status st = DF_OK;
		if (row->fault == NULL)
			st = map_no_header(w->map, row->cells, row->n_cells, err);
		if (st == DF_REJECT)
			document_hint_first(rows, row, err);
		if (st != DF_OK)
			return st;
		bool mapped = row->fault == NULL;
		st = document_pass_one(w, &sizes, row, err);
		if (st != DF_OK || mapped)
			return st;
		st = rows_next(rows, row, err);
		if (st != DF_OK)
			return st;
	}
}

static enum df_status pass_rows(struct document_pass *w, struct rows *rows, struct df_err *err)
{
	struct rows_row row;
	enum df_status st = pass_header(w, rows, &row, err);
	if (st == DF_OK && !map_has_header(w->map))
		st = pass_first_rows(w, rows, &row, err);
	const struct conf_rows *c = &w->feed->rows;
	/* what comments say is read in one piece */
	bool counts = c->count != NULL && c->comment != 0;
	bool parts = w->jobs > 1 && !counts && !map_in_order(w->map) && w->whole == NULL;
	if (st == DF_OK)
		st = parts ? document_pass_parts(w, rows, err)
			   : document_pass_rows_until(w, rows, UINT64_MAX, err);
	if (st == DF_END)
		st = document_count_check(w, rows, err);
	return st == DF_END ? DF_OK : st;
}

static enum map_want wanted(const struct document_pass *w)
{
	if (batch_form_of(w->feed)->check != NULL)
		return MAP_WANT_ALL;
	if (w->handlers->record == NULL && w->shared == NULL)
		return MAP_WANT_VERDICT;
	return w->lengths ? MAP_WANT_LENGTHS : MAP_WANT_ALL;
}

static enum df_status pass_open(struct document_pass *w, struct rows **rows, struct df_err *err)
{
	enum df_status st = map_open(w->feed, w->doc->event_type, &w->map, err);
	if (st != DF_OK)
		return st;
	if (w->begun_ms != 0)
		map_begun(w->map, w->begun_ms);
	st = document_guidelines_of_file(w, err);
	if (st != DF_OK)
		return st;
	st = document_rows_open(w->feed, w->doc, map_has_header(w->map), &w->bytes, rows, err);
	if (st != DF_OK)
		return st;

	w->start = rows_start(*rows);
	w->end = rows_end(*rows);
	map_want(w->map, wanted(w));
	return DF_OK;
}

/* Fills w->whole, where the sink wants that. What else refuses the document is left to the pass
 * itself, which finds it as well. */
static enum df_status find_whole(struct document_pass *w, struct df_err *err)
{
	static const struct document_pass_handlers none;
	struct df_err why = {0};
	if (document_pass_sizes(w).form->whole_user == NULL || w->whole != NULL)
		return DF_OK;
	struct document_pass first = {
	    .feed = w->feed,
	    .file = w->file,
	    .doc = w->doc,
	    .begun_ms = w->begun_ms,
	    .handlers = &none,
	    .whole = document_whole_new(w->feed->batch.group_window),
	    .finds = true,
	};
	enum df_status st = document_pass(&first, &why);
	if (st == DF_REJECT && !document_whole_is_full(first.whole))
		st = DF_OK;
	if (st != DF_OK) {
		*err = why;
	} else {
		w->whole = first.whole;
		first.whole = NULL;
	}
	document_pass_end(&first);
	return st;
}

enum df_status document_pass(struct document_pass *w, struct df_err *err)
{
	struct rows *rows = NULL;
	enum df_status st = find_whole(w, err);
	if (st != DF_OK)
		return st;
	document_places_begin(w->places);
	st = pass_open(w, &rows, err);
	if (st == DF_OK)
		st = pass_rows(w, rows, err);
	if (st == DF_OK)
		document_places_end(w->places);
	if (w->map != NULL)
		document_hint_end(w, rows, st, err);
	if (st == DF_OK && rows != NULL)
		document_skipped_note(w, rows);
	rows_close(rows);
	return st;
}

enum df_status document_pass_header(struct document_pass *w, struct df_err *err)
{
	struct rows *rows = NULL;
	struct rows_row row = {0};
	enum df_status st = pass_open(w, &rows, err);
	if (st != DF_OK)
		goto cleanup;
	st = pass_header(w, rows, &row, err);
cleanup:
	rows_close(rows);
	return st == DF_END ? DF_OK : st;
}

struct map_warning *document_pass_warnings(const struct document_pass *w, size_t *n)
{
	const struct map_warning *of_map = NULL;
	struct map_warning *shared = NULL;
	size_t n_map = w->map != NULL ? map_warnings(w->map, &of_map) : 0;
	size_t n_shared = w->shared != NULL ? document_shared_warnings(w->shared, &shared) : 0;
	struct map_warning *list = df_alloc((n_map + n_shared + w->n_notes) * sizeof(*list));
	*n = 0;
	for (size_t i = 0; i < n_map; i++)
		list[(*n)++] = of_map[i];
	for (size_t i = 0; i < n_shared; i++)
		list[(*n)++] = shared[i];
	for (size_t i = 0; i < w->n_notes; i++)
		list[(*n)++] = w->notes[i];
	free(shared);
	return list;
}

void document_pass_end(struct document_pass *w)
{
	map_close(w->map);
	w->map = NULL;
	free(w->notes);
	w->notes = NULL;
	w->n_notes = 0;
	w->hints = (struct document_hints){0};
	w->times = (struct ledger_times){0};
	w->rows = w->rejected = w->skipped = w->late = 0;
	w->long_row = w->trailing = false;
	document_whole_free(w->whole);
	w->whole = NULL;
}
