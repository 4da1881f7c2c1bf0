/* SPDX-License-Identifier: MIT */
/*
 * The input is a document. Where its first byte is 0x1b, the second one chooses a dialect, and the
 * rest is the document. Where the first byte of that is 0x1a, that one does not count, and each
 * other one means 300,000 letters, up to five times, so that rows past ROWS_MAX_ROW are reached by
 * small inputs.
 */
#include "fuzz.h"

#include <unistd.h>

#define LONG_RUN  300000u
#define LONG_RUNS 5

static void expand(const uint8_t *data, size_t size, struct df_buf *out)
{
	bool large = size > 0 && data[0] == 0x1a;
	int runs = large ? 0 : LONG_RUNS;
	for (size_t i = large; i < size; i++) {
		if (data[i] != 0x1a || runs++ >= LONG_RUNS) {
			df_buf_addc(out, (char)data[i]);
		} else if (df_buf_grow(out, LONG_RUN)) {
			memset(out->data + out->len, 'x', LONG_RUN);
			out->len += LONG_RUN;
		}
	}
	(void)df_buf_cstr(out); /* not NULL, even when it is empty */
}

/* Cells of one row or more. */
struct cells {
	size_t *lens;
	size_t n, cap;
	struct df_buf text; /* all of them, one after the other */
};

static void cells_add(struct cells *c, size_t len)
{
	if (c->n == c->cap) {
		c->cap = c->cap > 0 ? 2 * c->cap : 16;
		c->lens = df_realloc(c->lens, c->cap * sizeof(*c->lens));
	}
	c->lens[c->n++] = len;
}

static void cells_free(struct cells *c)
{
	free(c->lens);
	df_buf_free(&c->text);
}

struct check {
	const struct df_buf *doc;
	bool cr_ends;            /* a lone CR ends a line */
	uint64_t end;            /* of the row before */
	uint64_t counted;        /* document bytes whose line ends are in: */
	uint64_t feeds, returns; /* a lone CR is a return */
	struct cells row;        /* the current row's, read by reference() */
	struct df_buf requoted;  /* all good rows with each cell in quotes */
	struct cells all;        /* their cells, */
	struct cells counts;     /* and how many each row has */
};

/* RFC 4180 section 2 in its plainest form, for one good row without its line end. */
static void reference(const char *p, size_t len, struct cells *out)
{
	const char *end = p + len;
	for (;;) {
		size_t from = out->text.len;
		if (p < end && *p == '"') {
			for (p++; p < end && (*p != '"' || (p + 1 < end && p[1] == '"')); p++) {
				df_buf_addc(&out->text, *p);
				p += *p == '"';
			}
			FUZZ_CHECK(p < end);
			p++;
		} else {
			for (; p < end && *p != ','; p++) {
				FUZZ_CHECK(*p != '"');
				df_buf_addc(&out->text, *p);
			}
		}
		cells_add(out, out->text.len - from);
		if (p == end)
			break;
		FUZZ_CHECK(*p == ',');
		p++;
	}
}

/* The row's cells are these n, whose text begins at `text`. Returns where it ends. */
static const char *same_cells(const struct rows_row *row, const size_t *lens, size_t n,
			      const char *text)
{
	FUZZ_CHECK(row->n_cells == n);
	for (size_t i = 0; i < n; i++) {
		FUZZ_CHECK(row->cells[i].len == lens[i]);
		if (lens[i] == 0)
			continue; /* and perhaps no text at all */
		FUZZ_CHECK(memcmp(row->cells[i].p, text, lens[i]) == 0);
		text += lens[i];
	}
	return text;
}

/* Puts every cell in quotes, to be read again. */
static void requote(struct check *c, const struct rows_row *row)
{
	size_t before = c->requoted.len;
	for (size_t i = 0; i < row->n_cells; i++) {
		const char *p = row->cells[i].p, *end = p + row->cells[i].len;
		df_buf_adds(&c->requoted, i > 0 ? ",\"" : "\"");
		for (const char *quote;
		     p < end && (quote = memchr(p, '"', (size_t)(end - p))) != NULL;
		     p = quote + 1) {
			df_buf_add(&c->requoted, p, (size_t)(quote - p));
			df_buf_adds(&c->requoted, "\"\"");
		}
		df_buf_add(&c->requoted, p, (size_t)(end - p));
		df_buf_addc(&c->requoted, '"');
	}
	df_buf_adds(&c->requoted, "\r\n");
	if (c->requoted.len - before > ROWS_MAX_ROW) { /* a good row no more */
		c->requoted.len = before;
		return;
	}
	for (size_t i = 0; i < row->n_cells; i++) {
		cells_add(&c->all, row->cells[i].len);
		df_buf_add(&c->all.text, row->cells[i].p, row->cells[i].len);
	}
	cells_add(&c->counts, row->n_cells);
}

static void read_again(const struct check *c)
{
	struct rows *r = NULL;
	struct rows_row row;
	struct df_err err = {0};
	const size_t *lens = c->all.lens;
	const char *text = c->all.text.data;
	if (c->counts.n == 0)
		return;
	int fd = fuzz_file(c->requoted.data, c->requoted.len);
	FUZZ_CHECK(rows_open(fd, 0, c->requoted.len, &r, &err) == DF_OK);
	for (size_t i = 0; i < c->counts.n; i++) {
		FUZZ_CHECK(rows_next(r, &row, &err) == DF_OK && row.fault == NULL);
		text = same_cells(&row, lens, c->counts.lens[i], text);
		lens += c->counts.lens[i];
	}
	FUZZ_CHECK(rows_next(r, &row, &err) == DF_END);
	rows_close(r);
	close(fd);
}

static void good_row(struct check *c, const struct rows_row *row)
{
	size_t len = row->length;
	FUZZ_CHECK(row->raw != NULL && row->length <= ROWS_MAX_ROW);
	FUZZ_CHECK(memchr(row->raw, 0, len) == NULL && df_utf8_valid(row->raw, len) == len);
	if (len > 0 && row->raw[len - 1] == '\n')
		len--;
	if (len > 0 && row->raw[len - 1] == '\r')
		len--;
	c->row.n = 0;
	df_buf_reset(&c->row.text);
	reference(row->raw, len, &c->row);
	same_cells(row, c->row.lens, c->row.n, c->row.text.data);
	requote(c, row);
}

static void bad_row(const struct rows_row *row)
{
	static const char *const codes[] = {"malformed-quote", "invalid-utf8", "nul-byte",
					    "row-too-large", NULL};
	FUZZ_CHECK(fuzz_among(row->fault, codes));
	FUZZ_CHECK(row->fault_text != NULL && row->fault_text[0] != '\0');
	FUZZ_CHECK(row->fault_column <= row->n_cells + 1);
	if (strcmp(row->fault, "row-too-large") == 0)
		FUZZ_CHECK(row->length > ROWS_MAX_ROW);
	else
		FUZZ_CHECK(row->raw != NULL);
	if (strcmp(row->fault, "nul-byte") == 0)
		FUZZ_CHECK(memchr(row->raw, 0, row->length) != NULL);
	if (strcmp(row->fault, "invalid-utf8") == 0)
		FUZZ_CHECK(df_utf8_valid(row->raw, row->length) != row->length);
}

/* Does a line end at p? A lone CR is one at the document's end, and where the document has such
 * lines. */
static bool line_ends(const char *p, const char *end, bool cr_ends)
{
	return *p == '\n' || (*p == '\r' && (cr_ends || p + 1 == end || p[1] == '\n'));
}

/* Past the quote that closes, and those that follow it at once. NULL: it stays open. */
static const char *quotes_end(const char *p, const char *end)
{
	do {
		p = memchr(p + 1, '"', (size_t)(end - p - 1));
		if (p == NULL)
			return NULL;
		p++;
	} while (p < end && *p == '"');
	return p;
}

/* Where a row that begins at p ends, its line end included, by RFC 4180. *broken: a quote or a
 * CR is where none may be, and the row ends with that physical line. NULL: a quote stays open. */
static const char *row_end(const char *p, const char *end, bool cr_ends, bool *broken)
{
	bool start = true;
	*broken = false;
	while (p < end && !line_ends(p, end, cr_ends)) {
		if (*p == '"' && start && !*broken) {
			p = quotes_end(p, end);
			if (p == NULL)
				return NULL;
			*broken = p < end && *p != ',' && !line_ends(p, end, cr_ends);
			start = false;
			continue;
		}
		*broken = *broken || *p == '"' || *p == '\r';
		start = *p++ == ',';
	}
	p += p + 1 < end && p[0] == '\r' && p[1] == '\n';
	return p + (p < end);
}

/* Whether the document's first line ends with a lone CR. */
static bool first_cr(const char *p, const char *end)
{
	for (bool start = true; p < end; start = *p++ == ',') {
		if (*p == '\n' || *p == '\r')
			return *p == '\r' && (p + 1 == end || p[1] != '\n');
		if (*p != '"')
			continue;
		if (start)
			p = quotes_end(p, end);
		if (p == NULL)
			return false;
		bool broken = !start || (p < end && *p != ',' && *p != '\n' && *p != '\r');
		while (broken && p < end && *p != '\n' && *p != '\r')
			p++;
		p--;
	}
	return false;
}

/* Between rows there is nothing but line ends. */
static void only_blank(const struct df_buf *doc, uint64_t from, uint64_t to)
{
	for (; from < to; from++)
		FUZZ_CHECK(doc->data[from] == '\n' || doc->data[from] == '\r');
}

static void place(struct check *c, const struct rows_row *row)
{
	const char *p = c->doc->data;
	FUZZ_CHECK(row->offset >= c->end && row->length > 0 &&
		   row->length <= c->doc->len - row->offset);
	only_blank(c->doc, c->end, row->offset);
	FUZZ_CHECK(row->raw == NULL || memcmp(row->raw, p + row->offset, row->length) == 0);
	for (; c->counted < row->offset; c->counted++) {
		c->feeds += p[c->counted] == '\n';
		c->returns += p[c->counted] == '\r' && p[c->counted + 1] != '\n';
	}
	FUZZ_CHECK(row->line >= c->feeds + 1 && row->line <= c->feeds + c->returns + 1);
	c->end = row->offset + row->length;
	bool broken = false;
	FUZZ_CHECK(row_end(p + row->offset, p + c->doc->len, c->cr_ends, &broken) == p + c->end);
	const char *fault = row->fault != NULL ? row->fault : "";
	FUZZ_CHECK((strcmp(fault, "row-too-large") == 0) == (row->length > ROWS_MAX_ROW));
	FUZZ_CHECK(row->length > ROWS_MAX_ROW || (strcmp(fault, "malformed-quote") == 0) == broken);
	FUZZ_CHECK((row->raw == NULL) == (row->length > ROWS_MAX_ROW));
}

static void read_document(struct check *c, struct rows *r)
{
	struct df_err err = {0};
	struct rows_row row;
	uint64_t number = 0, line = 0;
	enum df_status st;
	while ((st = rows_next(r, &row, &err)) == DF_OK) {
		FUZZ_CHECK(row.number == ++number && row.line > line);
		line = row.line;
		place(c, &row);
		uint64_t lens = 0;
		for (size_t i = 0; i < row.n_cells; i++) {
			FUZZ_CHECK(row.cells[i].p != NULL);
			lens += row.cells[i].len;
		}
		FUZZ_CHECK(lens <= row.length);
		if (row.fault == NULL)
			good_row(c, &row);
		else
			bad_row(&row);
	}
	if (st == DF_END) {
		only_blank(c->doc, c->end, c->doc->len);
		return;
	}
	FUZZ_CHECK(st == DF_REJECT && strcmp(err.code, "malformed-csv") == 0);
	const char *rest = c->doc->data + c->end, *end = c->doc->data + c->doc->len;
	while (rest < end && (*rest == '\n' || *rest == '\r'))
		rest++;
	bool broken = false;
	FUZZ_CHECK(err.line >= line && rest < end &&
		   row_end(rest, end, c->cr_ends, &broken) == NULL);
}

/* ---- dialects ---- */

static const char *const nulls[] = {"a", "\\N", "b c"};
static const struct rows_format formats[] = {
    {.delimiter = ';'},
    {.delimiter = '\t', .quote = '\'', .trim = true},
    {.delimiter = '|', .no_quote = true, .comment = '#'},
    {.backslash = true, .null = nulls, .n_null = 3},
    {.delimiter = ';',
     .backslash = true,
     .trim = true,
     .null = nulls,
     .n_null = 3,
     .no_header = true},
    {.skip_lines = 2, .skip_last_lines = 1, .comment = '#', .count = "([0-9]+)"},
    {.trim = true, .comment = '#', .skip_last_lines = 2},
    {.delimiter = 0xa7, .quote = 0x2502, .trim = true, .comment = 0xb6},
    {.delimiter = 0x1f381, .no_quote = true},
    {.delimiter = '\t', .no_quote = true, .backslash = true},
    {.delimiter = 0xa7, .no_quote = true, .backslash = true, .comment = '#', .trim = true},
};

/* A row is the same when it is read by another reader that is sent to where it begins. */
static void same_row(struct rows *again, const struct rows_place *from, const struct rows_row *row)
{
	struct rows_row other;
	struct df_err err = {0};
	rows_seek(again, from);
	FUZZ_CHECK(rows_next(again, &other, &err) == DF_OK);
	FUZZ_CHECK(other.offset == row->offset && other.length == row->length &&
		   other.line == row->line);
	FUZZ_CHECK(other.number == row->number && other.n_cells == row->n_cells &&
		   other.fault == row->fault);
	for (size_t i = 0; i < row->n_cells; i++)
		FUZZ_CHECK(other.cells[i].len == row->cells[i].len &&
			   memcmp(other.cells[i].p, row->cells[i].p, row->cells[i].len) == 0);
}

static void read_dialect(struct rows *r, const struct df_buf *doc)
{
	struct rows *again = rows_clone(r);
	struct rows_row row;
	struct df_err err = {0};
	struct df_buf guess = {0};
	uint64_t end = rows_start(r);
	enum df_status st;
	for (struct rows_place from = rows_tell(r); (st = rows_next(r, &row, &err)) == DF_OK;
	     from = rows_tell(r)) {
		FUZZ_CHECK(row.offset >= end && row.length > 0 &&
			   row.offset + row.length <= rows_end(r));
		FUZZ_CHECK(row.raw == NULL ||
			   memcmp(row.raw, doc->data + row.offset, row.length) == 0);
		end = row.offset + row.length;
		same_row(again, &from, &row);
		if (row.fault != NULL)
			bad_row(&row);
	}
	FUZZ_CHECK(st == DF_END || (st == DF_REJECT && strcmp(err.code, "malformed-csv") == 0));
	bool elsewhere;
	(void)rows_guess_header(r, &guess, &elsewhere);
	(void)rows_guess_quotes(r, &guess);
	df_buf_free(&guess);
	rows_close(again);
}

static void fuzz_dialect(const uint8_t *data, size_t size)
{
	struct df_buf doc = {0};
	struct rows *r = NULL;
	struct df_err err = {0};
	const struct rows_format *format = &formats[data[0] % (sizeof(formats) / sizeof(*formats))];
	expand(data + 1, size - 1, &doc);
	int fd = fuzz_file(doc.data, doc.len);
	enum df_status st = rows_open_as(format, fd, 0, doc.len, &r, &err);
	FUZZ_CHECK(st == DF_OK || st == DF_REJECT);
	if (st == DF_OK)
		read_dialect(r, &doc);
	rows_close(r);
	close(fd);
	df_buf_free(&doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 1 && data[0] == 0x1b) {
		fuzz_dialect(data + 1, size - 1);
		return 0;
	}
	static const char *const codes[] = {"empty-file", "not-utf8", NULL};
	struct df_buf doc = {0};
	struct rows *r = NULL;
	struct df_err err = {0};
	expand(data, size, &doc);
	int fd = fuzz_file(doc.data, doc.len);
	enum df_status st = rows_open(fd, 0, doc.len, &r, &err);
	if (st == DF_OK) {
		struct check c = {.doc = &doc};
		c.end = doc.len >= 3 && memcmp(doc.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
		c.cr_ends = first_cr(doc.data + c.end, doc.data + doc.len);
		read_document(&c, r);
		read_again(&c);
		cells_free(&c.row);
		cells_free(&c.all);
		cells_free(&c.counts);
		df_buf_free(&c.requoted);
	} else {
		fuzz_error(st, &err, codes);
	}
	FUZZ_CHECK(st == DF_OK || st == DF_REJECT);
	rows_close(r);
	close(fd);
	df_buf_free(&doc);
	return 0;
}
