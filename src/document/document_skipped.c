/* SPDX-License-Identifier: MIT */
/* Lines that settings leave out, and that are rows: of a file that came without its trailer or its
 * preamble, or whose rows begin with the sign of comments. They would be lost. */
#include "document_pass.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SEARCHED (16u << 20) /* bytes of a document that are searched for comments */

struct search {
	struct document_pass *w;
	struct map *m; /* own */
	struct batch_settings sizes;
	struct rows_format format; /* leaves nothing out */
	/* cells with digits or an @ in a row of the document, as telling_cells has them; 0: none */
	uint64_t wanted;
};

/* Of the first 64 cells those that hold what names of columns seldom do. */
static uint64_t telling_cells(const struct rows_row *row)
{
	uint64_t found = 0;
	for (size_t i = 0; i < row->n_cells && i < 64; i++)
		for (size_t k = 0; k < row->cells[i].len; k++) {
			char c = row->cells[i].p[k];
			if ((c >= '0' && c <= '9') || c == '@')
				found |= UINT64_C(1) << i;
		}
	return found;
}

static bool is_sound(const struct search *s, const struct rows_row *row)
{
	struct map_record record = {0};
	return row->n_cells > 1 && row->n_cells == map_columns(s->m) &&
	       document_pass_check_row(s->m, &s->sizes, row, &record);
}

/* As is_sound; but a header would be, too, where the manifest counts columns. */
static bool is_like_others(const struct search *s, const struct rows_row *row)
{
	const uint64_t found = telling_cells(row);
	return found != 0 && (found & s->wanted) == s->wanted && is_sound(s, row);
}

/* A reader of a part of the document; NULL: there is nothing in it. */
static struct rows *open_part(const struct search *s, uint64_t from, uint64_t to)
{
	struct rows *rows = NULL;
	struct df_err ignored = {0};
	const struct decode_bytes *bytes = &s->w->bytes;
	if (from >= to || rows_open_as(&s->format, bytes->fd, bytes->offset + from, to - from,
				       &rows, &ignored) != DF_OK)
		return NULL;
	return rows;
}

/* Line of the first one that is as good as a row, 1-based; 0: no line is. */
static uint64_t first_line(const struct search *s, uint64_t from, uint64_t to,
			   bool (*is_one)(const struct search *s, const struct rows_row *row))
{
	struct rows *rows = open_part(s, from, to);
	struct rows_row row;
	struct df_err ignored = {0};
	uint64_t line = 0;
	while (line == 0 && rows != NULL && rows_next(rows, &row, &ignored) == DF_OK)
		line = is_one(s, &row) ? row.line : 0;
	rows_close(rows);
	return line;
}

static void note(const struct search *s, uint64_t line, const char *key, const char *advice)
{
	char text[256];
	snprintf(text, sizeof(text), "line %" PRIu64 " is left out by %s, and could be a row: %s",
		 line, key, advice);
	document_pass_note(s->w, "row-skipped", text);
}

static void search_trailer(const struct search *s, const struct rows *rows)
{
	uint64_t line = first_line(s, rows_end(rows), s->w->bytes.length, is_sound);
	if (line > 0)
		note(s, rows_tell(rows).line + line - 1, "skip_last_lines",
		     "has this file no trailer? If its trailer says how many rows there are, "
		     "row_count compares it");
}

/* Where there is a header, it is the header that is missing then. */
static void search_preamble(const struct search *s, const struct rows *rows)
{
	uint64_t line = 0;
	if (!map_has_header(s->m) && s->wanted != 0)
		line = first_line(s, 0, rows_start(rows), is_like_others);
	if (line > 0)
		note(s, line, "skip_lines", "has this file nothing above its rows?");
}

/* Prose has a blank after the sign. */
static bool is_comment(const struct rows_row *row, const char *sign, size_t len, bool *prose)
{
	const bool begins =
	    row->raw != NULL && row->length > len && memcmp(row->raw, sign, len) == 0;
	*prose = begins && strchr(" \t", row->raw[len]) != NULL;
	return begins;
}

/* Comments below the document's first row. */
static void search_comments(const struct search *s, const struct rows *rows)
{
	const uint64_t from = rows_start(rows), end = rows_end(rows);
	const uint64_t to = end - from > SEARCHED ? from + SEARCHED : end;
	struct rows *all = open_part(s, from, to);
	struct rows_row row;
	struct df_err ignored = {0};
	char sign[4];
	const size_t len = df_utf8_put(sign, s->w->feed->rows.comment);
	uint64_t line = 0;
	bool begun = !map_has_header(s->m), prose;
	while (line == 0 && all != NULL && rows_next(all, &row, &ignored) == DF_OK) {
		bool comment = is_comment(&row, sign, len, &prose);
		if (comment && begun && !prose && is_like_others(s, &row))
			line = s->w->feed->rows.skip_lines + row.line;
		begun = begun || !comment;
	}
	rows_close(all);
	if (line > 0)
		note(s, line, "comment",
		     "where rows begin with that sign, set another one, or none");
}

/* What a row of the document looks like. */
static uint64_t look_of_rows(const struct search *s, const struct rows *rows)
{
	struct rows *some = rows_clone(rows);
	struct rows_row row;
	struct df_err ignored = {0};
	uint64_t wanted = 0;
	bool header = map_has_header(s->m);
	rows_seek(some, &(struct rows_place){.offset = rows_start(rows), .line = 1});
	while (wanted == 0 && rows_next(some, &row, &ignored) == DF_OK) {
		if (!header && is_sound(s, &row))
			wanted = telling_cells(&row);
		header = false;
	}
	rows_close(some);
	return wanted;
}

void document_skipped_note(struct document_pass *w, const struct rows *rows)
{
	const struct conf_rows *c = &w->feed->rows;
	struct search s = {
	    .w = w, .sizes = document_pass_sizes(w), .format = document_rows_format(c, false)};
	struct df_err ignored = {0};
	bool skips = c->skip_lines > 0 || c->skip_last_lines > 0 || c->comment != 0;
	if (!skips || s.format.count != NULL || document_is_rejects(w->map) ||
	    map_clone(w->map, &s.m, &ignored) != DF_OK)
		return;
	s.format.skip_lines = s.format.skip_last_lines = s.format.comment = 0;
	if (c->skip_last_lines > 0)
		search_trailer(&s, rows);
	if (c->skip_lines > 0 || c->comment != 0)
		s.wanted = look_of_rows(&s, rows);
	if (c->skip_lines > 0)
		search_preamble(&s, rows);
	if (c->comment != 0)
		search_comments(&s, rows);
	map_close(s.m);
}
