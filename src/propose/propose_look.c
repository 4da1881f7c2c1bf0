/* SPDX-License-Identifier: MIT */
/* What a column's values look like. No more than that is ever said of them. */
#include "propose_priv.h"

#include <stdlib.h>

static const char *const looks[] = {
    NULL, "e-mail addresses", "UUIDs", "IP addresses", "true or false", "whole numbers", "numbers", NULL};

const char *propose_look_words(enum propose_look look)
{
	return looks[look];
}

static const struct propose_cell *cell_at(const struct propose *p, size_t row, size_t column)
{
	return &p->cells[row * p->n + column];
}

/* x@y.z */
static bool is_email(const char *s, size_t len)
{
	const char *at = memchr(s, '@', len);
	if (at == NULL || at == s || memchr(s, ' ', len) != NULL)
		return false;
	const char *dot = memrchr(at, '.', (size_t)(s + len - at));
	return dot != NULL && dot > at + 1 && dot + 1 < s + len &&
	       memchr(at + 1, '@', (size_t)(s + len - at - 1)) == NULL;
}

static bool looks_like(const struct propose *p, enum propose_look look, const char *s, size_t len)
{
	static const struct schema_field plain = {.name = ""};
	static const enum schema_type types[] = {[LOOK_UUID] = SCHEMA_UUID,
						 [LOOK_IP] = SCHEMA_IP,
						 [LOOK_BOOLEAN] = SCHEMA_BOOLEAN,
						 [LOOK_INTEGER] = SCHEMA_INTEGER,
						 [LOOK_NUMBER] = SCHEMA_NUMBER};
	return look == LOOK_EMAIL ? is_email(s, len) : map_value_fits(p->map, types[look], &plain, s, len);
}

const char *propose_no_name(const struct propose *p, const char *name)
{
	static const enum propose_look data[] = {LOOK_EMAIL, LOOK_UUID, LOOK_IP};
	for (size_t i = 0; i < 3; i++)
		if (looks_like(p, data[i], name, strlen(name)))
			return looks[data[i]];
	return NULL;
}

/* Nine of ten do: a few odd ones are what a reject file is for. */
static bool most(size_t n, size_t of)
{
	return n * 10 >= of * 9;
}

void propose_look(struct propose *p, size_t column)
{
	struct propose_column *c = &p->columns[column];
	size_t counts[LOOK_TEXT] = {0};
	if (c->looked)
		return;
	c->looked = true;
	for (size_t row = 0; row < p->n_rows; row++) {
		const struct propose_cell *cell = cell_at(p, row, column);
		if (cell->kept == 0)
			continue;
		c->filled++;
		c->lengthy = c->lengthy || cell->lengthy;
		for (size_t k = LOOK_EMAIL; k < LOOK_TEXT; k++)
			counts[k] += looks_like(p, (enum propose_look)k, p->text.data + cell->at, cell->kept);
	}
	c->look = c->filled > 0 ? LOOK_TEXT : LOOK_NOTHING;
	for (size_t k = LOOK_TEXT; c->filled > 0 && k-- > LOOK_EMAIL;)
		if (most(counts[k], c->filled))
			c->look = (enum propose_look)k;
}

size_t propose_suits(struct propose *p, size_t column, const struct schema_path *path)
{
	size_t n = 0;
	propose_look(p, column);
	if (path->type == SCHEMA_STRING || path->type == SCHEMA_STRINGS || path->type == SCHEMA_JSON)
		return p->columns[column].filled;
	for (size_t row = 0; row < p->n_rows; row++) {
		const struct propose_cell *cell = cell_at(p, row, column);
		if (cell->kept > 0)
			n += map_value_fits(p->map, path->type, path->field, p->text.data + cell->at, cell->kept);
	}
	return n;
}

/* ---- times ---- */

#define EARLIEST INT64_C(631152000000)  /* 1990: what is before it, or */
#define LATEST   INT64_C(4102444800000) /* after 2100, is hardly an event's time */

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
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%d.%m.%y %H:%M",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%y",
    "%d.%m.%Y",
    "%d-%m-%Y %H:%M",
    "%d-%m-%Y %H:%M:%S",
    "%d-%m-%Y",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
    "%Y%m%d",
    "%Y%m%d%H%M%S",
    "%d %b %Y",
    "%d %b %Y %H:%M",
    "%d %b %Y %H:%M:%S",
    "%d-%b-%Y",
    "%d-%b-%Y %H:%M:%S",
    "%b %d, %Y",
    "%b %d, %Y %H:%M",
    "%b %d %Y %H:%M:%S",
    "%a, %d %b %Y %H:%M:%S %z",
    "%a %b %d %H:%M:%S %Y",
};
#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

static size_t count_times(const struct propose *p, size_t column, const char *format)
{
	struct time_format t;
	struct df_err ignored = {0};
	size_t n = 0;
	if (time_open(&t, format, p->feed->timezone, &ignored) != DF_OK)
		return 0;
	for (size_t row = 0; row < p->n_rows; row++) {
		const struct propose_cell *cell = cell_at(p, row, column);
		const char *s = p->text.data + cell->at, *code, *why;
		size_t len = cell->kept;
		int64_t ms = 0;
		if (len == 0)
			continue;
		map_cell_trim(&s, &len);
		n += len > 0 && time_parse(&t, s, len, &ms, &code, &why) && ms >= EARLIEST && ms < LATEST;
	}
	time_close(&t);
	return n;
}

const char *propose_time(struct propose *p, size_t column, const char **other)
{
	const char *own = p->feed->timestamps != NULL ? p->feed->timestamps : "ms", *best = NULL;
	size_t best_n = 0, filled;
	*other = NULL;
	propose_look(p, column);
	filled = p->columns[column].filled;
	if (filled == 0 || most(count_times(p, column, own), filled))
		return own;
	for (size_t i = 0; i < N_FORMATS; i++) {
		size_t n = count_times(p, column, formats[i]);
		if (n > best_n) {
			best_n = n;
			best = formats[i];
			*other = NULL;
		} else if (n == best_n && n > 0 && *other == NULL && best[0] == '%') {
			*other = formats[i];
		}
	}
	return most(best_n, filled) ? best : NULL;
}

const char *propose_time_words(const char *timestamps)
{
	if (strcmp(timestamps, "ms") == 0)
		return "Unix milliseconds";
	return strcmp(timestamps, "auto") == 0 ? "Unix seconds, microseconds or ISO 8601" : timestamps;
}

bool propose_repeats(const struct propose *p, size_t column)
{
	for (size_t row = 1; row < p->n_rows; row++) {
		const struct propose_cell *a = cell_at(p, row - 1, column), *b = cell_at(p, row, column);
		if (a->kept > 0 && a->kept == b->kept &&
		    memcmp(p->text.data + a->at, p->text.data + b->at, a->kept) == 0)
			return true;
	}
	return false;
}
