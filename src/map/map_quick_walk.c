/* SPDX-License-Identifier: MIT */
/* A plain row of a shape that is not known yet is taken through the program's ops; and so is a
 * shape itself, when it is made. */
#include "map_quick_value.h"

/* ---- members ---- */

/* The name, after a comma where it is not the first. */
INLINE void put_head(struct quick *q, const struct map_op *op, enum mode mode)
{
	size_t comma = q->count > 0;
	put_constant(q, op->head - comma, op->head_len + comma, mode);
}

/* A member has its place in a shape; value: its own is put there, else all of it is constant. */
static void record_member(struct quick *q, struct map_op *op, size_t start, bool value)
{
	unsigned flags = op->flags & SCHEMA_ID        ? MAP_PIECE_ID
			 : op->flags & MAP_BATCH_TIME ? MAP_PIECE_TAIL
						      : 0;
	size_t mark = start + (flags == MAP_PIECE_ID && q->count > 0);
	if (value || flags != 0)
		map_shape_add(q->shape, value ? op : NULL, flags, mark, q->n);
	q->seen |= op->bit;
	q->count++;
}

/* A member has been written; `start` is where its name begins, or the comma before it. */
INLINE void member_done(struct quick *q, const struct map_op *op, size_t start, enum mode mode)
{
	if (op->flags & SCHEMA_ID) {
		q->identified = true;
		if (mode == WRITES)
			note_id(q, start + (q->count > 0));
	} else if (op->flags & MAP_BATCH_TIME) {
		q->r->record->batch_tail = q->n - start;
	}
	q->seen |= op->bit;
	q->count++;
}

/* The column is missing, or its cell is empty. */
INLINE bool quick_empty(struct quick *q, struct map_op *op, enum mode mode)
{
	size_t start = q->n;
	if (op->fallback == NULL)
		return (op->flags & MAP_DELETABLE) == 0;
	if (op->unless != MAP_NONE && q->r->cells[op->unless].len > 0)
		return true;
	if (op->flags & MAP_EVENT_TIME)
		return false;
	put_head(q, op, mode);
	if (mode == WRITES || mode == RECORDS)
		memcpy(q->data + q->n, op->fallback, op->fallback_len);
	q->n += op->fallback_len;
	if (mode == RECORDS)
		record_member(q, op, start, false);
	else
		member_done(q, op, start, mode);
	return true;
}

INLINE bool quick_leaf(struct quick *q, struct map_op *op, enum mode mode)
{
	if (op->column == MAP_NONE || q->r->cells[op->column].len == 0)
		return quick_empty(q, op, mode);
	const struct rows_cell *cell = &q->r->cells[op->column];
	size_t start = q->n;
	if (mode == RECORDS) {
		put_head(q, op, mode);
		record_member(q, op, start, true);
		return true;
	}
	if (!map_quick_cell(q->r->m, op, cell->p, cell->len))
		return false;

	put_head(q, op, mode);
	size_t len = put_value(q, op, cell, mode);
	q->n += len;
	member_done(q, op, start, mode);
	return len > 0;
}

/* ---- objects ---- */

INLINE void quick_open(struct quick *q, const struct map_op *op, enum mode mode)
{
	size_t start = q->n;
	put_head(q, op, mode);
	*q->frames++ =
	    (struct map_frame){.start = start, .body = q->n, .seen = q->seen, .count = q->count};
	q->seen = q->count = 0;
}

INLINE bool quick_close(struct quick *q, const struct map_op *op, enum mode mode)
{
	const struct map_frame *around = --q->frames;
	struct map_record *record = q->r->record;
	unsigned seen = q->seen, count = q->count;
	q->seen = around->seen;
	q->count = around->count;
	if (count == 0) {
		q->n = around->start;
		return (op->flags & MAP_DELETABLE) == 0;
	}
	if (op == q->r->m->fold_op && mode == RECORDS) {
		q->shape->fold_from = around->body;
		q->shape->fold_to = q->n;
		q->shape->fold_items = count;
	} else if (op == q->r->m->fold_op) {
		record->fold_from = around->body;
		record->fold_to = q->n;
		record->fold_items = count;
	}
	if (mode == WRITES || mode == RECORDS)
		q->data[q->n] = op->bracket;
	q->n++;
	q->seen |= op->bit;
	q->count++;
	return (op->need & ~seen) == 0;
}

/* ---- programs ---- */

INLINE unsigned walk_as(struct quick *q, const struct map_program *program, bool *ok,
			enum mode mode)
{
	struct quick local = *q;
	local.frames = q->r->m->frames;
	local.n = 0;
	local.seen = local.count = 0;
	*ok = true;
	struct map_op *const end = program->ops + program->n;
	for (struct map_op *op = program->ops; op < end && *ok; op++) {
		if (op->kind == MAP_OP_LEAF)
			*ok = quick_leaf(&local, op, mode);
		else if (op->kind == MAP_OP_OPEN)
			quick_open(&local, op, mode);
		else
			*ok = quick_close(&local, op, mode);
	}
	*ok = *ok && (program->need & ~local.seen) == 0;
	*q = local;
	return local.seen;
}

unsigned map_quick_walk(struct quick *q, const struct map_program *program, enum mode mode,
			bool *ok)
{
	if (mode == CHECKS)
		return walk_as(q, program, ok, CHECKS);
	if (mode == MEASURES)
		return walk_as(q, program, ok, MEASURES);
	return walk_as(q, program, ok, WRITES);
}

void map_quick_record(struct quick *q, const struct map_program *program, struct map_shape *shape)
{
	struct quick recorder = *q;
	recorder.shape = shape;
	shape->n = shape->fold_items = 0;
	shape->identified = false;
	shape->seen = walk_as(&recorder, program, &shape->plain, RECORDS);
	map_shape_end(shape, recorder.data, recorder.n);
}
