/* SPDX-License-Identifier: MIT */
/* map_first.h - how words of a list begin, so that nearly all others are out at once */
#ifndef MAP_FIRST_H
#define MAP_FIRST_H

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of the words that begin with a byte, as bits: the lengths that they may have, below 64, and the
 * lower five bits of their second bytes, which are the same for a small letter and a capital. */
struct map_first {
	uint64_t lengths;
	uint32_t seconds;
};

#define MAP_FIRST_SECOND(c) (UINT32_C(1) << ((unsigned char)(c)&31))

/* Adds words that begin as this one does, in any case. */
static inline void map_first_add(struct map_first firsts[256], const char *word, uint64_t lengths)
{
	const int letters[] = {tolower((unsigned char)word[0]), toupper((unsigned char)word[0])};
	for (size_t i = 0; i < 2; i++) {
		firsts[letters[i]].lengths |= lengths;
		firsts[letters[i]].seconds |= MAP_FIRST_SECOND(word[1]);
	}
}

/* Whether the text, of 1 to 63 bytes, may be one of the words. */
static inline bool map_first_may(const struct map_first firsts[256], const char *p, size_t len)
{
	const struct map_first *with = &firsts[(unsigned char)p[0]];
	return (with->lengths >> len & 1) != 0 &&
	       (len == 1 || (with->seconds & MAP_FIRST_SECOND(p[1])) != 0);
}

#endif
