/* SPDX-License-Identifier: MIT */
/* receiver_rate.h - how many batches came of late, by the clock's seconds or by any thousand
 * milliseconds */
#ifndef RECEIVER_RATE_H
#define RECEIVER_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct rate {
	time_t second; /* of the clock */
	unsigned long in_second;
	int64_t at; /* the last millisecond looked at */
	unsigned long at_ms[1000], in_sliding;
};

struct rate_limit {
	unsigned long batches;
	bool sliding;
};

/* Counts n batches, unless the limit would be exceeded: then false. *used: percent of the limit. */
bool rate_take(struct rate *r, const struct rate_limit *limit, size_t n, unsigned long *used);

#endif
