/* SPDX-License-Identifier: MIT */
/* The API's clock, for whoever reads a document: a stream without batches asks for it. */
#include "send_http.h"

static enum df_status ask(struct sender *s, const struct conf_feed *feed, int64_t *ahead_ms,
			  struct df_err *err)
{
	static const struct send_events none = {0};
	const struct send_order order = {.feed = feed, .events = &none};
	struct send_stream *st = NULL;
	enum df_status status = sender_open(s, &order, &st, err);
	if (status != DF_OK)
		return status;
	struct http_stream *own = st->own;
	struct http_route *route = own->route; /* the sender's, as long as it lives */
	pthread_mutex_lock(&s->lock);
	own->asks = true;
	pthread_mutex_unlock(&s->lock);

	status = send_close(st, false, err);
	if (status != DF_OK)
		return status;
	pthread_mutex_lock(&s->lock);
	*ahead_ms = route->ahead_ms;
	status = route->clock == HTTP_CLOCK_KNOWN ? DF_OK : DF_END;
	pthread_mutex_unlock(&s->lock);
	return status;
}

enum df_status sender_clock(struct sender *s, const struct conf_feed *feed, int64_t *ahead_ms,
			    struct df_err *err)
{
	*ahead_ms = 0;
	if (!conf_sink_answers(feed->send.sink) || feed->send.endpoint == NULL ||
	    feed->send.api_key == NULL || feed->send.api_secret == NULL)
		return DF_END;
	return ask(s, feed, ahead_ms, err);
}
