/* SPDX-License-Identifier: MIT */
/* Columns with times. */
#include "propose_world.h"

#include <time.h>

static void test_times(void)
{
	static const struct {
		const char *values, *setting;
	} table[] = {
	    {"1700000000\n1700000001", "timestamps = auto\n"},
	    {"1700000000000000\n1700000000000001", "timestamps = auto\n"},
	    {"2024-01-31\n2024-02-01", "timestamps = auto\n"},
	    {"2024-01-31T10:00:00+02:00", "timestamps = auto\n"},
	    {"2024-01-31 10:00:00 UTC", "timestamps = auto\n"},
	    {"12/1/10 8:26\n12/31/10 8:26", "timestamps = %m/%d/%y %H:%M\n"},
	    {"31/12/2010 8:26", "timestamps = %d/%m/%Y %H:%M\n"},
	    {"31.12.2010 8:26:01", "timestamps = %d.%m.%Y %H:%M:%S\n"},
	    {"12/31/2010 8:26 PM", "timestamps = %m/%d/%Y %I:%M %p\n"},
	    {"20240131\n20241231", "timestamps = %Y%m%d\n"},
	    {"1700000000000\n1700000000001", NULL},
	    {"1700000000000\n\n1700000000001", NULL},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char *text = df_format("timestamp\n%s", table[i].values);
		CU_ASSERT_EQUAL(propose(&named, "custom_event", true, text), DF_OK);
		if (table[i].setting != NULL)
			CU_ASSERT_TRUE(says(table[i].setting))
		else
			CU_ASSERT_PTR_NULL(strstr(proposal.data, "settings"));
		CU_ASSERT_TRUE(says("\"events.data.timestamp_unixtime_ms\""));
		CU_ASSERT_PTR_NULL(strstr(proposal.data, "17000000")); /* no value is ever shown */
		free(text);
	}
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true, "timestamp\n1/2/2024 10:00"), DF_OK);
	CU_ASSERT_TRUE(says("%d/%m/%Y %H:%M as well"));
	struct conf_feed own = plain;
	own.map.timestamps = (char[]){"%m/%d/%y %H:%M"};
	own.map.event_name = own.map.event_type = (char[]){"other"};
	CU_ASSERT_EQUAL(propose(&own, "custom_event", true, "timestamp\n12/1/10 8:26"), DF_OK);
	CU_ASSERT_PTR_NULL(strstr(proposal.data, "settings"));
}

/* What only a person can say is a column that no header has: a file is refused until it is said. */
static void test_when(void)
{
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true, "user id|town\n1|Bonn"), DF_OK);
	CU_ASSERT_TRUE(says("no column says when: the API takes the time"));
	LACKS("TO BE COMPLETED");
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true, "user id|event time\n1|noon"), DF_OK);
	CU_ASSERT_TRUE(says("{ \"column\": \"TO BE COMPLETED: the column that says when\""));
	CU_ASSERT_EQUAL(
	    propose(&named, "custom_event", true,
		    "user id|Review Creation Date|Due Date\n1|2024-01-31 10:00|2024-02-09"),
	    DF_OK);
	CU_ASSERT_TRUE(says("\"Review Creation Date\", \"action\": \"keep\", \"field\": "
			    "\"events.data.timestamp_unixtime_ms\""));
	/* a birthday, or what is due, is not when it happened */
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true,
				"user id|Birth Date|Due Date\n1|1994-01-31|2024-02-09"),
			DF_OK);
	CU_ASSERT_TRUE(says("no column says when: the API takes the time"));
	CU_ASSERT_EQUAL(
	    propose(&named, "custom_event", true, "user id|Event Date\n1|45322.5\n2|45323.25"),
	    DF_OK);
	CU_ASSERT_TRUE(says("look like a spreadsheet's day numbers"));
	CU_ASSERT_TRUE(says("TO BE COMPLETED"));
	CU_ASSERT_EQUAL(propose(&named, "custom_event", false, "a@b.de|x\nc@d.ee|y"), DF_OK);
	CU_ASSERT_TRUE(says("no column says when: the API takes the time"));
}

#define SETTING "//   timestamps = "

static void test_day_or_month(void)
{
	static const struct {
		const char *text, *setting; /* NULL: it is not decided */
	} table[] = {
	    {"user id|time\n1|01/02/2024\n2|03/02/2024", NULL},
	    {"user id|time\n1|01/02/2024\n2|03/02/2024\n3|04/02/2024\n4|02/03/2024",
	     SETTING "%d/%m/%Y\n"},
	    {"user id|time\n1|01/02/2024\n2|01/05/2024\n3|02/03/2024\n4|03/01/2024",
	     SETTING "%m/%d/%Y\n"},
	    {"user id|time\n1|12/1/10 8:26\n2|12/1/10 8:28", SETTING "%m/%d/%y %H:%M\n"},
	    {"user id|time\n1|12/01/10 8:26\n2|12/01/10 8:28", NULL},
	    {"user id|time|Due\n1|03/02/2024|31/03/2024\n2|01/02/2024|30/03/2024",
	     SETTING "%d/%m/%Y\n"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		CU_ASSERT_EQUAL(propose(&named, "custom_event", true, table[i].text), DF_OK);
		if (table[i].setting != NULL) {
			CU_ASSERT_TRUE(says(table[i].setting));
			continue;
		}
		LACKS(SETTING);
		CU_ASSERT_TRUE(says(" as well: nothing in the rows says"));
	}
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|time|price\n1|u|01/02/2024 10:00|9,95\n"
				"2|u|03/02/2024 09:00|1,50"),
			DF_OK);
	CU_ASSERT_TRUE(says(SETTING "%d/%m/%Y %H:%M\n"));
}

/* As warehouses and databases write times: strftime's pattern (in capitals, where it begins with
 * ^), the setting that is proposed, and what of a second is left. NULL: it is to be completed. */
static const struct {
	const char *written, *setting;
	int64_t unit; /* seconds that the values are exact to */
} written_times[] = {
    {"%Y-%m-%dT%H:%M:%SZ", "auto", 1}, /* ISO, BigQuery, MongoDB */
    {"%Y-%m-%d %H:%M:%S", "auto", 1},  /* MySQL, SQLite, SQL Server 120 */
    {"%Y-%m-%d %H:%M", "auto", 60},
    {"%Y-%m-%d", "auto", 86400},
    {"%Y-%m-%d %H:%M:%S.000000+00", "auto", 1},      /* PostgreSQL */
    {"%Y-%m-%d %H:%M:%S.000000 UTC", "auto", 1},     /* BigQuery */
    {"%Y-%m-%d %H:%M:%S.000 +0000", "auto", 1},      /* Snowflake */
    {"%Y-%m-%d %H:%M:%S.0000000 +00:00", "auto", 1}, /* SQL Server's datetimeoffset */
    {"%Y-%m-%d %H:%M:%S.000000", "auto", 1},         /* Teradata, Redshift, HANA */
    {"%b %e %Y %I:%M%p", "%b %d %Y %I:%M%p", 60},    /* SQL Server 100 */
    {"%m/%d/%Y", "%m/%d/%Y", 86400},                 /* 101 */
    {"%d/%m/%Y", "%d/%m/%Y", 86400},                 /* 103 */
    {"%d.%m.%Y", "%d.%m.%Y", 86400},                 /* 104 */
    {"%d-%m-%Y", "%d-%m-%Y", 86400},                 /* 105 */
    {"%d %b %Y", "%d %b %Y", 86400},                 /* 106 */
    {"%b %d, %Y", "%b %d, %Y", 86400},               /* 107 */
    {"%Y/%m/%d", "%Y/%m/%d", 86400},                 /* 111 */
    {"%Y%m%d", "%Y%m%d", 86400},                     /* 112 */
    {"%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M:%S %p", 1},
    {"^%d-%b-%y", "%d-%b-%y", 86400}, /* Oracle */
    {"^%d-%b-%Y", "%d-%b-%Y", 86400},
    {"^%d-%b-%Y %H:%M:%S", "%d-%b-%Y %H:%M:%S", 1},
    {"^%d-%b-%y %I.%M.%S %p", "%d-%b-%y %I.%M.%S %p", 1},
    {"^%d%b%Y:%H:%M:%S", "%d%b%Y:%H:%M:%S", 1}, /* SAS */
    {"^%d%b%Y", "%d %b %Y", 86400},
    {"%y/%m/%d", "%y/%m/%d", 86400},               /* Teradata's default */
    {"%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", 1}, /* German */
    {"%d.%m.%Y, %H:%M", "%d.%m.%Y, %H:%M", 60},
    {"%d.%m.%y %H:%M", "%d.%m.%y %H:%M", 60},
    {"%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M", 60},
    {"%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M", 60},
    {"%m/%d/%y %H:%M", "%m/%d/%y %H:%M", 60},
    {"%Y%m%d%H%M%S", "%Y%m%d%H%M%S", 1},
    {"%Y年%m月%d日 %H:%M", "%Y年%m月%d日 %H:%M", 60},
    {"%a, %d %b %Y %H:%M:%S +0000", "%a, %d %b %Y %H:%M:%S %z", 1},
    {"%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S %Y", 1},
    {"%s", "auto", 1}, /* seconds since 1970, and milli-, micro- and nanoseconds */
    {"%s000", NULL, 1},
    {"%s000000", "auto", 1},
    {"%s000000000", "auto", 1},
    {"%H:%M:%S", NULL, 0},
    {"%y%j", NULL, 0},
    {"%G-W%V-%u", NULL, 0},
    {"^%d-%b-%y %I.%M.%S.000000 %p +01:00", NULL, 0}, /* a zone is not cut off */
    {"%Y-%m-%d %H:%M:%S CET", NULL, 0},
};

static const time_t instants[] = {1706696553, 1709247909, 1732924800, 1741967101, 1764572889};

static void print_time(char out[80], const char *written, time_t t)
{
	struct tm tm;
	bool capitals = written[0] == '^';
	setenv("TZ", "UTC", 1);
	localtime_r(&t, &tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	strftime(out, 80, written + capitals, &tm);
#pragma GCC diagnostic pop
	for (char *s = out; capitals && *s != '\0'; s++)
		if (*s >= 'a' && *s <= 'z')
			*s = (char)(*s - 32);
}

/* The proposed setting reads each value as the instant that it was printed from. */
static void read_back(const char *written, const char *setting, int64_t unit)
{
	struct time_format t = {0};
	struct df_err err = {0};
	CU_ASSERT_EQUAL(time_open(&t, setting, "UTC", &err), DF_OK);
	for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
		char text[80];
		const char *code, *why;
		int64_t ms = 0;
		print_time(text, written, instants[i]);
		CU_ASSERT_TRUE(time_parse(&t, text, strlen(text), &ms, &code, &why));
		CU_ASSERT_EQUAL(ms, instants[i] / unit * unit * 1000);
	}
	time_close(&t);
}

static void test_warehouse_times(void)
{
	for (size_t k = 0; k < sizeof(written_times) / sizeof(written_times[0]); k++) {
		struct df_buf text = {0};
		df_buf_adds(&text, "user id|event time\n");
		for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
			char value[80];
			print_time(value, written_times[k].written, instants[i]);
			df_buf_addf(&text, "%zu|%s\n", i, value);
		}
		CU_ASSERT_EQUAL(propose(&named, "custom_event", true, df_buf_cstr(&text)), DF_OK);
		df_buf_free(&text);
		char *setting = df_format(SETTING "%s\n", written_times[k].setting);
		if (written_times[k].setting != NULL) {
			CU_ASSERT_TRUE(says(setting));
			read_back(written_times[k].written, written_times[k].setting,
				  written_times[k].unit);
		} else {
			LACKS(SETTING);
			CU_ASSERT_EQUAL(strstr(proposal.data, "TO BE COMPLETED") == NULL,
					written_times[k].unit > 0);
		}
		free(setting);
	}
	/* fractions that no pattern reads are cut off, but for AM and PM */
	CU_ASSERT_EQUAL(
	    propose(&named, "custom_event", true,
		    "user id|time\n1|Jan 31 2024 10:22:33:123AM\n2|Dec  1 2025  7:08:09:000PM"),
	    DF_OK);
	CU_ASSERT_TRUE(says(SETTING "%b %d %Y %I:%M:%S %p\n"));
	CU_ASSERT_EQUAL(
	    propose(&named, "custom_event", true,
		    "user id|time\n1|2024-01-31-10.22.33.123456\n2|2024-02-01-10.22.33.000001"),
	    DF_OK);
	CU_ASSERT_TRUE(says(SETTING "%Y-%m-%d-%H.%M.%S\n"));
	CU_ASSERT_TRUE(says("{{ value | strip | slice: 0, 19 }}"));
}

/* A date takes the time of the same thing, or one that says no more than that it is one. */
static void test_clocks(void)
{
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true,
				"user id|Sale Date|Event Time|Sale Time\n1|2024-01-31|19:30|10:05"),
			DF_OK);
	CU_ASSERT_TRUE(says("{{ row[\\\"Sale Date\\\"] }} {{ row[\\\"Sale Time\\\"] }}"));
	CU_ASSERT_EQUAL(
	    propose(&named, "custom_event", true, "user id|CALL_DT|CALL_TM\n1|20240131|100533"),
	    DF_OK);
	CU_ASSERT_TRUE(says("{{ row[\\\"CALL_DT\\\"] }} {{ row[\\\"CALL_TM\\\"] }}"));
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true,
				"user id|Sale Date|Event Time\n1|2024-01-31|19:30"),
			DF_OK);
	CU_ASSERT_TRUE(says("days without a time of day"));
	CU_ASSERT_EQUAL(
	    propose(&named, "custom_event", true, "user id|Sale Date|Time\n1|Jan-31-24|19:30"),
	    DF_OK);
	CU_ASSERT_TRUE(says(SETTING "%b-%d-%y %H:%M\n"));
	/* a column that is not filled in each row leaves the others a setting */
	CU_ASSERT_EQUAL(propose(&plain, "custom_event", true,
				"user id|time|event|Type\n1|1700000000000|a|\n1|1700000000001||"),
			DF_OK);
	CU_ASSERT_TRUE(says("//   event_name = stem\n"));
	CU_ASSERT_TRUE(says("//   event_type = other\n"));
}

static void test_zones(void)
{
	static const struct {
		const char *text, *setting;
	} table[] = {
	    {"user id|time\n1|2024-01-31 10:00",
	     "//   timezone = UTC\n//       the times in column 2 "
	     "do not say their zone"},
	    {"user id|Created (Europe/Berlin)\n1|2024-01-31 10:00",
	     "//   timezone = Europe/Berlin\n"},
	    {"user id|created utc\n1|2024-01-31 10:00", "//   timezone = UTC\n//       the zone"},
	    {"user id|time|Time Zone\n1|2024-01-31 10:00|PST\n2|2024-07-31 10:00|PDT",
	     "//   timezone = America/Los_Angeles\n"},
	    {"user id|time|tz\n1|2024-01-31 10:00|PST\n2|2024-07-31 10:00|CET",
	     "the rows name several time zones"},
	    {"user id|time|tz\n1|2024-01-31 10:00|Narnia", "or one that is not known here"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		CU_ASSERT_EQUAL(propose(&named, "custom_event", true, table[i].text), DF_OK);
		CU_ASSERT_TRUE(says(table[i].setting));
	}
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true, table[4].text), DF_OK);
	LACKS(SETTING);
	CU_ASSERT_EQUAL(
	    propose(&named, "custom_event", true, "user id|time\n1|2024-01-31T10:00:00Z"), DF_OK);
	LACKS("timezone = ");
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"times", test_times},
	    {"when", test_when},
	    {"day or month", test_day_or_month},
	    {"times of warehouses", test_warehouse_times},
	    {"clocks", test_clocks},
	    {"zones", test_zones},
	    CU_TEST_INFO_NULL,
	};
	int failed = test_main("propose times", NULL, NULL, tests);
	df_buf_free(&proposal);
	return failed;
}
