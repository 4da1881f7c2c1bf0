/* SPDX-License-Identifier: MIT */
/* batch_xxh.h - the hash of a batch's content that its id is made from: XXH3 of 128 bits */
#ifndef BATCH_XXH_H
#define BATCH_XXH_H

#include <stddef.h>

#define BATCH_XXH_LEN 16u

/* out: the same bytes on every machine. */
typedef void (*batch_xxh)(const char *p, size_t len, unsigned char out[BATCH_XXH_LEN]);

/* Compiled for AVX2, which the library's own is not; NULL: this processor does not have it, or the
 * program was built for another kind. */
batch_xxh batch_xxh_avx2(void);

#endif
