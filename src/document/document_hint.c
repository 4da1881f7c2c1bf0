/* SPDX-License-Identifier: MIT */
/* When a document fails, what would explain it: the option to set is named once a document. */
#include "document_pass.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define HINT_ROW     (64u << 10) /* bytes of a row that are looked at */
#define TRAILER_ROWS 5           /* rows that a trailer may look like */
#define HINT_TRIES   20          /* rows of a kind that are */
#define LINE_END     3           /* bytes: a backslash, and the end of a line */

static const char field_fault[] = "wrong-field-count";

static bool read_row(const struct document_pass *w, const struct batch_row *where,
		     struct df_buf *out)
{
	size_t want = where->length < HINT_ROW ? (size_t)where->length : HINT_ROW;
	ssize_t n;
	if (!df_buf_grow(out, want))
		return false;
	do
		n = pread(w->bytes.fd, out->data, want, (off_t)(w->bytes.offset + where->offset));
	while (n < 0 && errno == EINTR);
	out->len = n > 0 ? (size_t)n : 0;
	return out->len > 0;
}

/* The end of the line before it: a backslash there makes this row the rest of that one. */
static bool hint_line_before(const struct document_pass *w, const struct rows_format *format,
			     const struct batch_row *where, struct df_buf *text)
{
	char end[LINE_END];
	const size_t len = where->offset < LINE_END ? (size_t)where->offset : LINE_END;
	const ssize_t n =
	    pread(w->bytes.fd, end, len, (off_t)(w->bytes.offset + where->offset - len));
	return n == (ssize_t)len && rows_guess_row(format, field_fault, end, len, text);
}

/* code: of the row; NULL: all rows have too many cells, or too few. */
static bool hint_row(struct document_pass *w, const struct batch_row *where, const char *code)
{
	struct df_buf raw = {0}, text = {.max = sizeof(w->notes->text)};
	const struct rows_format format = document_rows_format(&w->feed->rows, true);
	bool found = read_row(w, where, &raw);
	if (found)
		found = code != NULL ? rows_guess_row(&format, code, raw.data, raw.len, &text)
				     : rows_guess_trailing(&format, raw.data, raw.len,
							   map_columns(w->map), &text);
	if (!found && code == field_fault)
		found = hint_line_before(w, &format, where, &text);
	code = code != NULL ? code : field_fault;
	if (found)
		document_pass_note(w, code, df_buf_cstr(&text));
	df_buf_free(&raw);
	df_buf_free(&text);
	return found;
}

/* as tries counts */
#define HINT_FIELDS 2
static const char *const hinted[DOCUMENT_HINTS] = {"malformed-quote", "invalid-utf8", field_fault};

void document_hint_reject(struct document_pass *w, const struct batch_row *where, const char *code)
{
	struct document_hints *h = &w->hints;
	if (strcmp(code, field_fault) == 0 && h->field_faults++ == 0)
		h->first_field_fault = *where;
	for (size_t i = 0; i < DOCUMENT_HINTS; i++) {
		if (h->tries[i] >= HINT_TRIES || strcmp(code, hinted[i]) != 0)
			continue;
		h->tries[i]++;
		if (hint_row(w, where, hinted[i]))
			h->tries[i] = HINT_TRIES;
	}
}

static void hint_append(const struct rows *rows,
			bool (*guess)(const struct rows *, struct df_buf *), struct df_err *err)
{
	struct df_buf text = {.max = sizeof(err->text) / 2};
	if (guess(rows, &text)) {
		size_t len = strlen(err->text);
		snprintf(err->text + len, sizeof(err->text) - len, "; %s", df_buf_cstr(&text));
	}
	df_buf_free(&text);
}

enum df_status document_check_kind(const struct decode_doc *doc, struct df_err *err)
{
	const char *kind = decode_text_kind(doc->fd, doc->offset, doc->length);
	if (kind == NULL)
		return DF_OK;
	return df_fail(DF_REJECT, err, "malformed-csv",
		       "the document is %s, not CSV; look into it, and get it anew", kind);
}

/* A document that is something else altogether: that explains whatever is wrong with it. */
static void hint_kind(struct document_pass *w, enum df_status st, struct df_err *err)
{
	struct df_err why = {0};
	const bool failed = st == DF_OK && w->rows > 0 && w->rejected == w->rows;
	if ((st != DF_REJECT && !failed) || document_check_kind(w->doc, &why) == DF_OK)
		return;
	if (failed)
		document_pass_note(w, why.code, why.text);
	else
		*err = why;
}

/* Has the row fewer cells than there are columns? */
static bool is_short(const struct document_pass *w, const struct batch_row *where)
{
	const struct rows_sign sign = rows_signs_of(w->feed->rows.delimiter, 0).delimiter;
	struct df_buf raw = {0};
	size_t cells = 1;
	bool found = read_row(w, where, &raw);
	for (size_t i = 0; found && i + sign.len <= raw.len; i++)
		cells += memcmp(raw.data + i, sign.text, sign.len) == 0;
	df_buf_free(&raw);
	return found && cells < map_columns(w->map);
}

/* The last rows alone have fewer cells than the header, as "(2 rows)" has. */
static void hint_trailer(struct document_pass *w, const struct rows *rows)
{
	const struct document_hints *h = &w->hints;
	const struct rows_place end = rows_tell(rows);
	char text[160], last = '\n';
	bool at_end = h->field_faults > 0 && h->field_faults <= TRAILER_ROWS &&
		      h->field_faults < w->rows &&
		      h->first_field_fault.number + h->field_faults == w->rows + 1;
	const bool explained = h->tries[HINT_FIELDS] >= HINT_TRIES;
	if (!at_end || explained || w->feed->rows.skip_last_lines > 0 ||
	    !is_short(w, &h->first_field_fault))
		return;

	ssize_t n = pread(w->bytes.fd, &last, 1, (off_t)(w->bytes.offset + end.offset - 1));
	uint64_t lines = end.line - h->first_field_fault.line + (n == 1 && last != '\n');
	snprintf(text, sizeof(text),
		 "only the last rows have fewer cells than the header: if they are not rows, set "
		 "`skip_last_lines = %" PRIu64 "`",
		 lines);
	document_pass_note(w, field_fault, text);
}

void document_hint_end(struct document_pass *w, const struct rows *rows, enum df_status st,
		       struct df_err *err)
{
	struct document_hints *h = &w->hints;
	if (w->bytes.looks_utf8) {
		char text[256];
		snprintf(text, sizeof(text),
			 "every letter of the document that is not ASCII is UTF-8, though "
			 "`encoding = %s`: if names "
			 "look wrong, set `encoding = utf-8`",
			 w->feed->rows.encoding);
		document_pass_note(w, "encoding", text);
	}
	if (h->field_faults > 0 && h->field_faults == w->rows && !w->trailing)
		(void)hint_row(w, &h->first_field_fault, NULL);
	if (st == DF_OK && rows != NULL)
		hint_trailer(w, rows);
	hint_kind(w, st, err);
	bool noted = h->explained || h->tries[0] >= HINT_TRIES;
	if (st != DF_REJECT || rows == NULL || noted || strcmp(err->code, "malformed-csv") != 0)
		return;

	hint_append(rows, rows_guess_quotes, err);
}

static void make_visible(char *text, size_t size)
{
	struct df_buf b = {0};
	df_visible(&b, text);
	snprintf(text, size, "%s", df_buf_cstr(&b));
	df_utf8_sanitize(text);
	df_buf_free(&b);
}

static bool guess_header(const struct rows *rows, struct df_buf *out)
{
	bool elsewhere;
	return rows_guess_header(rows, out, &elsewhere);
}

/* A reject file's header in one cell: the feed's own files are as its settings say. */
static bool saved_apart(const struct rows_row *row)
{
	static const char line[] = MAP_COLUMN_LINE, reason[] = MAP_COLUMN_REASON;
	const struct rows_cell *cell = &row->cells[0];
	return row->n_cells == 1 && row->fault == NULL &&
	       memmem(cell->p, cell->len, line, sizeof(line) - 1) != NULL &&
	       memmem(cell->p, cell->len, reason, sizeof(reason) - 1) != NULL;
}

void document_hint_header(const struct rows *rows, const struct rows_row *row, struct df_err *err)
{
	struct df_buf text = {.max = sizeof(err->text) - 1};
	bool elsewhere = false;
	make_visible(err->text, sizeof(err->text));
	make_visible(err->column, sizeof(err->column));
	if (saved_apart(row)) {
		snprintf(err->text, sizeof(err->text),
			 "this reject file was saved with another separator than the feed's: save "
			 "it with the feed's, and drop it again");
		err->column[0] = '\0';
	} else if (rows_guess_header(rows, &text, &elsewhere)) {
		if (elsewhere) /* it may be this one all the same, with what is wrong there */
			df_buf_addf(&text, "; if it is the first line: %s", err->text);
		snprintf(err->text, sizeof(err->text), "%s", df_buf_cstr(&text));
		df_utf8_sanitize(err->text);
		err->column[0] = '\0';
	} else if (strcmp(err->code, "unknown-column") == 0) {
		hint_append(rows, rows_guess_commented, err);
		hint_append(rows, rows_guess_blanks, err);
	} else if (strcmp(err->code, "manifest-mismatch") == 0) {
		hint_append(rows, rows_guess_blanks, err);
	}
	df_buf_free(&text);
}

/* One cell where several are listed: not a row as the feed says that rows are written. */
void document_hint_first(const struct rows *rows, const struct rows_row *row, struct df_err *err)
{
	static const char place[] = MAP_COLUMN_PLACE;
	const struct rows_cell *cell = &row->cells[0];
	if (strcmp(err->code, "manifest-mismatch") != 0 || row->n_cells != 1)
		return;
	if (cell->len < sizeof(place) || memcmp(cell->p, place, sizeof(place) - 1) != 0)
		hint_append(rows, guess_header, err);
}
