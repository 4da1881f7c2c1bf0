/* SPDX-License-Identifier: MIT */
/* receiver_rate.c - see receiver_rate.h */
#include "receiver_rate.h"

static unsigned long *rate_clock(struct rate *r)
{
	time_t now = time(NULL);
	if (now != r->second)
		r->in_second = 0;
	r->second = now;
	return &r->in_second;
}

static unsigned long *rate_sliding(struct rate *r)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	int64_t now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;

	if (now - r->at > 1000)
		r->at = now - 1000;
	while (r->at < now) {
		unsigned long *oldest = &r->at_ms[++r->at % 1000];
		r->in_sliding -= *oldest;
		*oldest = 0;
	}
	return &r->in_sliding;
}

bool rate_take(struct rate *r, const struct rate_limit *limit, size_t n, unsigned long *used)
{
	unsigned long *taken = limit->sliding ? rate_sliding(r) : rate_clock(r);
	if (*taken + n > limit->batches)
		return false;

	*taken += n;
	if (limit->sliding)
		r->at_ms[r->at % 1000] += n;
	*used = *taken * 100 / limit->batches;
	return true;
}
