/* SPDX-License-Identifier: MIT */
#include "send_pace.h"

#include <math.h>

/*
 * The API's limit counts batches, not requests, and says in X-mp-rate-limit-percentage-used how
 * much of it is gone. Which window it looks at is not known, so nothing here comes in bursts: a
 * second's batches leave in PIECES requests, in fewer when the connections are slow, and never more
 * of them in any second than the rate.
 *
 * Answers that say "p percent used" to requests before which, themselves included, n batches went
 * within a second show the limit: n * 100 / p, for the largest n and the largest p of the last
 * second or so. (The API may count in seconds of its clock, where p starts at 0 with each of them;
 * and whatever jitter the network has shows in the largest.) The rate is aimed at `aim` percent of
 * that. A 429 halves the rate, until the next answers say better; when it is not the first one of a
 * while, the aim was too high for this network.
 *
 * Without that header: additive increase, multiplicative decrease, as in TCP.
 */
#define PIECES         90
#define SHARE_EVERY_MS 20   /* does a host ask that has none */
#define FOUND_OF       32   /* answers make an average */
#define BURST_MS       250  /* what is saved up while all lanes wait for answers */
#define LATE           1.25 /* times the usual, and */
#define LATE_MS        6    /* more: it was held up */
#define QUICK_OF       64   /* answers until a trip that became longer is the usual one */
#define AIM            99.0
#define AIM_LEAST      90.0
#define AIM_BACK       0.25 /* regained in AIM_EVERY_MS */
#define AIM_EVERY_MS   30000
#define ASSUMED_LANES  8
#define PERCENT_USEFUL 20.0 /* below, a rounded percentage says too little */
#define PERCENT_BRAKE  75.0 /* above, the rate falls at once */
#define GROWTH         2.0  /* at most, in each STEER_EVERY_MS */
#define STEER_EVERY_MS 200
#define CALM_EVERY_MS  1000
#define STEP           0.05
#define STEP_SLOW      0.01 /* after "acceleration" */
#define SLOWEST        (1.0 / 64)
#define SECOND_MS      1000 /* the API's window, or about */
#define TOGETHER_MS    1500 /* until what others sent no longer counts */
#define HELD_MS        500  /* it had to wait not long ago: it wants all that it can get */
#define WANTS_MORE     1.25 /* than it used, where it did not have to wait */
#define WANTS_LEAST    0.05
/* The configured limit is taken for the API's, if what answers show is that close to it: what
 * others sent is known too late for anything better. */
#define CLOSE_TO_LIMIT 0.9
/* since the last header: the API sends it, this answer happens to have none */
#define HEADER_MS 10000

void send_pace_init(struct send_pace *p, double limit, int64_t now)
{
	*p = (struct send_pace){.limit = limit,
				.rate = limit,
				.aim = AIM,
				.share = 1,
				.quick = -1,
				.filled = now,
				.steered = now,
				.aimed = now,
				.measured = now - HEADER_MS,
				.slowed = now - AIM_EVERY_MS,
				.together = now - SECOND_MS,
				.changed = now - SECOND_MS,
				.held = now - HELD_MS,
				.not_before = now - STEER_EVERY_MS * SEND_PACE_SEEN,
				.slot = now / SEND_PACE_SLOT_MS};
	p->tokens = limit / PIECES > 1 ? limit / PIECES : 1;
}

void send_pace_limit(struct send_pace *p, double limit)
{
	if (limit < p->limit)
		p->limit = limit;
	if (p->rate > p->limit)
		p->rate = p->limit;
}

static void pace_rate(struct send_pace *p, double rate)
{
	p->rate = fmin(fmax(rate, p->limit * SLOWEST), p->limit * p->share);
}

/* Of all hosts together, in batches a second. */
static double pace_found(const struct send_pace *p)
{
	if (p->found <= 0)
		return HUGE_VAL;
	if (p->found >= p->limit * CLOSE_TO_LIMIT)
		return p->limit * p->aim / 100;
	return p->found * p->aim / 100;
}

/* Where a part was changed less than a second ago, what was sent of the former one still counts:
 * this host's own, or, of a part that grew, another one's. */
static double pace_more(const struct send_pace *p, int64_t now)
{
	double over = (double)(now - p->changed) / SECOND_MS;
	return over < 1 ? p->more * (1 - over) : 0;
}

/* A part that is new, or grows, was somebody else's a moment ago, whose batches still count at the
 * API: nothing was saved up of it. */
void send_pace_share(struct send_pace *p, double share, double others, int64_t now)
{
	bool used = send_pace_recent(p, now) > 0;
	double before = p->share, reach = used ? p->rate + pace_more(p, now) : 0;
	p->others = others;
	if (share < 1 || others > 0)
		p->together = now + TOGETHER_MS;
	if (share == before)
		return;
	if (now > p->filled) /* until now it was filled at the former rate */
		p->tokens += p->rate * (double)(now - p->filled) / 1000;
	p->share = share;
	p->rate = before > 0 && share > 0 ? p->rate * share / before
					  : fmin(p->limit, pace_found(p)) * share;
	p->rate = fmin(p->rate, p->limit * share);
	p->tokens = fmin(p->tokens, fmax(p->rate / PIECES, 1));
	p->filled = now;
	p->more = reach - p->rate;
	p->changed = now;
}

/* ---- taking ---- */

/* The part of a second's batches that makes a request: a lane that is away for long has to take
 * its share of what falls due until it comes back. */
static double pace_piece(const struct send_pace *p)
{
	return fmax(fmin(p->trip / ASSUMED_LANES, BURST_MS) / 1000, 1.0 / PIECES);
}

/* Forgets what was sent more than a second ago. */
static void pace_slide(struct send_pace *p, int64_t now)
{
	for (int64_t slot = now / SEND_PACE_SLOT_MS; p->slot < slot; p->slot++) {
		if (slot - p->slot > SEND_PACE_SLOTS)
			p->slot = slot - SEND_PACE_SLOTS;
		size_t next = (size_t)(p->slot + 1) % SEND_PACE_SLOTS;
		p->in_second -= p->sent[next];
		p->sent[next] = 0;
	}
}

/* Of what was sent in one slot, n batches count in this one. */
static void pace_move(struct send_pace *p, int64_t from, size_t n)
{
	if (p->slot - from < SEND_PACE_SLOTS) {
		size_t *then = &p->sent[(size_t)from % SEND_PACE_SLOTS];
		n = n < *then ? n : *then;
		*then -= n;
		p->in_second -= n;
	}
	p->sent[(size_t)p->slot % SEND_PACE_SLOTS] += n;
	p->in_second += n;
}

size_t send_pace_recent(struct send_pace *p, int64_t now)
{
	pace_slide(p, now);
	return p->in_second;
}

double send_pace_wants(struct send_pace *p, int64_t now)
{
	if (p->share <= 0 || now - p->held < HELD_MS)
		return 1;
	return fmin((double)send_pace_recent(p, now) / p->limit * WANTS_MORE + WANTS_LEAST, 1);
}

static void pace_fill(struct send_pace *p, double piece, int64_t now)
{
	if (now > p->filled) {
		p->tokens += p->rate * (double)(now - p->filled) / 1000;
		p->filled = now;
	}
	p->tokens = fmin(p->tokens, fmax(p->rate * BURST_MS / 1000, piece));
}

/* How many may go in any second. Where hosts share the limit, each one's part is seldom a whole
 * number: it is rounded up as far as this host's part of the limit goes. */
static double pace_room(const struct send_pace *p, int64_t now)
{
	double rate = p->rate;
	if (p->share < 1)
		rate = fmax(rate, fmin(ceil(rate), p->limit * p->share));
	return floor(rate + pace_more(p, now) + 1e-6);
}

static size_t pace_take(struct send_pace *p, size_t want, int64_t now, int64_t *wait)
{
	double piece = p->rate * pace_piece(p);
	piece = fmin(fmax(floor(piece), 1), (double)want);
	double room = fmax(pace_room(p, now), piece);
	pace_fill(p, piece, now);
	pace_slide(p, now);
	room -= (double)p->in_second;
	if (room < piece) {
		/* what is saved up now would only be the next burst */
		p->tokens = fmin(p->tokens, piece);
		*wait = SEND_PACE_SLOT_MS;
		return 0;
	}
	if (p->tokens < piece) {
		*wait = (int64_t)((piece - p->tokens) * 1000 / p->rate) + 1;
		return 0;
	}
	size_t n = (size_t)fmin(fmin(floor(p->tokens), room), (double)want);
	p->tokens -= (double)n;
	p->sent[(size_t)p->slot % SEND_PACE_SLOTS] += n;
	p->in_second += n;
	*wait = 0;
	return n;
}

size_t send_pace_take(struct send_pace *p, size_t want, int64_t now, int64_t *wait)
{
	*wait = p->not_before - now;
	if (*wait > 0)
		return 0;
	*wait = SHARE_EVERY_MS;
	size_t n = p->share > 0 ? pace_take(p, want, now, wait) : 0;
	if (n == 0)
		p->held = now;
	return n;
}

/* ---- steering ---- */

/* What the last second's answers say that the API allows, in batches a second. */
static double pace_allowed(const struct send_pace *p, int64_t now)
{
	if (now < p->together)
		return pace_found(p) * p->share;
	double percent = 0, n = 0;
	for (size_t i = 0; i < SEND_PACE_SEEN; i++) {
		if (p->seen[i].percent < percent)
			continue;
		percent = p->seen[i].percent;
		n = p->seen[i].in_second;
	}
	/* a piece more may fall into the API's second */
	double jitter = (pace_piece(p) - 1.0 / PIECES) * 100;
	return percent < PERCENT_USEFUL ? HUGE_VAL : n * (p->aim - jitter) / percent;
}

/* Every STEER_EVERY_MS. */
static void pace_grow(struct send_pace *p, int64_t now)
{
	double allowed = pace_allowed(p, now);
	double most =
	    p->careful ? p->rate + p->limit * STEP_SLOW * STEER_EVERY_MS / 1000 : p->rate * GROWTH;
	/* After a silence, what was seen has to be of a whole second again; what hosts found
	 * together stays. */
	bool seen = now < p->together || now - p->not_before >= STEER_EVERY_MS * SEND_PACE_SEEN;
	if (allowed > p->rate && seen)
		pace_rate(p, fmin(allowed, most));
	p->steered = now;
	p->n_seen = (p->n_seen + 1) % SEND_PACE_SEEN;
	p->seen[p->n_seen].percent = p->seen[p->n_seen].in_second = 0;
	if (now - p->aimed >= AIM_EVERY_MS) {
		p->aim = fmin(p->aim + AIM_BACK, AIM);
		p->aimed = now;
	}
}

static void pace_headless(struct send_pace *p, int64_t now)
{
	if (now - p->measured < HEADER_MS || now - p->steered < CALM_EVERY_MS)
		return;
	pace_rate(p, p->rate + p->limit * (p->careful ? STEP_SLOW : STEP));
	p->steered = now;
}

/* What others sent is known with a delay of a second or so, so that one answer says little. */
static void pace_find(struct send_pace *p, double limit)
{
	p->found = p->found > 0 ? p->found + (limit - p->found) / FOUND_OF : limit;
}

/* A request that was held up on its way may have been counted just before it was answered: where
 * hosts together use all of a limit, it counts here as if it had been sent now. */
static void pace_late(struct send_pace *p, const struct send_paced *r, int64_t now)
{
	bool late = p->quick >= 0 && (double)r->trip > p->quick * LATE + LATE_MS;
	int64_t sent = now - r->trip;
	if (p->quick < 0 || (double)r->trip < p->quick)
		p->quick = (double)r->trip;
	else
		p->quick += ((double)r->trip - p->quick) / QUICK_OF;
	if (!late || now >= p->together)
		return;
	pace_slide(p, now);
	pace_move(p, sent / SEND_PACE_SLOT_MS, r->n);
}

void send_pace_calm(struct send_pace *p, double percent_used, const struct send_paced *r,
		    int64_t now)
{
	pace_fill(p, 1, now); /* the time until now passed at the old rate */
	pace_late(p, r, now);
	p->trip += ((double)r->trip - p->trip) / 8;
	if (!(percent_used >= 0)) {
		pace_headless(p, now);
		return;
	}
	p->measured = now;
	if (now < p->together && percent_used >= PERCENT_USEFUL)
		pace_find(p, ((double)r->in_second + p->others) * 100 / percent_used);
	if (percent_used >= p->seen[p->n_seen].percent) {
		p->seen[p->n_seen].percent = percent_used;
		p->seen[p->n_seen].in_second = (double)r->in_second;
	}
	if (percent_used >= PERCENT_BRAKE && pace_allowed(p, now) < p->rate)
		pace_rate(p, pace_allowed(p, now));
	if (now - p->steered >= STEER_EVERY_MS)
		pace_grow(p, now);
}

void send_pace_throttled(struct send_pace *p, int64_t wait, bool acceleration, int64_t now)
{
	if (now + wait > p->not_before)
		p->not_before = now + wait;
	p->careful |= acceleration;
	/* What was saved up belongs to the faster time, and none is saved while the API wants
	 * silence. */
	p->tokens = 0;
	p->filled = p->not_before;
	if (now - p->slowed < CALM_EVERY_MS)
		return; /* other lanes' answers of the same moment */
	pace_rate(p, p->rate / 2);
	if (now - p->slowed < AIM_EVERY_MS)
		p->aim = fmax(p->aim - 1, AIM_LEAST);
	memset(p->seen, 0, sizeof(p->seen)); /* the limit may be another one now */
	p->slowed = p->steered = p->aimed = now;
}

void send_pace_pause(struct send_pace *p, int64_t until)
{
	if (until <= p->not_before)
		return;
	p->not_before = until;
	p->tokens = 0;
	p->filled = until;
}

int64_t send_backoff(unsigned failures, int64_t base, int64_t cap, double random)
{
	int64_t most = base;
	for (unsigned i = 0; i < failures && most < cap; i++)
		most *= 2;
	if (most > cap)
		most = cap;
	return (int64_t)((double)most * random);
}
