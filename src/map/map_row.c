/* SPDX-License-Identifier: MIT */
/* The hot path: a row's cells run through the ops. Nothing is allocated (but for the buffers'
 * growth) and nothing is looked up by name. */
#include "map_row.h"

#include "map_cell.h"
#include "map_derive.h"
#include "map_json.h"
#include "map_notes.h"
#include "map_own.h"
#include "map_placeholder.h"
#include "map_planned.h"
#include "map_planned_columns.h"
#include "map_program.h"
#include "map_quick.h"
#include "map_rows.h"
#include "map_run.h"
#include "map_state.h"
#include "map_tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* A member's name, after a comma where it is not the first. */
static inline void add_head(struct map_run *r, const struct map_op *op)
{
	struct df_buf *out = r->out;
	size_t comma = out->len > r->frame->body, len = op->head_len + comma;
	const char *head = op->head - comma;
	if (out->cap - out->len < len + MAP_PIECE) {
		df_buf_add(out, head, len);
		return;
	}
	char *at = out->data + out->len;
	for (size_t i = 0; i < len; i += MAP_PIECE)
		memcpy(at + i, head + i, MAP_PIECE);
	out->len += len;
}

/* An identity has been written. */
static void note_row_id(struct map_run *r, size_t start)
{
	size_t from = start + (start > r->frame->body);
	r->identified = true;
	if (r->m->ids.len > 0)
		df_buf_addc(&r->m->ids, ',');
	if (!r->out->over)
		df_buf_add(&r->m->ids, r->out->data + from, r->out->len - from);
}

/* A leaf has been written; `start` is where its name begins, or the comma before it. */
static inline void leaf_done(struct map_run *r, const struct map_op *op, size_t start)
{
	r->frame->count++;
	if (op->flags & SCHEMA_ID)
		note_row_id(r, start);
	else if (op->flags & MAP_BATCH_TIME)
		r->record->batch_tail = r->out->len - start;
}

/* A manifest's static time: milliseconds by now. */
static bool fixed_time(struct map_run *r, const struct map_op *op)
{
	const char *why = NULL;
	r->record->timestamp_ms = strtoll(op->fallback, NULL, 10);
	r->record->has_timestamp = time_in_range(&r->m->time, r->record->timestamp_ms, &why);
	r->record->late = r->record->timestamp_ms >= r->m->time.range.last;
	if (!r->record->has_timestamp)
		map_run_fault(r, "bad-timestamp", op->column, "%s: %s", op->node->path, why);
	return r->record->has_timestamp;
}

/* Appends nothing when the JSON holds nothing. */
static bool json_cell(struct map_run *r, const struct map_op *op, const struct rows_cell *cell,
		      struct map_cell_fault *fault)
{
	struct map_json json = {
	    .m = r->m, .arena = &r->m->arena, .out = r->out, .ids = &r->m->ids, .fault = fault};
	size_t from = r->out->len;
	json.op = op;
	json.notes = r->m;
	json.deleted = op->flags & MAP_DELETABLE ? &r->m->deleted : NULL;
	bool ok = map_json_emit(&json, op->node->field, cell->p, cell->len);
	r->identified = r->identified || (!ok && schema_field_holds_id(op->node->field));
	if (json.truncated && ok)
		map_run_truncated(r, op);
	return ok && r->out->len > from;
}

/* The cell is empty. */
static void leaf_empty(struct map_run *r, const struct map_op *op)
{
	if (op->fallback == NULL) {
		if ((op->flags & MAP_DELETABLE) != 0 && op->type != SCHEMA_JSON) {
			if (r->m->deleted.len > 0)
				df_buf_addc(&r->m->deleted, ',');
			/* but for the colon */
			df_buf_add(&r->m->deleted, op->head, op->head_len - 1);
		}
		return;
	}
	if (op->unless != MAP_NONE && r->cells[op->unless].len > 0)
		return;
	if (!map_run_has_room(r, op))
		return;
	size_t start = r->out->len;
	r->frame->seen |= op->bit;
	if ((op->flags & MAP_EVENT_TIME) != 0 && !fixed_time(r, op))
		return;
	add_head(r, op);
	df_buf_add(r->out, op->fallback, op->fallback_len);
	leaf_done(r, op, start);
}

/* A value of a column of the document that no limit can touch. False: it is not that, or faulty,
 * and nothing has happened. */
static bool leaf_common(struct map_run *r, const struct map_op *op)
{
	struct df_buf *out = r->out;
	size_t start = out->len;
	const struct rows_cell *cell = &r->cells[op->column];
	const struct map_frame *frame = r->frame;
	if (cell->len == 0 || (frame->limit != 0 && frame->count >= frame->limit) ||
	    !map_quick_cell(r->m, op, cell->p, cell->len))
		return false;

	add_head(r, op);
	bool ok = true;
	if (op->type == SCHEMA_STRING)
		df_json_string(out, cell->p, cell->len);
	else if (op->flags & MAP_EVENT_TIME)
		ok = map_run_event_time(r, cell->p, cell->len, out, &r->m->fault);
	else
		ok = map_cell_emit(r->m, op->type, op->node->field, cell, out, &r->m->fault);
	if (!ok) {
		out->len = start;
		return false;
	}
	r->frame->seen |= op->bit;
	leaf_done(r, op, start);
	return true;
}

/* The value as JSON. False: there is a fault, or (JSON alone) nothing in it. */
static bool emit_value(struct map_run *r, const struct map_op *op, const struct rows_cell *cell,
		       struct map_cell_fault *fault)
{
	if (op->type == SCHEMA_STRING || op->type == SCHEMA_ITEMS) {
		df_json_string(r->out, cell->p, cell->len);
		return true;
	}
	if (op->type == SCHEMA_JSON)
		return json_cell(r, op, cell, fault);
	if (op->flags & MAP_EVENT_TIME)
		return map_run_event_time(r, cell->p, cell->len, r->out, fault);
	return map_cell_emit(r->m, op->type, op->node->field, cell, r->out, fault);
}

static void leaf_value(struct map_run *r, const struct map_op *op, struct rows_cell *cell)
{
	/* the least of the limits */
	bool questionable = cell->len > MAP_MAX_NAME || (op->flags & MAP_LONG_NAME) != 0;
	if ((r->frame->limit != 0 && !map_run_has_room(r, op)) ||
	    (questionable && !map_run_fits(r, op, cell))) {
		r->frame->seen |= op->bit;
		return;
	}

	size_t start = r->out->len;
	struct map_cell_fault fault;
	fault.code = NULL;
	add_head(r, op);
	bool ok = emit_value(r, op, cell, &fault);
	if (ok || fault.code != NULL) /* a faulty value is not missing, too */
		r->frame->seen |= op->bit;
	if (ok) {
		leaf_done(r, op, start);
		return;
	}
	r->out->len = start;
	if (fault.code != NULL)
		map_run_fault(r, fault.code, op->column, "%s", fault.text);
}

/* An identity that is a placeholder counts as empty; or it is a fault, and false. */
static bool check_identity(struct map_run *r, const struct map_op *op, struct rows_cell *cell)
{
	size_t kind;
	if (!r->m->guards_ids)
		return true;
	if (!map_placeholder(cell->p, cell->len, &kind)) {
		if (map_run_is_padded(cell->p, cell->len))
			map_note_placeholder(r->m, op, MAP_NOTE_PADDED);
		else if (map_unseen_end(cell->p, cell->len))
			map_note_placeholder(r->m, op, MAP_NOTE_UNSEEN);
		return true;
	}
	if (r->m->placeholder_ids == CONF_PLACEHOLDER_EMPTY) {
		map_note_placeholder(r->m, op, kind);
		cell->len = 0;
		return true;
	}
	char value[64];
	map_placeholder_name(kind, value, sizeof(value));
	map_run_fault(r, "missing-identity", op->column,
		      "the value is a placeholder (%s) that identifies nobody; correct it%s", value,
		      schema_event_requests(r->m->event)
			  ? " or leave the cell empty"
			  : ", leave the cell empty, or set placeholder_ids");
	r->frame->seen |= op->bit;
	r->identified = true;
	return false;
}

static void leaf(struct map_run *r, const struct map_op *op)
{
	struct rows_cell cell = {0};
	const struct map_derived *d = r->m->n_derived > 0 ? map_derived_of(r->m, op->column) : NULL;
	if (op->type == SCHEMA_SPREAD) {
		map_run_spread(r, op);
		return;
	}
	if (d != NULL && d->faulty) { /* that is reported already; it is not missing as well */
		r->frame->seen |= op->bit;
		r->identified = r->identified || (op->flags & SCHEMA_ID) != 0;
		return;
	}
	if (op->column != MAP_NONE)
		cell = r->cells[op->column];
	if (op->type == SCHEMA_ITEMS && map_run_items(r, op, &cell))
		return;
	if (op->type != SCHEMA_STRING && op->type != SCHEMA_STRINGS && op->type != SCHEMA_ITEMS &&
	    cell.len > 0 && (cell.p[0] <= ' ' || cell.p[cell.len - 1] <= ' '))
		map_cell_trim(&cell.p, &cell.len);
	if (cell.len > 0 && (op->flags & SCHEMA_ID) != 0 && !check_identity(r, op, &cell))
		return;
	if (cell.len == 0) {
		leaf_empty(r, op);
		return;
	}
	size_t kind;
	if (op->flags & SCHEMA_ID)
		r->identified = true;
	else if (op->type == SCHEMA_STRING && map_null_marker_may(cell.p, cell.len) &&
		 map_null_marker(cell.p, cell.len, &kind))
		map_note_placeholder(r->m, op, kind);
	leaf_value(r, op, &cell);
}

/* Names the members that the schema requires and that had no value. */
static void check_need(struct map_run *r, const struct map_node *node, unsigned missing)
{
	if (schema_event_requests(r->m->event)) { /* it requires one thing */
		map_run_fault(r, "missing-value", MAP_NONE,
			      "nothing says under which law the request is made: fill in "
			      "request.regulation (gdpr or ccpa), or set the feed's regulation");
		return;
	}
	for (size_t i = 0; i < node->n_children && missing != 0; i++) {
		const struct map_node *child = node->children[i];
		if ((child->bit & missing) == 0)
			continue;
		missing &= ~child->bit;
		map_run_fault(r, "missing-value",
			      child->kind == MAP_NODE_LEAF ? child->column : MAP_NONE,
			      "%s is empty, but %s needs it; fill it in%s", child->path,
			      node->path[0] != '\0' ? node->path : "the batch",
			      child->kind == MAP_NODE_LEAF && node->key != NULL
				  ? " or leave all of that object empty"
				  : "");
	}
}

static void open_object(struct map_run *r, const struct map_op *op)
{
	size_t start = r->out->len;
	add_head(r, op);
	struct map_frame *frame = ++r->frame;
	frame->start = start;
	frame->body = r->out->len;
	frame->seen = frame->count = 0;
	frame->limit = op->limit;
	if (op->flags & MAP_DELETED)
		df_buf_add(r->out, r->m->deleted.data, r->m->deleted.len);
}

static void close_object(struct map_run *r, const struct map_op *op)
{
	const struct map_frame *frame = r->frame--;
	if (r->out->len == frame->body) {
		r->out->len = frame->start;
		if (frame->seen != 0)
			r->frame->seen |= op->bit; /* it held faulty values only: not missing */
		if ((op->flags & MAP_DELETABLE) && !r->out->over) {
			if (r->m->deleted.len > 0)
				df_buf_addc(&r->m->deleted, ',');
			df_buf_add(&r->m->deleted, op->head, op->head_len - 1);
		}
		return;
	}
	unsigned missing = op->need & ~frame->seen;
	if (missing != 0)
		check_need(r, op->node, missing);
	/* what adjacent rows may differ in when they are folded into one event */
	if (op == r->m->fold_op) {
		r->record->fold_from = frame->body;
		r->record->fold_to = r->out->len;
		r->record->fold_items = frame->count;
	}
	df_buf_addc(r->out, op->bracket);
	r->frame->seen |= op->bit;
	if (r->frame->limit != 0 && !map_run_has_room(r, op))
		r->out->len = frame->start;
	else
		r->frame->count++;
}

static void run_ops(struct map_run *r, const struct map_program *program, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct map_op *op = &program->ops[i];
		if (op->kind == MAP_OP_LEAF && op->common && leaf_common(r, op))
			continue;
		if (op->kind == MAP_OP_LEAF)
			leaf(r, op);
		else if (op->kind == MAP_OP_OPEN)
			open_object(r, op);
		else
			close_object(r, op);
	}
}

/* One by one, under somebody's eyes. */
static void run_watched(struct map_run *r, const struct map_program *program)
{
	for (size_t i = 0; i < program->n; i++) {
		struct map_seen seen = {.op = &program->ops[i],
					.out = r->out,
					.out_before = r->out->len,
					.deleted_before = r->m->deleted.len,
					.faults_before = r->record->n_faults};
		run_ops(r, program, i, i + 1);
		r->watch->op(r->watch, &seen);
	}
}

/* Runs a program into `out` and returns what its root has seen. */
static unsigned run_program(struct map_run *r, const struct map_program *program,
			    struct df_buf *out)
{
	r->out = out;
	r->frame = r->m->frames;
	memset(r->frame, 0, sizeof(*r->frame));
	if (r->watch != NULL)
		run_watched(r, program);
	else
		run_ops(r, program, 0, program->n);
	return r->frame->seen;
}

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
	unsigned seen = run_program(r, &m->data_program, &r->m->data_out);
	if (m->data_program.need & ~seen)
		check_need(r, m->data, m->data_program.need & ~seen);
	if (m->commerce)
		check_commerce(r, seen);
}

/* The row's own ids, outside of the fragments. */
static const char *own_id(struct map_run *r, size_t column, struct df_buf *out, size_t *len)
{
	df_buf_reset(out);
	*len = 0;
	if (column == MAP_NONE || r->cells[column].len == 0)
		return NULL;
	df_json_escape(out, r->cells[column].p, r->cells[column].len);
	*len = out->len;
	return out->data;
}

static void own_ids(struct map_run *r)
{
	const struct map *m = r->m;
	struct map_record *record = r->record;
	record->request_id =
	    own_id(r, m->request_column, &r->m->request_out, &record->request_id_len);
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
	if (r->record->n_faults > 0 || schema_event_requests(m->event) ||
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
	r->identified = true; /* it is not known which cell is whose */
	record_finish(r);
	return false;
}

static enum df_status run_row(struct map_run *r)
{
	struct map *m = r->m;
	unsigned seen = run_program(r, &m->batch_program, &m->batch_out);
	if (m->batch_program.need & ~seen)
		check_need(r, m->batch, m->batch_program.need & ~seen);
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

	derive(r);
	if (schema_event_requests(m->event))
		check_request_id(r);
	m->clean = m->planner == NULL || map_planned_clean(r);
	r->simple = r->simple && r->cells == cells;
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
	struct map_run r = {.m = m, .cells = row->cells, .simple = row->simple, .record = record};
	return map_cells(&r, row->n_cells);
}
