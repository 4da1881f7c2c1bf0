/* SPDX-License-Identifier: MIT */
/*
 * What a row comes to, without writing it. Whoever checks rows needs no bytes, and whoever counts
 * batches needs no more of the events than their lengths. Only rows of the plain kind are measured:
 * each cell is empty, or is what its type alone decides on. For all others the answer is "unknown",
 * and they are mapped as ever, so that faults and warnings are found in one place.
 */
#include "map_measure.h"

#include "map_cell.h"
#include "map_row.h"

/* Rows that come to less are below every limit, however their strings are escaped. */
#define SURELY_SMALL (32u << 10)
#define MOST_ESCAPED 6u /* bytes that one becomes: \u001f */

struct measure {
	size_t len;
	bool exact; /* else the length is an upper bound, which costs less */
};

static bool value_length(struct map_run *r, const struct map_op *op, bool exact, size_t *len)
{
	const struct rows_cell *cell = &r->cells[op->column];
	if (op->type == SCHEMA_STRING) {
		*len = exact ? df_json_length(cell->p, cell->len) : MOST_ESCAPED * cell->len + 2;
		return true;
	}

	struct df_buf *scratch = &r->m->data_out; /* nothing else is there */
	bool ok = op->flags & MAP_EVENT_TIME
		      ? map_run_event_time(r, cell->p, cell->len, scratch, &r->m->fault)
		      : map_cell_emit(r->m, op->type, op->node->field, cell, scratch, &r->m->fault);
	*len = scratch->len;
	df_buf_reset(scratch);
	return ok;
}

static void measure_member(struct map_run *r, const struct map_op *op, struct measure *me,
			   size_t len)
{
	me->len += (r->frame->count > 0) + op->head_len + len;
	r->frame->seen |= op->bit;
	r->frame->count++;
	r->identified = r->identified || (op->flags & SCHEMA_ID) != 0;
}

/* The cell is empty, or there is no column. */
static bool measure_empty(struct map_run *r, const struct map_op *op, struct measure *me)
{
	const struct map_frame *frame = r->frame;
	if (op->fallback == NULL)
		return (op->flags & MAP_DELETABLE) == 0;
	if (op->unless != MAP_NONE && r->cells[op->unless].len > 0)
		return true;
	if ((op->flags & MAP_EVENT_TIME) != 0 ||
	    (frame->limit != 0 && frame->count >= frame->limit))
		return false;
	measure_member(r, op, me, op->fallback_len);
	return true;
}

static bool measure_leaf(struct map_run *r, const struct map_op *op, struct measure *me)
{
	size_t len;
	if (op->column == MAP_NONE || r->cells[op->column].len == 0)
		return measure_empty(r, op, me);
	if (!map_run_is_plain(r, op) || !value_length(r, op, me->exact, &len))
		return false;
	measure_member(r, op, me, len);
	return true;
}

static void measure_open(struct map_run *r, const struct map_op *op, struct measure *me)
{
	size_t start = me->len;
	me->len += (r->frame->count > 0) + op->head_len;
	struct map_frame *frame = ++r->frame;
	*frame = (struct map_frame){.start = start, .limit = op->limit};
}

static bool measure_close(struct map_run *r, const struct map_op *op, struct measure *me)
{
	const struct map_frame *frame = r->frame--, *around = r->frame;
	if (frame->count == 0) {
		me->len = frame->start;
		return (op->flags & MAP_DELETABLE) == 0;
	}
	if ((op->need & ~frame->seen) != 0 ||
	    (around->limit != 0 && around->count >= around->limit))
		return false;
	me->len++;
	r->frame->seen |= op->bit;
	r->frame->count++;
	return true;
}

static bool measure(struct map_run *r, const struct map_program *program, struct measure *me)
{
	r->frame = r->m->frames;
	*r->frame = (struct map_frame){0};
	for (size_t i = 0; i < program->n; i++) {
		const struct map_op *op = &program->ops[i];
		if (op->kind == MAP_OP_OPEN)
			measure_open(r, op, me);
		else if (!(op->kind == MAP_OP_LEAF ? measure_leaf(r, op, me)
						   : measure_close(r, op, me)))
			return false;
	}
	return (program->need & ~r->frame->seen) == 0;
}

static bool measure_data(struct map_run *r, struct measure *me)
{
	if (!measure(r, &r->m->data_program, me))
		return false;
	unsigned actions = r->frame->seen & MAP_COMMERCE_BITS;
	return !r->m->commerce || (actions != 0 && (actions & (actions - 1)) == 0);
}

bool map_run_measures(struct map_run *r)
{
	const struct map *m = r->m;
	struct measure me = {.exact = true};
	if (m->want != MAP_WANT_LENGTHS || !m->data_program.plain || !measure_data(r, &me))
		return false;
	r->record->data_len = me.len;
	return true;
}

bool map_run_is_sound(struct map_run *r)
{
	const struct map *m = r->m;
	struct measure me = {0};
	if (m->want != MAP_WANT_VERDICT || !m->batch_program.plain || !m->data_program.plain)
		return false;
	bool sound = measure(r, &m->batch_program, &me) && r->identified &&
		     (m->data == NULL || measure_data(r, &me)) && me.len < SURELY_SMALL;
	r->identified = false;
	return sound;
}
