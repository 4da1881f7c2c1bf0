/* SPDX-License-Identifier: MIT */
/*
 * batch_memory.h - memory of open batches. Many are open at a time, and what most of them cost is
 * the first touch of each page: here pieces are cut from large blocks, for which the kernel is
 * asked to take large pages.
 *
 *	size_t room = batch_memory_room(700);	what a piece for 700 bytes has
 *	char *p = batch_memory_take(&m, 700);
 *	batch_memory_give(&m, p, 700);		or any size with the same room
 */
#ifndef DROPFEED_BATCH_MEMORY_H
#define DROPFEED_BATCH_MEMORY_H

#include "dropfeed/base.h"

#define BATCH_MEMORY_SIZES 32u

struct batch_run;

/* Zeroed at the beginning. For one thread. */
struct batch_memory {
	struct batch_run *with_room[BATCH_MEMORY_SIZES]; /* for pieces of that size */
	struct batch_run *empty;                         /* for pieces of any size */
	struct batch_run *blocks;                        /* own; all that the runs are in */
	size_t n_blocks;
};

/* The least size of a piece that has room for so many bytes. */
size_t batch_memory_room(size_t size);
/* Own: give it back. Not zeroed; aligned as malloc does. Aborts when memory runs out. */
void *batch_memory_take(struct batch_memory *m, size_t size) __attribute__((returns_nonnull));
/* A piece of another size in place of p, which has the first `len` bytes of it; p may be NULL. */
void *batch_memory_resize(struct batch_memory *m, void *p, size_t from, size_t to, size_t len)
    __attribute__((returns_nonnull));
/* size: of what was taken, or as much as its room. p may be NULL. */
void batch_memory_give(struct batch_memory *m, void *p, size_t size);
/* Everything must have been given back. */
void batch_memory_free(struct batch_memory *m);

#endif
