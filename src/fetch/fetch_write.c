/* SPDX-License-Identifier: MIT */
/*
 * What a download's bytes go through: SHA-256, and the disk. A large download has a thread for that, as the connection has to
 * decrypt meanwhile. Pieces are handed over in order; there are few of them, so a slow disk holds the connection up.
 */
#include "fetch_priv.h"

#include "dropfeed/step.h"

#include <pthread.h>
#include <stdlib.h>

#define PIECES    3
#define HAND_OVER (512u << 10) /* bytes that make a piece worth it */

struct piece {
	char *data; /* own: room for HAND_OVER and FETCH_CHUNK */
	size_t len;
};

struct fetch_writer {
	int fd;                 /* borrowed */
	struct df_sha256 *hash; /* borrowed */
	bool threaded;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct piece pieces[PIECES]; /* a ring */
	size_t filled, done;         /* pieces so far; the one behind the filled ones is the caller's */
	bool ended, failed;
	uint64_t bytes;        /* written and hashed */
	enum df_status status; /* of the first piece that could not be written; nothing is written behind it */
	struct df_err err;
};

static void write_piece(struct fetch_writer *w, struct piece *p)
{
	if (w->status == DF_OK && p->len > 0) {
		w->status = df_write_all(w->fd, p->data, p->len, &w->err);
		if (w->status == DF_OK) {
			df_sha256_add(w->hash, p->data, p->len);
			w->bytes += p->len;
			df_after("write a piece of the download");
		}
	}
	p->len = 0;
}

static void *write_pieces(void *ctx)
{
	struct fetch_writer *w = ctx;
	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (w->done == w->filled && !w->ended)
			pthread_cond_wait(&w->changed, &w->lock);
		if (w->done == w->filled)
			break;
		struct piece *p = &w->pieces[w->done % PIECES];
		pthread_mutex_unlock(&w->lock);
		write_piece(w, p);
		pthread_mutex_lock(&w->lock);
		w->done++;
		w->failed = w->status != DF_OK;
		pthread_cond_signal(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

struct fetch_writer *fetch_writer_new(int fd, struct df_sha256 *hash, bool large)
{
	struct fetch_writer *w = df_alloc(sizeof(*w));
	w->fd = fd;
	w->hash = hash;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	w->threaded = large && pthread_create(&w->thread, NULL, write_pieces, w) == 0;
	return w;
}

/* Hands the caller's piece over. False: a piece could not be written. */
static bool hand_over(struct fetch_writer *w)
{
	if (!w->threaded) {
		write_piece(w, &w->pieces[0]);
		return w->status == DF_OK;
	}
	pthread_mutex_lock(&w->lock);
	w->filled++;
	pthread_cond_signal(&w->changed);
	while (w->filled - w->done == PIECES)
		pthread_cond_wait(&w->changed, &w->lock);
	bool ok = !w->failed;
	pthread_mutex_unlock(&w->lock);
	return ok;
}

static struct piece *own_piece(struct fetch_writer *w)
{
	return &w->pieces[w->threaded ? w->filled % PIECES : 0];
}

char *fetch_writer_room(struct fetch_writer *w)
{
	struct piece *p = own_piece(w);
	if (p->data == NULL)
		p->data = df_alloc(HAND_OVER + FETCH_CHUNK);
	return p->data + p->len;
}

enum df_status fetch_writer_put(struct fetch_writer *w, size_t n, struct df_err *err)
{
	struct piece *p = own_piece(w);
	p->len += n;
	if (p->len < HAND_OVER || hand_over(w))
		return DF_OK;
	*err = w->err;
	return w->status;
}

enum df_status fetch_writer_end(struct fetch_writer *w, uint64_t *bytes, struct df_err *err)
{
	(void)hand_over(w);
	if (w->threaded) {
		pthread_mutex_lock(&w->lock);
		w->ended = true;
		pthread_cond_signal(&w->changed);
		pthread_mutex_unlock(&w->lock);
		pthread_join(w->thread, NULL);
	}
	enum df_status st = w->status;
	if (st != DF_OK)
		*err = w->err;
	*bytes = w->bytes;
	for (size_t i = 0; i < PIECES; i++)
		free(w->pieces[i].data);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->changed);
	free(w);
	return st;
}
