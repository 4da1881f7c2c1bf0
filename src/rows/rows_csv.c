/* SPDX-License-Identifier: MIT */
/*
 * A row without a quote is cut at its commas where it stands, in the window: see rows_scan.c. From the first cell with a
 * quote on a row is libcsv's, for quotes are what CSV is difficult for. It is fed one physical line at a time. That gives
 * line numbers and the bytes of every row for nothing, and a way out of its strict mode, which stops for good at the first
 * error: a bad row ends where its physical line does, the parser is made anew, and reading goes on behind it.
 */
#include "rows_priv.h"

#define CELL_BLOCK   (64u << 10) /* libcsv's cell buffer grows by this much, not by its 128 bytes */
#define NEVER_CLOSED "a quoted cell is never closed: the document is cut off, or a quote in it is not doubled"
#define TOO_LARGE    "the row is longer than 1 MiB; shorten it, or look for a quote that is not closed where it should be"

static int never_space(unsigned char c)
{
	(void)c; /* blanks are part of a cell, RFC 4180 section 2.4; libcsv would trim them */
	return 0;
}

void rows_parser_make(struct rows *r)
{
	/* Fails only for a null parser. */
	(void)csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI);
	csv_set_space_func(&r->parser, never_space);
	csv_set_blk_size(&r->parser, CELL_BLOCK);
}

static void parser_renew(struct rows *r)
{
	csv_free(&r->parser);
	rows_parser_make(r);
}

static void on_cell(void *p, size_t len, void *ctx)
{
	struct rows *r = ctx;
	rows_cells_grow(&r->cells, 1);
	r->cells.v[r->cells.n++] = (struct rows_cell){"", len};
	df_buf_add(&r->copy, p, len);
}

static void on_row(int end, void *ctx)
{
	(void)end;
	((struct rows *)ctx)->row_done = true;
}

/* ---- lines ---- */

/* Length of the physical line at `at`, its end included; 0 when the window has no line end yet. A lone CR ends a line, as
 * it does for libcsv; CR LF is one end, so a CR needs the byte behind it. */
static size_t line_length(const struct rows *r, size_t seen, bool at_end)
{
	const char *from = r->window + r->at;
	size_t left = r->have - r->at;
	size_t skip = seen > 0 ? seen - 1 : 0; /* already searched, but for a CR at its end */
	const char *lf = memchr(from + skip, '\n', left - skip);
	size_t to_lf = lf != NULL ? (size_t)(lf - from) : left;
	const char *cr = memchr(from + skip, '\r', to_lf - skip);
	if (cr != NULL) {
		size_t to_cr = (size_t)(cr - from);
		if (to_cr + 1 == left && !at_end)
			return 0;
		if (to_cr + 1 != to_lf || lf == NULL)
			return to_cr + 1;
	}
	if (lf != NULL)
		return to_lf + 1;
	return at_end ? left : 0;
}

/* Makes sure that a whole physical line stands at `at`. *len 0: the document is at its end. A line that grows past
 * ROWS_MAX_ROW gives *len SIZE_MAX. */
static enum df_status line_find(struct rows *r, size_t *len, struct df_err *err)
{
	size_t seen = 0;
	for (;;) {
		bool at_end = r->next_read == r->length;
		*len = r->have > r->at ? line_length(r, seen, at_end) : 0;
		if (*len > 0 || at_end)
			return DF_OK;
		seen = r->have - r->at;
		if (r->have - r->row_at > ROWS_MAX_ROW) {
			*len = SIZE_MAX;
			return DF_OK;
		}
		bool grew;
		enum df_status st = rows_window_fill(r, &grew, err);
		if (st != DF_OK)
			return st;
	}
}

/* ---- where in a row a byte stands, where libcsv does not tell ---- */

enum place { CELL_START, PLAIN, QUOTED, QUOTE_BEHIND, BROKEN };

static enum place place_behind(enum place place, char c)
{
	switch (place) {
	case QUOTED:
		return c == '"' ? QUOTE_BEHIND : QUOTED;
	case QUOTE_BEHIND:
		return c == '"' ? QUOTED : c == ',' ? CELL_START : BROKEN;
	case CELL_START:
		return c == '"' ? QUOTED : c == ',' ? CELL_START : PLAIN;
	case PLAIN:
		return c == '"' ? BROKEN : c == ',' ? CELL_START : PLAIN;
	case BROKEN: /* as row_parse has it: to the end of the physical line */
		break;
	}
	return BROKEN;
}

/* A line of a row that goes on within quotes: on which was the quote opened that is open now? */
static void quote_note(struct rows *r, const char *line, size_t len)
{
	enum place place = line == r->window + r->row_at ? CELL_START : QUOTED;
	for (size_t i = 0; i < len; i++) {
		bool start = place == CELL_START;
		place = place_behind(place, line[i]);
		if (start && place == QUOTED)
			r->quote_line = r->line;
	}
}

/* ---- rows past the cap ---- */

/* Takes the byte at `at`. True when the row has ended, perhaps before it. */
static bool skip_byte(struct rows *r, enum place *place, bool *after_cr)
{
	char c = r->window[r->at];
	if (*after_cr && c != '\n') { /* a lone CR was the end: this byte is the next row's */
		r->line++;
		return true;
	}
	r->at++;
	if (c == '\n')
		r->line++;
	bool ends = *place != QUOTED;
	*after_cr = ends && c == '\r';
	if (*after_cr)
		return false;
	if (ends && c == '\n')
		return true;
	bool start = *place == CELL_START;
	*place = place_behind(*place, c);
	if (start && *place == QUOTED)
		r->quote_line = r->line;
	return false;
}

/* Skips to the end of a row that is too large to keep, from its start or from within quotes. */
static enum df_status skip_row(struct rows *r, bool in_quotes, uint64_t *length, struct df_err *err)
{
	uint64_t started = r->window_offset + r->row_at;
	enum place place = in_quotes ? QUOTED : CELL_START;
	bool after_cr = false, ended = false;
	while (!ended) {
		while (r->at < r->have && !ended)
			ended = skip_byte(r, &place, &after_cr);
		if (ended)
			break;
		r->row_at = r->at;
		bool grew;
		enum df_status st = rows_window_fill(r, &grew, err);
		if (st != DF_OK)
			return st;
		if (!grew && place == QUOTED) {
			df_err_place(err, NULL, r->quote_line, NULL);
			return df_fail(DF_REJECT, err, "malformed-csv", NEVER_CLOSED);
		}
		ended = !grew;
	}
	*length = r->window_offset + r->at - started;
	parser_renew(r);
	return DF_OK;
}

/* ---- one row ---- */

static void row_begin(struct rows *r)
{
	r->row_at = r->at;
	r->row_line = r->line;
	r->cells.n = r->n_lead = r->lead = 0;
	r->row_done = r->quoted = false;
	df_buf_reset(&r->copy);
}

static void row_finish(struct rows *r, struct rows_row *row)
{
	row->cells = r->cells.v;
	row->n_cells = r->cells.n;
	row->line = r->row_line;
	row->number = ++r->number;
	row->offset = r->window_offset + r->row_at;
	row->length = r->at - r->row_at;
	row->raw = r->window + r->row_at;
}

/* The same for a row whose cells are copies, but for the first ones. */
static void row_finish_copied(struct rows *r, struct rows_row *row)
{
	const char *from = r->window + r->row_at;
	for (size_t i = 0; i < r->n_lead; i++) {
		r->cells.v[i].p = from;
		from += r->cells.v[i].len + 1;
	}
	from = r->copy.data;
	for (size_t i = r->n_lead; i < r->cells.n; i++) {
		if (r->cells.v[i].len == 0)
			continue;
		r->cells.v[i].p = from;
		from += r->cells.v[i].len;
	}
	row_finish(r, row);
}

/* Where bytes that are no text stand, cell by cell: only called when the row has some. */
static void row_blame(const struct rows *r, struct rows_row *row, bool nul)
{
	for (size_t i = 0; i < r->cells.n && row->fault_column == 0; i++) {
		const struct rows_cell *c = &r->cells.v[i];
		bool bad = nul ? memchr(c->p, 0, c->len) != NULL : df_utf8_valid(c->p, c->len) != c->len;
		if (bad)
			row->fault_column = i + 1;
	}
	row->fault = nul ? "nul-byte" : "invalid-utf8";
	row->fault_text = nul ? "a NUL byte: the row is not text; export it again without it"
			      : "bytes that are not UTF-8, such as Windows-1252 has them; export the file as UTF-8";
}

static void row_check_text(struct rows *r, struct rows_row *row)
{
	if (memchr(row->raw, 0, row->length) != NULL)
		row_blame(r, row, true);
	else if (df_utf8_valid(row->raw, row->length) != row->length)
		row_blame(r, row, false);
}

static enum df_status row_too_large(struct rows *r, bool in_quotes, struct rows_row *row, struct df_err *err)
{
	uint64_t offset = r->window_offset + r->row_at, length = 0;
	enum df_status st = skip_row(r, in_quotes, &length, err);
	if (st != DF_OK)
		return st;
	*row = (struct rows_row){.line = r->row_line, .number = ++r->number, .offset = offset, .length = length};
	row->fault = "row-too-large";
	row->fault_text = TOO_LARGE;
	return DF_OK;
}

/* The document ends inside a row: without a line end, which is fine, or within quotes, which is not. */
static enum df_status row_last(struct rows *r, struct df_err *err)
{
	if (csv_fini(&r->parser, on_cell, on_row, r) == 0)
		return DF_OK;
	df_err_place(err, NULL, r->quote_line, NULL);
	return df_fail(DF_REJECT, err, "malformed-csv", NEVER_CLOSED);
}

/* Feeds physical lines to libcsv until a row is complete or broken. */
static enum df_status row_parse(struct rows *r, size_t len, struct rows_row *row, struct df_err *err)
{
	for (;;) {
		const char *from = r->window + r->at;
		size_t took = r->lead + csv_parse(&r->parser, from + r->lead, len - r->lead, on_cell, on_row, r);
		char last = from[len - 1];
		bool ended = last == '\n' || last == '\r';
		r->at += len;
		r->lead = 0;
		if (took != len) {
			r->line += ended;
			row_finish_copied(r, row);
			row->fault = "malformed-quote";
			row->fault_text = "a quote inside an unquoted cell, or text behind a closing quote; put the "
					  "cell in quotes and double each quote in it (RFC 4180)";
			row->fault_column = r->cells.n + 1;
			parser_renew(r);
			return DF_OK;
		}
		if (!r->row_done) /* within quotes, or at the document's end */
			quote_note(r, from, len);
		if (ended && (last == '\n' || r->row_done))
			r->line++;
		if (!r->row_done && !ended) {
			enum df_status st = row_last(r, err);
			if (st != DF_OK)
				return st;
		}
		if (r->row_done) {
			row_finish_copied(r, row);
			row_check_text(r, row);
			return DF_OK;
		}
		if (r->at - r->row_at > ROWS_MAX_ROW)
			return row_too_large(r, true, row, err);
		enum df_status st = line_find(r, &len, err);
		if (st != DF_OK)
			return st;
		if (len == SIZE_MAX)
			return row_too_large(r, true, row, err);
		if (len == 0) {
			st = row_last(r, err);
			if (st != DF_OK)
				return st;
			row_finish_copied(r, row);
			return DF_OK;
		}
	}
}

/* A row without quotes that the window has to its end. False: it is not that; what stands before its quote is noted. */
static bool row_plain(struct rows *r, struct rows_row *row)
{
	const char *from = r->window + r->at, *end = r->window + r->have;
	bool at_end = r->next_read == r->length;
	if (from == end || *from == '\n' || *from == '\r')
		return false;
	const struct rows_scan scan = rows_scan(from, end, &r->cells);
	const char *next = scan.stop;
	bool whole = next < end ? *next != '"' : at_end;
	if (next < end && *next++ == '\r') {
		whole = whole && (next < end || at_end); /* is it CR LF? */
		next += next < end && *next == '\n';
	}
	if (!whole) {
		r->quoted = scan.stop < end && *scan.stop == '"';
		r->cells.n = r->n_lead = r->quoted ? r->cells.n - 1 : 0; /* but for the one with the quote */
		r->lead = r->quoted ? (size_t)(r->cells.v[r->n_lead].p - from) : 0;
		return false;
	}
	r->at += (size_t)(next - from);
	r->line += scan.stop < end;
	row_finish(r, row);
	if (!scan.plain)
		row_check_text(r, row);
	return true;
}

/* Whatever else is wrong with it: as for those that were never kept. */
static void row_check_size(struct rows_row *row)
{
	if (row->length <= ROWS_MAX_ROW)
		return;
	row->fault = "row-too-large";
	row->fault_text = TOO_LARGE;
	row->fault_column = 0;
	row->raw = NULL;
	row->n_cells = 0;
}

static enum df_status row_next(struct rows *r, struct rows_row *row, struct df_err *err)
{
	for (;;) {
		size_t len;
		row_begin(r);
		if (r->window_offset + r->at == r->until)
			return DF_END;
		if (row_plain(r, row))
			return DF_OK;
		enum df_status st = line_find(r, &len, err);
		if (st != DF_OK)
			return st;
		if (len == 0)
			return DF_END;
		if (len == SIZE_MAX)
			return row_too_large(r, false, row, err);
		const char *at = r->window + r->at;
		if (at[0] == '\n' || at[0] == '\r') { /* a blank line: libcsv would skip it, but not count it */
			r->at += len;
			r->line++;
			continue;
		}
		if (!r->quoted && row_plain(r, row)) /* now that the window has all of its line */
			return DF_OK;
		return row_parse(r, len, row, err);
	}
}

enum df_status rows_next(struct rows *r, struct rows_row *row, struct df_err *err)
{
	*row = (struct rows_row){0};
	enum df_status st = row_next(r, row, err);
	if (st == DF_OK)
		row_check_size(row);
	if (st == DF_END && r->at > r->row_at) { /* the part's end, within the row */
		r->at = r->row_at;
		r->line = r->row_line;
		parser_renew(r);
	}
	return st;
}
