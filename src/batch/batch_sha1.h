/* SPDX-License-Identifier: MIT */
/* batch_sha1.h - SHA-1 of names that are one block long, two at a time */
#ifndef BATCH_SHA1_H
#define BATCH_SHA1_H

#include <stdint.h>

#define BATCH_SHA1_BLOCK 64u

/* The first four words of the hash are all that an id takes. A block is the whole message, with
 * its padding. */
struct batch_sha1 {
	unsigned char block[BATCH_SHA1_BLOCK];
	uint32_t words[4];
};

/* Hashes both. */
typedef void (*batch_sha1_pair)(struct batch_sha1 *a, struct batch_sha1 *b);

/* With the processor's own instructions, where it has them; or NULL. */
batch_sha1_pair batch_sha1_native(void);
/* By libcrypto: for all other machines, and what the other is compared with. */
void batch_sha1_portable(struct batch_sha1 *a, struct batch_sha1 *b);

#endif
