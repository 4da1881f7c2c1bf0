/* SPDX-License-Identifier: MIT */
/*
 * send_priv.h - a sender, its streams, and the drivers that these have
 *
 *	send.c		the public functions, the table of the drivers
 *	send_touched.c	from now on a batch may have been taken
 *	send_http.h	lists the files of the sinks that answer
 *	send_request.c	packing batches into a request, splitting it when the API complains
 *	send_verdict.c	an answer's meaning
 *	send_quote.c	what others answered, for a log; send_html.c: its entities
 *	send_pace.c	token bucket, steering, backoff
 *	send_proxy.c	which proxy a connection goes through
 *	send_file.c	the NDJSON sinks
 */
#ifndef DROPFEED_SEND_PRIV_H
#define DROPFEED_SEND_PRIV_H

#include "dropfeed/send.h"

#include <pthread.h>

/* Internal times, in milliseconds; a test may shorten them between sender_new and the first
 * sender_open. */
struct send_tuning {
	int64_t connect_timeout, request_timeout;
	/* what a request gets at first; more when it runs out, up to request_timeout */
	int64_t patience;
	int64_t unwell_after; /* without a success, and some failures in a row, a route is unwell */
	int64_t backoff_base, backoff_cap;
	int64_t gather; /* a lane's oldest batch waits this long for company */
	int64_t grace;  /* requests on the wire may still finish for this long after a stop */
};

struct send_http;

struct sender {
	pthread_mutex_t lock; /* guards stats, http, and what send_http.h says it guards */
	pthread_mutex_t out;  /* standard output: whole lines at a time */
	struct send_tuning tuning;
	struct send_memory memory; /* set before the first stream is opened, as is parks */
	bool parks;
	struct send_stats stats;
	struct send_http *http; /* own; NULL until the first HTTP stream is opened */
};

struct send_driver {
	enum df_status (*open)(struct send_stream *st, struct df_err *err);
	/* takes b */
	enum df_status (*put)(struct send_stream *st, struct batch *b, struct df_err *err);
	/* frees own */
	enum df_status (*close)(struct send_stream *st, bool abandon, struct df_err *err);
};
void send_touched(struct send_stream *st); /* see struct send_events */
extern const struct send_driver send_driver_http, send_driver_file, send_driver_stdout;

struct send_stream {
	const struct send_driver *driver;
	struct sender *sender;
	const struct conf_feed *feed;
	const struct send_events *events;
	void *ctx;
	uint32_t n_lanes;
	uint64_t *put_next; /* own; for each lane the lane_position that has to come next */
	bool resumed;       /* an earlier run settled something */
	void *own;          /* the driver's */
};

void send_http_free(struct send_http *h);
enum send_health send_http_health(struct sender *s, const struct conf_feed *feed,
				  int64_t *probe_ms);
void send_http_standby(struct sender *s, const struct conf_feed *feed);

#endif
