/* SPDX-License-Identifier: MIT */
/* Text that was converted wrongly. Encoded twice: UTF-8 that a program took for windows-1252 or
 * Latin-1 and wrote as UTF-8 again, as 'Ã©' for 'é'. Or windows-1252 that was taken for Latin-1: a
 * control character that nobody sees for '€'. Both are valid, and nobody's name. */
#include "document_pass.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#define LOOK (256u << 10) /* bytes at the document's begin, and as many at its end */

/* The byte that the character is in windows-1252, or in Latin-1; 0: none beyond ASCII. */
static unsigned char byte_of(uint32_t c)
{
	static const uint16_t letters[32] = {
	    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
	    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
	    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};
	if (c >= 0x80 && c <= 0xff)
		return (unsigned char)c;
	for (unsigned i = 0; i < 32; i++)
		if (c != 0 && letters[i] == c)
			return (unsigned char)(0x80 + i);
	return 0;
}

/* The character at p and its length; 0: it is not a whole one. */
static size_t character(const unsigned char *p, size_t left, uint32_t *c)
{
	size_t len = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
	if (len == 0 || len > left)
		return 0;
	*c = len == 1 ? *p : *p & (0x7fu >> len);
	for (size_t i = 1; i < len; i++)
		*c = *c << 6 | (p[i] & 0x3fu);
	return len;
}

/* Bytes of the text at p that are one character which was encoded twice; 0: it is not. */
static size_t twice(const unsigned char *p, size_t left)
{
	uint32_t c = 0;
	size_t len = character(p, left, &c);
	unsigned char first = len > 1 ? byte_of(c) : 0;
	unsigned more = first < 0xc3   ? 0
			: first < 0xe0 ? 1
			: first < 0xf0 ? 2
			: first < 0xf5 ? 3
				       : 0;
	if (first == 0xc2) /* of Latin-1's signs, those that are not rare after a capital A */
		more = 1;
	if (more == 0)
		return 0;
	for (size_t n = 0; more > 0; more--, len += n) {
		n = len < left ? character(p + len, left - len, &c) : 0;
		unsigned char next = n > 1 ? byte_of(c) : 0;
		if (next < 0x80 || next > 0xbf)
			return 0;
	}
	return len;
}

struct twice_found {
	uint64_t twice, once; /* characters beyond ASCII */
	size_t first;         /* where the first one is */
	uint64_t controls;    /* of U+0080 to U+009F, which no text holds */
	size_t first_control;
};

static size_t ascii_length(const unsigned char *p, size_t len)
{
	size_t n = 0;
	for (uint64_t word; len - n >= sizeof(word); n += sizeof(word)) {
		memcpy(&word, p + n, sizeof(word));
		if ((word & UINT64_C(0x8080808080808080)) != 0)
			break;
	}
	while (n < len && p[n] < 0x80)
		n++;
	return n;
}

static void twice_look(const char *text, size_t len, struct twice_found *out)
{
	const unsigned char *p = (const unsigned char *)text;
	for (size_t i = 0; i < len;) {
		i += ascii_length(p + i, len - i);
		if (i == len)
			return;
		size_t n = twice(p + i, len - i);
		uint32_t c;
		if (n > 0 && out->twice++ == 0)
			out->first = i;
		out->once += n == 0;
		if (n == 0) {
			n = character(p + i, len - i, &c);
			if (n == 2 && c < 0xa0 && out->controls++ == 0)
				out->first_control = i;
		}
		i += n > 0 ? n : 1;
	}
}

static size_t read_piece(const struct document_pass *w, uint64_t from, char *to)
{
	uint64_t left = w->bytes.length - from;
	ssize_t n;
	do
		n = pread(w->bytes.fd, to, left < LOOK ? (size_t)left : LOOK,
			  (off_t)(w->bytes.offset + from));
	while (n < 0 && errno == EINTR);
	return n > 0 ? (size_t)n : 0;
}

/* What the encoding is called that has letters where Latin-1 and its like have controls. */
static const char *windows_name(const char *encoding)
{
	static const struct {
		const char *of, *name;
	} pages[] = {{"iso-8859-2", "windows-1250"}, {"iso-8859-5", "windows-1251"},
		     {"iso-8859-6", "windows-1256"}, {"iso-8859-7", "windows-1253"},
		     {"iso-8859-8", "windows-1255"}, {"iso-8859-9", "windows-1254"},
		     {"iso-8859-13", "windows-1257"}};
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (strcasecmp(encoding, pages[i].of) == 0)
			return pages[i].name;
	return "windows-1252";
}

static void note_controls(struct document_pass *w, uint64_t line)
{
	char text[300], where[48] = "",
			advice[64] = "correct the export, which took it for Latin-1";
	const char *encoding = w->feed->rows.encoding;
	const char *name = windows_name(encoding);
	if (line > 0)
		snprintf(where, sizeof(where), ", first on line %" PRIu64, line);
	if (strcasecmp(encoding, "utf-8") != 0)
		snprintf(advice, sizeof(advice), "set `encoding = %s`", name);
	snprintf(text, sizeof(text),
		 "control characters from U+0080 to U+009F%s, which nobody sees, and which are "
		 "delivered so: in %s their bytes are letters and signs such as \xe2\x82\xac: "
		 "%s",
		 where, name, advice);
	document_pass_note(w, "encoding", text);
}

static void note_twice(struct document_pass *w, uint64_t line)
{
	char text[300], where[48] = "";
	if (line > 0)
		snprintf(where, sizeof(where), ", first on line %" PRIu64, line);
	snprintf(
	    text, sizeof(text),
	    "letters look encoded twice%s: UTF-8 that a program took for windows-1252, so that "
	    "'\xc3\xa9' became '\xc3\x83\xc2\xa9'; they are delivered so: correct the export, "
	    "and look at what it came through",
	    where);
	document_pass_note(w, "encoding", text);
}

static uint64_t line_of(const char *text, size_t at)
{
	uint64_t line = 1;
	for (size_t i = 0; i < at; i++)
		line += text[i] == '\n';
	return line;
}

void document_twice_note(struct document_pass *w)
{
	const bool as_it_is = strcasecmp(w->feed->rows.encoding, "utf-8") == 0;
	struct twice_found found = {0}, last = {0};
	char *piece = df_alloc(w->bytes.length < LOOK ? (size_t)w->bytes.length + 1 : LOOK);
	twice_look(piece, read_piece(w, 0, piece), &found);
	uint64_t twice = found.twice > 0 ? line_of(piece, found.first) : 0;
	uint64_t control = found.controls > 0 ? line_of(piece, found.first_control) : 0;
	if (w->bytes.length > 2 * LOOK)
		twice_look(piece, read_piece(w, w->bytes.length - LOOK, piece), &last);
	free(piece);

	if (as_it_is && found.twice + last.twice > 0 &&
	    found.twice + last.twice >= found.once + last.once)
		note_twice(w, twice);
	else if (found.controls + last.controls > 0)
		note_controls(w, control);
}
