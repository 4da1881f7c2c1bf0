/* SPDX-License-Identifier: MIT */
/* Pieces of all sizes do not overlap, and memory of those that were given back serves others. */
#include "../../src/batch/batch_memory.h"

#include "test.h"

#include <stdlib.h>

#define WINDOW 3000u

struct held {
	unsigned char *p;
	size_t size;
	unsigned char mark;
};

static void hold(struct batch_memory *m, struct held *h, size_t size, unsigned char mark)
{
	*h = (struct held){.p = batch_memory_take(m, size), .size = size, .mark = mark};
	memset(h->p, mark, batch_memory_room(size));
}

static bool is_whole(const struct held *h)
{
	for (size_t i = 0; i < batch_memory_room(h->size); i++)
		if (h->p[i] != h->mark)
			return false;
	return true;
}

static void test_room(void)
{
	size_t before = 0;
	for (size_t size = 0; size <= 20000; size++) {
		const size_t room = batch_memory_room(size);
		if (room < size || room < before || room == 0 || batch_memory_room(room) != room) {
			CU_FAIL("a room that is too small, or not its own");
			return;
		}
		before = room;
	}
	CU_ASSERT_EQUAL(batch_memory_room(1), batch_memory_room(64));
	CU_ASSERT(batch_memory_room(5000) < 6200);
}

/* The same numbers in each run. */
static size_t next(uint32_t *random)
{
	*random = *random * 1664525 + 1013904223;
	return *random >> 8;
}

static void test_apart(void)
{
	struct batch_memory m = {0};
	static struct held held[WINDOW];
	size_t broken = 0;
	uint32_t random = 7;
	for (size_t i = 0; i < 40u * WINDOW; i++) {
		struct held *h = &held[next(&random) % WINDOW];
		if (h->p != NULL && !is_whole(h))
			broken++;
		batch_memory_give(&m, h->p, batch_memory_room(h->size));
		size_t most = i % 50 == 0 ? 20000 : i % 3 == 0 ? 2000 : 500;
		hold(&m, h, next(&random) % most, (unsigned char)i);
		broken += (uintptr_t)h->p % _Alignof(max_align_t) != 0;
	}
	CU_ASSERT_EQUAL(broken, 0);
	for (size_t i = 0; i < WINDOW; i++)
		batch_memory_give(&m, held[i].p, held[i].size);
	batch_memory_free(&m);
	CU_ASSERT(m.blocks == NULL);
}

/* The first that were taken are the first to be given back, and the size changes: memory of one
 * size comes to serve the next. */
static void test_again(void)
{
	struct batch_memory m = {0};
	static struct held held[WINDOW];
	size_t first = 0;
	for (size_t i = 0; i < 100u * WINDOW; i++) {
		struct held *h = &held[i % WINDOW];
		batch_memory_give(&m, h->p, h->size);
		hold(&m, h, 300 + i / (10u * WINDOW) * 32, 1);
		if (i == 20u * WINDOW)
			first = m.n_blocks;
	}
	CU_ASSERT(m.n_blocks <= first + 1);
	for (size_t i = 0; i < WINDOW; i++)
		batch_memory_give(&m, held[i].p, held[i].size);
	batch_memory_free(&m);
}

/* From the least to a large one and back, by all steps. */
static void test_resize(void)
{
	struct batch_memory m = {0};
	size_t size = 1, broken = 0;
	unsigned char *p = batch_memory_resize(&m, NULL, 0, size, 0);
	p[0] = 7;
	for (size_t to = 2; to < 300000; to += to / 2 + 1) {
		p = batch_memory_resize(&m, p, size, to, size);
		for (size_t i = 0; i < size; i++)
			broken += p[i] != (unsigned char)(i * 3 + 7);
		for (size_t i = size; i < to; i++)
			p[i] = (unsigned char)(i * 3 + 7);
		size = to;
	}
	p = batch_memory_resize(&m, p, size, 100, 100);
	for (size_t i = 0; i < 100; i++)
		broken += p[i] != (unsigned char)(i * 3 + 7);
	CU_ASSERT_EQUAL(broken, 0);
	batch_memory_give(&m, p, 100);
	batch_memory_free(&m);
}

static void test_large(void)
{
	static const size_t sizes[] = {
	    1, 100, 65536, DF_LARGE_PAGE - 1, DF_LARGE_PAGE, 3 * DF_LARGE_PAGE + 5};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *p = df_large_alloc(sizes[i], 65536);
		CU_ASSERT_EQUAL((uintptr_t)p % 65536, 0);
		memset(p, 1, sizes[i]);
		df_large_free(p, sizes[i]);
	}
	df_large_free(NULL, DF_LARGE_PAGE);
}

int main(void)
{
	static const CU_TestInfo tests[] = {{"the room of a piece", test_room},
					    {"pieces do not overlap", test_apart},
					    {"memory serves other sizes", test_again},
					    {"a piece of another size", test_resize},
					    {"large memory", test_large},
					    CU_TEST_INFO_NULL};
	return test_main("batch_memory", NULL, NULL, tests);
}
