/* SPDX-License-Identifier: MIT */
/*
 * pace_world.h - an API with a limit, and lanes of requests, on a clock that the test turns
 */
#ifndef PACE_WORLD_H
#define PACE_WORLD_H

#include "../../src/send/send_pace.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define SIM_LANES      8
#define STALL_EVERY_MS 5000
#define STALL_MS       250 /* at most */
#define BUSY_OF_10     1   /* trips take long then, up to */
#define BUSY_MS        80

struct sim_api {
	bool sliding; /* any second counts; else seconds of the clock */
	bool stalls;  /* now and then it takes nothing for a while */
	int64_t stalled_until;
	unsigned limit;    /* batches */
	unsigned at[1000]; /* accepted in each millisecond of the last second */
	unsigned used;
	int64_t now;
};

static inline void api_tick(struct sim_api *api, int64_t now)
{
	api->now = now;
	if (!api->sliding && now % 1000 == 0)
		api->used = 0;
	if (api->sliding)
		api->used -= api->at[now % 1000];
	api->at[now % 1000] = 0;
}

/* When something that is sent now is taken. */
static inline int64_t api_arrival(struct sim_api *api, int64_t at, unsigned *seed)
{
	if (api->stalls && at > api->stalled_until + STALL_EVERY_MS)
		api->stalled_until = at + rand_r(seed) % STALL_MS;
	return at < api->stalled_until ? api->stalled_until : at;
}

static inline bool api_takes(struct sim_api *api, unsigned n)
{
	if (api->used + n > api->limit)
		return false;
	api->used += n;
	api->at[api->now % 1000] += n;
	return true;
}

struct sim_lane {
	int64_t began, arrives, answers;
	size_t n, in_second;
	double percent; /* of the answer; below 0: 429 */
};

struct sim_sum {
	unsigned requests, throttled;
	double batches;
};

static inline void lane_turn(struct sim_lane *l, struct send_pace *p, struct sim_api *api,
			     struct sim_sum *sum, int64_t now, int64_t delay)
{
	static unsigned seed = 3;
	int64_t wait = 0;
	if (l->n > 0 && now == l->arrives) {
		bool ok = api_takes(api, (unsigned)l->n);
		l->percent = ok ? (double)(api->used * 100 / api->limit) : -1;
		sum->requests++;
		sum->throttled += !ok;
		sum->batches += ok ? (double)l->n : 0;
	}
	if (l->n > 0 && now >= l->answers) {
		const struct send_paced r = {l->n, l->in_second, now - l->began};
		l->n = 0;
		if (l->percent < 0)
			send_pace_throttled(p, 1000, false, now);
		else
			send_pace_calm(p, l->percent, &r, now);
	}
	if (l->n == 0 && (l->n = send_pace_take(p, 100, now, &wait)) > 0) {
		l->in_second = p->in_second;
		l->began = now;
		l->arrives = api_arrival(api, now + delay, &seed);
		l->answers = l->arrives + delay;
	}
}

#endif
