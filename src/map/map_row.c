/* SPDX-License-Identifier: MIT */
/* The hot path: a row becomes a record, or a reject. */
#include "map_row.h"

#include "map_cell.h"
#include "map_derive.h"
#include "map_notes.h"
#include "map_ops.h"
#include "map_order.h"
#include "map_own.h"
#include "map_planned.h"
#include "map_planned_columns.h"
#include "map_program.h"
#include "map_quick.h"
#include "map_rows.h"
#include "map_run.h"
#include "map_state.h"
#include "map_tree.h"

#include <string.h>

static void check_commerce(struct map_run *r, unsigned seen)
{
	unsigned actions = seen & MAP_COMMERCE_BITS;
	if (actions == 0)
		map_run_fault(r, "missing-value", MAP_NONE,
			      "a commerce event needs one of events.data.product_action, "
			      "events.data.promotion_action and "
			      "events.data.product_impressions; all are empty");
	else if ((actions & (actions - 1)) != 0)
		map_run_fault(
		    r, "conflicting-commerce", MAP_NONE,
		    "a commerce event has one of events.data.product_action, "
		    "events.data.promotion_action and "
		    "events.data.product_impressions; leave the others empty or split the row");
}

static void run_data(struct map_run *r)
{
	const struct map *m = r->m;
	df_buf_reset(&r->m->data_out);
	unsigned seen = map_ops_run(r, &m->data_program, &r->m->data_out);
	if (m->data_program.need & ~seen)
		map_ops_need(r, m->data, m->data_program.need & ~seen);
	if (m->commerce)
		check_commerce(r, seen);
}

/* Many batches have such a word, and the API drops all but the first under it. What requests bring
 * has to be a UUID. */
static bool names_none(const struct map *m, const struct rows_cell *cell, size_t *kind)
{
	return m->guards_ids && !schema_event_requests(m->event) &&
	       map_placeholder_may(m->placeholders, cell->p, cell->len) &&
	       map_placeholder(cell->p, cell->len, kind);
}

/* The row's own ids, outside of the fragments. */
static const char *own_id(struct map_run *r, size_t column, struct df_buf *out, size_t *len)
{
	size_t kind = MAP_NOTE_MADE;
	df_buf_reset(out);
	*len = 0;
	if (column == MAP_NONE)
		return NULL;
	const struct rows_cell *cell = &r->cells[column];
	const struct map_derived *d = map_derived_of(r->m, column);
	const bool nameless = cell->len == 0 && d != NULL && d->nameless;
	if (nameless || (cell->len > 0 && names_none(r->m, cell, &kind))) {
		map_note_own_id(r->m, column, kind);
		return NULL;
	}
	if (cell->len == 0)
		return NULL;
	df_json_escape(out, cell->p, cell->len);
	*len = out->len;
	return out->data;
}

static void own_ids(struct map_run *r)
{
	const struct map *m = r->m;
	struct map_record *record = r->record;
	if (m->request_column == MAP_NONE && m->message_column == MAP_NONE)
		return; /* record_reset has left them out */
	record->request_id =
	    own_id(r, m->request_column, &r->m->request_out, &record->request_id_len);
	if (m->has_own && record->request_id != NULL && !schema_event_requests(m->event))
		map_note_known_id(r->m);
	record->message_id =
	    own_id(r, m->message_column, &r->m->message_out, &record->message_id_len);
}

/* A request's own id: other versions of UUIDs are not taken. */
static void check_request_id(struct map_run *r)
{
	const struct map *m = r->m;
	struct map_cell_fault fault = {0};
	struct df_buf ignored = {0};
	if (m->request_column == MAP_NONE || r->cells[m->request_column].len == 0)
		return;
	const struct rows_cell *cell = &r->cells[m->request_column];
	bool uuid = map_cell_emit(m, SCHEMA_UUID, NULL, cell, &ignored, &fault);
	if (!uuid)
		map_run_fault(r, fault.code, m->request_column, "%s", fault.text);
	else if (cell->p[14] != '4' || strchr("89abAB", cell->p[19]) == NULL)
		map_run_fault(r, "not-a-uuid", m->request_column,
			      "a UUID of version 4 is expected, such as "
			      "123e4567-e89b-42d3-a456-426614174000; leave the cell empty and the "
			      "request gets one");
	df_buf_free(&ignored);
}

/* mpid, which is the first one, excludes all others. */
static void leave_mpid(struct map *m)
{
	struct df_buf *ids = &m->ids;
	static const char name[] = "\"mpid\":";
	const char *comma = ids->len > 0 ? memchr(ids->data, ',', ids->len) : NULL;
	if (comma == NULL || strncmp(ids->data, name, sizeof(name) - 1) != 0)
		return;
	ids->len = (size_t)(comma - ids->data);
	map_note_add(m, &(struct map_note){.what = SIZE_MAX,
					   .n = 1,
					   .code = "mpid-alone",
					   .text = "mpid excludes the other identities, which are "
						   "left out of the request"});
}

static void record_finish(struct map_run *r)
{
	struct map *m = r->m;
	struct map_record *record = r->record;
	if (m->ids.len == 0 && !r->identified)
		map_run_fault(
		    r, "missing-identity", MAP_NONE,
		    "every column that identifies the user is empty; fill in one of them");
	if (m->batch_out.over || m->data_out.over || m->ids.over)
		map_run_fault(r, "row-too-large", MAP_NONE, "the row's JSON is over %u bytes",
			      MAP_MAX_OUTPUT);
	m->planned = m->planner != NULL && record->n_faults == 0;
	if (m->planned)
		map_planned(r);
	if (schema_event_requests(m->event))
		leave_mpid(m);
	record->ids = m->ids.len > 0 ? m->ids.data : "";
	record->ids_len = m->ids.len;
	record->batch = m->batch_out.len > 0 ? m->batch_out.data : "";
	record->batch_len = m->batch_out.len;
	record->data = m->data_out.len > 0 ? m->data_out.data : "";
	if (m->data_out.len > 0) /* else it is empty, or was measured */
		record->data_len = m->data_out.len;
}

/* Puts the derived cells after the row's own. */
static void derive(struct map_run *r)
{
	struct map *m = r->m;
	if (m->n_derived == 0)
		return;
	map_derive_begin(m, r->cells);
	for (size_t i = 0; i < m->n_names; i++)
		m->cells[i] = r->cells[i];
	for (size_t i = 0; i < m->n_derived; i++) {
		struct map_cell_fault fault;
		struct map_derived *d = &m->derived[i];
		fault.code = NULL;
		d->faulty = !map_derive(m, d, r->cells, &m->cells[m->n_names + i], &fault);
		if (d->faulty && fault.code != NULL)
			map_run_fault(r, fault.code, d->column, "%s", fault.text);
		r->nameless = r->nameless || d->nameless;
	}
	r->cells = m->cells;
}

static bool is_long(const struct map_run *r, size_t column)
{
	return column != MAP_NONE && r->cells[column].len > MAP_MAX_NAME;
}

/* Most rows are mapped in one go. The data plan's own checks want the row's JSON, and so does
 * whoever asks which plan it names. */
static bool is_quick(struct map_run *r)
{
	struct map *m = r->m;
	bool names_plan = m->plan_column != MAP_NONE || m->plan_version_column != MAP_NONE;
	if (r->record->n_faults > 0 || r->nameless || schema_event_requests(m->event) ||
	    is_long(r, m->request_column) || is_long(r, m->message_column))
		return false;
	if (m->planner != NULL && (!m->clean || names_plan))
		return false;
	if (!map_quick_row(r))
		return false;

	m->planned = m->planner != NULL;
	own_ids(r);
	return true;
}

static void record_reset(struct map *m, struct map_record *record)
{
	record->n_faults = 0;
	record->ids_hash = 0;
	record->data_len = record->batch_tail = 0;
	record->no_event = false;
	record->has_timestamp = record->late = false;
	record->timestamp_ms = 0;
	record->fold_from = record->fold_to = record->fold_items = 0;
	record->order = 0;
	record->order_total = 0;
	record->request_id = record->message_id = NULL;
	record->request_id_len = record->message_id_len = 0;
	df_buf_reset(&m->ids);
	df_buf_reset(&m->batch_out);
	df_buf_reset(&m->data_out);
	df_buf_reset(&m->deleted);
}

/* Is each cell below its column? */
static bool check_places(struct map_run *r, size_t n)
{
	const struct map *m = r->m;
	const bool over = m->trailing && n == m->n_names && r->cells[n - 1].len > 0;
	if (n != m->n_names || over)
		map_run_fault(
		    r, "wrong-field-count", MAP_NONE,
		    "the row has %zu field%s where %zu %s expected; a value that holds the "
		    "delimiter or a quote has to be quoted",
		    n, df_plural(n), m->n_names - over, m->n_names - over == 1 ? "is" : "are");
	else if (m->has_own && map_own_moved(m, r->cells))
		map_run_fault(r, "wrong-field-count", MAP_NONE,
			      "the text of " MAP_COLUMN_REASON
			      " is in another column, as when a row that is too short is "
			      "filled up with empty cells: put each cell below its column");
	else
		return true;
	map_rows_lose(r->m);
	r->identified = true; /* it is not known which cell is whose */
	record_finish(r);
	return false;
}

/* Is what belongs in its empty cells known? */
static bool check_above(struct map_run *r)
{
	const struct map *m = r->m;
	if (m->rows.unknown == 0)
		return true;
	map_run_fault(r, "missing-value", m->rows.unknown - 1,
		      "fill_down gives an empty cell the value of the row above, which %s: fill "
		      "the cell in",
		      m->has_own ? "a reject file lacks" : "could not be read");
	r->identified = true;
	record_finish(r);
	return false;
}

static enum df_status run_row(struct map_run *r)
{
	struct map *m = r->m;
	unsigned seen = map_ops_run(r, &m->batch_program, &m->batch_out);
	if (m->batch_program.need & ~seen)
		map_ops_need(r, m->batch, m->batch_program.need & ~seen);
	if (m->data != NULL)
		run_data(r);
	own_ids(r);
	record_finish(r);
	return r->record->n_faults > 0 ? DF_REJECT : DF_OK;
}

/* n: of the run's cells. */
static enum df_status map_cells(struct map_run *r, size_t n)
{
	struct map *m = r->m;
	const struct rows_cell *cells = r->cells;
	record_reset(m, r->record);
	if (!check_places(r, n))
		return DF_REJECT;
	liquid_arena_reset(&m->arena);
	r->cells = map_rows_fill(m, cells);
	if (m->rows.n_skip > 0 && map_rows_skip(m, r->cells))
		return DF_END;
	if (!check_above(r))
		return DF_REJECT;

	derive(r);
	if (schema_event_requests(m->event))
		check_request_id(r);
	map_order_note(m, r->cells, r->record);
	m->clean = m->planner == NULL || map_planned_clean(r);
	if (r->cells != cells) /* which are not in the row alone */
		r->n_simple = r->length = 0;
	if (r->watch == NULL && is_quick(r))
		return DF_OK;
	return run_row(r);
}

enum df_status map_row_watched(struct map *m, const struct rows_cell *cells, size_t n,
			       struct map_record *record, struct map_watch *watch)
{
	struct map_run r = {.m = m, .cells = cells, .record = record, .watch = watch};
	return map_cells(&r, n);
}

enum df_status map_row(struct map *m, const struct rows_cell *cells, size_t n,
		       struct map_record *record)
{
	return map_row_watched(m, cells, n, record, NULL);
}

enum df_status map_row_read(struct map *m, const struct rows_row *row, struct map_record *record)
{
	struct map_run r = {.m = m,
			    .cells = row->cells,
			    .n_simple = row->n_simple,
			    .length = row->length,
			    .record = record};
	return map_cells(&r, row->n_cells);
}
