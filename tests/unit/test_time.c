/* SPDX-License-Identifier: MIT */
/* Points in time: modes, zones, and what is refused. */
#include "helper_map.h"

#include "dropfeed/time.h"
#include "test.h"

#include <time.h>

#define BAD INT64_MIN /* bad-timestamp */
#define NOT INT64_MAX /* not-an-integer */

struct instant {
	const char *timestamps, *timezone, *cell;
	int64_t expected;
};

static void check(const struct instant *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct conf_feed feed = {.name = "t"};
		char *row = df_format("1|%s", t[i].cell);
		feed.map.timestamps = df_strdup(t[i].timestamps);
		feed.map.timezone = df_strdup(t[i].timezone);
		feed.map.timestamp_range = df_strdup(" .. ");
		run(&feed, "uninstall", "mpid|events.data.timestamp_unixtime_ms", row);
		const char *code = t[i].expected == BAD   ? "bad-timestamp"
				   : t[i].expected == NOT ? "not-an-integer"
							  : "";
		CHECK_STRING(got.code, code);
		if (code[0] == '\0') {
			CU_ASSERT(got.has_timestamp);
			CU_ASSERT_EQUAL(got.timestamp_ms, t[i].expected);
			if (got.timestamp_ms != t[i].expected)
				printf("\n  %s %s %s: %lld\n", t[i].timestamps, t[i].timezone,
				       t[i].cell, (long long)got.timestamp_ms);
			char *data =
			    df_format("\"timestamp_unixtime_ms\":%lld", (long long)t[i].expected);
			CHECK_STRING(got.data, data);
			free(data);
		} else if (strcmp(got.code, code) != 0) {
			printf("\n  %s %s %s\n", t[i].timestamps, t[i].timezone, t[i].cell);
		}
		free(feed.map.timestamps);
		free(feed.map.timezone);
		free(feed.map.timestamp_range);
		free(row);
	}
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_ms(void)
{
	static const struct instant table[] = {
	    {NULL, NULL, "1700000000123", 1700000000123},
	    {"ms", "UTC", " 1700000000123 ", 1700000000123},
	    {"ms", NULL, "01700000000123", 1700000000123},
	    {"ms", NULL, "0", 0},
	    {"ms", NULL, "1700000000", BAD},
	    {"ms", NULL, "100000000", BAD},
	    {"ms", NULL, "99999999999", BAD},
	    {"ms", NULL, "100000000000", 100000000000},
	    {"ms", NULL, "1700000000123456", BAD},
	    {"ms", NULL, "7258118400000", BAD},
	    {"ms", NULL, "7258118399999", 7258118399999},
	    {"ms", NULL, "-1", BAD},
	    {"ms", NULL, "99999999999999999999999", BAD},
	    {"ms", NULL, "2020-01-01", NOT},
	    {"ms", NULL, "1700000000123.5", NOT},
	    {"ms", NULL, "-", NOT},
	    {"ms", NULL, "x", NOT},
	};
	check(table, COUNT(table));
	run(&plain, "uninstall", "mpid|events.data.timestamp_unixtime_ms", "1|1700000000");
	CHECK_STRING(got.code, "bad-timestamp");
	CU_ASSERT_PTR_NOT_NULL(strstr(got.text, "timestamps = auto"));
}

/* A byte next to the digits, in each place. */
static void test_ms_bytes(void)
{
	static const char bytes[] = {'/', ':', 'p', '\x10', '\xb0'};
	struct time_format t;
	struct df_err err = {0};
	CU_ASSERT_EQUAL_FATAL(time_open(&t, "ms", NULL, &err), DF_OK);
	for (size_t i = 0; i < 13 * sizeof(bytes); i++) {
		char text[] = "1734567890123";
		const char *code = NULL, *why = NULL;
		int64_t ms = 0;
		CU_ASSERT_TRUE(time_parse(&t, text, 13, &ms, &code, &why));
		CU_ASSERT_EQUAL(ms, 1734567890123);
		text[i % 13] = bytes[i / 13];
		CU_ASSERT_FALSE(time_parse(&t, text, 13, &ms, &code, &why));
	}
	time_close(&t);
}

static void test_auto(void)
{
	static const struct instant table[] = {
	    {"auto", NULL, "1700000000", 1700000000000},
	    {"auto", NULL, "1700000000.25", 1700000000250},
	    {"auto", NULL, "1700000000.1239", 1700000000123},
	    {"auto", NULL, "1700000000123", 1700000000123},
	    {"auto", NULL, "1700000000123456", 1700000000123},
	    {"auto", NULL, "1700000000123456789", 1700000000123},
	    {"auto", NULL, "1700000000123.5", 1700000000123},
	    {"auto", NULL, "170000000", BAD},
	    {"auto", NULL, "17000000001", BAD},
	    {"auto", NULL, "170000000012", BAD},
	    {"auto", NULL, "17000000001234", BAD},
	    {"auto", NULL, "170000000012345678", BAD},
	    {"auto", NULL, "17000000001234567890", BAD},
	    {"auto", NULL, "0170000000", BAD},
	    {"auto", NULL, "1700000000123456.5", BAD},
	    {"auto", NULL, "+1700000000", BAD},
	    {"auto", NULL, "45322", BAD},
	    {"auto", NULL, "45322.5", BAD},
	    {"auto", NULL, "202601120830", BAD},
	    {"auto", NULL, "20260112083000", BAD},
	    {"auto", NULL, "1700000000.", BAD},
	    {"auto", NULL, "20200131", BAD},
	    {"auto", NULL, "2020-01-31", 1580428800000},
	    {"auto", NULL, "2020-01-31T12:34", 1580474040000},
	    {"auto", NULL, "2020-01-31 12:34:56.789", 1580474096789},
	    {"auto", NULL, "2020-01-31T12:34:56Z", 1580474096000},
	    {"auto", NULL, "2020-01-31T12:34:56.5+01:30", 1580468696500},
	    {"auto", NULL, "2020-01-31T12:34:56-0130", 1580479496000},
	    {"auto", NULL, "2020-01-31T12:34:56 +01", 1580470496000},
	    {"auto", "Europe/Berlin", "2020-01-31T12:34:56Z", 1580474096000},
	    {"auto", "Europe/Berlin", "2020-01-31 12:34:56.789 UTC", 1580474096789},
	    {"auto", "Europe/Berlin", "20200131T123456Z", 1580474096000},
	    {"auto", NULL, "20200131T123456.5+0130", 1580468696500},
	    {"auto", "Europe/Berlin", "20200131T1234", 1580470440000},
	    {"auto", NULL, "20200131T12:34", BAD},
	    {"auto", NULL, "2020-01-31T1234", BAD},
	    {"auto", NULL, "2020-1-3T12:34", BAD},
	    {"auto", NULL, "20200131T", BAD},
	    {"auto", NULL, "2020-01-31 12:34:56 EST", BAD},
	    {"auto", NULL, "2020-01-31 12:34:56 UTCx", BAD},
	    {"auto", "Europe/Berlin", "2020-01-31T12:34:56", 1580470496000},
	    {"auto", "Europe/Berlin", "2020-07-31T12:34:56", 1596191696000},
	    {"auto", NULL, "2020-02-29", 1582934400000},
	    {"auto", NULL, "2021-02-29", BAD},
	    {"auto", NULL, "2020-13-01", BAD},
	    {"auto", NULL, "2020-01-31T25:00", BAD},
	    {"auto", NULL, "2020-01-31T12:34:56+", BAD},
	    {"auto", NULL, "2020-01-31T12:34:56+1", BAD},
	    {"auto", NULL, "2020-01-31T12:34:56Zx", BAD},
	    {"auto", NULL, "2020-01-31T", BAD},
	    {"auto", NULL, "2020-1-31", BAD},
	    {"auto", NULL, "1969-12-31", BAD},
	    {"auto", NULL, "2200-01-01", BAD},
	    {"auto", NULL, "yesterday", BAD},
	};
	check(table, COUNT(table));
}

static void test_format(void)
{
	static const struct instant table[] = {
	    {"%m/%d/%y %H:%M", NULL, "12/1/10 8:26", 1291191960000},
	    {"%m/%d/%y %H:%M", "America/New_York", "12/1/10 8:26", 1291209960000},
	    {"%m/%d/%y %H:%M", NULL, "12/1/10 8:26 ", 1291191960000},
	    {"%m/%d/%y %H:%M", NULL, "12/1/10 8:26x", BAD},
	    {"%m/%d/%y %H:%M", NULL, "13/1/10 8:26", BAD},
	    {"%m/%d/%y %H:%M", NULL, "2/31/10 8:26", BAD},
	    {"%m/%d/%y %H:%M", NULL, "1291191960000", BAD},
	    {"%d.%m.%Y", "Europe/Berlin", "31.01.2020", 1580425200000},
	    {"%Y-%m-%dT%H:%M:%S%z", "Europe/Berlin", "2020-01-31T12:00:00+0500", 1580454000000},
	    {"%Y-%m-%dT%H:%M:%S%z", NULL, "2020-01-31T12:00:00+99:00", BAD},
	    {"%H:%M", NULL, "12:00", BAD},
	};
	check(table, COUNT(table));
}

/* Numbers have lost their zeros in front: 1122026 is 2026-01-12, not 2026-11-02. */
static void test_unseparated(void)
{
	static const struct instant table[] = {
	    {"%m%d%Y", NULL, "01122026", 1768176000000},
	    {"%m%d%Y", NULL, "1122026", BAD},
	    {"%d%m%Y", NULL, "1122026", BAD},
	    {"%Y%m%d", NULL, "20260112", 1768176000000},
	    {"%Y%m%d", NULL, "2026112", BAD},
	    {"%y%m%d", NULL, "50112", BAD},
	    {"%Y%m%d%H%M%S", NULL, "20260112083000", 1768206600000},
	    {"%Y%m%d%H%M%S", NULL, "2026011283000", BAD},
	    {"%d.%m.%Y %H%M", NULL, "1.1.2026 0105", 1767229500000},
	    {"%d.%m.%Y %H%M", NULL, "1.1.2026 105", BAD},
	    {"%Y%m%d %T", NULL, "20260112 8:30:00", 1768206600000},
	    {"%d%b%Y:%H:%M", NULL, "1JAN2026:8:30", 1767256200000},
	    {"%Y%j", NULL, "2026012", 1768176000000},
	    {"%Y%j", NULL, "202612", BAD},
	    {"%Y%m%dT%H%M%S%z", NULL, "20260112T083000+0100", 1768203000000},
	    {"%m/%d/%y%H:%M", NULL, "1/2/260930", BAD},
	    {"100%%%y%m%d", NULL, "100%260112", 1768176000000},
	};
	check(table, COUNT(table));
}

/* The clocks: the hour that comes twice, the one that never comes, the south, and years after the
 * tz database's table.
 */
static void test_zones(void)
{
	static const struct instant table[] = {
	    {"auto", "Europe/Berlin", "2023-10-29T01:59:59", 1698537599000},
	    {"auto", "Europe/Berlin", "2023-10-29T02:30", 1698539400000}, /* of two, the earlier */
	    {"auto", "Europe/Berlin", "2023-10-29T03:00", 1698544800000},
	    {"auto", "Europe/Berlin", "2023-03-26T01:59", 1679792340000},
	    {"auto", "Europe/Berlin", "2023-03-26T02:30", 1679794200000}, /* leapt over: 03:30 */
	    {"auto", "Europe/Berlin", "2023-03-26T03:00", 1679792400000},
	    {"auto", "America/New_York", "2024-03-10T02:30", 1710055800000},
	    {"auto", "America/New_York", "2024-11-03T01:30", 1730611800000},
	    {"auto", "Australia/Sydney", "2023-01-15T00:00", 1673701200000},
	    {"auto", "Australia/Sydney", "2023-07-15T00:00", 1689343200000},
	    {"auto", "Asia/Kolkata", "2023-07-15T00:00", 1689359400000},
	    {"auto", "Europe/Berlin", "2100-01-15T00:00", 4103650800000},
	    {"auto", "Europe/Berlin", "2100-07-15T00:00", 4119285600000},
	    {"auto", "Australia/Sydney", "2100-01-15T00:00", 4103614800000},
	    {"auto", "Australia/Sydney", "2100-07-15T00:00", 4119256800000},
	    /* on summer time all year */
	    {"auto", "Europe/London", "1970-06-01T00:00", 13042800000},
	};
	check(table, COUNT(table));
}

/* What timestamps and ranges take by default. */
static void test_range(void)
{
	static const struct {
		const char *timestamps, *range, *cell, *said; /* said: NULL: it is taken */
	} table[] = {
	    {"ms", NULL, "1700000000000", NULL},
	    {"ms", NULL, "788918400000", NULL}, /* 1995-01-01 */
	    {"ms", NULL, "788918399999", "outside of timestamp_range"},
	    {"ms", NULL, "0", "outside of timestamp_range"},
	    {"ms", NULL, "20240131", "without separators; set timestamps = %Y%m%d"},
	    {"ms", NULL, "45322", "a spreadsheet's number of days"},
	    {"ms", NULL, "202601120830", "%Y%m%d%H%M"},
	    {"ms", NULL, "20260112083015", "%Y%m%d%H%M%S"},
	    {"ms", NULL, "1700000000", "seconds"},
	    {"ms", NULL, "1700000000123456", "microseconds"},
	    {"ms", NULL, "4102444800000", "outside of timestamp_range"}, /* 2100 */
	    {"auto", NULL, "20240131", "without separators"},
	    {"auto", NULL, "45322.25", "a spreadsheet's number of days"},
	    {"auto", NULL, "1994-12-31", "outside of timestamp_range"},
	    {"auto", NULL, "2100-01-01", "outside of timestamp_range"},
	    {"auto", NULL, "9999999999", "between 1970 and 2200"},
	    {"%Y%m%d", NULL, "20240131", NULL},
	    {"%Y%m%d", NULL, "20990131", "outside of timestamp_range"},
	    {"ms", "1970-01-01 .. 2000-01-01T00:00:00Z", "0", NULL},
	    {"ms", "1970-01-01..2000-01-01T00:00:00Z", "946684799999", NULL},
	    {"ms", "1970-01-01..2000-01-01T00:00:00Z", "946684800000",
	     "outside of timestamp_range"},
	    {"auto", "2025-01-01 .. 2025-12-31", "2025-12-31T23:59:59.999Z", NULL},
	    {"auto", "2025-01-01 .. 2025-12-31", "2026-01-01", "outside of timestamp_range"},
	    {"auto", "2025-12-31 .. 2025-12-31", "2025-12-31", NULL},
	    {"auto", "-30d .. +100w", "2024-01-31", "outside of timestamp_range"},
	    {"auto", ".. +10000w", "2100-01-31", NULL},
	};
	for (size_t i = 0; i < COUNT(table); i++) {
		struct conf_feed feed = {.name = "t"};
		char *row = df_format("1|%s", table[i].cell);
		feed.map.timestamps = df_strdup(table[i].timestamps);
		feed.map.timestamp_range = df_strdup(table[i].range);
		run(&feed, "uninstall", "mpid|events.data.timestamp_unixtime_ms", row);
		CHECK_STRING(got.code, table[i].said != NULL ? "bad-timestamp" : "");
		CU_ASSERT(table[i].said == NULL || strstr(got.text, table[i].said) != NULL);
		free(feed.map.timestamps);
		free(feed.map.timestamp_range);
		free(row);
	}
}

static void test_range_texts(void)
{
	static const char *const bad[] = {"",
					  "1995-01-01",
					  "1995-01-01 - +1d",
					  "yesterday .. +1d",
					  "1995-13-01 .. +1d",
					  "+1d .. -1d",
					  "1d .. 2d",
					  "+1y ..",
					  "+d ..",
					  "1995-01-02 .. 1995-01-01",
					  "1995-01-01T00:00Z .. 1995-01-01T00:00Z"};
	struct time_range range;
	struct df_err err = {0};
	/* it ends before: no clock says so that was set */
	CU_ASSERT_EQUAL(time_range_parse("2030-01-01 .. +1d", 1700000000000, &range, &err),
			DF_USAGE);
	CU_ASSERT_EQUAL(time_range_parse("1995-01-01 .. +1d", 1000, &range, NULL), DF_OK);
	CU_ASSERT_EQUAL(range.first, 788918400000);
	CU_ASSERT_EQUAL(range.last, 788918400001);
	err = (struct df_err){0};
	CU_ASSERT_EQUAL(time_range_parse("1995-01-01 .. +1d", 1700000000000, &range, &err), DF_OK);
	CU_ASSERT_EQUAL(range.first, 788918400000);
	CU_ASSERT_EQUAL(range.last, 1700086400000);
	CU_ASSERT_EQUAL(time_range_parse("-2w..-90m", 1700000000000, &range, &err), DF_OK);
	CU_ASSERT_EQUAL(range.first, 1698790400000);
	CU_ASSERT_EQUAL(range.last, 1699994600000);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct df_err why = {0};
		CU_ASSERT_EQUAL(time_range_parse(bad[i], 1700000000000, &range, &why), DF_USAGE);
		CU_ASSERT(why.text[0] != '\0');
	}
}

/* A pattern that is taken overlooks nothing: what strptime has read is printed as it was
 * written. */
static bool reads_all(const char *pattern, time_t at)
{
	char text[256], again[256];
	struct tm written, read = {.tm_mday = 1};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (gmtime_r(&at, &written) == NULL || strftime(text, sizeof(text), pattern, &written) == 0)
		return true;
	const char *end = strptime(text, pattern, &read);
	if (end == NULL || *end != '\0')
		return false;
	time_t instant = timegm(&read); /* fills in what follows from the day */
	(void)instant;
	strftime(again, sizeof(again), pattern, &read);
#pragma GCC diagnostic pop
	return strcmp(text, again) == 0;
}

static void test_patterns(void)
{
	static const char letters[] = "%aAbBcCdDeFgGhHIjklmMnprRStTuUVwWxXyYz";
	static const time_t instants[] = {1700000000, 951825601,  1735689599,
					  1230768000, 1456753800, 1078056245};
	size_t taken = 0, refused = 0, wrong = 0;
	for (const char *a = letters; *a != '\0'; a++)
		for (const char *b = letters; *b != '\0'; b++)
			for (const char *c = letters; *c != '\0'; c++) {
				char pattern[16];
				struct df_err err = {0};
				snprintf(pattern, sizeof(pattern), "%%%c|%%%c|%%%c", *a, *b, *c);
				if (time_pattern_check(pattern, &err) != DF_OK) {
					refused++;
					continue;
				}
				taken++;
				for (size_t i = 0; i < COUNT(instants); i++)
					if (!reads_all(pattern, instants[i]) && wrong++ < 5)
						printf("\n  %s overlooks something\n", pattern);
			}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT(taken > 500 && refused > 20000);
}

static void test_refused_patterns(void)
{
	static const struct {
		const char *pattern, *said;
	} table[] = {
	    {"%Y-W%V-%u", "%V"},
	    {"%Y-%U", "weeks"},
	    {"%G-%m-%d", "weeks"},
	    {"%Y-%m-%d %w", "weekday's"},
	    {"%Y-%m-%d %I:%M", "%I reads 12:30 as 00:30"},
	    {"%C%m%d", "century"},
	    {"%Y-%m-%d %H:%M %p", "%p"},
	    {"%m-%d %H:%M", "a year"},
	    {"%Y %y", "the year once more"},
	    {"%a %Y %j", "%j"},
	    {"%m %B %Y", "the month"},
	    {"%Y-%m-%d %j", "the month"},
	    {"%Y-%m-%d %s", "auto"},
	    {"%Y-%m-%d %Z", "zone"},
	    {"%d %Y", "a month"},
	    {"%Y-%m-%d %M", "an hour"},
	    {"%Y-%m-%d %H:%S", "a minute"},
	    {"%Y-%m-%d %", "strptime"},
	    {"%Y %m %Q", "strptime"},
	};
	static const char *const good[] = {
	    "%Y-%j",        "%d-%b-%y", "%a, %d %b %Y %H:%M:%S %z", "%Y-%m",
	    "%c",           "%D %r",    "%m/%d/%Y %I:%M %p",        "%F %T",
	    "%Y%m%d%H%M%S", "100%% %F"};
	for (size_t i = 0; i < COUNT(table); i++) {
		struct df_err err = {0};
		CU_ASSERT_EQUAL(time_pattern_check(table[i].pattern, &err), DF_USAGE);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, table[i].said));
	}
	for (size_t i = 0; i < COUNT(good); i++) {
		struct df_err err = {0};
		CU_ASSERT_EQUAL(time_pattern_check(good[i], &err), DF_OK);
	}
}

static void test_settings(void)
{
	static const char *const bad[][2] = {{"auto", "Europe/Atlantis"},
					     {"auto", "../../../etc/passwd"},
					     {"auto", "/etc/passwd"},
					     {"auto", "tzdata.zi"}};
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct conf_feed feed = {.name = "t"};
		feed.map.timestamps = df_strdup(bad[i][0]);
		feed.map.timezone = df_strdup(bad[i][1]);
		run(&feed, "uninstall", "mpid", NULL);
		CU_ASSERT_EQUAL(got.status, DF_USAGE);
		CU_ASSERT(strlen(got.text) > 0);
		free(feed.map.timestamps);
		free(feed.map.timezone);
	}
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"ms", test_ms},
	    {"bytes that are not digits", test_ms_bytes},
	    {"auto", test_auto},
	    {"format", test_format},
	    {"digits that nothing separates", test_unseparated},
	    {"zones", test_zones},
	    {"range", test_range},
	    {"texts of ranges", test_range_texts},
	    {"patterns overlook nothing", test_patterns},
	    {"patterns that are refused", test_refused_patterns},
	    {"settings", test_settings},
	    CU_TEST_INFO_NULL,
	};
	return test_main("map times", NULL, NULL, tests);
}
