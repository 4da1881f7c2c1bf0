/* SPDX-License-Identifier: MIT */
#include "run_source.h"

#include "dropfeed/decode.h"

#include <stdlib.h>
#include <time.h>

enum { TRIES = 5, PAUSE_MS = 500, PAUSE_MAX_MS = 30000, BARREN_MAX = 2, SLICE_MS = 100 };

/* Somewhere in the upper half of what doubles with each failure: feeds that lost the same server together do not all
 * come back at the same instant. */
static int64_t pause_ms(uint32_t failures)
{
	int64_t most = (int64_t)PAUSE_MS << (failures - 1);
	struct timespec now = {0};
	clock_gettime(CLOCK_MONOTONIC, &now);
	most = most < PAUSE_MAX_MS ? most : PAUSE_MAX_MS;
	return most / 2 + now.tv_nsec / 1000 % (most / 2 + 1);
}

/* Waits before another try. False: there were enough, or the run is to stop. */
static bool tries_again(const struct conf_feed *feed, struct run_tries *tries, struct df_err *why)
{
	int64_t now = df_monotonic_ms();
	if (tries->n++ == 0)
		tries->since_ms = now;
	if (df_stop_requested || tries->n == TRIES)
		return false;
	int64_t pause = pause_ms(tries->n);
	if (now + pause - tries->since_ms > feed->give_up_after_ms)
		return false;
	df_err_context(why, "%s", feed->name);
	df_log_err(DF_LOG_WARN, why);
	df_log(DF_LOG_INFO, "%s: trying again in %.1f s", feed->name, (double)pause / 1000);
	while (df_monotonic_ms() - now < pause && !df_stop_requested)
		nanosleep(&(struct timespec){.tv_nsec = SLICE_MS * 1000000L}, NULL);
	*why = (struct df_err){0};
	return true;
}

enum df_status run_source_open(struct run_source *s, struct df_err *err)
{
	struct run_tries tries = {0};
	enum df_status st = DF_RETRY;
	if (s->fetch != NULL)
		return DF_OK;
	if (s->away)
		return df_fail(DF_RETRY, err, NULL, "the source was given up for this run; the next one tries again");
	do {
		st = df_stop_requested ? df_fail(DF_RETRY, err, NULL, "stopped; the next run goes on")
				       : fetch_open(s->feed, &s->fetch, err);
	} while (st == DF_RETRY && tries_again(s->feed, &tries, err));
	s->away = st != DF_OK;
	if (st == DF_RETRY && tries.n > 1)
		df_err_context(err, "gave up after %u tries, the next run goes on", (unsigned)tries.n);
	return st;
}

bool run_source_again(struct run_source *s, struct run_tries *tries, enum df_status said, enum df_status *st,
		      struct df_err *err)
{
	*st = said;
	if (said != DF_RETRY || !fetch_broken(s->fetch))
		return false;
	if (fetch_received(s->fetch) > 0) {
		*tries = (struct run_tries){0};
		s->barren = 0;
	}
	run_source_close(s);
	if (!tries_again(s->feed, tries, err)) {
		/* A server that lets us in and then gets nothing done is as good as one that is away. */
		s->away = ++s->barren >= BARREN_MAX;
		return false;
	}
	*st = run_source_open(s, err);
	return *st == DF_OK;
}

void run_source_close(struct run_source *s)
{
	fetch_close(s->fetch);
	s->fetch = NULL;
}

void run_source_tell_misnamed(const struct run_source *s, const struct fetch_entry *e)
{
	struct name name = {0};
	struct df_err why = {0};
	if (name_parse(e->name, &name, &why) != DF_REJECT)
		return;
	df_err_context(&why, "%s: %s: left alone", s->feed->name, e->name);
	df_log_err(DF_LOG_WARN, &why);
}
