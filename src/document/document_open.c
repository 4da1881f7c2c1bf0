/* SPDX-License-Identifier: MIT */
/* A document's bytes as its feed says that they are written. */
#include "document_walk.h"

#include <inttypes.h>

enum df_status document_rows_open(const struct conf_feed *feed, const struct decode_doc *doc, bool header,
				  struct decode_bytes *bytes, struct rows **out, struct df_err *err)
{
	const struct conf_rows *c = &feed->rows;
	const struct rows_format format = {
	    .delimiter = c->delimiter,
	    .quote = c->quote,
	    .no_quote = c->quote == '\0',
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
	enum df_status st = decode_doc_utf8(doc, c->encoding, bytes, err);
	if (st != DF_OK)
		return st;
	return rows_open_as(&format, bytes->fd, bytes->offset, bytes->length, out, err);
}

/* A reject file is a part of the document whose lines were skipped. */
static bool is_reject_file(const struct map *m)
{
	size_t n = map_columns(m);
	for (size_t i = 1; i <= n; i++)
		if (map_own_column(map_column_name(m, i)))
			return true;
	return false;
}

enum df_status document_count_check(const struct document_walk *w, const struct rows *rows, struct df_err *err)
{
	uint64_t stated = 0;
	if (w->feed->rows.count == NULL || is_reject_file(w->map))
		return DF_OK;
	if (!rows_stated(rows, &stated))
		return df_fail(DF_REJECT, err, "row-count",
			       "none of the skipped lines gives the number of rows as row_count = %.200s expects it; "
			       "look at skip_lines, skip_last_lines and comment",
			       w->feed->rows.count);
	if (stated == w->rows)
		return DF_OK;
	return df_fail(DF_REJECT, err, "row-count",
		       "the document has %" PRIu64 " rows, and a skipped line says %" PRIu64
		       ": it is cut off, or was changed; get it once more",
		       w->rows, stated);
}
