/* SPDX-License-Identifier: MIT */
/* Clocks, and waiting that a stop ends. */
#include "test.h"

#include <pthread.h>

#define LONG_MS 600000

static void test_clocks(void)
{
	char text[DF_TIME_TEXT];
	int64_t wall = df_now_ms(), steady = df_monotonic_ms();
	CU_ASSERT(wall > INT64_C(1577836800000)); /* 2020 */
	CU_ASSERT(df_monotonic_ms() >= steady);
	df_time_text(INT64_C(1768187045999), text);
	TEXT_IS(text, "2026-01-12T03:04:05Z");
}

static void test_leap_years(void)
{
	CU_ASSERT(df_is_leap_year(2000));
	CU_ASSERT(df_is_leap_year(2024));
	CU_ASSERT_FALSE(df_is_leap_year(1900));
	CU_ASSERT_FALSE(df_is_leap_year(2026));
}

static void *stop_soon(void *unused)
{
	(void)unused;
	df_sleep_ms(1);
	df_stop_requested = 1;
	return NULL;
}

static void test_rest(void)
{
	pthread_t thread;
	int64_t began = df_monotonic_ms();
	CU_ASSERT(df_rest(20));
	CU_ASSERT(df_monotonic_ms() - began >= 20);
	CU_ASSERT(df_rest(0));
	CU_ASSERT_FATAL(pthread_create(&thread, NULL, stop_soon, NULL) == 0);
	CU_ASSERT_FALSE(df_rest(LONG_MS)); /* ends, or the test does not */
	CU_ASSERT_FALSE(df_rest(0));
	pthread_join(thread, NULL);
	df_stop_requested = 0;
	CU_ASSERT(df_rest(0));
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"clocks", test_clocks},
	    {"leap years", test_leap_years},
	    {"a stop ends a rest", test_rest},
	    CU_TEST_INFO_NULL,
	};
	return test_main("base_clock", NULL, NULL, tests);
}
