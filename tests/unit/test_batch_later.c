/* SPDX-License-Identifier: MIT */
/* Records that wait: each comes back once and whole, a user's in their order and together, in
 * little memory. */
#include "../../src/batch/batch_later.h"

#include "test.h"

#include <malloc.h>
#include <stdlib.h>

#define USERS 5000u

struct back {
	uint32_t *last;    /* own; per user: the latest of its rows that came, 1-based */
	uint32_t *part_of; /* own; per user: the part it came in, 1-based */
	uint32_t part;
	size_t n, most; /* most: bytes that were held at once */
	bool good;
};

/* By malloc; 0 where it does not say. */
static size_t held(void)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
	const struct mallinfo2 now = mallinfo2();
	return now.uordblks + now.hblkhd;
#else
	return 0;
#endif
}

/* What belongs to the row, found from its number. */
struct row {
	char ids[32], batch[64], data[256];
	uint32_t user;
};

static struct row row_of(uint32_t i, uint32_t users)
{
	struct row r = {.user = i * 2654435761u % users};
	snprintf(r.ids, sizeof(r.ids), "\"customer_id\":\"%u\"", r.user);
	snprintf(r.batch, sizeof(r.batch), "\"user_identities\":{%s}", r.ids);
	snprintf(r.data, sizeof(r.data), "\"id\":\"%0*u\"", (int)(i % 200 + 1), i);
	return r;
}

static struct map_record record_of(const struct row *r, uint32_t i)
{
	return (struct map_record){.ids = r->ids,
				   .ids_len = strlen(r->ids),
				   .batch = r->batch,
				   .batch_len = strlen(r->batch),
				   .data = r->data,
				   .data_len = strlen(r->data),
				   .message_id = i % 3 == 0 ? "m" : NULL,
				   .message_id_len = i % 3 == 0,
				   .no_event = i % 7 == 0};
}

static bool same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	return a_len == b_len && memcmp(a, b, a_len) == 0;
}

static enum df_status on_take(void *ctx, const struct map_record *rec,
			      const struct batch_row *where, struct df_err *err)
{
	struct back *b = ctx;
	uint32_t i = (uint32_t)where->number;
	const struct row r = row_of(i, USERS);
	const struct map_record want = record_of(&r, i);
	(void)err;
	b->good &= same(rec->ids, rec->ids_len, want.ids, want.ids_len) &&
		   same(rec->batch, rec->batch_len, want.batch, want.batch_len) &&
		   rec->no_event == want.no_event &&
		   (want.no_event || same(rec->data, rec->data_len, want.data, want.data_len)) &&
		   (rec->message_id != NULL) == (want.message_id != NULL) && where->line == i + 1 &&
		   where->offset == i * UINT64_C(100) && where->length == 99;
	b->good &= b->last[r.user] < i + 1 &&
		   (b->part_of[r.user] == 0 || b->part_of[r.user] == b->part + 1);
	b->last[r.user] = i + 1;
	b->part_of[r.user] = b->part + 1;
	b->n++;
	if (b->n % 512 == 0 && held() > b->most)
		b->most = held();
	return DF_OK;
}

static enum df_status on_part_end(void *ctx, struct df_err *err)
{
	(void)err;
	((struct back *)ctx)->part++;
	return DF_OK;
}

static struct back go(const char *scratch, uint32_t rows, uint64_t room)
{
	struct back b = {.last = df_alloc(USERS * sizeof(*b.last)),
			 .part_of = df_alloc(USERS * sizeof(*b.part_of)),
			 .good = true};
	const struct batch_later_events events = {
	    .take = on_take, .part_end = on_part_end, .ctx = &b};
	struct df_err err = {0};
	size_t before = held();
	struct batch_later *l = batch_later_new(scratch, room);
	for (uint32_t i = 0; i < rows; i++) {
		const struct row r = row_of(i, USERS);
		const struct map_record rec = record_of(&r, i);
		const struct batch_row where = {
		    .number = i, .line = i + 1, .offset = i * UINT64_C(100), .length = 99};
		OK(batch_later_put(l, &rec, &where, &err));
		if (i % 512 == 0 && held() > b.most)
			b.most = held();
	}
	OK(batch_later_end(l, &events, &err));
	batch_later_free(l);
	b.most = b.most > before ? b.most - before : 0;
	free(b.last);
	free(b.part_of);
	return b;
}

static void test_in_memory(void)
{
	struct back b = go("/tmp", 2000, 64u << 20);
	CU_ASSERT(b.good && b.n == 2000 && b.part == 1);
	b = go("/tmp", 0, 64u << 20);
	CU_ASSERT(b.good && b.n == 0);
	b = go(NULL, 2000, 1); /* without a folder memory has to do */
	CU_ASSERT(b.good && b.n == 2000 && b.part == 1);
}

static void test_in_parts(void)
{
	struct back b = go("/tmp", 20000, 4u << 20);
	CU_ASSERT(b.good && b.n == 20000 && b.part == 64);
	b = go("/tmp", 20000, 100000); /* parts of parts */
	CU_ASSERT(b.good && b.n == 20000 && b.part > 64);
	b = go("/tmp", 3000, 0); /* down to the last bit */
	CU_ASSERT(b.good && b.n == 3000);
}

/* About 70 MB of records in what the room and the blocks of two levels take. */
static void test_memory(void)
{
	struct back b = go("/tmp", 200000, 4u << 20);
	CU_ASSERT(b.good && b.n == 200000);
	CU_ASSERT(b.most < (16u << 20));
}

static void test_no_folder(void)
{
	struct batch_later *l = batch_later_new("/nonexistent", 0);
	const struct row r = row_of(1, USERS);
	const struct map_record rec = record_of(&r, 1);
	const struct batch_row where = {.number = 1};
	struct df_err err = {0};
	CU_ASSERT(batch_later_put(l, &rec, &where, &err) != DF_OK);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/nonexistent"));
	batch_later_free(l);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"in memory", test_in_memory}, {"in parts", test_in_parts}, {"memory", test_memory},
	    {"no folder", test_no_folder}, CU_TEST_INFO_NULL,
	};
	return test_main("batch_later", NULL, NULL, tests);
}
