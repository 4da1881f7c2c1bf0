/* SPDX-License-Identifier: MIT */
/* The workers: `jobs` threads, and a few more for the targets that run_queue.h lets begin a file
 * whatever `jobs` is. */
#include "run_queue.h"

#include "dropfeed/thread.h"

#include <stdlib.h>

enum {
	MORE_THREADS = 64,
	/* for a file that another host has: the longer it takes, the less a little more matters */
	WAIT_LEAST_MS = 40,
	WAIT_MOST_MS = 200,
	WAIT_PART = 16,
	LOOK_EVERY_MS = 200, /* for a stop, and for targets that got well */
};

struct run_pool {
	struct run *run;
	pthread_mutex_t lock;   /* of all that follows */
	pthread_cond_t changed; /* there is work for one more worker, or the pool closes */
	pthread_cond_t ended;   /* a file is through, or parked: those wait for it that wait here */
	struct run_queue queue;
	pthread_t *threads; /* own */
	uint32_t n_threads, max_threads;
	uint32_t idle; /* threads that wait for work, or have just been made */
	bool closing;
};

/* ---- targets ---- */

static const struct run_line *line_of(const struct run_queue *q, const struct run_target *t)
{
	const struct run_line *line = q->lines;

	while (line->target != t)
		line = line->next;
	return line;
}

/* While all of a target's files are parked nobody asks the sender for anything: whether it was
 * given up is seen here. */
static void target_stat(struct run_pool *pool, struct run_target *t)
{
	const struct conf_feed *feed = line_of(&pool->queue, t)->feed;
	int64_t now = df_monotonic_ms();

	t->health = sender_health(pool->run->env.sender, feed, &t->probe_ms);
	if (t->health == SEND_WELL)
		t->unwell_from = 0;
	else if (t->unwell_from == 0)
		t->unwell_from = now;

	bool given_up = t->unwell_from != 0 && t->sending == 0 &&
			now - t->unwell_from > feed->send.give_up_after_ms;
	t->closed = t->closed || t->health == SEND_CLOSED || given_up;
}

static enum run_step choose_work(struct run_pool *pool, struct run_file **out)
{
	pool->queue.stop = df_stop_requested;
	pool->queue.now = df_monotonic_ms();
	for (struct run_target *t = pool->queue.targets; t != NULL; t = t->next)
		target_stat(pool, t);
	return run_queue_choose(&pool->queue, out);
}

/* ---- the work ---- */

static enum run_stage do_check(struct run_pool *pool, struct run_file *f)
{
	struct df_err err = {0};
	enum df_status st = run_file_check(pool->run, f, &err);
	run_spent_sweep(pool->run);

	if (st == DF_OK)
		return RUN_READY;
	if (st == DF_END)
		return RUN_CLOSED;
	f->st = st;
	f->why = err;
	return RUN_LEAVING;
}

/* Another host has an earlier file. */
static void wait_more(struct run_file *f)
{
	int64_t now = df_monotonic_ms();
	if (f->held_from == 0)
		f->held_from = now;
	int64_t ms = (now - f->held_from) / WAIT_PART;
	f->held_until = now + (ms < WAIT_LEAST_MS  ? WAIT_LEAST_MS
			       : ms > WAIT_MOST_MS ? WAIT_MOST_MS
						   : ms);
}

/* An earlier file was taken over from another host after this one was chosen. */
static bool came_before(struct run_pool *pool, const struct run_file *f)
{
	pthread_mutex_lock(&pool->lock);
	bool held = ledger_shared(pool->run->env.ledger) && run_queue_held(f);
	pthread_mutex_unlock(&pool->lock);
	return held;
}

static enum run_stage do_send(struct run_pool *pool, struct run_file *f)
{
	struct df_err err = {0};
	bool parked = false;
	enum df_status st = run_file_waits(pool->run, f, &err);
	if (st == DF_END) {
		wait_more(f);
		return RUN_READY;
	}
	if (st == DF_OK && came_before(pool, f))
		return RUN_READY;
	/* where it is not known whether its turn has come, it is not sent */
	if (st == DF_OK)
		st = run_file_send(pool->run, f, &parked, &err);

	if (st == DF_OK || st == DF_END)
		return f->delivery != NULL ? RUN_SENT : RUN_CLOSED;
	f->st = st;
	f->why = err;
	if (!parked || df_stop_requested)
		return RUN_LEAVING;
	df_log(DF_LOG_DEBUG, "%s: %s: parked: %s", f->feed->name, f->name, err.text);
	return RUN_PARKED;
}

static enum run_stage do_close(struct run_file *f)
{
	struct df_err err = {0};
	enum df_status st = run_file_close(f, &err);
	if (st == DF_OK)
		return RUN_CLOSED;
	f->st = st;
	f->why = err;
	return RUN_LEAVING;
}

static enum run_stage work_on(struct run_pool *pool, struct run_file *f, enum run_step step)
{
	switch (step) {
	case RUN_SEND:
		return do_send(pool, f);
	case RUN_CLOSE:
		return do_close(f);
	case RUN_LEAVE:
		return RUN_LEAVING;
	default:
		return do_check(pool, f);
	}
}

/* Under the lock. */
static void count_spare(struct run_pool *pool)
{
	const struct run_queue *q = &pool->queue;
	atomic_store(&pool->run->spare, q->busy < q->jobs ? q->jobs - q->busy : 0);
}

static void *work(void *ctx);

/* Whoever takes up work sees to it that somebody takes up the next, while there is more of it: an
 * event that wakes all workers costs more than a small file. */
static void call_next(struct run_pool *pool)
{
	struct run_file *f = NULL;

	if ((pool->idle == 0 && pool->n_threads == pool->max_threads) ||
	    choose_work(pool, &f) == RUN_NOTHING)
		return;
	if (pool->idle > 0) {
		pthread_cond_signal(&pool->changed);
		return;
	}
	if (pthread_create(&pool->threads[pool->n_threads], NULL, work, pool) == 0) {
		pool->n_threads++;
		pool->idle++;
	}
}

/* Under the lock, which is released in between. */
static void do_step(struct run_pool *pool, struct run_file *f, enum run_step step)
{
	const struct df_log_place at = {.feed = f->feed->name, .file = f->name};
	const struct df_log_place before = df_log_at(&at);
	run_queue_begin(&pool->queue, f, step);
	count_spare(pool);
	if (pool->n_threads > 0)
		call_next(pool);
	pthread_mutex_unlock(&pool->lock);

	enum run_stage stage = work_on(pool, f, step);
	bool goes_on = stage == RUN_READY || stage == RUN_SENT;
	if (!goes_on)
		run_file_rest(f);
	if (stage == RUN_CLOSED)
		ledger_release(pool->run->env.ledger, f->ledger_id, false);

	pthread_mutex_lock(&pool->lock);
	if (stage == RUN_LEAVING) {
		enum run_blame blame = run_queue_blames(&pool->queue, f);
		pthread_mutex_unlock(&pool->lock);
		run_file_leave(pool->run, f, blame);
		pthread_mutex_lock(&pool->lock);
		stage = RUN_LEFT;
	}
	(void)df_log_at(&before);
	run_queue_end(&pool->queue, f, stage);
	count_spare(pool);
	if (stage == RUN_CLOSED)
		run_file_free(f);
	if (!goes_on)
		pthread_cond_broadcast(&pool->ended);
}

/* Called by somebody who is not a worker. Where no thread can be made, the work is done here. */
static void call_help(struct run_pool *pool)
{
	struct run_file *f = NULL;

	call_next(pool);
	if (pool->n_threads > 0)
		return;
	enum run_step step = choose_work(pool, &f);
	if (step != RUN_NOTHING)
		do_step(pool, f, step);
}

/* How long a worker without work may sleep. */
static int64_t look_in(const struct run_queue *q)
{
	int64_t now = df_monotonic_ms(), ms = LOOK_EVERY_MS;
	for (const struct run_line *l = q->lines; l != NULL; l = l->next)
		for (const struct run_file *f = l->first; f != NULL; f = f->next)
			if (f->held_until > now && f->held_until - now < ms)
				ms = f->held_until - now;
	return ms;
}

/* Under the lock, which is released in between. What fails is reported at the run's end. */
static void tidy(struct run_pool *pool)
{
	struct df_err err = {0};
	pthread_mutex_unlock(&pool->lock);
	if (run_spent_end(pool->run, &err) != DF_OK)
		df_log(DF_LOG_DEBUG, "%s", err.text);
	pthread_mutex_lock(&pool->lock);
}

static void *work(void *ctx)
{
	struct run_pool *pool = ctx;
	struct run_file *f = NULL;

	pthread_mutex_lock(&pool->lock);
	pool->idle--;
	for (;;) {
		enum run_step step = choose_work(pool, &f);
		if (step != RUN_NOTHING) {
			do_step(pool, f, step);
			continue;
		}
		if (pool->queue.busy == 0 && run_spent_any(pool->run)) {
			tidy(pool);
			continue;
		}
		if (pool->closing)
			break;
		pool->idle++;
		df_cond_wait(&pool->changed, &pool->lock, look_in(&pool->queue));
		pool->idle--;
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* ---- the pool ---- */

struct run_pool *run_pool_new(struct run *run, uint32_t jobs)
{
	struct run_pool *pool = df_alloc(sizeof(*pool));

	*pool = (struct run_pool){.run = run,
				  .queue = {.jobs = jobs, .shared = ledger_shared(run->env.ledger)},
				  .max_threads = jobs + MORE_THREADS};
	run->pool = pool;
	atomic_store(&run->spare, jobs);
	pthread_mutex_init(&pool->lock, NULL);
	df_cond_init(&pool->changed);
	df_cond_init(&pool->ended);
	pool->threads = df_alloc(pool->max_threads * sizeof(*pool->threads));
	return pool;
}

void run_pool_put(struct run_pool *pool, struct run_file *f)
{
	pthread_mutex_lock(&pool->lock);
	run_queue_add(&pool->queue, f);
	call_help(pool);
	pthread_mutex_unlock(&pool->lock);
}

bool run_pool_takes(struct run_pool *pool, const struct conf_feed *feed)
{
	pthread_mutex_lock(&pool->lock);
	const struct run_line *line = run_queue_line(&pool->queue, feed);
	bool takes = line->target == NULL || !line->target->closed;
	pthread_mutex_unlock(&pool->lock);
	return takes && !df_stop_requested;
}

bool run_pool_left(struct run_pool *pool, const struct conf_feed *feed)
{
	pthread_mutex_lock(&pool->lock);
	bool left = run_queue_line(&pool->queue, feed)->first != NULL;
	pthread_mutex_unlock(&pool->lock);
	return left;
}

static bool line_has_room(const struct run_pool *pool, const struct run_line *line,
			  const struct run_claim *c)
{
	if (c == NULL)
		return run_queue_room(&pool->queue, line);
	return run_queue_may_claim(&pool->queue, line, c->ahead) ||
	       (c->first && run_queue_waits_for(line, c->name, c->mtime));
}

bool run_pool_claim(struct run_pool *pool, const struct conf_feed *feed,
		    const struct run_claim *claim, int64_t ms)
{
	int64_t end = df_monotonic_ms() + ms;
	bool room = false;

	pthread_mutex_lock(&pool->lock);
	struct run_line *line = run_queue_line(&pool->queue, feed);
	for (;;) {
		room = line_has_room(pool, line, claim);
		if (room || df_stop_requested || df_monotonic_ms() >= end)
			break;
		call_help(pool);
		df_cond_wait(&pool->ended, &pool->lock, LOOK_EVERY_MS);
	}
	line->coming += room && claim != NULL;
	pthread_mutex_unlock(&pool->lock);
	return room;
}

bool run_pool_room(struct run_pool *pool, const struct conf_feed *feed, int64_t ms)
{
	return run_pool_claim(pool, feed, NULL, ms) || df_stop_requested;
}

void run_pool_claimed(struct run_pool *pool, const struct conf_feed *feed)
{
	pthread_mutex_lock(&pool->lock);
	run_queue_line(&pool->queue, feed)->coming--;
	pthread_mutex_unlock(&pool->lock);
}

size_t run_pool_rest(struct run_pool *pool, const struct conf_feed *feed, uint64_t *closed,
		     int64_t ms)
{
	int64_t end = df_monotonic_ms() + ms;

	pthread_mutex_lock(&pool->lock);
	const struct run_line *line = run_queue_line(&pool->queue, feed);
	while (line->n > 0 && line->closed == *closed && df_monotonic_ms() < end) {
		call_help(pool);
		df_cond_wait(&pool->ended, &pool->lock, LOOK_EVERY_MS);
	}
	size_t n = line->n;
	*closed = line->closed;
	pthread_mutex_unlock(&pool->lock);
	return n;
}

static bool under_way(const struct run_queue *q)
{
	for (const struct run_line *l = q->lines; l != NULL; l = l->next)
		if (l->n > 0)
			return true;
	return false;
}

void run_pool_wait(struct run_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	while (under_way(&pool->queue)) {
		call_help(pool);
		df_cond_wait(&pool->ended, &pool->lock, LOOK_EVERY_MS);
	}
	pthread_mutex_unlock(&pool->lock);
}

void run_pool_free(struct run_pool *pool)
{
	if (pool == NULL)
		return;
	run_pool_wait(pool);
	pool->run->pool = NULL;
	atomic_store(&pool->run->spare, 0);

	pthread_mutex_lock(&pool->lock);
	pool->closing = true;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
	for (uint32_t i = 0; i < pool->n_threads; i++)
		pthread_join(pool->threads[i], NULL);
	run_spent_free(pool->run);

	run_queue_free(&pool->queue);
	pthread_mutex_destroy(&pool->lock);
	pthread_cond_destroy(&pool->changed);
	pthread_cond_destroy(&pool->ended);
	free(pool->threads);
	free(pool);
}
