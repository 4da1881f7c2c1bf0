/* SPDX-License-Identifier: MIT */
/* What was written is read again, from memory mostly: so nothing but a number goes from the one
 * thread to the other, and pieces of any size come in steps of a good one. */
#include "fetch_hasher.h"

#include "fetch_priv.h"

#include "dropfeed/thread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP (1u << 20)

/* Returns errno, or 0. */
static int hash_step(struct fetch_hasher *h, char *chunk, uint64_t from, size_t n)
{
	for (size_t have = 0; have < n;) {
		ssize_t got = pread(h->fd, chunk + have, n - have, (off_t)(from + have));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? errno : EIO;
		have += (size_t)got;
	}
	df_sha256_add(h->hash, chunk, n);
	fetch_checksum_add(h->checksum, chunk, n);
	return 0;
}

static void *hasher_run(void *own)
{
	struct fetch_hasher *h = own;
	char *chunk = df_realloc(NULL, STEP);
	pthread_mutex_lock(&h->lock);
	for (;;) {
		while (h->written - h->hashed < STEP && !h->last)
			pthread_cond_wait(&h->changed, &h->lock);
		uint64_t from = h->hashed, left = h->written - from;
		size_t n = left < STEP ? (size_t)left : STEP;
		if (n == 0)
			break;

		pthread_mutex_unlock(&h->lock);
		int error = hash_step(h, chunk, from, n);
		pthread_mutex_lock(&h->lock);
		h->error = error;
		h->hashed += n;
		if (error != 0)
			break;
	}
	pthread_mutex_unlock(&h->lock);
	free(chunk);
	return NULL;
}

bool fetch_hasher_start(struct fetch_hasher *h, uint64_t from)
{
	h->written = h->hashed = from;
	h->last = false;
	h->error = 0;
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->changed, NULL);
	h->runs = df_thread_start(&h->thread, hasher_run, h) == 0;
	if (h->runs)
		return true;

	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->changed);
	return false;
}

void fetch_hasher_note(struct fetch_hasher *h, uint64_t written)
{
	pthread_mutex_lock(&h->lock);
	if (h->written / STEP != written / STEP)
		pthread_cond_signal(&h->changed);
	h->written = written;
	pthread_mutex_unlock(&h->lock);
}

enum df_status fetch_hasher_end(struct fetch_hasher *h, struct df_err *err)
{
	if (!h->runs)
		return DF_OK;

	pthread_mutex_lock(&h->lock);
	h->last = true;
	pthread_cond_signal(&h->changed);
	pthread_mutex_unlock(&h->lock);
	pthread_join(h->thread, NULL);
	h->runs = false;
	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->changed);
	if (h->error == 0)
		return DF_OK;
	return df_fail(DF_RETRY, err, NULL, "cannot read the download again: %s",
		       df_strerror(h->error));
}
