/* SPDX-License-Identifier: MIT */
/* fetch_hasher.h - a large download is hashed by a thread of its own, while more of it comes */
#ifndef FETCH_HASHER_H
#define FETCH_HASHER_H

#include "dropfeed/base.h"

#include <pthread.h>

struct fetch_checksum;

struct fetch_hasher {                    /* zeroed: it does not run */
	int fd;                          /* borrowed: of the part */
	struct df_sha256 *hash;          /* borrowed, while it runs */
	struct fetch_checksum *checksum; /* likewise; or NULL */
	pthread_t thread;
	bool runs;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* under the lock: */
	uint64_t written, hashed; /* bytes of the part */
	bool last;                /* nothing more is written */
	int error;                /* errno, or 0 */
};

/* Hashes what follows the first `from` bytes. False: a thread could not be started. */
bool fetch_hasher_start(struct fetch_hasher *h, uint64_t from);
/* So many bytes are in the part. */
void fetch_hasher_note(struct fetch_hasher *h, uint64_t written);
/* All of them are hashed now. DF_RETRY: they could not be read again. */
enum df_status fetch_hasher_end(struct fetch_hasher *h, struct df_err *err) DF_CHECK;

#endif
