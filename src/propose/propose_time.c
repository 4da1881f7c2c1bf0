/* SPDX-License-Identifier: MIT */
/* Times: the pattern that reads a column, and a date and a clock in two columns. */
#include "propose_time.h"

#include "propose_look.h"

#include <stdio.h>
#include <stdlib.h>

/* What `timestamps` may be set to, the likeliest first. */
static const char *const formats[] = {
    "ms",
    "auto",
    "%m/%d/%y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d/%m/%y %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%y",
    "%m/%d/%Y",
    "%d/%m/%y",
    "%d/%m/%Y",
    "%m/%d/%y %I:%M %p",
    "%m/%d/%Y %I:%M %p",
    "%d/%m/%Y %I:%M %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%d/%m/%Y %I:%M:%S %p",
    "%d.%m.%y %H:%M",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y, %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y, %H:%M:%S",
    "%d.%m.%y",
    "%d.%m.%Y",
    "%d-%m-%Y %H:%M",
    "%m-%d-%Y %H:%M",
    "%d-%m-%Y %H:%M:%S",
    "%m-%d-%Y %H:%M:%S",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %I:%M %p",
    "%Y-%m-%d %I:%M:%S %p",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
    "%Y.%m.%d %H:%M:%S",
    "%Y.%m.%d",
    "%Y%m%d",
    "%Y%m%d%H%M",
    "%Y%m%d%H%M%S",
    "%Y%m%d %H:%M:%S",
    "%d %b %Y",
    "%d %b %Y %H:%M",
    "%d %b %Y %H:%M:%S",
    "%d-%b-%y",
    "%d-%b-%Y",
    "%d-%b-%y %H:%M",
    "%d-%b-%Y %H:%M",
    "%d-%b-%y %H:%M:%S",
    "%d-%b-%Y %H:%M:%S",
    "%d-%b-%y %I:%M:%S %p",
    "%d-%b-%y %I.%M.%S %p",
    "%d-%b-%Y %I.%M.%S %p",
    "%d-%b-%y %H.%M.%S",
    "%d-%b-%Y %H.%M.%S",
    "%d-%b-%Y %I:%M:%S %p",
    "%d%b%Y",
    "%d%b%Y:%H:%M:%S",
    "%d%b%y:%H:%M:%S",
    "%d/%b/%Y:%H:%M:%S %z",
    "%b-%d-%y",
    "%b-%d-%Y",
    "%b %d, %Y",
    "%b %d, %Y %H:%M",
    "%b %d, %Y %I:%M %p",
    "%b %d, %Y, %I:%M %p",
    "%b %d, %Y %I:%M:%S %p",
    "%b %d %Y %H:%M:%S",
    "%b %d %Y %I:%M%p",
    "%b %d %Y %I:%M:%S %p",
    "%a, %d %b %Y %H:%M:%S %z",
    "%a, %d %b %Y %H:%M:%S GMT",
    "%a %b %d %H:%M:%S %Y",
    "%a %b %d %H:%M:%S UTC %Y",
    "%a %b %d %H:%M:%S %z %Y",
};
#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

/* Tried where none of those reads the values: they would read some of theirs as well. */
static const char *const last_formats[] = {"%y/%m/%d",
					   "%Y.%m.%d %H:%M",
					   "%Y-%m-%d-%H.%M.%S",
					   "%Y年%m月%d日 %H:%M:%S",
					   "%Y年%m月%d日 %H:%M",
					   "%Y年%m月%d日",
					   "%A, %B %d, %Y",
					   "%A, %B %d, %Y %I:%M %p",
					   "%B %d, %Y at %I:%M %p",
					   "%H:%M %d/%m/%Y",
					   "%H:%M:%S %d/%m/%Y"};
#define N_LAST_FORMATS (sizeof(last_formats) / sizeof(last_formats[0]))

static const char *const dates[] = {"%Y-%m-%d", "%m/%d/%y",  "%m/%d/%Y", "%d/%m/%y", "%d/%m/%Y",
				    "%d.%m.%y", "%d.%m.%Y",  "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d",
				    "%Y.%m.%d", "%Y%m%d",    "%d %b %Y", "%d-%b-%y", "%d-%b-%Y",
				    "%d%b%Y",   "%b %d, %Y", "%b-%d-%y", "%b-%d-%Y", "%y/%m/%d"};
static const char *const clocks[] = {"%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%I:%M%p",
				     "%H%M%S",   "%H%M",  "%H.%M.%S",    "%H.%M"};
#define N_DATES  (sizeof(dates) / sizeof(dates[0]))
#define N_CLOCKS (sizeof(clocks) / sizeof(clocks[0]))

/* The text of a row's time: of its cell, or of two with a blank between. False: the cell is
 * empty. */
static bool time_text(const struct propose *p, size_t row, size_t column, struct df_buf *out)
{
	const struct propose_column *c = &p->columns[column];
	size_t len;
	const char *s = propose_cell_text(p, row, column, &len);
	df_buf_reset(out);
	map_cell_trim(&s, &len);
	if (c->cut > 0 && len > c->cut + 2) {
		df_buf_add(out, s, c->cut);
		df_buf_addf(out, c->half ? " %.2s" : "", s + len - 2);
	} else {
		df_buf_add(out, s, len);
	}
	if (len == 0 || c->clock == 0)
		return len > 0;
	s = propose_cell_text(p, row, c->clock - 1, &len);
	map_cell_trim(&s, &len);
	df_buf_addc(out, ' ');
	df_buf_add(out, s, len);
	return true;
}

bool propose_time_open(const struct propose *p, struct time_format *t, const char *format)
{
	struct df_err ignored = {0};
	const char *range = p->feed->map.timestamp_range != NULL ? p->feed->map.timestamp_range
								 : TIME_RANGE_DEFAULT;
	if (format[0] == '%' && time_pattern_check(format, &ignored) != DF_OK)
		return false;
	if (time_open(t, format, p->feed->map.timezone, &ignored) != DF_OK)
		return false;
	if (time_range_parse(range, df_now_ms(), &t->range, &ignored) == DF_OK)
		return true;
	time_close(t);
	return false;
}

bool propose_time_read(const struct propose *p, const struct time_format *t, size_t row,
		       size_t column, int64_t *ms)
{
	struct df_buf text = {0};
	const char *code, *why;
	bool good = time_text(p, row, column, &text) &&
		    time_parse(t, text.data, text.len, ms, &code, &why) &&
		    time_in_range(t, *ms, &why);
	df_buf_free(&text);
	return good;
}

static size_t count_times(const struct propose *p, size_t column, const char *format)
{
	struct time_format t = {0};
	struct df_buf text = {0};
	size_t n = 0, odd = 0;
	if (!propose_time_open(p, &t, format))
		return 0;
	for (size_t row = 0; row < p->n_rows && odd * 5 <= p->n_rows; row++) {
		const char *code, *why;
		int64_t ms = 0;
		if (!time_text(p, row, column, &text))
			continue;
		bool good = time_parse(&t, text.data, text.len, &ms, &code, &why) &&
			    time_in_range(&t, ms, &why);
		n += good;
		odd += !good;
	}
	time_close(&t);
	df_buf_free(&text);
	return n;
}

struct search {
	const char *best, *other;
	size_t n;
};

/* Do both read the same times from the column? */
static bool same_times(const struct propose *p, size_t column, const char *one, const char *other)
{
	struct time_format a = {0}, b = {0};
	bool same = propose_time_open(p, &a, one);
	if (same && !propose_time_open(p, &b, other)) {
		time_close(&a);
		return false;
	}
	for (size_t row = 0; same && row < p->n_rows; row++) {
		int64_t x = 0, y = 0;
		bool reads = propose_time_read(p, &a, row, column, &x);
		same = reads == propose_time_read(p, &b, row, column, &y) && x == y;
	}
	time_close(&a);
	time_close(&b);
	return same;
}

static void try_format(const struct propose *p, size_t column, const char *format, struct search *s)
{
	size_t n = count_times(p, column, format);
	if (n > s->n)
		*s = (struct search){format, NULL, n};
	else if (n == s->n && n > 0 && s->other == NULL && s->best[0] == '%' &&
		 !same_times(p, column, s->best, format))
		s->other = format;
}

#define JOINED_SIZE 32 /* of the pattern of a date and a clock */

static const char *joined(struct propose *p, size_t date, size_t clock)
{
	if (p->patterns == NULL)
		p->patterns = df_alloc(N_DATES * N_CLOCKS * JOINED_SIZE);
	char *s = p->patterns + (date * N_CLOCKS + clock) * JOINED_SIZE;
	if (s[0] == '\0')
		snprintf(s, JOINED_SIZE, "%s %s", dates[date], clocks[clock]);
	return s;
}

static void search_joined(struct propose *p, size_t column, struct search *s)
{
	try_format(p, column, "auto", s);
	if (propose_most(s->n, p->columns[column].filled))
		return;
	for (size_t i = 0; i < N_DATES; i++)
		for (size_t k = 0; k < N_CLOCKS; k++)
			try_format(p, column, joined(p, i, k), s);
}

/* Is what would be cut off a fraction, and AM or PM where that is taken? A zone is never lost. */
static bool only_fractions(const struct propose *p, size_t column)
{
	const struct propose_column *c = &p->columns[column];
	size_t len;
	for (size_t row = 0; row < p->n_rows; row++) {
		const char *s = propose_cell_text(p, row, column, &len);
		map_cell_trim(&s, &len);
		if (len == 0)
			continue;
		size_t end = c->half && len > 2 ? len - 2 : len, at = c->cut + 1;
		bool half = !c->half ||
			    (strchr("AaPp", s[end]) != NULL && strchr("Mm", s[end + 1]) != NULL);
		if (!half || len <= at || strchr(".,:", s[c->cut]) == NULL)
			return false;
		while (at < end && s[at] >= '0' && s[at] <= '9')
			at++;
		while (c->half && at < end && s[at] == ' ')
			at++;
		if (at != end)
			return false;
	}
	return true;
}

/* Fractions of seconds that no pattern reads, as Oracle writes them: what is before them is
 * read, and AM or PM. */
static const char *search_cut(struct propose *p, size_t column)
{
	static const struct {
		const char *format;
		size_t cut;
		bool half;
	} ways[] = {{"%d-%b-%y %H.%M.%S", 18, false},   {"%d-%b-%y %I.%M.%S %p", 18, true},
		    {"%d-%b-%Y %H.%M.%S", 20, false},   {"%d-%b-%Y %I.%M.%S %p", 20, true},
		    {"%d-%b-%y %H:%M:%S", 18, false},   {"%d-%b-%y %I:%M:%S %p", 18, true},
		    {"%d-%b-%Y %H:%M:%S", 20, false},   {"%d-%b-%Y %I:%M:%S %p", 20, true},
		    {"%b %d %Y %I:%M:%S %p", 20, true}, {"%d %b %Y %H:%M:%S", 20, false},
		    {"%Y-%m-%d-%H.%M.%S", 19, false},   {"%d%b%Y:%H:%M:%S", 18, false},
		    {"%m/%d/%Y %H:%M:%S", 19, false},   {"%d/%m/%Y %H:%M:%S", 19, false},
		    {"%d.%m.%Y %H:%M:%S", 19, false},   {"%Y/%m/%d %H:%M:%S", 19, false}};
	struct propose_column *c = &p->columns[column];
	for (size_t i = sizeof(ways) / sizeof(ways[0]); p->has_header && i-- > 0;) {
		c->cut = ways[i].cut;
		c->half = ways[i].half;
		if (only_fractions(p, column) &&
		    propose_most(count_times(p, column, ways[i].format), c->filled))
			return ways[i].format;
	}

	c->cut = 0;
	return NULL;
}

char *propose_time_value(const struct propose_column *c)
{
	if (c->cut == 0)
		return NULL;
	return df_format(
	    c->half ? "{{ value | strip | slice: 0, %zu }} {{ value | strip | slice: -2, 2 }}"
		    : "{{ value | strip | slice: 0, %zu }}",
	    c->cut);
}

const char *propose_time(struct propose *p, size_t column, const char **other)
{
	const char *own = p->feed->map.timestamps != NULL ? p->feed->map.timestamps : "ms";
	struct search s = {0};
	*other = NULL;
	propose_look(p, column);
	size_t filled = p->columns[column].filled;
	if (filled == 0 || propose_most(count_times(p, column, own), filled))
		return own;

	if (p->columns[column].clock > 0)
		search_joined(p, column, &s);
	for (size_t i = 0; p->columns[column].clock == 0 && i < N_FORMATS; i++)
		try_format(p, column, formats[i], &s);
	if (p->columns[column].clock == 0 && !propose_most(s.n, filled))
		for (size_t i = 0; i < N_LAST_FORMATS; i++)
			try_format(p, column, last_formats[i], &s);
	*other = s.other;
	if (propose_most(s.n, filled))
		return s.best;
	*other = NULL;
	return p->columns[column].clock == 0 && p->columns[column].cut == 0 ? search_cut(p, column)
									    : NULL;
}

const char *propose_time_words(const char *timestamps)
{
	if (strcmp(timestamps, "ms") == 0)
		return "Unix milliseconds";
	return strcmp(timestamps, "auto") == 0 ? "Unix seconds, microseconds or ISO 8601"
					       : timestamps;
}

bool propose_time_is_day(struct propose *p, size_t column)
{
	size_t most = 0;
	propose_look(p, column);
	if (p->columns[column].clock > 0 || p->columns[column].filled == 0)
		return false;
	for (size_t i = 0; i < N_DATES; i++) {
		size_t n = count_times(p, column, dates[i]);
		most = n > most ? n : most;
	}
	return propose_most(most, p->columns[column].filled);
}

bool propose_time_has_zone(const struct propose *p, size_t column)
{
	struct df_buf text = {0};
	size_t n = 0, zoned = 0;
	for (size_t row = 0; row < p->n_rows; row++) {
		if (!time_text(p, row, column, &text))
			continue;
		const char *s = df_buf_cstr(&text), *colon = strchr(s, ':');
		n++;
		zoned += strspn(s, "0123456789.") == text.len ||
			 (colon != NULL && strpbrk(colon, "Zz+-") != NULL) ||
			 strstr(s, "UTC") != NULL || strstr(s, "GMT") != NULL;
	}
	df_buf_free(&text);
	return n == 0 || propose_most(zoned, n);
}
