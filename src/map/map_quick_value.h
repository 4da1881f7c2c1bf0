/* SPDX-License-Identifier: MIT */
/* map_quick_value.h - the values of plain rows: see map_quick.c. The functions are put into those
 * that call them, a copy for each kind of work, so that the state of a row stays in
 * registers. */
#ifndef MAP_QUICK_VALUE_H
#define MAP_QUICK_VALUE_H

#include "map_cell.h"
#include "map_quick.h"
#include "map_uuid.h"

#include <string.h>

/* Rows that come to less are below every limit. */
#define SURELY_SMALL (32u << 10)
#define ROOM         (2 * SURELY_SMALL) /* of a fragment */

#define INLINE static inline __attribute__((always_inline))

enum mode { /* of work; constant in each copy */
	    WRITES,
	    MEASURES, /* the length alone */
	    CHECKS,   /* nothing but whether the row is sound */
	    RECORDS,  /* what rows of this shape have in common: see map_shape.h */
};

struct quick {
	struct map_run *r;
	char *data;
	size_t n; /* bytes so far */
	struct map_frame *frames;
	struct map_shape *shape; /* that is recorded */
	/* of the current object */
	unsigned seen, count;
	bool identified;
	/* where in the data the identities are, if they are next to each other */
	size_t ids_from, ids_to;
};

/* ---- values: each returns how many bytes it takes, 0: it is faulty ---- */

/* Of any type. */
static inline size_t put_typed(struct map_run *r, const struct map_op *op,
			       const struct rows_cell *cell, char *at)
{
	struct df_buf out = {.data = at, .cap = ROOM, .max = ROOM};
	bool ok = op->flags & MAP_EVENT_TIME
		      ? map_run_event_time(r, cell->p, cell->len, &out, &r->m->fault)
		      : map_cell_emit(r->m, op->type, op->node->field, cell, &out, &r->m->fault);
	return ok ? out.len : 0;
}

/* Most words have 8 to 16 letters: two pieces, which may overlap. */
INLINE bool same_word(const struct map_op *op, const struct rows_cell *cell)
{
	uint64_t first[2], last[2];
	const size_t len = op->word_len;
	if (len != cell->len)
		return false;
	if (len < 8 || len > 16)
		return memcmp(op->word, cell->p, len) == 0;
	memcpy(&first[0], op->word, 8);
	memcpy(&first[1], cell->p, 8);
	memcpy(&last[0], op->word + len - 8, 8);
	memcpy(&last[1], cell->p + len - 8, 8);
	return ((first[0] ^ first[1]) | (last[0] ^ last[1])) == 0;
}

/* The schema's spelling of it, if the cell has that. */
static inline bool find_word(struct map_op *op, const struct rows_cell *cell)
{
	for (const char *const *w = op->node->field->words; *w != NULL; w++) {
		op->word = *w;
		op->word_len = strlen(*w);
		if (same_word(op, cell))
			return true;
	}
	return false;
}

/* The cell is one of those in which nothing has to be escaped. */
INLINE bool is_simple(const struct quick *q, const struct map_op *op)
{
	return op->column < q->r->n_simple;
}

/* No byte has to be escaped. */
INLINE size_t put_simple(char *at, const char *p, size_t len)
{
	at[0] = '"';
	for (size_t i = 0; i < len; i += MAP_PIECE)
		memcpy(at + 1 + i, p + i, MAP_PIECE);
	at[len + 1] = '"';
	return len + 2;
}

/* Nothing of the cell has to be escaped, whatever the rest of the row has. */
INLINE size_t put_quoted(char *at, const struct rows_cell *cell, bool simple, enum mode mode)
{
	if (mode == WRITES && simple)
		return put_simple(at, cell->p, cell->len);
	if (mode == WRITES) {
		at[0] = at[cell->len + 1] = '"';
		memcpy(at + 1, cell->p, cell->len);
	}
	return cell->len + 2;
}

/* Milliseconds as they are in most documents are copied. */
INLINE size_t put_time(struct quick *q, const struct map_op *op, const struct rows_cell *cell,
		       enum mode mode)
{
	struct map *m = q->r->m;
	struct map_record *record = q->r->record;
	char *at = q->data + q->n;
	if (!time_plain_ms(&m->time, cell->p, cell->len, &record->timestamp_ms))
		return put_typed(q->r, op, cell, at);

	record->has_timestamp = record->timestamp_ms >= m->time.range.first &&
				record->timestamp_ms < m->time.range.last;
	if (mode == WRITES)
		memcpy(at, cell->p, TIME_PLAIN_MS);
	return record->has_timestamp ? TIME_PLAIN_MS : 0;
}

INLINE size_t put_text(struct quick *q, const struct map_op *op, const struct rows_cell *cell,
		       enum mode mode)
{
	if (mode == CHECKS)
		return cell->len + 2;
	if (mode == WRITES)
		return is_simple(q, op) ? put_simple(q->data + q->n, cell->p, cell->len)
					: df_json_put(q->data + q->n, cell->p, cell->len);
	return is_simple(q, op) ? cell->len + 2 : df_json_length(cell->p, cell->len);
}

/* A word is mostly the one that the row before had. */
INLINE size_t put_word(struct quick *q, struct map_op *op, const struct rows_cell *cell,
		       enum mode mode)
{
	char *at = q->data + q->n;
	if (!same_word(op, cell) && !find_word(op, cell))
		return put_typed(q->r, op, cell, at);
	return put_quoted(at, cell, is_simple(q, op), mode);
}

INLINE size_t put_value(struct quick *q, struct map_op *op, const struct rows_cell *cell,
			enum mode mode)
{
	if (op->type == SCHEMA_STRING)
		return put_text(q, op, cell, mode);
	if (op->word != NULL)
		return put_word(q, op, cell, mode);
	if (op->flags & MAP_EVENT_TIME)
		return put_time(q, op, cell, mode);
	if (op->type == SCHEMA_UUID)
		return map_uuid_is(cell->p, cell->len)
			   ? put_quoted(q->data + q->n, cell, is_simple(q, op), mode)
			   : 0;
	return put_typed(q->r, op, cell, q->data + q->n);
}

/* Constant text; MAP_PIECE bytes after it may be read and written over. */
INLINE void put_constant(struct quick *q, const char *text, size_t len, enum mode mode)
{
	const bool writes = mode == WRITES || mode == RECORDS;
	for (size_t i = 0; writes && i < len; i += MAP_PIECE)
		memcpy(q->data + q->n + i, text + i, MAP_PIECE);
	q->n += len;
}

/* An identity has been written from `from` on. */
INLINE void note_id(struct quick *q, size_t from)
{
	struct df_buf *ids = &q->r->m->ids;
	if (q->ids_to == 0)
		q->ids_from = from;
	q->ids_to = q->n;
	if (q->r->m->batch_program.ids_together)
		return;
	if (ids->len > 0)
		df_buf_addc(ids, ',');
	df_buf_add(ids, q->data + from, q->n - from);
}

/* ---- map_quick_walk.c: a row of any shape ---- */

/* Returns what the root has seen. *ok is set to false where the row is not plain, or not sound. */
unsigned map_quick_walk(struct quick *q, const struct map_program *program, enum mode mode,
			bool *ok);
/* The shape of the row's cells; q has room for its text. */
void map_quick_record(struct quick *q, const struct map_program *program, struct map_shape *shape);

#endif
