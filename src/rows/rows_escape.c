/* SPDX-License-Identifier: MIT */
/*
 * Rows of databases that write no quotes, but a backslash before what would end a cell or a row
 * (MySQL's SELECT INTO OUTFILE, Redshift's UNLOAD with ESCAPE, Snowflake without enclosing quotes),
 * or a letter in place of it (PostgreSQL's COPY, the mysql client). Each of them writes a backslash
 * of the data as two, so that both ways can be read. A backslash before anything else is a letter:
 * \N stays what it is.
 */
#include "rows_priv.h"

/* What a backslash and this letter are written for; -1: they are two letters. Some programs write
 * one before quotes, too. */
static int letter_value(char c)
{
	static const char letters[] = "\"'nrtbfv0", values[] = "\"'\n\r\t\b\f\v";
	const char *at = c != '\0' ? strchr(letters, c) : NULL;
	return at != NULL ? values[at - letters] : -1;
}

static void escaped_cell_end(struct rows *r)
{
	rows_cells_grow(&r->cells, 1);
	r->cells.v[r->cells.n++] = (struct rows_cell){"", r->copy.len - r->cell_from};
	r->cell_from = r->copy.len;
}

/* Takes the `left` bytes' backslash and what it is before. Returns how many bytes these are. */
static size_t take_escaped(struct rows *r, const char *p, size_t left)
{
	size_t step;
	char c = rows_sign_read(&r->signs, p + 1, left - 1, &step);
	int value = letter_value(c);
	bool crlf = c == '\r' && left > 2 && p[2] == '\n';
	bool special = c == '\\' || c == r->signs.delimiter.narrow || c == '\n' || c == '\r';
	if (crlf)
		step = 2;
	if (!special && value < 0)
		df_buf_addc(&r->copy, '\\');
	if (!special && value >= 0)
		df_buf_addc(&r->copy, (char)value);
	else
		df_buf_add(&r->copy, p + 1, step);
	return 1 + step;
}

/* Does the physical line end here, with or without the LF after a CR? */
static bool is_line_end(const struct rows *r, const char *p, size_t left)
{
	if (*p == '\n')
		return true;
	return *p == '\r' && (r->cr_ends || left == 1 || (left == 2 && p[1] == '\n'));
}

static void copy_outside(struct rows *r, const char *p, size_t left, size_t step)
{
	if (*p == '\r' && r->bare_cr_cell == 0 && !rows_half_line_end(p, left))
		r->bare_cr_cell = r->cells.n + 1;
	df_buf_add(&r->copy, p, step);
}

void rows_escape_line(struct rows *r, const char *p, size_t len)
{
	size_t step;
	bool goes_on = false; /* with the next line */
	for (size_t i = 0; i < len; i += step) {
		const char *at = p + i;
		size_t left = len - i;
		char c = rows_sign_read(&r->signs, at, left, &step);
		if (c == '\\' && left == 1)
			return; /* the document ends here */
		goes_on = false;
		if (c == '\\') {
			step = take_escaped(r, at, left);
			goes_on = at[step - 1] == '\n' || at[step - 1] == '\r';
		} else if (c == r->signs.delimiter.narrow) {
			escaped_cell_end(r);
		} else if (is_line_end(r, at, left)) {
			break;
		} else {
			copy_outside(r, at, left, step);
		}
	}
	r->row_done = !goes_on;
	if (r->row_done)
		escaped_cell_end(r);
}
