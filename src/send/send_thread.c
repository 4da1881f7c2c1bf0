/* SPDX-License-Identifier: MIT */
/*
 * The sender's thread goes round: start what may start (locked), let curl work, take the answers
 * (not locked, because settled() may wait for the ledger), end the streams that are through
 * (locked).
 */
#include "send_http.h"
#include "send_pace.h"
#include "send_quota.h"
#include "send_request.h"
#include "send_suspect.h"

#include <stdlib.h>

#define RESOLVE_EVERY_MS 10  /* is a look-up asked whether it is through */
#define HAND_BACK_MS     100 /* the next file is seldom further away than that */

/* ---- the thread: when may a lane start? ---- */

static void http_due(struct send_http *h, int64_t when)
{
	if (when < h->wake)
		h->wake = when;
}

/* A producer that waits for the end of its stream sleeps on. */
static void stream_room(struct http_stream *st)
{
	if (st->crowded)
		pthread_cond_broadcast(&st->changed);
}

/* Takes the lane's next request from its queue, when there is one to take. */
static void lane_pack(struct http_lane *lane, int64_t now)
{
	struct http_stream *st = lane->stream;
	if (lane->request.n > 0 && !lane->in_flight && lane->queue.n > 0) {
		send_request_top_up(&lane->request, &lane->queue);
		http_suspects_load(st->route, &lane->request);
		stream_room(st);
	}
	if (lane->request.n > 0 || lane->queue.n == 0)
		return;
	bool full = false;
	size_t n = send_request_measure(st->form, lane->queue.head, &full);
	int64_t gathered = lane->since + st->base->sender->tuning.gather;
	if (!full && !st->closed && now < gathered) {
		http_due(st->http, gathered);
		return;
	}
	send_request_fill(&lane->request, &lane->queue, n);
	http_suspects_load(st->route, &lane->request);
	lane->decided = !send_request_part(&lane->request);
	st->http->decided |= lane->decided;
	lane->since = lane->ready_at = now;
	stream_room(st);
}

/* Nobody knows where to connect to. */
static void route_unresolved(struct http_lane *lane, const struct df_err *why, int64_t now)
{
	const struct http_failure f = {.why = why->text};
	lane->started = now;
	int64_t wait = http_route_failed(lane, &f, now);
	http_route_log(lane->stream->route, why->text, wait, now);
}

/* Asked once in a turn, and only when there is something to send. */
static bool route_ready(struct http_lane *lane, int64_t now)
{
	struct http_route *route = lane->stream->route;
	struct df_err why = {0};
	if (route->ready != HTTP_UNKNOWN)
		return route->ready == HTTP_READY;
	enum df_status st = http_address_get(&route->address, now, &route->list, &why);
	route->ready = st == DF_OK ? HTTP_READY : HTTP_NOT_READY;
	if (st == DF_END)
		http_due(lane->stream->http, now + RESOLVE_EVERY_MS);
	else if (st != DF_OK)
		route_unresolved(lane, &why, now);
	return st == DF_OK;
}

static bool lane_may_start(struct http_lane *lane, int64_t now)
{
	const struct http_stream *st = lane->stream;
	const struct http_route *route = st->route;
	if (lane->decided)
		return false;
	bool asks = http_clock_wanted(lane);
	if ((asks ? route->asking : lane->request.n == 0) || lane->in_flight || st->stopping ||
	    route->key->spent || route->closed != DF_OK || (route->unwell && route->in_flight > 0))
		return false;
	int64_t wait_for = route->unwell ? route->probe_at : lane->not_before;
	if (wait_for < route->not_before)
		wait_for = route->not_before;
	if (now < wait_for) {
		http_due(st->http, wait_for);
		return false;
	}
	return route_ready(lane, now);
}

/* The lane that has been ready longest, among those that may start; of an unwell route any of
 * them, so that the probe goes round, also among the streams that are opened for it one after
 * the other. */
static struct http_lane *http_next(struct send_http *h, int64_t now)
{
	struct http_lane *oldest = NULL, *probe = NULL;
	int seen = 0;
	for (struct http_stream *st = h->streams; st != NULL; st = st->next)
		for (uint32_t i = 0; i < st->base->n_lanes; i++) {
			struct http_lane *lane = &st->lanes[i];
			if (!lane_may_start(lane, now))
				continue;
			if (st->route->unwell)
				probe = rand_r(&h->seed) % ++seen == 0 ? lane : probe;
			else if (oldest == NULL || lane->ready_at < oldest->ready_at)
				oldest = lane;
		}
	return probe != NULL ? probe : oldest;
}

/* A batch that failed alone is tried as long as its failures count; then others of the request
 * have to show how the API is. */
static void choose_probe(struct http_lane *lane)
{
	const struct send_request *r = &lane->request;
	const struct send_item *first = &r->item[r->from];
	uint64_t successes =
	    http_route_evidence(lane->stream->route, first->batch->historical, false);
	bool others = rand_r(&lane->stream->http->seed) % 2 == 0;
	if (lane->stream->service->once)
		return; /* what may have been taken is one stretch of the lane */
	if (first->failures > 0 && r->to - r->from == 1)
		others = !send_request_counts(first, successes);
	if (others)
		send_request_pass(&lane->request);
}

/* What other hosts that use the key leave to this one. */
static void key_share(struct sender *sender, struct http_key *k, bool wants, int64_t now)
{
	const struct send_memory *memory = &sender->memory;
	struct send_share s = {.sent = send_pace_recent(&k->pace, now)};
	if (memory->share == NULL)
		return;
	k->asks = wants;
	k->needed = wants ? now : k->needed;
	s.wants = wants ? send_pace_wants(&k->pace, now) : 0;
	s.silence_ms = k->pace.not_before > now ? k->pace.not_before - now : 0;
	memory->share(memory->ctx, k->fingerprint, &s);
	send_pace_share(&k->pace, s.share, s.others, now);
	if (s.pause_ms > s.silence_ms)
		send_pace_pause(&k->pace, now + s.pause_ms);
}

static void http_start(struct send_http *h, int64_t now)
{
	for (struct http_key *k = h->keys; k != NULL; k = k->next)
		k->spent = false;
	for (struct http_route *r = h->routes; r != NULL; r = r->next)
		r->ready = HTTP_UNKNOWN;
	for (struct http_lane *lane; (lane = http_next(h, now)) != NULL;) {
		struct http_key *key = lane->stream->route->key;
		if (http_clock_wanted(lane)) {
			http_lane_ask(lane, now);
			continue;
		}
		bool whole = lane->stream->service->paces_requests;
		size_t part = lane->request.to - lane->request.from;
		size_t want = lane->stream->route->unwell ? 1 : part;
		int64_t wait = 0;
		key_share(h->sender, key, true, now);
		size_t n = send_pace_take(&key->pace, whole ? 1 : want, now, &wait);
		if (n > 0 && whole)
			n = want;
		if (n > 0 && !http_quota_take(lane, now)) {
			key->spent = true;
			continue;
		}
		if (n > 0) {
			lane->in_second = key->pace.in_second;
			if (lane->stream->route->unwell)
				choose_probe(lane);
			send_request_cut(&lane->request, n);
			http_lane_start(lane, now);
			continue;
		}
		key->spent = true;
		http_due(h, now + wait);
	}
}

/* ---- the thread: when does a stream stop, when is it through? ---- */

static bool stream_idle(const struct http_stream *st)
{
	if ((st->asks == HTTP_ASKS_CLOCK && st->route->clock == HTTP_CLOCK_UNKNOWN) ||
	    (st->asks == HTTP_ASKS_ACCESS && !st->answered))
		return false;
	for (uint32_t i = 0; i < st->base->n_lanes; i++)
		if (st->lanes[i].request.n > 0 || st->lanes[i].queue.n > 0)
			return false;
	return true;
}

/* It has something to send that its route takes, or may take in a while. */
static void stream_check_route(struct http_stream *st, int64_t now)
{
	struct http_route *route = st->route;
	struct df_err why = {0};
	int64_t patience = st->base->feed->send.give_up_after_ms,
		until = http_route_silent_until(route);
	http_route_check(route, patience, now);
	if (route->closed != DF_OK) {
		http_stream_stop(st, route->closed, &route->why);
		return;
	}
	if (route->trouble_since != 0)
		http_due(st->http, route->trouble_since + patience);
	if (st->base->sender->parks && until - now > st->base->sender->tuning.unwell_after)
		http_stream_stop(st,
				 df_fail(DF_RETRY, &why, NULL, "%s is not to be called for %lld s",
					 route->name, (long long)((until - now + 999) / 1000)),
				 &why);
}

static void stream_check(struct http_stream *st, int64_t now)
{
	struct df_err err = {0};
	if (st->stopping || (st->closed && stream_idle(st)))
		return;
	if (st->abandoned)
		http_stream_stop(st, DF_OK, NULL);
	else if (df_stop_requested)
		http_stream_stop(
		    st, df_fail(DF_RETRY, &err, NULL, "stopped: the next run goes on from here"),
		    &err);
	else if (!stream_idle(st))
		stream_check_route(st, now);
}

static bool stream_through(struct http_stream *st, int64_t now)
{
	if (!st->stopping)
		return st->closed && stream_idle(st);
	int64_t deadline = st->stopped_at + st->base->sender->tuning.grace;
	if (st->in_flight > 0 && now < deadline) {
		http_due(st->http, deadline);
		return false;
	}
	return st->closed;
}

/* Ended streams leave the list; their handles are given back in this thread, which owns the multi
 * handle. */
static void http_end(struct send_http *h, int64_t now)
{
	struct http_stream **link = &h->streams;
	while (*link != NULL) {
		struct http_stream *st = *link;
		if (!stream_through(st, now)) {
			link = &st->next;
			continue;
		}
		*link = st->next;
		for (uint32_t i = 0; i < st->base->n_lanes; i++)
			http_lane_free(&st->lanes[i]);
		st->ended = true;
		pthread_cond_broadcast(&st->changed);
	}
}

/* Something of it is still to go out. */
static bool stream_asks(const struct http_stream *st)
{
	if (st->stopping)
		return false;
	for (uint32_t i = 0; i < st->base->n_lanes; i++) {
		const struct http_lane *lane = &st->lanes[i];
		const struct send_request *r = &lane->request;
		bool all_sent = lane->in_flight && r->from == 0 && r->to == r->n;
		if (lane->queue.n > 0 || (r->n > 0 && !all_sent))
			return true;
	}
	return !st->closed;
}

static bool key_is_needed(const struct send_http *h, const struct http_key *k)
{
	for (const struct http_stream *st = h->streams; st != NULL; st = st->next)
		if (st->route->key == k && stream_asks(st))
			return true;
	return false;
}

/* What nobody here needs any more is another host's: soon, but not between two files, for to hand
 * it over and back takes longer. What is not sent meanwhile is saved up: see BURST_MS. */
static void http_hand_back(struct send_http *h, int64_t now)
{
	for (struct http_key *k = h->keys; k != NULL; k = k->next) {
		if (!k->asks)
			continue;
		if (key_is_needed(h, k))
			k->needed = now;
		else if (now - k->needed < HAND_BACK_MS)
			http_due(h, k->needed + HAND_BACK_MS);
		else
			key_share(h->sender, k, false, now);
	}
}

static bool http_answers(struct send_http *h)
{
	int left = 0;
	bool any = false;
	for (CURLMsg *m; (m = curl_multi_info_read(h->multi, &left)) != NULL;) {
		if (m->msg != CURLMSG_DONE)
			continue;
		struct http_lane *lane = NULL;
		CURLcode code = m->data.result;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&lane);
		http_lane_end(lane);
		http_lane_answered(lane, code);
		any = true;
	}
	http_lanes_settle(h);
	return any;
}

static bool http_turn(struct send_http *h)
{
	pthread_mutex_lock(&h->sender->lock);
	int64_t now = df_monotonic_ms();
	h->wake = now + LOOK_EVERY_MS;
	for (struct http_stream *st = h->streams; st != NULL; st = st->next) {
		stream_check(st, now);
		if (st->few.n > 0 && now >= st->since + st->base->sender->tuning.gather)
			(void)http_stream_spread(st);
		for (uint32_t i = 0; i < st->base->n_lanes && !st->stopping; i++)
			lane_pack(&st->lanes[i], now);
	}
	http_start(h, now);
	http_lanes_say(h);
	http_end(h, now);
	http_hand_back(h, now);
	h->looks_at = h->wake;
	bool go_on = !h->quit;
	pthread_mutex_unlock(&h->sender->lock);
	return go_on;
}

/* A lane of whose request nothing is to be sent. */
static struct http_lane *http_decided(struct send_http *h)
{
	struct http_lane *found = NULL;
	pthread_mutex_lock(&h->sender->lock);
	for (struct http_stream *st = h->streams; st != NULL && found == NULL; st = st->next)
		for (uint32_t i = 0; i < st->base->n_lanes && found == NULL; i++)
			if (st->lanes[i].decided)
				found = &st->lanes[i];
	if (found != NULL)
		found->decided = false;
	pthread_mutex_unlock(&h->sender->lock);
	return found;
}

void *http_thread(void *own)
{
	struct send_http *h = own;
	while (http_turn(h)) {
		int running = 0;
		for (struct http_lane *lane; h->decided && (lane = http_decided(h)) != NULL;)
			http_lane_settle(lane);
		http_lanes_settle(h);
		h->decided = false;
		int64_t left = h->wake - df_monotonic_ms();
		curl_multi_perform(h->multi, &running);
		/* what it makes possible is not to wait until something else moves */
		if (http_answers(h))
			continue;
		curl_multi_poll(h->multi, NULL, 0, left > 0 ? (int)left : 0, NULL);
		curl_multi_perform(h->multi, &running);
		http_answers(h);
	}
	return NULL;
}
