/* SPDX-License-Identifier: MIT */
/* The bytes that a reader has in memory: all of a document, or a part of it. */
#include "rows_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum df_status rows_window_read(struct rows *r, size_t want, struct df_err *err)
{
	ssize_t n;
	do
		n = pread(r->fd, r->window + r->have, want, (off_t)(r->base + r->next_read));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return df_fail(DF_RETRY, err, NULL, "cannot read the document: %s",
			       strerror(errno));
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
		r->window = df_realloc(r->window, r->window_cap + ROWS_SPARE);
	}
	uint64_t left = r->until - r->next_read;
	size_t want = r->window_cap - r->have;
	enum df_status st = rows_window_read(r, left < want ? (size_t)left : want, err);
	*grew = st == DF_OK;
	return st;
}

uint64_t rows_end(const struct rows *r)
{
	return r->length;
}

uint64_t rows_start(const struct rows *r)
{
	return r->start;
}

struct rows_place rows_tell(const struct rows *r)
{
	return (struct rows_place){
	    .offset = r->window_offset + r->at, .line = r->line, .number = r->number};
}
