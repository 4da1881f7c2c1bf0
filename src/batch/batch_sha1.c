/* SPDX-License-Identifier: MIT */
/*
 * Two ids are made for most rows, and each is one block of SHA-1 (FIPS 180-4, section 6.1). A round
 * waits for the one before it, so that a block alone leaves most of the processor unused, whatever
 * instructions it has for SHA-1. Here sixteen blocks are hashed together, one in each lane of a
 * vector: the same lines of C, compiled for what a processor may have.
 */
#include "batch_sha1.h"

#include <stddef.h>
#include <string.h>

typedef uint32_t four __attribute__((vector_size(16)));
typedef uint32_t eight __attribute__((vector_size(32)));
typedef uint32_t sixteen __attribute__((vector_size(64)));

#define ROTATE(x, n) ((x) << (n) | (x) >> (32 - (n)))

/* The functions of the four times twenty rounds; the second and the fourth are the same. */
#define CHOOSE(x, y, z)   ((z) ^ ((x) & ((y) ^ (z))))
#define PARITY(x, y, z)   ((x) ^ (y) ^ (z))
#define MAJORITY(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))

#define ROUND(a, b, c, d, e, i, f, k)                                                              \
	do {                                                                                       \
		(e) += ROTATE(a, 5) + f(b, c, d) + w[i] + (k);                                     \
		(b) = ROTATE(b, 30);                                                               \
	} while (0)

/* Twenty rounds from i on: after five of them each variable has its place again. */
#define TWENTY(from, f, k)                                                                         \
	do {                                                                                       \
		for (size_t i = (from); i < (from) + 20; i += 5) {                                 \
			ROUND(a, b, c, d, e, i, f, k);                                             \
			ROUND(e, a, b, c, d, i + 1, f, k);                                         \
			ROUND(d, e, a, b, c, i + 2, f, k);                                         \
			ROUND(c, d, e, a, b, i + 3, f, k);                                         \
			ROUND(b, c, d, e, a, i + 4, f, k);                                         \
		}                                                                                  \
	} while (0)

/* A function that hashes as many lanes, from the given one on, as the type has. A vector that is
 * wider than the processor's own is kept in memory, which takes three times as long. */
#define SHA1_OF(name, lanes)                                                                       \
	static inline __attribute__((always_inline)) void name(struct batch_sha1 *s, size_t from)  \
	{                                                                                          \
		const lanes zero = {0};                                                            \
		lanes a = zero + 0x67452301u, b = zero + 0xefcdab89u, c = zero + 0x98badcfeu,      \
		      d = zero + 0x10325476u, e = zero + 0xc3d2e1f0u;                              \
		lanes w[80];                                                                       \
		for (size_t i = 0; i < BATCH_SHA1_WORDS; i++)                                      \
			memcpy(&w[i], &s->words[i][from], sizeof(w[i]));                           \
		for (size_t i = BATCH_SHA1_WORDS; i < 80; i++) {                                   \
			const lanes x = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16];               \
			w[i] = ROTATE(x, 1);                                                       \
		}                                                                                  \
		TWENTY(0, CHOOSE, 0x5a827999u);                                                    \
		TWENTY(20, PARITY, 0x6ed9eba1u);                                                   \
		TWENTY(40, MAJORITY, 0x8f1bbcdcu);                                                 \
		TWENTY(60, PARITY, 0xca62c1d6u);                                                   \
                                                                                                   \
		const lanes out[4] = {a + 0x67452301u, b + 0xefcdab89u, c + 0x98badcfeu,           \
				      d + 0x10325476u};                                            \
		for (size_t i = 0; i < 4; i++)                                                     \
			memcpy(&s->hash[i][from], &out[i], sizeof(out[i]));                        \
	}

SHA1_OF(sha1_four, four)

static void sha1_plain(struct batch_sha1 *s)
{
	for (size_t from = 0; from < BATCH_SHA1_LANES; from += 4)
		sha1_four(s, from);
}

#if defined(__x86_64__) && defined(__GNUC__)
SHA1_OF(sha1_eight, eight)
SHA1_OF(sha1_sixteen, sixteen)

__attribute__((target("avx2"))) static void sha1_avx2(struct batch_sha1 *s)
{
	sha1_eight(s, 0);
	sha1_eight(s, 8);
}

/* Rotates, and combines three words, by one instruction. */
__attribute__((target("avx2,avx512f,avx512vl"))) static void sha1_avx512(struct batch_sha1 *s)
{
	sha1_sixteen(s, 0);
}

batch_sha1_all batch_sha1_variant(unsigned i)
{
	const batch_sha1_all all[] = {sha1_plain, __builtin_cpu_supports("avx2") ? sha1_avx2 : NULL,
				      __builtin_cpu_supports("avx512vl") ? sha1_avx512 : NULL};
	return i < sizeof(all) / sizeof(all[0]) ? all[i] : NULL;
}
#else
batch_sha1_all batch_sha1_variant(unsigned i)
{
	return i == 0 ? sha1_plain : NULL;
}
#endif

batch_sha1_all batch_sha1_best(void)
{
	batch_sha1_all best = NULL;
	for (unsigned i = 0; batch_sha1_variant(i) != NULL; i++)
		best = batch_sha1_variant(i);
	return best;
}
