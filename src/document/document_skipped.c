/* SPDX-License-Identifier: MIT */
/* A file that came without its trailer: the lines that skip_last_lines leaves out are rows then,
 * which would be lost. */
#include "document_pass.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Returns the number of the first line that the map accepts as a row, 1-based; 0 if it accepts
 * none of them. */
static uint64_t first_sound(const struct document_pass *w, struct rows *rows, struct map *m)
{
	const struct batch_settings sizes = document_pass_sizes(w);
	struct map_record record;
	struct rows_row row;
	struct df_err ignored = {0};
	enum df_status st = DF_OK;
	while (st == DF_OK) {
		memset(&record, 0, sizeof(record));
		st = rows_next(rows, &row, &ignored);
		if (st == DF_OK && row.n_cells > 1 && row.n_cells == map_columns(m) &&
		    document_pass_check_row(m, &sizes, &row, &record))
			return row.line;
	}
	return 0;
}

void document_skipped_note(struct document_pass *w, const struct rows *rows)
{
	const uint64_t end = rows_end(rows);
	struct rows_format format = document_rows_format(&w->feed->rows, false);
	struct rows *tail = NULL;
	struct map *m = NULL;
	struct df_err ignored = {0};
	if (format.skip_last_lines == 0 || format.count != NULL || end >= w->bytes.length)
		return;
	format.skip_lines = format.skip_last_lines = 0;
	uint64_t line = 0;
	if (map_clone(w->map, &m, &ignored) == DF_OK &&
	    rows_open_as(&format, w->bytes.fd, w->bytes.offset + end, w->bytes.length - end, &tail,
			 &ignored) == DF_OK)
		line = first_sound(w, tail, m);
	if (line > 0) {
		char text[256];
		snprintf(text, sizeof(text),
			 "line %" PRIu64 " is left out by skip_last_lines, and could be a row: has "
			 "this file no trailer? If its trailer says how many rows there are, "
			 "row_count compares it",
			 rows_tell(rows).line + line - 1);
		document_pass_note(w, "row-skipped", text);
	}
	rows_close(tail);
	map_close(m);
}
