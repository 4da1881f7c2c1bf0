/* SPDX-License-Identifier: MIT */
#include "test.h"

/* The first group's text in `out`; false: there is no match. */
static bool matched(const char *pattern, const char *text, char out[64])
{
	struct df_err err = {0};
	regex_t re;
	regmatch_t m[2] = {{0}};
	OK(df_pattern_compile(pattern, &re, &err));
	bool found = regexec(&re, text, 2, m, 0) == 0;
	if (found && m[1].rm_so >= 0)
		snprintf(out, 64, "%.*s", (int)(m[1].rm_eo - m[1].rm_so), text + m[1].rm_so);
	regfree(&re);
	return found;
}

static void test_digits(void)
{
	char got[64] = "";
	CU_ASSERT(matched("rows: (\\d+)", "# rows: 1234.", got));
	TEXT_IS(got, "1234");
	CU_ASSERT(matched("([\\d,]+) rows", "1,234 rows", got));
	TEXT_IS(got, "1,234");
	CU_ASSERT(matched("(\\d{3})\\.", "12345.", got));
	TEXT_IS(got, "345");
	CU_ASSERT_FALSE(matched("\\d", "rows", got));
	CU_ASSERT(matched("(\\\\d)", "a\\d", got)); /* a backslash, and d */
	TEXT_IS(got, "\\d");
}

static void test_bad(void)
{
	struct df_err err = {0};
	regex_t re;
	IS(df_pattern_compile("(", &re, &err), DF_USAGE);
	TEXT_HAS(err.text, "not a regular expression: ");
	size_t size = 70u << 10;
	char *large = df_alloc(size + 1);
	memset(large, 'x', size);
	IS(df_pattern_compile(large, &re, &err), DF_USAGE);
	free(large);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"\\d is a digit", test_digits},
	    {"bad patterns", test_bad},
	    CU_TEST_INFO_NULL,
	};
	return test_main("base_pattern", NULL, NULL, tests);
}
