/* SPDX-License-Identifier: MIT */
/* A row's cells run through the ops of a program, which write its members. Nothing is allocated
 * (but for the buffers' growth) and nothing is looked up by name. */
#include "map_ops.h"

#include "map_cell.h"
#include "map_derive.h"
#include "map_json.h"
#include "map_notes.h"
#include "map_placeholder.h"
#include "map_quick.h"
#include "map_row.h"
#include "map_run.h"
#include "map_state.h"
#include "map_tree.h"

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
		map_note_cut(r->m, op);
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

/* 12,50 and 1.234,5; 1,234 may be meant otherwise. */
static bool has_decimal_comma(const struct rows_cell *cell)
{
	const char *comma = memchr(cell->p, ',', cell->len);
	if (comma == NULL || comma == cell->p || !df_is_digit(comma[-1]))
		return false;
	const char *end = cell->p + cell->len;
	size_t digits = 0;
	for (const char *p = comma + 1; p < end && df_is_digit(*p); p++)
		digits++;
	return digits > 0 && digits != 3 && comma + 1 + digits == end;
}

#define LONGEST_PATTERN 128

/* 31/12/2026 where the pattern begins with the month. */
static bool has_day_for_month(const struct map *m, const struct rows_cell *cell)
{
	struct time_format exchanged = m->time;
	char pattern[LONGEST_PATTERN];
	const char *code, *why;
	int64_t ms;
	if (m->time.mode != TIME_FORMAT || strlen(m->time.format) >= sizeof(pattern))
		return false;
	memcpy(pattern, m->time.format, strlen(m->time.format) + 1);
	for (char *p = pattern; *p != '\0'; p++)
		if (*p == '%' && *++p != '\0')
			*p = *p == 'd' || *p == 'e' ? 'm' : *p == 'm' ? 'd' : *p;
	exchanged.format = pattern;
	return time_parse(&exchanged, cell->p, cell->len, &ms, &code, &why);
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
	if (fault.code == NULL)
		return;
	map_run_fault(r, fault.code, op->column, "%s", fault.text);
	if (op->type == SCHEMA_NUMBER && has_decimal_comma(cell))
		map_note_placeholder(r->m, op, MAP_NOTE_COMMA);
	if (strcmp(fault.code, "bad-timestamp") == 0 && has_day_for_month(r->m, cell))
		map_note_placeholder(r->m, op, MAP_NOTE_DAY);
}

/* Of an identity that is a number its value counts: 00 and -0 are 0. */
static bool is_placeholder(const struct map_op *op, const struct rows_cell *cell, size_t *kind)
{
	char digits[32];
	long long value = 1;
	if (op->type == SCHEMA_INTEGER && cell->len < sizeof(digits)) {
		memcpy(digits, cell->p, cell->len);
		digits[cell->len] = '\0';
		char *end = digits;
		value = strtoll(digits, &end, 10);
		if (*end != '\0')
			value = 1;
	}
	if (value == 0)
		return map_placeholder("0", 1, kind);
	if (value == -1)
		return map_placeholder("-1", 2, kind);
	return map_placeholder(cell->p, cell->len, kind);
}

/* An identity that is a placeholder counts as empty; or it is a fault, and false. */
static bool check_identity(struct map_run *r, const struct map_op *op, struct rows_cell *cell)
{
	size_t kind;
	if (!r->m->guards_ids)
		return true;
	if (!is_placeholder(op, cell, &kind)) {
		map_note_identity(r->m, op, op->type, cell);
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
		if (d != NULL && d->nameless)
			map_note_placeholder(r->m, op, MAP_NOTE_MADE);
		leaf_empty(r, op);
		return;
	}
	size_t kind;
	if (op->flags & SCHEMA_ID)
		r->identified = true;
	else if ((op->type == SCHEMA_STRING || op->type == SCHEMA_ITEMS) &&
		 map_null_marker_may(cell.p, cell.len) && map_null_marker(cell.p, cell.len, &kind))
		map_note_placeholder(r->m, op, kind);
	leaf_value(r, op, &cell);
}

void map_ops_need(struct map_run *r, const struct map_node *node, unsigned missing)
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
		map_ops_need(r, op->node, missing);
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

unsigned map_ops_run(struct map_run *r, const struct map_program *program, struct df_buf *out)
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
