/* SPDX-License-Identifier: MIT */
/*
 * send_http.h - between the files of the sinks that answer
 *
 *	send_http.c	producers: streams; send_put.c: their queues
 *	send_thread.c
 *	    the sender's thread: which lane may start a request now, and the end of streams
 *	send_lane.c	one lane: its request goes out
 *	send_settle.c	batches that were answered are settled
 *	send_answer.c	what came of a request; send_outcome.h: what is to be done about it
 *	send_route.c	one way to the API; send_health.c: is it well, unwell or closed?
 *	send_suspect.c	what failed while others succeeded
 *	send_clock.c	this machine's clock and the API's
 *	send_ask.c	asks for it
 *	send_stop.c	a stream ends before its batches do
 *	send_easy.c	what all requests have in common; send_query.c: requests outside of lanes
 *	send_quota.c	limits of a service that hold across runs
 *	send_service.h	what differs between services; send_events.c: the Events API
 *	send_address.c	the addresses that a route's connections go to
 *
 * Who touches what: fields marked L are guarded by sender->lock; all others belong to the sender's
 * thread, once the stream is on its list.
 */
#ifndef DROPFEED_SEND_HTTP_H
#define DROPFEED_SEND_HTTP_H

#include "send_request.h"
#include "send_route.h"
#include "send_service.h"

#include <curl/curl.h>

#if LIBCURL_VERSION_NUM < 0x075500 /* 7.85, where the option that takes names came */
#define http_protocols(easy)                                                                       \
	curl_easy_setopt((easy), CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS)
#else
#define http_protocols(easy) curl_easy_setopt((easy), CURLOPT_PROTOCOLS_STR, "http,https")
#endif

#define LOOK_EVERY_MS   200 /* at df_stop_requested */
#define HTTP_ANSWER_MAX (1u << 20)

/* ---- streams and lanes ---- */

struct http_stream;

struct http_lane {
	int64_t left_ms; /* that its request may take */
	struct http_stream *stream;
	uint32_t number;
	struct send_queue queue; /* L */
	int64_t since;           /* L: when the queue stopped being empty */
	struct send_request request;
	int64_t ready_at; /* when the current part became ready to go, or failed */
	int64_t not_before;
	unsigned failures; /* of this lane, in a row */
	CURL *easy;
	bool in_flight;
	bool asks; /* what is on the wire carries no batch: see send_clock.c */
	/* L: its request is ready, and may leave when the ledger has what must not be sent twice */
	bool unsaid;
	bool decided; /* L: of its request nothing is to be sent: it is to be settled */
	bool settles; /* something of its request may be settled */
	size_t read;  /* of its body, by curl */
	int64_t started;
	/* batches of the key that went in the second before, this request's included */
	size_t in_second;
	struct df_buf answer;
	bool headed;           /* its headers are whole */
	double percent_used;   /* of its header, -1: none */
	char exceeded[64];     /* of its header */
	char date[64];         /* of its header: the API's clock */
	char coding[64];       /* of its header: how it is packed */
	char after[64];        /* of its header: Retry-After */
	int64_t left, reset_s; /* likewise: requests it takes until then (Unix seconds), -1: none */
	char trouble[CURL_ERROR_SIZE]; /* curl's words */
};

struct http_stream {
	struct send_stream *base;
	struct send_http *http;
	struct http_route *route;
	const struct http_service *service;
	const struct batch_form *form;
	char *url, *url_historical;
	struct curl_slist *headers;
	struct http_lane *lanes;
	/* L: All that was put, as long as it does not fill a request. Where that is all there is,
	 * it goes out as one request, by the first lane, whatever lanes its batches have;
	 * otherwise each goes to its own lane, as do those that follow: spread. Nothing is sent
	 * before that is decided, so that a user's batches never take two ways. */
	struct send_queue few;
	int64_t since; /* L: when the first of them was put */
	bool spread;   /* L */
	unsigned in_flight;
	bool unsettled;         /* settled() failed: it is not called again */
	bool closed, abandoned; /* L: set by the producer */
	/* L: likewise: it only wants to know the API's clock, or whether it lets us in */
	enum http_asks { HTTP_ASKS_NOTHING, HTTP_ASKS_CLOCK, HTTP_ASKS_ACCESS } asks;
	bool answered;        /* L: with asks: it knows, or it is stopping */
	bool stopping, ended; /* L: set by the thread */
	int64_t stopped_at;
	enum df_status status;    /* L, with err: why it stopped */
	struct df_err err;        /* L */
	bool crowded;             /* L: the producer waits for room in a queue */
	pthread_cond_t changed;   /* room in a queue, stopping or ended */
	struct http_stream *next; /* L */
};

struct send_http {
	struct sender *sender;
	CURLM *multi;
	pthread_t thread;
	bool quit;                   /* L */
	struct http_stream *streams; /* L */
	struct http_route *routes;   /* L */
	struct http_key *keys;       /* L */
	struct http_host *hosts;     /* L */
	unsigned seed;               /* of the jitter */
	int64_t wake;                /* when something falls due */
	int64_t looks_at;     /* L: when the thread looks next, or before that; 0: it was woken */
	bool decided;         /* a lane's is set */
	bool unsaid, settles; /* likewise */
};

/* ---- send_thread.c ---- */
void *http_thread(void *own); /* own: struct send_http */

/* ---- send_easy.c ---- */
/* A handle for requests of the feed, the caller's; NULL: curl has none. */
CURL *http_easy(const struct conf_feed *feed, const struct http_route *route,
		const struct send_tuning *t);

/* ---- send_put.c ---- */
/* The caller of these holds the lock. */
/* Whether the thread has to be woken to look at that time: it looks then anyway, or was woken
 * already and has not looked yet. */
bool http_wakes(struct send_http *h, int64_t when);
/* Takes b. True when the thread should know. */
bool http_stream_push(struct http_stream *st, struct batch *b);
/* What was put goes to its lanes. True when the thread should know. */
bool http_stream_spread(struct http_stream *st);

/* ---- send_stop.c ---- */
/* Nothing new is started for the stream. status DF_OK for an abandoned one. The caller holds the
 * lock. */
void http_stream_stop(struct http_stream *st, enum df_status status, const struct df_err *err);

/* ---- send_lane.c ---- */
/* sends the current part; its tokens are taken */
void http_lane_start(struct http_lane *lane, int64_t now);
/* Notes what must not be sent twice of all requests that are ready, before curl works on them. */
void http_lanes_say(struct send_http *h);
/* sends a request without batches, for the Date of its answer, or for access */
void http_lane_ask(struct http_lane *lane, int64_t now);
/* Milliseconds that the current part's request may take: more when none was answered lately. */
int64_t http_lane_limit(const struct http_lane *lane);
/* What came back for certain may be sent again: batches of the part item[from .. to) that are not
 * settled. */
void http_lane_back(struct http_lane *lane, size_t from, size_t to);
/* off the wire, whether answered or not */
void http_lane_end(struct http_lane *lane);
void http_lane_free(struct http_lane *lane);

/* ---- send_settle.c ---- */
/* All that has a fate, from each lane's first batch on, is settled by the next http_lanes_settle:
 * before any lane starts another request. */
void http_lane_settle(struct http_lane *lane);
void http_lanes_settle(struct send_http *h);

/* ---- send_clock.c: the caller holds the lock ---- */
/* The lane is to ask without a batch: for the API's clock, which is not known yet and which
 * something that it has to send needs, or for access. */
bool http_clock_wanted(const struct http_lane *lane);
/* Compares the clocks, once: the Date of the lane's answer, and when it came. */
void http_clock_read(struct http_lane *lane, int64_t now_ms);
/* DF_OK: the lane's current part may go, to /historical or not. DF_RETRY: it may not, because
 * this machine's clock is wrong. */
enum df_status http_clock_choose(const struct http_lane *lane, bool *historical,
				 struct df_err *err) DF_CHECK;

/* ---- send_answer.c ---- */
/* The request on the wire came to its end; called without the lock. */
void http_lane_answered(struct http_lane *lane, CURLcode code);

#endif
