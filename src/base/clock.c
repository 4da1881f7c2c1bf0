/* SPDX-License-Identifier: MIT */
/* Clocks, waiting, and what signals ask for. */
#include "dropfeed/base.h"

#include <time.h>

#define LOOK_EVERY_MS 100 /* at df_stop_requested */

atomic_int df_stop_requested;
atomic_int df_progress_requested;

static int64_t clock_ms(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t df_now_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

void df_time_text(int64_t ms, char out[DF_TIME_TEXT])
{
	time_t seconds = ms / 1000;
	struct tm tm = {0};
	strftime(out, DF_TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
}

int64_t df_monotonic_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

bool df_is_leap_year(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

void df_sleep_ms(int64_t ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

bool df_rest(int64_t ms)
{
	int64_t left, end = df_monotonic_ms() + ms;
	while (!df_stop_requested && (left = end - df_monotonic_ms()) > 0)
		df_sleep_ms(left < LOOK_EVERY_MS ? left : LOOK_EVERY_MS);
	return !df_stop_requested;
}
