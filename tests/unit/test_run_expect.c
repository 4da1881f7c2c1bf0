/* SPDX-License-Identifier: MIT */
/* What is expected of a feed: reported once when it is missing, and once when it came. */
#include "run_world.h"

#include "../../src/run/run_notices.h"

#define HOUR   INT64_C(3600000)
#define MONDAY INT64_C(1793577600000) /* 2026-11-02, 00:00 UTC */

static int64_t now, looked;

int64_t __wrap_df_now_ms(void);
int64_t __wrap_df_now_ms(void)
{
	return now;
}

static void look(int64_t at, uint64_t missing)
{
	struct df_err err = {0};
	now = at;
	world.result.missing = 0;
	OK(run_expect_files(&world.run, &world.feed, looked, &err));
	CU_ASSERT_EQUAL(world.result.missing, missing);
}

/* One file by 06:00 of each day. */
static void test_files(void)
{
	world_begin();
	world.feed.expect = (struct conf_expect){.files = 1, .minute = 6 * 60, .days = 0x7f};
	world.feed.map.timezone = (char *)"UTC";
	look(MONDAY, 0); /* nothing was due yet */
	look(MONDAY + 5 * HOUR, 0);
	look(MONDAY + 7 * HOUR, 1); /* missed, */
	world_logged("f: missing: 1 file was expected by 2026-11-02T06:00");
	look(MONDAY + 8 * HOUR, 0); /* and reported once */
	world_file("late-eventless.csv", SHA_A, MONDAY + 9 * HOUR);
	look(MONDAY + 9 * HOUR, 0);
	world_logged("f: no longer missing (expect)");
	look(MONDAY + 31 * HOUR, 1); /* the next day again */
	world_end();
}

/* A run that looked at the source before the deadline ends after it: what came meanwhile is the
 * next run's. */
static void test_long_run(void)
{
	world_begin();
	world.feed.expect =
	    (struct conf_expect){.files = 1, .minute = 6 * 60, .days = 0x7f, .age_ms = 26 * HOUR};
	world.feed.map.timezone = (char *)"UTC";
	look(MONDAY, 0);
	looked = MONDAY + 5 * HOUR;
	look(MONDAY + 9 * HOUR, 0);
	looked = MONDAY + 9 * HOUR;
	look(MONDAY + 9 * HOUR, 1);
	world_logged("f: missing: 1 file was expected by 2026-11-02T06:00");
	world_file("a-eventless.csv", SHA_A, MONDAY + 9 * HOUR);
	look(MONDAY + 40 * HOUR, 0);
	looked = 0; /* it could not be listed */
	look(MONDAY + 40 * HOUR, 2);
	world_end();
}

static void test_age(void)
{
	world_begin();
	world.feed.expect = (struct conf_expect){.age_ms = 26 * HOUR};
	look(MONDAY, 0);
	look(MONDAY + 26 * HOUR, 0);
	look(MONDAY + 27 * HOUR, 1);
	world_logged("no file for 27.0 hours, looked for since 2026-11-02T00:00");
	world_file("a-eventless.csv", SHA_A, MONDAY + 28 * HOUR);
	look(MONDAY + 28 * HOUR, 0);
	look(MONDAY + 55 * HOUR, 1);
	world_logged("the last one came 2026-11-03T04:00");
	world.feed.expect.age_ms = HOUR / 6;
	world_file("b-eventless.csv", SHA_B, MONDAY + 56 * HOUR);
	look(MONDAY + 56 * HOUR, 0);
	look(MONDAY + 56 * HOUR + HOUR / 5, 1);
	world_logged("no file for 12.0 minutes, the last one came");
	world_end();
}

/* A run with a clock that was 40 days ahead looks, and takes a file. */
static void test_ahead(void)
{
	world_begin();
	world.feed.expect =
	    (struct conf_expect){.files = 1, .minute = 6 * 60, .days = 0x7f, .age_ms = 26 * HOUR};
	world.feed.map.timezone = (char *)"UTC";
	look(MONDAY + 40 * 24 * HOUR, 0);
	world_file("a-eventless.csv", SHA_A, MONDAY + 40 * 24 * HOUR);
	look(MONDAY, 0); /* the clock is right */
	look(MONDAY + 7 * HOUR, 1);
	world_logged("f: missing: 1 file was expected by 2026-11-02T06:00");
	look(MONDAY + 27 * HOUR, 1);
	world_logged("no file for 27.0 hours, looked for since 2026-11-02T00:00");
	world_end();
}

static void rows(uint64_t n, enum df_status wanted, uint64_t missing)
{
	struct df_err err = {0};
	const struct run_expect_rows what = {.feed = &world.feed,
					     .event_type = "eventless",
					     .name = "today-eventless.csv",
					     .rows = n};
	world.result.missing = 0;
	IS(run_expect_rows(&world.run, &what, &err), wanted);
	CU_ASSERT_EQUAL(world.result.missing, missing);
}

/* 50%..200% of the median of the latest documents; nothing is known before the first. */
static void test_rows(void)
{
	static const uint64_t before[] = {100, 90, 110, 5000, 100};
	world_begin();
	now = MONDAY;
	world.feed.expect =
	    (struct conf_expect){.rows_percent = true, .rows_least = 50000, .rows_most = 200000};
	rows(1, DF_OK, 0);
	for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++) {
		char *name = df_format("%zu-eventless.csv", i);
		world_done(world_file(name, SHA_A, now), before[i], 0, NULL, now);
		free(name);
	}
	rows(50, DF_OK, 0);
	rows(200, DF_OK, 0);
	rows(49, DF_OK, 1);
	world_logged("today-eventless.csv: 49 rows, which is 49% of the usual 100 (expect_rows)");
	rows(201, DF_OK, 0); /* still missing: reported once */
	rows(100, DF_OK, 0);
	world_logged("no longer missing (expect_rows eventless)");
	world.feed.expect.action_refuse = true;
	rows(49, DF_REJECT, 1);
	world.feed.expect = (struct conf_expect){0}; /* expected no longer */
	look(now, 0);
	world_logged("no longer missing (expect_rows eventless)");
	world_end();
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"files by a deadline", test_files},    {"a run that goes on for hours", test_long_run},
	    {"the age of the last file", test_age}, {"a clock that was ahead", test_ahead},
	    {"rows as usual", test_rows},           CU_TEST_INFO_NULL,
	};
	return test_main("run_expect", NULL, NULL, tests);
}
