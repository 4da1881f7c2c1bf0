/* SPDX-License-Identifier: MIT */
/* Which option a rejected row asks for. */
#include "rows_guess.h"

/* Without its line end. */
static bool line_ends_with(const char *raw, size_t len, const struct rows_sign *sign)
{
	while (len > 0 && (raw[len - 1] == '\n' || raw[len - 1] == '\r'))
		len--;
	return len >= sign->len && memcmp(raw + len - sign->len, sign->text, sign->len) == 0;
}

/* A backslash before a delimiter or a line end, as in exports without quotes. */
static bool has_bare_escape(const char *raw, size_t len, const struct rows_sign *delimiter)
{
	const char *end = raw + len;
	for (const char *p = raw; (p = memchr(p, '\\', (size_t)(end - p))) != NULL; p++) {
		size_t left = (size_t)(end - ++p);
		if (left == 0)
			return false;
		if (*p == '\n' || *p == '\r' ||
		    (left >= delimiter->len && memcmp(p, delimiter->text, delimiter->len) == 0))
			return true;
	}
	return false;
}

/* Blanks between a quote and what separates cells, on the outer side. */
static bool has_blanks_around_quotes(const struct rows_format *format, const char *raw, size_t len)
{
	const char quote =
	    format->quote < 0x80 ? (char)(format->quote != 0 ? format->quote : '"') : '\0';
	const char *end = raw + len;
	for (const char *p = raw; (p = memchr(p, quote, (size_t)(end - p))) != NULL; p++) {
		const char *after = p + 1, *before = p;
		while (after < end && rows_blank(*after))
			after++;
		while (before > raw && rows_blank(before[-1]))
			before--;
		const bool ends = after == end || *after == '\n' || *after == '\r' ||
				  (unsigned char)*after == format->delimiter;
		const bool begins = before == raw || (unsigned char)before[-1] == format->delimiter;
		if ((after > p + 1 && ends) || (before < p && begins))
			return true;
	}
	return false;
}

static bool guess_quote(const struct rows_format *format, uint32_t delimiter, const char *raw,
			size_t len, struct df_buf *out)
{
	if (format->no_quote)
		return false;
	if (!format->backslash && memmem(raw, len, "\\\"", 2) != NULL)
		df_buf_adds(out, rows_guess_backslash);
	else if (!format->trim && has_blanks_around_quotes(format, raw, len))
		df_buf_adds(out, "there are blanks around quotes: set `trim = yes`");
	else if (delimiter != ',' && memchr(raw, '"', len) != NULL)
		df_buf_adds(
		    out, "if quotes are letters like any other in this file, set `quote = none`");
	else
		return false;
	return true;
}

bool rows_guess_row(const struct rows_format *format, const char *fault, const char *raw,
		    size_t len, struct df_buf *out)
{
	const uint32_t delimiter = format->delimiter != 0 ? format->delimiter : ',';
	const struct rows_sign sign = rows_signs_of(delimiter, 0).delimiter;
	if (strcmp(fault, "invalid-utf8") == 0) {
		df_buf_adds(out, "some rows have bytes that are not UTF-8: ");
		rows_guess_encoding(raw, len, out);
		return true;
	}
	if (strcmp(fault, "malformed-quote") == 0)
		return guess_quote(format, delimiter, raw, len, out);
	const struct rows_signs signs = rows_signs_of(format->delimiter, format->quote);
	if (strcmp(fault, "wrong-field-count") == 0 && !format->no_quote &&
	    rows_guess_whole(&signs, raw, len)) {
		df_buf_adds(out, rows_guess_lines_quoted);
		return true;
	}
	if (strcmp(fault, "wrong-field-count") != 0 || (format->backslash && format->no_quote) ||
	    !has_bare_escape(raw, len, &sign))
		return false;
	df_buf_addf(out,
		    "a backslash comes before a delimiter or a line end, as databases write cells "
		    "without quotes: set `escape = backslash`%s",
		    format->no_quote ? "" : " and `quote = none`");
	return true;
}

bool rows_guess_trailing(const struct rows_format *format, const char *raw, size_t len,
			 size_t columns, struct df_buf *out)
{
	const uint32_t delimiter = format->delimiter != 0 ? format->delimiter : ',';
	const struct rows_sign sign = rows_signs_of(delimiter, 0).delimiter;
	if (line_ends_with(raw, len, &sign)) {
		df_buf_addf(out,
			    "each row ends with a '%.*s' that the header does not have: set "
			    "`unknown_columns = warn`, which ignores the empty cell after it",
			    (int)sign.len, sign.text);
		return true;
	}
	/* as many as there are columns: one cell more */
	if (rows_guess_count(raw, len, sign.text, sign.len, !format->no_quote) != columns)
		return false;
	df_buf_adds(out,
		    "each row has one cell more than the header: if it is the first one, a row's "
		    "number or name as R writes it, export without these (row.names = FALSE)");
	return true;
}
