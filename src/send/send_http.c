/* SPDX-License-Identifier: MIT */
/*
 * The Events API sink as its producers see it: streams are opened, their lanes' queues filled, streams closed. One
 * thread (send_thread.c) serves every lane of every stream.
 */
#include "send_http.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

/* A lane's queue holds four requests' worth, and never less than one batch. */
#define QUEUE_BATCHES (4u * REQUEST_MAX_BATCHES)
#define QUEUE_BYTES   (1u << 20)

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
	int failed = h->multi == NULL ? ENOMEM : pthread_create(&h->thread, NULL, http_thread, h);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed == 0) {
		s->http = h;
		return DF_OK;
	}
	curl_multi_cleanup(h->multi);
	free(h);
	return df_fail(DF_RETRY, err, NULL, "cannot start the sender: %s", strerror(failed)); /* no room for a thread */
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

enum send_health send_http_health(struct send_http *h, const struct conf_feed *feed, int64_t *probe_ms)
{
	for (const struct http_host *p = h->hosts; p != NULL; p = p->next) {
		if (strcmp(p->endpoint, feed->endpoint) != 0)
			continue;
		int64_t wait = p->probe_at - df_monotonic_ms();
		*probe_ms = p->health == SEND_UNWELL && wait > 0 ? wait : 0;
		return p->health;
	}
	return SEND_WELL;
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
	bool was_enough =
	    q->n >= REQUEST_MAX_BATCHES || q->events >= REQUEST_MAX_EVENTS || q->bytes >= REQUEST_MAX_BYTES;
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
