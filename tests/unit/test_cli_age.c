/* SPDX-License-Identifier: MIT */
#include "../../src/cli/cli.h"

#include "test.h"

static void test_ages(void)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {{"0s", 0},          {"90m", 5400000},
		     {"36h", 129600000}, {"400d", INT64_C(34560000000)},
		     {"2w", 1209600000}, {"366000d", INT64_C(31622400000000)}};
	static const char *const bad[] = {"",
					  "7",
					  "d",
					  "7 d",
					  "7dd",
					  "-7d",
					  "+7d",
					  "1.5h",
					  "7y",
					  "366001d",
					  "99999999999999999999d"};
	int64_t ms = -1;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CU_ASSERT(cli_age(cases[i].text, &ms));
		CU_ASSERT_EQUAL(ms, cases[i].ms);
	}
	ms = -1;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CU_ASSERT_FALSE(cli_age(bad[i], &ms));
	CU_ASSERT_EQUAL(ms, -1);
}

static void test_times(void)
{
	int64_t ms = 0, before = df_now_ms();
	CU_ASSERT(cli_since("2026-11-01", &ms));
	CU_ASSERT_EQUAL(ms, INT64_C(1793491200000));
	CU_ASSERT(cli_since("2026-11-01T06:30", &ms));
	CU_ASSERT_EQUAL(ms, INT64_C(1793514600000));
	CU_ASSERT(cli_since("2026-11-01T06:30:05Z", &ms));
	CU_ASSERT_EQUAL(ms, INT64_C(1793514605000));
	CU_ASSERT(cli_since("2h", &ms));
	CU_ASSERT(ms >= before - 7200000 && ms <= df_now_ms() - 7200000);
	CU_ASSERT_FALSE(cli_since("yesterday", &ms));
	CU_ASSERT_FALSE(cli_since("2026-13-01", &ms));
	CU_ASSERT_FALSE(cli_since("2026-11-01 and more", &ms));
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"ages", test_ages},
	    {"times", test_times},
	    CU_TEST_INFO_NULL,
	};
	return test_main("cli_age", NULL, NULL, tests);
}
