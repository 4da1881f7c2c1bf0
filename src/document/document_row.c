/* SPDX-License-Identifier: MIT */
/* One row of a pass: checked, mapped, counted. */
#include "document_pass.h"
#include "document_places.h"
#include "document_whole.h"

#include <stdio.h>
#include <strings.h>

static void only_fault(struct map_record *record, const char *code, size_t column, const char *name)
{
	record->n_faults = 1;
	record->faults[0].code = code;
	record->faults[0].column = column;
	record->faults[0].name = name;
}

/* A second header in mid-document, as joined files have it, perhaps with a mark of UTF-8 or a form
 * feed before it, or in other letters (a warehouse writes its own columns' names in capitals). No
 * row of data has the name of each column in it, an identity's among them. In a reject file our own
 * columns say where that row was. */
bool document_repeats_header(const struct map *m, const struct rows_row *row)
{
	if (!map_has_header(m) || row->n_cells != map_columns(m))
		return false;
	for (size_t i = 0; i < row->n_cells; i++) {
		const char *name = map_column_name(m, i + 1);
		const struct rows_cell cell = map_heading_cell(row, i);
		if (map_own_column(name))
			continue;
		if (strncasecmp(name, cell.p, cell.len) != 0 || name[cell.len] != '\0')
			return false;
	}
	return true;
}

/* Nearly all rows differ from the header in their first byte. */
static inline bool may_repeat_header(const struct map *m, const struct rows_row *row)
{
	const struct rows_cell *first = row->cells;
	return row->n_cells == 0 || first->len == 0 || first->p[0] == '\xef' ||
	       first->p[0] == '\f' || ((first->p[0] ^ map_column_name(m, 1)[0]) & ~0x20) == 0 ||
	       (map_column_name(m, 1)[0] == 'd' && map_own_column(map_column_name(m, 1)));
}

/* Where a row may be another header, or a trailer. */
static inline bool is_near_edge(const struct rows_row *row)
{
	return row->offset < MAP_STRAY_BEGIN || row->left < MAP_STRAY_END;
}

struct batch_settings document_pass_sizes(const struct document_pass *w)
{
	return (struct batch_settings){.form = batch_form_for(w->feed, w->doc->event_type),
				       .options = w->feed,
				       .event_type = w->doc->event_type,
				       .begun_ms = w->begun_ms};
}

static void repeats(struct map_record *record)
{
	only_fault(record, "repeated-header", 0, "");
	snprintf(record->faults[0].text, sizeof(record->faults[0].text),
		 "the row repeats the header; was the file joined from several ones?");
}

/* Is it a header, which no row of the document can follow unless it is the same? */
static bool names_columns(const struct map *m, const struct rows_row *row,
			  struct map_record *record)
{
	const enum map_heading heading = map_heading(m, row);
	if (heading == MAP_HEADING_NONE)
		return false;
	repeats(record);
	record->refuses = heading == MAP_HEADING_OTHER;
	return true;
}

bool document_pass_check_row(struct map *m, const struct batch_settings *sizes,
			     const struct rows_row *row, struct map_record *record)
{
	struct map_fault *fault = &record->faults[0];
	record->late = record->refuses = false;
	if (row->fault != NULL) {
		only_fault(record, row->fault, row->fault_column,
			   map_column_name(m, row->fault_column));
		snprintf(fault->text, sizeof(fault->text), "%s", row->fault_text);
		map_above(m, NULL, 0);
		return false;
	}
	if (may_repeat_header(m, row) && document_repeats_header(m, row)) {
		repeats(record);
		return false;
	}
	enum df_status st = map_row_read(m, row, record);
	if (st != DF_END && names_columns(m, row, record))
		return false;
	if (st != DF_END && is_near_edge(row) && map_stray_row(m, row, fault)) {
		record->n_faults = 1;
		return false;
	}
	if (st != DF_OK)
		return false;
	if (!batch_record_too_large(sizes, record)) {
		bool good = sizes->form->check == NULL || sizes->form->check(sizes, record, fault);
		record->n_faults = !good;
		return good;
	}
	only_fault(record, "row-too-large", 0, "");
	snprintf(fault->text, sizeof(fault->text),
		 "the row alone makes a batch of more than %u bytes, the API's limit",
		 BATCH_MAX_BYTES);
	return false;
}

static uint64_t user_of(const struct document_pass *w, const struct map_record *record)
{
	const struct batch_settings sizes = document_pass_sizes(w);
	return sizes.form->whole_user(&sizes, record);
}

static enum df_status take_reject(struct document_pass *w, const struct batch_row *where,
				  const struct map_fault *faults, size_t n, struct df_err *err)
{
	w->rejected++;
	document_hint_reject(w, where, faults[0].code);
	const struct document_pass_reject r = {.where = *where, .faults = faults, .n_faults = n};
	document_places_add(w->places, &r);
	return w->handlers->reject != NULL ? w->handlers->reject(w->ctx, &r, err) : DF_OK;
}

static enum df_status take_sound(struct document_pass *w, const struct batch_row *where,
				 const struct map_record *record, struct df_err *err)
{
	struct map_fault fault;
	bool alone = w->whole == NULL || w->finds || document_whole_is_empty(w->whole);
	if (!alone && document_whole_lacks(w->whole, user_of(w, record), &fault))
		return take_reject(w, where, &fault, 1, err);
	if (w->shared != NULL)
		document_shared_row(w->shared, record);
	return w->handlers->record != NULL ? w->handlers->record(w->ctx, record, where, err)
					   : DF_OK;
}

bool document_pass_row_is_long(uint64_t length)
{
	return length > DOCUMENT_GUIDELINE_ROW;
}

static enum df_status refuse_joined(struct document_pass *w, const struct batch_row *where,
				    struct df_err *err)
{
	w->hints.explained = true;
	df_err_place(err, NULL, where->line, NULL);
	return df_fail(DF_REJECT, err, "malformed-csv",
		       "the row is another header, whose columns are others or in another order: "
		       "the rows after it do not belong below the document's columns; was the file "
		       "joined from several ones? Split it before this line");
}

enum df_status document_pass_take_row(struct document_pass *w, struct batch_row *where,
				      const struct map_record *record, bool sound,
				      struct df_err *err)
{
	enum df_status st = DF_OK;
	if (!sound && record->refuses)
		return refuse_joined(w, where, err);
	if (document_pass_row_is_long(where->length) && !w->long_row) {
		w->long_row = true;
		st = document_guideline(w, err, "the hosted feed wants rows of less than 80 KB");
	}
	where->number = ++w->rows;
	if (w->progress != NULL) {
		atomic_store_explicit(&w->progress->rows, w->rows, memory_order_relaxed);
		atomic_store_explicit(&w->progress->bytes, where->offset, memory_order_relaxed);
	}
	if (st != DF_OK)
		return st;
	if (sound)
		return take_sound(w, where, record, err);
	if (record->n_faults == 0) {
		w->skipped++;
		return DF_OK;
	}
	w->late += record->late;
	if (w->finds)
		return document_whole_add(w->whole, user_of(w, record), where->line, err);
	return take_reject(w, where, record->faults, record->n_faults, err);
}

enum df_status document_pass_one(struct document_pass *w, const struct batch_settings *sizes,
				 const struct rows_row *row, struct df_err *err)
{
	struct map_record record;
	record.ids_len = 0; /* of a row that is not mapped nobody knows whose it is */
	bool sound = document_pass_check_row(w->map, sizes, row, &record);
	struct batch_row where = {.line = row->line, .offset = row->offset, .length = row->length};
	enum df_status st = document_pass_take_row(w, &where, &record, sound, err);
	if (st != DF_OK || !df_stop_requested)
		return st;
	return df_fail(DF_RETRY, err, NULL, "stopped by a signal; the next run goes on from here");
}

enum df_status document_pass_rows_until(struct document_pass *w, struct rows *rows, uint64_t until,
					struct df_err *err)
{
	const struct batch_settings sizes = document_pass_sizes(w);
	struct rows_row row;
	enum df_status st = DF_OK;
	while (st == DF_OK && rows_tell(rows).offset < until) {
		st = rows_next(rows, &row, err);
		if (st != DF_OK)
			break;
		st = document_pass_one(w, &sizes, &row, err);
	}
	return st;
}
