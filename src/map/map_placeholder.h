/* SPDX-License-Identifier: MIT */
/* map_placeholder.h - values that identify nobody */
#ifndef MAP_PLACEHOLDER_H
#define MAP_PLACEHOLDER_H

#include "dropfeed/map.h"
#include "map_first.h"

/* Kinds of values that identify nobody, at most. The last of the numbers are other kinds of values
 * that rows warn of. */
#define MAP_PLACEHOLDERS 128
enum map_note_kind {
	MAP_NOTE_MADE = MAP_PLACEHOLDERS - 12, /* an identity that a template made of nothing */
	MAP_NOTE_PADDED,                       /* an identity with blanks at an end */
	MAP_NOTE_UNSEEN,  /* the same, with another character that nobody sees */
	MAP_NOTE_QUOTED,  /* an identity in quotes: "C-1", ="0012", '0012 */
	MAP_NOTE_DECIMAL, /* one that was taken for a number: 1001.0, 1,001 */
	MAP_NOTE_COMMA,   /* a number with a decimal comma, which is rejected */
	MAP_NOTE_DAY,     /* a time that has the day where the pattern has the month */
	/* \N, NULL, (null), NaN, #N/A: no identity, but probably no value */
	MAP_NOTE_NULL_N,
	MAP_NOTE_NULL_WORD,
	MAP_NOTE_NULL_PARENS,
	MAP_NOTE_NULL_NAN,
	MAP_NOTE_NULL_CELL,
};
void map_placeholder_name(size_t kind, char *out, size_t size); /* for messages */
/* How they begin. */
void map_placeholder_init(struct map_first firsts[256]);
/* False: the value, which is not empty, is not a placeholder. Nearly all values are decided by
 * their length and first two bytes. */
static inline bool map_placeholder_may(const struct map_first firsts[256], const char *p,
				       size_t len)
{
	unsigned char first = (unsigned char)p[0];
	char last = p[len - 1];
	if (first == ' ' || first == '\t' || last == ' ' || last == '\t')
		return true; /* what is between the blanks counts */
	if (len >= 64)       /* a line below the header is as wide as its column */
		return (first == '-' && last == '-') ||
		       (len == 64 && (first | 0x20) == 'e' && p[1] == '3'); /* SHA-256 of nothing */
	bool shortened = first >= '0' && first <= '9' && len > 4 &&
			 (p[1] == '.' || p[1] == ',' || (p[1] | 0x20) == 'e'); /* as in 4.41E+11 */
	return shortened || map_first_may(firsts, p, len);
}
/* Whether the value, which is not empty, begins or ends with a character that nobody sees. */
bool map_has_unseen_end(const char *p, size_t len);
static inline bool map_unseen_end(const char *p, size_t len)
{
	/* neither is from the blank to the tilde */
	unsigned char first = (unsigned char)(p[0] - ' '), last = (unsigned char)(p[len - 1] - ' ');
	return (first > '~' - ' ' || last > '~' - ' ') && map_has_unseen_end(p, len);
}
/* Whether the value, which is not empty, is in quotes, or is text as spreadsheets guard it. Only
 * for what map_placeholder_may lets through. */
bool map_quoted_id(const char *p, size_t len);
/* As programs write whole numbers: 1001.0 or 1001.00 where some of a column are missing, or where
 * it has decimals; 1,001 where thousands are marked. */
static inline bool map_is_mark(char c)
{
	return c == '.' || c == ',';
}
static inline bool map_decimal_may(const char *p, size_t len)
{
	if (len < 3 || p[len - 1] < '0' || p[len - 1] > '9')
		return false;
	if (len > 4 && map_is_mark(p[len - 4]))
		return true;
	return p[len - 1] == '0' &&
	       (map_is_mark(p[len - 2]) ||
		(p[len - 2] == '0' && (map_is_mark(p[len - 3]) || p[len - 3] == '0')));
}
bool map_decimal_id(const char *p, size_t len);
#define MAP_LONGEST_MARKER 6
/* As databases export what has no value. */
bool map_null_marker(const char *p, size_t len, size_t *kind);
/* False: the value, which is not empty, is not one of them. */
static inline bool map_null_marker_may(const char *p, size_t len)
{
	return len <= MAP_LONGEST_MARKER &&
	       (p[0] == '\\' || (p[0] | 0x20) == 'n' || p[0] == '(' || p[0] == '#');
}

#endif
