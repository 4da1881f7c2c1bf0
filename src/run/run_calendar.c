/* SPDX-License-Identifier: MIT */
#include "run_calendar.h"

#define DAY_S INT64_C(86400)

/* 1970-01-01 was a Thursday. */
static bool is_due_day(const struct conf_expect *e, int64_t day)
{
	return (e->days & (1u << ((day % 7 + 11) % 7))) != 0;
}

static int64_t deadline(const struct conf_expect *e, const struct time_zone *zone, int64_t day)
{
	return time_zone_to_utc(zone, day * DAY_S + (int64_t)e->minute * 60) * 1000;
}

static void calendar_push(struct run_calendar *c, int64_t at)
{
	if (c->n == RUN_CALENDAR_MAX) {
		c->before = c->at[0];
		memmove(c->at, c->at + 1, (RUN_CALENDAR_MAX - 1) * sizeof(*c->at));
		c->n--;
	}
	c->at[c->n++] = at;
}

void run_calendar_make(const struct conf_expect *e, const struct time_zone *zone, int64_t since_ms,
		       int64_t now_ms, struct run_calendar *out)
{
	int64_t today = now_ms / 1000 / DAY_S;
	*out = (struct run_calendar){.files = e->files};
	/* A week for each deadline, should only one day of it be due, and one before them; local
	 * days are up to a day off. */
	for (int64_t day = today - (RUN_CALENDAR_MAX + 2) * 7; day <= today + 9; day++) {
		int64_t at = is_due_day(e, day) ? deadline(e, zone, day) : 0;
		if (at == 0)
			continue;
		if (at > now_ms) {
			out->next = at;
			break;
		}
		if (at > since_ms)
			calendar_push(out, at);
		else
			out->before = at;
	}
}

/* What came up to then counts for the deadline `i`. */
static int64_t late_until(const struct run_calendar *c, size_t i)
{
	int64_t next = i + 1 < c->n ? c->at[i + 1] : c->next;
	return c->at[i] + (next - c->at[i]) / 2;
}

bool run_calendar_met(const struct run_calendar *c, const int64_t *arrivals, size_t n,
		      uint32_t *came)
{
	uint32_t met[RUN_CALENDAR_MAX] = {0}, after = 0;
	*came = 0;
	if (c->n == 0)
		return true;
	int64_t last = c->at[c->n - 1];
	for (size_t k = 0; k < n; k++) {
		int64_t t = arrivals[k];
		after += t > last;
		for (size_t i = 0; i < c->n; i++) {
			if (met[i] >= c->files || t > late_until(c, i) ||
			    t <= (i > 0 ? c->at[i - 1] : c->before))
				continue;
			met[i]++;
			break;
		}
	}
	*came = met[c->n - 1];
	return *came >= c->files || after >= c->files;
}
