/* SPDX-License-Identifier: MIT */
/* How a foreign document is written: the reader's options that it needs are set, one after
 * another, until its header can be read. */
#include "trial_reader.h"

#include "dropfeed/document.h"

#include <errno.h>
#include <iconv.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEAD 4096 /* bytes of a document that are looked at for UTF-16 */

static enum df_status need(struct trial_reader *reader, struct conf_feed *feed, const char *key,
			   const char *value, const char *why, struct df_err *err)
{
	if (reader->n == sizeof(reader->v) / sizeof(reader->v[0]))
		return DF_OK;
	struct trial_reader_need *n = &reader->v[reader->n++];
	n->key = key;
	n->why = why;
	snprintf(n->value, sizeof(n->value), "%s", value);
	return conf_feed_set(feed, key, value, err);
}

/* "utf-16", or one of its halves where there is no mark; NULL: it is not. */
static const char *utf16(const struct decode_doc *doc)
{
	char head[HEAD];
	size_t zeros[2] = {0}, want = doc->length < HEAD ? (size_t)doc->length : HEAD;
	ssize_t n;
	do
		n = pread(doc->fd, head, want, (off_t)doc->offset);
	while (n < 0 && errno == EINTR);
	if (n < 4)
		return NULL;
	if (memcmp(head, "\xff\xfe", 2) == 0 || memcmp(head, "\xfe\xff", 2) == 0)
		return "utf-16";
	for (ssize_t i = 0; i < n; i++)
		zeros[i % 2] += head[i] == '\0';
	if (zeros[0] + zeros[1] < (size_t)n / 4)
		return NULL;
	return zeros[1] > zeros[0] ? "utf-16le" : "utf-16be";
}

/* Converts the lines that `head` holds whole; false: they are not in that encoding. */
static bool converts(const char *from, char *head, size_t n, char *out, size_t size, size_t *made)
{
	const char *end = memrchr(head, '\n', n);
	size_t bytes = end != NULL ? (size_t)(end - head) : n, left = size;
	char *to = out;
	iconv_t cd = iconv_open("UTF-8", from);
	if (cd == (iconv_t)-1)
		return false;
	bool good = iconv(cd, &head, &bytes, &to, &left) != (size_t)-1;
	iconv_close(cd);
	*made = size - left;
	return good;
}

/* Japanese in Shift JIS: it is not UTF-8, all of it can be converted, and some of it is kana, whose
 * first bytes other encodings hardly have. */
static bool is_japanese(const struct decode_doc *doc)
{
	char head[HEAD], out[HEAD * 3];
	size_t want = doc->length < HEAD ? (size_t)doc->length : HEAD, kana = 0, n = 0;
	ssize_t got = pread(doc->fd, head, want, (off_t)doc->offset);
	if (got <= 0 || converts("UTF-8", head, (size_t)got, out, sizeof(out), &n) ||
	    !converts("CP932", head, (size_t)got, out, sizeof(out), &n))
		return false;
	for (size_t i = 0; i + 2 < n; i++)
		kana += (unsigned char)out[i] == 0xe3 && (unsigned char)out[i + 1] >= 0x81 &&
			(unsigned char)out[i + 1] <= 0x83;
	return kana >= 2;
}

static void name_sign(char out[8], char c)
{
	if (c == '\t')
		snprintf(out, 8, "tab");
	else if (c < ' ')
		snprintf(out, 8, "\\x%02x", (unsigned)(unsigned char)c);
	else
		snprintf(out, 8, "%c", c);
}

/* What the document's first rows ask for, in the order in which it is set. */
struct asked {
	bool here;
	const char *key, *value, *why;
};

static enum df_status need_all(struct trial_reader *reader, struct conf_feed *feed,
			       const struct asked *asked, size_t n, struct df_err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!asked[i].here)
			continue;
		enum df_status st =
		    need(reader, feed, asked[i].key, asked[i].value, asked[i].why, err);
		if (st != DF_OK)
			return st;
	}
	return DF_OK;
}

static enum df_status set_guessed(struct trial_reader *reader, struct conf_feed *feed,
				  const struct rows_guessed *g, struct df_err *err)
{
	const struct conf_rows before = feed->rows;
	char delimiter[8], comment[8], skip[32];
	if (g->foreign && g->one_byte && strcmp(before.encoding, "utf-8") == 0)
		return need(reader, feed, "encoding", "windows-1252",
			    "there are bytes that are not UTF-8, and look like letters of western "
			    "Europe; if words look wrong, try windows-1250 or another",
			    err);

	name_sign(delimiter, g->delimiter);
	if (g->sequence[0] != '\0')
		snprintf(delimiter, sizeof(delimiter), "%s", g->sequence);
	name_sign(comment, g->comment);
	snprintf(skip, sizeof(skip), "%" PRIu64, g->skip_lines);
	const struct asked asked[] = {
	    {g->sequence[0] != '\0' ||
		 (before.delimiter < 0x80 && (unsigned char)g->delimiter != before.delimiter),
	     "delimiter", delimiter, "the header and the rows below it have as many cells"},
	    {g->skip_lines != before.skip_lines, "skip_lines", skip,
	     "the header is below these lines"},
	    {g->comment != '\0', "comment", comment, "the lines above the header begin so"},
	    {g->single_quoted, "quote", "'", "the header is in single quotes"},
	    {g->backslash && !g->single_quoted, "escape", "backslash",
	     "there are quotes after backslashes, within cells"},
	};
	return need_all(reader, feed, asked, sizeof(asked) / sizeof(*asked), err);
}

/* One look at the header under the settings so far. */
static enum df_status guess_once(const struct trial_propose *r, const struct decode_doc *doc,
				 struct trial_reader *reader, struct df_err *err)
{
	struct rows *rows = NULL;
	struct rows_guessed g;
	struct decode_bytes bytes;
	struct df_err ignored = {0};
	if (document_rows_open(r->feed, doc, !r->no_header, &bytes, &rows, &ignored) != DF_OK)
		return DF_OK; /* whoever reads the rows says why */
	enum df_status st =
	    rows_guess_format(rows, &g) ? set_guessed(reader, r->feed, &g, err) : DF_OK;
	rows_close(rows);
	return st;
}

static enum df_status set_encoding(const struct trial_propose *r, const struct decode_doc *doc,
				   struct trial_reader *reader, struct df_err *err)
{
	if (strcmp(r->feed->rows.encoding, "utf-8") != 0)
		return DF_OK;
	const char *wide = utf16(doc);
	if (wide != NULL)
		return need(reader, r->feed, "encoding", wide,
			    "every other byte is zero, or there is the mark of UTF-16", err);
	if (is_japanese(doc))
		return need(reader, r->feed, "encoding", "cp932",
			    "the bytes are kana and kanji as Shift JIS has them", err);
	return DF_OK;
}

enum df_status trial_reader_set(const struct trial_propose *r, const struct decode_doc *doc,
				struct trial_reader *reader, struct df_err *err)
{
	enum df_status st = set_encoding(r, doc, reader, err);
	for (int round = 0; round < 3 && st == DF_OK; round++) {
		size_t before = reader->n;
		st = guess_once(r, doc, reader, err);
		if (reader->n == before)
			break;
	}
	return st;
}

void trial_reader_trailer(struct trial_reader *reader, struct conf_feed *feed, uint64_t lines)
{
	char text[32];
	struct df_err ignored = {0};
	snprintf(text, sizeof(text), "%" PRIu64, feed->rows.skip_last_lines + lines);
	(void)!need(reader, feed, "skip_last_lines", text, "the last lines are not rows", &ignored);
}

void trial_reader_needs(const struct trial_reader *reader, struct propose *p)
{
	for (size_t i = 0; i < reader->n; i++)
		propose_set(p, reader->v[i].key, reader->v[i].value, "%s", reader->v[i].why);
}
