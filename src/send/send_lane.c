/* SPDX-License-Identifier: MIT */
/* One lane: a request goes out, an answer comes in. */
#include "send_http.h"
#include "send_objects.h"
#include "send_request.h"

#include "dropfeed/step.h"

#include <math.h>
#include <stdlib.h>

#define TRIPS         10 /* so many times the usual time is waited for an answer */
#define SUSPECT_SHARE 3  /* part of the usual patience */

/* ---- out ---- */

/* Nothing that an API says is that long: what is longer, or has no end, is not read on. */
static size_t lane_receive(char *p, size_t size, size_t n, void *own)
{
	struct http_lane *lane = own;
	size_t room = HTTP_ANSWER_MAX - lane->answer.len, len = size * n;
	df_buf_add(&lane->answer, p, len < room ? len : room);
	if (len <= room)
		return len;
	lane->answer.over = true;
	return 0;
}

/* "Name: value" of a header line into `out`, without the blanks around the value. */
static bool header_value(const char *line, size_t len, const char *name, char out[64])
{
	size_t n = strlen(name);
	if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
		return false;
	const char *from = line + n + 1, *end = line + len;
	while (from < end && (*from == ' ' || *from == '\t'))
		from++;
	while (end > from && strchr(" \t\r\n", end[-1]) != NULL)
		end--;
	size_t size = (size_t)(end - from) < 63 ? (size_t)(end - from) : 63;
	memcpy(out, from, size);
	out[size] = '\0';
	return true;
}

/* curl takes headers that end with the connection for whole ones: the blank line after them
 * distinguishes them. (Trailers come here, too.) */
static size_t lane_header(char *p, size_t size, size_t n, void *own)
{
	struct http_lane *lane = own;
	size_t len = size * n;
	char used[64];
	if (len >= 5 && memcmp(p, "HTTP/", 5) == 0) {
		lane->headed = false; /* after a 100 Continue */
		lane->coding[0] = '\0';
	} else if (len > 0 && (p[0] == '\r' || p[0] == '\n'))
		lane->headed = true;
	else if (header_value(p, len, "X-mp-rate-limit-percentage-used", used))
		lane->percent_used = strtod(used, NULL);
	else if (!header_value(p, len, "Date", lane->date) &&
		 !header_value(p, len, "Content-Encoding", lane->coding) &&
		 !header_value(p, len, "Retry-After", lane->after) &&
		 !header_value(p, len, "X-mp-rate-limit-exceeded", lane->exceeded) &&
		 lane->stream->service->header != NULL)
		lane->stream->service->header(lane, p, len);
	return len;
}

static void lane_prepare(struct http_lane *lane)
{
	const struct http_stream *st = lane->stream;
	CURL *c = lane->easy = http_easy(st->base->feed, st->route, &st->base->sender->tuning);
	if (c == NULL)
		return;
	curl_easy_setopt(c, CURLOPT_PRIVATE, lane);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, st->headers);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, lane_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, lane);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, lane_receive);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, lane);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, lane->trouble);
}

/* What is suspected gets less time as long as others are answered: it fails many times before it
 * is set aside, and all of that has to fit into a run. A batch that is alone gets more in the end,
 * because its answer may only be slow. */
static double suspect_limit(const struct http_lane *lane, double usual)
{
	const struct send_tuning *t = &lane->stream->base->sender->tuning;
	const struct send_request *r = &lane->request;
	unsigned failures = r->item[r->from].failures;
	double trips = lane->stream->route->key->pace.trip * TRIPS;
	if (r->to - r->from == 1 && failures + 1 >= SEND_SET_ASIDE_AFTER)
		return (double)t->request_timeout;
	if (r->to - r->from == 1 && failures + 2 >= SEND_SET_ASIDE_AFTER)
		return 2 * usual;
	return fmax((double)t->patience / SUSPECT_SHARE, trips);
}

int64_t http_lane_limit(const struct http_lane *lane)
{
	const struct http_route *route = lane->stream->route;
	const struct send_tuning *t = &lane->stream->base->sender->tuning;
	unsigned doublings = route->timeouts < 4 ? route->timeouts : 4;
	double limit = fmax((double)t->patience, route->key->pace.trip * TRIPS);
	bool once = !lane->asks && lane->stream->service->once && send_objects_once(&lane->request);
	if (!lane->asks && lane->request.suspect && route->success_at != 0)
		limit = suspect_limit(lane, limit);
	else
		limit *= 1u << doublings;
	/* once: to give up early would leave things unknown */
	if (once || limit > (double)t->request_timeout)
		limit = (double)t->request_timeout;
	return limit < (double)lane->left_ms ? (int64_t)limit : lane->left_ms;
}

/* Whether the ledger lets the document go on. */
static bool lane_may(struct http_lane *lane)
{
	const struct send_stream *base = lane->stream->base;
	struct df_err err = {0};
	lane->left_ms = INT64_MAX;
	if (base->events->may == NULL)
		return true;
	enum df_status st = base->events->may(base->ctx, &lane->left_ms, &err);
	if (st != DF_OK)
		http_stream_stop(lane->stream, st, &err);
	return st == DF_OK;
}

static void lane_fail(struct http_lane *lane)
{
	struct df_err err = {0};
	http_stream_stop(lane->stream, df_fail(DF_FATAL, &err, NULL, "cannot start a request"),
			 &err);
}

/* Its method, and what it carries, are set. */
static bool lane_launch(struct http_lane *lane, const char *url, int64_t now)
{
	struct http_stream *st = lane->stream;
	CURL *c = lane->easy;
	df_buf_reset(&lane->answer);
	lane->started = now;
	lane->trouble[0] = lane->exceeded[0] = lane->date[0] = lane->coding[0] = '\0';
	lane->after[0] = '\0';
	lane->percent_used = -1;
	lane->left = lane->reset_s = -1;
	lane->headed = false;
	if (curl_easy_setopt(c, CURLOPT_URL, url) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)http_lane_limit(lane)) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_RESOLVE, st->route->list) != CURLE_OK ||
	    curl_multi_add_handle(st->http->multi, c) != CURLM_OK)
		return false;
	lane->in_flight = true;
	st->in_flight++;
	st->route->in_flight++;
	return true;
}

/* ---- what must not be sent twice ---- */

/* Says so of the part's batches that have it, or, of those that came back, that nothing of it was
 * taken. */
static enum df_status lane_sending(struct http_lane *lane, size_t from, size_t to,
				   struct send_sending s, struct df_err *err)
{
	const struct send_stream *base = lane->stream->base;
	const struct batch *batches[REQUEST_MAX_BATCHES];
	if (base->events->sending == NULL)
		return DF_OK;
	s.lane = lane->number;
	s.batches = batches;
	for (size_t i = from; i < to; i++)
		if (send_objects_doubtful(&lane->request.item[i]) != s.back)
			batches[s.n++] = lane->request.item[i].batch;
	return s.n > 0 ? base->events->sending(base->ctx, &s, err) : DF_OK;
}

/* The first item from there on that has none in doubt after it: a note that it came back is one
 * of all that follows in the lane. */
static size_t after_doubt(const struct send_request *r, size_t from)
{
	size_t i = r->n;
	while (i > from && !send_objects_doubtful(&r->item[i - 1]))
		i--;
	return i;
}

void http_lane_back(struct http_lane *lane, size_t from, size_t to)
{
	struct sender *sender = lane->stream->base->sender;
	const struct send_request *r = &lane->request;
	struct df_err err = {0};
	from = after_doubt(r, from > r->settled ? from : r->settled);
	if (lane->stream->unsettled || from >= r->n)
		return;
	struct send_sending s = {.back = true};
	enum df_status st = lane_sending(lane, from, to < r->n ? to : r->n, s, &err);
	if (st == DF_OK)
		return;
	pthread_mutex_lock(&sender->lock);
	http_stream_stop(lane->stream, st, &err);
	pthread_mutex_unlock(&sender->lock);
}

/* curl sends a request again by itself when a connection that it used before ends without an
 * answer; it cannot where the body comes from here and is given once. */
static size_t lane_read(char *p, size_t size, size_t n, void *own)
{
	struct http_lane *lane = own;
	size_t left = lane->request.body.len - lane->read, len = size * n;
	len = len < left ? len : left;
	memcpy(p, lane->request.body.data + lane->read, len);
	lane->read += len;
	return len;
}

static int lane_seek(void *own, curl_off_t offset, int origin)
{
	const struct http_lane *lane = own;
	bool nothing = lane->read == 0 && offset == 0 && origin == SEEK_SET;
	return nothing ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

static bool lane_set_body(struct http_lane *lane, bool once)
{
	CURL *c = lane->easy;
	const struct df_buf *body = &lane->request.body;
	lane->read = 0;
	if (body->over || curl_easy_setopt(c, CURLOPT_POST, 1L) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len) != CURLE_OK)
		return false;
	if (!once)
		return curl_easy_setopt(c, CURLOPT_POSTFIELDS, body->data) == CURLE_OK;
	return curl_easy_setopt(c, CURLOPT_POSTFIELDS, NULL) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_READFUNCTION, lane_read) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_READDATA, lane) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, lane_seek) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_SEEKDATA, lane) == CURLE_OK;
}

void http_lane_start(struct http_lane *lane, int64_t now)
{
	struct http_stream *st = lane->stream;
	struct send_request *r = &lane->request;
	struct df_err err = {0};
	bool historical = false;
	if (!lane_may(lane))
		return;
	if (http_clock_choose(lane, &historical, &err) != DF_OK) {
		http_stream_stop(st, DF_RETRY, &err);
		return;
	}
	if (lane->easy == NULL)
		lane_prepare(lane);
	send_objects_wire(r, st->form);
	st->service->body(r);
	bool once = st->service->once && send_objects_once(r);
	if (!once)
		df_before("request");
	if (lane->easy == NULL || !lane_set_body(lane, once) ||
	    !lane_launch(lane, historical ? st->url_historical : st->url, now)) {
		lane_fail(lane);
		return;
	}
	st->base->sender->stats.requests++;
	st->base->sender->stats.bytes += r->body.len;
	lane->unsaid = once;
	st->http->unsaid |= once;
}

/* The next lane whose request waits for the ledger, in the order of streams; NULL: that was the
 * last one. */
static struct http_lane *lane_unsaid(struct send_http *h, const struct http_lane *after)
{
	bool past = after == NULL;
	for (struct http_stream *st = h->streams; st != NULL; st = st->next)
		for (uint32_t i = 0; i < st->base->n_lanes; i++) {
			if (past && st->lanes[i].unsaid)
				return &st->lanes[i];
			past = past || &st->lanes[i] == after;
		}
	return NULL;
}

/* None of the stream's leaves, as the ledger does not have this lane's; what it has of those before
 * is taken back where that is possible. */
static void lane_take_back(struct http_lane *failed, enum df_status status,
			   const struct df_err *err)
{
	struct http_stream *st = failed->stream;
	struct df_err ignored = {0};
	enum df_status noted = DF_OK;
	http_stream_stop(st, status, err);
	for (uint32_t i = 0; i < st->base->n_lanes; i++) {
		struct http_lane *lane = &st->lanes[i];
		const struct send_request *r = &lane->request;
		if (!lane->unsaid)
			continue;
		lane->unsaid = false;
		http_lane_end(lane);
		send_objects_back(&lane->request, true);
		if (lane < failed && noted == DF_OK)
			noted = lane_sending(lane, after_doubt(r, r->from), r->to,
					     (struct send_sending){.back = true}, &ignored);
	}
}

/* False: a stream's were taken back. Those that were to be synced with them are noted anew. */
static bool lanes_note(struct send_http *h)
{
	for (struct http_lane *lane = lane_unsaid(h, NULL), *next; lane != NULL; lane = next) {
		struct df_err err = {0};
		next = lane_unsaid(h, lane);
		struct send_sending s = {.more = next != NULL};
		enum df_status st =
		    lane_sending(lane, lane->request.from, lane->request.to, s, &err);
		if (st == DF_OK)
			continue;
		lane_take_back(lane, st, &err);
		return false;
	}
	return true;
}

void http_lanes_say(struct send_http *h)
{
	if (!h->unsaid)
		return;
	h->unsaid = false;
	while (!lanes_note(h))
		;
	for (struct http_lane *lane; (lane = lane_unsaid(h, NULL)) != NULL;) {
		lane->unsaid = false;
		df_before("request");
	}
}

/* curl keeps no copy of the body, which is a constant. */
static bool lane_ask_prepare(struct http_lane *lane, bool access)
{
	const char *body = lane->stream->service->access_body;
	if (!access)
		return curl_easy_setopt(lane->easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
	if (body == NULL)
		return curl_easy_setopt(lane->easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
	return curl_easy_setopt(lane->easy, CURLOPT_POST, 1L) == CURLE_OK &&
	       curl_easy_setopt(lane->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(body)) ==
		   CURLE_OK &&
	       curl_easy_setopt(lane->easy, CURLOPT_POSTFIELDS, body) == CURLE_OK;
}

void http_lane_ask(struct http_lane *lane, int64_t now)
{
	struct http_stream *st = lane->stream;
	bool access = st->asks == HTTP_ASKS_ACCESS;
	char *url = access
			? df_format("%s%s", st->base->feed->send.endpoint, st->service->access_path)
			: df_strdup(st->url);
	if (lane->easy == NULL)
		lane_prepare(lane);
	lane->asks = true;
	lane->left_ms = INT64_MAX;
	if (lane->easy == NULL || !lane_ask_prepare(lane, access) || !lane_launch(lane, url, now))
		lane_fail(lane);
	else
		st->route->asking = true;
	free(url);
}

void http_lane_end(struct http_lane *lane)
{
	if (!lane->in_flight)
		return;
	curl_multi_remove_handle(lane->stream->http->multi, lane->easy);
	lane->in_flight = false;
	lane->stream->in_flight--;
	lane->stream->route->in_flight--;
	if (lane->asks)
		lane->stream->route->asking = false;
}

void http_lane_free(struct http_lane *lane)
{
	if (lane->in_flight && !lane->asks) /* nobody will hear the answer */
		send_touched(lane->stream->base);
	http_lane_end(lane);
	curl_easy_cleanup(lane->easy);
	send_request_clear(&lane->request);
	df_buf_free(&lane->request.body);
	send_queue_free(&lane->queue);
	df_buf_free(&lane->answer);
}
