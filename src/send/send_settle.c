/* SPDX-License-Identifier: MIT */
/* What was answered is settled: batches are reported, in the order of their lane, and those of all
 * lanes that were answered together in one step. */
#include "send_http.h"
#include "send_objects.h"
#include "send_request.h"

#include <stdlib.h>

static struct send_reject lane_reject(const struct http_lane *lane, const struct send_item *item)
{
	return (struct send_reject){.batch = item->batch,
				    .rows = item->batch->rows,
				    .n_rows = item->batch->n_rows,
				    .message = item->words,
				    .code = item->fate == SEND_SET_ASIDE
						? "api-unavailable"
						: lane->stream->service->reject_code};
}

/* Adds an item's rejects to the step's; returns how many of its rows they are. */
static size_t report_rejects(const struct http_lane *lane, const struct send_item *item,
			     struct send_reject **list, size_t *n)
{
	struct send_reject one = lane_reject(lane, item), *more = NULL;
	size_t n_more = 1, rows = 0;
	if (item->objects != NULL)
		more = send_objects_rejects(item, lane->stream->service->reject_code, &n_more);
	*list = df_realloc(*list, (*n + n_more + 1) * sizeof(**list));
	for (size_t i = 0; i < n_more; i++) {
		(*list)[*n] = more != NULL ? more[i] : one;
		rows += (*list)[(*n)++].n_rows;
	}
	free(more);
	return rows;
}

/* Lanes, as bits, of whose batches some are to be reported: those before the first pending one of
 * their lane. */
static uint64_t lanes_to_report(const struct send_request *r)
{
	uint64_t pending = 0, ready = 0;
	for (size_t i = r->settled; i < r->n; i++) {
		const struct send_item *item = &r->item[i];
		uint64_t lane = UINT64_C(1) << item->batch->lane; /* a feed has 64 at most */
		if (item->fate == SEND_PENDING)
			pending |= lane;
		else if (!item->reported && (pending & lane) == 0)
			ready |= lane;
	}
	return ready;
}

struct report { /* of a lane's batches */
	struct send_settled step;
	struct send_stats sum;
	struct send_reject *rejects; /* own */
	struct send_taken taken[REQUEST_MAX_BATCHES];
};

static void report_item(const struct http_lane *lane, struct send_item *item, struct report *p)
{
	size_t rejected = 0;
	item->reported = true;
	p->step.done = item->batch->lane_position + 1;
	if (item->fate != SEND_DELIVERED || item->objects != NULL)
		rejected = report_rejects(lane, item, &p->rejects, &p->step.n_rejects);
	p->step.rows_delivered += item->batch->n_rows - rejected;
	if (item->fate != SEND_DELIVERED)
		return;
	if (lane->stream->service->says_more)
		p->taken[p->step.n_taken++] = (struct send_taken){
		    .batch = item->batch, .due = item->words, .before = item->before};
	p->sum.batches++;
	p->sum.events += item->batch->n_events;
}

/* Reports a lane's batches before its first pending one, so that a stop repeats no more than what
 * was on the wire. more: another lane of the stream follows. */
static void lane_report(struct http_lane *lane, uint32_t number, bool more)
{
	struct http_stream *st = lane->stream;
	struct send_request *r = &lane->request;
	struct sender *sender = st->base->sender;
	struct report p = {.step = {.lane = number, .more = more}};
	for (size_t i = r->settled; i < r->n; i++) {
		struct send_item *item = &r->item[i];
		if (item->batch->lane != number || item->reported)
			continue;
		if (item->fate == SEND_PENDING)
			break;
		report_item(lane, item, &p);
	}
	p.step.rejects = p.rejects;
	p.step.taken = p.taken;

	struct df_err err = {0};
	enum df_status status = DF_OK;
	if (!st->unsettled)
		status = st->base->events->settled(st->base->ctx, &p.step, &err);
	free(p.rejects);

	pthread_mutex_lock(&sender->lock);
	sender->stats.batches += p.sum.batches;
	sender->stats.events += p.sum.events;
	if (status != DF_OK) {
		st->unsettled = true;
		http_stream_stop(st, status, &err);
	}
	pthread_mutex_unlock(&sender->lock);
}

static void lane_settle(struct http_lane *lane, bool more)
{
	struct send_request *r = &lane->request;
	for (uint64_t ready = lanes_to_report(r); ready != 0; ready &= ready - 1)
		lane_report(lane, (uint32_t)__builtin_ctzll(ready),
			    more || (ready & (ready - 1)) != 0);
	while (r->settled < r->n && r->item[r->settled].reported)
		r->settled++;
	if (!send_request_part(r))
		send_request_clear(r);
}

void http_lane_settle(struct http_lane *lane)
{
	/* what must not be sent twice is noted lane by lane */
	if (lane->stream->service->once) {
		lane_settle(lane, false);
		return;
	}
	lane->settles = lane->stream->http->settles = true;
}

/* The last of the stream's lanes that have something to report; NULL: none has. */
static const struct http_lane *last_to_report(const struct http_stream *st)
{
	const struct http_lane *last = NULL;
	for (uint32_t i = 0; i < st->base->n_lanes; i++) {
		const struct http_lane *lane = &st->lanes[i];
		if (lane->settles && lanes_to_report(&lane->request) != 0)
			last = lane;
	}
	return last;
}

static void stream_settle(struct http_stream *st)
{
	const struct http_lane *last = last_to_report(st);
	bool more = last != NULL;
	for (uint32_t i = 0; i < st->base->n_lanes; i++) {
		struct http_lane *lane = &st->lanes[i];
		if (!lane->settles)
			continue;
		more = more && lane != last;
		lane->settles = false;
		lane_settle(lane, more);
	}
}

void http_lanes_settle(struct send_http *h)
{
	if (!h->settles)
		return;
	h->settles = false;
	pthread_mutex_lock(&h->sender->lock);
	struct http_stream *st = h->streams;
	pthread_mutex_unlock(&h->sender->lock);
	for (; st != NULL; st = st->next)
		stream_settle(st);
}
