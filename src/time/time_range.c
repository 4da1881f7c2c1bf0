/* SPDX-License-Identifier: MIT */
/* The range that times are in: its ends are days, moments, or spans around the document's begin. */
#include "dropfeed/time.h"

#include "time_priv.h"

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

#define SPAN_MAX_MS (INT64_C(1000) * 366 * 86400000) /* a thousand years */

bool time_span_parse(const char *p, size_t len, int64_t *ms)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}, {'w', 604800000}};
	int64_t n = 0;
	size_t i = 0;
	for (; i < len && p[i] >= '0' && p[i] <= '9' && i < 12; i++)
		n = n * 10 + (p[i] - '0');
	if (i == 0 || i + 1 != len)
		return false;
	for (size_t k = 0; k < sizeof(units) / sizeof(units[0]); k++) {
		if (units[k].unit != p[i] || n > SPAN_MAX_MS / units[k].ms)
			continue;
		*ms = n * units[k].ms;
		return true;
	}
	return false;
}

bool time_moment_parse(const char *p, size_t len, int64_t *ms)
{
	const struct time_format utc = {.mode = TIME_AUTO};
	return time_parse_iso(&utc, p, len, ms);
}

/* The year 2020: this program is younger than that. */
#define CLOCK_LEAST_MS INT64_C(1577836800000)

#define DATE_LENGTH (sizeof("1995-01-01") - 1) /* nothing shorter is a moment */

/* *ms is what an empty end means. last: a date is that whole day. */
static bool parse_end(const char *p, size_t len, int64_t begun_ms, bool last, int64_t *ms)
{
	int64_t span = 0;
	while (len > 0 && blank(*p)) {
		p++;
		len--;
	}
	while (len > 0 && blank(p[len - 1]))
		len--;
	if (len == 0)
		return true;
	if (*p != '+' && *p != '-') {
		if (!time_moment_parse(p, len, ms))
			return false;
		*ms += last && len == DATE_LENGTH ? DF_DAY_MS : 0;
		return true;
	}
	if (!time_span_parse(p + 1, len - 1, &span))
		return false;
	*ms = begun_ms + (*p == '-' ? -span : span);
	return true;
}

enum df_status time_range_parse(const char *text, int64_t begun_ms, struct time_range *out,
				struct df_err *err)
{
	struct time_range range = {TIME_FIRST_MS, TIME_LAST_MS};
	const char *dots = strstr(text, "..");
	if (dots == NULL ||
	    !parse_end(text, (size_t)(dots - text), begun_ms, false, &range.first) ||
	    !parse_end(dots + 2, strlen(dots + 2), begun_ms, true, &range.last))
		return df_fail(DF_USAGE, err, NULL,
			       "'%s' is not a range: write two ends with .. between them, each a "
			       "date such as 1995-01-01 "
			       "or a span such as -30d or +1d",
			       text);

	range.first = range.first < TIME_FIRST_MS ? TIME_FIRST_MS : range.first;
	range.last = range.last > TIME_LAST_MS ? TIME_LAST_MS : range.last;
	/* a clock that was never set: every event is too late, which is reported */
	if (range.first >= range.last && begun_ms < CLOCK_LEAST_MS)
		range.last = range.first + 1;
	if (range.first >= range.last)
		return df_fail(DF_USAGE, err, NULL, "'%s' is empty: its end is not after its begin",
			       text);
	*out = range;
	return DF_OK;
}
