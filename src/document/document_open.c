/* SPDX-License-Identifier: MIT */
/* A document's bytes as its feed says that they are written. */
#include "document_pass.h"

#include <inttypes.h>
#include <unistd.h>

#define DOS_END   0x1a /* what ends a text of DOS and CP/M, and fills its last block */
#define DOS_BLOCK 65536

/* A reject file begins with its header: the lines that skip_lines and skip_last_lines are for
 * are not in it. */
static enum df_status begins_as_rejects(const struct rows_format *format,
					const struct decode_bytes *bytes, bool *rejects,
					struct df_err *err)
{
	struct rows_format plain = *format;
	struct rows *rows = NULL;
	struct rows_row row = {0};
	struct df_err why = {0};
	uint64_t length = bytes->length < ROWS_MAX_ROW ? bytes->length : ROWS_MAX_ROW;
	plain.skip_lines = plain.skip_last_lines = 0;
	plain.count = NULL;
	*rejects = false;
	enum df_status st = rows_open_as(&plain, bytes->fd, bytes->offset, length, &rows, &why);
	if (st == DF_OK)
		st = rows_next(rows, &row, &why);
	bool sound = st == DF_OK && row.fault == NULL;
	if (sound && format->no_header)
		*rejects = map_header_of_places(row.cells, row.n_cells);
	for (size_t i = 0; sound && i < row.n_cells; i++)
		*rejects = *rejects || map_column_is_own(row.cells[i].p, row.cells[i].len);
	rows_close(rows);
	return st == DF_RETRY ? df_fail(st, err, NULL, "%s", why.text) : DF_OK;
}

struct rows_format document_rows_format(const struct conf_rows *c, bool header)
{
	return (struct rows_format){
	    .delimiter = c->delimiter,
	    .quote = c->quote,
	    .no_quote = c->quote == 0,
	    .backslash = c->backslash,
	    .trim = c->trim,
	    .comment = c->comment,
	    .skip_lines = c->skip_lines,
	    .skip_last_lines = c->skip_last_lines,
	    .null = (const char *const *)c->null.v,
	    .n_null = c->null.n,
	    .no_header = !header,
	    .count = c->count,
	};
}

static char byte_at(const struct decode_bytes *bytes, uint64_t at)
{
	char c = '\0';
	return pread(bytes->fd, &c, 1, (off_t)(bytes->offset + at)) == 1 ? c : '\0';
}

static bool is_newline(char c)
{
	return c == '\n' || c == '\r';
}

/* The length without the DOS ends at its end, and without a line end that was added after those,
 * where they have a line of their own. A read that fails is reported by the reader. */
static uint64_t length_before_dos_end(const struct decode_bytes *bytes)
{
	char last[3] = "";
	uint64_t length = bytes->length;
	size_t n = length < sizeof(last) ? (size_t)length : sizeof(last);
	if (pread(bytes->fd, last, n, (off_t)(bytes->offset + length - n)) != (ssize_t)n)
		return length;
	size_t end = n;
	while (end > 0 && is_newline(last[end - 1]))
		end--;
	if (end == 0 || last[end - 1] != DOS_END)
		return length;

	length -= n - end;
	for (int i = 0; length > 0 && byte_at(bytes, length - 1) == DOS_END && i < DOS_BLOCK; i++)
		length--;
	bool cell = end < n && length > 0 && !is_newline(byte_at(bytes, length - 1));
	return cell ? bytes->length : length;
}

enum df_status document_rows_open(const struct conf_feed *feed, const struct decode_doc *doc,
				  bool header, struct decode_bytes *bytes, struct rows **out,
				  struct df_err *err)
{
	const struct conf_rows *c = &feed->rows;
	struct rows_format format = document_rows_format(c, header);
	bool skips = c->skip_lines > 0 || c->skip_last_lines > 0, rejects = false;
	enum df_status st = decode_doc_utf8(doc, c->encoding, bytes, err);
	if (st != DF_OK)
		return st;
	bytes->length = length_before_dos_end(bytes);
	if (skips)
		st = begins_as_rejects(&format, bytes, &rejects, err);
	if (st != DF_OK)
		return st;
	if (rejects)
		format.skip_lines = format.skip_last_lines = 0;
	return rows_open_as(&format, bytes->fd, bytes->offset, bytes->length, out, err);
}

/* A reject file is a part of the document whose lines were skipped. */
bool document_is_rejects(const struct map *m)
{
	size_t n = map_columns(m);
	for (size_t i = 1; i <= n; i++)
		if (map_own_column(map_column_name(m, i)))
			return true;
	return false;
}

enum df_status document_count_check(const struct document_pass *w, const struct rows *rows,
				    struct df_err *err)
{
	uint64_t stated = 0;
	if (w->feed->rows.count == NULL || document_is_rejects(w->map))
		return DF_OK;
	if (!rows_stated(rows, &stated))
		return df_fail(DF_REJECT, err, "row-count",
			       "none of the skipped lines gives the number of rows as row_count = "
			       "%.200s expects it; "
			       "look at skip_lines, skip_last_lines and comment",
			       w->feed->rows.count);
	if (stated == w->rows)
		return DF_OK;
	return df_fail(DF_REJECT, err, "row-count",
		       "the document has %" PRIu64 " rows, and a skipped line says %" PRIu64
		       ": it is cut off, or was changed; get it once more",
		       w->rows, stated);
}

/* ---- the header ---- */

/* Does the first row have one cell more, which is empty? */
static bool is_trailing(const struct rows *rows, size_t n_columns)
{
	const struct rows_place place = rows_tell(rows);
	struct rows *ahead = rows_clone(rows);
	struct rows_row row = {0};
	struct df_err ignored = {0};
	rows_seek(ahead, &place);
	bool found = rows_next(ahead, &row, &ignored) == DF_OK && row.fault == NULL &&
		     row.n_cells == n_columns + 1 && row.cells[n_columns].len == 0;
	rows_close(ahead);
	return found;
}

enum df_status document_header(struct map *m, const struct conf_feed *feed, const struct rows *rows,
			       struct rows_row *header, struct rows_cell **own, struct df_err *err)
{
	const size_t n = header->n_cells;
	if (feed->map.unknown_columns_warn && n > 0 && header->cells[n - 1].len > 0 &&
	    is_trailing(rows, n)) {
		*own = df_alloc((n + 1) * sizeof(**own));
		memcpy(*own, header->cells, n * sizeof(**own));
		(*own)[n] = (struct rows_cell){"", 0};
		header->cells = *own;
		header->n_cells = n + 1;
	}
	enum df_status st = map_header(m, header->cells, header->n_cells, err);
	if (*own != NULL)
		map_trailing(m);
	return st;
}
