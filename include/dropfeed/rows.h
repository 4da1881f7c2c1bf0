/* SPDX-License-Identifier: MIT */
/*
 * rows.h - the bytes of a document become rows (RFC 4180 and its dialects, by libcsv)
 *
 *	struct rows *r = NULL;
 *	rows_open(fd, offset, length, &r, &err);  looks at the first bytes: BOM, UTF-16, empty
 *	while ((st = rows_next(r, &row, &err)) == DF_OK)
 *		if (row.fault == NULL) ... row.cells[0 .. row.n_cells)
 *	rows_close(r);  st is DF_END at the end, DF_REJECT when the document is broken
 *
 * A row lives until the next call. Lines end with LF or CRLF, or, in a document whose first line
 * ends with a lone CR, with CR as well. Elsewhere a lone CR outside quotes is a fault of its row,
 * which then goes on to the end of its line.
 */
#ifndef DROPFEED_ROWS_H
#define DROPFEED_ROWS_H

#include "dropfeed/base.h"

#define ROWS_MAX_ROW (1u << 20) /* bytes of a row in the document; a longer one is row-too-large */

#define ROWS_SPARE 64u /* see rows_row.n_simple */

struct rows; /* a reader */

/* How a document is written. Zeroed, it is RFC 4180. What it points to is borrowed until
 * rows_close. */
struct rows_format {
	uint32_t delimiter; /* see df_sequence_of; 0: a comma */
	uint32_t quote;     /* 0: a double quote */
	bool no_quote;      /* quotes are letters like any other */
	/* Inside quotes a backslash takes its meaning from a quote, a backslash, a delimiter or
	 * a line end that follows it; before anything else it is a letter. The same without quotes,
	 * where \n, \t and the like mean controls as well. */
	bool backslash;
	/* spaces and tabs around a cell, inside its quotes as well, are not part of it */
	bool trim;
	uint32_t comment; /* lines that begin with it, where a row might, are skipped; 0: none */
	/* physical lines before the first row, and after the last one */
	uint64_t skip_lines, skip_last_lines;
	/* Cells that equal one of these are empty, after `trim`, quoted or not; not so in the
	 * header. */
	const char *const *null;
	size_t n_null;
	bool no_header; /* the first row is data */
	/* an extended regular expression with one group, for the lines that are skipped; or NULL */
	const char *count;
};

struct rows_cell {
	const char *p; /* unquoted, not NUL-terminated */
	size_t len;
};

struct rows_row {
	const struct rows_cell *cells;
	size_t n_cells;
	uint64_t line; /* physical line on which the row starts, 1-based */
	/* of records so far, blank lines not counted, 1-based: the header, if any, is 1 */
	uint64_t number;
	uint64_t offset; /* of its first byte, from the document's start (a BOM counted) */
	uint64_t length; /* bytes, the line end included */
	uint64_t left;   /* bytes of the document after it, the trailer that is skipped excluded */
	const char *raw; /* those bytes, or NULL when the row is longer than ROWS_MAX_ROW */
	/* So many of the first cells are printable ASCII without double quotes and backslashes; and
	 * ROWS_SPARE bytes after each of them may be read, whatever is there. */
	size_t n_simple;
	/* NULL, or malformed-quote, invalid-utf8, nul-byte, row-too-large (string constants) */
	const char *fault;
	const char *fault_text; /* what is wrong, when fault is set */
	size_t fault_column;    /* 1-based cell where it went wrong, 0: unknown */
};

/* Begins to read `length` bytes of fd from `offset`. fd is borrowed and read by pread.
 * DF_REJECT: empty-file, not-utf8. */
enum df_status rows_open(int fd, uint64_t offset, uint64_t length, struct rows **out,
			 struct df_err *err) DF_CHECK;

/* The same for a document that is written in another way: delimiter, quote, comment and the
 * backslash, where it counts, are different characters. DF_USAGE: format->count is not a
 * pattern. */
enum df_status rows_open_as(const struct rows_format *format, int fd, uint64_t offset,
			    uint64_t length, struct rows **out, struct df_err *err) DF_CHECK;

/* The next row, good or faulty. DF_END after the last. DF_REJECT `malformed-csv`: an
 * unterminated quote at the end, with the line where it was opened. DF_RETRY: the file could not
 * be read. */
enum df_status rows_next(struct rows *r, struct rows_row *row, struct df_err *err) DF_CHECK;

void rows_close(struct rows *r);

/* Where the document's rows end: before the lines that skip_last_lines says. */
uint64_t rows_end(const struct rows *r);
/* Where the first row may begin: after a BOM and the lines that skip_lines says. */
uint64_t rows_start(const struct rows *r);

/* The number that a skipped line states, in the group of format->count. False: none of those
 * skipped so far states any. */
bool rows_stated(const struct rows *r, uint64_t *count);

/* ---- guessing: which options a document seems to need, as words that end with a setting, such
 * as "the first line has 3 ';': set `delimiter = ;`". False, and nothing is added: it seems to
 * need none. ---- */

/* The first row is not the header that it should be. *elsewhere: a line below it may be that. */
bool rows_guess_header(const struct rows *r, struct df_buf *out, bool *elsewhere);
/* Its names are not known, and the line above, a comment, may be the header. */
bool rows_guess_commented(const struct rows *r, struct df_buf *out);
/* Its names are not known, but for blanks around them. */
bool rows_guess_blanks(const struct rows *r, struct df_buf *out);
/* A quote is never closed. */
bool rows_guess_quotes(const struct rows *r, struct df_buf *out);
/* A row has this fault; raw: its first bytes. */
bool rows_guess_row(const struct rows_format *format, const char *fault, const char *raw,
		    size_t len, struct df_buf *out);
/* All rows have other cells than the header, which has so many, and this is one of them. */
bool rows_guess_trailing(const struct rows_format *format, const char *raw, size_t len,
			 size_t columns, struct df_buf *out);

/* ---- signs of several bytes ---- */

/* A delimiter or quote: as it is in the document, and as the one byte that is used for it in
 * narrowed text. */
struct rows_sign {
	char text[4];
	size_t len;
	char narrow; /* the byte itself, where it is one */
};

struct rows_signs {
	struct rows_sign delimiter, quote;
	bool wide; /* one of them has several bytes */
};

/* 0: the default. */
struct rows_signs rows_signs_of(uint32_t delimiter, uint32_t quote);
/* Appends the text with each sign in one byte, and the other way round. */
void rows_narrow(const struct rows_signs *s, const char *p, size_t len, struct df_buf *out);
void rows_widen(const struct rows_signs *s, const char *p, size_t len, struct df_buf *out);

#define ROWS_SEQUENCE_SIZE 5 /* of several signs that separate cells, with their NUL */
/* The same for who sets the options. */
struct rows_guessed {
	char delimiter; /* the format's own, where no other does better */
	/* the signs that do, where they are several; else "" */
	char sequence[ROWS_SEQUENCE_SIZE];
	char comment;        /* begins the lines before the header; NUL: nothing does */
	uint64_t skip_lines; /* before the header, those that are skipped already among them */
	bool single_quoted, backslash;
	bool foreign;  /* bytes that are not UTF-8 */
	bool one_byte; /* of these, letters of western Europe, as it seems */
};
/* False: the document can be read as it is, as far as its first lines say. */
bool rows_guess_format(const struct rows *r, struct rows_guessed *out);

/* ---- a document in parts, each with a reader of its own ---- */

struct rows_place { /* where the next row begins, or blank lines before it */
	uint64_t offset;
	uint64_t line;   /* 1-based */
	uint64_t number; /* of the records before it */
};
struct rows_place rows_tell(const struct rows *r);
/* A place that rows_tell gave for this document: reading goes on there, to the document's end. */
void rows_seek(struct rows *r, const struct rows_place *to);

/* Another reader of the same document, which rows_seek or rows_part has to send somewhere first. */
struct rows *rows_clone(const struct rows *r);

/* Begins a part: at most `size` bytes (up to ROWS_MAX_ROW) from offset `from`, where a row begins
 * that is not the header, or is guessed to. The part ends after its last whole row, which is where
 * the next part is to begin: *to. rows_next gives DF_END there. When the guess was wrong, a row may
 * reach over *to: then rows_next gives DF_END before that row, and rows_tell says where. Where a
 * row begins depends on all quotes before it, so it is for the caller to check that each part
 * begins where the one before ended. Lines are counted from 1, records from 0. DF_RETRY: the
 * document cannot be read. */
enum df_status rows_part(struct rows *r, uint64_t from, size_t size, uint64_t *to,
			 struct df_err *err) DF_CHECK;

#endif
