/* SPDX-License-Identifier: MIT */
/* The queues of a stream and of its lanes. */
#include "send_http.h"
#include "send_request.h"

bool http_wakes(struct send_http *h, int64_t when)
{
	if (h->looks_at <= when)
		return false;
	h->looks_at = 0;
	return true;
}

/* Adds to the queue. True when the thread should know: a lane's first batch waits for company, but
 * not for long, and the one that fills a request may go at once. */
static bool lane_push(struct http_lane *lane, struct batch *b)
{
	struct send_queue *q = &lane->queue;
	const struct http_stream *st = lane->stream;
	bool was_enough = send_queue_fills(q, st->form);
	if (q->n == 0)
		lane->since = df_monotonic_ms();
	send_queue_push(q, b);
	if (!was_enough && send_queue_fills(q, st->form))
		return http_wakes(st->http, 0);
	int64_t gathered = lane->since + st->base->sender->tuning.gather;
	return q->n == 1 && http_wakes(st->http, gathered);
}

bool http_stream_spread(struct http_stream *st)
{
	bool wake = false;
	st->spread = true;
	for (struct batch *b; (b = send_queue_pop(&st->few)) != NULL;)
		wake = lane_push(&st->lanes[b->lane], b) || wake;
	return wake;
}

bool http_stream_push(struct http_stream *st, struct batch *b)
{
	struct send_queue *few = &st->few;
	if (st->spread)
		return lane_push(&st->lanes[b->lane], b);
	if (few->n == 0)
		st->since = df_monotonic_ms();
	bool fits = send_queue_has_room(few, st->form, b);
	send_queue_push(few, b);
	return (!fits || send_queue_fills(few, st->form)) && http_stream_spread(st);
}
