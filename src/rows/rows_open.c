/* SPDX-License-Identifier: MIT */
/* A reader's life; and readers of a document's parts. */
#include "rows_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define WINDOW_FIRST (256u << 10)

/* UTF-16 and UTF-32, with their marks or by the zeros that plain letters have in them. */
static bool looks_wide(const unsigned char *p, size_t n)
{
	if (n >= 2 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff)))
		return true;
	if (n >= 4 && p[0] == 0 && p[1] == 0 && p[2] == 0xfe && p[3] == 0xff)
		return true;
	return n >= 4 &&
	       ((p[0] == 0 && p[1] != 0 && p[2] == 0 && p[3] != 0) ||
		(p[0] != 0 && p[1] == 0 && p[2] != 0 && p[3] == 0) ||
		(p[1] == 0 && p[2] == 0 && p[3] == 0) || (p[0] == 0 && p[1] == 0 && p[2] == 0));
}

static struct rows *reader_new(const struct rows_format *format, int fd, uint64_t offset,
			       uint64_t length)
{
	struct rows *r = df_alloc(sizeof(*r));
	r->fd = fd;
	r->base = offset;
	r->length = r->until = length;
	r->line = 1;
	r->format = r->given = *format;
	r->signs = rows_signs_of(format->delimiter, format->no_quote ? 0 : format->quote);
	if (format->no_quote && r->signs.wide)
		r->signs.quote.narrow = ROWS_NARROW_QUOTE; /* libcsv always has one */
	if (format->comment != 0)
		r->comment.len = df_utf8_put(r->comment.text, format->comment);
	r->format.delimiter = (unsigned char)r->signs.delimiter.narrow;
	r->format.quote = (unsigned char)r->signs.quote.narrow;
	rows_marks_set(&r->marks, r->signs.delimiter.narrow,
		       rows_bare_escapes(format) ? '\\'
		       : format->no_quote        ? '\n'
						 : r->signs.quote.narrow);
	rows_null_open(r);
	r->window_cap = length < WINDOW_FIRST ? (size_t)length : WINDOW_FIRST;
	/* not zeroed: for a small document, that would be most of the work */
	r->window = df_realloc(NULL, r->window_cap + ROWS_SPARE);
	r->copy.max = r->narrow.max = r->escaped.max = 2 * (size_t)ROWS_MAX_ROW + WINDOW_FIRST;
	rows_parser_make(r);
	return r;
}

static enum df_status utf16_fault(const unsigned char *p, size_t n, struct df_err *err)
{
	size_t zeros = 0;
	for (size_t i = 0; i < 4 && i < n; i++)
		zeros += p[i] == 0;
	if (zeros == 4)
		return df_fail(DF_REJECT, err, "not-utf8",
			       "the document begins with NUL bytes, as where a disk or a transfer "
			       "lost what was written; get it once more");
	const char *name = zeros > 1 && n >= 4 && (p[0] == 0) == (p[1] == 0) ? "utf-32" : "utf-16";
	return df_fail(DF_REJECT, err, "not-utf8",
		       "the document is not UTF-8, it looks like %s: set `encoding = %s`, "
		       "or export it as UTF-8",
		       name, name);
}

/* To where the header begins. */
static enum df_status reader_begin(struct rows *r, struct df_err *err)
{
	bool grew = false;
	enum df_status st = rows_count_open(r, err);
	if (st != DF_OK)
		return st;
	st = rows_window_fill(r, &grew, err);
	if (st != DF_OK)
		return st;
	const unsigned char *first = (const unsigned char *)r->window;
	return looks_wide(first, r->have) ? utf16_fault(first, r->have, err)
					  : rows_frame_find(r, err);
}

enum df_status rows_open_as(const struct rows_format *format, int fd, uint64_t offset,
			    uint64_t length, struct rows **out, struct df_err *err)
{
	if (length == 0)
		return df_fail(DF_REJECT, err, "empty-file",
			       "the document has no bytes at all, not even a header");

	struct rows *r = reader_new(format, fd, offset, length);
	enum df_status st = reader_begin(r, err);
	if (st != DF_OK) {
		rows_close(r);
		return st;
	}
	*out = r;
	return DF_OK;
}

enum df_status rows_open(int fd, uint64_t offset, uint64_t length, struct rows **out,
			 struct df_err *err)
{
	static const struct rows_format rfc4180 = {0};
	return rows_open_as(&rfc4180, fd, offset, length, out, err);
}

void rows_close(struct rows *r)
{
	if (r == NULL)
		return;
	if (r->count != NULL)
		regfree(r->count);
	free(r->count);
	csv_free(&r->parser);
	df_buf_free(&r->copy);
	df_buf_free(&r->narrow);
	df_buf_free(&r->escaped);
	free(r->cells.v);
	free(r->window);
	free(r);
}

/* ---- in parts ---- */

struct rows *rows_clone(const struct rows *r)
{
	struct rows *clone = reader_new(&r->given, r->fd, r->base, r->length);
	clone->start = r->start;
	clone->cr_ends = r->cr_ends;
	return clone;
}

void rows_seek(struct rows *r, const struct rows_place *to)
{
	r->window_offset = r->next_read = to->offset;
	r->until = r->length;
	r->have = r->at = r->row_at = 0;
	r->line = to->line;
	r->number = to->number;
}

/* The bytes after a backslash that are not looked at: one, or, without quotes, a CR LF. */
static size_t escaped_length(const struct rows *r, size_t at)
{
	bool crlf = r->format.no_quote && at + 2 < r->have && r->window[at + 1] == '\r' &&
		    r->window[at + 2] == '\n';
	return crlf ? 2 : 1;
}

/* The same where quotes have several bytes, or backslashes take the meaning from them: from the
 * front, as a backslash counts within quotes only, or where there are none. */
static size_t last_end_slow(const struct rows *r)
{
	size_t last = 0, step;
	bool quoted = false;
	for (size_t i = 0; i < r->have; i += step) {
		char c = rows_sign_read(&r->signs, r->window + i, r->have - i, &step);
		if (c == '\\' && (quoted || r->format.no_quote) && r->format.backslash)
			step += escaped_length(r, i);
		else if (c == r->signs.quote.narrow && !r->format.no_quote)
			quoted = !quoted;
		else if (c == '\n' && !quoted)
			last = i + 1;
	}
	return last > 0 ? last : r->have;
}

typedef unsigned char sixteen __attribute__((vector_size(16)));

/* Is the byte there an odd number of times? */
static bool is_odd(const char *p, size_t len, char byte)
{
	const sixteen zero = {0}, wanted = zero + (unsigned char)byte;
	sixteen odd = zero; /* all bits of each byte that had it an odd number of times */
	bool found = false;
	size_t i = 0;
	for (; i + sizeof(odd) <= len; i += sizeof(odd)) {
		sixteen bytes;
		memcpy(&bytes, p + i, sizeof(bytes));
		odd ^= (sixteen)(bytes == wanted);
	}
	for (; i < len; i++)
		found ^= p[i] == byte;
	for (size_t k = 0; k < sizeof(odd); k++)
		found ^= odd[k] != 0;
	return found;
}

/* Where the last row ends that the window has all of, if it begins with one and no row in it is
 * broken: after a line end that has an even number of quotes before it. */
static size_t last_end(const struct rows *r)
{
	const char *window = r->window, quote = r->signs.quote.narrow;
	const bool quotes = !r->format.no_quote;
	if (r->format.backslash || r->signs.quote.len > 1)
		return last_end_slow(r);

	bool quoted = quotes && is_odd(window, r->have, quote);
	for (size_t i = r->have; i > 0; i--) {
		if (window[i - 1] == '\n' && !quoted)
			return i;
		if (quotes && window[i - 1] == quote)
			quoted = !quoted;
	}
	return r->have;
}

enum df_status rows_part(struct rows *r, uint64_t from, size_t size, uint64_t *to,
			 struct df_err *err)
{
	enum df_status st = DF_OK;
	rows_seek(r, &(struct rows_place){.offset = from, .line = 1});
	r->part = true;
	uint64_t left = from < r->length ? r->length - from : 0;
	size_t want = left < size ? (size_t)left : size;
	if (want > r->window_cap) {
		r->window_cap = want;
		r->window = df_realloc(r->window, want + ROWS_SPARE);
	}
	while (st == DF_OK && r->have < want)
		st = rows_window_read(r, want - r->have, err);
	if (want < left)
		r->have = last_end(r);
	*to = r->until = r->next_read = from + r->have;
	return st;
}
