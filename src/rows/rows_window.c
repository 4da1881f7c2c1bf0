/* SPDX-License-Identifier: MIT */
/* A reader's life, and the bytes that it has in memory: all of a document, or a part of it. */
#include "rows_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define WINDOW_FIRST (256u << 10)

static enum df_status window_read(struct rows *r, size_t want, struct df_err *err)
{
	ssize_t n;
	do
		n = pread(r->fd, r->window + r->have, want, (off_t)(r->base + r->next_read));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return df_fail(DF_RETRY, err, NULL, "cannot read the document: %s", strerror(errno));
	if (n == 0)
		return df_fail(DF_RETRY, err, NULL, "the document got shorter while it was read");
	r->have += (size_t)n;
	r->next_read += (uint64_t)n;
	return DF_OK;
}

enum df_status rows_window_fill(struct rows *r, bool *grew, struct df_err *err)
{
	*grew = false;
	if (r->next_read == r->until)
		return r->until == r->length ? DF_OK : DF_END;
	if (r->row_at > 0) {
		memmove(r->window, r->window + r->row_at, r->have - r->row_at);
		r->window_offset += r->row_at;
		r->have -= r->row_at;
		r->at -= r->row_at;
		r->row_at = 0;
	}
	if (r->have == r->window_cap) {
		r->window_cap *= 2; /* bounded: rows past ROWS_MAX_ROW are skipped, not kept */
		r->window = df_realloc(r->window, r->window_cap);
	}
	uint64_t left = r->until - r->next_read;
	size_t want = r->window_cap - r->have;
	enum df_status st = window_read(r, left < want ? (size_t)left : want, err);
	*grew = st == DF_OK;
	return st;
}

/* ---- the document's first bytes ---- */

/* UTF-16 and UTF-32, with their marks or by the zeros that plain letters have in them. */
static bool looks_wide(const unsigned char *p, size_t n)
{
	if (n >= 2 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff)))
		return true;
	if (n >= 4 && p[0] == 0 && p[1] == 0 && p[2] == 0xfe && p[3] == 0xff)
		return true;
	return n >= 4 && ((p[0] == 0 && p[1] != 0 && p[2] == 0 && p[3] != 0) ||
			  (p[0] != 0 && p[1] == 0 && p[2] != 0 && p[3] == 0) || (p[1] == 0 && p[2] == 0 && p[3] == 0) ||
			  (p[0] == 0 && p[1] == 0 && p[2] == 0));
}

static struct rows *reader_new(int fd, uint64_t offset, uint64_t length)
{
	struct rows *r = df_alloc(sizeof(*r));
	r->fd = fd;
	r->base = offset;
	r->length = r->until = length;
	r->line = 1;
	r->window_cap = WINDOW_FIRST;
	r->window = df_alloc(r->window_cap);
	r->copy.max = 2 * (size_t)ROWS_MAX_ROW + WINDOW_FIRST;
	rows_parser_make(r);
	return r;
}

enum df_status rows_open(int fd, uint64_t offset, uint64_t length, struct rows **out, struct df_err *err)
{
	if (length == 0)
		return df_fail(DF_REJECT, err, "empty-file", "the document has no bytes at all, not even a header");
	struct rows *r = reader_new(fd, offset, length);
	bool grew;
	enum df_status st = rows_window_fill(r, &grew, err);
	const unsigned char *first = (const unsigned char *)r->window;
	if (st == DF_OK && looks_wide(first, r->have))
		st = df_fail(DF_REJECT, err, "not-utf8", "the document is UTF-16 or UTF-32; export it as UTF-8");
	if (st != DF_OK) {
		rows_close(r);
		return st;
	}
	if (r->have >= 3 && memcmp(first, "\xef\xbb\xbf", 3) == 0)
		r->at = 3;
	*out = r;
	return DF_OK;
}

void rows_close(struct rows *r)
{
	if (r == NULL)
		return;
	csv_free(&r->parser);
	df_buf_free(&r->copy);
	free(r->cells.v);
	free(r->window);
	free(r);
}

/* ---- in parts ---- */

struct rows *rows_twin(const struct rows *r)
{
	return reader_new(r->fd, r->base, r->length);
}

struct rows_place rows_tell(const struct rows *r)
{
	return (struct rows_place){.offset = r->window_offset + r->at, .line = r->line, .number = r->number};
}

void rows_seek(struct rows *r, const struct rows_place *to)
{
	r->window_offset = r->next_read = to->offset;
	r->until = r->length;
	r->have = r->at = r->row_at = 0;
	r->line = to->line;
	r->number = to->number;
}

/* Where the last row ends that the window has all of, if it begins with one and no row in it is broken: behind a line end
 * that has an even number of quotes before it. */
static size_t last_end(const char *window, size_t have)
{
	bool quoted = false;
	for (const char *p = window; (p = memchr(p, '"', have - (size_t)(p - window))) != NULL; p++)
		quoted = !quoted;
	for (size_t i = have; i > 0; i--) {
		if (window[i - 1] == '\n' && !quoted)
			return i;
		if (window[i - 1] == '"')
			quoted = !quoted;
	}
	return have;
}

enum df_status rows_part(struct rows *r, uint64_t from, size_t size, uint64_t *to, struct df_err *err)
{
	enum df_status st = DF_OK;
	rows_seek(r, &(struct rows_place){.offset = from, .line = 1});
	uint64_t left = r->length - from;
	size_t want = left < size ? (size_t)left : size;
	if (want > r->window_cap) {
		r->window_cap = want;
		r->window = df_realloc(r->window, want);
	}
	while (st == DF_OK && r->have < want)
		st = window_read(r, want - r->have, err);
	if (want < left)
		r->have = last_end(r->window, r->have);
	*to = r->until = r->next_read = from + r->have;
	return st;
}
