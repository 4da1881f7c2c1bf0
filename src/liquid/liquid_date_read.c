/* SPDX-License-Identifier: MIT */
/*
 * Looks for a day and a clock in a text. The forms are tried in a fixed order: weekday and clock
 * first, which are taken out of the text, then the first form of a day that is found anywhere in
 * what is left.
 *
 * The order and the forms are those of Ruby's Date._parse (the documentation of its class Date,
 * "parse"), as Liquid relies on them: tests/run-liquid-dates compares the two.
 */
#include "liquid_date_forms.h"
#include "liquid_date_reader.h"

#include <ctype.h>
#include <string.h>

/* Looks for a form, and takes it out of the text: a blank is left in its place. */
static bool take_form(struct liquid_date_reader *r, const struct shape *form)
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

static void read_clock(struct liquid_date_reader *r)
{
	struct liquid_date_parts *d = r->out;
	if (!take_form(r, any_clock))
		return;
	if (r->found[1].p != NULL)
		liquid_date_set_zone(d, r->found[1]);

	struct shape_text parts = {.p = r->found[0].p, .len = r->found[0].len};
	if (!shape_find(&parts, clock_parts))
		return;
	d->hour = liquid_date_number(parts.at[0]);
	if (parts.at[1].p != NULL)
		d->minute = liquid_date_number(parts.at[1]);
	if (parts.at[2].p != NULL)
		d->second = liquid_date_number(parts.at[2]);
	if (parts.at[3].p != NULL)
		liquid_date_set_fraction(d, parts.at[3]);
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

static void set_day(struct liquid_date_reader *r, struct shape_span y, struct shape_span m,
		    struct shape_span d)
{
	const struct shape_span none = {0};
	sort_out(&y, &m, &d);
	struct shape_span year = y.p != NULL ? signed_digits(y) : none;
	struct shape_span month = m.p != NULL ? only_digits(m) : none,
			  day = d.p != NULL ? only_digits(d) : none;
	if (year.len > 0) {
		bool is_signed = sign(*year.p);
		struct shape_span n = {year.p + is_signed, year.len - is_signed};
		r->two_digits = r->two_digits && !is_signed && n.len <= 2;
		liquid_date_set_year(r->out, *year.p == '-' ? -liquid_date_number(n)
							    : liquid_date_number(n));
	}
	if (month.len > 0)
		r->out->month = liquid_date_number(month);
	if (day.len > 0)
		r->out->day = liquid_date_number(day);
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
static void set_named(struct liquid_date_reader *r)
{
	static const char numbers[] = "01020304050607080910111213";
	int month = month_number(r->found[1]);
	const char *digits_of = numbers + (size_t)(month - 1) * 2;
	bool one = month < 10;
	if (r->found[2].p != NULL && *r->found[2].p == 'b')
		r->before_christ = true;
	set_day(r, r->found[3], (struct shape_span){digits_of + one, one ? 1 : 2}, r->found[0]);
}

static bool take_named(struct liquid_date_reader *r, const struct shape *form)
{
	if (!take_form(r, form))
		return false;
	set_named(r);
	return true;
}

static bool take_numbers(struct liquid_date_reader *r, const struct shape *form)
{
	if (!take_form(r, form))
		return false;
	set_day(r, r->found[0], r->found[1], r->found[2]);
	return true;
}

static bool take_japanese(struct liquid_date_reader *r)
{
	static const char eras[] = "mtshr";
	static const int begin[] = {1867, 1911, 1925, 1988, 2018};
	if (!take_form(r, japanese))
		return false;
	liquid_date_set_year(r->out, liquid_date_number(r->found[1]) +
					 begin[strchr(eras, *r->found[0].p) - eras]);
	r->out->month = liquid_date_number(r->found[2]);
	r->out->day = liquid_date_number(r->found[3]);
	return true;
}

/* Weeks are found, yet nothing comes of them: Time.parse does not look at them. */
static bool take_ordinal(struct liquid_date_reader *r)
{
	struct shape_text look = r->text;
	struct liquid_date_parts *d = r->out;
	if (take_form(r, week) || take_form(r, week_only))
		return true;
	if (take_form(r, no_year_dash) || take_form(r, no_year)) {
		if (r->found[0].p != NULL)
			d->month = liquid_date_number(r->found[0]);
		if (r->found[1].p != NULL)
			d->day = liquid_date_number(r->found[1]);
		return true;
	}
	if (!shape_find(&look, year_day_not) && take_form(r, year_day)) {
		liquid_date_set_year(d, liquid_date_number(r->found[0]));
		d->year_day = liquid_date_number(r->found[1]);
		return true;
	}
	if (shape_find(&look, only_year_day_not) || !take_form(r, only_year_day))
		return false;

	d->year_day = liquid_date_number(r->found[1]);
	return true;
}

static bool take_only(struct liquid_date_reader *r)
{
	struct liquid_date_parts *d = r->out;
	if (take_form(r, only_year))
		liquid_date_set_year(d, liquid_date_number(r->found[0]));
	else if (take_form(r, only_month))
		d->month = month_number(r->found[0]);
	else if (take_form(r, only_day))
		d->day = liquid_date_number(r->found[0]);
	else
		return false;
	return true;
}

static bool take_digits(struct liquid_date_reader *r)
{
	if (!take_form(r, digits))
		return false;
	liquid_date_digits(r);
	return true;
}

static void take_day(struct liquid_date_reader *r)
{
	bool done = take_named(r, day_month) || take_named(r, month_day) ||
		    take_numbers(r, dashes) || take_japanese(r) || take_named(r, day_dash_month) ||
		    take_named(r, month_dash_day) || take_numbers(r, slashes) ||
		    take_numbers(r, points) || take_ordinal(r) || take_only(r) || take_digits(r);
	(void)done; /* where there is none, a clock may be all there is */
}

/* A number that is left alone is the day of a clock, or the hour of a day. */
static void take_rest(struct liquid_date_reader *r)
{
	struct liquid_date_parts *d = r->out;
	if (take_form(r, before_christ))
		r->before_christ = true;
	if (!take_form(r, number_left))
		return;
	int64_t n = liquid_date_number(r->found[0]);
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

static void prepare(struct liquid_date_reader *r, const char *p, size_t len)
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
	struct liquid_date_reader r = {.out = out, .two_digits = true};
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
