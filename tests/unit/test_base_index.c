/* SPDX-License-Identifier: MIT */
#include "dropfeed/index.h"

#include "test.h"

static void test_names(void)
{
	enum { N = 5000 };
	static char names[N][16];
	struct df_index *index = df_index_new();
	for (size_t i = 0; i < N; i++) {
		snprintf(names[i], sizeof(names[i]), "name %zu", i);
		CU_ASSERT_TRUE(df_index_add(index, names[i], strlen(names[i]), i));
	}
	for (size_t i = 0; i < N; i++)
		CU_ASSERT_EQUAL(df_index_find(index, names[i], strlen(names[i])), i);
	CU_ASSERT_EQUAL(df_index_find(index, "name 5000", 9), DF_INDEX_NONE);
	CU_ASSERT_EQUAL(df_index_find(index, "name 49", 6), 4); /* "name 4": the length counts */
	df_index_free(index);
}

static void test_same_name(void)
{
	struct df_index *index = df_index_new();
	CU_ASSERT_TRUE(df_index_add(index, "", 0, 3));
	CU_ASSERT_FALSE(df_index_add(index, "", 0, 4));
	CU_ASSERT_EQUAL(df_index_find(index, "", 0), 3);
	CU_ASSERT_EQUAL(df_index_find(NULL, "", 0), DF_INDEX_NONE);
	df_index_free(index);
	df_index_free(NULL);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"names", test_names},
	    {"the same name twice", test_same_name},
	    CU_TEST_INFO_NULL,
	};
	return test_main("index", NULL, NULL, tests);
}
