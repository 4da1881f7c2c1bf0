/* SPDX-License-Identifier: MIT */
/* The date filter: moments, and seconds since 1970, in a pattern of strftime. A text that is not
 * a date stays as it is. */
#include "liquid_priv.h"

#include "liquid_date.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

bool liquid_date_is_now(const char *p, size_t len)
{
	return (len == 3 && strncasecmp(p, "now", 3) == 0) ||
	       (len == 5 && strncasecmp(p, "today", 5) == 0);
}

static bool from_seconds(int64_t seconds, struct liquid_moment *out)
{
	time_t t = (time_t)seconds;
	memset(out, 0, sizeof(*out));
	return gmtime_r(&t, &out->tm) != NULL;
}

/* 45322, 202601, 1768206600000, 20260112: days of a spreadsheet, a month, milliseconds, a date. */
static bool hardly_seconds(const char *p, size_t len)
{
	const bool century = len >= 6 && (memcmp(p, "19", 2) == 0 || memcmp(p, "20", 2) == 0);
	if (len < 8)
		return len < 6 || (len == 6 && century);
	int month = (p[4] - '0') * 10 + p[5] - '0', day = (p[6] - '0') * 10 + p[7] - '0';
	return len > 11 ||
	       (len == 8 && century && month >= 1 && month <= 12 && day >= 1 && day <= 31);
}

/* 12/31/2026, of which the day is never read first. */
static bool is_month_first(const char *p, size_t len)
{
	int part[2] = {0, 0};
	size_t i = 0;
	for (int k = 0; k < 2; k++, i++) {
		for (; i < len && isdigit((unsigned char)p[i]) && part[k] < 100; i++)
			part[k] = part[k] * 10 + (p[i] - '0');
		if (i >= len || strchr("/-.", p[i]) == NULL)
			return false;
	}
	return part[0] >= 1 && part[0] <= 12 && part[1] > 12 && part[1] <= 31;
}

static void doubt_text(const struct liquid_run *run, const struct liquid_value *v)
{
	size_t blanks = 0;
	while (blanks < v->len && liquid_is_blank(v->p[blanks]))
		blanks++;
	if (v->type == LIQUID_STRING && blanks < v->len)
		liquid_note(run, is_month_first(v->p + blanks, v->len - blanks) ? LIQUID_MONTH_FIRST
										: LIQUID_NO_DATE);
}

static bool to_moment(struct liquid_run *run, const struct liquid_value *v,
		      struct liquid_moment *out)
{
	struct liquid_date_parts parts;
	bool over = false;
	memset(out, 0, sizeof(*out));
	if (v->type == LIQUID_INT)
		return from_seconds(v->i, out);
	if (v->type != LIQUID_STRING || v->len == 0 || v->len > LIQUID_DATE_MAX)
		return false;

	size_t digits = 0;
	while (digits < v->len && isdigit((unsigned char)v->p[digits]))
		digits++;
	if (digits == v->len) {
		int64_t seconds = liquid_to_i(v->p, v->len, &over);
		if (hardly_seconds(v->p, v->len))
			liquid_note(run, LIQUID_NO_SECONDS);
		return !over && from_seconds(seconds, out);
	}
	/* the work of one text is bounded by its length; a row may have many */
	if (!liquid_work(run->arena, liquid_date_read(v->p, v->len, &parts)))
		return false;
	return liquid_date_moment(&parts, out);
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

static void print_zone(const struct liquid_moment *at, int colons, struct df_buf *out)
{
	long minutes = labs(at->offset) / 60;
	df_buf_addf(out, "%c%02ld%s%02ld%s", at->offset < 0 ? '-' : '+', minutes / 60,
		    colons > 0 ? ":" : "", minutes % 60, colons > 1 ? ":00" : "");
}

/* Four digits at least, not counting the sign. */
static void print_year(long year, char text[40])
{
	snprintf(text, 40, year < 0 ? "%05ld" : "%04ld", year);
}

/* The directives that strftime lacks or that depend on what a struct tm does not hold. */
static bool print_own(const struct liquid_moment *at, char c, const char *flags, long width,
		      int colons, struct df_buf *out)
{
	char text[40];
	struct tm tm = at->tm;
	switch (c) {
	case 'Y': /* strftime leaves the zeros of early years out */
		print_year(tm.tm_year + 1900L, text);
		pad(out, text, flags, width, '0');
		return true;
	case 'F':
		print_year(tm.tm_year + 1900L, text);
		strftime(text + strlen(text), sizeof(text) - strlen(text), "-%m-%d", &tm);
		pad(out, text, flags, width, '0');
		return true;
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

/* One directive; p is after its %. Returns what follows it, or NULL when it is not a directive. */
static const char *print_directive(const struct liquid_moment *at, const char *p, const char *end,
				   struct df_buf *out)
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
	if (p == end || *p == '\0' ||
	    strchr("YCymBbhjdeHkIlMSLNzZAauwGgVUWsntcDFvxXrRTpP+%", *p) == NULL)
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
	struct liquid_moment at;
	char room[1024];
	/* it does not grow */
	struct df_buf buf = {.data = room, .cap = sizeof(room) - 1, .max = sizeof(room) - 1};
	if (c->in.type == LIQUID_STRING && liquid_date_is_now(c->in.p, c->in.len))
		return liquid_fail(c->run->fault,
				   "'now' is not supported: output must depend on the file alone");
	if (!liquid_to_s(c->run, &c->args[0], &format))
		return false;
	c->out = c->in;
	if (format.len == 0)
		return true;
	if (!to_moment(c->run, &c->in, &at)) {
		doubt_text(c->run, &c->in);
		return true;
	}

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
