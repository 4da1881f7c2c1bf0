/* SPDX-License-Identifier: MIT */
/* Cells that mean a point in time: Unix numbers, ISO 8601, or the feed's own pattern. */
#include "time_priv.h"

#include <endian.h>

enum df_status time_open(struct time_format *t, const char *timestamps, const char *zone,
			 struct df_err *err)
{
	const char *mode = timestamps != NULL ? timestamps : "ms";
	memset(t, 0, sizeof(*t));
	t->range = (struct time_range){TIME_FIRST_MS, TIME_LAST_MS};
	t->mode = strcmp(mode, "ms") == 0     ? TIME_MS
		  : strcmp(mode, "auto") == 0 ? TIME_AUTO
					      : TIME_FORMAT;
	if (t->mode == TIME_FORMAT) {
		t->format = mode;
		t->format_has_zone = time_pattern_has_zone(mode);
		t->format_has_runs = time_pattern_has_runs(mode);
	}
	return time_zone_open(zone != NULL ? zone : "UTC", &t->zone, err);
}

void time_close(struct time_format *t)
{
	time_zone_free(t->zone);
	memset(t, 0, sizeof(*t));
}

/* Digits of p[*i], at most max of them. */
static int read_digits(const char *p, size_t len, size_t *i, size_t max, int64_t *value)
{
	const char *from = p + *i, *at = from, *end = from + (len - *i < max ? len - *i : max);
	uint64_t v = 0; /* of 19 digits, the most that are asked for */
	for (unsigned d = 0; at < end && (d = (unsigned)(*at - '0')) <= 9; at++)
		v = v * 10 + d;
	*value = v > INT64_MAX ? INT64_MAX : (int64_t)v;
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
	for (; *i < len && df_is_digit(p[*i]); (*i)++, unit /= 10)
		*ms += (p[*i] - '0') * unit;
	return *i > from;
}

/* Z, UTC as BigQuery writes it, +hh, +hhmm or +hh:mm. */
static bool read_zone(const char *p, size_t len, size_t *i, int64_t *east)
{
	int64_t h = 0, min = 0;
	size_t n = p[*i] == 'Z' || p[*i] == 'z'                     ? 1
		   : len - *i >= 3 && memcmp(p + *i, "UTC", 3) == 0 ? 3
								    : 0;
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

/* 2020-01-31, 2020-01-31T23:59[:59[.999]][zone], or with a space for the T; and its basic form,
 * 20200131T235959Z. */
bool time_parse_iso(const struct time_format *t, const char *p, size_t len, int64_t *ms)
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
		if (basic ? i < len && df_is_digit(p[i]) : skip_mark(p, len, &i, ':')) {
			if (read_digits(p, len, &i, 2, &s) != 2 ||
			    !read_fraction(p, len, &i, &fraction))
				return false;
		}
		i += i + 1 < len && p[i] == ' '; /* as in 2020-01-31 23:59:59 +01:00 */
		zoned = i < len;
		if (zoned && !read_zone(p, len, &i, &east))
			return false;
	}
	const int64_t fields[6] = {y, mon, d, h, min, s};
	if (i != len || !time_civil(fields, &seconds))
		return false;
	*ms = (zoned ? seconds - east : time_zone_to_utc(t->zone, seconds)) * 1000 + fraction;
	return true;
}

/* Unix seconds, milliseconds, microseconds or nanoseconds, by the count of their digits. Fewer
 * or more are a date without separators, a spreadsheet's number of days, or no time. */
static bool parse_number(const char *p, size_t len, int64_t *ms)
{
	int64_t value, fraction = 0;
	size_t i = 0, digits = (size_t)read_digits(p, len, &i, 19, &value);
	if (digits == 0 || p[0] == '0' || !read_fraction(p, len, &i, &fraction) || i != len)
		return false;

	switch (digits) {
	case 10:
		*ms = value * 1000 + fraction;
		return true;
	case 13:
		*ms = value;
		return true;
	case 16:
		*ms = value / 1000;
		return len == digits;
	case 19:
		*ms = value / 1000000;
		return len == digits;
	default:
		return false;
	}
}

static bool parse_ms(const char *p, size_t len, int64_t *ms, const char **code)
{
	size_t i = len > 0 && (p[0] == '+' || p[0] == '-') ? 1 : 0;
	bool minus = i == 1 && p[0] == '-';
	while (i + 1 < len && p[i] == '0')
		i++;
	if (read_digits(p, len, &i, 18, ms) == 0 || i != len) {
		while (i < len && df_is_digit(p[i]))
			i++;
		*code = i == len && len > 0 && df_is_digit(p[len - 1]) ? "bad-timestamp"
								       : "not-an-integer";
		return false;
	}
	return !minus || *ms == 0;
}

/* ---- what a value that is not taken looks like ---- */

static bool looks_like_day(int64_t v) /* 20240131 */
{
	return v >= 19000101 && v <= 22001231 && v / 100 % 100 >= 1 && v / 100 % 100 <= 12 &&
	       v % 100 >= 1 && v % 100 <= 31;
}

static const char *explain_number(const struct time_format *t, const char *p, size_t len)
{
	int64_t value = 0, fraction;
	size_t i = 0, digits = (size_t)read_digits(p, len, &i, 19, &value);
	if (digits == 0 || !read_fraction(p, len, &i, &fraction) || i != len)
		return NULL;
	if (digits == 8 && looks_like_day(value))
		return "this looks like a date without separators; set timestamps = %Y%m%d";
	if (digits == 5 && value >= 20000)
		return "this looks like a spreadsheet's number of days; export the column as a "
		       "date or as text";
	if (digits == 12 && looks_like_day(value / 10000))
		return "this looks like a date and a clock without separators; set timestamps = "
		       "%Y%m%d%H%M";
	if (digits == 14 && looks_like_day(value / 1000000))
		return "this looks like a date and a clock without separators; set timestamps = "
		       "%Y%m%d%H%M%S";
	if (t->mode != TIME_MS)
		return NULL;
	if (digits == 9 || digits == 10 || digits == 11)
		return "this looks like seconds where milliseconds are expected; set timestamps = "
		       "auto to take both";
	if (digits == 16 || digits == 19)
		return "this looks like microseconds or nanoseconds where milliseconds are "
		       "expected; set timestamps = "
		       "auto";
	return NULL;
}

static const char *explain_fault(const struct time_format *t)
{
	if (t->mode == TIME_MS)
		return "Unix milliseconds are expected, such as 1700000000000; for dates set "
		       "timestamps = auto or a "
		       "pattern";
	if (t->mode == TIME_AUTO)
		return "Unix seconds (10 digits), milliseconds (13), microseconds (16), "
		       "nanoseconds (19) or ISO 8601 "
		       "are "
		       "expected";
	return t->format_has_runs
		   ? "a time in the pattern of the setting `timestamps`, with all its zeros, "
		     "between "
		     "1970 and 2200, is expected"
		   : "a time in the pattern of the setting `timestamps`, between 1970 and 2200, is "
		     "expected";
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The value of eight digits, the first one in the lowest byte; false where one is not a digit. */
static inline bool eight_digits(uint64_t v, uint64_t *value)
{
	uint64_t over = v + EACH(6); /* past '9' the upper half changes */
	if ((v & EACH(0xf0)) != EACH(0x30) || (over & EACH(0xf0)) != EACH(0x30))
		return false;
	v -= EACH('0');
	v = v * 10 + (v >> 8); /* pairs, in every other byte */
	uint64_t even = v & UINT64_C(0x000000ff000000ff),
		 odd = v >> 16 & UINT64_C(0x000000ff000000ff);
	*value =
	    (even * (100 + (UINT64_C(1000000) << 32)) + odd * (1 + (UINT64_C(10000) << 32))) >> 32;
	return true;
}

/* Milliseconds as nearly all documents have them: 13 digits. They are read as two times eight, of
 * which three are in both. */
bool time_plain_ms(const struct time_format *t, const char *p, size_t len, int64_t *ms)
{
	uint64_t begin, end, high, low;
	if (t->mode != TIME_MS || len != TIME_PLAIN_MS || p[0] == '0')
		return false;
	memcpy(&begin, p, 8);
	memcpy(&end, p + 5, 8);
	end = (le64toh(end) & ~UINT64_C(0xffffff)) | (EACH('0') & UINT64_C(0xffffff));
	if (!eight_digits(le64toh(begin), &high) || !eight_digits(end, &low))
		return false;
	*ms = (int64_t)(high * 100000 + low);
	return *ms >= TIME_FIRST_MS && *ms < TIME_LAST_MS;
}

bool time_parse(const struct time_format *t, const char *p, size_t len, int64_t *ms,
		const char **code, const char **why)
{
	bool ok = false;
	if (time_plain_ms(t, p, len, ms))
		return true;
	*code = "bad-timestamp";
	switch (t->mode) {
	case TIME_MS:
		ok = parse_ms(p, len, ms, code);
		break;
	case TIME_AUTO:
		ok = parse_number(p, len, ms) || time_parse_iso(t, p, len, ms);
		break;
	case TIME_FORMAT:
		ok = time_parse_pattern(t, p, len, ms);
		break;
	}
	bool near = ok && *ms >= TIME_FIRST_MS && *ms < TIME_LAST_MS;
	*why = t->mode == TIME_FORMAT || (near && t->mode == TIME_AUTO) ? NULL
									: explain_number(t, p, len);
	if (near && *why == NULL)
		return true;

	if (*why != NULL)
		*code = "bad-timestamp"; /* digits enough to say what they are */
	else
		*why = ok ? "the time is not between 1970 and 2200" : explain_fault(t);
	return false;
}

bool time_in_range(const struct time_format *t, int64_t ms, const char **why)
{
	*why = "the time is outside of timestamp_range; correct it, or widen the range";
	return ms >= t->range.first && ms < t->range.last;
}
