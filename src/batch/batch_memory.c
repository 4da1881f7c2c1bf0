/* SPDX-License-Identifier: MIT */
/* batch_memory.c - pieces of one size come from a run; runs come from blocks. An empty run serves
 * pieces of any size: as the oldest batches close first, runs do become empty. */
#include "batch_memory.h"

#include <stdlib.h>

#define RUN          ((size_t)64 << 10)
#define BLOCK        DF_LARGE_PAGE
#define SMALL_BLOCKS 16u /* of one run each: a small document touches little */

#define FINE_STEP   64u /* up to FINE, then MIDDLE_STEP, then COARSE_STEP */
#define FINE        1024u
#define MIDDLE_STEP 256u
#define MIDDLE      4096u
#define COARSE_STEP 1024u
#define COARSE      8192u

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature) /* clang */
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED false
#endif
/* Larger ones are malloc's; all of them where AddressSanitizer is to see the bounds of each. */
#define MOST (SANITIZED ? 0 : COARSE)

/* A piece that was given back. */
struct piece {
	struct piece *next;
};

/* Aligned to its length, so that a piece leads to it. */
struct batch_run {
	struct batch_run *next, *previous; /* in with_room; next in empty */
	struct batch_run *next_block;      /* of the first one in a block */
	size_t block_len;
	struct piece *given;
	size_t cut; /* bytes that pieces were made of */
	uint32_t index, taken, most;
	_Alignas(FINE_STEP) char pieces[];
};

_Static_assert(FINE / FINE_STEP + (MIDDLE - FINE) / MIDDLE_STEP + (COARSE - MIDDLE) / COARSE_STEP ==
		   BATCH_MEMORY_SIZES,
	       "a list for each size");

static size_t round_up(size_t size, size_t step)
{
	return (size + step - 1) / step * step;
}

size_t batch_memory_room(size_t size)
{
	if (size <= FINE)
		return size > 0 ? round_up(size, FINE_STEP) : FINE_STEP;
	return round_up(size, size <= MIDDLE ? MIDDLE_STEP : COARSE_STEP);
}

static uint32_t index_of(size_t room)
{
	if (room <= FINE)
		return (uint32_t)(room / FINE_STEP - 1);
	if (room <= MIDDLE)
		return (uint32_t)(FINE / FINE_STEP - 1 + (room - FINE) / MIDDLE_STEP);
	return (uint32_t)(FINE / FINE_STEP - 1 + (MIDDLE - FINE) / MIDDLE_STEP +
			  (room - MIDDLE) / COARSE_STEP);
}

/* ---- runs ---- */

static void block_new(struct batch_memory *m)
{
	const bool small = m->n_blocks++ < SMALL_BLOCKS;
	const size_t len = small ? RUN : BLOCK;
	char *memory = df_large_alloc(len, RUN);
	struct batch_run *first = (struct batch_run *)(void *)memory;
	for (size_t at = len; at > 0; at -= RUN) {
		struct batch_run *run = (struct batch_run *)(void *)(memory + at - RUN);
		run->next = m->empty;
		m->empty = run;
	}
	first->next_block = m->blocks;
	first->block_len = len;
	m->blocks = first;
}

static void put_with_room(struct batch_memory *m, struct batch_run *run)
{
	struct batch_run **list = &m->with_room[run->index];
	run->previous = NULL;
	run->next = *list;
	if (*list != NULL)
		(*list)->previous = run;
	*list = run;
}

static void take_out(struct batch_memory *m, struct batch_run *run)
{
	*(run->previous != NULL ? &run->previous->next : &m->with_room[run->index]) = run->next;
	if (run->next != NULL)
		run->next->previous = run->previous;
}

static struct batch_run *run_new(struct batch_memory *m, size_t room)
{
	if (m->empty == NULL)
		block_new(m);
	struct batch_run *run = m->empty;
	m->empty = run->next;
	run->given = NULL;
	run->cut = 0;
	run->index = index_of(room);
	run->taken = 0;
	run->most = (uint32_t)((RUN - sizeof(*run)) / room);
	put_with_room(m, run);
	return run;
}

/* ---- pieces ---- */

void *batch_memory_take(struct batch_memory *m, size_t size)
{
	const size_t room = batch_memory_room(size);
	if (room > MOST)
		return df_realloc(NULL, room);
	struct batch_run *run = m->with_room[index_of(room)];
	if (run == NULL)
		run = run_new(m, room);
	if (++run->taken == run->most)
		take_out(m, run);
	struct piece *p = run->given;
	if (p != NULL) {
		run->given = p->next;
		return p;
	}
	run->cut += room;
	return run->pieces + run->cut - room;
}

void batch_memory_give(struct batch_memory *m, void *p, size_t size)
{
	if (p == NULL || batch_memory_room(size) > MOST) {
		free(p);
		return;
	}
	struct batch_run *run = (struct batch_run *)((uintptr_t)p & ~(uintptr_t)(RUN - 1));
	struct piece *piece = p;
	piece->next = run->given;
	run->given = piece;
	if (run->taken-- == run->most)
		put_with_room(m, run);
	if (run->taken > 0)
		return;
	take_out(m, run);
	run->next = m->empty;
	m->empty = run;
}

void *batch_memory_resize(struct batch_memory *m, void *p, size_t from, size_t to, size_t len)
{
	/* what is large may be moved without a copy */
	if (p != NULL && batch_memory_room(from) > MOST && batch_memory_room(to) > MOST)
		return df_realloc(p, batch_memory_room(to));
	void *other = batch_memory_take(m, to);
	if (p != NULL)
		memcpy(other, p, len);
	batch_memory_give(m, p, from);
	return other;
}

void batch_memory_free(struct batch_memory *m)
{
	for (struct batch_run *next; m->blocks != NULL; m->blocks = next) {
		next = m->blocks->next_block;
		df_large_free(m->blocks, m->blocks->block_len);
	}
	*m = (struct batch_memory){0};
}
