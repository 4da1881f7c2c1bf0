/* SPDX-License-Identifier: MIT */
/*
 * The sender's thread goes round: start what may start (locked), let curl work, take the answers (not locked, because
 * settled() may wait for the ledger), end the streams that are through (locked).
 */
#include "send_http.h"

void http_stream_stop(struct http_stream *st, enum df_status status, const struct df_err *err)
{
	if (!st->stopping) {
		st->stopping = true;
		st->stopped_at = df_monotonic_ms();
		st->status = status;
		if (err != NULL)
			st->err = *err;
	}
	pthread_cond_broadcast(&st->changed);
}

/* ---- the thread: when may a lane start? ---- */

static void http_due(struct send_http *h, int64_t when)
{
	if (when < h->wake)
		h->wake = when;
}

/* Takes the lane's next request from its queue, when there is one to take. */
static void lane_pack(struct http_lane *lane, int64_t now)
{
	struct http_stream *st = lane->stream;
	if (lane->request.n > 0 || lane->queue.n == 0)
		return;
	bool full = false;
	size_t n = send_request_measure(lane->queue.head, &full);
	int64_t gathered = lane->since + st->base->sender->tuning.gather;
	if (!full && !st->closed && now < gathered) {
		http_due(st->http, gathered);
		return;
	}
	send_request_fill(&lane->request, &lane->queue, n);
	send_request_part(&lane->request);
	lane->since = lane->ready_at = now;
	pthread_cond_broadcast(&st->changed);
}

static bool lane_may_start(struct http_lane *lane, int64_t now)
{
	const struct http_stream *st = lane->stream;
	const struct http_host *host = st->host;
	if (lane->request.n == 0 || lane->in_flight || st->stopping || st->key->spent)
		return false;
	int64_t wait_for = host->not_before > lane->not_before ? host->not_before : lane->not_before;
	if (now < wait_for) {
		http_due(st->http, wait_for);
		return false;
	}
	return host->failures == 0 || host->in_flight == 0;
}

/* The lane that has been ready longest, among those that may start. */
static struct http_lane *http_oldest(struct send_http *h, int64_t now)
{
	struct http_lane *oldest = NULL;
	for (struct http_stream *st = h->streams; st != NULL; st = st->next)
		for (uint32_t i = 0; i < st->base->n_lanes; i++)
			if (lane_may_start(&st->lanes[i], now) &&
			    (oldest == NULL || st->lanes[i].ready_at < oldest->ready_at))
				oldest = &st->lanes[i];
	return oldest;
}

static void http_start(struct send_http *h, int64_t now)
{
	for (struct http_key *k = h->keys; k != NULL; k = k->next)
		k->spent = false;
	for (struct http_lane *lane; (lane = http_oldest(h, now)) != NULL;) {
		struct http_key *key = lane->stream->key;
		int64_t wait = 0;
		size_t n = send_pace_take(&key->pace, lane->request.to - lane->request.from, now, &wait);
		if (n > 0) {
			lane->in_second = key->pace.in_second;
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
	for (uint32_t i = 0; i < st->base->n_lanes; i++)
		if (st->lanes[i].request.n > 0 || st->lanes[i].queue.n > 0)
			return false;
	return true;
}

/* Others' failures, or the API's wish for silence, keep it from trying. */
static bool stream_held(const struct http_stream *st, int64_t now)
{
	const struct http_host *host = st->host;
	return st->in_flight == 0 && !stream_idle(st) &&
	       (host->failures > 0 || host->not_before > now || st->key->pace.not_before > now);
}

static void stream_give_up(struct http_stream *st)
{
	struct df_err err = {0};
	st->host->gave_up |= st->host->failures > 0;
	st->key->gave_up |= st->key->throttled > 0;
	const char *trouble = st->host->trouble; /* none: another endpoint with the same key was told to wait */
	df_fail(DF_RETRY, &err, NULL, "gave up after %lld s without an answer of use from %s, the last was: %s",
		(long long)(st->base->feed->give_up_after_ms / 1000), st->host->name,
		trouble[0] != '\0' ? trouble : "rate limit reached");
	http_stream_stop(st, DF_RETRY, &err);
}

static void stream_check(struct http_stream *st, int64_t now)
{
	struct df_err err = {0};
	int64_t patience = st->base->feed->give_up_after_ms;
	if (st->stopping || (st->closed && stream_idle(st)))
		return;
	/* A run waits once, not for each of its files. */
	bool waited_before = (st->host->gave_up || st->key->gave_up) && !stream_idle(st);
	if (st->trouble_since == 0 && stream_held(st, now))
		st->trouble_since = now;
	if (st->abandoned)
		http_stream_stop(st, DF_OK, NULL);
	else if (df_stop_requested)
		http_stream_stop(st, df_fail(DF_RETRY, &err, NULL, "stopped: the next run goes on from here"), &err);
	else if (waited_before || (st->trouble_since != 0 && now - st->trouble_since >= patience))
		stream_give_up(st);
	else if (st->trouble_since != 0)
		http_due(st->http, st->trouble_since + patience);
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

/* Ended streams leave the list; their handles are given back in this thread, for the multi handle is its own. */
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
	return any;
}

static bool http_turn(struct send_http *h)
{
	pthread_mutex_lock(&h->sender->lock);
	int64_t now = df_monotonic_ms();
	h->wake = now + LOOK_EVERY_MS;
	for (struct http_stream *st = h->streams; st != NULL; st = st->next) {
		stream_check(st, now);
		for (uint32_t i = 0; i < st->base->n_lanes && !st->stopping; i++)
			lane_pack(&st->lanes[i], now);
	}
	http_start(h, now);
	http_end(h, now);
	for (struct http_host *p = h->hosts; p != NULL; p = p->next) {
		p->health = p->gave_up ? SEND_CLOSED : p->failures > 0 ? SEND_UNWELL : SEND_WELL;
		p->probe_at = p->not_before;
	}
	bool go_on = !h->quit;
	pthread_mutex_unlock(&h->sender->lock);
	return go_on;
}

void *http_thread(void *own)
{
	struct send_http *h = own;
	while (http_turn(h)) {
		int running = 0;
		int64_t left = h->wake - df_monotonic_ms();
		curl_multi_perform(h->multi, &running);
		if (http_answers(h)) /* what it makes possible is not to wait until something else moves */
			continue;
		curl_multi_poll(h->multi, NULL, 0, left > 0 ? (int)left : 0, NULL);
		curl_multi_perform(h->multi, &running);
		http_answers(h);
	}
	return NULL;
}
