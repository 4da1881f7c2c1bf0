/* SPDX-License-Identifier: MIT */
/* Numbers and times as people read them. */
#include "report_period.h"

#include <time.h>

#define COULD_MIN 20.0 /* batches that a limit allows: less says nothing of a share */

double period_share(const struct period_sum *s)
{
	return s->could >= COULD_MIN ? s->sent / s->could : -1;
}

int64_t period_median(const struct period_sum *s)
{
	return s->n_took > 0 ? s->took[s->n_took / 2] : -1;
}

int64_t period_longest(const struct period_sum *s)
{
	return s->n_took > 0 ? s->took[s->n_took - 1] : -1;
}

uint64_t period_bar_rows(const struct period_bar *b)
{
	return b->delivered + b->rejected + b->skipped;
}

size_t period_highest(const struct period *p, const struct period_sum *s)
{
	size_t highest = 0;
	for (size_t i = 1; i < p->n_bars; i++)
		if (period_bar_rows(&s->bars[i]) > period_bar_rows(&s->bars[highest]))
			highest = i;
	return highest;
}

void period_number(uint64_t n, char out[PERIOD_WORDS])
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n), at = 0;
	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
}

/* What is not all is not 100 %, and what is not nothing is not 0 %. */
void period_percent(double share, char out[PERIOD_WORDS])
{
	double percent = share * 100;
	if (percent > 99.9 && percent < 100)
		percent = 99.9;
	if (percent > 0 && percent < 0.1)
		snprintf(out, PERIOD_WORDS, "under 0.1 %%");
	else
		snprintf(out, PERIOD_WORDS, percent == 0 || percent >= 100 ? "%.0f %%" : "%.1f %%",
			 percent);
}

void period_duration(int64_t ms, char out[PERIOD_WORDS])
{
	long long s = ms / 1000, min = s / 60, h = min / 60, d = h / 24;
	if (ms < 10000)
		snprintf(out, PERIOD_WORDS, "%.1f s", (double)ms / 1000);
	else if (s < 60)
		snprintf(out, PERIOD_WORDS, "%lld s", s);
	else if (min < 60)
		snprintf(out, PERIOD_WORDS, "%lld min %lld s", min, s % 60);
	else if (h < 48)
		snprintf(out, PERIOD_WORDS, "%lld h %lld min", h, min % 60);
	else
		snprintf(out, PERIOD_WORDS, "%lld days", d);
}

void period_bytes(uint64_t n, char out[PERIOD_WORDS])
{
	static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
	double size = (double)n;
	size_t unit = 0;
	for (; size >= 1000 && unit < 6; unit++)
		size /= 1000;
	snprintf(out, PERIOD_WORDS, size < 10 && unit > 0 ? "%.1f %s" : "%.0f %s", size,
		 units[unit]);
}

/* False: no calendar has that time. */
static bool calendar(int64_t ms, struct tm *tm)
{
	time_t t = (time_t)(ms / 1000 - (ms % 1000 < 0));
	return gmtime_r(&t, tm) != NULL;
}

void period_minute(int64_t ms, char out[PERIOD_WORDS])
{
	struct tm tm;
	if (!calendar(ms, &tm) || strftime(out, PERIOD_WORDS, "%Y-%m-%d %H:%M", &tm) == 0)
		snprintf(out, PERIOD_WORDS, "?");
}

void period_day(const struct period *p, size_t bar, char out[PERIOD_WORDS])
{
	struct tm tm;
	int64_t ms = (p->first_day + (int64_t)(bar * p->days)) * DF_DAY_MS;
	if (!calendar(ms, &tm) || strftime(out, PERIOD_WORDS, "%Y-%m-%d", &tm) == 0)
		snprintf(out, PERIOD_WORDS, "?");
}
