/* SPDX-License-Identifier: MIT */
/* map_uuid.h - whether a cell is a UUID as text (RFC 4122, section 3) */
#ifndef MAP_UUID_H
#define MAP_UUID_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define MAP_UUID_LEN 36u

/* The high bit of each byte that is a hexadecimal digit; of the others it is 0. A byte over 127
 * carries into the next one, so that all of `bytes` have to be below it: see map_uuid_is. */
static inline uint64_t map_uuid_digits(uint64_t bytes)
{
	const uint64_t each = UINT64_C(0x0101010101010101), small = bytes | each * 0x20;
	const uint64_t decimal = (bytes + each * (0x80 - '0')) & ~(bytes + each * (0x7f - '9'));
	const uint64_t letter = (small + each * (0x80 - 'a')) & ~(small + each * (0x7f - 'f'));
	return (decimal | letter) & each * 0x80;
}

/* Eight digits at a time: those on both sides of a dash are put together. */
static inline bool map_uuid_is(const char *p, size_t len)
{
	const uint64_t high = UINT64_C(0x8080808080808080);
	uint64_t words[4], all = high, any = 0;
	if (len != MAP_UUID_LEN || p[8] != '-' || p[13] != '-' || p[18] != '-' || p[23] != '-')
		return false;
	memcpy(&words[0], p, 8);
	memcpy(&words[1], p + 9, 4);
	memcpy((char *)&words[1] + 4, p + 14, 4);
	memcpy(&words[2], p + 19, 4);
	memcpy((char *)&words[2] + 4, p + 24, 4);
	memcpy(&words[3], p + 28, 8);
	for (size_t i = 0; i < 4; i++) {
		any |= words[i];
		all &= map_uuid_digits(words[i]);
	}
	return (any & high) == 0 && all == high;
}

#endif
