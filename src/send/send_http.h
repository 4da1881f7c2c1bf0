/* SPDX-License-Identifier: MIT */
/*
 * send_http.h - between the files of the Events API sink
 *
 *	send_http.c	producers: streams and their queues
 *	send_thread.c
 *	    the sender's thread: which lane may start a request now, and the end of streams
 *	send_lane.c	one lane: its request goes out, its batches are settled
 *	send_answer.c	what an answer does to the lane and to its route
 *	send_route.c	one way to the API: is it well, unwell or closed?
 *	send_suspect.c	what failed while others succeeded
 *	send_clock.c	this machine's clock and the API's
 *	send_address.c	the addresses that a route's connections go to
 *
 * Who touches what: fields marked L are guarded by sender->lock; all others belong to the sender's
 * thread, once the stream is on its list.
 */
#ifndef DROPFEED_SEND_HTTP_H
#define DROPFEED_SEND_HTTP_H

#include "dropfeed/resolve.h"
#include "send_priv.h"

#include <curl/curl.h>

#if LIBCURL_VERSION_NUM < 0x075500 /* 7.85, where the option that takes names came */
#define http_protocols(easy)                                                                       \
	curl_easy_setopt((easy), CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS)
#else
#define http_protocols(easy) curl_easy_setopt((easy), CURLOPT_PROTOCOLS_STR, "http,https")
#endif

#define LOOK_EVERY_MS 200 /* at df_stop_requested */

/* ---- send_address.c ---- */

struct http_known {              /* addresses, as curl takes them */
	struct curl_slist *list; /* own; "host:port:address,address" */
	struct http_known *next;
};

struct http_address {
	char *host; /* own; NULL: it is an address itself */
	uint16_t port;
	struct df_lookup *lookup; /* own; under way, or NULL */
	int64_t asked_at, known_at;
	/* own; the latest first: curl may still look at those before it */
	struct http_known *known;
};

void http_address_set(struct http_address *a, const char *host, uint16_t port);
/* DF_OK: connections may start, with *list (NULL: curl needs none). DF_END: not known yet.
 * DF_RETRY: err says why. */
enum df_status http_address_get(struct http_address *a, int64_t now, struct curl_slist **list,
				struct df_err *err) DF_CHECK;
void http_address_doubt(struct http_address *a); /* it did not work: look it up again */
void http_address_free(struct http_address *a);

/* ---- send_route.c ---- */

/* One API key: its pace. */
struct http_key {
	char *key;             /* own */
	struct send_pace pace; /* L: a stream that is opened may lower its limit */
	unsigned throttled;    /* L: answers 429 in a row */
	/* in this turn: whoever waits longest goes first, so nobody else may take tokens */
	bool spent;
	struct http_key *next;
};

/* What routes have in common whose requests go to the same host the same way: others' successes
 * show that it is well. */
struct http_host {
	char *id;              /* own */
	uint64_t successes[2]; /* L: of live and of historical requests */
	struct http_host *next;
};

#define SUSPECTS_MAX 64

/* A part of a request that failed while others succeeded; its stream may have ended since. */
struct http_suspect {
	char id[64];                /* of its first batch */
	uint32_t width;             /* batches it has; 0: it is suspected no more */
	unsigned failures, in_turn; /* as an item's, with seen */
	uint64_t seen;
};

/*
 * One way to the API: an endpoint, a key with its secret, the proxy, the authorities. Its health is
 * its own. Several failures in a row, with no success for a while, make it unwell: then one request
 * at a time, the probe, finds out whether it is well again. A success makes it well. It is closed,
 * for the rest of the run, when access was refused, when somebody else than an Events API answers,
 * or when there was no success for give_up_after.
 */
struct http_route {
	struct http_key *key;
	struct http_host *host;
	char *id;                        /* own; all that decides who is reached, and as whom */
	char *name;                      /* own; host and port, for logs */
	char fingerprint[DF_SHA256_HEX]; /* of endpoint and key */
	struct send_proxy proxy;
	struct http_address address;
	/* L: */
	uint64_t successes[2]; /* of live and of historical requests */
	unsigned set_aside;    /* batches, since the latest success of its own */
	int64_t success_at;    /* the latest; 0: none in this run */
	bool proven;           /* this key had a success in this run or in the day before it */
	int64_t remembered_at; /* when a success was last noted for later runs; 0: never */
	bool waiting;          /* later runs know of a wait that was asked for */
	unsigned failures;     /* in a row; those that were on the wire together count once */
	unsigned timeouts;     /* likewise */
	int64_t failed_at;     /* the latest */
	int64_t trouble_since; /* nothing succeeded since then; 0: no trouble */
	int64_t not_before;    /* the API asked for silence until then */
	bool unwell;
	unsigned probes; /* that failed, while unwell */
	int64_t probe_at;
	struct http_suspect suspects[SUSPECTS_MAX]; /* not L: of the thread */
	size_t next_suspect;                        /* the oldest one's place */
	enum df_status closed;                      /* DF_OK: it is not; else `why` says why */
	struct df_err why;
	unsigned in_flight; /* not L: of the thread, as are the next two */
	/* in this turn: are there addresses? */
	enum http_ready { HTTP_UNKNOWN, HTTP_READY, HTTP_NOT_READY } ready;
	/* the addresses, for curl */
	struct curl_slist *list;
	char trouble[SEND_WORDS_SIZE]; /* what it last was */
	int64_t logged_at;
	bool logged; /* the log says that it has trouble */
	/* L: whether the API's clock was compared with this machine's; silent: it has no Date */
	enum http_clock { HTTP_CLOCK_UNKNOWN, HTTP_CLOCK_SILENT, HTTP_CLOCK_KNOWN } clock;
	int64_t ahead_ms; /* L: so far this machine's clock is ahead of the API's */
	bool asking;      /* not L: a request that asks this is on the wire */
	struct http_route *next;
};

struct http_failure { /* of a request */
	const char *why;
	int64_t asked; /* Retry-After in milliseconds, 0: none */
	bool timeout;  /* it was sent, and not answered */
};

struct send_http;
struct http_lane;

/* A route of the feed's, not yet known to the sender; the caller's, until http_route_join. */
enum df_status http_route_new(const struct conf_feed *feed, struct http_route **out,
			      struct df_err *err) DF_CHECK;
/* without the lock */
void http_route_recall(struct http_route *route, const struct send_memory *memory);
void http_route_free(struct http_route *route);

/* The caller holds the lock for all that follow. */
/* borrowed, or NULL */
struct http_route *http_route_find(struct send_http *h, const struct http_route *like);
/* The one that is known already, or `fresh` itself, which it takes. */
struct http_route *http_route_join(struct send_http *h, struct http_route *fresh,
				   const struct conf_feed *feed);
enum send_health http_route_health(struct http_route *route, const struct conf_feed *feed,
				   int64_t *probe_ms);
/* Closes it when it has had no success for `patience`, or will have none, because it asked for
 * silence. */
void http_route_check(struct http_route *route, int64_t patience, int64_t now);
/* when the API's wish for silence ends */
int64_t http_route_silent_until(const struct http_route *route);
void http_route_succeeded(struct http_lane *lane, bool historical, int64_t now);
/* How many successes speak against a request that fails: those of all keys at its host, but only
 * the key's own when access may be what is refused, or when one batch after the other was set aside
 * without any: then it is the key that has trouble. */
uint64_t http_route_evidence(const struct http_route *route, bool historical, bool access);
void http_route_trouble(struct http_lane *lane, const char *why); /* what it is, and since when */
/* A try came to nothing. Returns how long the lane waits before the next one. */
int64_t http_route_failed(struct http_lane *lane, const struct http_failure *f, int64_t now);
/* Parts that failed before, in this or in another stream, are parts again, and their failures are
 * counted on. */
void http_suspects_load(struct http_route *route, struct send_request *r);
/* Stores the current part, that begins with item `from` as it was when it failed. */
void http_suspect_store(struct http_route *route, const struct send_request *r, size_t from);
/* What the runs before this one know of batches that failed alone, and what the next one is to
 * know; both without the lock. */
void http_suspects_recall(struct http_route *route, const struct send_memory *memory);
void http_suspects_remember(const struct http_route *route, const struct send_memory *memory);
int64_t http_backoff(struct send_http *h, unsigned failures);
void http_route_log(struct http_route *route, const char *why, int64_t wait, int64_t now);

/* ---- streams and lanes ---- */

struct http_stream;

struct http_lane {
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
	int64_t started;
	/* batches of the key that went in the second before, this request's included */
	size_t in_second;
	struct df_buf answer;
	bool headed;                   /* its headers are whole */
	double percent_used;           /* of its header, -1: none */
	char exceeded[64];             /* of its header */
	char date[64];                 /* of its header: the API's clock */
	char trouble[CURL_ERROR_SIZE]; /* curl's words */
};

struct http_stream {
	struct send_stream *base;
	struct send_http *http;
	struct http_route *route;
	char *url, *url_historical;
	struct curl_slist *headers;
	struct http_lane *lanes;
	unsigned in_flight;
	bool unsettled;         /* settled() failed: it is not called again */
	bool closed, abandoned; /* L: set by the producer */
	bool asks;              /* L: likewise: it only wants to know the API's clock */
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
	struct http_route *routes;   /* L */
	struct http_key *keys;       /* L */
	struct http_host *hosts;     /* L */
	unsigned seed;               /* of the jitter */
	int64_t wake;                /* when something falls due */
};

/* ---- send_thread.c ---- */
void *http_thread(void *own); /* own: struct send_http */
/* Nothing new is started for the stream. status DF_OK for an abandoned one. The caller holds the
 * lock. */
void http_stream_stop(struct http_stream *st, enum df_status status, const struct df_err *err);

/* ---- send_lane.c ---- */
/* sends the current part; its tokens are taken */
void http_lane_start(struct http_lane *lane, int64_t now);
/* sends a request without batches, for the Date of its answer */
void http_lane_ask(struct http_lane *lane, int64_t now);
/* Milliseconds that the current part's request may take: more when none was answered lately. */
int64_t http_lane_limit(const struct http_lane *lane);
/* off the wire, whether answered or not */
void http_lane_end(struct http_lane *lane);
/* all that has a fate, from the first batch on */
void http_lane_settle(struct http_lane *lane);
void http_lane_free(struct http_lane *lane);

/* ---- send_clock.c: the caller holds the lock ---- */
/* The lane has something to send that needs the API's clock, which is not known yet. */
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
