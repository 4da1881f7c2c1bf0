/* SPDX-License-Identifier: MIT */
/* Which rows of a document were not settled: batches and progress are the test's own. */
#include "dropfeed/document.h"

#include "test.h"

struct made {
	uint32_t lane;
	uint64_t position, rows[2];
};
static const struct made batches[] = {
    {0, 0, {1, 2}}, {1, 0, {3, 5}}, {0, 1, {4, 6}}, {1, 1, {7, 200000}}};
static uint64_t progress[2];
static enum df_status ledger_says;

enum df_status __wrap_ledger_lanes(struct ledger *l, int64_t id, uint64_t *done, uint32_t lanes,
				   struct df_err *err);
enum df_status __wrap_ledger_lanes(struct ledger *l, int64_t id, uint64_t *done, uint32_t lanes,
				   struct df_err *err)
{
	(void)l;
	CU_ASSERT_EQUAL(id, 7);
	CU_ASSERT_EQUAL(lanes, 2);
	memcpy(done, progress, sizeof(progress));
	return ledger_says == DF_OK ? DF_OK : df_fail(ledger_says, err, NULL, "no ledger");
}

enum df_status __wrap_document_batches(struct document_pass *pass,
				       const struct batch_settings *settings, batch_sink handler,
				       document_reject_handler reject, void *ctx,
				       struct df_err *err);
enum df_status __wrap_document_batches(struct document_pass *pass,
				       const struct batch_settings *settings, batch_sink handler,
				       document_reject_handler reject, void *ctx,
				       struct df_err *err)
{
	(void)pass;
	(void)settings;
	CU_ASSERT_PTR_NULL(reject);
	for (size_t i = 0; i < sizeof(batches) / sizeof(*batches); i++) {
		struct batch *b = df_alloc(sizeof(*b));
		*b = (struct batch){.lane = batches[i].lane,
				    .lane_position = batches[i].position,
				    .rows = df_alloc(2 * sizeof(*b->rows)),
				    .n_rows = 2};
		b->rows[0].number = batches[i].rows[0];
		b->rows[1].number = batches[i].rows[1];
		CU_ASSERT_EQUAL(handler(ctx, b, err), DF_OK);
	}
	return DF_OK;
}

static void expect(uint64_t lane0, uint64_t lane1, const char *wanted)
{
	struct df_err err = {0};
	struct document_env env = {0};
	struct document_pass pass = {0};
	struct document_undelivered u = {0};
	struct df_buf got = {0};
	progress[0] = lane0;
	progress[1] = lane1;
	OK(document_undelivered_find(&env, &pass, &(struct batch_settings){.lanes = 2}, 7, &u,
				     &err));
	uint64_t n = 0;
	for (uint64_t row = 0; (row = document_undelivered_next(&u, row)) != 0; n++)
		df_buf_addf(&got, "%llu ", (unsigned long long)row);
	TEXT_IS(df_buf_cstr(&got), wanted);
	CU_ASSERT_EQUAL(u.n, n);
	df_buf_free(&got);
	document_undelivered_free(&u);
	CU_ASSERT_EQUAL(document_undelivered_next(&u, 0), 0);
}

static void test_rows(void)
{
	expect(0, 0, "1 2 3 4 5 6 7 200000 ");
	expect(1, 0, "3 4 5 6 7 200000 ");
	expect(2, 1, "7 200000 ");
	expect(2, 2, "");
}

static void test_ledger_fails(void)
{
	struct df_err err = {0};
	struct document_env env = {0};
	struct document_pass pass = {0};
	struct document_undelivered u = {0};
	ledger_says = DF_FATAL;
	IS(document_undelivered_find(&env, &pass, &(struct batch_settings){.lanes = 2}, 7, &u,
				     &err),
	   DF_FATAL);
	CU_ASSERT_EQUAL(u.n, 0);
	ledger_says = DF_OK;
	document_undelivered_free(&u);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"rows of later batches", test_rows},
	    {"a ledger that fails", test_ledger_fails},
	    CU_TEST_INFO_NULL,
	};
	return test_main("document_undelivered", NULL, NULL, tests);
}
