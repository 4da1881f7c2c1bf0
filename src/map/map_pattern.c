/* SPDX-License-Identifier: MIT */
#include "map_pattern.h"

enum map_precedence map_precedence_of(const char *source)
{
	if (strcmp(source, MAP_UNMAPPED) == 0)
		return MAP_REST;
	return strchr(source, '*') != NULL ? MAP_WILD : MAP_EXACT;
}

bool map_is_pattern(const char *source)
{
	return map_precedence_of(source) != MAP_EXACT;
}

bool map_pattern_fits(const char *pattern, const char *name, size_t len)
{
	const char *star = strchr(pattern, '*');
	size_t head = (size_t)(star - pattern), tail = strlen(star + 1);
	return len > head + tail && memcmp(pattern, name, head) == 0 &&
	       memcmp(star + 1, name + len - tail, tail) == 0;
}
