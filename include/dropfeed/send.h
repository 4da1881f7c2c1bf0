/* SPDX-License-Identifier: MIT */
/*
 * send.h - batches are delivered, each exactly once, a lane strictly in order
 *
 *	struct sender *s = sender_new();
 *	    one for the whole run: one thread, all lanes, one pace per key
 *	struct send_stream *st = NULL;
 *	sender_open(s, &order, &st, &err);			one per document
 *	send_put(st, batch, &err);  waits while the batch's lane is full
 *	send_close(st, false, &err);  waits until every batch is settled
 *	sender_free(s);
 *
 * Two drivers: send_http.c (libcurl multi in the sender's thread; send_service.h has the table of
 * the services it knows) and send_file.c (NDJSON). A lane's batches are packed into requests as the
 * sink's struct batch_form says; live and historical
 * batches never share one.
 */
#ifndef DROPFEED_SEND_H
#define DROPFEED_SEND_H

#include "dropfeed/batch.h"

struct sender;
struct send_stream;

/* Rows of a batch that will not be delivered: they become rejects. */
struct send_reject {
	const struct batch *batch;    /* borrowed until the callback returns */
	const struct batch_row *rows; /* of the batch, one after the other */
	size_t n_rows;
	/* some of what the row became was taken, and would count twice if it were sent again */
	bool partly;
	const char *message; /* the API's words, HTML entities decoded; or what happened */
	/* static: "api-rejected"; "api-unavailable": set aside, see send_request.c;
	 * "delivery-unknown": no answer came, see send_objects.h */
	const char *code;
};

/* A batch that a service took which says what becomes of it. */
struct send_taken {
	const struct batch *batch; /* borrowed until the callback returns */
	const char *due;           /* when it will be carried out; NULL: it did not say */
	bool before;               /* the service had it already */
};

/* How far a lane got. */
struct send_settled {
	uint32_t lane;
	/* its first batches, counted from its lane_position 0: delivered or rejected */
	uint64_t done;
	/* of this step only: */
	uint64_t rows_delivered;
	const struct send_reject *rejects; /* in the lane's order */
	size_t n_rejects;
	const struct send_taken *taken; /* likewise, of services of that kind; else none */
	size_t n_taken;
	bool more; /* another lane's step follows at once: both may be recorded together */
};

/* the message of rows that are delivery-unknown */
#define SEND_UNKNOWN_WORDS                                                                         \
	"no answer came: its events may have arrived or not, and would count twice if they were "  \
	"sent again; retry --unknown sends them"

/* What is about to go out and must not be sent twice. */
struct send_sending {
	uint32_t lane;
	const struct batch *const *batches; /* in the lane's order */
	size_t n;
	/* It came back: nothing of these was taken, for certain. */
	bool back;
	/* Another lane's follows, and nothing leaves before it: one sync is enough for both. */
	bool more;
};

struct send_events {
	/* A lane got further. Called in the sender's thread, in lane order, after each answered
	 * request and before the next one of any lane of the stream. Anything but DF_OK stops the
	 * stream with that status: the ledger could not remember. */
	enum df_status (*settled)(void *ctx, const struct send_settled *step, struct df_err *err);
	/* From now on a batch was taken, or may have been: an answer says so, or an answer did
	 * not come. Not called after a refusal of the credentials, after an answer of somebody
	 * else than the API, nor after one for the rate limit. May be NULL, and is called more
	 * than once, in the sender's thread or in the producer's. */
	void (*touched)(void *ctx);
	/* Before such a request leaves, and when it came back. Where it did not, what it held may
	 * have been taken. Called in the sender's thread. Anything but DF_OK stops the
	 * stream before the request. */
	enum df_status (*sending)(void *ctx, const struct send_sending *s, struct df_err *err);
	/* Whether another request may begin, and in *left_ms for how long it may wait for its
	 * answer; it asks nobody. Anything but DF_OK stops the stream with that status. Called in
	 * the sender's thread. May be NULL: always. */
	enum df_status (*may)(void *ctx, int64_t *left_ms, struct df_err *err);
};

struct sender *sender_new(void);

/* What later runs are to know of an endpoint and key, by their fingerprint. Times are wall
 * clock, 0: never. Either time may be 0 with remember: no success then leaves the latest one, no
 * not_before removes it. */
struct send_past {
	int64_t success_ms;    /* the latest */
	int64_t not_before_ms; /* the API asked not to be called before; 0: it no longer does */
};
struct send_limit { /* of a service: at most so many in any span of that length */
	int64_t span_ms;
	uint64_t most;
	bool made;        /* new requests alone count, not calls of any kind */
	const char *name; /* "26,666 requests in 8 hours" */
};
#define SEND_LIMITS_MAX 4u /* of a service */
struct send_spending {
	const char *fingerprint; /* of endpoint and key */
	uint64_t calls, made;    /* calls, and new requests among them */
	const struct send_limit *limits;
	size_t n_limits;
};
struct send_share {         /* of a key that several hosts use */
	uint64_t sent;      /* batches in the last second, by this one */
	int64_t silence_ms; /* that the API asked for; 0: none */
	double wants;       /* of what the key allows, 0..1; 0: nothing now */
	double share;       /* comes back: of what the key allows, 0..1 */
	double others;      /* comes back: batches in the last second, by the others */
	int64_t pause_ms;   /* comes back: the others were asked to be silent for so long */
};
struct send_memory {
	void *ctx;
	/* What this host may do at the key, by its fingerprint. Called often, with the sender's
	 * lock, and asks nobody. NULL: everything. */
	void (*share)(void *ctx, const char *key, struct send_share *s);
	/* Of an unknown fingerprint: zeros. Called by whoever opens a stream. */
	enum df_status (*recall)(void *ctx, const char *fingerprint, struct send_past *out,
				 struct df_err *err);
	/* Called in the sender's thread. */
	enum df_status (*remember)(void *ctx, const char *fingerprint, const struct send_past *past,
				   struct df_err *err);
	/* Text of the sender's own about batches that failed alone; *out is the caller's, NULL:
	 * none. */
	enum df_status (*suspects)(void *ctx, const char *fingerprint, char **out,
				   struct df_err *err);
	enum df_status (*suspect)(void *ctx, const char *fingerprint, const char *text,
				  struct df_err *err);
	/* So many calls are about to go to a service with limits of its own, across runs. They are
	 * entered; or a limit would be passed: *wait_ms is when to ask again, *limit, which. Called
	 * in the sender's thread, before each request; may be NULL. */
	enum df_status (*spend)(void *ctx, const struct send_spending *s, int64_t *wait_ms,
				size_t *limit, struct df_err *err);
	/* A request of the feed was answered with 429. Called in the sender's thread; may be
	 * NULL. */
	void (*throttled)(void *ctx, const char *feed);
};
/* Both are to be called before the first stream is opened. */
void sender_memory(struct sender *s, const struct send_memory *memory);
/* With it the streams of an unwell endpoint end at once with DF_RETRY, so that their documents
 * can be parked: see sender_health. Without it they wait, and probe it themselves. */
void sender_parks(struct sender *s, bool parks);

/* What a stream is opened with; feed and events outlive the stream. */
struct send_order {
	const struct conf_feed *feed; /* its sink is where the batches go */
	/* For each of the feed's lanes how many batches an earlier run settled, or NULL: none. The
	 * caller does not put these again; counting goes on from there. */
	const uint64_t *done;
	const struct send_events *events;
	void *ctx; /* of the events */
};
enum df_status sender_open(struct sender *s, const struct send_order *order,
			   struct send_stream **out, struct df_err *err) DF_CHECK;

/* Takes the batch, also when it fails. DF_RETRY: the stream gave up (give_up_after, stop
 * requested, parked), DF_DENIED: access refused, or no Events API answers there, DF_FATAL: the
 * ledger failed; then nothing more is accepted and err says why. */
enum df_status send_put(struct send_stream *st, struct batch *b, struct df_err *err) DF_CHECK;

/* Waits until everything that was put is settled (or the stream stopped, with its status as
 * above), frees the stream. abandon: stop at once, what is not in flight stays unsent; returns
 * DF_OK when nothing else went wrong. */
enum df_status send_close(struct send_stream *st, bool abandon, struct df_err *err) DF_CHECK;

/* How the feed's endpoint is with the feed's key, as far as this run knows. */
enum send_health {
	SEND_WELL, /* or never asked */
	/* The next request may go in *probe_ms, 0: now. It is one at a time, for whichever stream
	 * is open then: with sender_parks, one that is opened gets its turn, and ends with DF_RETRY
	 * when it fails. */
	SEND_UNWELL,
	/* refused, or unavailable for give_up_after: nothing more goes there in this run */
	SEND_CLOSED,
};
enum send_health sender_health(struct sender *s, const struct conf_feed *feed, int64_t *probe_ms);
/* A file of the feed is ready, and waits for another host: with this one in view, the others do
 * not take it for a newcomer when its turn comes. Holds for a second; may be called often. */
void sender_standby(struct sender *s, const struct conf_feed *feed);

/* How many batches a second go to the feed's sink at most. 0: any number. */
double sender_rate(const struct conf_feed *feed);
/* How long so many take at least, in so many requests. 0: no time. */
double sender_minutes(const struct conf_feed *feed, uint64_t batches, uint64_t requests);

/* How far this machine's clock is ahead of that of the feed's endpoint, which is asked where no
 * answer has shown it yet. DF_END: nobody can say. Else as send_close. */
enum df_status sender_clock(struct sender *s, const struct conf_feed *feed, int64_t *ahead_ms,
			    struct df_err *err) DF_CHECK;
/* Whether the feed's endpoint takes its credentials, asked without a batch. DF_END: nothing shows
 * that. Else as send_close. */
enum df_status sender_access(struct sender *s, const struct conf_feed *feed,
			     struct df_err *err) DF_CHECK;
/* After DF_DENIED of the two: it is the server's certificate that was refused. */
bool sender_untrusted(struct sender *s, const struct conf_feed *feed);
/* more than that is a clock that is wrong */
#define SEND_CLOCK_OFF_MS INT64_C(3600000)

struct send_stats { /* of the whole run */
	uint64_t requests, batches, events, bytes;
	/* requests to be sent again; of them, for the rate limit (429) */
	uint64_t retries, throttled;
};
void sender_stats(struct sender *s, struct send_stats *out);

/* ---- what became of a subject request ---- */

struct send_found {
	char state[16]; /* pending, in_progress, completed, cancelled */
	char due[40];   /* when it is expected to be carried out, or "" */
};
/* Asks, and waits for the answer, within the service's limits. DF_END: the service does not know
 * the id. DF_RETRY: no answer for now. DF_DENIED: access refused. */
enum df_status sender_request_ask(struct sender *s, const struct conf_feed *feed, const char *id,
				  struct send_found *out, struct df_err *err) DF_CHECK;
/* Takes it back, if it is still pending. DF_REJECT: it is not. Else as above. */
enum df_status sender_request_cancel(struct sender *s, const struct conf_feed *feed, const char *id,
				     struct df_err *err) DF_CHECK;

/* Whether the certificates of the API's server can be verified: ca_file, or the system's
 * authorities. DF_USAGE: not. */
enum df_status send_check_ca(const struct conf_feed *feed, struct df_err *err) DF_CHECK;

void sender_free(struct sender *s); /* all streams must be closed */

#endif
