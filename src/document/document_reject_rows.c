/* SPDX-License-Identifier: MIT */
#include "document_reject_rows.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define COPY_PIECE (256u << 10) /* bytes of a row that is too large to be in memory */
#define TAIL_MAX   65536u       /* bytes of its end, where our own cells are looked for */

enum df_status document_reject_rows_open(struct document_reject_rows *w,
					 const struct document_pass *pass,
					 struct report_rejects *file, struct df_err *err)
{
	const struct conf_rows *format = &pass->feed->rows;
	const struct rows_signs signs = rows_signs_of(format->delimiter, format->quote);
	*w = (struct document_reject_rows){.pass = pass, .file = file};
	w->own.dialect =
	    (struct document_dialect){.signs = signs,
				      .delimiter = signs.delimiter.narrow,
				      .quote = format->quote != 0 ? signs.quote.narrow : '\0',
				      .escape = format->backslash ? '\\' : '\0',
				      .trim = format->trim};
	return document_encode_open(&w->encoder, format->encoding, err);
}

void document_reject_rows_close(struct document_reject_rows *w)
{
	document_encode_close(&w->encoder);
	document_own_free(&w->own);
	df_buf_free(&w->encoded);
	df_buf_free(&w->raw);
	df_buf_free(&w->out);
}

/* ---- a line of the file ---- */

/* The two cells of our own, and the line end that the row has. */
static void add_end(struct document_reject_rows *w, const char *line, const char *reason,
		    const char *end, size_t end_len)
{
	const struct document_dialect *d = &w->own.dialect;
	document_own_separate(&w->out, d);
	document_own_add(&w->out, d, line);
	document_own_separate(&w->out, d);
	document_own_add(&w->out, d, reason);
	if (end_len > 0)
		df_buf_add(&w->out, end, end_len);
	else
		df_buf_addc(&w->out, '\n'); /* the document's last row may have none */
}

/* Bytes of the file, as UTF-8. */
static void put_bytes(struct document_reject_rows *w, const char *p, size_t len)
{
	if (!w->encoder.on) {
		report_rejects_add(w->file, p, len);
		return;
	}
	df_buf_reset(&w->encoded);
	document_encode(&w->encoder, p, len, &w->encoded);
	report_rejects_add(w->file, w->encoded.data, w->encoded.len);
}

static void rejects_put(struct document_reject_rows *w)
{
	put_bytes(w, w->out.data, w->out.len);
	df_buf_reset(&w->out);
}

/* A row whose bytes are in memory. */
static void put_row(struct document_reject_rows *w, const char *raw, size_t len, const char *line,
		    const char *reason)
{
	size_t body = document_own_body(raw, len);
	document_own_strip(&w->own, raw, body, &w->out);
	add_end(w, line, reason, raw + body, len - body);
	rejects_put(w);
}

/* Reads bytes of the document into w->raw. */
static enum df_status read_raw(struct document_reject_rows *w, uint64_t offset, size_t length,
			       struct df_err *err)
{
	const struct decode_bytes *doc = &w->pass->bytes;
	df_buf_reset(&w->raw);
	if (!df_buf_grow(&w->raw, length))
		return df_fail(DF_FATAL, err, NULL, "out of memory");
	while (w->raw.len < length) {
		ssize_t n = pread(doc->fd, w->raw.data + w->raw.len, length - w->raw.len,
				  (off_t)(doc->offset + offset + w->raw.len));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return df_fail(DF_RETRY, err, NULL, "cannot read the document again: %s",
				       n < 0 ? strerror(errno) : "it got shorter");
		w->raw.len += (size_t)n;
	}
	return DF_OK;
}

/* Bytes of the document as they are, in pieces. */
static enum df_status copy_raw(struct document_reject_rows *w, uint64_t from, uint64_t to,
			       struct df_err *err)
{
	while (from < to) {
		size_t piece = to - from < COPY_PIECE ? (size_t)(to - from) : COPY_PIECE;
		enum df_status st = read_raw(w, from, piece, err);
		if (st != DF_OK)
			return st;
		if (df_stop_requested)
			return df_fail(DF_RETRY, err, NULL, "stopped by a signal");
		put_bytes(w, w->raw.data, piece);
		from += piece;
	}
	return DF_OK;
}

/* ---- the header ---- */

void document_reject_rows_header(struct document_reject_rows *w, const struct rows_row *header)
{
	document_own_header(&w->own, &w->own.dialect, header->cells, header->n_cells);
	const size_t body = document_own_body(header->raw, header->length);
	document_own_strip(&w->own, header->raw, body, &w->out);
	if (w->pass->trailing) /* the rows have one more cell, which ours come after */
		document_own_separate(&w->out, &w->own.dialect);
	add_end(w, MAP_COLUMN_LINE, MAP_COLUMN_REASON, header->raw + body, header->length - body);
	rejects_put(w);
	w->begun = true;
}

/* A document without a header gets one of places, by which its reject file is recognised. It
 * ends as the first row does. */
static void begin_with_places(struct document_reject_rows *w, const char *end, size_t end_len)
{
	size_t n = map_places(w->pass->map);
	for (size_t i = 1; i <= n && !w->begun; i++) {
		if (i > 1)
			document_own_separate(&w->out, &w->own.dialect);
		df_buf_addf(&w->out, MAP_COLUMN_PLACE "%zu", i);
	}
	if (n > 0 && !w->begun) {
		add_end(w, MAP_COLUMN_LINE, MAP_COLUMN_REASON, end, end_len);
		rejects_put(w);
	}
	w->begun = true;
}

/* ---- a row ---- */

/* A row too large to be in memory is copied in pieces. */
static enum df_status put_large(struct document_reject_rows *w, const struct batch_row *where,
				const char *line, const char *reason, struct df_err *err)
{
	enum df_status st = read_raw(w, where->offset + where->length - TAIL_MAX, TAIL_MAX, err);
	if (st != DF_OK)
		return st;
	char end[8];
	size_t body = document_own_body(w->raw.data, w->raw.len), end_len = w->raw.len - body;
	end_len = end_len < sizeof(end) ? end_len : sizeof(end);
	memcpy(end, w->raw.data + w->raw.len - end_len, end_len);
	uint64_t cut = document_own_tail(&w->own, w->raw.data, body);
	uint64_t left = where->length - (w->raw.len - body) - cut;

	begin_with_places(w, end, end_len);
	st = copy_raw(w, where->offset, where->offset + left, err);
	if (st != DF_OK)
		return st;
	add_end(w, line, reason, end, end_len);
	rejects_put(w);
	return DF_OK;
}

enum df_status document_reject_rows_add(struct document_reject_rows *w,
					const struct batch_row *where, const char *reason,
					struct df_err *err)
{
	char line[24];
	snprintf(line, sizeof(line), "%llu", (unsigned long long)where->line);
	if (where->length > ROWS_MAX_ROW)
		return put_large(w, where, line, reason, err);

	enum df_status st = read_raw(w, where->offset, (size_t)where->length, err);
	if (st != DF_OK)
		return st;
	size_t body = document_own_body(w->raw.data, w->raw.len);
	begin_with_places(w, w->raw.data + body, w->raw.len - body);
	put_row(w, w->raw.data, w->raw.len, line, reason);
	return DF_OK;
}
