/* SPDX-License-Identifier: MIT */
/* The API's clock, for whoever reads a document, and whether it lets us in: a stream without
 * batches asks for either. */
#include "send_http.h"

/* *out: the route, which is the sender's, as long as that lives. */
static enum df_status ask_one(struct sender *s, const struct conf_feed *feed, enum http_asks what,
			      struct http_route **out, struct df_err *err)
{
	static const struct send_events none = {0};
	const struct send_order order = {.feed = feed, .events = &none};
	struct send_stream *st = NULL;
	enum df_status status = sender_open(s, &order, &st, err);
	if (status != DF_OK)
		return status;
	struct http_stream *own = st->own;
	pthread_mutex_lock(&s->lock);
	*out = own->route;
	own->asks = what;
	pthread_mutex_unlock(&s->lock);
	return send_close(st, false, err);
}

static bool has_credentials(const struct conf_feed *feed)
{
	return conf_sink_answers(feed->send.sink) && feed->send.endpoint != NULL &&
	       feed->send.api_key != NULL && feed->send.api_secret != NULL;
}

enum df_status sender_clock(struct sender *s, const struct conf_feed *feed, int64_t *ahead_ms,
			    struct df_err *err)
{
	*ahead_ms = 0;
	struct http_route *route = NULL;
	if (!has_credentials(feed))
		return DF_END;
	enum df_status st = ask_one(s, feed, HTTP_ASKS_CLOCK, &route, err);
	if (st != DF_OK)
		return st;

	pthread_mutex_lock(&s->lock);
	*ahead_ms = route->ahead_ms;
	st = route->clock == HTTP_CLOCK_KNOWN ? DF_OK : DF_END;
	pthread_mutex_unlock(&s->lock);
	return st;
}

enum df_status sender_access(struct sender *s, const struct conf_feed *feed, struct df_err *err)
{
	struct http_route *route = NULL;
	if (!has_credentials(feed) || http_service_of(feed)->access_path == NULL)
		return DF_END;
	return ask_one(s, feed, HTTP_ASKS_ACCESS, &route, err);
}

bool sender_untrusted(struct sender *s, const struct conf_feed *feed)
{
	struct http_route *like = NULL, *route = NULL;
	struct df_err ignored = {0};
	if (http_route_new(feed, &like, &ignored) != DF_OK)
		return false;
	pthread_mutex_lock(&s->lock);
	route = s->http != NULL ? http_route_find(s->http, like) : NULL;
	bool untrusted = route != NULL && route->untrusted;
	pthread_mutex_unlock(&s->lock);
	http_route_free(like);
	return untrusted;
}
