/* SPDX-License-Identifier: MIT */
/* Values that identify nobody: what databases, spreadsheets and programs write where an identity
 * is missing. */
#include "map_placeholder.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The manual has this list. In any case. */
static const char *const words[] = {
    "null",
    "(null)",
    "<null>",
    "[null]",
    "\\N",
    "nil",
    "none",
    "nan",
    "na",
    "n/a",
    "n.a.",
    "#N/A",
    "#N/D",
    "#NV",
    "#REF!",
    "#VALUE!",
    "#NAME?",
    "#NUM!",
    "#NULL!",
    "#DIV/0!",
    "unknown",
    "undefined",
    "[object Object]",
    "(none)",
    "(empty)",
    "(blank)",
    "(not set)",
    "not set",
    "not available",
    "not applicable",
    "empty",
    "missing",
    "anonymous",
    "guest",
    "redacted",
    "[redacted]",
    "<redacted>",
    "total",
    "grand total",
    "subtotal",
    "trailer",
    "0",
    "0.0",
    "-1",
    "-1.0",
    "\"\"",
    "''",
};

enum {
	WORDS = sizeof(words) / sizeof(words[0]),
	BLANKS = WORDS,
	ZEROS,      /* of a UUID, with dashes or without, in braces or not */
	ONLY_ZEROS, /* 000000: an empty number of fixed width */
	SHORTENED,  /* 4.41E+11: a long number as a spreadsheet saves it */
	ONE_SIGN,   /* -, ??, *****, XXXX: an underline, a mask */
	FAULT,      /* #WERT!: a spreadsheet's words, in any language */
	KINDS,
};

_Static_assert(KINDS <= (int)MAP_NOTE_PADDED, "notes have room for each kind");

#define LONGEST 38 /* the UUID in braces */

static bool is_zeros(const char *p, size_t len)
{
	if (len > 2 && p[0] == '{' && p[len - 1] == '}') {
		p++;
		len -= 2;
	}
	if (len != 32 && len != 36)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool dash = len == 36 && (i == 8 || i == 13 || i == 18 || i == 23);
		if (p[i] != (dash ? '-' : '0'))
			return false;
	}
	return true;
}

static bool is_only(const char *p, size_t len, char c)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != c)
			return false;
	return true;
}

/* A line below the header, or a mask: one sign again and again; of letters, three or more. */
static bool is_one_sign(const char *p, size_t len)
{
	if (strchr("-_.?*=~+", p[0]) == NULL && ((p[0] | 0x20) != 'x' || len < 3))
		return false;
	return is_only(p, len, p[0]);
}

/* d[.d...]E+dd, with a comma where the country has one. */
static bool is_shortened(const char *p, size_t len)
{
	size_t i = 1;
	if (len < 5 || !df_is_digit(p[0]))
		return false;
	if (p[i] == '.' || p[i] == ',')
		for (i++; i < len && df_is_digit(p[i]); i++)
			;
	if (i + 4 > len || (p[i] | 0x20) != 'e' || p[i + 1] != '+')
		return false;
	for (i += 2; i < len && df_is_digit(p[i]); i++)
		;
	return i == len;
}

/* '#', capitals, and '!' or '?'; or as many '#' as the column is wide. */
static bool is_fault(const char *p, size_t len)
{
	if (len < 3 || p[0] != '#')
		return false;
	if (is_only(p, len, '#'))
		return true;
	for (size_t i = 1; i + 1 < len; i++)
		if ((p[i] < 'A' || p[i] > 'Z') && p[i] != '_' && (signed char)p[i] >= 0)
			return false;
	return p[len - 1] == '!' || p[len - 1] == '?';
}

/* Length of the blank that the text begins with, 0: none. Those that are not ASCII: no-break and
 * ideographic spaces, those of no width, byte order marks. */
static size_t blank_length(const char *p, size_t len)
{
	static const char *const blanks[] = {" ",
					     "\t",
					     "\xc2\xa0",
					     "\xe3\x80\x80",
					     "\xef\xbb\xbf",
					     "\xe2\x80\xaf",
					     "\xe2\x81\x9f",
					     "\xe2\x81\xa0"};
	if (len >= 3 && memcmp(p, "\xe2\x80", 2) == 0 && (unsigned char)p[2] <= 0x8d)
		return 3;
	for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
		size_t size = strlen(blanks[i]);
		if (size <= len && memcmp(p, blanks[i], size) == 0)
			return size;
	}
	return 0;
}

static bool is_all_blanks(const char *p, size_t len)
{
	for (size_t at = 0, n; at < len; at += n) {
		n = blank_length(p + at, len - at);
		if (n == 0)
			return false;
	}
	return true;
}

bool map_has_unseen_end(const char *p, size_t len)
{
	if (blank_length(p, len) > 1)
		return true;
	for (size_t n = 2; n <= 3 && n <= len; n++)
		if (blank_length(p + len - n, n) == n)
			return true;
	return false;
}

void map_placeholder_init(uint64_t lengths[256])
{
	static const unsigned char shapes[] = {'#', '0', '{', '-', '_',  '.',  '?',  '*', '=',
					       '~', '+', 'x', 'X', 0xc2, 0xe2, 0xe3, 0xef};
	memset(lengths, 0, 256 * sizeof(*lengths));
	for (size_t i = 0; i < WORDS; i++) {
		uint64_t bit = UINT64_C(1) << strlen(words[i]);
		lengths[(unsigned char)tolower((unsigned char)words[i][0])] |= bit;
		lengths[(unsigned char)toupper((unsigned char)words[i][0])] |= bit;
	}
	for (size_t i = 0; i < sizeof(shapes); i++)
		lengths[shapes[i]] = UINT64_MAX;
}

bool map_placeholder(const char *p, size_t len, size_t *kind)
{
	map_cell_trim(&p, &len);
	*kind = BLANKS;
	if (len == 0)
		return true;
	*kind = ONE_SIGN;
	if (len > LONGEST)
		return is_one_sign(p, len);
	for (*kind = 0; *kind < WORDS; ++*kind) {
		const char *w = words[*kind];
		if (((w[0] ^ p[0]) & ~0x20) == 0 && strncasecmp(w, p, len) == 0 && w[len] == '\0')
			return true;
	}

	static const struct {
		bool (*is)(const char *p, size_t len);
		size_t kind;
	} shapes[] = {{is_zeros, ZEROS},
		      {is_shortened, SHORTENED},
		      {is_one_sign, ONE_SIGN},
		      {is_fault, FAULT},
		      {is_all_blanks, BLANKS}};
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		*kind = shapes[i].kind;
		if (shapes[i].is(p, len))
			return true;
	}
	*kind = ONLY_ZEROS;
	return len > 2 && is_only(p, len, '0');
}

bool map_null_marker(const char *p, size_t len, size_t *kind)
{
	static const struct {
		const char *word;
		size_t len, kind;
	} markers[] = {{"\\N", 2, MAP_NOTE_NULL_N},
		       {"NULL", 4, MAP_NOTE_NULL_WORD},
		       {"(null)", 6, MAP_NOTE_NULL_PARENS}};
	for (size_t i = 0; i < sizeof(markers) / sizeof(markers[0]); i++) {
		*kind = markers[i].kind;
		if (len == markers[i].len && strncasecmp(p, markers[i].word, len) == 0)
			return i > 0 || p[1] == 'N'; /* \n is a line's end */
	}
	return false;
}

void map_placeholder_name(size_t kind, char *out, size_t size)
{
	static const char *const others[] = {"only blanks",
					     "a UUID of zeros",
					     "only zeros",
					     "shortened by a spreadsheet, as in 4.41E+11",
					     "one sign alone, as in ---- or XXXX",
					     "a spreadsheet's fault, as in #VALUE!"};
	if (kind < WORDS)
		snprintf(out, size, "'%s'", words[kind]);
	else
		snprintf(out, size, "%s", others[kind - WORDS]);
}
