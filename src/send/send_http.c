/* SPDX-License-Identifier: MIT */
/*
 * The Events API sink: one thread serves every lane of every stream.
 *
 * Producers only touch the queues. The thread goes round: start what may start (locked), let curl work, take the
 * answers (not locked, because settled() may wait for the ledger), end the streams that are through (locked).
 */
#include "send_http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <time.h>

/* A lane's queue holds four requests' worth, and never less than one batch. */
#define QUEUE_BATCHES	(4u * REQUEST_MAX_BATCHES)
#define QUEUE_BYTES	(1u << 20)
#define LOOK_EVERY_MS	200 /* at df_stop_requested */

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
		int64_t wait = send_pace_take(&key->pace, lane->request.to - lane->request.from, now);
		if (wait == 0) {
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

static void stream_check(struct http_stream *st, int64_t now)
{
	struct df_err err = {0};
	int64_t patience = st->base->feed->give_up_after_ms;
	if (st->stopping || (st->closed && stream_idle(st)))
		return;
	if (st->abandoned)
		http_stream_stop(st, DF_OK, NULL);
	else if (df_stop_requested)
		http_stream_stop(st, df_fail(DF_RETRY, &err, NULL, "stopped: the next run goes on from here"), &err);
	else if (st->trouble_since != 0 && now - st->trouble_since >= patience) {
		df_fail(DF_RETRY, &err, NULL,
			"gave up after %lld s without an answer of use from %s: the next run goes on from here",
			(long long)(patience / 1000), st->host->name);
		http_stream_stop(st, DF_RETRY, &err);
	} else if (st->trouble_since != 0)
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

static void http_answers(struct send_http *h)
{
	int left = 0;
	for (CURLMsg *m; (m = curl_multi_info_read(h->multi, &left)) != NULL;) {
		if (m->msg != CURLMSG_DONE)
			continue;
		struct http_lane *lane = NULL;
		CURLcode code = m->data.result;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&lane);
		http_lane_end(lane);
		http_lane_answered(lane, code);
	}
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
	bool go_on = !h->quit;
	pthread_mutex_unlock(&h->sender->lock);
	return go_on;
}

static void *http_main(void *own)
{
	struct send_http *h = own;
	while (http_turn(h)) {
		int running = 0;
		int64_t left = h->wake - df_monotonic_ms();
		curl_multi_perform(h->multi, &running);
		curl_multi_poll(h->multi, NULL, 0, left > 0 ? (int)left : 0, NULL);
		curl_multi_perform(h->multi, &running);
		http_answers(h);
	}
	return NULL;
}

/* ---- the producers' side ---- */

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_prepare(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static enum df_status http_new(struct sender *s, struct df_err *err)
{
	pthread_once(&curl_once, curl_prepare);
	struct send_http *h = df_alloc(sizeof(*h));
	*h = (struct send_http){.sender = s, .multi = curl_multi_init(), .seed = (unsigned)df_now_ms()};
	/* Signals are for the main thread; a broken connection is an error to see, not a signal. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = h->multi == NULL ? ENOMEM : pthread_create(&h->thread, NULL, http_main, h);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed == 0) {
		s->http = h;
		return DF_OK;
	}
	curl_multi_cleanup(h->multi);
	free(h);
	return df_fail(DF_FATAL, err, NULL, "cannot start the sender: %s", strerror(failed));
}

void send_http_free(struct send_http *h)
{
	if (h == NULL)
		return;
	pthread_mutex_lock(&h->sender->lock);
	h->quit = true;
	pthread_mutex_unlock(&h->sender->lock);
	curl_multi_wakeup(h->multi);
	pthread_join(h->thread, NULL);
	curl_multi_cleanup(h->multi);
	for (struct http_host *p; (p = h->hosts) != NULL; free(p)) {
		h->hosts = p->next;
		free(p->endpoint);
		free(p->name);
	}
	for (struct http_key *p; (p = h->keys) != NULL; free(p)) {
		h->keys = p->next;
		free(p->key);
	}
	free(h);
}

/* "host[:port]" of the endpoint, or NULL when it is no URL; user information in it never reaches a log. */
static char *endpoint_name(const char *endpoint)
{
	char *host = NULL, *port = NULL, *name = NULL;
	CURLU *u = curl_url();
	if (curl_url_set(u, CURLUPART_URL, endpoint, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
		bool with_port = curl_url_get(u, CURLUPART_PORT, &port, 0) == CURLUE_OK;
		name = df_format("%s%s%s", host, with_port ? ":" : "", with_port ? port : "");
	}
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
	return name;
}

static struct http_host *host_get(struct send_http *h, const char *endpoint, const char *name)
{
	for (struct http_host *p = h->hosts; p != NULL; p = p->next)
		if (strcmp(p->endpoint, endpoint) == 0)
			return p;
	struct http_host *p = df_alloc(sizeof(*p));
	*p = (struct http_host){.endpoint = df_strdup(endpoint), .name = df_strdup(name), .next = h->hosts};
	return h->hosts = p;
}

static struct http_key *key_get(struct send_http *h, const struct conf_feed *feed)
{
	for (struct http_key *p = h->keys; p != NULL; p = p->next)
		if (strcmp(p->key, feed->api_key) == 0) {
			send_pace_limit(&p->pace, feed->batches_per_second);
			return p;
		}
	struct http_key *p = df_alloc(sizeof(*p));
	*p = (struct http_key){.key = df_strdup(feed->api_key), .next = h->keys};
	send_pace_init(&p->pace, feed->batches_per_second, df_monotonic_ms());
	return h->keys = p;
}

static struct http_stream *http_stream_new(struct send_stream *base)
{
	struct http_stream *st = df_alloc(sizeof(*st));
	const char *endpoint = base->feed->endpoint;
	*st = (struct http_stream){.base = base,
				   .url = df_format("%s/v2/bulkevents", endpoint),
				   .url_historical = df_format("%s/v2/bulkevents/historical", endpoint),
				   .lanes = df_alloc(base->n_lanes * sizeof(*st->lanes))};
	st->headers = curl_slist_append(st->headers, "Content-Type: application/json");
	st->headers = curl_slist_append(st->headers, "Accept: application/json");
	st->headers = curl_slist_append(st->headers, "Expect:"); /* no 100-continue round */
	for (uint32_t i = 0; i < base->n_lanes; i++) {
		st->lanes[i].stream = st;
		st->lanes[i].number = i;
	}
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&st->changed, &attr);
	pthread_condattr_destroy(&attr);
	base->own = st;
	return st;
}

static enum df_status http_open(struct send_stream *base, struct df_err *err)
{
	const struct conf_feed *feed = base->feed;
	if (feed->endpoint == NULL || feed->api_key == NULL || feed->api_secret == NULL ||
	    !(feed->batches_per_second > 0))
		return df_fail(DF_USAGE, err, NULL,
			       "the Events API sink needs endpoint, api_key, api_secret and batches_per_second");
	char *name = endpoint_name(feed->endpoint);
	if (name == NULL)
		return df_fail(DF_USAGE, err, NULL, "endpoint is not a URL");
	struct sender *s = base->sender;
	pthread_mutex_lock(&s->lock);
	enum df_status status = s->http == NULL ? http_new(s, err) : DF_OK;
	if (status == DF_OK) {
		struct http_stream *st = http_stream_new(base);
		st->http = s->http;
		st->host = host_get(s->http, feed->endpoint, name);
		st->key = key_get(s->http, feed);
		st->next = s->http->streams;
		s->http->streams = st;
	}
	pthread_mutex_unlock(&s->lock);
	free(name);
	return status;
}

static void stream_wait(struct http_stream *st)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LOOK_EVERY_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_cond_timedwait(&st->changed, &st->base->sender->lock, &until);
}

static bool queue_full(const struct send_queue *q, const struct batch *b)
{
	return q->n > 0 && (q->n >= QUEUE_BATCHES || q->bytes + b->json_len > QUEUE_BYTES);
}

/* Adds to the queue. True when the thread should know: at a lane's first batch, and at the one that fills a request. */
static bool lane_push(struct http_lane *lane, struct batch *b)
{
	struct send_queue *q = &lane->queue;
	bool was_enough = q->n >= REQUEST_MAX_BATCHES || q->events >= REQUEST_MAX_EVENTS || q->bytes >= REQUEST_MAX_BYTES;
	if (q->n == 0)
		lane->since = df_monotonic_ms();
	send_queue_push(q, b);
	bool enough = q->n >= REQUEST_MAX_BATCHES || q->events >= REQUEST_MAX_EVENTS || q->bytes >= REQUEST_MAX_BYTES;
	return q->n == 1 || (enough && !was_enough);
}

static enum df_status http_put(struct send_stream *base, struct batch *b, struct df_err *err)
{
	struct http_stream *st = base->own;
	struct http_lane *lane = &st->lanes[b->lane];
	enum df_status status = DF_OK;
	bool wake = false;
	pthread_mutex_lock(&base->sender->lock);
	while (!st->stopping && !df_stop_requested && queue_full(&lane->queue, b))
		stream_wait(st);
	if (st->stopping) {
		status = st->status;
		df_fail(status, err, st->err.code, "%s", st->err.text);
	} else if (df_stop_requested)
		status = df_fail(DF_RETRY, err, NULL, "stopped: the next run goes on from here");
	else {
		wake = lane_push(lane, b);
		b = NULL;
	}
	pthread_mutex_unlock(&base->sender->lock);
	if (wake)
		curl_multi_wakeup(st->http->multi);
	batch_free(b);
	return status;
}

static enum df_status http_close(struct send_stream *base, bool abandon, struct df_err *err)
{
	struct http_stream *st = base->own;
	pthread_mutex_lock(&base->sender->lock);
	st->closed = true;
	st->abandoned = abandon;
	curl_multi_wakeup(st->http->multi);
	while (!st->ended)
		stream_wait(st);
	pthread_mutex_unlock(&base->sender->lock);
	enum df_status status = st->status;
	if (status != DF_OK)
		df_fail(status, err, st->err.code, "%s", st->err.text);
	pthread_cond_destroy(&st->changed);
	curl_slist_free_all(st->headers);
	free(st->url);
	free(st->url_historical);
	free(st->lanes);
	free(st);
	base->own = NULL;
	return status;
}

const struct send_driver send_driver_http = {http_open, http_put, http_close};
