/* SPDX-License-Identifier: MIT */
/*
 * liquid_date_forms.h - the forms of a day and of a clock that are looked for in a text, as shapes
 *
 * For liquid_date_read.c alone. The text is in lower case, and its only blanks are single spaces.
 */
#ifndef LIQUID_DATE_FORMS_H
#define LIQUID_DATE_FORMS_H

#include "liquid_shape.h"

/* ---- characters ---- */

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool no_digit(char c)
{
	return !digit(c);
}

static bool later_byte(char c) /* of a character of several bytes */
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static bool blank(char c)
{
	return c == ' ';
}

static bool no_blank(char c)
{
	return c != ' ';
}

static bool letter(char c)
{
	return (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
}

static bool zone_letter(char c)
{
	return letter(c) || c == '.' || c == ' ';
}

static bool sign(char c)
{
	return c == '+' || c == '-';
}

static bool no_bracket(char c)
{
	return c != ']';
}

static bool beside_weekday(char c)
{
	return c != '-' && c != '/' && !digit(c) && c != ' ';
}

static bool beside_day(char c)
{
	return c != '-' && !digit(c) && c != ' ';
}

static bool beside_month(char c)
{
	return beside_day(c) && c != '\'';
}

static bool between_dashes(char c)
{
	return c != '-' && c != '/' && c != '.';
}

/* clang-format off */

/* ---- parts of forms ---- */

#define DIGITS       RUN(digit, 1, SHAPE_MANY)
#define PLACES(n)    RUN(digit, n, n)
#define BLANKS       RUN(blank, 0, SHAPE_MANY)
#define ANY(is)      RUN(is, 0, SHAPE_MANY)
#define SEQ(name)    static const struct shape name[]
#define OPTIONAL(of) WAYS(of, nothing)

SEQ(nothing) = {DONE};

#define MONTH \
	ONE_OF("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
#define WEEKDAY ONE_OF("sun", "mon", "tue", "wed", "thu", "fri", "sat")
#define ORDINAL ONE_OF("st", "nd", "rd", "th")
SEQ(era_of_year) = {FROM(2),
	ONE_OF("ce", "c.e.", "bce", "b.c.e.", "ad", "a.d.", "bc", "b.c."), TO(2), DONE};

#define SIGNED  ONE_OF("'", ""), ONE_OF("-", ""), DIGITS
#define COUNTED ONE_OF("'", ""), DIGITS

/* ---- forms ---- */

SEQ(weekday) = {EDGE, WEEKDAY, ANY(beside_weekday), DONE};

/* am, p.m. */
SEQ(half_m) = {ONE_OF("m"), EDGE, DONE};
SEQ(half_dots) = {ONE_OF(".m."), DONE};
#define HALF ONE_OF("a", "p"), WAYS(half_m, half_dots)
SEQ(half_after) = {BLANKS, HALF, DONE};

SEQ(fraction) = {ONE_OF(".", ","), ANY(digit), DONE};
SEQ(clock_seconds) = {BLANKS, ONE_OF(":"), BLANKS, DIGITS, OPTIONAL(fraction), DONE};
SEQ(clock_colons) = {DIGITS, BLANKS, ONE_OF(":"), BLANKS, DIGITS, OPTIONAL(clock_seconds), DONE};
SEQ(clock_h_seconds) = {BLANKS, DIGITS, ONE_OF("s", ""), DONE};
SEQ(clock_h_minutes) = {BLANKS, DIGITS, ONE_OF("m", ""), OPTIONAL(clock_h_seconds), DONE};
SEQ(clock_h) = {DIGITS, BLANKS, ONE_OF("h"), OPTIONAL(clock_h_minutes), DONE};
SEQ(clock_halved) = {WAYS(clock_colons, clock_h), OPTIONAL(half_after), DONE};
SEQ(clock_half) = {DIGITS, BLANKS, HALF, DONE};

SEQ(offset_seconds) = {ONE_OF(":"), DIGITS, DONE};
SEQ(offset_minutes) = {ONE_OF(".", ",", ":"), DIGITS, OPTIONAL(offset_seconds), DONE};
SEQ(zone_offset) = {ONE_OF("gmt", "utc", "ut", ""), ONE_OF("+", "-"), DIGITS,
	OPTIONAL(offset_minutes), DONE};
SEQ(zone_words) = {RUN(zone_letter, 1, SHAPE_MANY), ONE_OF("standard", "daylight"),
	ONE_OF(" time"), EDGE, DONE};
SEQ(zone_name) = {RUN(letter, 1, SHAPE_MANY), ONE_OF(" dst", ""), EDGE, DONE};
SEQ(zone_after) = {BLANKS, FROM(1), WAYS(zone_offset, zone_words, zone_name), TO(1), DONE};
SEQ(any_clock) = {FROM(0), WAYS(clock_halved, clock_half), TO(0), OPTIONAL(zone_after), DONE};

/* What a clock is made of: hour, minute, second, fraction, half. */
SEQ(part_fraction) = {ONE_OF(".", ","), FROM(3), DIGITS, TO(3), DONE};
SEQ(part_second) = {BLANKS, ONE_OF(":", ""), BLANKS, FROM(2), DIGITS, TO(2),
	OPTIONAL(part_fraction), ONE_OF("s", ""), DONE};
SEQ(part_minute) = {BLANKS, ONE_OF(":", ""), BLANKS, FROM(1), DIGITS, TO(1), ONE_OF("m", ""),
	OPTIONAL(part_second), DONE};
SEQ(part_half) = {BLANKS, FROM(4), ONE_OF("a", "p"), TO(4), WAYS(half_m, half_dots), DONE};
SEQ(clock_parts) = {START, FROM(0), DIGITS, TO(0), ONE_OF("h", ""), OPTIONAL(part_minute),
	OPTIONAL(part_half), DONE};

/* 14 March 2016, 14th mar '16: day, month, era, year */
SEQ(year_ordinal) = {ORDINAL, EDGE, DONE};
SEQ(dmy_year) = {BLANKS, OPTIONAL(era_of_year), BLANKS, FROM(3), SIGNED, OPTIONAL(year_ordinal),
	TO(3), DONE};
SEQ(day_month) = {FROM(0), COUNTED, TO(0), ANY(beside_day), BLANKS, FROM(1), MONTH, TO(1),
	ANY(beside_month), OPTIONAL(dmy_year), DONE};

/* March 14, 2016: month, day, era, year */
SEQ(mdy_year) = {BLANKS, ONE_OF(",", ""), BLANKS, OPTIONAL(era_of_year), BLANKS, FROM(3), SIGNED,
	TO(3), DONE};
SEQ(month_day) = {EDGE, FROM(1), MONTH, TO(1), ANY(beside_month), BLANKS, FROM(0), COUNTED, TO(0),
	ANY(beside_month), OPTIONAL(mdy_year), DONE};

/* 2016-03-14 */
SEQ(dashes) = {FROM(0), ONE_OF("'", ""), ONE_OF("+", "-", ""), DIGITS, TO(0), ONE_OF("-"),
	FROM(1), DIGITS, TO(1), ONE_OF("-"), FROM(2), SIGNED, TO(2), DONE};

/* H28.03.14 */
SEQ(japanese) = {EDGE, FROM(0), ONE_OF("m", "t", "s", "h", "r"), TO(0), FROM(1), DIGITS, TO(1),
	ONE_OF("."), FROM(2), DIGITS, TO(2), ONE_OF("."), FROM(3), DIGITS, TO(3), DONE};

/* 14-Mar-16, Mar-14-2016 */
SEQ(day_dash_month) = {FROM(0), SIGNED, TO(0), ONE_OF("-"), FROM(1), MONTH, TO(1),
	ANY(between_dashes), ONE_OF("-"), FROM(3), SIGNED, TO(3), DONE};
SEQ(dash_year) = {ONE_OF("-"), FROM(3), SIGNED, TO(3), DONE};
SEQ(month_dash_day) = {EDGE, FROM(1), MONTH, TO(1), ANY(between_dashes), ONE_OF("-"), FROM(0),
	SIGNED, TO(0), OPTIONAL(dash_year), DONE};

/* 14/03/2016 */
SEQ(slash_third) = {RUN(no_digit, 1, 1), RUN(later_byte, 0, 3), BLANKS, FROM(2), SIGNED, TO(2),
	DONE};
SEQ(slashes) = {FROM(0), SIGNED, TO(0), ONE_OF("/"), BLANKS, FROM(1), COUNTED, TO(1),
	OPTIONAL(slash_third), DONE};

/* 14.03.2016 */
SEQ(points) = {FROM(0), SIGNED, TO(0), ONE_OF("."), BLANKS, FROM(1), COUNTED, TO(1), ONE_OF("."),
	BLANKS, FROM(2), SIGNED, TO(2), DONE};

/* weeks, and days of the year: 2016-W11-1, 2016-074 */
SEQ(two) = {PLACES(2), DONE};
SEQ(four) = {PLACES(4), DONE};
SEQ(week_year) = {FROM(0), WAYS(two, four), TO(0), DONE};
SEQ(week_day) = {ONE_OF("-", ""), PLACES(1), DONE};
SEQ(week) = {EDGE, OPTIONAL(week_year), ONE_OF("-", ""), ONE_OF("w"), PLACES(2),
	OPTIONAL(week_day), EDGE, DONE};
SEQ(week_only) = {ONE_OF("-w-"), PLACES(1), EDGE, DONE};
SEQ(short_month) = {FROM(0), PLACES(2), TO(0), DONE};
SEQ(no_year_dash) = {ONE_OF("--"), OPTIONAL(short_month), ONE_OF("-"), FROM(1), PLACES(2), TO(1),
	EDGE, DONE};
SEQ(short_day) = {FROM(1), PLACES(2), TO(1), DONE};
SEQ(no_year) = {ONE_OF("--"), FROM(0), PLACES(2), TO(0), OPTIONAL(short_day), EDGE, DONE};
SEQ(year_day_not) = {ONE_OF(".", ","), WAYS(two, four), ONE_OF("-"), PLACES(3), EDGE, DONE};
SEQ(year_day) = {EDGE, FROM(0), WAYS(two, four), TO(0), ONE_OF("-"), FROM(1), PLACES(3), TO(1),
	EDGE, DONE};
SEQ(only_year_day_not) = {PLACES(1), ONE_OF("-"), PLACES(3), EDGE, DONE};
SEQ(only_year_day) = {EDGE, ONE_OF("-"), FROM(1), PLACES(3), TO(1), EDGE, DONE};

SEQ(only_year) = {ONE_OF("'"), FROM(0), DIGITS, TO(0), EDGE, DONE};
SEQ(only_month) = {EDGE, FROM(0), MONTH, TO(0), ANY(no_blank), DONE};
SEQ(only_day) = {FROM(0), DIGITS, TO(0), ORDINAL, EDGE, DONE};

/* 20160314, 20160314T102030.5Z: sign, digits, more digits, fraction, zone */
SEQ(more_digits) = {FROM(2), RUN(digit, 2, 6), TO(2), DONE};
SEQ(more_fraction) = {ONE_OF(".", ","), FROM(3), ANY(digit), TO(3), DONE};
SEQ(more) = {BLANKS, ONE_OF("t", ""), BLANKS, OPTIONAL(more_digits), OPTIONAL(more_fraction), DONE};
SEQ(digits_z) = {ONE_OF("z"), EDGE, DONE};
SEQ(digits_offset) = {ONE_OF("+", "-"), RUN(digit, 1, 4), EDGE, DONE};
SEQ(digits_bracket) = {ONE_OF("["), ONE_OF("+", "-", ""), PLACES(1), ANY(no_bracket), ONE_OF("]"),
	DONE};
SEQ(digits_zone) = {BLANKS, FROM(4), WAYS(digits_z, digits_offset, digits_bracket), TO(4), DONE};
SEQ(digits) = {FROM(0), ONE_OF("+", "-", ""), TO(0), FROM(1), RUN(digit, 2, 14), TO(1),
	OPTIONAL(more), OPTIONAL(digits_zone), DONE};

SEQ(before_bc) = {ONE_OF("bc"), EDGE, DONE};
SEQ(before_bce) = {ONE_OF("bce"), EDGE, DONE};
SEQ(before_dots) = {ONE_OF("b.c.", "b.c.e."), DONE};
SEQ(before_christ) = {EDGE, WAYS(before_bc, before_bce, before_dots), DONE};
SEQ(number_left) = {START, BLANKS, FROM(0), RUN(digit, 1, 2), TO(0), BLANKS, STOP, DONE};

/* clang-format on */

#endif
