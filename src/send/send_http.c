/* SPDX-License-Identifier: MIT */
/*
 * The sinks that answer as their producers see them: streams are opened, their lanes' queues
 * filled, streams closed. One thread (send_thread.c) serves every lane of every stream.
 */
#include "send_http.h"

#include "send_request.h"
#include "send_service.h"
#include "send_suspect.h"

#include "dropfeed/http.h"
#include "dropfeed/thread.h"

#include <errno.h>
#include <stdlib.h>

/* A lane's queue holds four requests' worth, and never less than one batch. */
#define QUEUE_BATCHES (4u * REQUEST_MAX_BATCHES)
#define QUEUE_BYTES   (1u << 20)

static enum df_status http_new(struct sender *s, struct df_err *err)
{
	http_prepare();
	struct send_http *h = df_alloc(sizeof(*h));
	*h = (struct send_http){
	    .sender = s, .multi = curl_multi_init(), .seed = (unsigned)df_now_ms()};
	/* without signals: a broken connection is an error to see */
	int failed = h->multi == NULL ? ENOMEM : df_thread_start(&h->thread, http_thread, h);
	if (failed == 0) {
		s->http = h;
		return DF_OK;
	}
	curl_multi_cleanup(h->multi);
	free(h);
	/* no room for a thread */
	return df_fail(DF_RETRY, err, NULL, "cannot start the sender: %s", strerror(failed));
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
	for (struct http_route *p; (p = h->routes) != NULL;) {
		h->routes = p->next;
		http_route_free(p);
	}
	for (struct http_key *p; (p = h->keys) != NULL; free(p)) {
		h->keys = p->next;
		free(p->key);
	}
	for (struct http_host *p; (p = h->hosts) != NULL; free(p)) {
		h->hosts = p->next;
		free(p->id);
	}
	free(h);
}

/* Asked for at each choice of work: a route like the feed's is made only where other settings may
 * have led to the same one. */
enum send_health send_http_health(struct sender *s, const struct conf_feed *feed, int64_t *probe_ms)
{
	struct http_route *route = NULL, *like = NULL;
	struct df_err ignored = {0};
	enum send_health health = SEND_WELL;
	pthread_mutex_lock(&s->lock);
	bool any = s->http != NULL && s->http->routes != NULL;
	if (any)
		route = http_route_of(s->http, feed);
	/* where none can be made, opening a stream says why */
	if (any && route == NULL && http_route_new(feed, &like, &ignored) == DF_OK)
		route = http_route_find(s->http, like);
	if (route != NULL)
		health = http_route_health(route, feed, probe_ms);
	pthread_mutex_unlock(&s->lock);
	if (like != NULL)
		http_route_free(like);
	return health;
}

void send_http_standby(struct sender *s, const struct conf_feed *feed)
{
	struct send_share share = {0};
	char fingerprint[DF_SHA256_HEX];
	http_key_fingerprint(feed->send.api_key, fingerprint);
	pthread_mutex_lock(&s->lock);
	struct http_key *k = s->http != NULL ? http_key_find(s->http, feed->send.api_key) : NULL;
	if (k != NULL)
		share.sent = send_pace_recent(&k->pace, df_monotonic_ms());
	if (k == NULL || !k->asks)
		s->memory.share(s->memory.ctx, fingerprint, &share);
	pthread_mutex_unlock(&s->lock);
}

/* The stream's route: one that is there, or a new one, of which the ledger may know something. */
static enum df_status http_find_route(struct sender *s, const struct conf_feed *feed,
				      struct http_route **known, struct http_route **fresh,
				      struct df_err *err)
{
	pthread_mutex_lock(&s->lock);
	*known = s->http != NULL ? http_route_of(s->http, feed) : NULL;
	pthread_mutex_unlock(&s->lock);
	if (*known != NULL)
		return DF_OK;
	enum df_status st = http_route_new(feed, fresh, err);
	if (st != DF_OK)
		return st;
	http_route_recall(*fresh, &s->memory);
	http_suspects_recall(*fresh, &s->memory);
	return DF_OK;
}

static struct http_stream *http_stream_new(struct send_stream *base)
{
	struct http_stream *st = df_alloc(sizeof(*st));
	const char *endpoint = base->feed->send.endpoint;
	const struct http_service *service = http_service_of(base->feed);
	*st = (struct http_stream){.base = base,
				   .service = service,
				   .form = batch_form_of(base->feed),
				   .url = df_format("%s%s", endpoint, service->path),
				   .url_historical = df_format("%s%s", endpoint,
							       service->path_historical != NULL
								   ? service->path_historical
								   : service->path),
				   .lanes = df_alloc(base->n_lanes * sizeof(*st->lanes)),
				   /* what must not be sent twice is noted lane by lane */
				   .spread = service->once};
	st->headers = curl_slist_append(st->headers, "Content-Type: application/json");
	st->headers = curl_slist_append(st->headers, "Accept: application/json");
	/* curl makes of a packed body that was cut what it can, or nothing: send_unpack.h knows */
	st->headers = curl_slist_append(st->headers, "Accept-Encoding: identity");
	st->headers = curl_slist_append(st->headers, "Expect:"); /* no 100-continue round */
	if (service->headers != NULL)
		st->headers = service->headers(st->headers, base->feed);
	for (uint32_t i = 0; i < base->n_lanes; i++) {
		st->lanes[i].stream = st;
		st->lanes[i].number = i;
	}
	df_cond_init(&st->changed);
	base->own = st;
	return st;
}

/* Under lock. fresh: own, or NULL where the route is known. */
static void stream_join(struct send_stream *base, struct http_route *known,
			struct http_route *fresh)
{
	struct send_http *http = base->sender->http;
	struct http_stream *st = http_stream_new(base);
	st->http = http;
	if (known != NULL)
		http_route_use(http, base->feed);
	st->route = known != NULL ? known : http_route_join(http, fresh, base->feed);
	st->next = http->streams;
	http->streams = st;
}

static enum df_status stream_open(struct send_stream *base, struct df_err *err)
{
	const struct conf_feed *feed = base->feed;
	if (feed->requests.on && feed->send.sink != CONF_SINK_EVENTS_API)
		return df_fail(DF_USAGE, err, NULL,
			       "subject requests go to the OpenDSR API, or to a file");
	if (feed->send.endpoint == NULL || feed->send.api_key == NULL ||
	    feed->send.api_secret == NULL || !(http_service_of(feed)->rate(feed) > 0))
		return df_fail(DF_USAGE, err, NULL,
			       "the %s sink needs endpoint, api_key, api_secret and "
			       "batches_per_second",
			       http_service_of(feed)->name);
	struct http_route *known = NULL, *fresh = NULL;
	struct sender *s = base->sender;
	enum df_status status = http_find_route(s, feed, &known, &fresh, err);
	if (status != DF_OK)
		return status;

	pthread_mutex_lock(&s->lock);
	status = s->http == NULL ? http_new(s, err) : DF_OK;
	if (status == DF_OK)
		stream_join(base, known, fresh);
	else if (fresh != NULL)
		http_route_free(fresh);
	pthread_mutex_unlock(&s->lock);
	return status;
}

static void stream_wait(struct http_stream *st)
{
	df_cond_wait(&st->changed, &st->base->sender->lock, LOOK_EVERY_MS);
}

static bool queue_full(const struct send_queue *q, const struct batch *b)
{
	return q->n > 0 && (q->n >= QUEUE_BATCHES || q->bytes + b->json_len > QUEUE_BYTES);
}

static enum df_status stream_put(struct send_stream *base, struct batch *b, struct df_err *err)
{
	struct http_stream *st = base->own;
	struct http_lane *lane = &st->lanes[b->lane];
	enum df_status status = DF_OK;
	bool wake = false;
	if (conf_feed_held(base->feed)) { /* whoever puts it: nothing is sent */
		batch_free(b);
		return df_fail(DF_USAGE, err, NULL, CONF_HELD);
	}
	pthread_mutex_lock(&base->sender->lock);
	while (!st->stopping && !df_stop_requested && queue_full(&lane->queue, b)) {
		st->crowded = true;
		stream_wait(st);
	}
	st->crowded = false;
	if (st->stopping) {
		status = st->status;
		df_fail(status, err, st->err.code, "%s", st->err.text);
	} else if (df_stop_requested)
		status = df_fail(DF_RETRY, err, NULL, "stopped: the next run goes on from here");
	else {
		wake = http_stream_push(st, b);
		b = NULL;
	}
	pthread_mutex_unlock(&base->sender->lock);
	if (wake)
		curl_multi_wakeup(st->http->multi);
	batch_free(b);
	return status;
}

static enum df_status stream_close(struct send_stream *base, bool abandon, struct df_err *err)
{
	struct http_stream *st = base->own;
	pthread_mutex_lock(&base->sender->lock);
	if (!st->spread) { /* the lanes are empty */
		st->lanes[0].queue = st->few;
		st->few = (struct send_queue){0};
		st->spread = true;
	}
	st->closed = true;
	st->abandoned = abandon;
	if (http_wakes(st->http, 0))
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

const struct send_driver send_driver_http = {stream_open, stream_put, stream_close};
