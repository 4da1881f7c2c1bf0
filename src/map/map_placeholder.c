/* SPDX-License-Identifier: MIT */
/* Values that identify nobody: what databases, spreadsheets and programs write where an identity
 * is missing. */
#include "map_placeholder.h"

#include "map_mail.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The manual has this list. In any case. */
static const char *const words[] = {
    "null",
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
    "not set",
    "not available",
    "not applicable",
    "no value",
    "no data",
    "not provided",
    "not known",
    "not_set",
    "no email",
    "no_email",
    "no id",
    "no_id",
    "none given",
    "n/d",
    "s/d",
    "NaT",
    "unbekannt",
    "inconnu",
    "desconocido",
    "sconosciuto",
    "[]",
    "{}",
    "empty",
    "blank",
    "missing",
    "tbd",
    "anonymous",
    "anon",
    "guest",
    "redacted",
    "total",
    "grand total",
    "subtotal",
    "gesamt",
    "gesamtsumme",
    "gesamtergebnis",
    "summe",
    "zwischensumme",
    "total general",
    "total g\u00e9n\u00e9ral",
    "total geral",
    "sous-total",
    "totale",
    "totale complessivo",
    "totaal",
    "eindtotaal",
    "suma ko\u0144cowa",
    "\u0418\u0442\u043e\u0433\u043e",
    "\u0418\u0422\u041e\u0413\u041e",
    "\u5408\u8a08",
    "\u603b\u8ba1",
    "trailer",
    "end of file",
    "eof",
    "0",
    "0.0",
    "0.00",
    "-1",
    "-1.0",
    "-1.00",
    "\"\"",
    "''",
    "9774d56d682e549c", /* the android_id that many devices of one year share */
};

enum {
	WORDS = sizeof(words) / sizeof(words[0]),
	BLANKS = WORDS,
	ZEROS,      /* of a UUID, with dashes or without, in braces or not */
	ONLY_ZEROS, /* 000000: an empty number of fixed width */
	SHORTENED,  /* 4.41E+11: a long number as a spreadsheet saves it */
	ONE_SIGN,   /* -, ??, *****, XXXX: an underline, a mask */
	FAULT,      /* #WERT!: a spreadsheet's words, in any language */
	ENCLOSED,   /* (none), <null>, 'NULL': one of the words that begin with a letter */
	ALL_F,      /* as many of them as an identifier of a device has digits */
	MAIL,       /* none@none.com */
	HASH,       /* of an empty text */
	TEMPLATE,   /* {{ customer.id }}: what was to be filled in */
	KINDS,
};

_Static_assert(KINDS <= (int)MAP_NOTE_MADE, "notes have room for each kind");

#define LONGEST 64 /* SHA-256 in hexadecimal digits */

/* What MD5, SHA-1 and SHA-256 make of nothing, in hexadecimal digits and in Base64: a warehouse
 * hashes the address of a person who has none like any other. */
static const char *const hashes[] = {
    "d41d8cd98f00b204e9800998ecf8427e",
    "1B2M2Y8AsgTpgAmY7PhCfg==",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
};

static bool is_hash(const char *p, size_t len)
{
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		if (strlen(hashes[i]) == len && strncasecmp(hashes[i], p, len) == 0)
			return true;
	return false;
}

/* The text of a template where the program that fills it in has not done so. */
static bool is_template(const char *p, size_t len)
{
	static const char *const marks[][2] = {
	    {"{{", "}}"}, {"*|", "|*"}, {"%%", "%%"}, {"${", "}"}, {"<%", "%>"}};
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		size_t begin = strlen(marks[i][0]), end = strlen(marks[i][1]);
		if (len > begin + end && memcmp(p, marks[i][0], begin) == 0 &&
		    memcmp(p + len - end, marks[i][1], end) == 0)
			return true;
	}
	return false;
}

/* The digit alone, a small or a capital one, with a UUID's dashes where it is as long as one. */
static bool is_only_digit(const char *p, size_t len, char digit)
{
	for (size_t i = 0; i < len; i++) {
		bool dash = len == 36 && (i == 8 || i == 13 || i == 18 || i == 23);
		if (dash ? p[i] != '-' : tolower((unsigned char)p[i]) != digit)
			return false;
	}
	return true;
}

static void strip_braces(const char **p, size_t *len)
{
	if (*len <= 2 || (*p)[0] != '{' || (*p)[*len - 1] != '}')
		return;
	++*p;
	*len -= 2;
}

static bool is_zeros(const char *p, size_t len)
{
	strip_braces(&p, &len);
	return (len == 32 || len == 36) && is_only_digit(p, len, '0');
}

static bool is_all_f(const char *p, size_t len)
{
	strip_braces(&p, &len);
	return (len == 16 || len == 32 || len == 36) && is_only_digit(p, len, 'f');
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

/* Length of the blank or the control character that the text begins with, 0: none. Those that are
 * not ASCII: all that nobody sees. */
static size_t blank_length(const char *p, size_t len)
{
	unsigned char first = (unsigned char)p[0];
	return first <= ' ' || first == 0x7f ? 1 : first < 0x80 ? 0 : df_invisible(p, len);
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
	if (blank_length(p, len) > 0)
		return true;
	for (size_t n = 1; n <= 4 && n <= len; n++)
		if (blank_length(p + len - n, n) == n)
			return true;
	return false;
}

static bool is_word(const char *p, size_t len, size_t *kind)
{
	for (*kind = 0; *kind < WORDS; ++*kind) {
		const char *w = words[*kind];
		if (((w[0] ^ p[0]) & ~0x20) == 0 && strncasecmp(w, p, len) == 0 && w[len] == '\0')
			return true;
	}
	return false;
}

static const char openers[] = "([<{\"'", closers[] = ")]>}\"'";

/* A number in braces may be a name. */
static bool is_enclosed(const char *p, size_t len)
{
	const char *opener = strchr(openers, p[0]);
	size_t kind;
	if (len < 4 || opener == NULL || p[len - 1] != closers[opener - openers])
		return false;
	p++;
	len -= 2;
	map_cell_trim(&p, &len);
	return len > 1 && !df_is_digit(p[0]) && p[0] != '-' && is_word(p, len, &kind);
}

void map_placeholder_init(struct map_first firsts[256])
{
	static const struct map_first any = {UINT64_MAX, UINT32_MAX};
	static const char shapes[] = "#0{-_.?*=~+xX([<\"'\x7f\xc2\xe2\xe3\xef";
	memset(firsts, 0, 256 * sizeof(*firsts));
	for (size_t i = 0; i < WORDS; i++)
		map_first_add(firsts, words[i], UINT64_C(1) << strlen(words[i]));
	map_mail_add(firsts);
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		if (strlen(hashes[i]) < 64)
			map_first_add(firsts, hashes[i], UINT64_C(1) << strlen(hashes[i]));
	map_first_add(firsts, "%%", UINT64_MAX);
	map_first_add(firsts, "${", UINT64_MAX);
	map_first_add(firsts, "ff", UINT64_C(1) << 16 | UINT64_C(1) << 32 | UINT64_C(1) << 36);
	for (size_t i = 0; shapes[i] != '\0'; i++)
		firsts[(unsigned char)shapes[i]] = any;
	for (size_t i = 1; i < ' '; i++) /* control characters alone */
		firsts[i] = any;
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
	const char *at = memchr(p, '@', len);
	*kind = MAIL;
	if (at != NULL && at > p)
		return map_mail_of_nobody(p, len, (size_t)(at - p));
	if (is_word(p, len, kind))
		return true;

	static const struct {
		bool (*is)(const char *p, size_t len);
		size_t kind;
	} shapes[] = {{is_zeros, ZEROS}, {is_shortened, SHORTENED}, {is_one_sign, ONE_SIGN},
		      {is_fault, FAULT}, {is_all_blanks, BLANKS},   {is_enclosed, ENCLOSED},
		      {is_all_f, ALL_F}, {is_hash, HASH},           {is_template, TEMPLATE}};
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		*kind = shapes[i].kind;
		if (shapes[i].is(p, len))
			return true;
	}
	*kind = ONLY_ZEROS;
	return len > 2 && is_only(p, len, '0');
}

/* Length of the text without a mark and zeros at its end; all of it where it has none. */
static size_t without_decimals(const char *p, size_t len)
{
	size_t n = len;
	while (n > 0 && p[n - 1] == '0')
		n--;
	return n > 1 && n < len && map_is_mark(p[n - 1]) ? n - 1 : len;
}

/* Digits, perhaps in groups of three; *grouped: they are. */
static bool is_whole(const char *p, size_t len, bool *grouped)
{
	const char mark = len > 4 && map_is_mark(p[len - 4]) ? p[len - 4] : '\0';
	*grouped = mark != '\0';
	for (size_t i = 0; i < len; i++)
		if (*grouped && i > 0 && (len - i) % 4 == 0 ? p[i] != mark : !df_is_digit(p[i]))
			return false;
	return len > 0;
}

bool map_decimal_id(const char *p, size_t len)
{
	bool grouped = false;
	if (!map_decimal_may(p, len))
		return false;
	const size_t whole = without_decimals(p, len);
	return is_whole(p, whole, &grouped) && (grouped || whole < len);
}

bool map_quoted_id(const char *p, size_t len)
{
	if (len > 1 && p[0] == '\'' && df_is_digit(p[1])) /* what keeps a spreadsheet's zeros */
		return true;
	if (len > 2 && p[0] == '=') {
		p++;
		len--;
	}
	return len > 1 && (p[0] == '"' || p[0] == '\'') && p[len - 1] == p[0];
}

bool map_null_marker(const char *p, size_t len, size_t *kind)
{
	static const struct {
		const char *word;
		size_t len, kind;
	} markers[] = {{"\\N", 2, MAP_NOTE_NULL_N},
		       {"NULL", 4, MAP_NOTE_NULL_WORD},
		       {"(null)", 6, MAP_NOTE_NULL_PARENS},
		       {"NaN", 3, MAP_NOTE_NULL_NAN},
		       {"#N/A", 4, MAP_NOTE_NULL_CELL}};
	for (size_t i = 0; i < sizeof(markers) / sizeof(markers[0]); i++) {
		*kind = markers[i].kind;
		if (len != markers[i].len || strncasecmp(p, markers[i].word, len) != 0)
			continue;
		if (*kind == MAP_NOTE_NULL_NAN) /* Nan is a name */
			return memcmp(p, "NaN", len) == 0 || memcmp(p, "nan", len) == 0;
		if (*kind == MAP_NOTE_NULL_CELL)
			return memcmp(p, "#N/A", len) == 0;
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
					     "a spreadsheet's fault, as in #VALUE!",
					     "such a word in brackets or quotes, as in (none)",
					     "nothing but the digit F",
					     "an address of nobody, as in none@none.com",
					     "the hash of an empty text",
					     "a template that was not filled in, as in {{ id }}"};
	if (kind < WORDS)
		snprintf(out, size, "'%s'", words[kind]);
	else if (kind == MAP_NOTE_MADE)
		snprintf(out, size, "what a template makes of an empty cell");
	else
		snprintf(out, size, "%s", others[kind - WORDS]);
}
