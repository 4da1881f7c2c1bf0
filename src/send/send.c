/* SPDX-License-Identifier: MIT */
#include "send_priv.h"

#include "send_service.h"

#include <stdlib.h>

struct sender *sender_new(void)
{
	struct sender *s = df_alloc(sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->out, NULL);
	s->tuning = (struct send_tuning){.connect_timeout = 10000,
					 .request_timeout = 120000,
					 .patience = 15000,
					 .unwell_after = 2000,
					 .backoff_base = 500,
					 .backoff_cap = 60000,
					 .gather = 20,
					 .grace = 8000};
	return s;
}

void sender_memory(struct sender *s, const struct send_memory *memory)
{
	s->memory = *memory;
}

void sender_parks(struct sender *s, bool parks)
{
	s->parks = parks;
}

void sender_free(struct sender *s)
{
	if (s == NULL)
		return;
	send_http_free(s->http);
	pthread_mutex_destroy(&s->out);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void sender_stats(struct sender *s, struct send_stats *out)
{
	pthread_mutex_lock(&s->lock);
	*out = s->stats;
	pthread_mutex_unlock(&s->lock);
}

enum send_health sender_health(struct sender *s, const struct conf_feed *feed, int64_t *probe_ms)
{
	*probe_ms = 0;
	if (!conf_sink_answers(feed->send.sink) || feed->send.endpoint == NULL ||
	    feed->send.api_key == NULL || feed->send.api_secret == NULL)
		return SEND_WELL;
	return send_http_health(s, feed, probe_ms);
}

void sender_standby(struct sender *s, const struct conf_feed *feed)
{
	if (s->memory.share != NULL && conf_sink_answers(feed->send.sink) &&
	    feed->send.api_key != NULL)
		send_http_standby(s, feed);
}

double sender_rate(const struct conf_feed *feed)
{
	const struct http_service *service = http_service_of(feed);
	if (service == NULL)
		return 0;
	bool requests = service->paces_requests;
	return service->rate(feed) * (requests ? batch_form_of(feed)->max_batches : 1);
}

double sender_minutes(const struct conf_feed *feed, uint64_t batches, uint64_t requests)
{
	const struct http_service *service = http_service_of(feed);
	if (service == NULL)
		return 0;
	return (double)(service->paces_requests ? requests : batches) / service->rate(feed) / 60;
}

static const struct send_driver *const drivers[] = {
    [CONF_SINK_EVENTS_API] = &send_driver_http,
    [CONF_SINK_FILE] = &send_driver_file,
    [CONF_SINK_STDOUT] = &send_driver_stdout,
    [CONF_SINK_BRAZE] = &send_driver_http,
};

static void stream_free(struct send_stream *st)
{
	free(st->put_next);
	free(st);
}

enum df_status sender_open(struct sender *s, const struct send_order *order,
			   struct send_stream **out, struct df_err *err)
{
	const struct conf_feed *feed = order->feed;
	struct send_stream *st = df_alloc(sizeof(*st));
	*st = (struct send_stream){.driver = drivers[feed->send.sink],
				   .sender = s,
				   .feed = feed,
				   .events = order->events,
				   .ctx = order->ctx,
				   .n_lanes = feed->batch.lanes > 0 ? feed->batch.lanes : 1};
	st->put_next = df_alloc(st->n_lanes * sizeof(*st->put_next));
	for (uint32_t i = 0; order->done != NULL && i < st->n_lanes; i++) {
		st->put_next[i] = order->done[i];
		st->resumed |= order->done[i] > 0;
	}

	enum df_status status = st->driver->open(st, err);
	if (status != DF_OK)
		stream_free(st);
	else
		*out = st;
	return status;
}

enum df_status send_put(struct send_stream *st, struct batch *b, struct df_err *err)
{
	/* Progress is one number per lane: a gap or a repetition would make the ledger forget or
	 * send twice. */
	if (b->lane >= st->n_lanes || b->lane_position != st->put_next[b->lane]) {
		enum df_status status =
		    df_fail(DF_FATAL, err, NULL,
			    "batch %llu is out of order in lane %u (a defect of dropfeed)",
			    (unsigned long long)b->lane_position, b->lane);
		batch_free(b);
		return status;
	}
	st->put_next[b->lane]++;
	return st->driver->put(st, b, err);
}

enum df_status send_close(struct send_stream *st, bool abandon, struct df_err *err)
{
	if (st == NULL)
		return DF_OK;
	enum df_status status = st->driver->close(st, abandon, err);
	stream_free(st);
	return status;
}
