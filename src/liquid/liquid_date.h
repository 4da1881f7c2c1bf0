/* SPDX-License-Identifier: MIT */
/*
 * liquid_date.h - the date filter in three steps
 *
 *	text --liquid_date_read--> parts --liquid_date_moment--> moment --liquid_date--> text
 *
 * Liquid's `date` reads a text with Ruby's Time.parse, which looks for dates and clocks anywhere
 * in it. Ruby fills a missing year from the clock of the machine; here such a text is not a date.
 */
#ifndef LIQUID_DATE_H
#define LIQUID_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define LIQUID_DATE_MAX 128 /* bytes of a text; a longer one is not a date, as in Ruby */

struct liquid_date_parts { /* a number of -1: not said */
	bool has_year;
	int64_t year;
	int64_t month, day, year_day, hour, minute, second;
	long nanoseconds;
	char zone[LIQUID_DATE_MAX + 1]; /* upper case; "": none */
};

/* Returns the steps that it took. */
size_t liquid_date_read(const char *p, size_t len, struct liquid_date_parts *out);

struct liquid_moment {
	struct tm tm; /* as a clock on the wall shows it */
	long nanoseconds;
	long offset; /* of that clock from UTC, in seconds */
};

/* False: the parts are not a date, or not a whole one. */
bool liquid_date_moment(const struct liquid_date_parts *parts, struct liquid_moment *out);

#endif
