/* SPDX-License-Identifier: MIT */
/* Where the rows begin and end: BOM, preamble, trailer, and how the document's lines end. */
#include "rows_priv.h"

#include <errno.h>
#include <unistd.h>

#define TRAILER_CHUNK (64u << 10)

/* ---- line ends ---- */

/* The first line end of the bytes that counts, or NULL: none that is within quotes. */
static const char *first_end(const struct rows *r, const char *p, const char *end)
{
	const struct rows_format *f = &r->format;
	bool any =
	    f->skip_lines > 0 || (f->no_quote && !f->backslash) || rows_comment_at(r, p, end);
	enum rows_place_in place = any ? ROWS_BROKEN : ROWS_CELL_START;
	for (size_t len; p < end; p += len) {
		bool half =
		    !any && rows_bare_escapes(f) && rows_half_line_end(p, (size_t)(end - p));
		if ((*p == '\n' || *p == '\r') && !half && !rows_place_inside(place, *p))
			return p;
		place = rows_place_after(f, place,
					 rows_sign_read(&r->signs, p, (size_t)(end - p), &len));
	}
	return NULL;
}

/* A document whose first line ends with a lone CR has lines that end so. */
static enum df_status find_line_ends(struct rows *r, struct df_err *err)
{
	bool grew = true;
	while (grew) {
		const char *from = r->window + r->at, *end = r->window + r->have;
		const char *first = first_end(r, from, end);
		bool at_end = r->next_read == r->length;
		if (first != NULL && (*first == '\n' || first + 1 < end || at_end)) {
			r->cr_ends = *first == '\r' && (first + 1 == end || first[1] != '\n');
			return DF_OK;
		}
		if (end - from > 2 * (ptrdiff_t)ROWS_MAX_ROW)
			return DF_OK; /* no row is as long as that */
		enum df_status st = rows_window_fill(r, &grew, err);
		if (st != DF_OK)
			return st;
	}
	return DF_OK;
}

/* ---- the trailer ---- */

static enum df_status frame_read_at(const struct rows *r, uint64_t offset, char *to, size_t len,
				    struct df_err *err)
{
	for (size_t got = 0; got < len;) {
		ssize_t n = pread(r->fd, to + got, len - got, (off_t)(r->base + offset + got));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return df_fail(DF_RETRY, err, NULL, "cannot read the document: %s",
				       n < 0 ? strerror(errno) : "it got shorter");
		got += (size_t)n;
	}
	return DF_OK;
}

/* Document offset at which the last `lines` physical lines begin, from r->start on. */
static enum df_status find_trailer(const struct rows *r, uint64_t lines, uint64_t *out,
				   struct df_err *err)
{
	char chunk[TRAILER_CHUNK];
	char next = '\0';
	uint64_t end = r->length;
	while (end > r->start) {
		size_t len =
		    end - r->start < sizeof(chunk) ? (size_t)(end - r->start) : sizeof(chunk);
		enum df_status st = frame_read_at(r, end - len, chunk, len, err);
		if (st != DF_OK)
			return st;

		for (size_t i = len; i > 0; next = chunk[--i]) {
			char c = chunk[i - 1];
			uint64_t after = end - len + i;
			bool ends = c == '\n' || (r->cr_ends && c == '\r' && next != '\n');
			if (!ends || after == r->length || --lines > 0)
				continue;
			*out = after;
			return DF_OK;
		}
		end -= len;
	}
	*out = r->start;
	return DF_OK;
}

/* What the trailer says of the number of rows. */
static enum df_status count_trailer(struct rows *r, uint64_t from, uint64_t to, struct df_err *err)
{
	char chunk[TRAILER_CHUNK];
	size_t len = to - from < sizeof(chunk) ? (size_t)(to - from) : sizeof(chunk);
	if (r->count == NULL)
		return DF_OK;
	enum df_status st = frame_read_at(r, from, chunk, len, err);
	if (st != DF_OK)
		return st;

	for (size_t at = 0; at < len;) {
		size_t line = at;
		while (line < len && chunk[line] != '\n' && (chunk[line] != '\r' || !r->cr_ends))
			line++;
		line += line < len;
		rows_count_line(r, chunk + at, line - at);
		at = line;
	}
	return DF_OK;
}

/* What was never written is not a trailer. */
static enum df_status check_trailer(const struct rows *r, uint64_t from, struct df_err *err)
{
	char chunk[TRAILER_CHUNK];
	uint64_t size = r->length - from;
	size_t len = size < sizeof(chunk) ? (size_t)size : sizeof(chunk);
	enum df_status st = frame_read_at(r, r->length - len, chunk, len, err);
	if (st != DF_OK)
		return st;
	const char *end = memrchr(chunk, '\n', len), *line = end != NULL ? end + 1 : chunk;
	return rows_hole(r, line, (size_t)(chunk + len - line), 0, err);
}

static enum df_status cut_trailer(struct rows *r, struct df_err *err)
{
	uint64_t from = 0;
	if (r->format.skip_last_lines == 0)
		return DF_OK;
	enum df_status st = find_trailer(r, r->format.skip_last_lines, &from, err);
	if (st != DF_OK)
		return st;
	st = check_trailer(r, from, err);
	if (st != DF_OK)
		return st;
	st = count_trailer(r, from, r->length, err);
	if (st != DF_OK)
		return st;

	r->length = r->until = from;
	if (r->next_read > from)
		r->next_read = from;
	if (r->window_offset + r->have > from)
		r->have = (size_t)(from - r->window_offset);
	return DF_OK;
}

/* ---- all of it ---- */

enum df_status rows_frame_find(struct rows *r, struct df_err *err)
{
	if (r->have >= 3 && memcmp(r->window, "\xef\xbb\xbf", 3) == 0)
		r->at = r->row_at = 3;
	enum df_status st = find_line_ends(r, err);
	for (uint64_t i = 0;
	     st == DF_OK && i < r->format.skip_lines && rows_tell(r).offset < r->length; i++)
		st = rows_line_skip(r, err);
	if (st != DF_OK)
		return st;

	r->start = rows_tell(r).offset;
	r->row_at = r->at;
	return cut_trailer(r, err);
}
