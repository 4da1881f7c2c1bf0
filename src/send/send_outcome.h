/* SPDX-License-Identifier: MIT */
/*
 * send_outcome.h - what came of a request, and what is to be done about it
 *
 *	send_answer.c	reads it
 *	send_unpack.c	unpacks it
 *	send_trouble.c	why none came, in words
 *	send_outcome.c	the lane goes on, waits, or sends the rest again
 *	send_denied.c	there is no way to the API: the route is closed
 *
 * All are called by the sender's thread, without the lock.
 */
#ifndef DROPFEED_SEND_OUTCOME_H
#define DROPFEED_SEND_OUTCOME_H

#include "send_http.h"
#include "send_quote.h"

/* What came of the request on the wire. */
struct http_outcome {
	CURLcode code;
	long status;               /* with CURLE_OK */
	long by_proxy;             /* status of the proxy's refusal to connect, 0: none */
	char why[SEND_WORDS_SIZE]; /* for the log */
	int64_t now;
};

static inline pthread_mutex_t *http_lane_lock(struct http_lane *lane)
{
	return &lane->stream->base->sender->lock;
}

/* ---- send_trouble.c ---- */

/* curl's words about its request, without the passwords that it may quote, and what to look at. */
void http_trouble(struct http_lane *lane, CURLcode code, char out[SEND_WORDS_SIZE]);

/* ---- send_outcome.c ---- */

/* The service answered as it does when all is well. */
void http_lane_well(struct http_lane *lane, int64_t now);
/* What was answered is settled; the rest is what goes out next. */
void http_lane_split(struct http_lane *lane, const struct send_verdict *v, int64_t now);
/* The rate limit is reached. */
void http_lane_throttled(struct http_lane *lane, const struct http_outcome *o);
/* Wait, and try again; where others succeed, with less. */
void http_lane_again(struct http_lane *lane, const struct http_outcome *o);
/* No answer came to what must not be sent twice: the rest of it is tried again. */
void http_lane_lost(struct http_lane *lane, const struct http_outcome *o);
/* A batch that is too large for whoever answers, though not for the API: set aside, unless
 * nobody gets through. */
void http_lane_too_large(struct http_lane *lane, const struct send_verdict *v,
			 const struct http_outcome *o);
/* Whether a request came so far that the API may have seen its batches. */
bool http_lane_was_sent(struct http_lane *lane);

/* ---- send_denied.c ---- */

bool http_certificate_refused(CURLcode code);
/* The service's certificate is not trusted. */
void http_lane_untrusted(struct http_lane *lane, const struct http_outcome *o);
/* The service refused the feed's credentials. */
void http_lane_denied(struct http_lane *lane, const struct http_outcome *o);
/* Somebody else than an Events API answers there. */
void http_lane_stray(struct http_lane *lane, const struct http_outcome *o);

#endif
