/* SPDX-License-Identifier: MIT */
/*
 * A document read by several threads. Where a row begins depends on every quote before it, so that
 * a document cannot be cut anywhere. It is cut where rows probably begin; each part is read
 * and checked by whoever has time; and the calling thread takes the parts in their order, and only
 * what begins exactly where the part before it ended. The rest it reads itself, as if there were no
 * parts. So what comes out is the same for any number of threads, guesses and sizes.
 */
#include "document_part.h"

#include <pthread.h>
#include <stdlib.h>

/* A row within the guidelines fits, and what is kept of a part is still in the processor's cache
 * when it is taken. */
#define PART_SIZE  (96u << 10)
#define PART_KEEPS (4u << 20) /* bytes of results; the calling thread reads the rest */
#define PART_ROWS  16384u     /* likewise: rows that are kept */
#define AHEAD      4
#define PER_THREAD 2 /* parts that are read, or wait to be taken */
#define MAX_WRONG  8 /* guesses in a row; then this does not suit the document */

/* A row that is skipped as too large is read to its end in pieces, beyond what is in memory: none
 * may be within a part. */
_Static_assert(PART_SIZE < ROWS_MAX_ROW, "no part holds a row that is too large");

struct worker_group {
	struct document_pass *w;
	uint64_t length;
	size_t part_size;
	struct batch_settings sizes;
	bool keep; /* sound rows, too */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct document_part *parts; /* own: a ring */
	size_t n, begun, taken;      /* begun, taken: parts so far */
	uint64_t planned;            /* where the next part is to begin */
	bool stop;
};

struct worker { /* one thread's tools */
	struct worker_group *group;
	struct rows *rows; /* own */
	struct map *map;   /* own */
	pthread_t thread;
};

/* ---- reading a part ---- */

static void part_read(struct worker *h, struct document_part *p)
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
			document_part_keep(p, &row, &record, sound, c->w->lengths);
		p->n_rows++;
	}
	if (p->st == DF_END)
		p->st = DF_OK;
	p->end = rows_tell(h->rows);
	document_part_keep_notes(p, h->map);
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
	struct document_part *p = &c->parts[c->begun++ % c->n];
	document_part_clear(p);
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
static void expect_rows(const struct document_pass *w, const struct document_part *p, size_t i)
{
	for (unsigned step = 0; step < BATCH_STEPS; step++) {
		size_t ahead = i + (step + 1) * AHEAD;
		if (ahead < p->n_kept && p->rows[ahead].sound)
			w->handlers->expect(w->ctx, p->rows[ahead].ids_hash, step);
	}
}

static enum df_status take_part(struct worker_group *c, struct document_part *p,
				struct rows_place *place, struct map_record *record,
				struct df_err *err)
{
	struct document_pass *w = c->w;
	uint64_t rows = w->rows;
	enum df_status st = DF_OK;
	for (size_t i = 0; i < p->n_notes; i++)
		map_note_add(w->map, &p->notes[i]);
	for (size_t i = 0; i < p->n_kept && st == DF_OK; i++) {
		const struct document_kept_row *k = &p->rows[i];
		struct batch_row where = k->where;
		if (w->handlers->expect != NULL)
			expect_rows(w, p, i);
		document_part_recall(p, k, c->w, record);
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
static struct document_part *next_part(struct worker *own)
{
	struct worker_group *c = own->group;
	struct document_part *p = &c->parts[c->taken % c->n];
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
	struct document_part *p;
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
	if (st != DF_OK)
		return st;
	rows_seek(rows, &place);
	return document_pass_rows_until(c->w, rows, UINT64_MAX, err);
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
