/* SPDX-License-Identifier: MIT */
/*
 * Patterns of strptime. The C library reads more than it uses: weeks, a weekday, an hour of 12
 * without its half and whatever is given twice leave the time as it was, and the row is
 * delivered with another one. Such patterns are refused.
 */
#include "time_priv.h"

#include <stdlib.h>
#include <time.h>

#define MAX_CELL    128
#define MAX_PATTERN 256
#define ZONE_MOST   (18 * 3600 + 59 * 60) /* as in ISO 8601: seconds from UTC */

enum given { /* by a conversion */
	     YEAR = 1,
	     MONTH = 2,
	     DAY = 4,
	     YEAR_DAY = 8,
	     HOUR = 16,
	     HALF_HOUR = 32, /* of a clock of 12 hours */
	     HALF = 64,      /* am, pm */
	     MINUTE = 128,
	     SECOND = 256,
	     WEEKDAY = 512,
	     ZONE = 1024,
};

static const struct conversion {
	char letter;
	unsigned gives;
} conversions[] = {
    {'%', 0},
    {'n', 0},
    {'t', 0},
    {'a', WEEKDAY},
    {'A', WEEKDAY},
    {'b', MONTH},
    {'B', MONTH},
    {'h', MONTH},
    {'m', MONTH},
    {'d', DAY},
    {'e', DAY},
    {'j', YEAR_DAY},
    {'y', YEAR},
    {'Y', YEAR},
    {'H', HOUR},
    {'k', HOUR},
    {'I', HALF_HOUR},
    {'l', HALF_HOUR},
    {'p', HALF},
    {'M', MINUTE},
    {'S', SECOND},
    {'z', ZONE},
    {'D', MONTH | DAY | YEAR},
    {'x', MONTH | DAY | YEAR},
    {'F', YEAR | MONTH | DAY},
    {'R', HOUR | MINUTE},
    {'T', HOUR | MINUTE | SECOND},
    {'X', HOUR | MINUTE | SECOND},
    {'r', HALF_HOUR | MINUTE | SECOND | HALF},
    {'c', WEEKDAY | MONTH | DAY | HOUR | MINUTE | SECOND | YEAR},
};

static const char *const names[] = {"the year",   "the month",   "the day",  "the day of the year",
				    "the hour",   "the hour",    "am or pm", "the minute",
				    "the second", "the weekday", "the zone"};

static const char *hint_of(char c)
{
	switch (c) {
	case 'Z':
		return "the name of a zone is not understood; write it as it is (UTC), use %z for "
		       "+01:00, or set "
		       "timezone";
	case 's':
		return "use auto for Unix seconds";
	case 'f':
	case 'L':
	case 'N':
		return "fractions of seconds are taken by auto, in ISO 8601";
	case 'U':
	case 'V':
	case 'W':
	case 'g':
	case 'G':
		return "weeks are read but have no effect on the time; write the month and the "
		       "day, or %j";
	case 'u':
	case 'w':
		return "a weekday's number is read but has no effect on the time; write the month "
		       "and the day";
	case 'C':
		return "a century alone is not a year; use %Y, or %y with two digits";
	default:
		return "see strptime(3)";
	}
}

/* The next conversion from *p on; false at the pattern's end. *from is where its % is, *p where
 * it ends. */
static bool next_conversion(const char **p, const char **from, char *letter)
{
	*from = strchr(*p, '%');
	if (*from == NULL)
		return false;
	const char *at = *from + 1;
	at += strspn(at, "-_0^#");
	at += *at == 'E' || *at == 'O';
	*letter = *at;
	*p = at + (*at != '\0');
	return true;
}

bool time_pattern_has_zone(const char *pattern)
{
	const char *from;
	char letter;
	while (next_conversion(&pattern, &from, &letter))
		if (letter == 'z')
			return true;
	return false;
}

static const struct conversion *conversion_find(char letter)
{
	for (size_t i = 0; letter != '\0' && i < sizeof(conversions) / sizeof(conversions[0]); i++)
		if (conversions[i].letter == letter)
			return &conversions[i];
	return NULL;
}

/* A clock of 24 hours and one of 12 give the same; a day of the year gives month and day. */
static unsigned meant(unsigned gives)
{
	if (gives & HALF_HOUR)
		gives |= HOUR;
	if (gives & YEAR_DAY)
		gives |= MONTH | DAY;
	return gives;
}

static const char *given_name(unsigned given)
{
	size_t i = 0;
	while ((given & 1) == 0) {
		given >>= 1;
		i++;
	}
	return names[i];
}

/* What is given needs something else to have an effect. */
static enum df_status check_whole(unsigned given, const char *pattern, struct df_err *err)
{
	static const struct {
		unsigned given, needs;
		const char *what;
	} rules[] = {
	    {0, YEAR, "a year (%Y or %y)"},
	    {DAY, MONTH, "a month (%m or %b)"},
	    {WEEKDAY, DAY, "a day (%d), without which a weekday has no effect"},
	    {HALF_HOUR, HALF,
	     "am or pm (%p), without which %I reads 12:30 as 00:30; a clock of 24 hours is %H"},
	    {HALF, HALF_HOUR, "an hour of 12 (%I), without which %p has no effect"},
	    {MINUTE, HOUR, "an hour (%H)"},
	    {SECOND, MINUTE, "a minute (%M)"},
	};
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if ((given & rules[i].given) == rules[i].given && (given & rules[i].needs) == 0)
			return df_fail(DF_USAGE, err, NULL, "the pattern '%s' lacks %s", pattern,
				       rules[i].what);
	if ((given & (WEEKDAY | YEAR_DAY)) == (WEEKDAY | YEAR_DAY)) /* so says glibc */
		return df_fail(DF_USAGE, err, NULL,
			       "the pattern '%s' has a weekday, beside which %%j has no effect; "
			       "write the weekday as text",
			       pattern);
	return DF_OK;
}

enum df_status time_pattern_check(const char *pattern, struct df_err *err)
{
	const char *p = pattern, *from;
	unsigned given = 0;
	char letter;
	while (next_conversion(&p, &from, &letter)) {
		const struct conversion *c = conversion_find(letter);
		if (c == NULL)
			return df_fail(DF_USAGE, err, NULL,
				       "'%.*s' cannot be used in a pattern: %s", (int)(p - from),
				       from, hint_of(letter));
		unsigned twice = given & meant(c->gives);
		if (twice != 0)
			return df_fail(DF_USAGE, err, NULL,
				       "'%.*s' in the pattern '%s' gives %s once more, and only "
				       "one of the two counts; remove one",
				       (int)(p - from), from, pattern, given_name(twice));
		given |= meant(c->gives);
	}
	return check_whole(given, pattern, err);
}

/* Digits that the text of a conversion begins with when all are there; 0: it begins with none. */
static size_t width_of(char letter)
{
	return letter == 'Y' || letter == 'F'               ? 4
	       : letter == 'j'                              ? 3
	       : strchr("ymdeHkIlMSDxRTXr", letter) != NULL ? 2
							    : 0;
}

/* How many digits the conversions from here on have that nothing separates; *p is moved past
 * them. 0: it is one conversion alone, in which a zero in front may be left out. */
static size_t run_width(const char **p)
{
	size_t width = 0, parts = 0;
	const char *next = *p, *from;
	char letter = '\0';
	while (*next == '%' && next_conversion(&next, &from, &letter) && width_of(letter) > 0) {
		width += width_of(letter);
		parts++;
		*p = next;
		if (strchr("FDxRTXr", letter) != NULL) /* the rest has separators */
			break;
	}
	if (parts == 0)
		*p += **p == '%' ? 2 : 1;
	return parts > 1 ? width : 0;
}

bool time_pattern_has_runs(const char *pattern)
{
	while (*pattern != '\0')
		if (run_width(&pattern) > 0)
			return true;
	return false;
}

/* Where a program has left out zeros in front (of 01122026, a number), nothing says where a day
 * ends and a month begins: the C library takes what it can get, which is another time. */
static bool runs_are_whole(const char *format, const char *text)
{
	char before[MAX_PATTERN];
	for (const char *p = format, *from = p; *p != '\0'; from = p) {
		size_t width = run_width(&p), len = (size_t)(from - format);
		struct tm ignored = {.tm_mday = 1};
		if (width == 0)
			continue;
		if (len >= sizeof(before))
			return false;
		memcpy(before, format, len);
		before[len] = '\0';
		const char *at = strptime(text, before, &ignored);
		if (at == NULL || strspn(at, "0123456789") < width)
			return false;
	}
	return true;
}

/* Blanks that do not break, as JavaScript, Java and macOS have them before AM and PM, in place of
 * those of the pattern. False: there are none. */
static bool replace_blanks(char *text)
{
	static const char *const blanks[] = {"\xc2\xa0", "\xe2\x80\xaf"};
	bool found = false;
	for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++)
		for (char *at; (at = strstr(text, blanks[i])) != NULL; found = true) {
			const char *rest = at + strlen(blanks[i]);
			*at = ' ';
			memmove(at + 1, rest, strlen(rest) + 1);
		}
	return found;
}

static bool fits_pattern(const struct time_format *t, char *text, struct tm *tm)
{
	const char *end = strptime(text, t->format, tm);
	if ((end == NULL || *end != '\0') && replace_blanks(text)) {
		*tm = (struct tm){.tm_mday = 1};
		end = strptime(text, t->format, tm);
	}
	return end != NULL && *end == '\0';
}

bool time_parse_pattern(const struct time_format *t, const char *p, size_t len, int64_t *ms)
{
	char text[MAX_CELL];
	struct tm tm = {.tm_mday = 1};
	int64_t seconds;
	if (len >= sizeof(text) || memchr(p, '\0', len) != NULL)
		return false;
	memcpy(text, p, len);
	text[len] = '\0';
	if (!fits_pattern(t, text, &tm) || labs(tm.tm_gmtoff) > ZONE_MOST)
		return false;
	if (t->format_has_runs && !runs_are_whole(t->format, text))
		return false;

	const int64_t fields[6] = {tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
				   tm.tm_hour,        tm.tm_min,     tm.tm_sec};
	if (!time_civil(fields, &seconds))
		return false;
	*ms = (t->format_has_zone ? seconds - tm.tm_gmtoff : time_zone_to_utc(t->zone, seconds)) *
	      1000;
	return true;
}
