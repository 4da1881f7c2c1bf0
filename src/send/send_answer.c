/* SPDX-License-Identifier: MIT */
/* An answer is read, and handed to what is to be done about it. */
#include "send_objects.h"
#include "send_outcome.h"
#include "send_proxy.h"
#include "send_quote.h"
#include "send_request.h"
#include "send_unpack.h"
#include "send_verdict.h"

#include "dropfeed/step.h"

#include <stdio.h>
#include <stdlib.h>

/* Whether the service may have taken what must not be sent twice, and did not say so. */
static bool is_lost(struct http_lane *lane, const struct http_outcome *o,
		    const struct send_verdict *v)
{
	return v->action == SEND_AGAIN && (o->code != CURLE_OK || v->lost) &&
	       http_lane_was_sent(lane) && send_objects_once(&lane->request);
}

static enum send_action proxy_action(long status)
{
	return status == 408 || status == 429 || status >= 500 ? SEND_AGAIN : SEND_STRAY;
}

static void read_failure(struct http_lane *lane, struct http_outcome *o, struct send_verdict *v)
{
	curl_easy_getinfo(lane->easy, CURLINFO_HTTP_CONNECTCODE, &o->by_proxy);
	if (o->by_proxy < 300 || lane->stream->route->proxy.url == NULL)
		o->by_proxy = 0;
	http_trouble(lane, o->code, o->why);
	v->action = http_certificate_refused(o->code) ? SEND_DENY : SEND_AGAIN;
	if (o->by_proxy == 0)
		return;
	v->action = proxy_action(o->by_proxy);
	snprintf(o->why, sizeof(o->why), "HTTP %ld of the proxy", o->by_proxy);
}

/* Some pages repeat the request, its header with the credentials included. */
static void mask_answer(const struct conf_feed *feed, char *why)
{
	char *token = send_basic_token(feed->send.api_key, feed->send.api_secret);
	const char *const secrets[] = {feed->send.api_secret, token, NULL};
	send_mask(why, secrets);
	free(token);
}

/* asks: the request carried no batch. */
static void read_answer(struct http_lane *lane, struct http_outcome *o, bool asks,
			struct send_verdict *v)
{
	const struct http_service *service = lane->stream->service;
	const struct http_route *route = lane->stream->route;
	pthread_mutex_lock(http_lane_lock(lane));
	/* Others that are on the wire with it may prove the key yet. */
	bool volley =
	    route->in_flight > 0 && (route->failures == 0 || lane->started < route->failed_at);
	bool proven = route->proven || volley;
	pthread_mutex_unlock(http_lane_lock(lane));
	bool readable = send_unpack(&lane->answer, lane->coding, HTTP_ANSWER_MAX);
	const struct send_answer a = {.status = o->status,
				      .body = lane->answer.data,
				      .len = lane->answer.len,
				      .cut = lane->answer.over,
				      .unreadable = !readable,
				      .proven = proven};
	if (asks)
		service->access_read(v, &a);
	else
		service->read(v, &lane->request, &a);
	snprintf(o->why, sizeof(o->why), "%s", v->words != NULL ? v->words : "");
	if (o->why[0] != '\0')
		mask_answer(lane->stream->base->feed, o->why);
}

/* Whether the API may have taken a batch of the request. */
static bool may_be_taken(struct http_lane *lane, const struct send_verdict *v)
{
	switch (v->action) {
	case SEND_ACCEPT:
		return true;
	case SEND_SPLIT:
		return v->rest_stands;
	case SEND_AGAIN:
		return http_lane_was_sent(lane);
	default:
		return false;
	}
}

/* The answer to a request that wanted to know whether the credentials are good. */
static void lane_access(struct http_lane *lane, struct http_outcome *o)
{
	struct http_stream *st = lane->stream;
	struct send_verdict v = {0};
	const struct http_failure f = {.why = o->why};
	read_answer(lane, o, true, &v);
	send_verdict_free(&v);
	if (v.action == SEND_DENY) {
		http_lane_denied(lane, o);
		return;
	}
	if (v.action == SEND_STRAY) {
		http_lane_stray(lane, o);
		return;
	}

	pthread_mutex_lock(http_lane_lock(lane));
	/* whoever limits its rate has looked at the key first */
	if (v.action == SEND_ACCEPT || v.action == SEND_THROTTLE)
		st->answered = true;
	else
		http_route_log(st->route, o->why, http_route_failed(lane, &f, o->now), o->now);
	pthread_mutex_unlock(http_lane_lock(lane));
}

/* The answer to a request without batches: what it says beside the time is not looked at, but one
 * has to come. */
static void lane_asked(struct http_lane *lane, struct http_outcome *o)
{
	struct http_route *route = lane->stream->route;
	struct send_verdict v = {0};
	const struct http_failure f = {.why = o->why};
	lane->asks = false;
	lane->ready_at = o->now;
	if (o->code != CURLE_OK)
		read_failure(lane, o, &v);
	if (o->code != CURLE_OK && v.action == SEND_DENY) {
		http_lane_untrusted(lane, o);
		return;
	}
	if (o->code != CURLE_OK && v.action == SEND_STRAY) {
		http_lane_stray(lane, o);
		return;
	}
	if (o->code == CURLE_OK && lane->stream->asks == HTTP_ASKS_ACCESS) {
		lane_access(lane, o);
		return;
	}

	pthread_mutex_lock(http_lane_lock(lane));
	if (o->code != CURLE_OK) {
		http_address_doubt(&route->address);
		http_route_log(route, o->why, http_route_failed(lane, &f, o->now), o->now);
	} else if (route->clock == HTTP_CLOCK_UNKNOWN) {
		route->clock = HTTP_CLOCK_SILENT;
	}
	pthread_mutex_unlock(http_lane_lock(lane));
}

/* What the verdict asks for. */
static void act(struct http_lane *lane, const struct http_outcome *o, const struct send_verdict *v,
		bool lost)
{
	switch (v->action) {
	case SEND_ACCEPT:
	case SEND_SPLIT:
		http_lane_well(lane, o->now);
		http_lane_split(lane, v, o->now);
		break;
	case SEND_HALVE:
		http_lane_too_large(lane, v, o);
		break;
	case SEND_THROTTLE:
		http_lane_throttled(lane, o);
		break;
	case SEND_AGAIN:
		if (lost)
			http_lane_lost(lane, o);
		else
			http_lane_again(lane, o);
		break;
	case SEND_STRAY:
		http_lane_stray(lane, o);
		break;
	case SEND_DENY:
		if (o->code != CURLE_OK)
			http_lane_untrusted(lane, o);
		else
			http_lane_denied(lane, o);
		break;
	}
}

/* The answer to a request with batches, or what came in its place. */
static void lane_answered(struct http_lane *lane, struct http_outcome *o)
{
	struct send_verdict v = {0};
	if (o->code == CURLE_OK)
		read_answer(lane, o, false, &v);
	else
		read_failure(lane, o, &v);
	if (may_be_taken(lane, &v))
		send_touched(lane->stream->base);
	bool once = lane->stream->service->once, lost = once && is_lost(lane, o, &v);
	size_t from = lane->request.from, to = lane->request.to;
	if (v.action != SEND_ACCEPT && v.action != SEND_SPLIT)
		send_objects_back(&lane->request, !lost);

	act(lane, o, &v, lost);
	if (once)
		http_lane_back(lane, from, to);
	send_verdict_free(&v);
}

void http_lane_answered(struct http_lane *lane, CURLcode code)
{
	struct http_outcome o = {.code = code, .now = df_monotonic_ms()};
	df_after("request");
	curl_easy_getinfo(lane->easy, CURLINFO_RESPONSE_CODE, &o.status);
	if (code == CURLE_OK && !lane->headed)
		o.code = CURLE_PARTIAL_FILE;
	if (code == CURLE_WRITE_ERROR && lane->answer.over) /* see lane_receive */
		o.code = CURLE_OK;

	pthread_mutex_lock(http_lane_lock(lane));
	http_clock_read(lane, df_now_ms());
	pthread_mutex_unlock(http_lane_lock(lane));
	if (lane->asks)
		lane_asked(lane, &o);
	else
		lane_answered(lane, &o);
}
