/* SPDX-License-Identifier: MIT */
/*
 * rows_priv.h - a reader
 *
 *	rows_open.c	its life; readers of a document's parts
 *	rows_window.c	the bytes that it has in memory
 *	rows_frame.c	where the rows begin and end: preamble, trailer, the document's line ends
 *	rows_line.c	physical lines, and those that are skipped
 *	rows_csv.c	lines become rows
 *	rows_scan.c	cells without quotes
 *	rows_quoted.c	quoted cells of the usual kind
 *	rows_escape.c	rows without quotes, in which backslashes count
 *	rows_hole.c	parts of a document that were never written
 *	rows_place.c	where in a row a byte is; rows past the cap
 *	rows_cell.c	backslashes, blanks, words for "nothing"
 *	rows_sign.c	delimiters and quotes of several bytes
 *	rows_guess.c	which options a document seems to need
 *	rows_guess_row.c	and one of its rows
 *	rows_guess_sequence.c	delimiters of several signs
 */
#ifndef ROWS_PRIV_H
#define ROWS_PRIV_H

#include "rows_place.h"
#include "rows_scan.h"

#include <csv.h>
#include <regex.h>

struct rows {
	int fd;                /* borrowed */
	uint64_t base, length; /* of the document in fd; the length is without its trailer */
	uint64_t until;        /* document offset of the part's end, or the document's */
	uint64_t next_read;    /* document offset of the next pread */
	uint64_t start;        /* document offset after the BOM and the preamble */
	bool part;             /* a part is read: its first record is not the header */

	struct rows_format format; /* delimiter and quote are set, and narrow */
	struct rows_format given;  /* as it was asked for */
	struct rows_signs signs;
	struct rows_sign comment; /* len 0: none */
	struct rows_marks marks;
	bool cr_ends;         /* a lone CR ends a line */
	bool null_first[256]; /* bytes that words of format.null begin with */
	regex_t *count;       /* own, or NULL: format.count */
	bool stated;          /* a skipped line has said */
	uint64_t stated_rows; /* that there are so many rows */

	/* own: document bytes from window_offset, `have` of them; ROWS_SPARE more than its cap */
	char *window;
	size_t window_cap, have;
	uint64_t window_offset;

	size_t row_at; /* where the current row starts, in the window */
	size_t at;     /* next byte to parse, in the window */
	uint64_t line, number;
	uint64_t row_line;   /* line on which the current row started */
	uint64_t quote_line; /* line on which the quote that is still open was opened */

	struct csv_parser parser;
	bool row_done;       /* libcsv has seen the row's end */
	bool quoted;         /* the row has a quote, before which there are whole cells */
	bool bare_cr;        /* the row has a CR that is not a line end, before any quote */
	size_t bare_cr_cell; /* likewise, where backslashes count without quotes: 1-based, or 0 */
	/* so many, in so many bytes; only their lengths hold, as the window moves */
	size_t n_lead, lead;
	/* of the row's other cells, one after the other; it moves as it grows */
	struct df_buf copy;
	size_t cell_from;      /* in copy: the cell that goes on, where backslashes count bare */
	struct df_buf narrow;  /* a line with signs of one byte each */
	struct df_buf escaped; /* a line as libcsv gets it, where it has backslashes */
	struct rows_cells cells;
};

/* ---- rows_window.c ---- */

/* Reads so many bytes more, at most, after those that it has. */
enum df_status rows_window_read(struct rows *r, size_t want, struct df_err *err) DF_CHECK;
/* Reads on, keeping what the current row has from row_at. *grew false: the document is at its
 * end. DF_END: the part is, and the row is not. */
enum df_status rows_window_fill(struct rows *r, bool *grew, struct df_err *err) DF_CHECK;

/* ---- rows_frame.c ---- */

/* Passes over the BOM and the preamble, finds out how lines end, and cuts the trailer off. The
 * first window is filled. */
enum df_status rows_frame_find(struct rows *r, struct df_err *err) DF_CHECK;

/* ---- rows_line.c ---- */

/* Makes sure that a whole physical line is in the window at `at`. *len 0: the document is at its
 * end. A line that grows past ROWS_MAX_ROW gives *len SIZE_MAX. */
enum df_status rows_line_find(struct rows *r, size_t *len, struct df_err *err) DF_CHECK;

/* Passes over the line at `at`, whatever is in it. At the document's end it does nothing. */
enum df_status rows_line_skip(struct rows *r, struct df_err *err) DF_CHECK;

/* Does a comment begin at p? */
bool rows_comment_at(const struct rows *r, const char *p, const char *end);

/* A skipped line may state how many rows there are. */
enum df_status rows_count_open(struct rows *r, struct df_err *err) DF_CHECK;
void rows_count_line(struct rows *r, const char *line, size_t len);

/* ---- rows_csv.c ---- */

/* Makes libcsv's parser; csv_free ends it. */
void rows_parser_make(struct rows *r);

/* The document ends within a cell. DF_REJECT. */
enum df_status rows_cut_off(const struct rows *r, struct df_err *err) DF_CHECK;

/* ---- rows_hole.c ---- */

/* DF_REJECT: these bytes of the current row have a part that was never written. left: how many of
 * the document's follow them. */
enum df_status rows_hole(const struct rows *r, const char *p, size_t len, uint64_t left,
			 struct df_err *err) DF_CHECK;

/* ---- rows_quoted.c ---- */

/* Takes the rest of the row at `at`, after its n_lead cells, if the window has all of it and it is
 * of the usual kind. False: nothing has happened. */
bool rows_quoted_take(struct rows *r);

/* ---- rows_escape.c ---- */

/* Is this CR the first half of a cell's line end, whose second half has the backslash? */
static inline bool rows_half_line_end(const char *p, size_t left)
{
	return left > 2 && p[0] == '\r' && p[1] == '\\' && p[2] == '\n';
}

/* Takes a physical line of such a row. r->row_done: the row has ended. r->bare_cr_cell is set where
 * a CR is not a part of a line end. */
void rows_escape_line(struct rows *r, const char *p, size_t len);

/* ---- rows_place.c ---- */

/* Passes over bytes from `place` in a row to the row's end, keeping none of them. DF_REJECT: the
 * document ends within quotes. */
enum df_status rows_skip(struct rows *r, enum rows_place_in place, struct df_err *err) DF_CHECK;

/* ---- rows_sign.c ---- */

/* What UTF-8 never has. */
#define ROWS_NARROW_DELIMITER '\xff'
#define ROWS_NARROW_QUOTE     '\xfe'

/* The sign or byte at p, narrowed; *len: the bytes it takes of the `left` ones. */
char rows_sign_read(const struct rows_signs *s, const char *p, size_t left, size_t *len);
/* Are the `left` bytes the beginning of a sign only? */
bool rows_sign_cut(const struct rows_signs *s, const char *p, size_t left);

/* ---- rows_cell.c ---- */

/* Feeds a piece of a row to libcsv; first: its first one. False: libcsv has found a quote where
 * none may be. */
bool rows_cell_feed(struct rows *r, const char *p, size_t len, bool first);

/* Looks up the words for "nothing" by their first bytes. */
void rows_null_open(struct rows *r);
/* What trim and null make of the row's cells. */
void rows_cells_shape(const struct rows *r, const struct rows_row *row);

/* libcsv's callbacks; ctx: the reader. */
void rows_on_cell(void *p, size_t len, void *ctx);
void rows_on_row(int end, void *ctx);

#endif
