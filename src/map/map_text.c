/* SPDX-License-Identifier: MIT */
/* Blanks and characters of a cell. */
#include "dropfeed/map.h"

void map_cell_trim(const char **p, size_t *len)
{
	while (*len > 0 && ((*p)[0] == ' ' || (*p)[0] == '\t')) {
		(*p)++;
		(*len)--;
	}
	while (*len > 0 && ((*p)[*len - 1] == ' ' || (*p)[*len - 1] == '\t'))
		(*len)--;
}

size_t map_utf8_prefix(const char *p, size_t len, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)p[i] & 0xc0) != 0x80 && n++ == max)
			return i;
	return len;
}
