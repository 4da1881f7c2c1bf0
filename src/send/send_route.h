/* SPDX-License-Identifier: MIT */
/* send_route.h - one way to the API: is it well, unwell or closed? L: see send_http.h */
#ifndef DROPFEED_SEND_ROUTE_H
#define DROPFEED_SEND_ROUTE_H

#include "send_address.h"
#include "send_pace.h"
#include "send_priv.h"
#include "send_proxy.h"
#include "send_quote.h"

/* One API key: its pace. */
struct http_key {
	char *key; /* own */
	char fingerprint[DF_SHA256_HEX];
	struct send_pace pace; /* L: a stream that is opened may lower its limit */
	unsigned throttled;    /* L: answers 429 in a row */
	/* in this turn: whoever waits longest goes first, so nobody else may take tokens */
	bool spent;
	bool asks;      /* L: hosts that share it know that this one has something to send */
	int64_t needed; /* L: when it last had */
	struct http_key *next;
};

/* What routes have in common whose requests go to the same host the same way: others' successes
 * show that it is well. */
struct http_host {
	char *id;           /* own */
	uint64_t successes; /* L */
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
	char *asked;                     /* own; the settings that it was made from */
	char *id;                        /* own; all that decides who is reached, and as whom */
	char *name;                      /* own; host and port, for logs */
	char fingerprint[DF_SHA256_HEX]; /* of endpoint and key */
	struct send_proxy proxy;
	struct http_address address;
	/* L: */
	uint64_t successes[2]; /* of live and of historical requests */
	unsigned set_aside[2]; /* batches of each, since the latest success of its kind */
	int64_t success_at;    /* the latest; 0: none in this run */
	bool proven;           /* this key had a success in this run or in the day before it */
	int64_t remembered_at; /* when a success was last noted for later runs; 0: never */
	bool waiting;          /* later runs know of a wait that was asked for */
	unsigned failures;     /* in a row; those that were on the wire together count once */
	unsigned timeouts;     /* likewise */
	int64_t failed_at;     /* the latest */
	int64_t trouble_since; /* nothing succeeded since then; 0: no trouble */
	int64_t not_before;    /* the API asked for silence until then */
	bool untrusted;        /* its certificate was refused */
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
/* What the hosts of a fleet know a key by. */
void http_key_fingerprint(const char *key, char out[DF_SHA256_HEX]);
/* Borrowed. NULL: no feed with this key has been opened. */
struct http_key *http_key_find(struct send_http *h, const char *key);
struct http_route *http_route_find(struct send_http *h, const struct http_route *like);
/* The same by the feed's settings, without making one; NULL: there may be one all the same, which
 * came of other settings. */
struct http_route *http_route_of(struct send_http *h, const struct conf_feed *feed);
/* The feed uses it, too. */
void http_route_use(struct send_http *h, const struct conf_feed *feed);
/* The one that is known already, or `fresh` itself, which it takes. */
struct http_route *http_route_join(struct send_http *h, struct http_route *fresh,
				   const struct conf_feed *feed);

/* ---- send_health.c ---- */

enum send_health http_route_health(struct http_route *route, const struct conf_feed *feed,
				   int64_t *probe_ms);
/* Closes it when it has had no success for `patience`, or will have none, because it asked for
 * silence. */
void http_route_check(struct http_route *route, int64_t patience, int64_t now);
/* when the API's wish for silence ends */
int64_t http_route_silent_until(const struct http_route *route);
void http_route_succeeded(struct http_lane *lane, bool historical, int64_t now);
/* How many successes speak against a request that fails: those of all keys at its host, live or
 * historical, but only the key's own when access may be what is refused, and only the key's own of
 * its kind when one batch after the other was set aside without any: then it is the key that has
 * trouble, or what takes requests of that kind. */
uint64_t http_route_evidence(const struct http_route *route, bool historical, bool access);
void http_route_trouble(struct http_lane *lane, const char *why); /* what it is, and since when */
/* A try came to nothing. Returns how long the lane waits before the next one. */
int64_t http_route_failed(struct http_lane *lane, const struct http_failure *f, int64_t now);
int64_t http_backoff(struct send_http *h, unsigned failures);
void http_route_log(struct http_route *route, const char *why, int64_t wait, int64_t now);

#endif
