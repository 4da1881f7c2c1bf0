/* SPDX-License-Identifier: MIT */
/* Batches that wait for their ids are those that get them at once: the same bytes in the same
 * order. */
#include "../../src/batch/batch_finish.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#define ROWS 6000u

struct seen {
	struct df_buf json; /* a batch a line */
	struct df_buf rows; /* their numbers */
	size_t n, stop_at;  /* stop_at: the batch that is refused; 0: none */
};

static enum df_status on_batch(void *ctx, struct batch *b, struct df_err *err)
{
	struct seen *s = ctx;
	s->n++;
	df_buf_add(&s->json, b->json, b->json_len);
	df_buf_addc(&s->json, '\n');
	for (size_t i = 0; i < b->n_rows; i++)
		df_buf_addf(&s->rows, "%llu ", (unsigned long long)b->rows[i].number);
	df_buf_addc(&s->rows, '\n');
	CU_ASSERT(b->id >= b->json && b->id + b->id_len < b->json + b->json_len);
	batch_free(b);
	return s->n == s->stop_at ? df_fail(DF_RETRY, err, NULL, "refused") : DF_OK;
}

/* Users of one row and of many; some rows bring ids, and some of these come again. */
static enum df_status add_rows(struct batch_maker *mk, size_t n, size_t data_len,
			       struct df_err *err)
{
	enum df_status st = DF_OK;
	char *data = df_alloc(data_len + 1);
	memset(data, 'd', data_len);
	for (uint64_t i = 0; i < n && st == DF_OK; i++) {
		char ids[32], own[16];
		int len = snprintf(ids, sizeof(ids), "\"mpid\":%llu",
				   (unsigned long long)(i % 3 == 0 ? i % 30 : i));
		snprintf(own, sizeof(own), "own%llu", (unsigned long long)(i % 50));
		struct map_record r = {.ids = ids,
				       .ids_len = (size_t)len,
				       .batch = ids,
				       .batch_len = (size_t)len,
				       .data = data,
				       .data_len = data_len - i % 7};
		if (i % 11 == 0) {
			r.request_id = own;
			r.request_id_len = strlen(own);
		}
		if (i % 13 == 0) {
			r.message_id = own;
			r.message_id_len = strlen(own);
		}
		const struct batch_row where = {.number = i + 1, .line = i + 2};
		st = batch_maker_add(mk, &r, &where, err);
	}
	free(data);
	return st;
}

static struct batch_settings settings(uint32_t format, bool bundle)
{
	return (struct batch_settings){.feed = "f",
				       .sha256 = "00",
				       .document = "",
				       .event_type = "custom_event",
				       .format = format,
				       .lanes = 4,
				       .window = 64u << 10,
				       .bundle = bundle};
}

static void make(const struct batch_settings *set, size_t n, size_t data_len, struct seen *out)
{
	struct df_err err = {0};
	*out = (struct seen){0};
	struct batch_maker *mk = batch_maker_new(set, on_batch, out);
	CU_ASSERT_EQUAL(add_rows(mk, n, data_len, &err), DF_OK);
	CU_ASSERT_EQUAL(batch_maker_end(mk, &err), DF_OK);
	batch_maker_free(mk);
}

static bool same(const struct df_buf *a, const struct df_buf *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static void forget(struct seen *s)
{
	df_buf_free(&s->json);
	df_buf_free(&s->rows);
}

static void compare(uint32_t format, size_t n, size_t data_len)
{
	struct seen at_once, later;
	const struct batch_settings plain = settings(format, false);
	make(&plain, n, data_len, &at_once);
	CU_ASSERT(n == 0 || at_once.n > 0);
	CU_ASSERT(at_once.json.len == 0 || strstr(df_buf_cstr(&at_once.json), "\"  ") == NULL);
	const struct batch_settings set = settings(format, true);
	make(&set, n, data_len, &later);
	CU_ASSERT_EQUAL(later.n, at_once.n);
	CU_ASSERT(same(&later.json, &at_once.json) && same(&later.rows, &at_once.rows));
	forget(&later);
	forget(&at_once);
}

static void test_same(void)
{
	static const size_t counts[] = {0, 1, 2, 63, 64, 65, 130, 1000, ROWS};
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		compare(BATCH_FORMAT, counts[i], 40);
		compare(BATCH_FORMAT_0_1, counts[i], 40);
	}
	compare(BATCH_FORMAT, 300, 60000); /* two fill a bundle */
}

/* A sink that refuses gets no more, and what waits is freed. */
static void test_refused(void)
{
	for (size_t at = 1; at < 700; at += 83) {
		const struct batch_settings set = settings(BATCH_FORMAT, true);
		struct df_err err = {0};
		struct seen s = {.stop_at = at};
		struct batch_maker *mk = batch_maker_new(&set, on_batch, &s);
		CU_ASSERT_EQUAL(add_rows(mk, ROWS, 40, &err), DF_RETRY);
		CU_ASSERT_EQUAL(s.n, at);
		batch_maker_free(mk);
		forget(&s);
	}
}

/* A maker that is freed in mid-document. */
static void test_abandoned(void)
{
	for (size_t n = 0; n < 900; n += 89) {
		const struct batch_settings set = settings(BATCH_FORMAT, true);
		struct df_err err = {0};
		struct seen s = {0};
		struct batch_maker *mk = batch_maker_new(&set, on_batch, &s);
		CU_ASSERT_EQUAL(add_rows(mk, n, 40, &err), DF_OK);
		batch_maker_free(mk);
		forget(&s);
	}
}

/* They wait, but not for long: no more of them than the bundles hold. */
static void test_bounded(void)
{
	const struct batch_settings set = settings(BATCH_FORMAT, true);
	const struct batch_settings plain = settings(BATCH_FORMAT, false);
	struct df_err err = {0};
	struct seen s = {0}, all = {0};
	struct batch_maker *mk = batch_maker_new(&set, on_batch, &s),
			   *at_once = batch_maker_new(&plain, on_batch, &all);
	CU_ASSERT_EQUAL(add_rows(mk, ROWS, 40, &err), DF_OK);
	CU_ASSERT_EQUAL(add_rows(at_once, ROWS, 40, &err), DF_OK);
	CU_ASSERT(s.n < all.n && all.n - s.n <= 5 * 64);
	batch_maker_free(mk);
	batch_maker_free(at_once);
	forget(&s);
	forget(&all);
}

int main(void)
{
	static const CU_TestInfo tests[] = {{"the same batches in the same order", test_same},
					    {"a sink that refuses", test_refused},
					    {"a maker that is abandoned", test_abandoned},
					    {"how many wait", test_bounded},
					    CU_TEST_INFO_NULL};
	return test_main("batch_finish", NULL, NULL, tests);
}
