/* SPDX-License-Identifier: MIT */
/* The parts of a date become a moment, as Ruby's Time.parse makes one of them: what is missing
 * after the year is the first of its kind, and February 30 is March 1 or 2. */
#include "liquid_date.h"

#include "dropfeed/base.h"

#include <ctype.h>
#include <string.h>

#define DAY      INT64_C(86400)
#define FAR_YEAR 999999999 /* what a struct tm holds */

struct civil {
	int64_t year, month, day, hour, minute, second;
};

/* 0: there is no such month. Month 0 has the days of December: an offset may carry a day over. */
static int64_t month_days(int64_t year, int64_t month)
{
	static const int days[] = {31, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	if (month < 0 || month > 12)
		return 0;
	return days[month] + (month == 2 && df_is_leap_year(year));
}

/* ---- zones ---- */

static int two_digits(const char *p)
{
	return isdigit((unsigned char)p[0]) && isdigit((unsigned char)p[1])
		   ? (p[0] - '0') * 10 + (p[1] - '0')
		   : -1;
}

/* +hh, +hhmm, +hh:mm, and both with seconds. */
static bool numeric_zone(const char *zone, int64_t *east)
{
	int h = two_digits(zone + 1), m = 0, s = 0;
	if (h < 0)
		return false;

	const char *p = zone + 3;
	if (*p != '\0') {
		bool colon = *p == ':';
		m = two_digits(p += colon);
		if (m < 0)
			return false;
		p += 2;
		if (*p != '\0') {
			if (colon != (*p == ':'))
				return false;
			s = two_digits(p += colon);
			if (s < 0 || p[2] != '\0')
				return false;
		}
	}
	*east = (*zone == '-' ? -1 : 1) * (h * INT64_C(3600) + m * 60 + s);
	return true;
}

/* The names of RFC 822. Others say nothing: they mean different zones in different countries. */
static bool named_zone(const char *zone, int64_t *east)
{
	static const struct {
		const char *name;
		int hours;
	} names[] = {{"UTC", 0},  {"UT", 0},   {"GMT", 0},  {"EST", -5}, {"EDT", -4}, {"CST", -6},
		     {"CDT", -5}, {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7}};
	static const char letters[] = "YXWVUTSRQPONZABCDEFGHIKLM"; /* -12 to +12; there is no J */
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].name, zone) != 0)
			continue;
		*east = names[i].hours * INT64_C(3600);
		return true;
	}
	const char *letter = zone[0] != '\0' && zone[1] == '\0' ? strchr(letters, zone[0]) : NULL;
	if (letter == NULL)
		return false;
	*east = (letter - letters - 12) * INT64_C(3600);
	return true;
}

static bool zone_east(const char *zone, int64_t *east)
{
	if (zone[0] == '+' || zone[0] == '-')
		return numeric_zone(zone, east);
	return zone[0] != '\0' && named_zone(zone, east);
}

/* To UTC: fields that need no change are left as they are, wrong or not. */
static void subtract(struct civil *c, int64_t east)
{
	bool west = east < 0;
	int64_t rest = west ? -east : east, sign = west ? -1 : 1, part;
	int64_t *const fields[] = {&c->second, &c->minute, &c->hour};
	static const int sizes[] = {60, 60, 24};
	for (size_t i = 0; i < 3; i++) {
		part = rest % sizes[i];
		rest /= sizes[i];
		if (part == 0)
			continue;
		int64_t v = *fields[i] - sign * part;
		int64_t down = v < 0 ? (v - sizes[i] + 1) / sizes[i] : v / sizes[i];
		*fields[i] = v - down * sizes[i];
		rest += west ? down : -down;
	}
	if (rest == 0)
		return;

	c->day -= sign * rest;
	int64_t days = month_days(c->year, c->month);
	if (west && days > 0 && c->day > days) {
		c->day = 1;
		if (++c->month > 12) {
			c->month = 1;
			c->year++;
		}
	} else if (!west && c->day < 1) {
		if (--c->month < 1) {
			c->month = 12;
			c->year--;
		}
		c->day = month_days(c->year, c->month);
	}
}

static bool to_seconds(const struct civil *given, int64_t *out)
{
	struct civil c = *given;
	bool last = c.hour == 24;
	if (c.month < 1 || c.month > 12 || c.day < 1 || c.day > 31 || c.hour > 24 ||
	    c.minute > (last ? 0 : 59) || c.second > (last ? 0 : 60) || c.year < -FAR_YEAR ||
	    c.year > FAR_YEAR)
		return false;

	int64_t days = month_days(c.year, c.month);
	if (c.day > days) {
		c.day -= days;
		c.month++;
	}
	struct tm tm = {.tm_year = (int)c.year - 1900,
			.tm_mon = (int)c.month - 1,
			.tm_mday = (int)c.day,
			.tm_hour = (int)c.hour,
			.tm_min = (int)c.minute,
			.tm_sec = (int)c.second};
	*out = timegm(&tm);
	return true;
}

static int64_t or_else(int64_t value, int64_t other)
{
	return value >= 0 ? value : other;
}

static bool moment_finish(const struct liquid_date_parts *parts, struct civil c,
			  struct liquid_moment *out)
{
	int64_t east = 0, seconds = 0;
	if (zone_east(parts->zone, &east))
		subtract(&c, east);
	if (east <= -DAY || east >= DAY || !to_seconds(&c, &seconds))
		return false;
	time_t wall = (time_t)(seconds + east);
	out->nanoseconds = parts->nanoseconds;
	out->offset = (long)east;
	return gmtime_r(&wall, &out->tm) != NULL;
}

/* A day of the year: guessed by months of 31 days, and set right by how far off that is. */
static bool from_year_day(const struct liquid_date_parts *parts, struct civil c,
			  struct liquid_moment *out)
{
	int64_t n = parts->year_day;
	if (n < 1 || n > 366)
		return false;
	c.month = (n - 1) / 31 + 1;
	c.day = (n - 1) % 31 + 1;
	if (!moment_finish(parts, c, out))
		return false;
	int64_t off = n - (out->tm.tm_yday + 1);
	if (off == 0)
		return true;

	c.day += off;
	int64_t days = month_days(c.year, c.month);
	if (c.day > 28 && c.day > days) {
		if (++c.month > 12)
			return false;
		c.day -= days;
	}
	return moment_finish(parts, c, out);
}

bool liquid_date_moment(const struct liquid_date_parts *parts, struct liquid_moment *out)
{
	const struct civil c = {.year = parts->year,
				.month = or_else(parts->month, 1),
				.day = or_else(parts->day, 1),
				.hour = or_else(parts->hour, 0),
				.minute = or_else(parts->minute, 0),
				.second = or_else(parts->second, 0)};
	memset(out, 0, sizeof(*out));
	if (!parts->has_year) /* it would depend on today */
		return false;
	return parts->year_day >= 0 ? from_year_day(parts, c, out) : moment_finish(parts, c, out);
}
