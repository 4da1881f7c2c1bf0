/* SPDX-License-Identifier: MIT */
/*
 * A row without a quote is cut at its delimiters where it is, in the window: see rows_scan.c, and
 * rows_quoted.c for quoted cells that hide nothing. All other rows are libcsv's from their first
 * quote on, because quotes are what makes CSV difficult. It is fed one physical line at a time.
 * That gives line numbers and the bytes of every row for nothing, and a way out of its strict mode,
 * which stops for good at the first error: a bad row ends where its physical line does, the parser
 * is made anew, and reading goes on after it. libcsv gets each row whose delimiter or quote has
 * several bytes, too: see rows_sign.c.
 */
#include "rows_priv.h"

#define CELL_BLOCK (64u << 10) /* libcsv's cell buffer grows by this much, not by its 128 bytes */
#define TOO_LARGE                                                                                  \
	"the row is longer than 1 MiB; shorten it, or look for a quote that is not closed where "  \
	"it should be"

static const char stray_quote[] =
    "a quote inside an unquoted cell, or text after a closing quote; put the cell in "
    "quotes and double each quote in it "
    "(RFC 4180)";
static const char bare_cr[] = "a carriage return (CR) outside quotes that does not end a line; put "
			      "the cell in quotes, or remove the CR";

static int never_space(unsigned char c)
{
	(void)c; /* blanks are part of a cell, RFC 4180 section 2.4; libcsv would trim them */
	return 0;
}

static int blank_space(unsigned char c)
{
	return rows_blank((char)c);
}

void rows_parser_make(struct rows *r)
{
	/* Fails only for a null parser. */
	(void)csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI);
	csv_set_space_func(&r->parser, r->format.trim ? blank_space : never_space);
	csv_set_delim(&r->parser, (unsigned char)r->signs.delimiter.narrow);
	csv_set_quote(&r->parser, (unsigned char)r->signs.quote.narrow);
	csv_set_blk_size(&r->parser, CELL_BLOCK);
}

static void parser_renew(struct rows *r)
{
	csv_free(&r->parser);
	rows_parser_make(r);
}

/* A line of a row that goes on within quotes: on which was the quote opened that is open now? */
static void quote_note(struct rows *r, const char *line, size_t len)
{
	enum rows_place_in place = line == r->window + r->row_at ? ROWS_CELL_START : ROWS_QUOTED;
	for (size_t i = 0, step; i < len; i += step) {
		bool start = place == ROWS_CELL_START;
		char c = rows_sign_read(&r->signs, line + i, len - i, &step);
		place = rows_place_after(&r->format, place, c);
		if (start && place == ROWS_QUOTED)
			r->quote_line = r->line;
	}
}

/* ---- one row ---- */

static void row_begin(struct rows *r)
{
	r->row_at = r->at;
	r->row_line = r->line;
	r->cells.n = r->n_lead = r->lead = 0;
	r->row_done = r->quoted = r->bare_cr = false;
	r->bare_cr_cell = r->cell_from = 0;
	df_buf_reset(&r->copy);
}

/* Sets all of the row: one by one, because clearing it first would take as long as all of this. */
static void row_finish(struct rows *r, struct rows_row *row)
{
	row->cells = r->cells.v;
	row->n_cells = r->cells.n;
	row->line = r->row_line;
	row->number = ++r->number;
	row->offset = r->window_offset + r->row_at;
	row->length = r->at - r->row_at;
	row->left = r->length - (r->window_offset + r->at);
	row->raw = r->window + r->row_at;
	row->n_simple = row->fault_column = 0;
	row->fault = row->fault_text = NULL;
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

/* Where bytes that are not text are, cell by cell: only called when the row has some. */
static void row_blame(const struct rows *r, struct rows_row *row, bool nul)
{
	for (size_t i = 0; i < r->cells.n && row->fault_column == 0; i++) {
		const struct rows_cell *c = &r->cells.v[i];
		bool bad =
		    nul ? memchr(c->p, 0, c->len) != NULL : df_utf8_valid(c->p, c->len) != c->len;
		if (bad)
			row->fault_column = i + 1;
	}
	row->fault = nul ? "nul-byte" : "invalid-utf8";
	row->fault_text =
	    nul ? "a NUL byte: the row is not text; export it again without it"
		: "bytes that are not UTF-8; set `encoding`, or export the file as UTF-8";
}

/* from: bytes of the row before it are printable ASCII. */
static void row_check_text(struct rows *r, struct rows_row *row, const char *from)
{
	size_t len = row->length - (size_t)(from - row->raw);
	/* an escaped NUL is in the copy only */
	bool nul = rows_bare_escapes(&r->format) && r->copy.len > 0 &&
		   memchr(r->copy.data, 0, r->copy.len) != NULL;
	if (nul || memchr(from, 0, len) != NULL)
		row_blame(r, row, true);
	else if (df_utf8_valid(from, len) != len)
		row_blame(r, row, false);
}

static enum df_status row_too_large(struct rows *r, enum rows_place_in place, struct rows_row *row,
				    struct df_err *err)
{
	uint64_t offset = r->window_offset + r->row_at;
	size_t have = r->have - r->row_at;
	enum df_status st = rows_hole(r, r->window + r->row_at, have, 0, err);
	if (st != DF_OK)
		return st;
	st = rows_skip(r, place, err);
	if (st != DF_OK)
		return st;

	parser_renew(r);
	*row = (struct rows_row){.line = r->row_line, .number = ++r->number, .offset = offset};
	row->length = r->window_offset + r->at - offset;
	row->fault = "row-too-large";
	row->fault_text = TOO_LARGE;
	return DF_OK;
}

/* text: stray_quote, in the cell that libcsv has not given yet; bare_cr, in the last one that it
 * has. */
static void row_broken(struct rows *r, struct rows_row *row, const char *text)
{
	row->fault = "malformed-quote";
	row->fault_text = text;
	row->fault_column = r->cells.n + (text != bare_cr);
	if (r->bare_cr_cell > 0)
		row->fault_column = r->bare_cr_cell;
	parser_renew(r);
}

/* The document ends inside a row: without a line end, which is fine, or within quotes, which is
 * not. */
static enum df_status row_last(struct rows *r, struct df_err *err)
{
	if (!rows_bare_escapes(&r->format) &&
	    csv_fini(&r->parser, rows_on_cell, rows_on_row, r) == 0)
		return DF_OK;
	return rows_cut_off(r, err);
}

/* A CR outside quotes ends a row for libcsv; where it ends no line, the row is broken. NULL, or
 * what is wrong. */
static const char *line_feed(struct rows *r, const char *p, const char *end)
{
	bool first = p == r->window + r->row_at + r->lead;
	if (rows_bare_escapes(&r->format)) {
		rows_escape_line(r, p, (size_t)(end - p));
		return r->row_done && r->bare_cr_cell > 0 ? bare_cr : NULL;
	}

	const char *cr = r->cr_ends ? NULL : memchr(p, '\r', (size_t)(end - p));
	while (cr != NULL && cr + 1 < end && !(cr + 2 == end && cr[1] == '\n')) {
		if (!rows_cell_feed(r, p, (size_t)(cr + 1 - p), first))
			return stray_quote;
		if (r->row_done)
			return bare_cr;
		p = cr + 1;
		first = false;
		cr = memchr(p, '\r', (size_t)(end - p));
	}
	return rows_cell_feed(r, p, (size_t)(end - p), first) ? NULL : stray_quote;
}

/* Takes the physical line at `at`, which is the row's first one or goes on within its quotes.
 * *done: the row has ended. */
static enum df_status line_parse(struct rows *r, size_t len, struct rows_row *row, bool *done,
				 struct df_err *err)
{
	const char *from = r->window + r->at, last = from[len - 1];
	bool ended = last == '\n' || last == '\r';
	const char *broken = line_feed(r, from + r->lead, from + len);
	enum df_status st = DF_OK;
	r->at += len;
	r->lead = 0;
	*done = true;
	if (broken != NULL) {
		r->line += ended;
		row_finish_copied(r, row);
		row_broken(r, row, broken);
		return DF_OK;
	}

	/* within quotes, or at the document's end */
	if (!r->row_done && !r->format.no_quote)
		quote_note(r, from, len);
	if (ended && (last == '\n' || r->row_done))
		r->line++;
	if (!r->row_done && !ended)
		st = row_last(r, err);
	*done = st != DF_OK || r->row_done;
	if (st == DF_OK && r->row_done) {
		row_finish_copied(r, row);
		row_check_text(r, row, row->raw);
	}
	return st;
}

/* Feeds physical lines to libcsv until a row is complete or broken. */
static enum df_status row_parse(struct rows *r, size_t len, struct rows_row *row,
				struct df_err *err)
{
	const enum rows_place_in inside = rows_bare_escapes(&r->format) ? ROWS_PLAIN : ROWS_QUOTED;
	for (;;) {
		bool done = false;
		enum df_status st = line_parse(r, len, row, &done, err);
		if (st != DF_OK || done)
			return st;
		if (r->at - r->row_at > ROWS_MAX_ROW)
			return row_too_large(r, inside, row, err);

		st = rows_line_find(r, &len, err);
		if (st != DF_OK)
			return st;
		if (len == SIZE_MAX)
			return row_too_large(r, inside, row, err);
		if (len > 0)
			continue;
		st = row_last(r, err);
		if (st == DF_OK)
			row_finish_copied(r, row);
		return st;
	}
}

/* The scan has not found the row's end: whole cells before a quote, or a backslash that counts,
 * are kept. */
static void row_keep_lead(struct rows *r, const char *from, const struct rows_scan *scan,
			  const char *end)
{
	r->quoted =
	    scan->stop < end && *scan->stop == r->marks.quote[0] && r->marks.quote[0] != '\n';
	/* but for the one with the quote */
	r->cells.n = r->n_lead = r->quoted ? r->cells.n - 1 : 0;
	r->lead = r->quoted ? (size_t)(r->cells.v[r->n_lead].p - from) : 0;
}

/* Of the first n cells, which are in the window, those before the first odd byte are simple. */
static void row_note_simple(const struct rows *r, size_t n, const char *odd, struct rows_row *row)
{
	if (r->marks.quote[0] != '"') /* quotes are letters, which have to be escaped */
		return;
	while (n > 0 && r->cells.v[n - 1].p + r->cells.v[n - 1].len > odd)
		n--;
	row->n_simple = n;
}

/* A row without quotes that the window has to its end. False: it is not that; what is before its
 * quote is noted. */
static bool row_plain(struct rows *r, struct rows_row *row)
{
	const char *from = r->window + r->at, *end = r->window + r->have;
	bool at_end = r->next_read == r->length;
	if (r->signs.wide || from == end || *from == '\n' || *from == '\r')
		return false;

	const struct rows_scan scan = rows_scan(&r->marks, from, end, &r->cells);
	const char *next = scan.stop;
	bool whole = next < end ? *next == '\n' || *next == '\r' : at_end;
	if (whole && next < end && *next++ == '\r') {
		whole = next < end || at_end; /* is it CR LF? */
		if (next < end && *next == '\n')
			next++;
		else if (!r->cr_ends && next < end)
			r->bare_cr = true;
	}
	if (!whole || r->bare_cr) {
		row_keep_lead(r, from, &scan, end);
		if (!r->quoted || !rows_quoted_take(r))
			return false;
		row_finish(r, row);
		row_note_simple(r, r->n_lead, scan.odd, row);
		row_check_text(r, row, scan.odd);
		return true;
	}

	r->at += (size_t)(next - from);
	r->line += scan.stop < end;
	row_finish(r, row);
	row_note_simple(r, r->cells.n, scan.odd, row);
	if (scan.odd != scan.stop)
		row_check_text(r, row, scan.odd);
	return true;
}

/* A row with a bare CR is broken as a whole, to the end of its line. */
static void row_bare(struct rows *r, size_t len, struct rows_row *row)
{
	const char *from = r->window + r->at;
	r->cells.n = 0;
	(void)rows_scan(&r->marks, from, from + len, &r->cells);
	r->at += len;
	r->line += from[len - 1] == '\n';
	row_finish(r, row);
	row_broken(r, row, bare_cr);
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

static bool line_is_blank(const char *line, size_t len)
{
	return line[0] == '\n' || (line[0] == '\r' && (len == 1 || (len == 2 && line[1] == '\n')));
}

/* Blanks that trim removes before the first cell: libcsv knows no row that has nothing but
 * those. */
static size_t row_blanks(const struct rows *r, size_t len)
{
	const char *line = r->window + r->at;
	size_t n = 0;
	while (r->signs.wide && r->format.trim && n < len && rows_blank(line[n]))
		n++;
	return n;
}

/* A row of blanks has one cell. */
static void row_blank(struct rows *r, size_t len, size_t blanks, struct rows_row *row)
{
	rows_cells_grow(&r->cells, 1);
	r->cells.v[r->cells.n++] = (struct rows_cell){r->window + r->at, blanks};
	r->at += len;
	r->line += len > blanks;
	row_finish(r, row);
}

static bool starts_comment(const struct rows *r)
{
	return r->comment.len > 0 && rows_comment_at(r, r->window + r->at, r->window + r->have);
}

/* A row that is not plain, or not all in the window yet. *skipped: it was a blank line, or a
 * comment. */
static enum df_status row_hard(struct rows *r, struct rows_row *row, bool *skipped,
			       struct df_err *err)
{
	size_t len;
	enum df_status st = rows_line_find(r, &len, err);
	if (st != DF_OK)
		return st;
	if (len == 0)
		return DF_END;
	*skipped = starts_comment(r); /* the window may have been empty before */
	if (*skipped)
		return rows_line_skip(r, err);
	if (len == SIZE_MAX)
		return row_too_large(r, ROWS_CELL_START, row, err);

	/* libcsv would skip it, but not count it */
	*skipped = line_is_blank(r->window + r->at, len);
	if (*skipped) {
		r->at += len;
		r->line++;
		return DF_OK;
	}
	size_t blanks = row_blanks(r, len);
	const char *first = r->window + r->at + blanks;
	if (blanks > 0 && (blanks == len || line_is_blank(first, len - blanks))) {
		row_blank(r, len, blanks, row);
		return DF_OK;
	}
	r->bare_cr = *first == '\r';
	if (!r->quoted && row_plain(r, row)) /* now that the window has all of its line */
		return DF_OK;
	if (!r->bare_cr || rows_bare_escapes(&r->format))
		return row_parse(r, len, row, err);
	row_bare(r, len, row);
	return DF_OK;
}

static enum df_status row_next(struct rows *r, struct rows_row *row, struct df_err *err)
{
	for (;;) {
		bool skipped = false;
		row_begin(r);
		if (r->window_offset + r->at == r->until)
			return DF_END;
		if (!starts_comment(r) && row_plain(r, row))
			return DF_OK;
		enum df_status st = row_hard(r, row, &skipped, err);
		if (st != DF_OK || !skipped)
			return st;
	}
}

enum df_status rows_next(struct rows *r, struct rows_row *row, struct df_err *err)
{
	enum df_status st = row_next(r, row, err);
	if (st == DF_OK && row->fault != NULL && row->raw != NULL)
		st = rows_hole(r, row->raw, row->length, row->left, err);
	if (st == DF_OK) {
		row_check_size(row);
		if (r->format.trim || r->format.n_null > 0)
			rows_cells_shape(r, row);
		return st;
	}
	if (st == DF_END && r->at > r->row_at) { /* the part's end, within the row */
		r->at = r->row_at;
		r->line = r->row_line;
		parser_renew(r);
	}
	return st;
}
