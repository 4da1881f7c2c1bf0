/* SPDX-License-Identifier: MIT */
#include "test.h"

static void test_nothing(void)
{
	struct df_buf b = {.max = 10};
	df_buf_addf(&b, "%s%s", "", "");
	CU_ASSERT_EQUAL(b.len, 0);
	CU_ASSERT_FALSE(b.over);
	TEXT_IS(df_buf_cstr(&b), "");
	df_buf_free(&b);
}

static void test_growth(void)
{
	struct df_buf b = {0};
	for (int i = 0; i < 1000; i++)
		df_buf_addf(&b, "%d,", i);
	CU_ASSERT_EQUAL(b.len, 10 * 2 + 90 * 3 + 900 * 4);
	CU_ASSERT_EQUAL(memcmp(b.data, "0,1,2,", 6), 0);
	CU_ASSERT_EQUAL(memcmp(b.data + b.len - 8, "998,999,", 8), 0);
	df_buf_reset(&b);
	CU_ASSERT_EQUAL(b.len, 0);
	CU_ASSERT_PTR_NOT_NULL(b.data);
	df_buf_addc(&b, 'x');
	TEXT_IS(df_buf_cstr(&b), "x");
	df_buf_free(&b);
	CU_ASSERT_PTR_NULL(b.data);
	df_buf_addf(&b, "%s%s", "", ""); /* no bytes, no room */
	CU_ASSERT_EQUAL(b.len, 0);
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&b), "");
	df_buf_free(&b);
	TEXT_IS(df_buf_cstr(&b), "");
	df_buf_free(&b);
}

/* An append that would pass the cap appends nothing, and nothing is appended after it. */
static void test_cap(void)
{
	struct df_buf b = {.max = 5};
	df_buf_adds(&b, "12345");
	CU_ASSERT_FALSE(b.over);
	df_buf_adds(&b, "");
	CU_ASSERT_FALSE(b.over);
	df_buf_adds(&b, "6");
	CU_ASSERT(b.over);
	TEXT_IS(df_buf_cstr(&b), "12345");
	CU_ASSERT(b.over);
	df_buf_reset(&b);
	df_buf_adds(&b, "123");
	df_buf_adds(&b, "456");
	CU_ASSERT(b.over);
	TEXT_IS(df_buf_cstr(&b), "123");
	df_buf_reset(&b);
	CU_ASSERT_FALSE(b.over);
	CU_ASSERT_FALSE(df_buf_grow(&b, SIZE_MAX));
	CU_ASSERT(b.over);
	df_buf_free(&b);
}

static void test_copies(void)
{
	char *s = df_strndup("abc\0def", 7);
	CU_ASSERT_EQUAL(memcmp(s, "abc\0def", 8), 0);
	free(s);
	CU_ASSERT_PTR_NULL(df_strdup(NULL));
	s = df_format("%s-%03d", "a", 7);
	TEXT_IS(s, "a-007");
	free(s);
	unsigned char *zero = df_alloc(64);
	for (size_t i = 0; i < 64; i++)
		CU_ASSERT_EQUAL(zero[i], 0);
	free(zero);
	free(df_alloc(0));
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"nothing is added to an empty buffer", test_nothing},
	    {"it grows", test_growth},
	    {"it stops at its cap", test_cap},
	    {"copies", test_copies},
	    CU_TEST_INFO_NULL,
	};
	return test_main("base_buf", NULL, NULL, tests);
}
