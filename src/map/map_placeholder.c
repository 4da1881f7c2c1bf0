/* SPDX-License-Identifier: MIT */
/* Values that identify nobody: what databases, spreadsheets and programs write where an identity
 * is missing. */
#include "map_priv.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

/* The manual has this list. The first word of each line of it is what a warning names. */
static const char *const words[] = {
    "null",    "(null)", "<null>",  "\\N",    "nil",   "none",   "nan",     "na",        "n/a",
    "#N/A",    "#REF!",  "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#DIV/0!", "undefined", "[object Object]",
    "unknown", "0",      "0.0",     "-1",     "-1.0",  "-",      "--",      "?",
};

enum {
	WORDS = sizeof(words) / sizeof(words[0]),
	BLANKS = WORDS,
	ZEROS,     /* of a UUID, with dashes or without */
	SHORTENED, /* 4.41E+11: a long number as a spreadsheet saves it */
	KINDS,
};

_Static_assert(KINDS <= MAP_PLACEHOLDERS, "notes have room for each kind");

#define LONGEST 36 /* the UUID */

static bool is_zeros(const char *p, size_t len)
{
	if (len != 32 && len != 36)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool dash = len == 36 && (i == 8 || i == 13 || i == 18 || i == 23);
		if (p[i] != (dash ? '-' : '0'))
			return false;
	}
	return true;
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* d[.d...]E+dd, with a comma where the country has one. */
static bool is_shortened(const char *p, size_t len)
{
	size_t i = 1;
	if (len < 5 || !digit(p[0]))
		return false;
	if (p[i] == '.' || p[i] == ',')
		for (i++; i < len && digit(p[i]); i++)
			;
	if (i + 4 > len || (p[i] | 0x20) != 'e' || p[i + 1] != '+')
		return false;
	for (i += 2; i < len && digit(p[i]); i++)
		;
	return i == len;
}

void map_placeholder_init(uint64_t lengths[256])
{
	memset(lengths, 0, 256 * sizeof(*lengths));
	for (size_t i = 0; i < WORDS; i++) {
		uint64_t bit = UINT64_C(1) << strlen(words[i]);
		lengths[(unsigned char)tolower((unsigned char)words[i][0])] |= bit;
		lengths[(unsigned char)toupper((unsigned char)words[i][0])] |= bit;
	}
	lengths['0'] |= UINT64_C(1) << 32 | UINT64_C(1) << 36;
}

bool map_placeholder(const char *p, size_t len, size_t *kind)
{
	map_cell_trim(&p, &len);
	*kind = BLANKS;
	if (len == 0)
		return true;
	if (len > LONGEST)
		return false;
	for (*kind = 0; *kind < WORDS; ++*kind) {
		const char *w = words[*kind];
		if (((w[0] ^ p[0]) & ~0x20) == 0 && strncasecmp(w, p, len) == 0 && w[len] == '\0')
			return true;
	}
	*kind = ZEROS;
	if (is_zeros(p, len))
		return true;
	*kind = SHORTENED;
	return is_shortened(p, len);
}

void map_placeholder_name(size_t kind, char *out, size_t size)
{
	static const char *const others[] = {"only blanks", "a UUID of zeros",
					     "shortened by a spreadsheet, as in 4.41E+11"};
	if (kind < WORDS)
		snprintf(out, size, "'%s'", words[kind]);
	else
		snprintf(out, size, "%s", others[kind - WORDS]);
}
