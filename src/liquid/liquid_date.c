/* SPDX-License-Identifier: MIT */
/*
 * The date filter: what Ruby's Time.parse makes of dates as they are written (ISO 8601, RFC 2822, "March 14, 2016",
 * "14/03/2016"), printed by strftime. Seconds since 1970 are taken, too. A text that is no date stays as it is.
 */
#include "liquid_priv.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

struct moment {
	struct tm tm; /* as a clock on the wall shows it */
	long nanoseconds;
	long offset; /* of that clock from UTC, in seconds */
	bool zoned;
	char zone[8];
};

struct reader {
	const char *p;
	struct moment at;
	int year, month, day; /* -1: not seen yet */
	bool time;
};

bool liquid_date_is_now(const char *p, size_t len)
{
	return (len == 3 && strncasecmp(p, "now", 3) == 0) || (len == 5 && strncasecmp(p, "today", 5) == 0);
}

static int month_of(const char *p, size_t len)
{
	static const char *const names[] = {"january", "february", "march",     "april",   "may",      "june",
					    "july",    "august",   "september", "october", "november", "december"};
	for (int i = 0; len >= 3 && i < 12; i++)
		if ((len == 3 || len == strlen(names[i])) && strncasecmp(p, names[i], len) == 0)
			return i + 1;
	return len == 4 && strncasecmp(p, "sept", 4) == 0 ? 9 : 0;
}

static bool is_weekday(const char *p, size_t len)
{
	static const char *const names[] = {"sunday",   "monday", "tuesday", "wednesday",
					    "thursday", "friday", "saturday"};
	for (size_t i = 0; i < 7; i++)
		if (len >= 3 && len <= strlen(names[i]) && strncasecmp(p, names[i], len) == 0)
			return true;
	return false;
}

static bool number(const char **p, int max_digits, int *out)
{
	int n = 0;
	*out = 0;
	for (; n < max_digits && isdigit((unsigned char)**p); n++)
		*out = *out * 10 + (*(*p)++ - '0');
	return n > 0 && !isdigit((unsigned char)**p);
}

/* h:mm[:ss[.fraction]], the hour being read already */
static bool read_clock(struct reader *r, int hour)
{
	int minute, second = 0;
	r->p++;
	if (r->time || !number(&r->p, 2, &minute))
		return false;
	if (*r->p == ':') {
		r->p++;
		if (!number(&r->p, 2, &second))
			return false;
		long unit = 100000000;
		if ((*r->p == '.' || *r->p == ',') && isdigit((unsigned char)r->p[1]))
			for (r->p++; isdigit((unsigned char)*r->p); r->p++, unit /= 10)
				r->at.nanoseconds += unit * (*r->p - '0');
	}
	r->time = true;
	r->at.tm.tm_hour = hour;
	r->at.tm.tm_min = minute;
	r->at.tm.tm_sec = second;
	return hour <= 24 && minute <= 59 && second <= 60;
}

/* +hh, +hhmm, +hh:mm */
static bool read_offset(struct reader *r)
{
	int sign = *r->p++ == '-' ? -1 : 1, hours = 0, minutes = 0;
	for (int i = 0; i < 2; i++, r->p++) {
		if (!isdigit((unsigned char)*r->p))
			return false;
		hours = hours * 10 + (*r->p - '0');
	}
	r->p += *r->p == ':';
	for (int i = 0; i < 2 && isdigit((unsigned char)*r->p); i++, r->p++)
		minutes = minutes * 10 + (*r->p - '0');
	r->at.zoned = true;
	r->at.offset = sign * (hours * 3600L + minutes * 60L);
	return hours < 24 && minutes < 60;
}

static bool set(int *field, int value)
{
	bool first = *field < 0;
	*field = value;
	return first;
}

static bool read_word(struct reader *r)
{
	const char *from = r->p;
	while (isalpha((unsigned char)*r->p))
		r->p++;
	size_t len = (size_t)(r->p - from);
	int month = month_of(from, len), *hour = &r->at.tm.tm_hour;
	if (month > 0) {
		r->p += *r->p == '.';
		return set(&r->month, month);
	}
	if (is_weekday(from, len) || (len == 1 && (*from == 't' || *from == 'T')))
		return true;
	if ((len == 1 && (*from == 'z' || *from == 'Z')) || (len == 3 && strncasecmp(from, "utc", 3) == 0) ||
	    (len == 3 && strncasecmp(from, "gmt", 3) == 0)) {
		r->at.zoned = true;
		return true;
	}
	if (len == 2 && r->time && *hour >= 1 && *hour <= 12 &&
	    (strncasecmp(from, "am", 2) == 0 || strncasecmp(from, "pm", 2) == 0)) {
		*hour = *hour % 12 + (tolower((unsigned char)*from) == 'p' ? 12 : 0);
		return true;
	}
	return false;
}

static int full_year(int year, int digits)
{
	return digits > 2 ? year : year + (year >= 69 ? 1900 : 2000);
}

/* a-b-c or a/b/c: the year in front or at the end; b is the month */
static bool read_triple(struct reader *r, int first, int digits)
{
	char c = *r->p++;
	int second = 0, third = -1;
	const char *from;
	if (isalpha((unsigned char)*r->p)) { /* 14-Mar-2016 */
		from = r->p;
		while (isalpha((unsigned char)*r->p))
			r->p++;
		second = month_of(from, (size_t)(r->p - from));
		if (second == 0)
			return false;
	} else if (!number(&r->p, 2, &second)) {
		return false;
	}
	int third_digits = 0;
	if (*r->p == c) {
		from = ++r->p;
		if (!number(&r->p, 4, &third))
			return false;
		third_digits = (int)(r->p - from);
	}
	bool year_first = digits > 2 || (third_digits <= 2 && third >= 0);
	if (third < 0 && digits <= 2)
		return false;
	return set(&r->month, second) && set(&r->year, year_first ? full_year(first, digits) : third) &&
	       set(&r->day, year_first ? (third < 0 ? 1 : third) : first);
}

static bool read_number(struct reader *r)
{
	const char *from = r->p;
	int n = 0;
	size_t digits = strspn(r->p, "0123456789");
	if (digits == 8 || digits == 14) { /* 20160314, 20160314102030 */
		int values[6] = {0};
		for (size_t i = 0; i < (digits - 2) / 2; i++)
			for (int k = 0; k < (i == 0 ? 4 : 2); k++)
				values[i] = values[i] * 10 + (*r->p++ - '0');
		r->at.tm.tm_hour = values[3];
		r->at.tm.tm_min = values[4];
		r->at.tm.tm_sec = values[5];
		return set(&r->year, values[0]) && set(&r->month, values[1]) && set(&r->day, values[2]);
	}
	if (digits > 4 || !number(&r->p, 4, &n))
		return false;
	if (*r->p == ':')
		return read_clock(r, n);
	if ((*r->p == '-' || *r->p == '/') && r->year < 0 && isalnum((unsigned char)r->p[1]))
		return read_triple(r, n, (int)(r->p - from));
	if (digits <= 2 && (strncasecmp(r->p, "am", 2) == 0 || strncasecmp(r->p, "pm", 2) == 0) && !r->time) {
		r->time = true;
		r->at.tm.tm_hour = n;
		return true;
	}
	if (digits <= 2 && r->day < 0) {
		static const char *const ordinals[] = {"st", "nd", "rd", "th"};
		for (size_t i = 0; i < 4; i++)
			r->p += strncasecmp(r->p, ordinals[i], 2) == 0 ? 2 : 0;
		return set(&r->day, n);
	}
	return set(&r->year, full_year(n, (int)digits));
}

static bool is_day(const struct tm *tm)
{
	struct tm same = *tm;
	time_t t = timegm(&same);
	return t != -1 || (tm->tm_year == 69 && tm->tm_mon == 11 && tm->tm_mday == 31)
		   ? same.tm_mday == tm->tm_mday && same.tm_mon == tm->tm_mon
		   : false;
}

static bool parse(const char *text, struct moment *out)
{
	struct reader r = {.p = text, .year = -1, .month = -1, .day = -1};
	while (*r.p != '\0') {
		bool ok = true;
		unsigned char c = (unsigned char)*r.p;
		if (c == ' ' || c == ',' || (c >= '\t' && c <= '\r'))
			r.p++;
		else if ((c == '+' || c == '-') && r.time && !r.at.zoned)
			ok = read_offset(&r);
		else if (isalpha(c))
			ok = read_word(&r);
		else
			ok = isdigit(c) && read_number(&r);
		if (!ok)
			return false;
	}
	/* without a year or a day it would depend on today */
	if (r.year < 0 || r.month < 1 || r.month > 12)
		return false;
	r.at.tm.tm_year = r.year - 1900;
	r.at.tm.tm_mon = r.month - 1;
	r.at.tm.tm_mday = r.day < 0 ? 1 : r.day;
	struct tm day = {.tm_year = r.at.tm.tm_year, .tm_mon = r.at.tm.tm_mon, .tm_mday = r.at.tm.tm_mday};
	if (r.at.tm.tm_hour > 24 || r.at.tm.tm_min > 59 || r.at.tm.tm_sec > 60 || !is_day(&day))
		return false;
	*out = r.at;
	timegm(&out->tm); /* fills in the day of the week and of the year */
	return true;
}

static bool from_seconds(int64_t seconds, struct moment *out)
{
	time_t t = (time_t)seconds;
	memset(out, 0, sizeof(*out));
	return gmtime_r(&t, &out->tm) != NULL;
}

static bool to_moment(const struct liquid_value *v, struct moment *out)
{
	char text[128];
	bool over = false;
	memset(out, 0, sizeof(*out));
	if (v->type == LIQUID_INT)
		return from_seconds(v->i, out);
	if (v->type != LIQUID_STRING || v->len == 0 || v->len >= sizeof(text))
		return false;
	memcpy(text, v->p, v->len);
	text[v->len] = '\0';
	if (strspn(text, "0123456789") == v->len) {
		int64_t seconds = liquid_to_i(text, v->len, &over);
		return !over && from_seconds(seconds, out);
	}
	return strlen(text) == v->len && parse(text, out);
}

/* ---- printing ---- */

static void pad(struct df_buf *out, const char *text, const char *flags, long width, char fill)
{
	size_t len = strlen(text);
	if (strchr(flags, '-') != NULL)
		width = 0;
	if (strchr(flags, '_') != NULL)
		fill = ' ';
	else if (strchr(flags, '0') != NULL)
		fill = '0';
	for (long i = (long)len; i < width; i++)
		df_buf_addc(out, fill);
	for (; *text != '\0'; text++) {
		bool up = strchr(flags, '^') != NULL;
		df_buf_addc(out, up ? (char)toupper((unsigned char)*text) : *text);
	}
}

static void print_zone(const struct moment *at, int colons, struct df_buf *out)
{
	long minutes = labs(at->offset) / 60;
	df_buf_addf(out, "%c%02ld%s%02ld%s", at->offset < 0 ? '-' : '+', minutes / 60, colons > 0 ? ":" : "",
		    minutes % 60, colons > 1 ? ":00" : "");
}

/* The directives that strftime lacks or that depend on what a struct tm does not hold. */
static bool print_own(const struct moment *at, char c, const char *flags, long width, int colons, struct df_buf *out)
{
	char text[40];
	struct tm tm = at->tm;
	switch (c) {
	case 's':
		snprintf(text, sizeof(text), "%lld", (long long)(timegm(&tm) - at->offset));
		pad(out, text, flags, width, '0');
		return true;
	case 'z':
		print_zone(at, colons, out);
		return true;
	case 'Z':
		if (at->offset == 0)
			pad(out, "UTC", flags, width, ' ');
		return true;
	case 'L':
	case 'N':
		width = width > 0 ? width : c == 'L' ? 3 : 9;
		snprintf(text, sizeof(text), "%09ld", at->nanoseconds);
		for (long i = 0; i < width; i++)
			df_buf_addc(out, i < 9 ? text[i] : '0');
		return true;
	case 'v':
		strftime(text, sizeof(text), "%e-%b-%Y", &tm);
		pad(out, text, "^", width, ' ');
		return true;
	case '+':
		strftime(text, sizeof(text), "%a %b %e %H:%M:%S UTC %Y", &tm);
		pad(out, text, flags, width, ' ');
		return true;
	default:
		return false;
	}
}

static char fill_of(char c)
{
	return strchr("eklaAbBhcDFrRTxXpPnt", c) != NULL ? ' ' : '0';
}

/* One directive; p stands behind its %. Returns what follows it, or NULL when it is none. */
static const char *print_directive(const struct moment *at, const char *p, const char *end, struct df_buf *out)
{
	char flags[8] = "", text[128], format[3] = "%?";
	size_t n = 0;
	long width = 0;
	int colons = 0;
	for (; p < end && *p != '\0' && strchr("-0^#_", *p) != NULL; p++)
		if (n < sizeof(flags) - 1)
			flags[n++] = *p;
	for (; p < end && isdigit((unsigned char)*p) && width < 1000; p++)
		width = width * 10 + (*p - '0');
	for (; p < end && *p == ':'; p++)
		colons++;
	if (p == end || *p == '\0' || strchr("YCymBbhjdeHkIlMSLNzZAauwGgVUWsntcDFvxXrRTpP+%", *p) == NULL)
		return NULL;
	if (print_own(at, *p, flags, width, colons, out))
		return p + 1;
	format[1] = *p;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* it is one of the letters above */
	size_t len = strftime(text, sizeof(text), format, &at->tm);
#pragma GCC diagnostic pop
	text[len] = '\0';
	char *shown = text;
	if (strchr(flags, '-') != NULL ||
	    strchr(flags, '_') != NULL) { /* Ruby's - and _ act on the zeros of a number */
		while ((*shown == '0' || *shown == ' ') && isdigit((unsigned char)shown[1]))
			shown++;
		if (width == 0)
			width = (long)len;
	}
	if (strchr(flags, '0') != NULL && *p != 'c')
		for (char *q = shown; *q == ' '; q++)
			*q = '0';
	if (strchr(flags, '#') != NULL)
		memmove(flags, *p == 'p' ? "" : "^", *p == 'p' ? 1 : 2);
	pad(out, shown, flags, width, fill_of(*p));
	return p + 1;
}

bool liquid_date(struct liquid_call *c)
{
	struct liquid_value format;
	struct moment at;
	char room[1024];
	struct df_buf buf = {.data = room, .cap = sizeof(room), .max = sizeof(room)}; /* it does not grow */
	if (c->in.type == LIQUID_STRING && liquid_date_is_now(c->in.p, c->in.len))
		return liquid_fail(c->run->fault, "'now' is not to be had: what is sent depends on the file alone");
	if (!liquid_to_s(c->run, &c->args[0], &format))
		return false;
	c->out = c->in;
	if (format.len == 0 || !to_moment(&c->in, &at))
		return true;
	for (const char *p = format.p, *end = format.p + format.len; p < end;) {
		const char *next = *p == '%' ? print_directive(&at, p + 1, end, &buf) : NULL;
		if (next == NULL)
			df_buf_addc(&buf, *p++);
		else
			p = next;
	}
	char *text = buf.over ? NULL : liquid_text(c->run, buf.len);
	if (text != NULL && buf.len > 0)
		memcpy(text, buf.data, buf.len);
	c->out = liquid_string(text, buf.len);
	return text != NULL || liquid_exhausted(c->run);
}
