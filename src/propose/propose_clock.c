/* SPDX-License-Identifier: MIT */
/* A date and a time of day in two columns are joined where the two together are times. */
#include "propose_time.h"

#include "propose_names.h"
#include "propose_value.h"

#include <stdlib.h>

static bool is_clock(const struct propose *p, size_t column)
{
	size_t filled = 0, n = 0, len;
	for (size_t row = 0; row < p->n_rows; row++) {
		const char *s = propose_cell_text(p, row, column, &len);
		map_cell_trim(&s, &len);
		filled += len > 0;
		size_t digits = 0;
		while (digits < len && s[digits] >= '0' && s[digits] <= '9')
			digits++;
		n += len >= 4 && len <= 11 &&
		     (digits == 6 || digits == 4
			  ? digits == len
			  : (digits == 1 || digits == 2) && strchr(":.", s[digits]) != NULL);
	}
	return filled > 0 && propose_most(n, filled);
}

static bool names_clock(const struct propose_column *c)
{
	static const char *const words[] = {"time", "zeit", "uhr",   "hour",   "hora", "heure",
					    "ora",  "tijd", "erzet", "stunde", "時刻", "時間"};
	return propose_names_any(c, words, sizeof(words) / sizeof(words[0]));
}

/* The bytes of "date" or "time" at the end of a longer word; 0: it has none. */
static size_t tail_of(const char *word, size_t len)
{
	static const char *const tails[] = {"datum", "date", "uhrzeit", "zeit", "time", "tijd"};
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		size_t tail = strlen(tails[i]);
		if (len > tail && strcmp(word + len - tail, tails[i]) == 0)
			return tail;
	}
	return 0;
}

/* What a name says beside "date" and "time": of "Sale Date" it is "sale". The caller's. */
static char *stem(const struct propose_column *c)
{
	static const char words[] =
	    "date day datum data fecha time of the timestamp zeit uhrzeit uhr "
	    "hour hora heure ora tijd erzet hh mm de del do da";
	struct df_buf out = {.max = 4096};
	for (const char *s = c->name; *s != '\0';) {
		size_t n = propose_names_token(s);
		char *word = propose_names_expand(s, n);
		size_t len = strlen(word);
		if (n > 0 && !schema_word_is(words, word, len))
			df_buf_add(&out, word, len - tail_of(word, len));
		free(word);
		s += n > 0 ? n : 1;
	}

	char *text = df_strdup(df_buf_cstr(&out));
	df_buf_free(&out);
	return text;
}

/* 3: a time of the same thing; 2: a time, and that is all; 1: of something, where the date is just
 * a date; 0: a time of something else. */
static int related(const struct propose_column *date, const struct propose_column *clock)
{
	char *one = stem(date), *other = stem(clock);
	int how = strcmp(one, other) == 0 ? 3 : other[0] == '\0' ? 2 : one[0] == '\0' ? 1 : 0;
	free(one);
	free(other);
	return how;
}

/* Joins the clock when the two together are times that are known. */
static bool try_join(struct propose *p, size_t date, size_t clock)
{
	struct propose_column *c = &p->columns[date];
	const char *other;
	char *day = propose_value_row(c), *hour = propose_value_row(&p->columns[clock]);
	c->clock = clock + 1;
	bool fits = day != NULL && hour != NULL && propose_time(p, date, &other) != NULL;
	if (!fits)
		c->clock = 0;
	else
		c->value = df_format("{{ %s }} {{ %s }}", day, hour);
	free(day);
	free(hour);
	return fits;
}

static void note_join(struct propose *p, size_t date, size_t clock)
{
	struct propose_column *c = &p->columns[clock];
	c->what = PROPOSE_IGNORE;
	propose_because(c, "the time of day: joined to the date in column %zu", date + 1);
	propose_because(&p->columns[date],
			"guessed from the name; joined with the time of day in column %zu",
			clock + 1);
	p->transform = true;
}

void propose_time_join(struct propose *p)
{
	const struct propose_column *found = propose_column_at(p, PROPOSE_TIME);
	if (found == NULL || !p->has_header ||
	    !propose_time_is_day(p, (size_t)(found - p->columns)))
		return;
	size_t date = (size_t)(found - p->columns);
	for (int how = 3; how > 0; how--) {
		for (size_t i = 0; i < p->n; i++) {
			const struct propose_column *c = &p->columns[i];
			if (c->what != PROPOSE_OPEN || !names_clock(c) ||
			    related(found, c) != how || !is_clock(p, i) || !try_join(p, date, i))
				continue;
			note_join(p, date, i);
			return;
		}
	}
	df_buf_adds(&p->todo,
		    "the times are days without a time of day: all events of a day are at 00:00\n");
}
