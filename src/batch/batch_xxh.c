/* SPDX-License-Identifier: MIT */
/* The library is built for any processor of its kind. Its header has all of the hash, too, to be
 * compiled for what this one may have. */
#include "batch_xxh.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC target("avx2")
#include <immintrin.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static void xxh_avx2(const char *p, size_t len, unsigned char out[BATCH_XXH_LEN])
{
	XXH128_canonical_t hash;
	XXH128_canonicalFromHash(&hash, XXH3_128bits(p, len));
	/* which the compiler leaves out, as the header sets how it optimizes: all that comes after
	 * this would take several times as long */
	_mm256_zeroupper();
	memcpy(out, hash.digest, BATCH_XXH_LEN);
}
#pragma GCC pop_options

batch_xxh batch_xxh_avx2(void)
{
	return __builtin_cpu_supports("avx2") ? xxh_avx2 : NULL;
}
#else
batch_xxh batch_xxh_avx2(void)
{
	return NULL;
}
#endif
