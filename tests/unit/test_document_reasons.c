/* SPDX-License-Identifier: MIT */
/* Why rows were rejected: by code and column, with the first lines of each. */
#include "dropfeed/document.h"

#include "test.h"

static void test_count(void)
{
	struct document_reasons list = {0};
	document_reasons_count(&list, "bad-timestamp", "t", 2);
	document_reasons_count(&list, "bad-timestamp", "u", 3);
	document_reasons_count(&list, "missing-identity", NULL, 4);
	for (uint64_t line = 5; line < 15; line++)
		document_reasons_count(&list, "bad-timestamp", "t", line);
	CU_ASSERT_EQUAL_FATAL(list.n, 3);
	TEXT_IS(list.v[0].column, "t");
	CU_ASSERT_EQUAL(list.v[0].rows, 11);
	CU_ASSERT_EQUAL(list.v[0].lines[0], 2);
	CU_ASSERT_EQUAL(list.v[0].lines[1], 5);
	CU_ASSERT_EQUAL(list.v[1].rows, 1);
	TEXT_IS(list.v[2].column, "");

	struct df_buf out = {0};
	document_reasons_words(&list, &out);
	TEXT_IS(df_buf_cstr(&out), "12 bad-timestamp, 1 missing-identity");
	df_buf_free(&out);
	document_reasons_free(&list);
	CU_ASSERT_EQUAL(list.n, 0);
}

/* Whoever chooses the columns' names does not choose how much memory it takes. */
static void test_many(void)
{
	struct document_reasons list = {0};
	char column[32];
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(column, sizeof(column), "column %u", i);
		document_reasons_count(&list, "bad-timestamp", column, i + 2);
	}
	CU_ASSERT_EQUAL(list.n, 1001);
	TEXT_IS(list.v[1000].column, "");
	CU_ASSERT_EQUAL(list.v[1000].rows, 4000);
	struct df_buf out = {0};
	document_reasons_words(&list, &out);
	TEXT_IS(df_buf_cstr(&out), "5000 bad-timestamp");
	df_buf_free(&out);
	document_reasons_free(&list);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"by code and column", test_count},
	    {"very many columns", test_many},
	    CU_TEST_INFO_NULL,
	};
	return test_main("document_reasons", NULL, NULL, tests);
}
