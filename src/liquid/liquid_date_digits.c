/* SPDX-License-Identifier: MIT */
/* Digits of a date become numbers; of a date without separators their count says what they are. */
#include "liquid_date_reader.h"

#include <ctype.h>
#include <string.h>

#define FAR INT64_C(1000000000000) /* numbers end here: no part of a date is so large */

int64_t liquid_date_number(struct shape_span s)
{
	int64_t n = 0;
	for (size_t i = 0; i < s.len && isdigit((unsigned char)s.p[i]); i++)
		if (n < FAR)
			n = n * 10 + (s.p[i] - '0');
	return n;
}

void liquid_date_set_fraction(struct liquid_date_parts *d, struct shape_span s)
{
	long unit = 100000000;
	d->nanoseconds = 0;
	for (size_t i = 0; i < s.len && unit > 0; i++, unit /= 10)
		d->nanoseconds += unit * (s.p[i] - '0');
}

void liquid_date_set_zone(struct liquid_date_parts *d, struct shape_span s)
{
	for (size_t i = 0; i < s.len; i++)
		d->zone[i] = (char)toupper((unsigned char)s.p[i]);
	d->zone[s.len] = '\0';
}

void liquid_date_set_year(struct liquid_date_parts *d, int64_t year)
{
	d->has_year = true;
	d->year = year;
}

/* The last digits of s, at most n of them; s gets shorter. */
static int64_t last_digits(struct shape_span *s, size_t n)
{
	n = n < s->len ? n : s->len;
	s->len -= n;
	return liquid_date_number((struct shape_span){s->p + s->len, n});
}

static int64_t first_digits(struct shape_span *s, size_t n)
{
	int64_t value = liquid_date_number((struct shape_span){s->p, n});
	s->p += n;
	s->len -= n;
	return value;
}

/* Digits that a fraction follows end in seconds: second, minute, hour and so on from the end. */
static void digits_from_end(struct liquid_date_reader *r, struct shape_span s, bool negative)
{
	struct liquid_date_parts *d = r->out;
	size_t len = s.len;
	if (len == 9 || len == 11 || len == 13)
		return;
	int64_t *const parts[] = {&d->second, &d->minute, &d->hour, &d->day, &d->month};
	for (size_t i = 0; i < 5 && s.len > 0; i++)
		*parts[i] = last_digits(&s, 2);
	if (s.len == 0)
		return;
	int64_t year = liquid_date_number(s);
	liquid_date_set_year(d, negative ? -year : year);
	r->two_digits = r->two_digits && len != 14;
}

static void digits_from_start(struct liquid_date_reader *r, struct shape_span s, bool negative)
{
	struct liquid_date_parts *d = r->out;
	size_t len = s.len;
	if (len == 9 || len == 11 || len == 13)
		return;
	if (len >= 5) {
		int64_t year = first_digits(&s, len == 5 || len == 6 ? 2 : 4);
		liquid_date_set_year(d, negative ? -year : year);
	}
	r->two_digits = r->two_digits && len < 8;
	if (s.len == 3) {
		d->year_day = liquid_date_number(s);
		return;
	}
	if (s.len >= 4)
		d->month = first_digits(&s, 2);
	int64_t *const parts[] = {&d->day, &d->hour, &d->minute, &d->second};
	for (size_t i = 0; i < 4 && s.len > 0; i++)
		*parts[i] = first_digits(&s, 2);
}

/* hhmmss, or with a fraction after it from its end. */
static void clock_digits(struct liquid_date_parts *d, struct shape_span s, bool from_end)
{
	int64_t *const parts[] = {&d->hour, &d->minute, &d->second};
	if (s.len % 2 != 0)
		return;
	for (size_t i = 0; i < 3 && s.len > 0; i++) {
		if (from_end)
			*parts[2 - i] = last_digits(&s, 2);
		else
			*parts[i] = first_digits(&s, 2);
	}
}

/* In brackets is an offset, a colon and perhaps a name. */
static struct shape_span zone_in_brackets(struct shape_span s)
{
	s.p++;
	s.len -= 2;
	const char *mark = memchr(s.p, ':', s.len);
	if (mark == NULL)
		return s;
	return (struct shape_span){mark + 1, s.len - (size_t)(mark + 1 - s.p)};
}

void liquid_date_digits(struct liquid_date_reader *r)
{
	bool negative = r->found[0].len > 0 && *r->found[0].p == '-';
	bool fraction_follows = r->found[3].p != NULL, more_follow = r->found[2].p != NULL;
	if (fraction_follows && !more_follow)
		digits_from_end(r, r->found[1], negative);
	else
		digits_from_start(r, r->found[1], negative);
	if (more_follow)
		clock_digits(r->out, r->found[2], fraction_follows);
	if (fraction_follows)
		liquid_date_set_fraction(r->out, r->found[3]);
	if (r->found[4].p != NULL)
		liquid_date_set_zone(r->out, *r->found[4].p == '[' ? zone_in_brackets(r->found[4])
								   : r->found[4]);
}
