/* SPDX-License-Identifier: MIT */
/* How a way to the API is: well, unwell or closed. */
#include "send_http.h"

#include <stdio.h>
#include <stdlib.h>

#define UNWELL_FAILURES 3     /* in a row; a request without an answer counts as that many */
#define LOG_EVERY_MS    60000 /* while a route has trouble */
#define SET_ASIDE_MAX   3     /* batches that others' successes speak against */

int64_t http_route_silent_until(const struct http_route *route)
{
	int64_t key = route->key->pace.not_before;
	return route->not_before > key ? route->not_before : key;
}

void http_route_check(struct http_route *route, int64_t patience, int64_t now)
{
	int64_t until = http_route_silent_until(route);
	if (route->closed != DF_OK)
		return;
	if (route->trouble_since == 0 && until > now)
		route->trouble_since = now;
	if (route->trouble_since == 0)
		return;

	const char *trouble = route->trouble[0] != '\0' ? route->trouble : "rate limit reached";
	if (until > now && until - route->trouble_since > patience)
		route->closed =
		    df_fail(DF_RETRY, &route->why, NULL,
			    "%s is not to be called for another %lld s (%s): run again after that",
			    route->name, (long long)((until - now + 999) / 1000), trouble);
	else if (patience == 0)
		route->closed = df_fail(DF_RETRY, &route->why, NULL,
					"no usable response from %s: %s", route->name, trouble);
	else if (now - route->trouble_since >= patience)
		route->closed = df_fail(
		    DF_RETRY, &route->why, NULL,
		    "gave up after %lld s without a usable response from %s, the last was: %s",
		    (long long)(patience / 1000), route->name, trouble);
}

enum send_health http_route_health(struct http_route *route, const struct conf_feed *feed,
				   int64_t *probe_ms)
{
	int64_t now = df_monotonic_ms(), due = http_route_silent_until(route);
	http_route_check(route, feed->send.give_up_after_ms, now);
	if (route->closed != DF_OK)
		return SEND_CLOSED;
	if (route->unwell && route->probe_at > due)
		due = route->probe_at;
	*probe_ms = due > now ? due - now : 0;
	return route->unwell || *probe_ms > 0 ? SEND_UNWELL : SEND_WELL;
}

static void route_recovered(struct send_http *h, struct http_route *route)
{
	route->unwell = false;
	route->probes = 0;
	for (struct http_stream *st = h->streams; st != NULL; st = st->next)
		for (uint32_t i = 0; st->route == route && i < st->base->n_lanes; i++)
			st->lanes[i].failures = 0, st->lanes[i].not_before = 0;
}

void http_route_succeeded(struct http_lane *lane, bool historical, int64_t now)
{
	struct http_route *route = lane->stream->route;
	if (route->logged)
		df_log(DF_LOG_INFO, "%s answers again", route->name);
	if (route->unwell)
		route_recovered(lane->stream->http, route);
	if (route->closed == DF_RETRY) {
		route->closed = DF_OK;
		route->why = (struct df_err){0};
	}
	lane->failures = 0;
	lane->not_before = 0;
	route->successes[historical]++;
	route->host->successes++;
	route->set_aside[historical] = 0;
	route->success_at = now;
	route->proven = true;
	route->failures = route->timeouts = 0;
	route->trouble_since = route->not_before = 0;
	route->logged = false;
	route->key->throttled = 0;
}

uint64_t http_route_evidence(const struct http_route *route, bool historical, bool access)
{
	if (route->set_aside[historical] >= SET_ASIDE_MAX)
		return route->successes[historical];
	return access ? route->successes[0] + route->successes[1] : route->host->successes;
}

/* A request that was sent before the trouble began may still succeed. */
static bool hope_left(const struct send_http *h, const struct http_route *route)
{
	for (const struct http_stream *st = h->streams; st != NULL; st = st->next)
		for (uint32_t i = 0; st->route == route && i < st->base->n_lanes; i++)
			if (st->lanes[i].in_flight && st->lanes[i].started < route->trouble_since)
				return true;
	return false;
}

/* Their documents wait elsewhere, without a worker. */
static void park(struct http_stream *st)
{
	struct df_err why = {0};
	int64_t silent = http_route_silent_until(st->route) - df_monotonic_ms();
	if (!st->base->sender->parks)
		return;
	if (silent > 0)
		df_fail(DF_RETRY, &why, NULL,
			"%s is not to be called for another %lld s (%s): run again after that",
			st->route->name, (long long)((silent + 999) / 1000), st->route->trouble);
	else
		df_fail(DF_RETRY, &why, NULL, "%s is unavailable: %s", st->route->name,
			st->route->trouble);
	http_stream_stop(st, DF_RETRY, &why);
}

static void route_turns_unwell(struct send_http *h, struct http_route *route)
{
	route->unwell = true;
	for (struct http_stream *st = h->streams; st != NULL; st = st->next)
		if (st->route == route)
			park(st);
}

void http_route_trouble(struct http_lane *lane, const char *why)
{
	struct http_route *route = lane->stream->route;
	snprintf(route->trouble, sizeof(route->trouble), "%s", why);
	df_utf8_sanitize(route->trouble);
	if (route->trouble_since == 0)
		route->trouble_since =
		    lane->started > route->success_at ? lane->started : route->success_at;
}

int64_t http_backoff(struct send_http *h, unsigned failures)
{
	const struct send_tuning *t = &h->sender->tuning;
	double random = (double)rand_r(&h->seed) / ((double)RAND_MAX + 1);
	return send_backoff(failures, t->backoff_base, t->backoff_cap, random);
}

int64_t http_route_failed(struct http_lane *lane, const struct http_failure *f, int64_t now)
{
	struct send_http *h = lane->stream->http;
	struct http_route *route = lane->stream->route;
	http_route_trouble(lane, f->why);
	if (route->failures == 0 || lane->started >= route->failed_at) {
		route->failures += f->timeout ? UNWELL_FAILURES : 1;
		route->timeouts += f->timeout;
	}
	route->failed_at = now;

	int64_t wait = 0;
	bool probe = route->unwell;
	if (!route->unwell && route->failures >= UNWELL_FAILURES &&
	    now - route->trouble_since >= h->sender->tuning.unwell_after && !hope_left(h, route))
		route_turns_unwell(h, route);
	if (route->unwell) {
		wait = http_backoff(h, route->probes++);
		route->probe_at = now + wait;
	} else {
		wait = http_backoff(h, lane->failures);
	}
	lane->failures++;
	lane->not_before = now + wait;
	lane->ready_at = now; /* the others come first */
	if (wait < f->asked) {
		wait = f->asked;
		route->not_before = now + wait;
	}
	if (probe)
		park(lane->stream);
	return wait;
}

void http_route_log(struct http_route *route, const char *why, int64_t wait, int64_t now)
{
	bool quiet = route->logged_at != 0 && now - route->logged_at < LOG_EVERY_MS;
	df_log(quiet ? DF_LOG_DEBUG : DF_LOG_WARN, "%s: %s, next try in %.1f s", route->name, why,
	       (double)wait / 1000);
	if (quiet)
		return;
	route->logged_at = now;
	route->logged = true;
}
