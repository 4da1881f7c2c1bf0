/* SPDX-License-Identifier: MIT */
#include "document_pass.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* Guidelines of the hosted feed, as its documentation gives them. */
#define GUIDELINE_MIN_BYTES UINT64_C(5000000)
#define GUIDELINE_MAX_BYTES UINT64_C(2000000000)
#define GUIDELINE_COLUMNS   50
#define GUIDELINE_ROW_BYTES 80000

void document_pass_note(struct document_pass *w, const char *code, const char *text)
{
	w->notes = df_realloc(w->notes, (w->n_notes + 1) * sizeof(*w->notes));
	struct map_warning *g = &w->notes[w->n_notes++];
	snprintf(g->code, sizeof(g->code), "%s", code);
	snprintf(g->text, sizeof(g->text), "%s", text);
}

static enum df_status guideline(struct document_pass *w, struct df_err *err, const char *text)
{
	if (w->feed->map.guidelines == CONF_OFF)
		return DF_OK;
	if (w->feed->map.guidelines == CONF_ENFORCE)
		return df_fail(DF_REJECT, err, "guideline", "%s (guidelines = enforce)", text);
	document_pass_note(w, "guideline", text);
	return DF_OK;
}

static enum df_status guidelines_of_file(struct document_pass *w, struct df_err *err)
{
	struct name name;
	struct df_err ignored = {0};
	enum df_status st = DF_OK;
	if (name_parse_as(df_base_name(w->file), w->feed->decode.document_type, &name, &ignored) ==
		DF_OK &&
	    strpbrk(name.stem, "-.") != NULL)
		st = guideline(w, err,
			       "the hosted feed wants no dash and no dot in a file's name before "
			       "its event type");
	if (st == DF_OK && w->doc->length < GUIDELINE_MIN_BYTES)
		st = guideline(w, err, "the hosted feed wants files of 5 MB at least");
	if (st == DF_OK && w->doc->length > GUIDELINE_MAX_BYTES)
		st = guideline(w, err, "the hosted feed wants files of 2 GB at most");
	return st;
}

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
	if (st == DF_OK && row->n_cells >= GUIDELINE_COLUMNS)
		st = guideline(w, err, "the hosted feed wants fewer than 50 columns");
	if (st != DF_OK)
		return st;
	if (!map_has_header(w->map) &&
	    (row->fault != NULL || !map_is_header(w->map, row->cells, row->n_cells)))
		return DF_OK;

	struct rows_cell *own = NULL;
	st = map_first_row(w, rows, row, &own, err);
	w->trailing = own != NULL;
	if (st == DF_REJECT) {
		document_hint_header(rows, err);
		df_err_place(err, NULL, row->line, NULL);
	}
	if (st == DF_OK && w->handlers->header != NULL)
		st = w->handlers->header(w->ctx, row, err);
	free(own);
	return st;
}

/* ---- rows ---- */

static void only_fault(struct map_record *record, const char *code, size_t column, const char *name)
{
	record->n_faults = 1;
	record->faults[0].code = code;
	record->faults[0].column = column;
	record->faults[0].name = name;
}

/* A second header in mid-document, as joined files have it, perhaps with a mark of UTF-8 before
 * it, or in other letters (a warehouse writes its own columns' names in capitals). No row of data
 * has the name of each column in it, an identity's among them. */
bool document_repeats_header(const struct map *m, const struct rows_row *row)
{
	if (!map_has_header(m) || row->n_cells != map_columns(m))
		return false;
	for (size_t i = 0; i < row->n_cells; i++) {
		const char *name = map_column_name(m, i + 1), *p = row->cells[i].p;
		size_t len = row->cells[i].len;
		if (i == 0 && len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
			p += 3;
			len -= 3;
		}
		if (strncasecmp(name, p, len) != 0 || name[len] != '\0')
			return false;
	}
	return true;
}

/* Nearly all rows differ from the header in their first byte. */
static inline bool may_repeat_header(const struct map *m, const struct rows_row *row)
{
	const struct rows_cell *first = row->cells;
	return row->n_cells == 0 || first->len == 0 || first->p[0] == '\xef' ||
	       ((first->p[0] ^ map_column_name(m, 1)[0]) & ~0x20) == 0;
}

bool document_pass_check_row(struct map *m, const struct batch_settings *sizes,
			     const struct rows_row *row, struct map_record *record)
{
	struct map_fault *fault = &record->faults[0];
	record->late = false;
	if (row->fault != NULL) {
		only_fault(record, row->fault, row->fault_column,
			   map_column_name(m, row->fault_column));
		snprintf(fault->text, sizeof(fault->text), "%s", row->fault_text);
		return false;
	}
	if (may_repeat_header(m, row) && document_repeats_header(m, row)) {
		only_fault(record, "repeated-header", 0, "");
		snprintf(fault->text, sizeof(fault->text),
			 "the row repeats the header; was the file joined from several ones?");
		return false;
	}
	if (map_row(m, row->cells, row->n_cells, record) != DF_OK)
		return false;
	if (!batch_record_too_large(sizes, record))
		return true;
	only_fault(record, "row-too-large", 0, "");
	snprintf(fault->text, sizeof(fault->text),
		 "the row alone makes a batch of more than %u bytes, the API's limit",
		 BATCH_MAX_BYTES);
	return false;
}

bool document_pass_row_is_long(uint64_t length)
{
	return length > GUIDELINE_ROW_BYTES;
}

enum df_status document_pass_take_row(struct document_pass *w, struct batch_row *where,
				      const struct map_record *record, bool sound,
				      struct df_err *err)
{
	enum df_status st = DF_OK;
	if (document_pass_row_is_long(where->length) && !w->long_row) {
		w->long_row = true;
		st = guideline(w, err, "the hosted feed wants rows of less than 80 KB");
	}
	where->number = ++w->rows;
	if (w->progress != NULL) {
		atomic_store_explicit(&w->progress->rows, w->rows, memory_order_relaxed);
		atomic_store_explicit(&w->progress->bytes, where->offset, memory_order_relaxed);
	}
	if (st != DF_OK)
		return st;
	if (sound && w->shared != NULL)
		document_shared_row(w->shared, record);
	if (sound)
		return w->handlers->record != NULL ? w->handlers->record(w->ctx, record, where, err)
						   : DF_OK;
	if (record->n_faults == 0) {
		w->skipped++;
		return DF_OK;
	}
	w->rejected++;
	w->late += record->late;
	document_hint_reject(w, where, record->faults[0].code);
	if (w->handlers->reject == NULL)
		return DF_OK;
	struct document_pass_reject r = {
	    .where = *where, .faults = record->faults, .n_faults = record->n_faults};
	return w->handlers->reject(w->ctx, &r, err);
}

static enum df_status pass_one(struct document_pass *w, const struct batch_settings *sizes,
			       const struct rows_row *row, struct df_err *err)
{
	struct map_record record;
	bool sound = document_pass_check_row(w->map, sizes, row, &record);
	struct batch_row where = {.line = row->line, .offset = row->offset, .length = row->length};
	enum df_status st = document_pass_take_row(w, &where, &record, sound, err);
	if (st == DF_OK && df_stop_requested)
		st = df_fail(DF_RETRY, err, NULL,
			     "stopped by a signal; the next run goes on from here");
	return st;
}

enum df_status document_pass_rows_until(struct document_pass *w, struct rows *rows, uint64_t until,
					struct df_err *err)
{
	const struct batch_settings sizes = {.event_type = w->doc->event_type};
	struct rows_row row;
	enum df_status st = DF_OK;
	while (st == DF_OK && rows_tell(rows).offset < until) {
		st = rows_next(rows, &row, err);
		if (st == DF_OK)
			st = pass_one(w, &sizes, &row, err);
	}
	return st;
}

/* Without a header, the first good row gives the columns. */
static enum df_status pass_first_rows(struct document_pass *w, struct rows *rows,
				      struct rows_row *row, struct df_err *err)
{
	const struct batch_settings sizes = {.event_type = w->doc->event_type};
	bool mapped = false;
	enum df_status st = DF_OK;
	while (st == DF_OK && !mapped) {
		if (row->fault == NULL) {
			mapped = true;
			st = map_no_header(w->map, row->cells, row->n_cells, err);
		}
		if (st == DF_OK)
			st = pass_one(w, &sizes, row, err);
		if (st == DF_OK && !mapped)
			st = rows_next(rows, row, err);
	}
	return st;
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
	bool parts = w->jobs > 1 && !counts && !map_in_order(w->map);
	if (st == DF_OK)
		st = parts ? document_pass_parts(w, rows, err)
			   : document_pass_rows_until(w, rows, UINT64_MAX, err);
	if (st == DF_END)
		st = document_count_check(w, rows, err);
	return st == DF_END ? DF_OK : st;
}

static enum map_want wanted(const struct document_pass *w)
{
	if (w->handlers->record == NULL && w->shared == NULL)
		return MAP_WANT_VERDICT;
	return w->lengths ? MAP_WANT_LENGTHS : MAP_WANT_ALL;
}

enum df_status document_pass(struct document_pass *w, struct df_err *err)
{
	struct rows *rows = NULL;
	enum df_status st = map_open(w->feed, w->doc->event_type, &w->map, err);
	if (st != DF_OK)
		return st;
	if (w->begun_ms != 0)
		map_begun(w->map, w->begun_ms);
	st = guidelines_of_file(w, err);
	if (st == DF_OK)
		st = document_rows_open(w->feed, w->doc, map_has_header(w->map), &w->bytes, &rows,
					err);
	if (st == DF_OK) {
		w->start = rows_start(rows);
		w->end = rows_end(rows);
		map_want(w->map, wanted(w));
		st = pass_rows(w, rows, err);
	}
	document_hint_end(w, rows, st, err);
	rows_close(rows);
	return st;
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
	w->rows = w->rejected = w->skipped = w->late = 0;
	w->long_row = w->trailing = false;
}
