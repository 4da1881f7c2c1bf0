/* SPDX-License-Identifier: MIT */
/* Each document is read twice: alone, and from the middle of a file. What comes out is written
 * as "<line>[cell|cell]" for a row, "<line>!<fault>@<cell>" for a bad one, "$<code>:<line>" for
 * a broken document. */
#include "../../src/base/text.h"
#include "../../src/rows/rows_scan.h"
#include "test.h"

static void render(int fd, uint64_t offset, uint64_t length, struct df_buf *out,
		   const char *document)
{
	struct rows *r = NULL;
	struct rows_row row;
	struct df_err err = {0};
	uint64_t number = 0;
	enum df_status st = rows_open(fd, offset, length, &r, &err);
	while (st == DF_OK && (st = rows_next(r, &row, &err)) == DF_OK) {
		CU_ASSERT_EQUAL(row.number, ++number);
		if (row.raw != NULL)
			CU_ASSERT_EQUAL(memcmp(row.raw, document + row.offset, row.length), 0);
		if (row.fault != NULL) {
			CU_ASSERT_PTR_NOT_NULL(row.fault_text);
			df_buf_addf(out, "%llu!%s@%zu ", (unsigned long long)row.line, row.fault,
				    row.fault_column);
			continue;
		}
		df_buf_addf(out, "%llu[", (unsigned long long)row.line);
		for (size_t i = 0; i < row.n_cells; i++) {
			if (i > 0)
				df_buf_addc(out, '|');
			df_buf_add(out, row.cells[i].p, row.cells[i].len);
		}
		df_buf_adds(out, "] ");
	}
	if (st != DF_END)
		df_buf_addf(out, "$%s:%llu", err.code, (unsigned long long)err.line);
	rows_close(r);
}

static char *read_document(const char *document, size_t len, size_t offset)
{
	struct df_err err = {0};
	struct df_buf out = {0};
	int fd = -1;
	char *filler = df_alloc(offset + 1);
	memset(filler, '"', offset);
	CU_ASSERT_EQUAL_FATAL(df_unnamed_open("/tmp", &fd, &err), DF_OK);
	CU_ASSERT_EQUAL_FATAL(df_write_all(fd, filler, offset, &err), DF_OK);
	CU_ASSERT_EQUAL_FATAL(df_write_all(fd, document, len, &err), DF_OK);
	CU_ASSERT_EQUAL_FATAL(df_write_all(fd, "\",\"after.\n", offset > 0 ? 10 : 0, &err), DF_OK);
	render(fd, offset, len, &out, document);
	df_buf_cstr(&out);
	close(fd);
	free(filler);
	return out.data;
}

static void check(const char *document, size_t len, const char *expected)
{
	for (size_t offset = 0; offset <= 7; offset += 7) {
		char *got = read_document(document, len, offset);
		if (strcmp(got, expected) != 0)
			fprintf(stderr, "\nexpected %.300s\n     got %.300s\n", expected, got);
		CU_ASSERT_STRING_EQUAL(got, expected);
		free(got);
	}
}

#define ROWS(document, expected) check(document, sizeof(document) - 1, expected)

static void test_plain(void)
{
	ROWS("a,b\n1,2\n", "1[a|b] 2[1|2] ");
	ROWS("a,b\r\n1,2\r\n", "1[a|b] 2[1|2] ");
	ROWS("a,b\r1,2\r", "1[a|b] 2[1|2] ");
	ROWS("a,b\n1,2", "1[a|b] 2[1|2] ");
	ROWS("a,b\n1,", "1[a|b] 2[1|] ");
	ROWS("a\n,\n", "1[a] 2[|] ");
	ROWS(" a , b\n", "1[ a | b] ");
	ROWS("\t\n", "1[\t] ");
	ROWS("a", "1[a] ");
	ROWS("a\n\n\nb\n", "1[a] 4[b] ");
	ROWS("\n\na\r\n\r\nb\r\n", "3[a] 5[b] ");
	ROWS("\n", "");
	ROWS("a,b\n1\n1,2,3\n", "1[a|b] 2[1] 3[1|2|3] ");
	ROWS("\xef\xbb\xbf"
	     "a,b\n1,2\n",
	     "1[a|b] 2[1|2] ");
	ROWS("\xef\xbb\xbf\"a\",b\n", "1[a|b] ");
	ROWS("\xef\xbb\xbf", "");
	ROWS("", "$empty-file:0");
}

static void test_quotes(void)
{
	ROWS("\"a\",\"b\"\n", "1[a|b] ");
	ROWS("\"\"\n", "1[] ");
	ROWS("\"\",\"\"\n\"x\"\n", "1[|] 2[x] ");
	ROWS("\"a,b\",c\n", "1[a,b|c] ");
	ROWS("\"say \"\"hi\"\"\",c\n", "1[say \"hi\"|c] ");
	ROWS("\"\"\"\"\n", "1[\"] ");
	ROWS("a,\"1\n2\n3\",b\nc\n", "1[a|1\n2\n3|b] 4[c] ");
	ROWS("a,\"1\r\n2\",b\r\nc\r\n", "1[a|1\r\n2|b] 3[c] ");
	ROWS("\"a\n\nb\"\nc\n", "1[a\n\nb] 4[c] ");
	ROWS("a,\"b\"", "1[a|b] ");
	ROWS("x\n\"a\rb\"\ny\n", "1[x] 2[a\rb] 3[y] ");
	/* what is before the first quote is cut off without libcsv */
	ROWS("a,,b,\"c\",d,\"\"\nx,\"y\"\n", "1[a||b|c|d|] 2[x|y] ");
	ROWS("a,b,\"1\n2\",\"3\"\"\",,x\r\ny,,\"z\"", "1[a|b|1\n2|3\"||x] 3[y||z] ");
}

static void test_bad_rows(void)
{
	ROWS("a,b\n1,2\"3\n4,5\n", "1[a|b] 2!malformed-quote@2 3[4|5] ");
	ROWS("a,b\n\"1\"x,2\n4,5\n", "1[a|b] 2!malformed-quote@1 3[4|5] ");
	ROWS("a\n\"1\" \n2\n", "1[a] 2!malformed-quote@1 3[2] ");
	ROWS("a\n \"1\"\n2\n", "1[a] 2!malformed-quote@1 3[2] ");
	ROWS("a\n\"1\n2\"x\n3\n", "1[a] 2!malformed-quote@1 4[3] ");
	ROWS("a\n1\"", "1[a] 2!malformed-quote@1 ");
	ROWS("a,b\r\n1,2\"3\r\n4,5\r\n", "1[a|b] 2!malformed-quote@2 3[4|5] ");
	ROWS("a,b\n1,\xff\n2,3\n", "1[a|b] 2!invalid-utf8@2 3[2|3] ");
	ROWS("a,b\n\"\xc3\",1\n2,3\n", "1[a|b] 2!invalid-utf8@1 3[2|3] ");
	ROWS("a,b\n1,\xed\xa0\x80\n2,3\n", "1[a|b] 2!invalid-utf8@2 3[2|3] ");
	ROWS("a,b\n1\0,2\n2,3\n", "1[a|b] 2!nul-byte@1 3[2|3] ");
	ROWS("a,b\n1\0,\"2\"\n2,\"3\"\n", "1[a|b] 2!nul-byte@1 3[2|3] ");
	ROWS("a,b\n1,\xff,\"2\"\n2,\"3\"\n", "1[a|b] 2!invalid-utf8@2 3[2|3] ");
	ROWS("a,b\n1,2,\"3\"4,\"5\"\n6,\"7\"\n", "1[a|b] 2!malformed-quote@3 3[6|7] ");
	ROWS("a,b\n1,2,\"3\n\",4\"\n6,\"7\"\n", "1[a|b] 2!malformed-quote@4 4[6|7] ");
	ROWS("a,b\n\xf0\x9f\x98\x80,\xc3\xa9\n", "1[a|b] 2[\xf0\x9f\x98\x80|\xc3\xa9] ");
}

static void test_broken_documents(void)
{
	ROWS("a,b\n1,\"2\n3,4\n", "1[a|b] $malformed-csv:2");
	ROWS("a,b\n1,\"2", "1[a|b] $malformed-csv:2");
	ROWS("a\n\"", "1[a] $malformed-csv:2");
	ROWS("a\n\"x\ny\"\n\"z\n\n", "1[a] 2[x\ny] $malformed-csv:4");
	ROWS("\xff\xfe"
	     "a\0,\0",
	     "$not-utf8:0");
	ROWS("\xfe\xff\0a\0,", "$not-utf8:0");
	ROWS("a\0b\0c\0d\0", "$not-utf8:0");
	ROWS("\0a\0b\0c", "$not-utf8:0");
	ROWS("a\0\0\0", "$not-utf8:0");
}

/* Rows larger than the window, cells at its edges, and the cap. */
static void test_large(void)
{
	for (size_t size = 262100; size <= 262180; size++) {
		struct df_buf doc = {0}, expected = {0};
		df_buf_adds(&doc, "h,i\r\n");
		for (size_t i = 0; i < size - 10; i++)
			df_buf_addc(&doc, 'x');
		df_buf_addf(&doc, ",\"%zu\"\r\nlast,1\r\n", size);
		df_buf_adds(&expected, "1[h|i] 2[");
		for (size_t i = 0; i < size - 10; i++)
			df_buf_addc(&expected, 'x');
		df_buf_addf(&expected, "|%zu] 3[last|1] ", size);
		check(doc.data, doc.len, df_buf_cstr(&expected));
		df_buf_free(&doc);
		df_buf_free(&expected);
	}
}

static void test_too_large(void)
{
	static const struct {
		const char *open, *close, *expected;
	} cases[] = {
	    {"", "\n4,5\n", "1[a|b] 2!row-too-large@0 3[4|5] "},
	    {"\"", "\"\n4,5\n", "1[a|b] 2!row-too-large@0 3[4|5] "},
	    {"\"", "\",\"\n\n\"\n4,5\n", "1[a|b] 2!row-too-large@0 5[4|5] "},
	    {"\"\n\"\"", "\"\r\n4,5\n", "1[a|b] 2!row-too-large@0 4[4|5] "},
	    {"", "\r4,5\n6,7\n", "1[a|b] 2!row-too-large@0 3[6|7] "},
	    {"\"", "", "1[a|b] $malformed-csv:2"},
	    {"", "", "1[a|b] 2!row-too-large@0 "},
	};
	const size_t n = sizeof(cases) / sizeof(cases[0]);
	/* just over the cap, and far over what is ever kept in memory */
	for (size_t i = 0; i < 2 * n; i++) {
		struct df_buf doc = {0};
		df_buf_addf(&doc, "a,b\n%s", cases[i % n].open);
		for (size_t k = 0; k < (i < n ? ROWS_MAX_ROW + 1000 : 5u << 20); k++)
			df_buf_addc(&doc, 'x');
		df_buf_adds(&doc, cases[i % n].close);
		check(doc.data, doc.len, cases[i % n].expected);
		df_buf_free(&doc);
	}
}

static void test_many_columns(void)
{
	struct df_buf doc = {0}, expected = {0};
	df_buf_adds(&expected, "1[");
	for (int i = 0; i < 5000; i++) {
		df_buf_addf(&doc, "%sc%d", i > 0 ? "," : "", i);
		df_buf_addf(&expected, "%sc%d", i > 0 ? "|" : "", i);
	}
	df_buf_adds(&expected, "] ");
	check(doc.data, doc.len, df_buf_cstr(&expected));
	df_buf_free(&doc);
	df_buf_free(&expected);
}

/* Rows that are cut many bytes at a time are cut as they are byte by byte, wherever something
 * is. */
static void scan_dialect(rows_scanner scanner, char delimiter, char quote)
{
	char bytes[] = "aaaaaaaaaaaaabDDD\n\rQ\0\x7f\xc3\xa9 ,\";|\t'";
	struct rows_cells fast = {0}, slow = {0};
	struct rows_marks marks;
	uint32_t seed = 7;
	char text[210];
	rows_marks_set(&marks, delimiter, quote);
	marks.scan = scanner;
	for (size_t i = 0; i < sizeof(bytes) - 1; i++)
		bytes[i] = bytes[i] == 'D' ? delimiter : bytes[i] == 'Q' ? quote : bytes[i];
	for (int round = 0; round < 20000; round++) {
		size_t len = (size_t)round % sizeof(text);
		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = round % 3 == 0 ? bytes[(seed >> 16) % 14]
						 : bytes[(seed >> 16) % (sizeof(bytes) - 1)];
		}
		char *exact = malloc(len + 1); /* so that a read past the end shows */
		memcpy(exact, text, len);
		fast.n = slow.n = 0;
		struct rows_scan f = rows_scan(&marks, exact, exact + len, &fast),
				 s = rows_scan_portable(&marks, exact, exact + len, &slow);
		CU_ASSERT(f.stop == s.stop && f.odd == s.odd && fast.n == slow.n);
		CU_ASSERT(fast.n != slow.n ||
			  memcmp(fast.v, slow.v, fast.n * sizeof(*fast.v)) == 0);
		free(exact);
	}
	free(fast.v);
	free(slow.v);
}

static void test_scan(void)
{
	static const char delimiters[] = ",;\t|\x01^ \x7f\xa7", quotes[] = "\"'\n`\x02";
	const rows_scanner scanners[] = {rows_scan_sse2(), rows_scan_avx2(), rows_scan_avx512()};
	for (size_t s = 0; s < 3; s++) {
		if (scanners[s] == NULL) {
			printf("skip: this processor lacks one of the scanners\n");
			continue;
		}
		for (size_t i = 0; i < sizeof(delimiters) - 1; i++)
			for (size_t k = 0; k < sizeof(quotes) - 1; k++)
				scan_dialect(scanners[s], delimiters[i], quotes[k]);
	}
}

/* So many of the second row's cells are simple. */
static size_t simple_cells(uint32_t quote, const struct df_buf *second)
{
	struct rows_format format = {.quote = quote};
	struct rows *r = NULL;
	struct rows_row row = {0};
	struct df_err err = {0};
	struct df_buf doc = {0};
	df_buf_adds(&doc, "a,b\n");
	df_buf_add(&doc, second->data, second->len);
	FILE *f = tmpfile();
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL(fwrite(doc.data, 1, doc.len, f), doc.len);
	fflush(f);
	CU_ASSERT_EQUAL_FATAL(rows_open_as(&format, fileno(f), 0, doc.len, &r, &err), DF_OK);
	CU_ASSERT_EQUAL(rows_next(r, &row, &err), DF_OK);
	/* a quote may never be closed */
	size_t simple = rows_next(r, &row, &err) == DF_OK ? row.n_simple : 0;
	rows_close(r);
	fclose(f);
	df_buf_free(&doc);
	return simple;
}

/* The same of three cells, of which the second one has this byte among letters. */
static size_t simple_around(uint32_t quote, char byte, size_t len, size_t at)
{
	struct df_buf row = {0};
	df_buf_adds(&row, "x,");
	for (size_t i = 0; i < len; i++)
		df_buf_addc(&row, i == at ? byte : 'y');
	df_buf_adds(&row, ",z\n");
	size_t simple = simple_cells(quote, &row);
	df_buf_free(&row);
	return simple;
}

static size_t simple_of(const char *text)
{
	struct df_buf row = {0};
	df_buf_adds(&row, text);
	size_t simple = simple_cells(0, &row);
	df_buf_free(&row);
	return simple;
}

/* Cells are called simple when none of their bytes, and of those before them, has to be escaped or
 * checked, wherever it is. */
static void test_simple(void)
{
	for (int c = 0; c < 256; c++) {
		bool simple = c >= ' ' && c < 0x7f && c != '"' && c != '\\';
		if (c == '\n' || c == '\r' || c == ',') /* the cell ends there */
			continue;
		for (size_t at = 0; at < 140; at += 23) {
			size_t n = simple_around(0, (char)c, 140, at);
			CU_ASSERT(simple ? n == 3 : c == '"' ? n <= 1 : n == 1);
		}
		CU_ASSERT_EQUAL(simple_around(0, (char)c, 3, 1) == 3, simple);
	}
	CU_ASSERT_EQUAL(simple_around('\'', '"', 40, 3), 0); /* a letter there, escaped in JSON */
	CU_ASSERT_EQUAL(simple_around('\'', 'y', 40, 3), 0); /* which nobody looks for then */

	CU_ASSERT_EQUAL(simple_of("x,,\n"), 3);
	CU_ASSERT_EQUAL(simple_of("x,y,\"q, q\",z\n"), 2);
	CU_ASSERT_EQUAL(simple_of("x,y,\"a \"\"b\"\"\",z\n"), 2);
	CU_ASSERT_EQUAL(simple_of("x,\xc3\xa4,\"q\"\n"), 1);
	CU_ASSERT_EQUAL(simple_of("\"q\",y\n"), 0);
	CU_ASSERT_EQUAL(simple_of("x,\"q\nq\",z\n"), 0); /* libcsv's */
}

static struct rows *open_text(FILE *f, const struct df_buf *text, uint32_t delimiter)
{
	const struct rows_format format = {.delimiter = delimiter};
	struct rows *r = NULL;
	struct df_err err = {0};
	rewind(f);
	CU_ASSERT_EQUAL_FATAL(fwrite(text->data, 1, text->len, f), text->len);
	fflush(f);
	CU_ASSERT_EQUAL_FATAL(rows_open_as(&format, fileno(f), 0, text->len, &r, &err), DF_OK);
	return r;
}

/* The wide one's quoted delimiters are wide. */
static bool same_cell(const struct rows_cell *narrow, const struct rows_cell *wide)
{
	size_t k = 0;
	for (size_t i = 0; i < narrow->len; i++) {
		bool delimiter = narrow->p[i] == ',';
		if (k == wide->len || wide->p[k++] != (delimiter ? '\xc2' : narrow->p[i]))
			return false;
		if (delimiter && (k == wide->len || wide->p[k++] != '\xa7'))
			return false;
	}
	return k == wide->len;
}

static bool same_row(const struct rows_row *a, const struct rows_row *b)
{
	if (a->n_cells != b->n_cells || a->line != b->line || a->number != b->number ||
	    !df_same_text(a->fault, b->fault) || a->fault_column != b->fault_column)
		return false;
	for (size_t i = 0; i < a->n_cells; i++)
		if (!same_cell(&a->cells[i], &b->cells[i]))
			return false;
	return true;
}

/* Most rows with quotes do not go through libcsv; those with a wide delimiter do. Both are read
 * alike, whatever is in them. */
static void test_quoted(void)
{
	static const char letters[] = "\"\"\"\",,,\n\nab\r\xc3";
	FILE *narrow_file = tmpfile(), *wide_file = tmpfile();
	uint32_t seed = 11;
	for (int round = 0; round < 20000; round++) {
		struct df_buf narrow = {0}, wide = {0};
		struct df_err err = {0}, other = {0};
		struct rows_row a, b;
		df_buf_adds(&narrow, "x\n");
		df_buf_adds(&wide, "x\n");
		for (int i = 0; i < 5 + round % 40; i++) {
			seed = seed * 1664525 + 1013904223;
			char c = letters[(seed >> 16) % (sizeof(letters) - 1)];
			df_buf_addc(&narrow, c);
			df_buf_adds(&wide, c == ',' ? "\xc2\xa7" : (char[2]){c});
		}
		struct rows *r = open_text(narrow_file, &narrow, 0),
			    *w = open_text(wide_file, &wide, 0xa7);
		enum df_status st, same = DF_OK;
		do {
			st = rows_next(r, &a, &err);
			same = rows_next(w, &b, &other);
			CU_ASSERT_EQUAL_FATAL(st, same);
			CU_ASSERT(st != DF_OK || same_row(&a, &b));
		} while (st == DF_OK);
		CU_ASSERT_EQUAL(err.line, other.line);
		rows_close(r);
		rows_close(w);
		df_buf_free(&narrow);
		df_buf_free(&wide);
	}
	fclose(narrow_file);
	fclose(wide_file);
}

/* Escapes are found wherever they are among eight bytes. */
static void test_escape(void)
{
	for (int c = 0; c < 256; c++) {
		for (size_t at = 0; at < 24; at++) {
			char text[24];
			struct df_buf b = {0};
			memset(text, 'x', sizeof(text));
			text[at] = (char)c;
			df_json_escape(&b, text, sizeof(text));
			bool special = c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
			CU_ASSERT_EQUAL(b.len > sizeof(text), special);
			CU_ASSERT(special ? b.data[at] == '\\'
					  : memcmp(b.data, text, sizeof(text)) == 0);
			df_buf_free(&b);
		}
	}
}

static void check_copy(const char *from, size_t len, bool plain)
{
	char *fast = malloc(len + 1), *slow = malloc(len + 1);
	fast[len] = slow[len] = 7; /* is not touched */
	CU_ASSERT_EQUAL(text_copy_plain(fast, from, len), plain);
	CU_ASSERT_EQUAL(text_copy_plain_portable(slow, from, len), plain);
	CU_ASSERT(memcmp(fast, from, len) == 0 && memcmp(slow, from, len) == 0 && fast[len] == 7 &&
		  slow[len] == 7);
	free(fast);
	free(slow);
	struct df_buf expected = {0}, b = {0};
	df_buf_addc(&expected, '"');
	df_json_escape(&expected, from, len);
	df_buf_addc(&expected, '"');
	df_json_string(&b, from, len);
	CU_ASSERT(b.len == expected.len && memcmp(b.data, expected.data, b.len) == 0);
	char *exact = malloc(DF_JSON_MOST(len));
	CU_ASSERT_EQUAL_FATAL(df_json_put(exact, from, len), expected.len);
	CU_ASSERT_EQUAL(memcmp(exact, expected.data, expected.len), 0);
	free(exact);
	df_buf_free(&expected);
	df_buf_free(&b);
}

/* What has to be escaped is seen while it is copied, both ways, at any place of a text of any
 * length. */
static void test_copy(void)
{
	static const char bytes[] = "\0\x1f \"!#\\[]\x7e\x7f\x80\x9f\xa2\xdc\xff";
	for (size_t len = 0; len <= 50; len++) {
		char *text = malloc(len + 1); /* so that a read past the end shows */
		char *from = text + 1;
		memset(text, 'x', len + 1);
		check_copy(from, len, true);
		for (size_t at = 0; at < len; at++) {
			for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
				from[at] = bytes[i];
				unsigned char c = (unsigned char)bytes[i];
				check_copy(from, len,
					   c >= 0x20 && c != '"' && c != '\\' && c != 0x7f);
			}
			from[at] = 'x';
		}
		free(text);
	}
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"plain rows, line ends, blank lines", test_plain},
	    {"simple rows", test_simple},
	    {"quoted rows, with and without libcsv", test_quoted},
	    {"quotes", test_quotes},
	    {"bad rows are passed over", test_bad_rows},
	    {"broken documents end", test_broken_documents},
	    {"cells at the window's edge", test_large},
	    {"rows past the cap", test_too_large},
	    {"5,000 columns", test_many_columns},
	    {"cutting at commas, both ways", test_scan},
	    {"JSON escapes", test_escape},
	    {"JSON strings as they are", test_copy},
	    CU_TEST_INFO_NULL,
	};
	return test_main("rows", NULL, NULL, tests);
}
