/* SPDX-License-Identifier: MIT */
/*
 * The borders of the reader's window: documents are moved over each of them byte by byte, and what
 * is read must not change. With the arguments "dump FILE [KEY=VALUE...]" it is not a test but a
 * filter for tests/run-csv: it reads lines of an offset and a length, and prints what the reader
 * makes of that part of FILE under these settings of a feed: a JSON object for each row, and one
 * for the end.
 */
#include "dropfeed/document.h"

#include "test.h"

#include <inttypes.h>
#include <sys/mman.h>

#define KIB 1024u
#define MIB (KIB * KIB)

static void print_row(const struct rows_row *row, struct df_buf *out)
{
	df_buf_addf(
	    out, "{\"row\":%" PRIu64 ",\"line\":%" PRIu64 ",\"at\":%" PRIu64 ",\"length\":%" PRIu64,
	    row->number, row->line, row->offset, row->length);
	if (row->fault != NULL)
		df_buf_addf(out, ",\"fault\":\"%s\",\"cell\":%zu", row->fault, row->fault_column);
	else
		df_buf_adds(out, ",\"cells\":[");
	for (size_t i = 0; row->fault == NULL && i < row->n_cells; i++) {
		df_buf_adds(out, i > 0 ? "," : "");
		df_json_string(out, row->cells[i].p, row->cells[i].len);
	}
	df_buf_adds(out, row->fault == NULL ? "]}\n" : "}\n");
}

/* 0, or 1 when what the reader hands out is not what is in the file. */
static int dump_part(const struct conf_feed *feed, int fd, uint64_t offset, uint64_t length)
{
	const struct decode_doc doc = {.fd = fd, .offset = offset, .length = length};
	struct decode_bytes bytes;
	struct rows *r = NULL;
	struct rows_row row;
	struct df_err err = {0};
	struct df_buf out = {0};
	int status = 0;
	enum df_status st = document_rows_open(feed, &doc, true, &bytes, &r, &err);
	while (st == DF_OK && (st = rows_next(r, &row, &err)) == DF_OK) {
		char *raw = df_alloc(row.length);
		if (row.raw != NULL && (pread(fd, raw, row.length, (off_t)(offset + row.offset)) !=
					    (ssize_t)row.length ||
					memcmp(raw, row.raw, row.length) != 0))
			status = 1;
		free(raw);
		df_buf_reset(&out);
		print_row(&row, &out);
		fwrite(out.data, 1, out.len, stdout);
	}
	if (st == DF_END)
		printf("{\"end\":true}\n");
	else
		printf("{\"refused\":\"%s\",\"line\":%" PRIu64 "}\n", err.code, err.line);
	df_buf_free(&out);
	rows_close(r);
	return status;
}

static int dump(const char *file, char **settings)
{
	uint64_t offset, length;
	struct df_err err = {0};
	struct conf_feed *feed = conf_feed_default("dump");
	int fd = open(file, O_RDONLY | O_CLOEXEC), status = fd < 0;
	for (; status == 0 && *settings != NULL; settings++) {
		char *key = df_strdup(*settings), *sign = strchr(key, '=');
		if (sign != NULL)
			*sign = '\0';
		status = sign == NULL || conf_feed_set(feed, key, sign + 1, &err) != DF_OK;
		free(key);
	}
	while (status == 0 && scanf("%" SCNu64 " %" SCNu64, &offset, &length) == 2)
		status = dump_part(feed, fd, offset, length);
	conf_feed_free(feed);
	close(fd);
	return status;
}

/* ---- borders ---- */

/* What is after a row that fills the document up to a border. One line end of each kind is in,
 * and all that takes more than a byte. */
static const char *const tails[] = {
    "a,b\r\n\"q\",\"say \"\"hi\"\"\"\r\nc\r\n\r\n",
    "\"over\nlines\r\nof\rit\",\"\"\n\n\nd\n",
    "\xc3\xa9,\xe2\x82\xac,\"\xf0\x9f\x8e\x81\"\r\xf0\x9f\x8e\x81\r\rlast",
    "\"\"\"\",\"\"\"\"\"\"\n\"x\"\"\r\n\"\"\"\n,,\n",
    "bad\"quote\n\"bad\"text,1\r\ngood,1\r\"a\n\"bad\r\nend\n",
    "\xe2\x82,1\n\xf0\x9f\x8e\n2,\xed\xa0\x80\n3\n",
    "\"opened and\nnever \"\"closed\r\n",
    "\"closed at the very end\"",
    "lone\r\"cr\"\r\rends\r",
};

/* Cells, without the x they begin with, and faults; places are counted from `first` on, because
 * all is moved by as much. */
static void read_all(const struct df_buf *doc, size_t first, struct df_buf *out)
{
	struct rows *r = NULL;
	struct rows_row row;
	struct df_err err = {0};
	int fd = memfd_create("rows", MFD_CLOEXEC);
	CU_ASSERT_EQUAL_FATAL(df_write_all(fd, doc->data, doc->len, &err), DF_OK);
	enum df_status st = rows_open(fd, 0, doc->len, &r, &err);
	while (st == DF_OK && (st = rows_next(r, &row, &err)) == DF_OK) {
		if (row.offset >= first)
			df_buf_addf(out, "+%" PRIu64 " ", row.offset - first);
		df_buf_addf(out, "%" PRIu64 "@%" PRIu64 ":%s/%zu", row.number, row.line,
			    row.fault != NULL ? row.fault : "", row.fault_column);
		uint64_t around = row.length; /* what is not in the cells */
		for (size_t i = 0; row.fault == NULL && i < row.n_cells; i++) {
			struct rows_cell c = row.cells[i];
			size_t fill = 0;
			around -= c.len;
			while (fill < c.len && c.p[fill] == 'x')
				fill++;
			df_buf_addc(out, '|');
			df_buf_add(out, c.p + fill, c.len - fill);
		}
		df_buf_addf(out, "~%" PRIu64 "\n", row.fault == NULL ? around : 0);
	}
	df_buf_addf(out, "%s@%" PRIu64, st == DF_END ? "end" : err.code, err.line);
	rows_close(r);
	close(fd);
}

static void document(struct df_buf *doc, const char *open, size_t fill, const char *tail)
{
	df_buf_reset(doc);
	df_buf_adds(doc, open);
	if (df_buf_grow(doc, fill)) {
		memset(doc->data + doc->len, 'x', fill);
		doc->len += fill;
	}
	df_buf_adds(doc, tail);
}

/* `border` falls on each byte of open + tail in turn; `fill` of the document it is compared
 * with. */
static void move_over(size_t border, const char *open, size_t plain, const char *joint,
		      const char *tail)
{
	struct df_buf doc = {0}, expected = {0}, got = {0};
	char *rest = df_format("%s%s", joint, tail);
	size_t head = strlen(open);
	document(&doc, open, plain, rest);
	read_all(&doc, head + plain, &expected);
	for (size_t k = 0; k <= strlen(rest) + 1; k++) {
		size_t fill = border - head - k;
		document(&doc, open, fill, rest);
		df_buf_reset(&got);
		read_all(&doc, head + fill, &got);
		bool same =
		    got.len == expected.len && memcmp(got.data, expected.data, got.len) == 0;
		if (!same)
			fprintf(stderr,
				"\nborder %zu, %zu bytes after it of %s\nexpected %.500s\n     "
				"got %.500s\n",
				border, k, rest, df_buf_cstr(&expected), df_buf_cstr(&got));
		CU_ASSERT_TRUE(same);
		if (!same)
			break;
	}
	free(rest);
	df_buf_free(&doc);
	df_buf_free(&expected);
	df_buf_free(&got);
}

#define EACH_TAIL(i) for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++)

/* The first window is full, and read on from the row's start. */
static void test_first_window(void)
{
	EACH_TAIL(i)
	{
		move_over(256 * KIB, "", 1, "\n", tails[i]);
		move_over(256 * KIB, "\"", 1, "\"\r\n", tails[i]);
		move_over(256 * KIB, "", 1, "\r", tails[i]);
	}
}

/* The row itself is after the border: the window grows. */
static void test_growing_window(void)
{
	EACH_TAIL(i)
	{
		move_over(256 * KIB, "", 1, ",", tails[i]);
		move_over(256 * KIB, "\"", 1, "\",", tails[i]);
		move_over(512 * KIB, "", 1, ",", tails[i]);
	}
}

/* As often as the window is read anew, when rows of some length have moved it: 200 KiB a row. */
static void test_later_windows(void)
{
	struct df_buf open = {0};
	EACH_TAIL(i)
	{
		df_buf_reset(&open);
		document(&open, "", 200 * KIB, "\n");
		/* one row, then `have` is 256 KiB - 200 KiB - 1 and 200 KiB + 1 more are read */
		size_t border = 256 * KIB + 200 * KIB + 1;
		move_over(border, df_buf_cstr(&open), 1, "\n", tails[i]);
	}
	df_buf_free(&open);
}

/* Rows over the cap are skipped through windows of 2 MiB. */
static void test_skipping(void)
{
	static const char *const ends[] = {"\n", "\r\n", "\r", ",\"a\"\"b\r\nc\"\r\n"};
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		move_over(2 * MIB, "", MIB + 1, ends[i], "\"a\r\nb\",1\r\n\r\nlast\n");
	move_over(2 * MIB, "\"", MIB + 1, "\"\"\"\r\n", "1,\"2\"\r\n");
	move_over(2 * MIB, "\"", MIB + 1, "\r\n\"\"\r\n\"\r", "1,\"2\"\r\n");
}

/* A row of as many bytes as may be, its line end counted, and of one more. */
static void test_cap(void)
{
	static const char *const ends[] = {"\n", "\r\n", "\r", ""};
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		for (size_t over = 0; over < 2; over++) {
			struct df_buf doc = {0}, got = {0};
			document(&doc, "", ROWS_MAX_ROW - strlen(ends[i]) + over, ends[i]);
			read_all(&doc, SIZE_MAX, &got);
			char *whole = df_format("1@1:/0|~%zu\nend@0", strlen(ends[i]));
			CU_ASSERT_STRING_EQUAL(df_buf_cstr(&got),
					       over > 0 ? "1@1:row-too-large/0~0\nend@0" : whole);
			free(whole);
			df_buf_free(&doc);
			df_buf_free(&got);
		}
	}
}

int main(int argc, char **argv)
{
	static const CU_TestInfo tests[] = {
	    {"the first window", test_first_window}, {"a window that grows", test_growing_window},
	    {"later windows", test_later_windows},   {"rows that are skipped", test_skipping},
	    {"the cap of a row", test_cap},          CU_TEST_INFO_NULL,
	};
	if (argc >= 3 && strcmp(argv[1], "dump") == 0)
		return dump(argv[2], argv + 3);
	return test_main("rows and the window's borders", NULL, NULL, tests);
}
