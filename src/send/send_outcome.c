/* SPDX-License-Identifier: MIT */
/* What an answer, or none, does to the lane and to its route while there is a way to the API. */
#include "send_outcome.h"
#include "send_objects.h"
#include "send_pace.h"
#include "send_request.h"
#include "send_suspect.h"
#include "send_verdict.h"

#include <stdio.h>
#include <string.h>

#define RETRY_AFTER_MAX   86400 /* seconds */
#define REMEMBER_EVERY_MS 600000
#define PAUSE_AT_ONCE_MS  60000 /* the longest backoff, too */
#define PROBES            2u    /* of an unwell route, that failed */

static void remember(struct http_lane *lane, const struct send_past *past)
{
	const struct send_memory *memory = &lane->stream->base->sender->memory;
	struct df_err err = {0};
	if (memory->remember != NULL &&
	    memory->remember(memory->ctx, lane->stream->route->fingerprint, past, &err) != DF_OK)
		df_log_err(DF_LOG_WARN, &err);
}

/* The service's own clock where the answer shows it, else this machine's, in seconds. */
static int64_t lane_clock(const struct http_lane *lane)
{
	time_t there = lane->date[0] != '\0' ? curl_getdate(lane->date, NULL) : -1;
	return there != -1 ? (int64_t)there : df_now_ms() / 1000;
}

/* Seconds until the service takes requests again. */
static int64_t lane_reset_after(const struct http_lane *lane)
{
	int64_t now = lane_clock(lane);
	return lane->reset_s > now ? lane->reset_s - now : 0;
}

void http_lane_well(struct http_lane *lane, int64_t now)
{
	struct http_route *route = lane->stream->route;
	const struct send_request *r = &lane->request;
	pthread_mutex_lock(http_lane_lock(lane));
	http_route_succeeded(lane, r->item[r->from].batch->historical, now);
	const struct send_paced paced = {
	    .n = lane->stream->service->paces_requests ? 1 : r->to - r->from,
	    .in_second = lane->in_second,
	    .trip = now - lane->started};
	send_pace_calm(&route->key->pace, lane->percent_used, &paced, now);
	int64_t pause = lane->left == 0 ? lane_reset_after(lane) : 0;
	if (pause > 0)
		send_pace_pause(&route->key->pace, now + pause * 1000);
	bool news = route->waiting || route->remembered_at == 0 ||
		    now - route->remembered_at >= REMEMBER_EVERY_MS;
	if (news)
		route->remembered_at = now;
	route->waiting = false;
	pthread_mutex_unlock(http_lane_lock(lane));
	if (news)
		remember(lane, &(struct send_past){.success_ms = df_now_ms()});
}

void http_lane_split(struct http_lane *lane, const struct send_verdict *v, int64_t now)
{
	send_request_apply(&lane->request, v);
	lane->ready_at = now;
	http_lane_settle(lane);
}

/* What the API asked for, in milliseconds; 0: nothing. curl understands both forms, seconds and
 * a date, without a bound, but measures a date by this machine's clock. */
static int64_t lane_retry_after(struct http_lane *lane)
{
	curl_off_t seconds = 0;
	time_t until = strchr(lane->after, ':') != NULL ? curl_getdate(lane->after, NULL) : -1;
	if (until != -1)
		seconds = (int64_t)until - lane_clock(lane);
	else
		curl_easy_getinfo(lane->easy, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds <= 0)
		seconds = lane_reset_after(lane);
	if (seconds > RETRY_AFTER_MAX)
		seconds = RETRY_AFTER_MAX;
	return seconds > 0 ? (int64_t)seconds * 1000 : 0;
}

void http_lane_throttled(struct http_lane *lane, const struct http_outcome *o)
{
	struct http_route *route = lane->stream->route;
	struct sender *sender = lane->stream->base->sender;
	int64_t asked = lane_retry_after(lane);
	bool acceleration = strcasestr(lane->exceeded, "acceleration") != NULL;
	char why[160];
	snprintf(why, sizeof(why), "rate limit reached (%.60s)",
		 lane->exceeded[0] != '\0' ? lane->exceeded : "HTTP 429");

	pthread_mutex_lock(&sender->lock);
	int64_t wait = asked > 0 ? asked : http_backoff(lane->stream->http, route->key->throttled);
	route->key->throttled++;
	route->waiting |= asked > 0;
	send_pace_throttled(&route->key->pace, wait, acceleration, o->now);
	sender->stats.retries++;
	sender->stats.throttled++;
	http_route_trouble(lane, why);
	http_route_log(route, why, wait, o->now);
	pthread_mutex_unlock(&sender->lock);
	if (sender->memory.throttled != NULL)
		sender->memory.throttled(sender->memory.ctx, lane->stream->base->feed->name);
	if (asked > 0)
		remember(lane, &(struct send_past){.not_before_ms = df_now_ms() + asked});
}

/* libcurl 8.23 counts a CONNECT as the request's beginning, older ones do not. */
static bool ended_at_proxy(struct http_lane *lane)
{
	long code = 0;
	if (lane->stream->route->proxy.url == NULL)
		return false;
	curl_easy_getinfo(lane->easy, CURLINFO_HTTP_CONNECTCODE, &code);
	return code >= 300 || strncmp(lane->trouble, "Proxy ", 6) == 0;
}

bool http_lane_was_sent(struct http_lane *lane)
{
	curl_off_t at = 0;
	if (ended_at_proxy(lane))
		return false;
	return curl_easy_getinfo(lane->easy, CURLINFO_PRETRANSFER_TIME_T, &at) == CURLE_OK &&
	       at > 0;
}

static void log_blame(const struct http_route *route, enum send_blame blame, const char *why)
{
	if (blame == SEND_BLAME_HALVED)
		df_log(DF_LOG_DEBUG, "%s: %s, while others succeed: the request is halved",
		       route->name, why);
	else if (blame == SEND_BLAME_SET_ASIDE)
		df_log(DF_LOG_INFO,
		       "%s: %s again and again, while others succeed: the batch is set aside",
		       route->name, why);
}

static enum send_blame lane_blame(struct http_lane *lane, uint64_t successes, const char *why)
{
	struct http_route *route = lane->stream->route;
	struct send_request *r = &lane->request;
	size_t from = r->from;
	bool historical = r->item[from].batch->historical;
	enum send_blame blame = send_request_blame(r, successes, why);
	if (r->suspect)
		http_suspect_store(route, r, from);
	route->set_aside[historical] += blame == SEND_BLAME_SET_ASIDE;
	return blame;
}

/* How long to leave the service alone, as an answer other than a 429 says. Under lock. One row may
 * get that answer, and nobody would be served: before an unwell route has been probed, with other
 * rows as well, a long wait is not taken for the service's, nor one of a request that failed
 * before and others did not. */
static int64_t lane_pause(struct http_lane *lane, uint64_t successes)
{
	const struct http_route *route = lane->stream->route;
	const struct send_request *r = &lane->request;
	const struct send_item *item = &r->item[r->from];
	int64_t asked = lane_retry_after(lane),
		patience = lane->stream->base->feed->send.give_up_after_ms;
	bool is_long = asked > PAUSE_AT_ONCE_MS || asked > patience;
	bool others = item->failures > 0 && successes != item->seen;
	if (route->unwell && route->probes >= PROBES)
		return asked;
	return others || is_long ? 0 : asked;
}

void http_lane_again(struct http_lane *lane, const struct http_outcome *o)
{
	struct http_route *route = lane->stream->route;
	struct sender *sender = lane->stream->base->sender;
	struct send_request *r = &lane->request;
	bool timeout = o->code == CURLE_OPERATION_TIMEDOUT, sent = http_lane_was_sent(lane);
	struct http_failure f = {.why = o->why, .timeout = timeout && sent};
	if (!sent)
		http_address_doubt(&route->address);

	pthread_mutex_lock(&sender->lock);
	uint64_t successes = http_route_evidence(route, r->item[r->from].batch->historical,
						 o->code == CURLE_OK && o->status == 403);
	f.asked = lane_pause(lane, successes);
	bool alone =
	    sent && r->to - r->from == 1 && send_request_counts(&r->item[r->from], successes);
	enum send_blame blame = sent ? lane_blame(lane, successes, o->why) : SEND_BLAME_NONE;
	int64_t wait = http_route_failed(lane, &f, o->now);
	if (blame != SEND_BLAME_NONE) { /* what is left is another request */
		lane->failures = 0;
		lane->not_before = 0;
		if (f.timeout) { /* that took its time */
			route->probes = 0;
			route->probe_at = o->now;
		}
	} else if (sent && r->to - r->from == 1 && !lane->stream->service->once &&
		   !send_request_stays(r, successes)) {
		send_request_pass(r);
	}
	sender->stats.retries++;
	http_route_log(route, o->why, blame == SEND_BLAME_NONE ? wait : 0, o->now);
	log_blame(route, blame, o->why);
	pthread_mutex_unlock(&sender->lock);
	if (alone)
		http_suspects_remember(route, &sender->memory);
	if (blame == SEND_BLAME_SET_ASIDE)
		http_lane_settle(lane);
}

void http_lane_lost(struct http_lane *lane, const struct http_outcome *o)
{
	struct http_route *route = lane->stream->route;
	struct sender *sender = lane->stream->base->sender;
	const struct http_failure f = {.why = o->why,
				       .asked = lane_retry_after(lane),
				       .timeout = o->code == CURLE_OPERATION_TIMEDOUT};
	pthread_mutex_lock(&sender->lock);
	int64_t wait = http_route_failed(lane, &f, o->now);
	http_route_log(route, o->why, wait, o->now);
	pthread_mutex_unlock(&sender->lock);
	http_lane_settle(lane);
}

void http_lane_too_large(struct http_lane *lane, const struct send_verdict *v,
			 const struct http_outcome *o)
{
	struct send_request *r = &lane->request;
	pthread_mutex_lock(http_lane_lock(lane));
	bool others = lane->stream->route->success_at != 0;
	pthread_mutex_unlock(http_lane_lock(lane));
	if (r->to - r->from > 1) {
		http_lane_split(lane, v, o->now);
		return;
	}
	if (!others) {
		http_lane_again(lane, o);
		return;
	}
	send_request_set_aside(r, o->why);
	log_blame(lane->stream->route, SEND_BLAME_SET_ASIDE, o->why);
	lane->ready_at = o->now;
	http_lane_settle(lane);
}
