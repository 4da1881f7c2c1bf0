/* SPDX-License-Identifier: MIT */
/* What a feed expects: files by a time of day, rows of a document. */
#include "conf_value.h"

#include "dropfeed/time.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define EVERY_DAY 0x7fu

static const char *const day_words[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

static int day_of(const char *s, size_t len)
{
	for (int i = 0; i < 7; i++)
		if (len == 3 && strncasecmp(day_words[i], s, 3) == 0)
			return i;
	return -1;
}

/* "mon-fri", "sat,sun", "daily": the bits; 0: it is something else. */
static uint32_t days_of(const char *s)
{
	uint32_t bits = 0;
	if (strcasecmp(s, "daily") == 0)
		return EVERY_DAY;

	while (*s != '\0') {
		size_t len = strcspn(s, ",");
		const char *dash = memchr(s, '-', len);
		int first = day_of(s, dash != NULL ? (size_t)(dash - s) : len);
		int last = dash != NULL ? day_of(dash + 1, len - (size_t)(dash + 1 - s)) : first;
		if (first < 0 || last < 0)
			return 0;
		for (int i = first;; i = (i + 1) % 7) { /* fri-mon is four days */
			bits |= 1u << i;
			if (i == last)
				break;
		}
		s += len;
		s += *s == ',';
	}
	return bits;
}

static bool read_time_of_day(const char *s, uint32_t *minute)
{
	unsigned h = 0, m = 0;
	int end = 0;
	if (sscanf(s, "%2u:%2u%n", &h, &m, &end) != 2 || s[end] != '\0' ||
	    strchr(s, ':') != s + end - 3 || h > 23 || m > 59 || !isdigit((unsigned char)*s))
		return false;
	*minute = h * 60 + m;
	return true;
}

/* The words after the time: days, a zone, either or both. */
static enum df_status days_and_zone(const struct conf_list *words, struct conf_expect *out,
				    struct df_err *err)
{
	out->days = EVERY_DAY;
	for (size_t i = 3; i < words->n; i++) {
		uint32_t days = days_of(words->v[i]);
		struct time_zone *zone = NULL;
		if (days != 0 && i == 3) {
			out->days = days;
			continue;
		}
		if (i == 3 && words->n == 5 && days_of(words->v[4]) != 0)
			return df_fail(DF_USAGE, err, NULL, "days come before the time zone: %s %s",
				       words->v[4], words->v[3]);
		if (i + 1 < words->n || time_zone_open(words->v[i], &zone, err) != DF_OK)
			return df_fail(DF_USAGE, err, NULL,
				       "'%s' is neither days such as mon-fri, sat,sun or daily, "
				       "nor a time zone such as Europe/Berlin",
				       words->v[i]);
		time_zone_free(zone);
		out->zone = df_strdup(words->v[i]);
	}
	return DF_OK;
}

static void split_words(const char *value, struct conf_list *out)
{
	for (const char *s = value + strspn(value, " \t"); *s != '\0'; s += strspn(s, " \t")) {
		size_t len = strcspn(s, " \t");
		out->v = df_realloc(out->v, (out->n + 1) * sizeof(*out->v));
		out->v[out->n++] = df_strndup(s, len);
		s += len;
	}
}

static enum df_status expect_read(const struct conf_list *words, const char *value,
				  struct conf_expect *out, struct df_err *err)
{
	char *end = NULL;
	unsigned long n = words->n > 0 ? strtoul(words->v[0], &end, 10) : 0;
	if (words->n < 3 || n == 0 || n > 1000000 || *end != '\0' ||
	    !isdigit((unsigned char)words->v[0][0]) || strcasecmp(words->v[1], "by") != 0 ||
	    !read_time_of_day(words->v[2], &out->minute))
		return df_fail(DF_USAGE, err, NULL,
			       "'%s' does not say how many files by when: write 1 by 06:00 mon-fri",
			       value);
	out->files = (uint32_t)n;
	return days_and_zone(words, out, err);
}

enum df_status conf_parse_expect(void *home, const struct conf_key *key, const char *value,
				 const char *base, struct df_err *err)
{
	struct conf_list words = {0};
	struct conf_expect new = {0}, *field = &((struct conf_feed *)home)->expect;
	(void)key;
	(void)base;
	split_words(value, &words);
	enum df_status st = expect_read(&words, value, &new, err);
	conf_list_free(&words);
	if (st != DF_OK)
		return st;
	field->files = new.files;
	field->minute = new.minute;
	field->days = new.days;
	conf_text_set(&field->zone, new.zone);
	return DF_OK;
}

/* ---- rows ---- */

static bool bound_read(const char *s, size_t len, uint64_t *n, bool *percent)
{
	char text[24], *end = NULL;
	while (len > 0 && isspace((unsigned char)*s)) {
		s++;
		len--;
	}
	while (len > 0 && isspace((unsigned char)s[len - 1]))
		len--;
	*percent = len > 0 && s[len - 1] == '%';
	len -= *percent;
	if (len == 0 || len > 12 || !isdigit((unsigned char)*s))
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)len, s);
	*n = strtoull(text, &end, 10);
	if (*percent)
		*n *= 1000;
	return *end == '\0';
}

static bool only_blanks(const char *s, size_t len)
{
	return strspn(s, " \t") >= len;
}

/* "LEAST..MOST", either of which may be missing. */
static bool range_read(const char *value, struct conf_expect *out)
{
	const char *dots = strstr(value, "..");
	uint64_t least = 0, most = UINT64_MAX;
	bool percent = false, other = false;
	if (dots == NULL)
		return false;
	size_t first = (size_t)(dots - value), second = strlen(dots + 2);
	if (!only_blanks(value, first) && !bound_read(value, first, &least, &percent))
		return false;
	if (!only_blanks(dots + 2, second) && !bound_read(dots + 2, second, &most, &other))
		return false;
	if (least == 0 && most == UINT64_MAX)
		return false;
	if (most != UINT64_MAX && ((percent != other && (percent || least > 0)) || least > most))
		return false;
	out->rows_least = least;
	out->rows_most = most;
	out->rows_percent = percent || other;
	return true;
}

enum df_status conf_parse_expect_rows(void *home, const struct conf_key *key, const char *value,
				      const char *base, struct df_err *err)
{
	(void)key;
	(void)base;
	if (!range_read(value, &((struct conf_feed *)home)->expect))
		return df_fail(DF_USAGE, err, NULL,
			       "'%s' is not a range of percentages of the usual number of rows, "
			       "such as 50%%..200%%, nor of rows, such as 1000..50000",
			       value);
	return DF_OK;
}
