/* SPDX-License-Identifier: MIT */
/*
 * A document read by several threads. Where a row begins depends on every quote before it, so that
 * a document cannot be cut anywhere. It is cut where rows probably begin; each part is read
 * and checked by whoever has time; and the calling thread takes the parts in their order, and only
 * what begins exactly where the part before it ended. The rest it reads itself, as if there were no
 * parts. So what comes out is the same for any number of threads, guesses and sizes.
 */
#include "document_pass.h"

#include <pthread.h>
#include <stdlib.h>

#define PART_SIZE  (192u << 10)
#define PART_KEEPS (4u << 20) /* bytes of results; the calling thread reads the rest */
#define PART_ROWS  16384u     /* likewise: rows that are kept */
#define AHEAD      4
#define PER_THREAD 2 /* parts that are read, or wait to be taken */
#define MAX_WRONG  8 /* guesses in a row; then this does not suit the document */

struct kept_fault {
	const char *code;
	size_t column, text; /* text: where in the part's bytes */
};

struct kept_row {
	struct batch_row where; /* within the part: number from 0, line from 1 */
	size_t at;              /* in the part's bytes: its fragments, one after the other */
	uint32_t ids, batch, data, request_id, message_id; /* their lengths */
	uint32_t batch_tail;
	bool sound, has_request_id, has_message_id, has_timestamp, late, no_event;
	uint32_t fold_from, fold_to, fold_items;
	int64_t timestamp_ms;
	size_t fault, n_faults;
	uint64_t ids_hash;
};

struct part {
	bool done;             /* under the lock; the rest is then the calling thread's */
	uint64_t from, to;     /* as planned */
	struct rows_place end; /* of what was read of it */
	enum df_status st;     /* DF_OK, or why reading ended */
	struct df_err err;
	uint64_t n_rows; /* kept or not */
	struct kept_row *rows;
	size_t n_kept, cap_rows;
	struct kept_fault *faults;
	size_t n_faults, cap_faults;
	struct df_buf bytes;
	struct map_note *notes; /* own: see map_notes */
	size_t n_notes;
};

struct worker_group {
	struct document_pass *w;
	uint64_t length;
	size_t part_size;
	struct batch_settings sizes;
	bool keep; /* sound rows, too */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct part *parts;     /* own: a ring */
	size_t n, begun, taken; /* begun, taken: parts so far */
	uint64_t planned;       /* where the next part is to begin */
	bool stop;
};

struct worker { /* one thread's tools */
	struct worker_group *group;
	struct rows *rows; /* own */
	struct map *map;   /* own */
	pthread_t thread;
};

/* ---- what is kept of a row ---- */

static void *room_for(void *list, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return list;
	*cap = *cap > 0 ? *cap * 2 : 256;
	return df_realloc(list, *cap * size);
}

static uint32_t keep_bytes(struct part *p, const char *from, size_t len)
{
	df_buf_add(&p->bytes, from, len);
	return (uint32_t)len; /* MAP_MAX_OUTPUT at most */
}

static void keep_faults(struct part *p, const struct map_record *record)
{
	for (size_t i = 0; i < record->n_faults; i++) {
		const struct map_fault *f = &record->faults[i];
		p->faults = room_for(p->faults, p->n_faults, &p->cap_faults, sizeof(*p->faults));
		p->faults[p->n_faults++] = (struct kept_fault){f->code, f->column, p->bytes.len};
		df_buf_add(&p->bytes, f->text, strlen(f->text) + 1);
	}
}

/* lengths: of its data no more is kept. */
static void keep_row(struct part *p, const struct rows_row *row, const struct map_record *record,
		     bool sound, bool lengths)
{
	p->rows = room_for(p->rows, p->n_kept, &p->cap_rows, sizeof(*p->rows));
	struct kept_row *k = &p->rows[p->n_kept++];
	*k = (struct kept_row){.where = {.number = p->n_rows,
					 .line = row->line,
					 .offset = row->offset,
					 .length = row->length},
			       .at = p->bytes.len,
			       .sound = sound,
			       .late = !sound && record->late,
			       .no_event = sound && record->no_event,
			       .fault = p->n_faults};
	if (!sound) {
		keep_faults(p, record);
		k->n_faults = record->n_faults;
		return;
	}
	k->ids_hash = batch_hash(record->ids, record->ids_len);
	k->ids = keep_bytes(p, record->ids, record->ids_len);
	k->batch = keep_bytes(p, record->batch, record->batch_len);
	k->batch_tail = (uint32_t)record->batch_tail;
	k->data = (uint32_t)record->data_len;
	if (!lengths)
		df_buf_add(&p->bytes, record->data, record->data_len);
	k->has_request_id = record->request_id != NULL;
	k->has_message_id = record->message_id != NULL;
	if (record->request_id != NULL)
		k->request_id = keep_bytes(p, record->request_id, record->request_id_len);
	if (record->message_id != NULL)
		k->message_id = keep_bytes(p, record->message_id, record->message_id_len);
	k->has_timestamp = record->has_timestamp;
	k->timestamp_ms = record->timestamp_ms;
	k->fold_from = (uint32_t)record->fold_from;
	k->fold_to = (uint32_t)record->fold_to;
	k->fold_items = (uint32_t)record->fold_items;
}

/* The record as the map made it, but for the faults' names, which are borrowed from the pass's
 * own map. */
static void recall_row(const struct worker_group *c, const struct part *p, const struct kept_row *k,
		       struct map_record *record)
{
	const char *bytes = p->bytes.data != NULL ? p->bytes.data : "", *at = bytes + k->at;
	record->ids = at;
	record->ids_len = k->ids;
	record->ids_hash = k->ids_hash;
	record->batch = at += k->ids;
	record->batch_len = k->batch;
	record->batch_tail = k->batch_tail;
	record->data = at += k->batch;
	record->data_len = k->data;
	at += c->w->lengths ? 0 : k->data;
	record->request_id = k->has_request_id ? at : NULL;
	record->request_id_len = k->request_id;
	at += k->request_id;
	record->message_id = k->has_message_id ? at : NULL;
	record->message_id_len = k->message_id;
	record->fold_from = k->fold_from;
	record->fold_to = k->fold_to;
	record->fold_items = k->fold_items;
	record->has_timestamp = k->has_timestamp;
	record->timestamp_ms = k->timestamp_ms;
	record->late = k->late;
	record->no_event = k->no_event;
	record->n_faults = k->n_faults;
	for (size_t i = 0; i < k->n_faults; i++) {
		const struct kept_fault *kept = &p->faults[k->fault + i];
		struct map_fault *f = &record->faults[i];
		f->code = kept->code;
		f->column = kept->column;
		f->name = map_column_name(c->w->map, kept->column);
		memcpy(f->text, bytes + kept->text, strlen(bytes + kept->text) + 1);
	}
}

/* ---- reading a part ---- */

static void part_clear(struct part *p)
{
	p->done = false;
	p->st = DF_OK;
	p->err = (struct df_err){0};
	p->n_rows = p->n_kept = p->n_faults = p->n_notes = 0;
	df_buf_reset(&p->bytes);
}

static void part_keep_notes(struct part *p, struct map *m)
{
	const struct map_note *notes = NULL;
	p->n_notes = map_notes(m, &notes);
	if (p->n_notes == 0)
		return;
	p->notes = df_realloc(p->notes, p->n_notes * sizeof(*p->notes));
	memcpy(p->notes, notes, p->n_notes * sizeof(*p->notes));
	map_notes_forget(m);
}

static void part_read(struct worker *h, struct part *p)
{
	const struct worker_group *c = h->group;
	struct rows_row row;
	struct map_record record;
	while (p->st == DF_OK && p->bytes.len < PART_KEEPS && p->n_kept < PART_ROWS) {
		p->st = rows_next(h->rows, &row, &p->err);
		if (p->st != DF_OK)
			break;
		bool sound = document_pass_check_row(h->map, &c->sizes, &row, &record);
		if (!sound || c->keep || document_pass_row_is_long(row.length))
			keep_row(p, &row, &record, sound, c->w->lengths);
		p->n_rows++;
	}
	if (p->st == DF_END)
		p->st = DF_OK;
	p->end = rows_tell(h->rows);
	part_keep_notes(p, h->map);
}

/* Is there a part to be read, and room for it? Under the lock. */
static bool may_begin(const struct worker_group *c)
{
	return !c->stop && c->planned < c->length && c->begun < c->taken + c->n;
}

/* Cuts a part off and reads it. Under the lock, which is released in between. */
static void begin_part(struct worker *h)
{
	struct worker_group *c = h->group;
	struct part *p = &c->parts[c->begun++ % c->n];
	part_clear(p);
	p->from = p->to = c->planned;
	p->st = rows_part(h->rows, p->from, c->part_size, &p->to, &p->err);
	c->planned = p->st == DF_OK ? p->to : c->length;
	pthread_mutex_unlock(&c->lock);
	part_read(h, p);
	pthread_mutex_lock(&c->lock);
	p->done = true;
	pthread_cond_broadcast(&c->changed);
}

static void *help(void *ctx)
{
	struct worker *h = ctx;
	struct worker_group *c = h->group;
	pthread_mutex_lock(&c->lock);
	while (!c->stop && c->planned < c->length) {
		if (may_begin(c))
			begin_part(h);
		else
			pthread_cond_wait(&c->changed, &c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* ---- taking parts ---- */

/* Users come in any order: what is known of one is far away in memory, unless it is asked for
 * some rows before. */
static void expect_rows(const struct document_pass *w, const struct part *p, size_t i)
{
	for (unsigned step = 0; step < BATCH_STEPS; step++) {
		size_t ahead = i + (step + 1) * AHEAD;
		if (ahead < p->n_kept && p->rows[ahead].sound)
			w->handlers->expect(w->ctx, p->rows[ahead].ids_hash, step);
	}
}

static enum df_status take_part(struct worker_group *c, struct part *p, struct rows_place *place,
				struct map_record *record, struct df_err *err)
{
	struct document_pass *w = c->w;
	uint64_t rows = w->rows;
	enum df_status st = DF_OK;
	for (size_t i = 0; i < p->n_notes; i++)
		map_note_add(w->map, &p->notes[i]);
	for (size_t i = 0; i < p->n_kept && st == DF_OK; i++) {
		const struct kept_row *k = &p->rows[i];
		struct batch_row where = k->where;
		if (w->handlers->expect != NULL)
			expect_rows(w, p, i);
		recall_row(c, p, k, record);
		where.line += place->line - 1;
		w->rows = rows + k->where.number;
		st = document_pass_take_row(w, &where, record, k->sound, err);
	}
	if (st != DF_OK)
		return st;
	w->rows = rows + p->n_rows;
	if (df_stop_requested)
		return df_fail(DF_RETRY, err, NULL,
			       "stopped by a signal; the next run goes on from here");
	if (p->st != DF_OK) {
		*err = p->err;
		if (p->err.line != 0)
			err->line += place->line - 1;
		return p->st;
	}
	place->offset = p->end.offset;
	place->line += p->end.line - 1;
	place->number += p->end.number;
	return DF_OK;
}

/* The next part in order, done. Meanwhile this thread reads parts, too. NULL: there are no more. */
static struct part *next_part(struct worker *own)
{
	struct worker_group *c = own->group;
	struct part *p = &c->parts[c->taken % c->n];
	bool begun = false;
	pthread_mutex_lock(&c->lock);
	for (;;) {
		begun = c->taken < c->begun;
		if (begun && p->done)
			break;
		if (may_begin(c))
			begin_part(own);
		else if (begun)
			pthread_cond_wait(&c->changed, &c->lock);
		else
			break;
	}
	pthread_mutex_unlock(&c->lock);
	return begun ? p : NULL;
}

static void part_is_taken(struct worker_group *c)
{
	pthread_mutex_lock(&c->lock);
	c->taken++;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

static enum df_status take_all(struct worker *own, struct rows *rows, struct df_err *err)
{
	struct worker_group *c = own->group;
	struct rows_place place = rows_tell(rows);
	struct map_record record;
	enum df_status st = DF_OK;
	struct part *p;
	unsigned wrong = 0;
	while (st == DF_OK && wrong < MAX_WRONG && (p = next_part(own)) != NULL) {
		bool fits = p->from == place.offset;
		wrong = fits ? 0 : wrong + 1;
		if (fits)
			st = take_part(c, p, &place, &record, err);
		if (st == DF_OK && place.offset < p->to) {
			rows_seek(rows, &place);
			st = document_pass_rows_until(c->w, rows, p->to, err);
			place = rows_tell(rows);
		}
		part_is_taken(c);
	}
	if (st == DF_OK) {
		rows_seek(rows, &place);
		st = document_pass_rows_until(c->w, rows, UINT64_MAX, err);
	}
	return st;
}

/* ---- the worker group ---- */

static bool worker_ready(struct worker *h, struct worker_group *c, const struct rows *rows)
{
	struct df_err ignored = {0};
	h->group = c;
	h->rows = rows_clone(rows);
	/* without it there is one worker fewer */
	return map_clone(c->w->map, &h->map, &ignored) == DF_OK;
}

static void worker_free(struct worker *h)
{
	rows_close(h->rows);
	map_close(h->map);
}

static void worker_group_end(struct worker_group *c, struct worker *workers, uint32_t helpers)
{
	pthread_mutex_lock(&c->lock);
	c->stop = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	for (uint32_t i = 1; i <= helpers; i++)
		pthread_join(workers[i].thread, NULL);
	for (size_t i = 0; i < c->n; i++) {
		free(c->parts[i].rows);
		free(c->parts[i].faults);
		free(c->parts[i].notes);
		df_buf_free(&c->parts[i].bytes);
	}
	free(c->parts);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->changed);
}

enum df_status document_pass_parts(struct document_pass *w, struct rows *rows, struct df_err *err)
{
	struct worker_group c = {.w = w,
				 .length = rows_end(rows),
				 .part_size = w->part_size > 0 ? w->part_size : PART_SIZE,
				 .sizes = document_pass_sizes(w),
				 .keep = w->handlers->record != NULL,
				 .n = (size_t)w->jobs * PER_THREAD,
				 .planned = rows_tell(rows).offset};
	if (c.length - c.planned <= c.part_size)
		return document_pass_rows_until(w, rows, UINT64_MAX, err);
	struct worker *workers = df_alloc(w->jobs * sizeof(*workers));
	uint32_t ready = 0, helpers = 0;
	while (ready < w->jobs && worker_ready(&workers[ready], &c, rows))
		ready++;
	c.parts = df_alloc(c.n * sizeof(*c.parts));
	for (size_t i = 0; i < c.n; i++)
		c.parts[i].bytes.max = SIZE_MAX / 2; /* PART_KEEPS bounds it */
	pthread_mutex_init(&c.lock, NULL);
	pthread_cond_init(&c.changed, NULL);
	while (helpers + 1 < ready &&
	       pthread_create(&workers[helpers + 1].thread, NULL, help, &workers[helpers + 1]) == 0)
		helpers++;
	enum df_status st = ready > 0 ? take_all(&workers[0], rows, err)
				      : document_pass_rows_until(w, rows, UINT64_MAX, err);
	worker_group_end(&c, workers, helpers);
	for (uint32_t i = 0; i < w->jobs; i++)
		worker_free(&workers[i]);
	free(workers);
	return st;
}
