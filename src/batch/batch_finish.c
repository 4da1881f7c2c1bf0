/* SPDX-License-Identifier: MIT */
/*
 * Bundles are filled, finished and handed out in one order, so that three numbers say where each of
 * them is in the ring. Only one thread fills and hands out. A bundle is claimed under the lock, and
 * then belongs to whoever claimed it until it is done.
 */
#include "batch_finish.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define BUNDLE       64u
#define BUNDLE_BYTES (128u << 10)
#define RING         4u
#define RING_ALONE   2u /* without a thread */

struct bundle {
	struct batch *v[BUNDLE]; /* own */
	size_t n, bytes;
	bool done; /* under the lock */
};

struct batch_finish {
	const struct batch_space *space;
	uint32_t format;
	size_t room; /* bundles of the ring that are used */
	struct bundle ring[RING];
	/* so many so far: full; of them claimed; of those handed out */
	uint64_t full, claimed, given;
	size_t at; /* of the bundle that is handed out: the next batch */
	bool wants_thread, runs, stop;
	pthread_t thread;
	pthread_mutex_t lock; /* over full, claimed, stop and done */
	pthread_cond_t changed;
};

/* ---- ids ---- */

#ifdef DROPFEED_FAULTS
/* A later format has other batches there. */
static uint64_t position_of(uint32_t format, const struct batch *b)
{
	return format > 2 ? b->position + (UINT64_C(1) << 32) : b->position;
}
#else
static uint64_t position_of(uint32_t format, const struct batch *b)
{
	(void)format;
	return b->position;
}
#endif

/* A batch's hash is made while there are blanks in place of the ids of its events. */
static void add_ids(struct batch_id_maker *ids, uint32_t format, struct batch *b, const char *own,
		    size_t own_len)
{
	size_t id_at = (size_t)(b->id - b->json), body_at = id_at + b->id_len;
	const struct batch_content content = {.own = own,
					      .own_len = own_len,
					      .position = position_of(format, b),
					      .body = format != BATCH_FORMAT_0_1 ? b->json + body_at
										 : NULL,
					      .body_len = b->json_len - body_at};
	if (b->unnamed)
		batch_id_batch(ids, &content, b->json + id_at);
	b->unnamed = false;
	for (size_t i = 0; i < b->n_rows; i++) {
		struct batch_row *row = &b->rows[i];
		if (row->id_at != 0)
			batch_id_row(ids, row->number, b->json + row->id_at);
		row->id_at = 0;
	}
}

void batch_finish_one(const struct batch_space *space, uint32_t format, struct batch *b,
		      const char *own, size_t own_len)
{
	struct batch_id_maker ids;
	batch_id_begin(&ids, space);
	add_ids(&ids, format, b, own, own_len);
	batch_id_end(&ids);
}

/* Finishes the next bundle. Under the lock, which is released in between. */
static void finish_next(struct batch_finish *f)
{
	struct bundle *bundle = &f->ring[f->claimed++ % f->room];
	struct batch_id_maker ids;
	pthread_mutex_unlock(&f->lock);
	batch_id_begin(&ids, f->space);
	for (size_t i = 0; i < bundle->n; i++)
		add_ids(&ids, f->format, bundle->v[i], NULL, 0);
	batch_id_end(&ids);
	pthread_mutex_lock(&f->lock);
	bundle->done = true;
	pthread_cond_broadcast(&f->changed);
}

/* ---- the thread ---- */

static void *finish_run(void *ctx)
{
	struct batch_finish *f = ctx;
	pthread_mutex_lock(&f->lock);
	while (!f->stop) {
		if (f->claimed < f->full)
			finish_next(f);
		else
			pthread_cond_wait(&f->changed, &f->lock);
	}
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

/* Signals are for the main thread. */
static void thread_start(struct batch_finish *f)
{
	sigset_t all, before;
	f->wants_thread = false;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	f->runs = pthread_create(&f->thread, NULL, finish_run, f) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	f->room = f->runs ? RING : RING_ALONE;
}

struct batch_finish *batch_finish_new(const struct batch_space *space, uint32_t format, bool thread)
{
	struct batch_finish *f = df_alloc(sizeof(*f));
	f->space = space;
	f->format = format;
	f->wants_thread = thread;
	f->room = RING_ALONE;
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	return f;
}

void batch_finish_free(struct batch_finish *f)
{
	if (f == NULL)
		return;
	pthread_mutex_lock(&f->lock);
	f->stop = true;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
	if (f->runs)
		pthread_join(f->thread, NULL);
	for (uint64_t i = f->given; i <= f->full && i < f->given + f->room; i++) {
		struct bundle *bundle = &f->ring[i % f->room];
		for (size_t k = i == f->given ? f->at : 0; k < bundle->n; k++)
			batch_free(bundle->v[k]);
	}
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->changed);
	free(f);
}

/* ---- in and out ---- */

static void bundle_is_full(struct batch_finish *f)
{
	if (f->wants_thread) /* a short document ends before there is a full one */
		thread_start(f);
	pthread_mutex_lock(&f->lock);
	f->full++;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

void batch_finish_put(struct batch_finish *f, struct batch *b)
{
	struct bundle *bundle = &f->ring[f->full % f->room];
	bundle->v[bundle->n++] = b;
	bundle->bytes += b->json_len;
	if (bundle->n == BUNDLE || bundle->bytes >= BUNDLE_BYTES)
		bundle_is_full(f);
}

/* Is the oldest bundle done? It is waited for, or finished here, where the ring is full or all are
 * asked for. */
static bool oldest_is_done(struct batch_finish *f, bool all)
{
	struct bundle *oldest = &f->ring[f->given % f->room];
	pthread_mutex_lock(&f->lock);
	bool waits = all || batch_finish_is_full(f) || !f->runs;
	while (f->given < f->full && !oldest->done && waits) {
		if (f->claimed < f->full)
			finish_next(f);
		else
			pthread_cond_wait(&f->changed, &f->lock);
	}
	bool done = f->given < f->full && oldest->done;
	pthread_mutex_unlock(&f->lock);
	return done;
}

struct batch *batch_finish_next(struct batch_finish *f, bool all)
{
	struct bundle *oldest = &f->ring[f->given % f->room];
	if (all && f->given == f->full && oldest->n > 0) {
		f->wants_thread = false;
		bundle_is_full(f);
	}
	if (f->given == f->full || (f->at == 0 && !oldest_is_done(f, all)))
		return NULL;
	struct batch *b = oldest->v[f->at++];
	if (f->at == oldest->n) {
		oldest->n = oldest->bytes = f->at = 0;
		oldest->done = false;
		f->given++;
	}
	return b;
}

bool batch_finish_is_full(const struct batch_finish *f)
{
	return f->full - f->given == f->room;
}
