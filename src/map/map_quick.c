/* SPDX-License-Identifier: MIT */
/*
 * A row of the plain kind is run through the ops in one go: each of its cells is empty, or what its
 * type alone decides on, and nothing in it is worth a warning. Whoever checks rows needs no bytes
 * of it, and whoever counts batches needs no more of the events than their lengths. Any other row
 * is left to map_row.c as if it had not been tried, so that faults and warnings are found in one
 * place.
 *
 * This is where most of the time of a check goes: the functions are put into one another, a copy
 * for each kind of work, so that what a row has come to stays in registers.
 */
#include "map_quick.h"

#include "map_cell.h"
#include "map_uuid.h"

/* Rows that come to less are below every limit. */
#define SURELY_SMALL (32u << 10)
#define ROOM         (2 * SURELY_SMALL) /* of a fragment */

#define INLINE static inline __attribute__((always_inline))

enum mode {
	WRITES,
	MEASURES, /* the length alone */
	CHECKS,   /* nothing but whether the row is sound */
};

struct kind { /* of work; constant in each copy */
	enum mode mode;
	bool simple; /* no byte of the row has to be escaped: see rows_row */
};

struct quick {
	struct map_run *r;
	char *data;
	size_t n; /* bytes so far */
	struct map_frame *frames;
	/* of the object at hand */
	unsigned seen, count;
	bool identified;
	/* where in the data the identities are, if they are next to each other */
	size_t ids_from, ids_to;
};

/* ---- values: each returns how many bytes it takes, 0: it is faulty ---- */

/* Of any type. */
static size_t put_typed(struct map_run *r, const struct map_op *op, const struct rows_cell *cell,
			char *at)
{
	struct df_buf out = {.data = at, .cap = ROOM, .max = ROOM};
	bool ok = op->flags & MAP_EVENT_TIME
		      ? map_run_event_time(r, cell->p, cell->len, &out, &r->m->fault)
		      : map_cell_emit(r->m, op->type, op->node->field, cell, &out, &r->m->fault);
	return ok ? out.len : 0;
}

INLINE bool same_word(const struct map_op *op, const struct rows_cell *cell)
{
	return op->word_len == cell->len && memcmp(op->word, cell->p, cell->len) == 0;
}

/* The schema's spelling of it, if the cell has that. */
static bool find_word(struct map_op *op, const struct rows_cell *cell)
{
	for (const char *const *w = op->node->field->words; *w != NULL; w++) {
		op->word = *w;
		op->word_len = strlen(*w);
		if (same_word(op, cell))
			return true;
	}
	return false;
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
INLINE size_t put_quoted(char *at, const struct rows_cell *cell, struct kind kind)
{
	if (kind.mode == WRITES && kind.simple)
		return put_simple(at, cell->p, cell->len);
	if (kind.mode == WRITES) {
		at[0] = at[cell->len + 1] = '"';
		memcpy(at + 1, cell->p, cell->len);
	}
	return cell->len + 2;
}

/* A word is mostly the one that the row before had. */
INLINE size_t put_word(struct quick *q, struct map_op *op, const struct rows_cell *cell,
		       struct kind kind)
{
	char *at = q->data + q->n;
	if (!same_word(op, cell) && !find_word(op, cell))
		return put_typed(q->r, op, cell, at);
	return put_quoted(at, cell, kind);
}

/* Milliseconds as they are in most documents are copied. */
INLINE size_t put_time(struct quick *q, const struct map_op *op, const struct rows_cell *cell,
		       struct kind kind)
{
	struct map *m = q->r->m;
	struct map_record *record = q->r->record;
	char *at = q->data + q->n;
	if (!time_plain_ms(&m->time, cell->p, cell->len, &record->timestamp_ms))
		return put_typed(q->r, op, cell, at);

	record->has_timestamp = record->timestamp_ms >= m->time.range.first &&
				record->timestamp_ms < m->time.range.last;
	if (kind.mode == WRITES)
		memcpy(at, cell->p, TIME_PLAIN_MS);
	return record->has_timestamp ? TIME_PLAIN_MS : 0;
}

INLINE size_t put_text(struct quick *q, const struct rows_cell *cell, struct kind kind)
{
	if (kind.mode == WRITES)
		return kind.simple ? put_simple(q->data + q->n, cell->p, cell->len)
				   : df_json_put(q->data + q->n, cell->p, cell->len);
	return kind.mode == CHECKS || kind.simple ? cell->len + 2
						  : df_json_length(cell->p, cell->len);
}

INLINE size_t put_value(struct quick *q, struct map_op *op, const struct rows_cell *cell,
			struct kind kind)
{
	if (op->type == SCHEMA_STRING)
		return put_text(q, cell, kind);
	if (op->word != NULL)
		return put_word(q, op, cell, kind);
	if (op->flags & MAP_EVENT_TIME)
		return put_time(q, op, cell, kind);
	if (op->type == SCHEMA_UUID)
		return map_uuid_is(cell->p, cell->len) ? put_quoted(q->data + q->n, cell, kind) : 0;
	return put_typed(q->r, op, cell, q->data + q->n);
}

/* ---- members ---- */

/* The name, after a comma where it is not the first. */
INLINE void put_head(struct quick *q, const struct map_op *op, struct kind kind)
{
	size_t comma = q->count > 0, len = op->head_len + comma;
	const char *head = op->head - comma;
	for (size_t i = 0; kind.mode == WRITES && i < len; i += MAP_PIECE)
		memcpy(q->data + q->n + i, head + i, MAP_PIECE);
	q->n += len;
}

/* An identity has been written from `from` on. */
INLINE void note_id(struct quick *q, size_t from, bool together)
{
	struct df_buf *ids = &q->r->m->ids;
	if (q->ids_to == 0)
		q->ids_from = from;
	q->ids_to = q->n;
	if (together)
		return;
	if (ids->len > 0)
		df_buf_addc(ids, ',');
	df_buf_add(ids, q->data + from, q->n - from);
}

/* A member has been written; `start` is where its name begins, or the comma before it. */
INLINE void member_done(struct quick *q, const struct map_op *op, size_t start, struct kind kind)
{
	if (op->flags & SCHEMA_ID) {
		q->identified = true;
		if (kind.mode == WRITES)
			note_id(q, start + (q->count > 0), q->r->m->batch_program.ids_together);
	} else if (op->flags & MAP_BATCH_TIME) {
		q->r->record->batch_tail = q->n - start;
	}
	q->seen |= op->bit;
	q->count++;
}

/* The cell is empty, or there is no column. */
INLINE bool quick_empty(struct quick *q, const struct map_op *op, struct kind kind)
{
	size_t start = q->n;
	if (op->fallback == NULL)
		return (op->flags & MAP_DELETABLE) == 0;
	if (op->unless != MAP_NONE && q->r->cells[op->unless].len > 0)
		return true;
	if (op->flags & MAP_EVENT_TIME)
		return false;
	put_head(q, op, kind);
	if (kind.mode == WRITES)
		memcpy(q->data + q->n, op->fallback, op->fallback_len);
	q->n += op->fallback_len;
	member_done(q, op, start, kind);
	return true;
}

INLINE bool quick_leaf(struct quick *q, struct map_op *op, struct kind kind)
{
	if (op->column == MAP_NONE || q->r->cells[op->column].len == 0)
		return quick_empty(q, op, kind);
	const struct rows_cell *cell = &q->r->cells[op->column];
	if (!map_quick_cell(q->r->m, op, cell->p, cell->len))
		return false;

	size_t start = q->n;
	put_head(q, op, kind);
	size_t len = put_value(q, op, cell, kind);
	q->n += len;
	member_done(q, op, start, kind);
	return len > 0;
}

/* ---- objects ---- */

INLINE void quick_open(struct quick *q, const struct map_op *op, struct kind kind)
{
	size_t start = q->n;
	put_head(q, op, kind);
	*q->frames++ =
	    (struct map_frame){.start = start, .body = q->n, .seen = q->seen, .count = q->count};
	q->seen = q->count = 0;
}

INLINE bool quick_close(struct quick *q, const struct map_op *op, struct kind kind)
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
	if (op == q->r->m->fold_op) {
		record->fold_from = around->body;
		record->fold_to = q->n;
		record->fold_items = count;
	}
	if (kind.mode == WRITES)
		q->data[q->n] = op->bracket;
	q->n++;
	q->seen |= op->bit;
	q->count++;
	return (op->need & ~seen) == 0;
}

/* ---- programs ---- */

/* Returns what the root has seen. *ok is set to false where the row is not plain, or not sound. */
INLINE unsigned run_as(struct quick *q, const struct map_program *program, bool *ok,
		       struct kind kind)
{
	struct quick local = *q;
	local.frames = q->r->m->frames;
	local.n = 0;
	local.seen = local.count = 0;
	*ok = true;
	struct map_op *const end = program->ops + program->n;
	for (struct map_op *op = program->ops; op < end && *ok; op++) {
		if (op->kind == MAP_OP_LEAF)
			*ok = quick_leaf(&local, op, kind);
		else if (op->kind == MAP_OP_OPEN)
			quick_open(&local, op, kind);
		else
			*ok = quick_close(&local, op, kind);
	}
	*ok = *ok && (program->need & ~local.seen) == 0;
	*q = local;
	return local.seen;
}

#define COPY(name, ...)                                                                            \
	static unsigned name(struct quick *q, const struct map_program *program, bool *ok)         \
	{                                                                                          \
		return run_as(q, program, ok, (struct kind){__VA_ARGS__});                         \
	}

COPY(write_simple, WRITES, true)
COPY(write_any, WRITES, false)
COPY(measure_simple, MEASURES, true)
COPY(measure_any, MEASURES, false)
COPY(check, CHECKS, false)

/* Runs the program into the buffer. False: the row is not plain, or not sound. */
static bool run(struct quick *q, const struct map_program *program, struct df_buf *out,
		enum mode mode, unsigned *seen)
{
	bool ok = false, simple = q->r->simple;
	df_buf_reset(out);
	if (out->cap < ROOM && !df_buf_grow(out, ROOM))
		return false;
	q->data = out->data;
	if (mode == CHECKS)
		*seen = check(q, program, &ok);
	else if (mode == MEASURES)
		*seen = (simple ? measure_simple : measure_any)(q, program, &ok);
	else
		*seen = (simple ? write_simple : write_any)(q, program, &ok);
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

static bool run_data(struct quick *q)
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

static bool is_small(const struct map_run *r)
{
	const struct map *m = r->m;
	size_t len = 0;
	for (size_t i = 0; i < m->n_names; i++)
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
	if (run_batch(&q) && run_data(&q))
		return true;
	forget(r);
	return false;
}
