/* SPDX-License-Identifier: MIT */
/*
 * The input is a document. A byte 0x1a stands for 300,000 letters, up to eight times, so that rows past ROWS_MAX_ROW are
 * reached by small inputs.
 */
#include "fuzz.h"

#include <unistd.h>

#define LONG_RUN  300000u
#define LONG_RUNS 8

static void expand(const uint8_t *data, size_t size, struct df_buf *out)
{
	int runs = 0;
	for (size_t i = 0; i < size; i++) {
		if (data[i] != 0x1a || runs++ == LONG_RUNS) {
			df_buf_addc(out, (char)data[i]);
		} else if (df_buf_grow(out, LONG_RUN)) {
			memset(out->data + out->len, 'x', LONG_RUN);
			out->len += LONG_RUN;
		}
	}
	(void)df_buf_cstr(out); /* not NULL, even when it is empty */
}

struct cells {
	struct rows_cell *v;
	size_t n;
	struct df_buf text; /* holds what the cells point to */
};

static void cells_add(struct cells *c, size_t from)
{
	c->v = df_realloc(c->v, (c->n + 1) * sizeof(*c->v));
	c->v[c->n++] = (struct rows_cell){NULL, c->text.len - from};
}

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
		cells_add(out, from);
		if (p == end)
			break;
		FUZZ_CHECK(*p == ',');
		p++;
	}
}

static void same_cells(const struct rows_row *row, const struct cells *want)
{
	size_t at = 0;
	FUZZ_CHECK(row->n_cells == want->n);
	for (size_t i = 0; i < want->n; i++) {
		FUZZ_CHECK(row->cells[i].len == want->v[i].len);
		FUZZ_CHECK(want->v[i].len == 0 || memcmp(row->cells[i].p, want->text.data + at, want->v[i].len) == 0);
		at += want->v[i].len;
	}
}

/* Every cell in quotes, and read again. */
static void requote(const struct rows_row *row, const struct cells *want)
{
	struct df_buf text = {0};
	for (size_t i = 0; i < row->n_cells; i++) {
		df_buf_adds(&text, i > 0 ? ",\"" : "\"");
		for (size_t k = 0; k < row->cells[i].len; k++) {
			if (row->cells[i].p[k] == '"')
				df_buf_addc(&text, '"');
			df_buf_addc(&text, row->cells[i].p[k]);
		}
		df_buf_addc(&text, '"');
	}
	df_buf_adds(&text, "\r\n");
	struct rows *r = NULL;
	struct rows_row again;
	struct df_err err = {0};
	int fd = fuzz_file(text.data, text.len);
	FUZZ_CHECK(rows_open(fd, 0, text.len, &r, &err) == DF_OK);
	FUZZ_CHECK(rows_next(r, &again, &err) == DF_OK);
	if (text.len <= ROWS_MAX_ROW) {
		FUZZ_CHECK(again.fault == NULL);
		same_cells(&again, want);
		FUZZ_CHECK(rows_next(r, &again, &err) == DF_END);
	}
	rows_close(r);
	close(fd);
	df_buf_free(&text);
}

static void good_row(const struct rows_row *row)
{
	struct cells want = {0};
	size_t len = row->length;
	FUZZ_CHECK(row->raw != NULL && row->length <= ROWS_MAX_ROW);
	FUZZ_CHECK(memchr(row->raw, 0, len) == NULL && df_utf8_valid(row->raw, len) == len);
	if (len > 0 && row->raw[len - 1] == '\n')
		len--;
	if (len > 0 && row->raw[len - 1] == '\r' && (len == row->length || row->raw[len] == '\n'))
		len--;
	reference(row->raw, len, &want);
	same_cells(row, &want);
	requote(row, &want);
	free(want.v);
	df_buf_free(&want.text);
}

static void bad_row(const struct rows_row *row)
{
	static const char *const codes[] = {"malformed-quote", "invalid-utf8", "nul-byte", "row-too-large", NULL};
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

/* Between rows there is nothing but line ends. */
static void only_blank(const struct df_buf *doc, uint64_t from, uint64_t to)
{
	for (; from < to; from++)
		FUZZ_CHECK(doc->data[from] == '\n' || doc->data[from] == '\r');
}

static void place(const struct df_buf *doc, const struct rows_row *row, uint64_t from)
{
	uint64_t feeds = 0, returns = 0;
	FUZZ_CHECK(row->offset >= from && row->length > 0 && row->length <= doc->len - row->offset);
	only_blank(doc, from, row->offset);
	FUZZ_CHECK(row->raw == NULL || memcmp(row->raw, doc->data + row->offset, row->length) == 0);
	for (uint64_t i = 0; i < row->offset; i++) {
		feeds += doc->data[i] == '\n';
		returns += doc->data[i] == '\r' && doc->data[i + 1] != '\n';
	}
	FUZZ_CHECK(row->line >= feeds + 1 && row->line <= feeds + returns + 1);
}

static void read_document(const struct df_buf *doc, struct rows *r)
{
	struct df_err err = {0};
	struct rows_row row;
	uint64_t number = 0, line = 0, end = doc->len >= 3 && memcmp(doc->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	enum df_status st;
	while ((st = rows_next(r, &row, &err)) == DF_OK) {
		FUZZ_CHECK(row.number == ++number && row.line > line);
		place(doc, &row, end);
		uint64_t lens = 0;
		for (size_t i = 0; i < row.n_cells; i++) {
			FUZZ_CHECK(row.cells[i].p != NULL);
			lens += row.cells[i].len;
		}
		FUZZ_CHECK(lens <= row.length);
		if (row.fault == NULL)
			good_row(&row);
		else
			bad_row(&row);
		line = row.line;
		end = row.offset + row.length;
	}
	if (st == DF_END) {
		only_blank(doc, end, doc->len);
		return;
	}
	FUZZ_CHECK(st == DF_REJECT && strcmp(err.code, "malformed-csv") == 0);
	FUZZ_CHECK(err.line > 0 && memchr(doc->data + end, '"', doc->len - end) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const codes[] = {"empty-file", "not-utf8", NULL};
	struct df_buf doc = {0};
	struct rows *r = NULL;
	struct df_err err = {0};
	expand(data, size, &doc);
	int fd = fuzz_file(doc.data, doc.len);
	enum df_status st = rows_open(fd, 0, doc.len, &r, &err);
	if (st == DF_OK)
		read_document(&doc, r);
	else
		fuzz_error(st, &err, codes);
	FUZZ_CHECK(st == DF_OK || st == DF_REJECT);
	rows_close(r);
	close(fd);
	df_buf_free(&doc);
	return 0;
}
