/* SPDX-License-Identifier: MIT */
/* Cells that mean a point in time: Unix numbers, ISO 8601, or the feed's own pattern. */
#include "dropfeed/time.h"

#include <time.h>

#define LAST_MS  INT64_C(7258118400000) /* 2200-01-01, not included */
#define MAX_CELL 128

enum df_status time_open(struct time_format *t, const char *timestamps, const char *zone, struct df_err *err)
{
	const char *mode = timestamps != NULL ? timestamps : "ms";
	memset(t, 0, sizeof(*t));
	t->mode = strcmp(mode, "ms") == 0 ? TIME_MS : strcmp(mode, "auto") == 0 ? TIME_AUTO : TIME_FORMAT;
	if (t->mode == TIME_FORMAT) {
		t->format = mode;
		t->format_has_zone = strstr(mode, "%z") != NULL;
	}
	return time_zone_open(zone != NULL ? zone : "UTC", &t->zone, err);
}

void time_close(struct time_format *t)
{
	time_zone_free(t->zone);
	memset(t, 0, sizeof(*t));
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits of p[*i], at most max of them. */
static int read_digits(const char *p, size_t len, size_t *i, size_t max, int64_t *value)
{
	const char *from = p + *i, *at = from, *end = from + (len - *i < max ? len - *i : max);
	int64_t v = 0;
	for (unsigned d = 0; at < end && (d = (unsigned)(*at - '0')) <= 9; at++)
		v = v * 10 + d;
	*value = v;
	*i += (size_t)(at - from);
	return (int)(at - from);
}

/* The fraction after a point or comma as thousandths; what is finer is cut off. */
static bool read_fraction(const char *p, size_t len, size_t *i, int64_t *ms)
{
	int64_t unit = 100;
	*ms = 0;
	if (*i >= len || (p[*i] != '.' && p[*i] != ','))
		return true;
	size_t from = ++*i;
	for (; *i < len && digit(p[*i]); (*i)++, unit /= 10)
		*ms += (p[*i] - '0') * unit;
	return *i > from;
}

static bool civil(int64_t y, int64_t mon, int64_t d, int64_t h, int64_t min, int64_t s, int64_t *seconds)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	if (y < 1900 || y > 2200 || mon < 1 || mon > 12 || h > 24 || min > 59 || s > 60 || (h == 24 && min + s > 0))
		return false;
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
	if (d < 1 || d > days[mon - 1] + (leap && mon == 2))
		return false;
	*seconds = time_days(y, (int)mon, (int)d) * 86400 + h * 3600 + min * 60 + s;
	return true;
}

/* Z, UTC as BigQuery writes it, +hh, +hhmm or +hh:mm. */
static bool read_zone(const char *p, size_t len, size_t *i, int64_t *east)
{
	int64_t h = 0, min = 0;
	size_t n = p[*i] == 'Z' || p[*i] == 'z' ? 1 : len - *i >= 3 && memcmp(p + *i, "UTC", 3) == 0 ? 3 : 0;
	if (n > 0) {
		*i += n;
		*east = 0;
		return true;
	}
	int64_t sign = p[*i] == '-' ? -1 : 1;
	if (p[(*i)++] != '+' && sign == 1)
		return false;
	if (read_digits(p, len, i, 2, &h) != 2)
		return false;
	bool colon = *i < len && p[*i] == ':';
	*i += colon;
	if ((colon || *i < len) && read_digits(p, len, i, 2, &min) != 2)
		return false;
	*east = sign * (h * 3600 + min * 60);
	return h <= 18 && min <= 59;
}

static bool skip_mark(const char *p, size_t len, size_t *i, char mark)
{
	bool there = *i < len && p[*i] == mark;
	*i += there;
	return there;
}

/* 2020-01-31, 2020-01-31T23:59[:59[.999]][zone], or with a space for the T; and its basic form, 20200131T235959Z. */
static bool parse_iso(const struct time_format *t, const char *p, size_t len, int64_t *ms)
{
	int64_t y, mon, d, h = 0, min = 0, s = 0, fraction = 0, seconds, east = 0;
	size_t i = 0;
	bool zoned = false;
	bool basic = len > 8 && (p[8] == 'T' || p[8] == 't');
	if (read_digits(p, len, &i, 4, &y) != 4 || skip_mark(p, len, &i, '-') == basic ||
	    read_digits(p, len, &i, 2, &mon) != 2 || skip_mark(p, len, &i, '-') == basic ||
	    read_digits(p, len, &i, 2, &d) != 2)
		return false;
	if (i < len) {
		char c = p[i++];
		if ((c != 'T' && c != 't' && c != ' ') || read_digits(p, len, &i, 2, &h) != 2 ||
		    skip_mark(p, len, &i, ':') == basic || read_digits(p, len, &i, 2, &min) != 2)
			return false;
		if (basic ? i < len && digit(p[i]) : skip_mark(p, len, &i, ':')) {
			if (read_digits(p, len, &i, 2, &s) != 2 || !read_fraction(p, len, &i, &fraction))
				return false;
		}
		i += i + 1 < len && p[i] == ' '; /* as in 2020-01-31 23:59:59 +01:00 */
		zoned = i < len;
		if (zoned && !read_zone(p, len, &i, &east))
			return false;
	}
	if (i != len || !civil(y, mon, d, h, min, s, &seconds))
		return false;
	*ms = (zoned ? seconds - east : time_zone_to_utc(t->zone, seconds)) * 1000 + fraction;
	return true;
}

/* A number by its magnitude: seconds up to year 5138, then milliseconds, then microseconds. */
static bool parse_number(const char *p, size_t len, int64_t *ms)
{
	int64_t value, fraction = 0;
	size_t i = 0;
	if (read_digits(p, len, &i, 18, &value) == 0 || !read_fraction(p, len, &i, &fraction) || i != len)
		return false;
	if (value < INT64_C(100000000)) /* rather a date without dashes than a second of the early seventies */
		return false;
	if (value < INT64_C(100000000000))
		*ms = value * 1000 + fraction;
	else if (value < INT64_C(100000000000000))
		*ms = value;
	else
		*ms = value / 1000;
	return true;
}

static bool parse_format(const struct time_format *t, const char *p, size_t len, int64_t *ms)
{
	char text[MAX_CELL];
	struct tm tm = {.tm_mday = 1};
	int64_t seconds;
	if (len >= sizeof(text) || memchr(p, '\0', len) != NULL)
		return false;
	memcpy(text, p, len);
	text[len] = '\0';
	const char *end = strptime(text, t->format, &tm);
	if (end == NULL || *end != '\0')
		return false;
	if (!civil(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, &seconds))
		return false;
	*ms = (t->format_has_zone ? seconds - tm.tm_gmtoff : time_zone_to_utc(t->zone, seconds)) * 1000;
	return true;
}

static bool parse_ms(const char *p, size_t len, int64_t *ms, const char **code, const char **why)
{
	size_t i = len > 0 && (p[0] == '+' || p[0] == '-') ? 1 : 0;
	bool minus = i == 1 && p[0] == '-';
	while (i + 1 < len && p[i] == '0')
		i++;
	if (read_digits(p, len, &i, 18, ms) == 0 || i != len) {
		while (i < len && digit(p[i]))
			i++;
		*code = i == len && len > 0 && digit(p[len - 1]) ? "bad-timestamp" : "not-an-integer";
		*why = "Unix milliseconds are expected, such as 1700000000000; for dates set timestamps = auto or a "
		       "pattern";
		return false;
	}
	if (*ms >= INT64_C(100000000) && *ms < INT64_C(100000000000)) {
		*why = "this looks like seconds where milliseconds are expected; set timestamps = auto to take both";
		return false;
	}
	return !minus || *ms == 0;
}

bool time_parse(const struct time_format *t, const char *p, size_t len, int64_t *ms, const char **code,
		const char **why)
{
	bool ok = false;
	*code = "bad-timestamp";
	*why = "a point in time between 1970 and 2200 is expected";
	switch (t->mode) {
	case TIME_MS:
		ok = parse_ms(p, len, ms, code, why);
		break;
	case TIME_AUTO:
		*why = "Unix seconds, milliseconds or microseconds, or ISO 8601, between 1970 and 2200 are expected";
		ok = parse_number(p, len, ms) || parse_iso(t, p, len, ms);
		break;
	case TIME_FORMAT:
		*why = "a time in the pattern of the setting `timestamps`, between 1970 and 2200, is expected";
		ok = parse_format(t, p, len, ms);
		break;
	}
	return ok && *ms >= 0 && *ms < LAST_MS;
}
