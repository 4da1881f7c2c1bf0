/* SPDX-License-Identifier: MIT */
/* Time zones from the system's tz database: TZif files (RFC 8536), with the footer's rule for what
 * is after the table.
 */
#include "dropfeed/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ZONE_DIR "/usr/share/zoneinfo"
#define ZONE_MAX ((size_t)1 << 20)
#define DAY      86400

struct change {    /* when the clock is put on or back, as POSIX TZ writes it: Mm.w.d/time */
	char kind; /* M, J (1..365, no leap days) or 'n' (0..365) */
	int month, week, day;
	int64_t time;
};

struct time_zone {
	size_t n;
	int64_t *at;     /* own: transitions, ascending */
	int64_t *offset; /* own: n + 1 of them, the first one is before all transitions */
	bool has_rule, has_dst;
	int64_t std, dst; /* seconds east */
	struct change on, off;
};

static int64_t year_of(int64_t utc)
{
	int64_t year = 1970 + utc / 31556952;
	while (time_days(year, 1, 1) * DAY > utc)
		year--;
	while (time_days(year + 1, 1, 1) * DAY <= utc)
		year++;
	return year;
}

/* Local seconds since 1970 of a change in that year. */
static int64_t change_at(const struct change *c, int64_t year)
{
	int64_t first = time_days(year, 1, 1);
	if (c->kind == 'J')
		return (first + c->day - 1 + (df_is_leap_year(year) && c->day >= 60)) * DAY +
		       c->time;
	if (c->kind == 'n')
		return (first + c->day) * DAY + c->time;
	int64_t month = time_days(year, c->month, 1);
	int64_t next =
	    c->month == 12 ? time_days(year + 1, 1, 1) : time_days(year, c->month + 1, 1);
	int64_t day =
	    /* 1970-01-01 was a Thursday */
	    month + (c->day - (month + 4) % 7 + 7) % 7 + INT64_C(7) * (c->week - 1);
	while (day >= next)
		day -= 7;
	return day * DAY + c->time;
}

static int64_t rule_offset(const struct time_zone *zone, int64_t utc)
{
	if (!zone->has_dst)
		return zone->std;
	int64_t year = year_of(utc + zone->std);
	int64_t on = change_at(&zone->on, year) - zone->std,
		off = change_at(&zone->off, year) - zone->dst;
	bool summer = on < off ? utc >= on && utc < off : utc >= on || utc < off;
	return summer ? zone->dst : zone->std;
}

/* Seconds east of UTC at that instant. */
static int64_t zone_offset(const struct time_zone *zone, int64_t utc)
{
	if (zone->has_rule && (zone->n == 0 || utc >= zone->at[zone->n - 1]))
		return rule_offset(zone, utc);
	size_t low = 0, high = zone->n; /* the first transition after utc */
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (zone->at[mid] <= utc)
			low = mid + 1;
		else
			high = mid;
	}
	return zone->offset[low];
}

int64_t time_zone_to_utc(const struct time_zone *zone, int64_t local)
{
	if (zone == NULL)
		return local;
	int64_t before = zone_offset(zone, local - DAY), after = zone_offset(zone, local + DAY);
	int64_t a = local - before, b = local - after;
	bool a_holds = zone_offset(zone, a) == before, b_holds = zone_offset(zone, b) == after;
	if (a_holds && b_holds)
		return a < b ? a : b;
	/* neither: the clock leaps, and counting on from before leads to after the leap */
	return b_holds ? b : a;
}

/* ---- the footer ---- */

static bool footer_number(const char **p, int64_t *out)
{
	int64_t v = 0;
	const char *from = *p;
	for (; **p >= '0' && **p <= '9' && *p - from < 4; (*p)++)
		v = v * 10 + (**p - '0');
	*out = v;
	return *p > from;
}

/* [+-]hh[:mm[:ss]] */
static bool footer_time(const char **p, int64_t *out)
{
	int64_t sign = **p == '-' ? -1 : 1, part = 0, seconds = 0, unit = 3600;
	if (**p == '-' || **p == '+')
		(*p)++;
	do {
		if (!footer_number(p, &part))
			return false;
		seconds += part * unit;
		unit /= 60;
	} while (unit > 0 && **p == ':' && (*p)++ != NULL);
	*out = sign * seconds;
	return true;
}

static bool footer_name(const char **p)
{
	const char *from = *p;
	if (**p == '<') {
		while (**p != '\0' && **p != '>')
			(*p)++;
		return *(*p)++ == '>';
	}
	while ((**p >= 'A' && **p <= 'Z') || (**p >= 'a' && **p <= 'z'))
		(*p)++;
	return *p - from >= 3;
}

static bool footer_change(const char **p, struct change *c)
{
	int64_t v[3] = {0};
	c->kind = **p == 'M' || **p == 'J' ? *(*p)++ : 'n';
	c->time = 7200; /* two o'clock */
	for (int i = 0; i < (c->kind == 'M' ? 3 : 1); i++)
		if ((i > 0 && *(*p)++ != '.') || !footer_number(p, &v[i]))
			return false;
	if (c->kind == 'M') {
		c->month = (int)v[0];
		c->week = (int)v[1];
		c->day = (int)v[2];
		if (c->month < 1 || c->month > 12 || c->week < 1 || c->week > 5 || c->day > 6)
			return false;
	} else {
		c->day = (int)v[0];
	}
	if (**p != '/')
		return true;

	(*p)++;
	return footer_time(p, &c->time);
}

static bool footer_parse(const char *p, struct time_zone *zone)
{
	if (!footer_name(&p) || !footer_time(&p, &zone->std))
		return false;
	zone->std = -zone->std; /* POSIX counts to the west */
	zone->has_rule = true;
	if (*p == '\0')
		return true;
	if (!footer_name(&p))
		return false;
	zone->dst = zone->std + 3600;
	if (*p != ',') {
		if (!footer_time(&p, &zone->dst))
			return false;
		zone->dst = -zone->dst;
	}
	zone->has_dst = true;
	return *p++ == ',' && footer_change(&p, &zone->on) && *p++ == ',' &&
	       footer_change(&p, &zone->off) && *p == '\0';
}

/* ---- the table ---- */

static int64_t signed_big_endian(const char *p, size_t n)
{
	uint64_t v = (p[0] & 0x80) != 0 ? UINT64_MAX : 0;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | (unsigned char)p[i];
	return (int64_t)v;
}

#define HEADER 44

struct counts {
	size_t utc, std, leaps, times, types, chars;
};

static bool read_counts(const char *p, size_t left, struct counts *c)
{
	if (left < HEADER || memcmp(p, "TZif", 4) != 0)
		return false;
	size_t *v[] = {&c->utc, &c->std, &c->leaps, &c->times, &c->types, &c->chars};
	for (size_t i = 0; i < 6; i++) {
		int64_t n = signed_big_endian(p + 20 + 4 * i, 4);
		if (n < 0 || n > 100000)
			return false;
		*v[i] = (size_t)n;
	}
	return c->types > 0;
}

static size_t block_size(const struct counts *c, size_t time_size)
{
	return c->times * (time_size + 1) + c->types * 6 + c->chars + c->leaps * (time_size + 4) +
	       c->std + c->utc;
}

static bool zone_parse(char *p, size_t len, struct time_zone *zone)
{
	struct counts c = {0};
	if (!read_counts(p, len, &c) || p[4] < '2')
		return false;
	/* the 32-bit block: the one with 64 bits follows */
	size_t skip = HEADER + block_size(&c, 4);
	if (skip > len || !read_counts(p + skip, len - skip, &c) ||
	    block_size(&c, 8) + HEADER > len - skip)
		return false;

	const char *times = p + skip + HEADER, *index = times + c.times * 8,
		   *types = index + c.times;
	char *footer = p + skip + HEADER + block_size(&c, 8);
	zone->at = df_alloc((c.times + 1) * sizeof(*zone->at));
	zone->offset = df_alloc((c.times + 1) * sizeof(*zone->offset));
	zone->offset[0] = signed_big_endian(types, 4);
	zone->n = c.times;
	for (size_t i = 0; i < c.times; i++) {
		size_t type = (unsigned char)index[i];
		if (type >= c.types)
			return false;
		zone->at[i] = signed_big_endian(times + 8 * i, 8);
		zone->offset[i + 1] = signed_big_endian(types + 6 * type, 4);
	}
	if (*footer != '\n')
		return false;
	char *end = strchr(++footer, '\n');
	if (end == NULL)
		return false;
	*end = '\0';
	return *footer == '\0' || footer_parse(footer, zone);
}

static bool name_is_plain(const char *name)
{
	if (name[0] == '/' || name[0] == '.' || name[0] == '\0' || strstr(name, "..") != NULL)
		return false;
	return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
	       strlen(name);
}

static enum df_status zone_read(const char *name, struct time_zone *zone, struct df_err *err)
{
	struct df_err unread = {0};
	char *data = NULL, *path = df_format(ZONE_DIR "/%s", name);
	size_t len = 0;
	enum df_status st =
	    name_is_plain(name) ? df_read_file(path, ZONE_MAX, &data, &len, &unread) : DF_USAGE;
	bool good = st == DF_OK && zone_parse(data, len, zone);
	free(data);
	free(path);
	if (good)
		return DF_OK;
	if (st == DF_RETRY)
		return df_fail(st, err, NULL, "%s", unread.text);
	if (access(ZONE_DIR "/Etc/UTC", F_OK) != 0)
		return df_fail(DF_USAGE, err, NULL,
			       "this machine has no time zone data (" ZONE_DIR
			       " is missing or empty): install tzdata");

	return df_fail(DF_USAGE, err, NULL,
		       "'%s' is not a time zone in " ZONE_DIR
		       ": use an IANA name such as Europe/Berlin",
		       name);
}

enum df_status time_zone_open(const char *name, struct time_zone **out, struct df_err *err)
{
	*out = NULL;
	if (strcmp(name, "UTC") == 0 || strcmp(name, "Etc/UTC") == 0)
		return DF_OK;
	struct time_zone *zone = df_alloc(sizeof(*zone));
	enum df_status st = zone_read(name, zone, err);
	if (st != DF_OK) {
		time_zone_free(zone);
		return st;
	}
	*out = zone;
	return DF_OK;
}

void time_zone_free(struct time_zone *zone)
{
	if (zone == NULL)
		return;
	free(zone->at);
	free(zone->offset);
	free(zone);
}
