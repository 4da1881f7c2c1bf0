/* SPDX-License-Identifier: MIT */
#include "run_priv.h"

#include <stdio.h>
#include <stdlib.h>

/* Guidelines of the hosted feed, as its documentation gives them. */
#define GUIDELINE_MIN_BYTES UINT64_C(5000000)
#define GUIDELINE_MAX_BYTES UINT64_C(2000000000)
#define GUIDELINE_COLUMNS   50
#define GUIDELINE_ROW_BYTES 80000

static enum df_status guideline(struct walk *w, struct df_err *err, const char *text)
{
	if (w->feed->guidelines == CONF_OFF)
		return DF_OK;
	if (w->feed->guidelines == CONF_ENFORCE)
		return df_fail(DF_REJECT, err, "guideline", "%s (guidelines = enforce)", text);
	w->guideline = df_realloc(w->guideline, (w->n_guideline + 1) * sizeof(*w->guideline));
	struct map_warning *g = &w->guideline[w->n_guideline++];
	snprintf(g->code, sizeof(g->code), "guideline");
	snprintf(g->text, sizeof(g->text), "%s", text);
	return DF_OK;
}

static enum df_status guidelines_of_file(struct walk *w, struct df_err *err)
{
	struct decode_name name;
	struct df_err ignored = {0};
	enum df_status st = DF_OK;
	if (decode_name_parse(w->file, &name, &ignored) == DF_OK && strpbrk(name.stem, "-.") != NULL)
		st = guideline(w, err,
			       "the hosted feed wants no dash and no dot in a file's name before its event type");
	if (st == DF_OK && w->doc->length < GUIDELINE_MIN_BYTES)
		st = guideline(w, err, "the hosted feed wants files of 5 MB at least");
	if (st == DF_OK && w->doc->length > GUIDELINE_MAX_BYTES)
		st = guideline(w, err, "the hosted feed wants files of 2 GB at most");
	return st;
}

/* The document's first row: the header, or where there is none, data. */
static enum df_status walk_header(struct walk *w, struct rows *rows, struct rows_row *row, struct df_err *err)
{
	enum df_status st = rows_next(rows, row, err);
	if (st == DF_END)
		return map_has_header(w->map)
			   ? df_fail(DF_REJECT, err, "empty-file", "the document has neither a header nor rows")
			   : DF_END;
	if (st != DF_OK)
		return st;
	if (row->n_cells >= GUIDELINE_COLUMNS)
		st = guideline(w, err, "the hosted feed wants fewer than 50 columns");
	if (st != DF_OK)
		return st;
	if (!map_has_header(w->map))
		return DF_OK;
	if (row->fault != NULL) {
		df_err_place(err, NULL, row->line, 0, NULL);
		bool text = strcmp(row->fault, "invalid-utf8") == 0;
		return df_fail(DF_REJECT, err, text ? "not-utf8" : "malformed-csv", "the header: %s", row->fault_text);
	}
	st = map_header(w->map, row->cells, row->n_cells, err);
	if (st == DF_REJECT)
		df_err_place(err, NULL, row->line, 0, NULL);
	if (st == DF_OK && w->handlers->header != NULL)
		st = w->handlers->header(w->ctx, row, err);
	return st;
}

static enum df_status walk_reject_row(struct walk *w, const struct batch_row *where, const struct map_fault *faults,
				      size_t n, struct df_err *err)
{
	w->rejected++;
	if (w->handlers->reject == NULL)
		return DF_OK;
	struct walk_reject r = {.where = *where, .faults = faults, .n_faults = n};
	return w->handlers->reject(w->ctx, &r, err);
}

static enum df_status walk_row(struct walk *w, const struct rows_row *row, const struct batch_settings *sizes,
			       struct df_err *err)
{
	struct batch_row where = {.number = ++w->rows, .line = row->line, .offset = row->offset, .length = row->length};
	if (row->fault != NULL) {
		struct map_fault own = {0};
		own.code = row->fault;
		own.column = row->fault_column;
		own.name = row->fault_column != 0 ? map_column_name(w->map, row->fault_column) : "";
		snprintf(own.text, sizeof(own.text), "%s", row->fault_text);
		return walk_reject_row(w, &where, &own, 1, err);
	}
	struct map_record record;
	if (map_row(w->map, row->cells, row->n_cells, &record) != DF_OK)
		return walk_reject_row(w, &where, record.faults, record.n_faults, err);
	if (batch_record_too_large(sizes, &record)) {
		struct map_fault own = {0};
		own.code = "row-too-large";
		own.name = "";
		snprintf(own.text, sizeof(own.text),
			 "the row alone makes a batch of more than %u bytes, the API's limit", BATCH_MAX_BYTES);
		return walk_reject_row(w, &where, &own, 1, err);
	}
	return w->handlers->record != NULL ? w->handlers->record(w->ctx, &record, &where, err) : DF_OK;
}

static enum df_status walk_rows(struct walk *w, struct rows *rows, struct df_err *err)
{
	const struct batch_settings sizes = {.event_type = w->doc->event_type};
	struct rows_row row;
	bool warned_row = false, mapped = map_has_header(w->map);
	enum df_status st = walk_header(w, rows, &row, err);
	if (st == DF_OK && mapped)
		st = rows_next(rows, &row, err);
	while (st == DF_OK) {
		if (row.length > GUIDELINE_ROW_BYTES && !warned_row) {
			warned_row = true;
			st = guideline(w, err, "the hosted feed wants rows of less than 80 KB");
		}
		if (st == DF_OK && !mapped &&
		    row.fault == NULL) { /* without a header, the first good row tells the columns */
			mapped = true;
			st = map_no_header(w->map, row.cells, row.n_cells, err);
		}
		if (st == DF_OK)
			st = walk_row(w, &row, &sizes, err);
		if (st == DF_OK && df_stop_requested)
			st = df_fail(DF_RETRY, err, NULL, "stopped by a signal; the next run goes on from here");
		if (st == DF_OK)
			st = rows_next(rows, &row, err);
	}
	return st == DF_END ? DF_OK : st;
}

enum df_status walk_document(struct walk *w, struct df_err *err)
{
	struct rows *rows = NULL;
	enum df_status st = map_open(w->feed, w->doc->event_type, &w->map, err);
	if (st == DF_OK)
		st = guidelines_of_file(w, err);
	if (st == DF_OK)
		st = rows_open(w->doc->fd, w->doc->offset, w->doc->length, &rows, err);
	if (st == DF_OK)
		st = walk_rows(w, rows, err);
	rows_close(rows);
	return st;
}

struct map_warning *walk_warnings(const struct walk *w, size_t *n)
{
	const struct map_warning *of_map = NULL;
	size_t n_map = w->map != NULL ? map_warnings(w->map, &of_map) : 0;
	*n = n_map + w->n_guideline;
	struct map_warning *list = df_alloc(*n * sizeof(*list));
	for (size_t i = 0; i < *n; i++)
		list[i] = i < n_map ? of_map[i] : w->guideline[i - n_map];
	return list;
}

void walk_end(struct walk *w)
{
	map_close(w->map);
	w->map = NULL;
	free(w->guideline);
	w->guideline = NULL;
	w->n_guideline = 0;
	w->rows = w->rejected = 0;
}
