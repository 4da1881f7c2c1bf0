/* SPDX-License-Identifier: MIT */
/*
 * Looks for a day and a clock in a text. The forms are tried in a fixed order: weekday and clock
 * first, which are taken out of the text, then the first form of a day that is found anywhere in
 * what is left.
 *
 * The order and the forms are those of Ruby's Date._parse (the documentation of its class Date,
 * "parse"), as Liquid relies on them: tests/run-liquid-dates compares the two.
 */
#include "liquid_date.h"

#include "liquid_date_forms.h"

#include <ctype.h>
#include <string.h>

#define FAR INT64_C(1000000000000) /* numbers end here: no part of a date is so large */

/* ---- reading ---- */

struct reader {
	char buf[LIQUID_DATE_MAX + 1];
	struct shape_text text;               /* of buf */
	struct shape_span found[SHAPE_SLOTS]; /* in kept */
	/* the text before the last form was taken out of it */
	char kept[LIQUID_DATE_MAX + 1];
	struct liquid_date_parts *out;
	bool two_digits; /* a year of two digits is one near 2000 */
	bool before_christ;
};

static int64_t digits_value(struct shape_span s)
{
	int64_t n = 0;
	for (size_t i = 0; i < s.len && digit(s.p[i]); i++)
		if (n < FAR)
			n = n * 10 + (s.p[i] - '0');
	return n;
}

/* Looks for a form, and takes it out of the text: a blank is left in its place. */
static bool take_form(struct reader *r, const struct shape *form)
{
	struct shape_text *t = &r->text;
	if (!shape_find(t, form))
		return false;
	memcpy(r->kept, r->buf, sizeof(r->kept));
	for (size_t i = 0; i < SHAPE_SLOTS; i++) {
		struct shape_span *at = &t->at[i];
		r->found[i] =
		    (struct shape_span){at->p != NULL ? r->kept + (at->p - r->buf) : NULL, at->len};
	}

	size_t from = (size_t)(t->all.p - r->buf), to = from + t->all.len;
	if (from == to) /* nothing was there: a blank more, if there is room */
		return true;
	r->buf[from] = ' ';
	memmove(r->buf + from + 1, r->buf + to, t->len - to + 1);
	t->len -= to - from - 1;
	return true;
}

static void set_fraction(struct liquid_date_parts *d, struct shape_span s)
{
	long unit = 100000000;
	d->nanoseconds = 0;
	for (size_t i = 0; i < s.len && unit > 0; i++, unit /= 10)
		d->nanoseconds += unit * (s.p[i] - '0');
}

static void set_zone(struct liquid_date_parts *d, struct shape_span s)
{
	for (size_t i = 0; i < s.len; i++)
		d->zone[i] = (char)toupper((unsigned char)s.p[i]);
	d->zone[s.len] = '\0';
}

static void set_year(struct liquid_date_parts *d, int64_t year)
{
	d->has_year = true;
	d->year = year;
}

static void read_clock(struct reader *r)
{
	struct liquid_date_parts *d = r->out;
	if (!take_form(r, any_clock))
		return;
	if (r->found[1].p != NULL)
		set_zone(d, r->found[1]);

	struct shape_text parts = {.p = r->found[0].p, .len = r->found[0].len};
	if (!shape_find(&parts, clock_parts))
		return;
	d->hour = digits_value(parts.at[0]);
	if (parts.at[1].p != NULL)
		d->minute = digits_value(parts.at[1]);
	if (parts.at[2].p != NULL)
		d->second = digits_value(parts.at[2]);
	if (parts.at[3].p != NULL)
		set_fraction(d, parts.at[3]);
	if (parts.at[4].p != NULL)
		d->hour = d->hour % 12 + (*parts.at[4].p == 'p' ? 12 : 0);
}

static void swap(struct shape_span *a, struct shape_span *b)
{
	struct shape_span c = *a;
	*a = *b;
	*b = c;
}

/* From the first sign or digit on, a sign and digits. */
static struct shape_span signed_digits(struct shape_span s)
{
	while (s.len > 0 && !digit(*s.p) && !sign(*s.p)) {
		s.p++;
		s.len--;
	}
	size_t n = s.len > 0 && sign(*s.p);
	while (n < s.len && digit(s.p[n]))
		n++;
	return (struct shape_span){s.p, n};
}

static bool is_year(struct shape_span s)
{
	return s.p != NULL && (s.len > 2 || (s.len > 0 && *s.p == '\''));
}

/* Which of three numbers is the year, the month and the day: what has an apostrophe or more than
 * two digits is the year, whatever its place. */
static void sort_out(struct shape_span *y, struct shape_span *m, struct shape_span *d)
{
	const struct shape_span none = {0};
	if (y->p != NULL && m->p != NULL && d->p == NULL) {
		*d = *m;
		*m = *y;
		*y = none;
	}
	if (y->p == NULL && is_year(*d))
		swap(y, d);

	if (y->p != NULL) {
		struct shape_span n = signed_digits(*y);
		/* something follows, as in 14th: it is the day */
		if (n.len > 0 && n.p + n.len < y->p + y->len) {
			*y = *d;
			*d = n;
		}
	}
	if (is_year(*m)) {
		struct shape_span year = *m;
		*m = *d;
		*d = *y;
		*y = year;
	}
	if (is_year(*d))
		swap(y, d);
}

static struct shape_span only_digits(struct shape_span s)
{
	while (s.len > 0 && !digit(*s.p)) {
		s.p++;
		s.len--;
	}
	return s;
}

static void set_day(struct reader *r, struct shape_span y, struct shape_span m, struct shape_span d)
{
	sort_out(&y, &m, &d);
	struct shape_span year = y.p != NULL ? signed_digits(y) : y;
	struct shape_span month = m.p != NULL ? only_digits(m) : m,
			  day = d.p != NULL ? only_digits(d) : d;
	if (year.len > 0) {
		bool is_signed = sign(*year.p);
		struct shape_span n = {year.p + is_signed, year.len - is_signed};
		r->two_digits = r->two_digits && !is_signed && n.len <= 2;
		set_year(r->out, *year.p == '-' ? -digits_value(n) : digits_value(n));
	}
	if (month.len > 0)
		r->out->month = digits_value(month);
	if (day.len > 0)
		r->out->day = digits_value(day);
}

static int month_number(struct shape_span s)
{
	static const char *const names[] = {"jan", "feb", "mar", "apr", "may", "jun",
					    "jul", "aug", "sep", "oct", "nov", "dec"};
	for (int i = 0; i < 12; i++)
		if (memcmp(s.p, names[i], 3) == 0)
			return i + 1;
	return 0;
}

/* Slots: day 0, month's name 1, era 2, year 3. */
static void set_named(struct reader *r)
{
	static const char numbers[] = "01020304050607080910111213";
	int month = month_number(r->found[1]);
	const char *digits_of = numbers + (size_t)(month - 1) * 2;
	bool one = month < 10;
	if (r->found[2].p != NULL && *r->found[2].p == 'b')
		r->before_christ = true;
	set_day(r, r->found[3], (struct shape_span){digits_of + one, one ? 1 : 2}, r->found[0]);
}

static bool take_named(struct reader *r, const struct shape *form)
{
	if (!take_form(r, form))
		return false;
	set_named(r);
	return true;
}

static bool take_numbers(struct reader *r, const struct shape *form)
{
	if (!take_form(r, form))
		return false;
	set_day(r, r->found[0], r->found[1], r->found[2]);
	return true;
}

static bool take_japanese(struct reader *r)
{
	static const char eras[] = "mtshr";
	static const int begin[] = {1867, 1911, 1925, 1988, 2018};
	if (!take_form(r, japanese))
		return false;
	set_year(r->out, digits_value(r->found[1]) + begin[strchr(eras, *r->found[0].p) - eras]);
	r->out->month = digits_value(r->found[2]);
	r->out->day = digits_value(r->found[3]);
	return true;
}

/* Weeks are found, yet nothing comes of them: Time.parse does not look at them. */
static bool take_ordinal(struct reader *r)
{
	struct shape_text look = r->text;
	struct liquid_date_parts *d = r->out;
	if (take_form(r, week) || take_form(r, week_only))
		return true;
	if (take_form(r, no_year_dash) || take_form(r, no_year)) {
		if (r->found[0].p != NULL)
			d->month = digits_value(r->found[0]);
		if (r->found[1].p != NULL)
			d->day = digits_value(r->found[1]);
		return true;
	}
	if (!shape_find(&look, year_day_not) && take_form(r, year_day)) {
		set_year(d, digits_value(r->found[0]));
		d->year_day = digits_value(r->found[1]);
		return true;
	}
	if (shape_find(&look, only_year_day_not) || !take_form(r, only_year_day))
		return false;
	d->year_day = digits_value(r->found[1]);
	return true;
}

static bool take_only(struct reader *r)
{
	struct liquid_date_parts *d = r->out;
	if (take_form(r, only_year))
		set_year(d, digits_value(r->found[0]));
	else if (take_form(r, only_month))
		d->month = month_number(r->found[0]);
	else if (take_form(r, only_day))
		d->day = digits_value(r->found[0]);
	else
		return false;
	return true;
}

/* The last digits of s, at most n of them; s gets shorter. */
static int64_t last_digits(struct shape_span *s, size_t n)
{
	n = n < s->len ? n : s->len;
	s->len -= n;
	return digits_value((struct shape_span){s->p + s->len, n});
}

static int64_t first_digits(struct shape_span *s, size_t n)
{
	int64_t value = digits_value((struct shape_span){s->p, n});
	s->p += n;
	s->len -= n;
	return value;
}

/* Digits that a fraction follows end in seconds: second, minute, hour and so on from the end. */
static void digits_from_end(struct reader *r, struct shape_span s, bool negative)
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
	int64_t year = digits_value(s);
	set_year(d, negative ? -year : year);
	r->two_digits = r->two_digits && len != 14;
}

static void digits_from_start(struct reader *r, struct shape_span s, bool negative)
{
	struct liquid_date_parts *d = r->out;
	size_t len = s.len;
	if (len == 9 || len == 11 || len == 13)
		return;
	if (len >= 5) {
		int64_t year = first_digits(&s, len == 5 || len == 6 ? 2 : 4);
		set_year(d, negative ? -year : year);
	}
	r->two_digits = r->two_digits && len < 8;
	if (s.len == 3) {
		d->year_day = digits_value(s);
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

static bool take_digits(struct reader *r)
{
	if (!take_form(r, digits))
		return false;
	bool negative = r->found[0].len > 0 && *r->found[0].p == '-';
	bool fraction_follows = r->found[3].p != NULL, more_follow = r->found[2].p != NULL;
	if (fraction_follows && !more_follow)
		digits_from_end(r, r->found[1], negative);
	else
		digits_from_start(r, r->found[1], negative);
	if (more_follow)
		clock_digits(r->out, r->found[2], fraction_follows);
	if (fraction_follows)
		set_fraction(r->out, r->found[3]);
	if (r->found[4].p != NULL)
		set_zone(r->out,
			 *r->found[4].p == '[' ? zone_in_brackets(r->found[4]) : r->found[4]);
	return true;
}

static void take_day(struct reader *r)
{
	bool done = take_named(r, day_month) || take_named(r, month_day) ||
		    take_numbers(r, dashes) || take_japanese(r) || take_named(r, day_dash_month) ||
		    take_named(r, month_dash_day) || take_numbers(r, slashes) ||
		    take_numbers(r, points) || take_ordinal(r) || take_only(r) || take_digits(r);
	(void)done; /* where there is none, a clock may be all there is */
}

/* A number that is left alone is the day of a clock, or the hour of a day. */
static void take_rest(struct reader *r)
{
	struct liquid_date_parts *d = r->out;
	if (take_form(r, before_christ))
		r->before_christ = true;
	if (!take_form(r, number_left))
		return;
	int64_t n = digits_value(r->found[0]);
	if (d->hour >= 0 && d->day < 0 && n >= 1 && n <= 31)
		d->day = n;
	if (d->day >= 0 && d->hour < 0 && n <= 24)
		d->hour = n;
}

/* Punctuation that means nothing in a date becomes a blank. Of what is not ASCII, letters are
 * kept. */
static bool keeps(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;
	if (n == 1)
		return isalnum(u[0]) || (u[0] != '\0' && strchr("-+',./:@[]", u[0]) != NULL);
	if (n == 2 && u[0] == 0xc2) /* U+0080..U+00BF: ª µ º are its letters */
		return u[1] == 0xaa || u[1] == 0xb5 || u[1] == 0xba;
	if (n == 2 && u[0] == 0xc3) /* but for the signs of multiplication and division */
		return u[1] != 0x97 && u[1] != 0xb7;
	if (n == 3 && u[0] == 0xe2) /* U+2000..U+2BFF: punctuation, arrows, signs */
		return u[1] >= 0xb0;
	if (n == 3 && u[0] == 0xe3 && u[1] == 0x80) /* U+3000..U+303F */
		return u[2] == 0x85 || u[2] == 0x86 || u[2] == 0x87;
	return n < 4;
}

static void prepare(struct reader *r, const char *p, size_t len)
{
	size_t at = 0;
	bool gap = false;
	for (size_t i = 0, n = 1; i < len; i += n) {
		unsigned char c = (unsigned char)p[i];
		n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		n = n < len - i ? n : len - i;
		if (!keeps(p + i, n)) {
			if (!gap)
				r->buf[at++] = ' ';
			gap = true;
			continue;
		}
		gap = false;
		for (size_t k = 0; k < n; k++)
			r->buf[at++] = (char)(c < 0x80 ? tolower(c) : (unsigned char)p[i + k]);
	}
	r->buf[at] = '\0';
	r->text = (struct shape_text){.p = r->buf, .len = at};
}

size_t liquid_date_read(const char *p, size_t len, struct liquid_date_parts *out)
{
	struct reader r = {.out = out, .two_digits = true};
	*out = (struct liquid_date_parts){
	    .month = -1, .day = -1, .year_day = -1, .hour = -1, .minute = -1, .second = -1};
	prepare(&r, p, len);
	(void)take_form(&r, weekday);
	read_clock(&r);
	take_day(&r);
	take_rest(&r);
	if (r.before_christ && out->has_year)
		out->year = 1 - out->year;
	if (r.two_digits && out->has_year && out->year >= 0 && out->year <= 99)
		out->year += out->year >= 69 ? 1900 : 2000;
	return r.text.steps;
}
