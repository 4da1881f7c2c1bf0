/* SPDX-License-Identifier: MIT */
/* Cells that several signs separate, as in a||b or a~|~b, seen from the header and a few rows; and
 * lines that are quoted as a whole. */
#include "rows_guess.h"

#include <string.h>

#define ROWS_LOOKED 3 /* rows that have to have as many of them */

/* What programs put together for that. Runs of commas or tabs are columns without names. */
static bool is_part(char c)
{
	return c != '\0' && strchr("|~^#;:!<>*&%+=@", c) != NULL;
}

size_t rows_guess_count(const char *p, size_t len, const char *sign, size_t n, bool quotes)
{
	bool quoted = false;
	size_t found = 0;
	for (size_t i = 0; i < len;) {
		bool here = !quoted && len - i >= n && memcmp(p + i, sign, n) == 0;
		if (quotes && p[i] == '"')
			quoted = !quoted;
		else
			found += here;
		i += here ? n : 1;
	}
	return found;
}

/* The one run of such signs that the header has, again and again; no sign of it is elsewhere. */
static size_t find_run(const struct rows_guess_line *header, char out[ROWS_SEQUENCE_SIZE])
{
	const char *p = header->p, *end = header->p + header->len;
	size_t found = 0, parts = 0, len = 0;
	while (p < end) {
		const char *from = p;
		while (p < end && is_part(*p))
			p++;
		size_t run = (size_t)(p - from);
		p += run == 0;
		if (run == 0)
			continue;
		parts += run;
		if (run < 2 || run >= ROWS_SEQUENCE_SIZE)
			return 0;
		if (len == 0) {
			memcpy(out, from, run);
			out[run] = '\0';
			len = run;
		}
		found += run == len && memcmp(out, from, run) == 0;
	}
	return found * len == parts ? found : 0;
}

bool rows_guess_sequence(const struct rows_guess_line *lines, size_t n,
			 char out[ROWS_SEQUENCE_SIZE])
{
	size_t cells = n > 0 ? find_run(&lines[0], out) : 0;
	for (size_t i = 1; cells > 0 && i < n && i <= ROWS_LOOKED; i++)
		if (lines[i].len > 0 &&
		    rows_guess_count(lines[i].p, lines[i].len, out, strlen(out), false) != cells)
			cells = 0;
	if (cells == 0)
		out[0] = '\0';
	return cells > 0;
}

/* ---- lines in quotes ---- */

/* Begins and ends with a quote, and what separates cells is only between these. */
bool rows_guess_whole(const struct rows_signs *signs, const char *raw, size_t len)
{
	const char quote = signs->quote.narrow;
	while (len > 0 && (raw[len - 1] == '\n' || raw[len - 1] == '\r'))
		len--;
	if (len < 3 || signs->wide || raw[0] != quote || raw[len - 1] != quote ||
	    memchr(raw, signs->delimiter.narrow, len) == NULL)
		return false;
	for (size_t i = 1; i + 1 < len; i++)
		if (raw[i] == quote && raw[++i] != quote)
			return false;
	return true;
}

const char rows_guess_lines_quoted[] =
    "lines are in quotes as a whole, which makes one cell of each: export without these, or take "
    "them away (sed 's/^\"//; s/\"$//; s/\"\"/\"/g')";
