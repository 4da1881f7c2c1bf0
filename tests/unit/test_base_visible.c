/* SPDX-License-Identifier: MIT */
#include "test.h"

static void test_visible(void)
{
	static const char *const cases[][2] = {
	    {"", ""},
	    {"plain, Z\xc3\xbcrich", "plain, Z\xc3\xbcrich"},
	    {"e\xe2\x80\x8bmail", "e<U+200B>mail"},
	    {"\xef\xbb\xbfid", "<U+FEFF>id"},
	    {"a\xc2\xa0"
	     "b",
	     "a<U+00A0>b"},
	    {"\xf3\xa0\x80\x81", "<U+E0001>"},
	    {"\xe4\xba\xac", "\xe4\xba\xac"},
	    {"cut \xe2\x80", "cut \xe2\x80"}, /* not UTF-8: left as it is */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct df_buf b = {0};
		df_visible(&b, cases[i][0]);
		TEXT_IS(df_buf_cstr(&b), cases[i][1]);
		df_buf_free(&b);
	}
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"what nobody sees", test_visible},
	    CU_TEST_INFO_NULL,
	};
	return test_main("base_visible", NULL, NULL, tests);
}
