/* SPDX-License-Identifier: MIT */
#include "run_priv.h"

#include <stdlib.h>

#define QUEUE_PER_JOB 2 /* files that wait in the spool for a worker */

struct run_pool {
	struct run *run;
	pthread_t *threads; /* own */
	uint32_t jobs;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct run_file *first, *last;
	size_t waiting, working;
	bool closing;
};

static void *work(void *ctx)
{
	struct run_pool *pool = ctx;
	pthread_mutex_lock(&pool->lock);
	for (;;) {
		while (pool->first == NULL && !pool->closing)
			pthread_cond_wait(&pool->changed, &pool->lock);
		struct run_file *f = pool->first;
		if (f == NULL)
			break;
		pool->first = f->next;
		if (pool->first == NULL)
			pool->last = NULL;
		pool->waiting--;
		pool->working++;
		pthread_cond_broadcast(&pool->changed);
		pthread_mutex_unlock(&pool->lock);
		run_file_deliver(pool->run, f);
		run_file_free(f);
		pthread_mutex_lock(&pool->lock);
		pool->working--;
		pthread_cond_broadcast(&pool->changed);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

struct run_pool *run_pool_new(struct run *run, uint32_t jobs)
{
	struct run_pool *pool = df_alloc(sizeof(*pool));
	pool->run = run;
	run->pool = pool;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->changed, NULL);
	pool->threads = df_alloc(jobs * sizeof(*pool->threads));
	while (pool->jobs < jobs && pthread_create(&pool->threads[pool->jobs], NULL, work, pool) == 0)
		pool->jobs++;
	return pool;
}

void run_pool_put(struct run_pool *pool, struct run_file *f)
{
	if (pool->jobs == 0) { /* no thread could be made: the work is done here */
		run_file_deliver(pool->run, f);
		run_file_free(f);
		return;
	}
	pthread_mutex_lock(&pool->lock);
	while (pool->waiting >= (size_t)pool->jobs * QUEUE_PER_JOB)
		pthread_cond_wait(&pool->changed, &pool->lock);
	f->next = NULL;
	if (pool->last != NULL)
		pool->last->next = f;
	else
		pool->first = f;
	pool->last = f;
	pool->waiting++;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
}

void run_pool_wait(struct run_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	while (pool->waiting > 0 || pool->working > 0)
		pthread_cond_wait(&pool->changed, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
}

uint32_t run_pool_spare(struct run_pool *pool)
{
	if (pool == NULL)
		return 0;
	pthread_mutex_lock(&pool->lock);
	size_t busy = pool->waiting + pool->working;
	uint32_t spare = busy < pool->jobs ? pool->jobs - (uint32_t)busy : 0;
	pthread_mutex_unlock(&pool->lock);
	return spare;
}

void run_pool_free(struct run_pool *pool)
{
	if (pool == NULL)
		return;
	run_pool_wait(pool);
	pool->run->pool = NULL;
	pthread_mutex_lock(&pool->lock);
	pool->closing = true;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
	for (uint32_t i = 0; i < pool->jobs; i++)
		pthread_join(pool->threads[i], NULL);
	pthread_mutex_destroy(&pool->lock);
	pthread_cond_destroy(&pool->changed);
	free(pool->threads);
	free(pool);
}
