/* SPDX-License-Identifier: MIT */
/*
 * A row of the plain kind is run through the ops in one go: each of its cells is empty, or what its
 * type alone decides on, and nothing in it is worth a warning. Whoever checks rows needs no bytes
 * of it, and whoever counts batches needs no more of the events than their lengths. Any other row
 * is left to map_row.c as if it had not been tried, so that faults and warnings are found in one
 * place.
 *
 * Most rows have a shape that is known: what is between their values is written out already. This
 * is where most of the time of a check goes.
 */
#include "map_quick_value.h"

bool map_quick_id(const char *p, size_t len)
{
	size_t kind;
	return !map_run_is_padded(p, len) && !map_placeholder(p, len, &kind) &&
	       !map_quoted_id(p, len);
}

/* What is noted of some pieces; `begin` is where the piece begins in what was written. */
INLINE void note_piece(struct quick *q, const struct map_shape *shape,
		       const struct map_piece *piece, size_t begin, enum mode mode)
{
	struct map_record *record = q->r->record;
	if (piece->flags & MAP_PIECE_ID && mode == WRITES)
		note_id(q, begin + piece->mark);
	if (piece->flags & MAP_PIECE_TAIL)
		record->batch_tail = q->n - begin - piece->mark;
	if (piece->flags & MAP_PIECE_FOLD_FROM)
		record->fold_from = begin + shape->fold_from - piece->from;
	if (piece->flags & MAP_PIECE_FOLD_TO)
		record->fold_to = begin + shape->fold_to - piece->from;
	if (piece->flags & MAP_PIECE_FOLD_TO)
		record->fold_items = shape->fold_items;
}

/* False: the row is not plain, or not sound. */
INLINE bool fill_as(struct quick *q, const struct map_shape *shape, enum mode mode)
{
	struct quick local = *q;
	local.n = 0;
	local.identified = shape->identified;
	const struct map_piece *const end = shape->pieces + shape->n;
	for (const struct map_piece *piece = shape->pieces; piece < end; piece++) {
		const size_t begin = local.n;
		put_constant(&local, shape->text.data + piece->from, piece->len, mode);
		if (piece->op != NULL) {
			const struct rows_cell *cell = &local.r->cells[piece->op->column];
			if (!map_quick_cell(local.r->m, piece->op, cell->p, cell->len))
				return false;
			size_t len = put_value(&local, piece->op, cell, mode);
			if (len == 0)
				return false;
			local.n += len;
		}
		if (mode != CHECKS && piece->flags != 0)
			note_piece(&local, shape, piece, begin, mode);
	}
	*q = local;
	return true;
}

static bool fill_write(struct quick *q, const struct map_shape *shape)
{
	return fill_as(q, shape, WRITES);
}

static bool fill_measure(struct quick *q, const struct map_shape *shape)
{
	return fill_as(q, shape, MEASURES);
}

static bool fill_check(struct quick *q, const struct map_shape *shape)
{
	return fill_as(q, shape, CHECKS);
}

/* Runs the program into the buffer. False: the row is not plain, or not sound. */
static bool run(struct quick *q, struct map_program *program, struct df_buf *out, enum mode mode,
		unsigned *seen)
{
	bool ok = false;
	df_buf_reset(out);
	if (out->cap < ROOM && !df_buf_grow(out, ROOM))
		return false;
	q->data = out->data;
	struct map_shape *shape = map_shape_find(&program->shapes, q->r->cells);
	if (shape != NULL && !shape->made)
		map_quick_record(q, program, shape);
	if (shape == NULL)
		*seen = map_quick_walk(q, program, mode, &ok);
	else if (shape->plain)
		ok = (mode == CHECKS     ? fill_check
		      : mode == MEASURES ? fill_measure
					 : fill_write)(q, shape);
	if (shape != NULL)
		*seen = shape->seen;
	if (ok && mode == WRITES)
		out->len = q->n;
	return ok;
}

static bool run_batch(struct quick *q)
{
	struct map *m = q->r->m;
	struct map_record *record = q->r->record;
	unsigned seen;
	enum mode mode = m->want == MAP_WANT_VERDICT ? CHECKS : WRITES;
	if (!run(q, &m->batch_program, &m->batch_out, mode, &seen) || !q->identified)
		return false;
	if (mode == CHECKS)
		return true;
	record->batch = m->batch_out.data;
	record->batch_len = q->n;
	record->ids = m->batch_program.ids_together ? m->batch_out.data + q->ids_from : m->ids.data;
	record->ids_len = m->batch_program.ids_together ? q->ids_to - q->ids_from : m->ids.len;
	return true;
}

static bool quick_data(struct quick *q)
{
	static const enum mode modes[] = {
	    [MAP_WANT_ALL] = WRITES, [MAP_WANT_LENGTHS] = MEASURES, [MAP_WANT_VERDICT] = CHECKS};
	struct map *m = q->r->m;
	struct map_record *record = q->r->record;
	unsigned seen;
	if (m->data == NULL)
		return true;
	if (!run(q, &m->data_program, &m->data_out, modes[m->want], &seen))
		return false;
	unsigned actions = seen & MAP_COMMERCE_BITS;
	if (m->commerce && (actions == 0 || (actions & (actions - 1)) != 0))
		return false;
	if (m->want != MAP_WANT_VERDICT)
		record->data_len = q->n;
	if (m->want == MAP_WANT_ALL)
		record->data = m->data_out.data;
	return true;
}

/* Is the row far from every limit, whatever has to be escaped in it? */
static bool is_small(const struct map_run *r)
{
	const struct map *m = r->m;
	size_t len = r->length;
	for (size_t i = 0; r->length == 0 && i < m->n_names; i++)
		len += r->cells[i].len;
	return m->batch_program.most + m->data_program.most + DF_JSON_MOST(len) < SURELY_SMALL;
}

/* What the row has left is taken back. */
static void forget(struct map_run *r)
{
	struct map *m = r->m;
	struct map_record *record = r->record;
	df_buf_reset(&m->ids);
	df_buf_reset(&m->batch_out);
	df_buf_reset(&m->data_out);
	record->data_len = record->batch_tail = 0;
	record->has_timestamp = record->late = false;
	record->timestamp_ms = 0;
	record->fold_from = record->fold_to = record->fold_items = 0;
}

bool map_quick_row(struct map_run *r)
{
	const struct map *m = r->m;
	struct map_record *record = r->record;
	struct quick q = {.r = r};
	if (!m->batch_program.plain || (m->data != NULL && !m->data_program.plain) || !is_small(r))
		return false;
	record->ids = record->batch = record->data = "";
	record->ids_len = record->batch_len = 0;
	if (run_batch(&q) && quick_data(&q))
		return true;
	forget(r);
	return false;
}
