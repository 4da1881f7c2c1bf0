/* SPDX-License-Identifier: MIT */
#include "send_priv.h"

/*
 * The API's limit counts batches, not requests, and says in X-mp-rate-limit-percentage-used how much of it is gone.
 * Additive increase, multiplicative decrease, as in TCP: above HIGH the rate shrinks by a twentieth, below LOW a
 * twentieth of the limit comes back, between them it stays; a 429 halves it. Each at most once a second, because the
 * answers of parallel lanes all tell of the same moment.
 */
#define PERCENT_HIGH   98.0
#define PERCENT_LOW    90.0
#define STEP           0.05
#define STEP_SLOW      0.01 /* after "acceleration" */
#define SLOWEST        (1.0 / 64)
#define STEER_EVERY_MS 1000

static double pace_burst(const struct send_pace *p)
{
	return p->rate > REQUEST_MAX_BATCHES ? p->rate : REQUEST_MAX_BATCHES;
}

void send_pace_init(struct send_pace *p, double limit, int64_t now)
{
	/* It begins with one request's worth instead of a full second's: the API dislikes acceleration. */
	*p = (struct send_pace){.limit = limit,
				.rate = limit,
				.step = STEP,
				.tokens = REQUEST_MAX_BATCHES,
				.filled = now,
				.steered = now,
				.slowed = now - STEER_EVERY_MS};
}

void send_pace_limit(struct send_pace *p, double limit)
{
	if (limit < p->limit)
		p->limit = limit;
	if (p->rate > p->limit)
		p->rate = p->limit;
}

static void pace_fill(struct send_pace *p, int64_t now)
{
	if (now > p->filled) {
		p->tokens += p->rate * (double)(now - p->filled) / 1000;
		p->filled = now;
	}
	if (p->tokens > pace_burst(p))
		p->tokens = pace_burst(p);
}

int64_t send_pace_take(struct send_pace *p, size_t n, int64_t now)
{
	if (now < p->not_before)
		return p->not_before - now;
	pace_fill(p, now);
	if (p->tokens >= (double)n) {
		p->tokens -= (double)n;
		return 0;
	}
	return (int64_t)(((double)n - p->tokens) * 1000 / p->rate) + 1;
}

void send_pace_calm(struct send_pace *p, double percent_used, int64_t now)
{
	if (now - p->steered < STEER_EVERY_MS)
		return;
	pace_fill(p, now); /* the time until now passed at the old rate */
	if (percent_used > PERCENT_HIGH)
		p->rate -= p->rate * STEP;
	else if (percent_used < PERCENT_LOW)
		p->rate += p->limit * p->step;
	if (p->rate > p->limit)
		p->rate = p->limit;
	if (p->rate < p->limit * SLOWEST)
		p->rate = p->limit * SLOWEST;
	p->steered = now;
}

void send_pace_throttled(struct send_pace *p, int64_t wait, bool acceleration, int64_t now)
{
	if (now + wait > p->not_before)
		p->not_before = now + wait;
	if (acceleration)
		p->step = STEP_SLOW;
	if (now - p->slowed < STEER_EVERY_MS)
		return;
	p->rate /= 2;
	if (p->rate < p->limit * SLOWEST)
		p->rate = p->limit * SLOWEST;
	p->slowed = p->steered = now;
	/* What was saved up belongs to the faster time, and none is saved while the API wants silence. */
	p->tokens = 0;
	p->filled = p->not_before;
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
