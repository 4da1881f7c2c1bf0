/* SPDX-License-Identifier: MIT */
/* batch_sha1.h - SHA-1 of names that are one block long, sixteen at a time */
#ifndef BATCH_SHA1_H
#define BATCH_SHA1_H

#include <stdint.h>

#define BATCH_SHA1_LANES 16u
#define BATCH_SHA1_WORDS 16u /* of a block */

/* A block is the whole message, with its padding. The same word of all blocks is together. */
struct batch_sha1 {
	uint32_t words[BATCH_SHA1_WORDS][BATCH_SHA1_LANES];
	/* the first four words of each hash, which are all that an id takes */
	uint32_t hash[4][BATCH_SHA1_LANES];
} __attribute__((aligned(64)));

/* Hashes all of them; what is in a lane that nobody has filled does not matter. */
typedef void (*batch_sha1_all)(struct batch_sha1 *s);

/* The variants that this processor can run: 0 is for all processors, the last one is the best.
 * NULL: there are no more. */
batch_sha1_all batch_sha1_variant(unsigned i);
batch_sha1_all batch_sha1_best(void);

#endif
