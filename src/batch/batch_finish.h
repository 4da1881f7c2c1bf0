/* SPDX-License-Identifier: MIT */
/*
 * batch_finish.h - closed batches wait for their ids, so that many are made at once
 *
 *	f = batch_finish_new(&space, format);
 *	batch_finish_put(f, b);  batches with blanks where their ids are to be
 *	while ((b = batch_finish_next(f, false)) != NULL)  in the order they were put
 *	while ((b = batch_finish_next(f, true)) != NULL)  at the end: all that are left
 *
 * They wait in bundles of bounded size, and get their ids when one is full.
 */
#ifndef BATCH_FINISH_H
#define BATCH_FINISH_H

#include "batch_priv.h"

struct batch_finish;

/* space: borrowed. format: of batch_settings. */
struct batch_finish *batch_finish_new(const struct batch_space *space, uint32_t format);
/* Frees the batches that are left, too. */
void batch_finish_free(struct batch_finish *f);

/* The batch is f's now. Afterwards batch_finish_next has to be called until there is room. */
void batch_finish_put(struct batch_finish *f, struct batch *b);
/* The next batch that has its ids, own; or NULL: there is none. all: those of the bundle that is
 * not full get theirs as well. */
struct batch *batch_finish_next(struct batch_finish *f, bool all);

/* There is no room for another batch. */
bool batch_finish_is_full(const struct batch_finish *f);

/* Makes the ids of one batch: its own, where it lacks one, and those of its events.
 * own: see batch_content. */
void batch_finish_one(const struct batch_space *space, uint32_t format, struct batch *b,
		      const char *own, size_t own_len);

#endif
