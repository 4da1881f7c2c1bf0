/* SPDX-License-Identifier: MIT */
/* Deadlines by which files are to come. Times are hours since Monday, 2026-11-02, 00:00 UTC. */
#include "../../src/run/run_calendar.h"

#include "test.h"

#define HOUR   INT64_C(3600000)
#define MONDAY (INT64_C(1793577600000))

static struct run_calendar made(uint32_t files, uint32_t days, int64_t since_h, int64_t now_h)
{
	const struct conf_expect e = {.files = files, .minute = 6 * 60, .days = days};
	struct run_calendar c;
	run_calendar_make(&e, NULL, MONDAY + since_h * HOUR, MONDAY + now_h * HOUR, &c);
	return c;
}

static bool met(const struct run_calendar *c, const int64_t *hours, size_t n, uint32_t *came)
{
	int64_t at[8];
	for (size_t i = 0; i < n; i++)
		at[i] = MONDAY + hours[i] * HOUR;
	return run_calendar_met(c, at, n, came);
}

enum { DAILY = 0x7f, WEEKDAYS = 0x3e };

static void test_deadlines(void)
{
	struct run_calendar c = made(1, DAILY, -1, 5);
	CU_ASSERT_EQUAL(c.n, 0); /* nothing was due yet */
	c = made(1, DAILY, -1, 30);
	CU_ASSERT_EQUAL_FATAL(c.n, 2);
	CU_ASSERT_EQUAL(c.at[0], MONDAY + 6 * HOUR);
	CU_ASSERT_EQUAL(c.at[1], MONDAY + 30 * HOUR);
	CU_ASSERT_EQUAL(c.next, MONDAY + 54 * HOUR);
	c = made(1, WEEKDAYS, -72, -1); /* Friday to Sunday: Friday's alone */
	CU_ASSERT_EQUAL_FATAL(c.n, 1);
	CU_ASSERT_EQUAL(c.at[0], MONDAY - 66 * HOUR);
	CU_ASSERT_EQUAL(c.next, MONDAY + 6 * HOUR);
	c = made(1, DAILY, -24 * 100, 30); /* the latest ones of many */
	CU_ASSERT_EQUAL(c.n, RUN_CALENDAR_MAX);
	CU_ASSERT_EQUAL(c.at[RUN_CALENDAR_MAX - 1], MONDAY + 30 * HOUR);
}

static void test_met(void)
{
	static const struct {
		int64_t hours[3];
		size_t n;
		uint32_t came;
		bool met;
	} cases[] = {
	    {{0}, 0, 0, false},   /* nothing came */
	    {{5}, 1, 1, true},    /* in time */
	    {{8}, 1, 1, true},    /* late, and there */
	    {{5, 8}, 2, 1, true}, /* one is enough; the second is nobody's */
	    {{-30}, 1, 0, false}, /* long before: another deadline's */
	};
	const struct run_calendar c = made(1, DAILY, -1, 10);
	uint32_t came = 0;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CU_ASSERT_EQUAL(met(&c, cases[i].hours, cases[i].n, &came), cases[i].met);
		CU_ASSERT_EQUAL(came, cases[i].came);
	}
}

/* What is late for one day does not count for the next; what comes after half the way does. */
static void test_late(void)
{
	const struct run_calendar c = made(1, DAILY, -1, 31); /* 6 and 30 are due */
	const int64_t late[] = {8}, both[] = {8, 29}, early[] = {5, 20};
	uint32_t came = 0;
	CU_ASSERT_FALSE(met(&c, late, 1, &came));
	CU_ASSERT_EQUAL(came, 0);
	CU_ASSERT(met(&c, both, 2, &came));
	CU_ASSERT(met(&c, early, 2, &came));
}

static void test_several_files(void)
{
	const struct run_calendar c = made(3, DAILY, -1, 10);
	const int64_t two[] = {4, 5}, three[] = {4, 5, 9};
	uint32_t came = 0;
	CU_ASSERT_FALSE(met(&c, two, 2, &came));
	CU_ASSERT_EQUAL(came, 2);
	CU_ASSERT(met(&c, three, 3, &came));
	CU_ASSERT_EQUAL(came, 3);
}

/* By the clock of a time zone, which goes back an hour in between. */
static void test_zone(void)
{
	struct df_err err = {0};
	struct time_zone *zone = NULL;
	struct run_calendar c;
	const struct conf_expect e = {.files = 1, .minute = 6 * 60, .days = DAILY};
	if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) != 0) {
		puts("    skipped: no time zone data");
		return;
	}
	OK(time_zone_open("Europe/Berlin", &zone, &err));
	/* 2026-10-25, 01:00 UTC: summer time ends */
	run_calendar_make(&e, zone, INT64_C(1792800000000), INT64_C(1793000000000), &c);
	CU_ASSERT_FATAL(c.n >= 2);
	CU_ASSERT_EQUAL(c.at[0], INT64_C(1792814400000)); /* 24th, 04:00 UTC */
	CU_ASSERT_EQUAL(c.at[1] - c.at[0], 25 * HOUR);
	time_zone_free(zone);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"deadlines", test_deadlines},
	    {"in time or late", test_met},
	    {"late for one, early for the next", test_late},
	    {"several files", test_several_files},
	    {"a time zone", test_zone},
	    CU_TEST_INFO_NULL,
	};
	return test_main("run_calendar", NULL, NULL, tests);
}
