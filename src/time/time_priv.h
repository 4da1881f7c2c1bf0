/* SPDX-License-Identifier: MIT */
/* time_priv.h - between the files of the room: the one reader of ISO 8601, and of patterns */
#ifndef TIME_PRIV_H
#define TIME_PRIV_H

#include "dropfeed/time.h"

#define TIME_FIRST_MS INT64_C(0)             /* 1970-01-01 */
#define TIME_LAST_MS  INT64_C(7258118400000) /* 2200-01-01, not included */

/* Both without a look at the range. */
bool time_parse_iso(const struct time_format *t, const char *p, size_t len, int64_t *ms);
bool time_parse_pattern(const struct time_format *t, const char *p, size_t len, int64_t *ms);

/* Seconds since 1970 of a day and a clock; false: there is no such day. */
bool time_civil(const int64_t fields[6], int64_t *seconds);

bool time_pattern_has_zone(const char *pattern);
bool time_pattern_has_runs(const char *pattern); /* conversions of digits that nothing separates */

#endif
