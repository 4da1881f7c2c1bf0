/* SPDX-License-Identifier: MIT */
/*
 * Two ids are made for most rows, and each is one block of SHA-1. The processor's instructions for
 * it (SHA-NI) wait for one another within a block, so that two blocks at a time take hardly longer
 * than one. Elsewhere the block goes to libcrypto's block function, because EVP takes five times as
 * long; OpenSSL 3 calls that function deprecated.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "batch_sha1.h"

#include <openssl/sha.h>
#include <stddef.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#include <immintrin.h>
#endif

static void one(struct batch_sha1 *s)
{
	SHA_CTX sha;
	(void)SHA1_Init(&sha); /* cannot fail */
	SHA1_Transform(&sha, s->block);
	s->words[0] = sha.h0;
	s->words[1] = sha.h1;
	s->words[2] = sha.h2;
	s->words[3] = sha.h3;
}

void batch_sha1_portable(struct batch_sha1 *a, struct batch_sha1 *b)
{
	one(a);
	one(b);
}

#if defined(__x86_64__) && defined(__GNUC__)
#define NATIVE __attribute__((target("sha,sse4.1")))

struct lane {         /* FIPS 180-4, section 6.1 */
	__m128i abcd; /* A in the highest word */
	__m128i e;    /* what the next four rounds get of E, in the highest word */
	__m128i w[4]; /* sixteen words of the message schedule, a ring */
};

/* Four rounds of function f (0 to 3), which has to be a constant. i: from 0 to 19. */
#define ROUNDS(l, i, f)                                                                            \
	do {                                                                                       \
		if ((i) >= 4) {                                                                    \
			__m128i w = _mm_sha1msg1_epu32((l)->w[(i) % 4], (l)->w[((i) + 1) % 4]);    \
			w = _mm_xor_si128(w, (l)->w[((i) + 2) % 4]);                               \
			(l)->w[(i) % 4] = _mm_sha1msg2_epu32(w, (l)->w[((i) + 3) % 4]);            \
		}                                                                                  \
		const __m128i e = (i) == 0 ? _mm_add_epi32((l)->e, (l)->w[0])                      \
					   : _mm_sha1nexte_epu32((l)->e, (l)->w[(i) % 4]);         \
		(l)->e = (l)->abcd;                                                                \
		(l)->abcd = _mm_sha1rnds4_epu32((l)->abcd, e, f);                                  \
	} while (0)

#define BOTH(i, f)                                                                                 \
	do {                                                                                       \
		ROUNDS(&x, i, f);                                                                  \
		ROUNDS(&y, i, f);                                                                  \
	} while (0)

#define FIVE(i, f)                                                                                 \
	do {                                                                                       \
		BOTH(i, f);                                                                        \
		BOTH((i) + 1, f);                                                                  \
		BOTH((i) + 2, f);                                                                  \
		BOTH((i) + 3, f);                                                                  \
		BOTH((i) + 4, f);                                                                  \
	} while (0)

NATIVE static inline __m128i first_abcd(void)
{
	return _mm_set_epi32(0x67452301, (int)0xefcdab89, (int)0x98badcfe, 0x10325476);
}

NATIVE static inline void lane_begin(struct lane *l, const unsigned char *block)
{
	/* big-endian words, the first one highest */
	const __m128i swap = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
	l->abcd = first_abcd();
	l->e = _mm_set_epi32((int)0xc3d2e1f0, 0, 0, 0);
	for (size_t i = 0; i < 4; i++) {
		const void *at = block + 16 * i;
		l->w[i] = _mm_shuffle_epi8(_mm_loadu_si128(at), swap);
	}
}

NATIVE static inline void lane_end(const struct lane *l, uint32_t words[4])
{
	const __m128i sum = _mm_add_epi32(l->abcd, first_abcd());
	_mm_storeu_si128((void *)words, _mm_shuffle_epi32(sum, _MM_SHUFFLE(0, 1, 2, 3)));
}

NATIVE static void sha_ni(struct batch_sha1 *a, struct batch_sha1 *b)
{
	struct lane x, y;
	lane_begin(&x, a->block);
	lane_begin(&y, b->block);
	FIVE(0, 0);
	FIVE(5, 1);
	FIVE(10, 2);
	FIVE(15, 3);
	lane_end(&x, a->words);
	lane_end(&y, b->words);
}

batch_sha1_pair batch_sha1_native(void)
{
	unsigned a = 0, b = 0, c = 0, d = 0;
	if (!__builtin_cpu_supports("sse4.1") || __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0)
		return NULL;
	return (b & 1u << 29) != 0 ? sha_ni : NULL;
}
#else
batch_sha1_pair batch_sha1_native(void)
{
	return NULL;
}
#endif
