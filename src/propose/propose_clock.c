/* SPDX-License-Identifier: MIT */
/* A date and a time of day in two columns are joined where the two together are times. */
#include "propose_priv.h"

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
	static const char *const words[] = {"time",  "zeit", "uhr",  "hour", "hora",
					    "heure", "ora",  "tijd", "erzet"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(c->normal, words[i]) != NULL)
			return true;
	return false;
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

void propose_time_join(struct propose *p)
{
	const struct propose_column *found = propose_column_at(p, PROPOSE_TIME);
	if (found == NULL || !p->has_header ||
	    !propose_time_is_day(p, (size_t)(found - p->columns)))
		return;
	size_t date = (size_t)(found - p->columns);
	for (size_t i = 0; i < p->n; i++) {
		struct propose_column *c = &p->columns[i];
		if (c->what != PROPOSE_OPEN || !names_clock(c) || !is_clock(p, i) ||
		    !try_join(p, date, i))
			continue;
		c->what = PROPOSE_IGNORE;
		propose_because(c, "the time of day: joined to the date in column %zu", date + 1);
		propose_because(&p->columns[date],
				"guessed from the name; joined with the time of day in column %zu",
				i + 1);
		p->transform = true;
		return;
	}
	df_buf_adds(&p->todo,
		    "the times are days without a time of day: all events of a day are at 00:00\n");
}
