/* SPDX-License-Identifier: MIT */
/*
 * send_http.h - between send_http.c (producers), send_thread.c (the sender's thread) and send_lane.c (one lane)
 *
 * Who touches what: fields marked L are guarded by sender->lock; all others belong to the sender's thread, once the
 * stream is on its list.
 */
#ifndef DROPFEED_SEND_HTTP_H
#define DROPFEED_SEND_HTTP_H

#include "send_priv.h"

#include <curl/curl.h>

/* One endpoint: when it is unwell, one request at a time finds out whether it is well again. */
struct http_host {
	char *endpoint;    /* own */
	char *name;        /* own; host and port, for logs */
	unsigned failures; /* in a row */
	int64_t failed_at, not_before, logged_at;
	char trouble[CURL_ERROR_SIZE + 64]; /* what it last was */
	bool told;                          /* the log says that it is unwell */
	bool gave_up;                       /* a stream did, and nobody had a success since */
	unsigned in_flight;
	enum send_health health; /* L, with probe_at: what the above comes to */
	int64_t probe_at;
	struct http_host *next;
};

/* One API key: its pace. */
struct http_key {
	char *key;             /* own */
	struct send_pace pace; /* L: a stream that is opened may lower its limit */
	unsigned throttled;    /* answers 429 in a row */
	bool gave_up;          /* as a host's */
	bool spent;            /* in this turn: whoever waits longest goes first, so nobody else may take tokens */
	struct http_key *next;
};

struct http_stream;

struct http_lane {
	struct http_stream *stream;
	uint32_t number;
	struct send_queue queue; /* L */
	int64_t since;           /* L: when the queue stopped being empty */
	struct send_request request;
	int64_t ready_at; /* when the current part became ready to go */
	int64_t not_before;
	unsigned failures; /* of this lane, in a row */
	CURL *easy;
	bool in_flight;
	int64_t started;
	size_t in_second; /* batches of the key that went in the second before, this request's included */
	struct df_buf answer;
	bool headed;                   /* its headers are whole */
	char trouble[CURL_ERROR_SIZE]; /* curl's words */
};

struct http_stream {
	struct send_stream *base;
	struct send_http *http;
	struct http_host *host;
	struct http_key *key;
	char *url, *url_historical;
	struct curl_slist *headers;
	struct http_lane *lanes;
	unsigned in_flight;
	int64_t trouble_since;  /* no success since then of this host and key; 0: no trouble */
	bool unsettled;         /* settled() failed: it is not called again */
	bool closed, abandoned; /* L: set by the producer */
	bool stopping, ended;   /* L: set by the thread */
	int64_t stopped_at;
	enum df_status status;    /* L, with err: why it stopped */
	struct df_err err;        /* L */
	pthread_cond_t changed;   /* room in a queue, stopping or ended */
	struct http_stream *next; /* L */
};

struct send_http {
	struct sender *sender;
	CURLM *multi;
	pthread_t thread;
	bool quit;                   /* L */
	struct http_stream *streams; /* L */
	struct http_host *hosts;     /* L */
	struct http_key *keys;       /* L */
	unsigned seed;               /* of the jitter */
	int64_t wake;                /* when something falls due */
};

#define LOOK_EVERY_MS 200 /* at df_stop_requested */

/* ---- send_thread.c ---- */
void *http_thread(void *own); /* own: struct send_http */
/* Nothing new is started for the stream. status DF_OK for an abandoned one. The caller holds the lock. */
void http_stream_stop(struct http_stream *st, enum df_status status, const struct df_err *err);

/* ---- send_lane.c ---- */
void http_lane_start(struct http_lane *lane, int64_t now); /* sends the current part; its tokens are taken */
void http_lane_end(struct http_lane *lane);                /* off the wire, whether answered or not */
/* The request on the wire came to its end; called without the lock. */
void http_lane_answered(struct http_lane *lane, CURLcode code);
void http_lane_free(struct http_lane *lane);

#endif
