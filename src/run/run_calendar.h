/* SPDX-License-Identifier: MIT */
/*
 * run_calendar.h - was a deadline of `expect` met?
 *
 * A file belongs to the earliest deadline that still lacks one, from the deadline before it to
 * half the way to the next one: what comes in that half is late for this one, and does not count
 * for the next. What comes after that is early for the next. No clock and no ledger here.
 */
#ifndef DROPFEED_RUN_CALENDAR_H
#define DROPFEED_RUN_CALENDAR_H

#include "dropfeed/conf.h"
#include "dropfeed/time.h"

#define RUN_CALENDAR_MAX 8 /* deadlines that are looked back */

struct run_calendar {
	uint32_t files;
	/* Unix milliseconds: the one before those that are looked at, these, and the next one,
	 * which is yet to come */
	int64_t before, at[RUN_CALENDAR_MAX], next;
	size_t n; /* 0: nothing was due yet */
};

/* The deadlines after since_ms and up to now_ms, the latest ones where they are many. */
void run_calendar_make(const struct conf_expect *e, const struct time_zone *zone, int64_t since_ms,
		       int64_t now_ms, struct run_calendar *out);

/* Whether the latest deadline was met, be it late, or something came after it. arrivals: in
 * order; those up to `before` do not matter. *came: how many files counted for it. */
bool run_calendar_met(const struct run_calendar *c, const int64_t *arrivals, size_t n,
		      uint32_t *came);

#endif
