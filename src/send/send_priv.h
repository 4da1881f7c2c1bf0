/* SPDX-License-Identifier: MIT */
/*
 * send_priv.h - what the files of this room share
 *
 *	send.c		the public functions, the table of the two drivers
 *	send_http.h	lists the files of the Events API sink
 *	send_request.c	packing batches into a request, splitting it when the API complains
 *	send_verdict.c	an answer's meaning
 *	send_quote.c	what others answered, for a log
 *	send_pace.c	token bucket, steering, backoff
 *	send_proxy.c	which proxy a connection goes through
 *	send_file.c	the NDJSON sinks
 */
#ifndef DROPFEED_SEND_PRIV_H
#define DROPFEED_SEND_PRIV_H

#include "dropfeed/send.h"

#include <pthread.h>

/* ---- send.c ---- */

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

/* ---- send_request.c ---- */

struct send_queue {
	struct batch *head, *tail;
	size_t n, bytes, events;
};
void send_queue_push(struct send_queue *q, struct batch *b); /* takes b */
void send_queue_free(struct send_queue *q);

#define SEND_SET_ASIDE_AFTER 8u /* failures of one batch alone */

enum send_fate { SEND_PENDING, SEND_DELIVERED, SEND_REJECTED, SEND_SET_ASIDE };

/*
 * The batches that a lane took from its queue together. They go out as one or more parts: a part is
 * a run of pending batches without a cut inside, the leftmost first, so that the lane's order
 * survives every split. Those before the first pending one are settled after each answer.
 */
struct send_request {
	struct send_item {
		struct batch *batch;
		enum send_fate fate;
		bool cut;          /* a part ends after this batch */
		char *words;       /* own; why it was rejected */
		unsigned failures; /* of the part that begins here, while others succeeded */
		unsigned in_turn;  /* of them, since the latest success of others */
		uint64_t seen;     /* how many others had, at its latest failure */
	} item[REQUEST_MAX_BATCHES];
	size_t n;
	size_t settled;  /* item[0 .. settled) are reported */
	size_t from, to; /* the current part: item[from .. to) */
	bool suspect;    /* a part of it failed while others succeeded */
	struct df_buf body;
};

/* How many batches from `head` on fit into one request (at least one); *full: waiting would not
 * add another. */
size_t send_request_measure(const struct batch *head, bool *full);
void send_request_fill(struct send_request *r, struct send_queue *q, size_t n);
/* finds the next part; false when nothing is pending */
bool send_request_part(struct send_request *r);
/* Takes another part than the current one, where there is one: a batch whose user has none
 * pending before it. So the lane goes on after a batch that fails, and it shows whose fault that
 * is. The order of each user's batches stays. */
void send_request_pass(struct send_request *r);
/* Whether the current part, a batch that failed alone, is to be tried again before others are. */
bool send_request_stays(const struct send_request *r, uint64_t successes);
/* These batches, or as many of them as there are, are a part of their own. */
void send_request_isolate(struct send_request *r, size_t first, size_t width);
/* Takes more batches from the queue, for a request of which only what fails is left. */
void send_request_top_up(struct send_request *r, struct send_queue *q);
/* shortens the current part to n batches */
void send_request_cut(struct send_request *r, size_t n);
void send_request_body(struct send_request *r); /* the current part's JSON */
/* forgets all batches, keeps the body's memory */
void send_request_clear(struct send_request *r);

struct send_verdict;
/* Gives the current part's batches their fate, or splits it. */
void send_request_apply(struct send_request *r, const struct send_verdict *v);

/* Whether another failure of the part that begins with the item would count: with no success of
 * others in between nobody knows whose fault it is. */
bool send_request_counts(const struct send_item *item, uint64_t successes);
enum send_blame { SEND_BLAME_NONE, SEND_BLAME_HALVED, SEND_BLAME_SET_ASIDE };
/* The current part came to nothing, which may be its own fault when others succeed (successes:
 * so many did) since its failure before: then it is halved, and in the end the batch that is at
 * fault is set aside. */
enum send_blame send_request_blame(struct send_request *r, uint64_t successes, const char *words);
/* The current part, one batch, will not be delivered. */
void send_request_set_aside(struct send_request *r, const char *words);

/* ---- send_verdict.c ---- */

enum send_action {
	SEND_ACCEPT,   /* the part is delivered */
	SEND_SPLIT,    /* some batch is at fault: see located */
	SEND_HALVE,    /* too large */
	SEND_THROTTLE, /* 429 */
	SEND_AGAIN,    /* says nothing about the batches: try again */
	SEND_DENY,     /* credentials or certificate refused */
	SEND_STRAY,    /* no Events API answers like that: the address is wrong */
};

struct send_verdict {
	enum send_action action;
	bool rest_stands;                  /* with SEND_SPLIT: what is not located is delivered */
	bool located[REQUEST_MAX_BATCHES]; /* counted from the part's first batch */
	size_t n_located;
	/* own; the API's about a batch, else the status and what was quoted; NULL: accepted */
	char *words;
};

struct send_answer {
	long status;
	const char *body;
	size_t len;
	bool cut;    /* the body was longer than that */
	bool proven; /* this key had a success lately */
};

/* Reads the answer to the request's current part. */
void send_verdict_read(struct send_verdict *v, const struct send_request *r,
		       const struct send_answer *a);
void send_verdict_free(struct send_verdict *v);

/* &#39; &#x27; &quot; &apos; &lt; &gt; &amp; become what they mean, in place. */
void send_html_decode(char *s);

/* ---- send_quote.c ---- */

#define SEND_WORDS_SIZE 1536

/* Appends the first words of an answer's body, at most 120 bytes, without tags, scripts and
 * control characters. */
void send_quote(struct df_buf *out, const char *body, size_t len);
/* Replaces each word that is one of the request's body as well, in what was quoted: some pages
 * repeat the request. Returns the caller's text. */
char *send_hide(const char *text, const char *body, size_t len);
/* Replaces each of the secrets (NULL ends them), one that the text's end cuts, and user
 * information in URLs, in place. */
void send_mask(char *text, const char *const *secrets);
/* The credentials as a request has them: a server that is being debugged sends requests back.
 * Own. */
char *send_basic_token(const char *user, const char *password);

/* ---- send_proxy.c ---- */

struct send_proxy {
	char *url, *user, *password; /* own; url NULL: none. It may hold a password: never logged */
	/* own; what connections go to; name: with its port, for logs */
	char *host, *name;
	uint16_t port;
};
struct send_proxy_wish {
	/* what is to be reached; an IPv6 address without brackets */
	const char *scheme, *host;
	const char *url, *user, *password; /* of the feed, or NULL */
};
/* DF_USAGE: the proxy is not a URL. */
enum df_status send_proxy_choose(struct send_proxy *p, const struct send_proxy_wish *wish,
				 struct df_err *err) DF_CHECK;
void send_proxy_free(struct send_proxy *p);
bool send_is_loopback(const char *host); /* 127/8, ::1, localhost */

/* ---- send_pace.c: no clock of its own, times are df_monotonic_ms() values given by the caller
 * ---- */

#define SEND_PACE_SLOT_MS 4
#define SEND_PACE_SLOTS   251 /* a second and a little more */
#define SEND_PACE_SEEN    6   /* each of a fifth of a second */

struct send_pace {
	double limit;                            /* configured batches per second: never passed */
	double rate;                             /* today's, <= limit */
	double aim;                              /* percent of the API's own limit */
	double tokens;                           /* batches that may go now */
	int64_t filled;                          /* when tokens was last brought up to date */
	size_t sent[SEND_PACE_SLOTS], in_second; /* batches of the last second */
	int64_t slot;                            /* of now */
	struct {
		/* the largest percentage of its time, and what had been sent then */
		double percent, in_second;
	} seen[SEND_PACE_SEEN];
	size_t n_seen;
	double trip; /* milliseconds until an answer comes, about */
	int64_t steered, slowed, aimed, measured;
	int64_t not_before; /* the API asked for silence until then */
	bool careful;       /* it said "acceleration" */
};

void send_pace_init(struct send_pace *p, double limit, int64_t now);
/* the smaller of the feeds that share the key wins */
void send_pace_limit(struct send_pace *p, double limit);
/* How many of `want` (at least 1) batches may go in one request now; 0: *wait is how many
 * milliseconds to wait before asking again. */
size_t send_pace_take(struct send_pace *p, size_t want, int64_t now, int64_t *wait);
/* A 2xx: percent_used is the header's value, below 0 when there was none; in_second:
 * p->in_second after its take; trip: how long the answer took. */
void send_pace_calm(struct send_pace *p, double percent_used, size_t in_second, int64_t trip,
		    int64_t now);
/* A 429. */
void send_pace_throttled(struct send_pace *p, int64_t wait, bool acceleration, int64_t now);

/* Exponential backoff with full jitter: a random part (random in [0,1)) of base * 2^failures, at
 * most cap. */
int64_t send_backoff(unsigned failures, int64_t base, int64_t cap, double random);

#endif
