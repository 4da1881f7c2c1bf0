/* SPDX-License-Identifier: MIT */
#include "run_source.h"

#include <stdlib.h>
#include <time.h>

enum { TRIES = 5, PAUSE_MS = 500, PAUSE_MAX_MS = 30000, IDLE_ATTEMPTS_MAX = 2 };

/* A random time in the upper half of an interval that doubles with each failure, so that feeds
 * that lost the same server together do not all come back at the same instant. */
static int64_t retry_pause_ms(uint32_t failures)
{
	int64_t most = (int64_t)PAUSE_MS << (failures - 1);
	struct timespec now = {0};
	clock_gettime(CLOCK_MONOTONIC, &now);
	most = most < PAUSE_MAX_MS ? most : PAUSE_MAX_MS;
	return most / 2 + now.tv_nsec / 1000 % (most / 2 + 1);
}

struct tries { /* of one step */
	uint32_t n;
	int64_t since_ms;
};

/* Waits before another try. False: there were enough, or the run is to stop. */
static bool tries_again(const struct conf_feed *feed, struct tries *tries, struct df_err *why)
{
	int64_t now = df_monotonic_ms();
	if (tries->n++ == 0)
		tries->since_ms = now;
	if (df_stop_requested || tries->n == TRIES)
		return false;
	int64_t pause = retry_pause_ms(tries->n);
	if (now + pause - tries->since_ms > feed->send.give_up_after_ms)
		return false;
	df_err_context(why, "%s", feed->name);
	df_log_err(DF_LOG_WARN, why);
	df_log(DF_LOG_INFO, "%s: trying again in %.1f s", feed->name, (double)pause / 1000);
	df_rest(pause); /* a stop is seen by what is tried */
	*why = (struct df_err){0};
	return true;
}

/* With a place: on a connection that another feed is through with, or a new one. */
static enum df_status open_inside(struct run_source *s, struct df_err *err)
{
	struct df_err said = {0};
	struct fetch *kept = run_gate_take(s->gate, s->feed);
	enum df_status st = kept != NULL ? fetch_reopen(kept, s->feed, &said) : DF_RETRY;
	if (st == DF_OK) {
		s->fetch = kept;
		return DF_OK;
	}
	fetch_close(kept);
	if (st == DF_RETRY)
		return fetch_open(s->feed, &s->fetch, err);
	*err = said;
	return st;
}

static enum df_status open_once(struct run_source *s, struct df_err *err)
{
	if (df_stop_requested || !run_gate_enter(s->gate, &s->feed->fetch.source))
		return df_fail(DF_RETRY, err, NULL, "stopped; the next run goes on");

	enum df_status st = open_inside(s, err);
	if (st != DF_OK)
		run_gate_leave(s->gate, &s->feed->fetch.source);
	return st;
}

enum df_status run_source_open(struct run_source *s, struct df_err *err)
{
	struct tries tries = {0};
	enum df_status st = DF_RETRY;
	if (s->fetch != NULL)
		return DF_OK;
	if (s->unreachable)
		return df_fail(DF_RETRY, err, NULL,
			       "the source was given up for this run; the next one tries again");

	do {
		st = open_once(s, err);
	} while (st == DF_RETRY && tries_again(s->feed, &tries, err));
	s->unreachable = st != DF_OK;
	if (st == DF_RETRY && tries.n > 1)
		df_err_context(err, "gave up after %u tries, the next run goes on",
			       (unsigned)tries.n);
	return st;
}

/* After a step that failed. DF_OK: the connection had broken and is there again, the step is to
 * be repeated. */
static enum df_status open_again(struct run_source *s, struct tries *tries, enum df_status failed,
				 struct df_err *err)
{
	if (failed != DF_RETRY || !fetch_broken(s->fetch))
		return failed;

	if (fetch_received(s->fetch) > 0) {
		*tries = (struct tries){0};
		s->idle_attempts = 0;
	}
	run_source_close(s);
	if (tries_again(s->feed, tries, err))
		return run_source_open(s, err);

	/* A server that accepts the login and then gets nothing done counts as unreachable. */
	s->unreachable = ++s->idle_attempts >= IDLE_ATTEMPTS_MAX;
	return failed;
}

enum df_status run_source_do(struct run_source *s, run_source_step step, void *ctx,
			     struct df_err *err)
{
	struct tries tries = {0};
	enum df_status st = run_source_open(s, err);

	while (st == DF_OK) {
		st = step(s->fetch, ctx, err);
		if (st != DF_RETRY)
			break;
		st = open_again(s, &tries, st, err);
	}
	return st;
}

static enum df_status list_step(struct fetch *fetch, void *ctx, struct df_err *err)
{
	return fetch_list(fetch, ctx, err);
}

enum df_status run_source_list(struct run_source *s, struct fetch_list *list, struct df_err *err)
{
	return run_source_do(s, list_step, list, err);
}

struct get {
	const struct fetch_entry *entry;
	const char *path;
	char *sha256;
};

static enum df_status get_step(struct fetch *fetch, void *ctx, struct df_err *err)
{
	const struct get *g = ctx;
	return fetch_get(fetch, g->entry, g->path, g->sha256, err);
}

/* A download that breaks goes on where it stopped. */
enum df_status run_source_get(struct run_source *s, const struct fetch_entry *e, const char *path,
			      char sha256[DF_SHA256_HEX], struct df_err *err)
{
	struct get g = {e, path, sha256};
	return run_source_do(s, get_step, &g, err);
}

void run_source_close(struct run_source *s)
{
	if (s->fetch == NULL)
		return;
	if (!run_gate_keep(s->gate, &s->feed->fetch.source, s->fetch))
		fetch_close(s->fetch);
	s->fetch = NULL;
	run_gate_leave(s->gate, &s->feed->fetch.source);
}

void run_source_log_misnamed(const struct run_source *s, const struct fetch_entry *e)
{
	df_log(DF_LOG_WARN, "%s: %s: left alone: %s", s->feed->name, e->name, e->why);
}
