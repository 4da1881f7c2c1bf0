/* SPDX-License-Identifier: MIT */
/* Where in a row a byte is, and rows past the cap, which are followed byte by byte. */
#include "rows_priv.h"

static enum rows_place_in after_quote(const struct rows_format *f, enum rows_place_in place, char c)
{
	if ((unsigned char)c == f->delimiter)
		return ROWS_CELL_START;
	if ((unsigned char)c == f->quote && place == ROWS_QUOTE_AFTER)
		return ROWS_QUOTED;
	return f->trim && rows_blank(c) ? ROWS_BLANK_AFTER : ROWS_BROKEN;
}

enum rows_place_in rows_place_after(const struct rows_format *f, enum rows_place_in place, char c)
{
	const bool quote = (unsigned char)c == f->quote && !f->no_quote;
	const bool delimiter = (unsigned char)c == f->delimiter;
	const bool bare_escape = c == '\\' && rows_bare_escapes(f);
	switch (place) {
	case ROWS_QUOTED:
		if (f->backslash && c == '\\')
			return ROWS_ESCAPED;
		return quote ? ROWS_QUOTE_AFTER : ROWS_QUOTED;
	case ROWS_ESCAPED:
		return ROWS_QUOTED;
	case ROWS_QUOTE_AFTER:
	case ROWS_BLANK_AFTER:
		return after_quote(f, place, c);
	case ROWS_BARE_ESCAPED:
		return c == '\r' ? ROWS_BARE_CR : ROWS_PLAIN;
	case ROWS_CELL_START:
		if (quote)
			return ROWS_QUOTED;
		if (bare_escape)
			return ROWS_BARE_ESCAPED;
		if (delimiter || (f->trim && rows_blank(c)))
			return ROWS_CELL_START;
		return ROWS_PLAIN;
	case ROWS_PLAIN:
	case ROWS_BARE_CR:
		if (quote)
			return ROWS_BROKEN;
		if (bare_escape)
			return ROWS_BARE_ESCAPED;
		return delimiter ? ROWS_CELL_START : ROWS_PLAIN;
	case ROWS_BROKEN:
		break;
	}
	return ROWS_BROKEN;
}

/* Takes the byte at `at`. True when the row has ended, perhaps before it. */
static bool skip_byte(struct rows *r, enum rows_place_in *place, bool *after_cr)
{
	size_t len;
	char c = rows_sign_read(&r->signs, r->window + r->at, r->have - r->at, &len);
	if (*after_cr && c != '\n') { /* a lone CR was the end: this byte is the next row's */
		r->line++;
		return true;
	}

	r->at += len;
	if (c == '\n')
		r->line++;
	bool ends = !rows_place_inside(*place, c);
	*after_cr = ends && c == '\r' && r->cr_ends;
	if (*after_cr)
		return false;
	if (ends && c == '\n')
		return true;

	bool start = *place == ROWS_CELL_START;
	*place = rows_place_after(&r->format, *place, c);
	if (start && *place == ROWS_QUOTED)
		r->quote_line = r->line;
	return false;
}

enum df_status rows_skip(struct rows *r, enum rows_place_in place, struct df_err *err)
{
	bool after_cr = false, ended = false, grew = true;
	while (!ended) {
		while (r->at < r->have && !ended &&
		       !(grew && rows_sign_cut(&r->signs, r->window + r->at, r->have - r->at)))
			ended = skip_byte(r, &place, &after_cr);
		if (ended)
			break;

		r->row_at = r->at;
		enum df_status st = rows_window_fill(r, &grew, err);
		if (st != DF_OK)
			return st;
		if (grew || r->at < r->have)
			continue;
		if (rows_place_inside(place, '\0'))
			return rows_cut_off(r, err);
		ended = true;
	}
	return DF_OK;
}

enum df_status rows_cut_off(const struct rows *r, struct df_err *err)
{
	if (rows_bare_escapes(&r->format)) {
		df_err_place(err, NULL, r->row_line, NULL);
		return df_fail(DF_REJECT, err, "malformed-csv",
			       "the document ends within a row, after a backslash: it is cut off, "
			       "or its backslashes are letters; then set `escape = none`");
	}
	df_err_place(err, NULL, r->quote_line, NULL);
	return df_fail(DF_REJECT, err, "malformed-csv",
		       "a quoted cell is never closed: the document is cut off, or a quote in it "
		       "is not doubled");
}
