/* SPDX-License-Identifier: MIT */
/*
 * map_time.h - points in time: the feed's `timestamps` and `timezone`
 *
 * Zones are read from the system's tz database here, not through TZ and tzset: those are global to the process,
 * and several files are worked on at a time.
 */
#ifndef MAP_TIME_H
#define MAP_TIME_H

#include "dropfeed/base.h"

struct map_zone; /* a time zone's transitions; NULL is UTC */

enum map_time_mode { MAP_TIME_MS, MAP_TIME_AUTO, MAP_TIME_FORMAT };

struct map_time {
	enum map_time_mode mode;
	const char *format;    /* borrowed */
	bool format_has_zone;  /* it has a %z */
	struct map_zone *zone; /* own */
};

/* DF_USAGE when the zone is not known or the format cannot work. */
enum df_status map_time_open(struct map_time *t, const char *timestamps, const char *zone, struct df_err *err) DF_CHECK;
void map_time_close(struct map_time *t);

/* Unix milliseconds. On false *code is the fault's code and *why what was expected. */
bool map_time_parse(const struct map_time *t, const char *p, size_t len, int64_t *ms, const char **code,
		    const char **why);

enum df_status map_zone_open(const char *name, struct map_zone **out, struct df_err *err) DF_CHECK;
void map_zone_free(struct map_zone *zone);
/* A local time (seconds since 1970 as if it were UTC) as an instant: the earlier one where the hour comes twice; where
 * the clock leaps over it, as far after the leap as it would have been without. */
int64_t map_zone_to_utc(const struct map_zone *zone, int64_t local);

/* Days from 1970-01-01 in the proleptic Gregorian calendar; month 1..12. */
int64_t map_days(int64_t year, int month, int day);

#endif
