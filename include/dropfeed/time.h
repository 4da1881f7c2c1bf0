/* SPDX-License-Identifier: MIT */
/*
 * time.h - points in time: the feed's `timestamps`, `timezone` and `timestamp_range`
 *
 *	time_open(&t, "auto", "Europe/Berlin", &err);
 *	time_range_parse("1995-01-01 .. +1d", begun_ms, &t.range, &err);
 *	ok = time_parse(&t, cell, len, &ms, &code, &why);		per cell
 *	time_close(&t);
 *
 * Zones are read from the system's tz database here, not through TZ and tzset: those are global to
 * the process, and several files are worked on at a time.
 */
#ifndef DROPFEED_TIME_H
#define DROPFEED_TIME_H

#include "dropfeed/base.h"

struct time_zone; /* a time zone's transitions; NULL is UTC */

enum time_mode { TIME_MS, TIME_AUTO, TIME_FORMAT };

struct time_range { /* Unix milliseconds; last is not included */
	int64_t first, last;
};

#define TIME_RANGE_DEFAULT "1995-01-01 .. +1d"

struct time_format {
	enum time_mode mode;
	struct time_range range; /* time_open: 1970 to 2200 */
	const char *format;      /* borrowed */
	bool format_has_zone;    /* it has a %z */
	bool format_has_runs;    /* it has digits that nothing separates, as %Y%m%d */
	struct time_zone *zone;  /* own */
};

/* DF_USAGE when the zone is not known. */
enum df_status time_open(struct time_format *t, const char *timestamps, const char *zone,
			 struct df_err *err) DF_CHECK;
void time_close(struct time_format *t);

/* Two ends and `..` between them: each a date, a time of ISO 8601 (UTC, unless it says
 * otherwise), or a span before or after begun_ms such as -30d, +12h; one that is left out is
 * 1970 or 2200. A date at the end is that whole day. DF_USAGE: it is not. */
enum df_status time_range_parse(const char *text, int64_t begun_ms, struct time_range *out,
				struct df_err *err) DF_CHECK;

/* A number and a unit: 90s, 15m, 36h, 400d, 2w; at most a thousand years. */
bool time_span_parse(const char *p, size_t len, int64_t *ms);
/* A date or a time of ISO 8601, in UTC unless it says otherwise: Unix milliseconds. */
bool time_moment_parse(const char *p, size_t len, int64_t *ms);

/* Whether strptime makes a day of this pattern and overlooks nothing in it. DF_USAGE: err names
 * the conversion. */
enum df_status time_pattern_check(const char *pattern, struct df_err *err) DF_CHECK;

/* Unix milliseconds of 1970 to 2200. On false *code is the fault's code and *why what was
 * expected. */
bool time_parse(const struct time_format *t, const char *p, size_t len, int64_t *ms,
		const char **code, const char **why);

/* The same for milliseconds as most documents have them, where those are wanted: so many digits.
 * False: it is not that. */
#define TIME_PLAIN_MS 13
bool time_plain_ms(const struct time_format *t, const char *p, size_t len, int64_t *ms);

/* Whether an event's time is within the range; *why says what is wrong with it. */
bool time_in_range(const struct time_format *t, int64_t ms, const char **why);

enum df_status time_zone_open(const char *name, struct time_zone **out,
			      struct df_err *err) DF_CHECK;
void time_zone_free(struct time_zone *zone);
/* A local time (seconds since 1970 as if it were UTC) as an instant: the earlier one where the
 * hour comes twice; where the clock leaps over it, as far after the leap as it would have been
 * without. */
int64_t time_zone_to_utc(const struct time_zone *zone, int64_t local);

/* Days from 1970-01-01 in the proleptic Gregorian calendar; month 1..12. */
int64_t time_days(int64_t year, int month, int day);

#endif
