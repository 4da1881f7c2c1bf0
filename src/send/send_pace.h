/* SPDX-License-Identifier: MIT */
/* send_pace.h - how fast batches go: a token bucket that the API's answers steer. It has no clock
 * of its own: times are values of df_monotonic_ms() that the caller gives. */
#ifndef DROPFEED_SEND_PACE_H
#define DROPFEED_SEND_PACE_H

#include "dropfeed/base.h"

#define SEND_PACE_SLOT_MS 4
#define SEND_PACE_SLOTS   251 /* a second and a little more */
#define SEND_PACE_SEEN    6   /* each of a fifth of a second */

struct send_pace {
	double limit; /* configured batches per second: never passed */
	double rate;  /* today's, <= limit */
	double aim;   /* percent of the API's own limit */
	/* of what is allowed, where other hosts use the key too; and what they sent in the last
	 * second */
	double share, others;
	/* others use the key, or did so not long ago: until then */
	int64_t together;
	/* the share changed then, and more could go before, or less, in a second: until one is
	 * over, some of what was sent until then still counts */
	int64_t changed;
	double more;
	int64_t held; /* when something had to wait for its turn */
	/* what the API allows all of them, as answers show it on average; 0: unknown */
	double found;
	double tokens;                           /* batches that may go now */
	int64_t filled;                          /* when tokens was last brought up to date */
	size_t sent[SEND_PACE_SLOTS], in_second; /* batches of the last second */
	int64_t slot;                            /* of now */
	struct {
		/* the largest percentage of its time, and what had been sent then */
		double percent, in_second;
	} seen[SEND_PACE_SEEN];
	size_t n_seen;
	double trip;  /* milliseconds until an answer comes, about */
	double quick; /* and when nothing holds it up */
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
struct send_paced {       /* a request that was answered */
	size_t n;         /* its batches */
	size_t in_second; /* p->in_second after its take */
	int64_t trip;     /* how long the answer took */
};
/* A 2xx: percent_used is the header's value, below 0 when there was none. */
void send_pace_calm(struct send_pace *p, double percent_used, const struct send_paced *r,
		    int64_t now);
/* A 429. */
void send_pace_throttled(struct send_pace *p, int64_t wait, bool acceleration, int64_t now);

/* What other hosts leave. */
void send_pace_share(struct send_pace *p, double share, double others, int64_t now);
/* How many batches went in the last second. */
size_t send_pace_recent(struct send_pace *p, int64_t now);
/* Which part of the limit would be used now, 0..1. */
double send_pace_wants(struct send_pace *p, int64_t now);

/* No request is allowed any more until then. */
void send_pace_pause(struct send_pace *p, int64_t until);

/* Exponential backoff with full jitter: a random part (random in [0,1)) of base * 2^failures, at
 * most cap. */
int64_t send_backoff(unsigned failures, int64_t base, int64_t cap, double random);

#endif
