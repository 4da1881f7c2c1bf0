/* SPDX-License-Identifier: MIT */
/* A document that cannot be read as its feed says may be fine under other options. They are
 * guessed from its first lines. */
#include "rows_guess.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#define LOOK_BYTES (64u << 10)
#define LOOK_LINES 64

struct look {
	const struct rows_format *format;
	struct rows_signs signs;
	bool foreign; /* not all of it is UTF-8 */
	char *bytes;  /* own: the document's first ones after what is skipped already */
	size_t n_bytes;
	struct rows_guess_line lines[LOOK_LINES];
	size_t n_lines;
	uint64_t before;                /* lines before those: a preamble, comments, blank ones */
	struct rows_guess_line comment; /* the last one of these, when it is a comment */
	struct df_buf *out;
	size_t n_set;
};

/* ---- the first lines ---- */

static bool not_utf8(const char *p, size_t len)
{
	size_t valid = df_utf8_valid(p, len);
	return len - valid >= 4 || (valid < len && len < LOOK_BYTES);
}

/* Is the line skipped, as no row has begun yet? */
static bool look_passes(struct look *k, const struct rows *r, const struct rows_guess_line *line)
{
	bool comment = rows_comment_at(r, line->p, line->p + line->len);
	if (k->n_lines > 0 || (!comment && line->len > 0))
		return false;
	k->before++;
	k->comment = comment ? *line : (struct rows_guess_line){0};
	return true;
}

/* Signs of several bytes are searched for as one byte each. */
static void look_narrow(struct look *k)
{
	struct df_buf narrow = {0};
	rows_narrow(&k->signs, k->bytes, k->n_bytes, &narrow);
	memcpy(k->bytes, df_buf_cstr(&narrow), narrow.len);
	k->n_bytes = narrow.len;
	df_buf_free(&narrow);
}

static void look_open(struct look *k, const struct rows *r, struct df_buf *out)
{
	uint64_t left = r->length - r->start;
	size_t want = left < LOOK_BYTES ? (size_t)left : LOOK_BYTES;
	ssize_t n;
	*k = (struct look){
	    .format = &r->format, .signs = r->signs, .out = out, .bytes = df_alloc(want + 1)};
	do
		n = pread(r->fd, k->bytes, want, (off_t)(r->base + r->start));
	while (n < 0 && errno == EINTR);
	k->n_bytes = n > 0 ? (size_t)n : 0;
	k->before = r->format.skip_lines;
	k->foreign = not_utf8(k->bytes, k->n_bytes);
	if (r->signs.wide)
		look_narrow(k);

	const char *p = k->bytes, *end = k->bytes + k->n_bytes;
	while (p < end && k->n_lines < LOOK_LINES) {
		const char *stop = p;
		while (stop < end && *stop != '\n' && *stop != '\r')
			stop++;
		if (stop == end && k->n_bytes == LOOK_BYTES)
			break; /* the line is cut */
		const struct rows_guess_line line = {p, (size_t)(stop - p)};
		if (!look_passes(k, r, &line))
			k->lines[k->n_lines++] = line;
		p = stop + (stop < end);
		if (stop < end && *stop == '\r' && p < end && *p == '\n')
			p++;
	}
}

/* How often c is in the line, outside of quotes. */
static size_t count_sign(const struct rows_guess_line *line, char c)
{
	return rows_guess_count(line->p, line->len, &c, 1, true);
}

/* Is the line the first one of several that c cuts into as many cells? Then into how many, less
 * one. */
static size_t cells_from(const struct look *k, size_t line, char c)
{
	size_t n = count_sign(&k->lines[line], c);
	for (size_t i = line + 1; i < k->n_lines && i < line + 3; i++) {
		bool blank = k->lines[i].len == 0;
		if (blank && i + 1 == k->n_lines)
			break;
		if (blank || count_sign(&k->lines[i], c) != n)
			return 0;
	}
	return n;
}

/* Excel's own line before the header, which says what separates cells. */
static bool excel_line(const struct look *k)
{
	return k->n_lines > 0 && k->lines[0].len >= 4 && k->lines[0].len <= 6 &&
	       strncasecmp(k->lines[0].p, "sep=", 4) == 0;
}

/* A first line that is one cell, but for what separates cells elsewhere, whatever its rows are. */
static bool single_column(const struct look *k, char *delimiter)
{
	static const char others[] = ";\t|";
	for (const char *c = others;
	     count_sign(&k->lines[0], k->signs.delimiter.narrow) == 0 && *c != '\0'; c++) {
		if (count_sign(&k->lines[0], *c) == 0)
			continue;
		*delimiter = *c;
		return true;
	}
	return false;
}

/* Are the rows longer than the header, as they end with a delimiter that it lacks, or begin with a
 * number of their own? least: delimiters of the header. */
static bool rows_are_longer(const struct look *k, size_t least)
{
	const struct rows_guess_line *l = &k->lines[1];
	const char c = k->signs.delimiter.narrow;
	const size_t first = l->len > 1 && l->p[0] == '"';
	return !k->format->no_header && count_sign(l, c) == least + 1 &&
	       (l->p[l->len - 1] == c || df_is_digit(l->p[first]));
}

/* Is the line, which c cuts into more cells than there are in the first one, a row of the header
 * there? */
static bool is_row(const struct look *k, size_t i, char c, size_t least)
{
	const char now = k->signs.delimiter.narrow;
	if (i == 0 || least == 0)
		return false;
	return c == now ? count_sign(&k->lines[i], c) == least + 1 && rows_are_longer(k, least)
			: count_sign(&k->lines[i], now) >= least;
}

/* The line that seems to be the header, and the delimiter it seems to have. False: nothing is
 * better than what is set. */
static bool find_header(const struct look *k, size_t *line, char *delimiter)
{
	const char now = k->signs.delimiter.narrow;
	const char candidates[] = {now, ';', '\t', '|', ',', '\x01', '^', '~', '\0'};
	size_t least = count_sign(&k->lines[0], now);
	if (excel_line(k)) {
		*line = 1;
		*delimiter = k->lines[0].len > 4 ? k->lines[0].p[4] : now;
		return true;
	}
	for (size_t i = 0; i < k->n_lines; i++) {
		size_t best = least;
		bool found = false;
		if (i > 0 && i + 1 == k->n_lines)
			return single_column(k, delimiter); /* one line alone proves nothing */
		for (const char *c = candidates; *c != '\0'; c++) {
			size_t n = cells_from(k, i, *c);
			if (n <= best || is_row(k, i, *c, least))
				continue;
			best = n;
			*delimiter = *c;
			*line = i;
			found = true;
		}
		if (found)
			return true;
	}
	return single_column(k, delimiter);
}

/* ---- what to set ---- */

static void look_set(struct look *k, const char *fmt, ...) DF_PRINTF(2, 3);
static void look_set(struct look *k, const char *fmt, ...)
{
	char text[128];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	df_buf_addf(k->out, "%s`%s`", k->n_set++ == 0 ? "set " : " and ", text);
}

static void set_delimiter(struct look *k, char c)
{
	if (c == '\t')
		look_set(k, "delimiter = tab");
	else if (c < ' ')
		look_set(k, "delimiter = \\x%02x", (unsigned)(unsigned char)c);
	else
		look_set(k, "delimiter = %c", c);
}

static void name_delimiter(const struct look *k, size_t n, char c)
{
	struct df_buf *out = k->out;
	const struct rows_sign *now = &k->signs.delimiter;
	const char *name = c == ';'    ? "semicolon"
			   : c == '\t' ? "tab"
			   : c == ','  ? "comma"
			   : c == '|'  ? "vertical bar"
				       : NULL;
	if (name != NULL)
		df_buf_addf(out, "%zu %s%s", n, name, df_plural(n));
	else if (c == now->narrow)
		df_buf_addf(out, "%zu times '%.*s'", n, (int)now->len, now->text);
	else if (c < ' ')
		df_buf_addf(out, "%zu times the byte 0x%02x", n, (unsigned)c);
	else
		df_buf_addf(out, "%zu times '%c'", n, c);
}

/* What the lines before the header begin with, where it is the same sign. */
static char preamble_sign(const struct look *k, size_t header)
{
	char sign = header > 0 && k->lines[0].len > 0 ? k->lines[0].p[0] : '\0';
	for (size_t i = 0; i < header; i++)
		if (k->lines[i].len > 0 && k->lines[i].p[0] != sign)
			return '\0';
	return sign != '\0' && strchr("#%!;*/", sign) != NULL ? sign : '\0';
}

static bool header_single_quoted(const struct look *k, size_t line)
{
	const struct rows_guess_line *l = &k->lines[line];
	return k->format->quote != '\'' && l->len > 2 && l->p[0] == '\'' &&
	       l->p[l->len - 1] == '\'';
}

static bool header_padded(const struct look *k)
{
	const struct rows_guess_line *l = &k->lines[0];
	const char delimiter = k->signs.delimiter.narrow;
	if (k->n_lines == 0 || k->format->trim || delimiter == ' ')
		return false;
	for (size_t i = 0; i < l->len; i++) {
		bool after = i == 0 || l->p[i - 1] == delimiter,
		     before = i + 1 == l->len || l->p[i + 1] == delimiter;
		if (l->p[i] == ' ' && (after || before))
			return true;
	}
	return false;
}

/* ---- encodings ---- */

/* Letters of windows-1252 beyond ASCII are rarely side by side; those of other scripts are
 * words. */
static bool is_one_byte(const char *p, size_t len)
{
	size_t high = 0, pairs = 0;
	for (size_t i = 0; i < len; i++) {
		bool is_high = ((unsigned char)p[i] & 0x80) != 0;
		high += is_high;
		pairs += is_high && i > 0 && ((unsigned char)p[i - 1] & 0x80) != 0;
	}
	return pairs * 3 < high;
}

static void guess_encoding(struct look *k, const char *p, size_t len)
{
	if (is_one_byte(p, len))
		look_set(k, "encoding = windows-1252");
	else
		df_buf_adds(k->out, "set `encoding` to what the file was written in, such as "
				    "windows-1251, shift_jis or gb18030");
}

void rows_guess_encoding(const char *p, size_t len, struct df_buf *out)
{
	struct look k = {.out = out};
	guess_encoding(&k, p, len);
}

/* ---- all of it ---- */

struct guess { /* of a header */
	size_t line;
	char delimiter;
	bool found, foreign, single, whole;
	char sequence[ROWS_SEQUENCE_SIZE]; /* "": one sign separates cells */
};

static const char *first_name(const struct look *k)
{
	return k->format->no_header ? "first row" : "header";
}

static void write_found(struct look *k, const struct guess *g)
{
	if (excel_line(k))
		df_buf_adds(k->out, "the first line is Excel's 'sep=', which says what separates "
				    "cells: ");
	else if (g->line > 0)
		df_buf_addf(k->out, "the %s seems to be on line %" PRIu64 ", which has ",
			    first_name(k), k->before + g->line + 1);
	else
		df_buf_addf(k->out, "the %s has ", first_name(k));
	if (!excel_line(k)) {
		name_delimiter(k, count_sign(&k->lines[g->line], g->delimiter), g->delimiter);
		df_buf_adds(k->out, ": ");
	}

	char sign = preamble_sign(k, g->line);
	if (g->line > 0 && sign != '\0' && k->format->comment == '\0')
		look_set(k, "comment = %c", sign);
	else if (g->line > 0)
		look_set(k, "skip_lines = %" PRIu64, k->before + g->line);
	if (g->delimiter != k->signs.delimiter.narrow)
		set_delimiter(k, g->delimiter);
}

static void write_guess(struct look *k, const struct guess *g)
{
	if (g->whole) {
		df_buf_adds(k->out, rows_guess_lines_quoted);
	} else if (g->sequence[0] != '\0') {
		df_buf_addf(k->out, "'%s' separates the cells of the %s: ", g->sequence,
			    first_name(k));
		look_set(k, "delimiter = %s", g->sequence);
	} else if (g->found) {
		write_found(k, g);
	} else if (g->single) {
		df_buf_addf(k->out, "the %s is in single quotes: ", first_name(k));
	} else
		df_buf_adds(k->out, "the document has bytes that are not UTF-8: ");
	if (g->single)
		look_set(k, "quote = '");
	if (g->foreign)
		guess_encoding(k, k->bytes, k->n_bytes);
}

static void look_guess(const struct look *k, struct guess *g)
{
	g->foreign = k->foreign;
	g->found = rows_guess_sequence(k->lines, k->n_lines, g->sequence) ||
		   (k->n_lines > 0 && find_header(k, &g->line, &g->delimiter));
	g->single = g->line < k->n_lines && header_single_quoted(k, g->line);
}

bool rows_guess_header(const struct rows *r, struct df_buf *out, bool *elsewhere)
{
	struct look k;
	struct guess g = {.delimiter = r->signs.delimiter.narrow};
	look_open(&k, r, out);
	look_guess(&k, &g);
	*elsewhere = g.line > 0 && !excel_line(&k);
	g.whole = k.n_lines > 0 && !k.format->no_quote &&
		  rows_guess_whole(&k.signs, k.lines[0].p, k.lines[0].len);
	bool any = g.found || g.foreign || g.single || g.whole;
	if (any)
		write_guess(&k, &g);
	free(k.bytes);
	return any;
}

static bool ends_cell(const struct look *k, const char *p)
{
	return p >= k->bytes + k->n_bytes || (unsigned char)*p == k->format->delimiter ||
	       *p == '\r' || *p == '\n';
}

/* A quote after a backslash, within a cell or at its end, before the quote that closes it. A
 * backslash before the closing quote itself is a letter. */
static bool has_backslashes(const struct look *k)
{
	const char *p = k->bytes, *end = p + k->n_bytes;
	while ((p = memmem(p, (size_t)(end - p), "\\\"", 2)) != NULL) {
		p += 2;
		if (p < end && *p == '"' ? ends_cell(k, p + 1) : !ends_cell(k, p))
			return true;
	}
	return false;
}

bool rows_guess_format(const struct rows *r, struct rows_guessed *out)
{
	struct look k;
	uint32_t delimiter = r->format.delimiter;
	/* only ASCII is proposed */
	struct guess g = {.delimiter = delimiter < 0x80 ? (char)delimiter : ','};
	look_open(&k, r, NULL);
	look_guess(&k, &g);
	/* there is one such sign only */
	bool free_sign = g.found && k.format->comment == 0;
	char sign = free_sign ? preamble_sign(&k, g.line) : '\0';
	*out = (struct rows_guessed){
	    .delimiter = g.delimiter,
	    .comment = sign,
	    .skip_lines = sign == '\0' && g.line > 0 ? k.before + g.line : k.format->skip_lines,
	    .single_quoted = g.single,
	    .backslash = !k.format->backslash && has_backslashes(&k),
	    .foreign = g.foreign,
	    .one_byte = is_one_byte(k.bytes, k.n_bytes),
	};
	memcpy(out->sequence, g.sequence, sizeof(out->sequence));
	free(k.bytes);
	return g.found || out->single_quoted || out->backslash || out->foreign;
}

bool rows_guess_blanks(const struct rows *r, struct df_buf *out)
{
	struct look k;
	look_open(&k, r, out);
	bool padded = header_padded(&k);
	if (padded)
		df_buf_adds(out, "the header has blanks around names, which `trim = yes` removes");
	free(k.bytes);
	return padded;
}

bool rows_guess_commented(const struct rows *r, struct df_buf *out)
{
	struct look k;
	look_open(&k, r, out);
	const char c = k.signs.delimiter.narrow;
	const size_t n = k.comment.len > 0 ? count_sign(&k.comment, c) : 0;
	const bool found = n > 0 && k.n_lines > 0 && count_sign(&k.lines[0], c) == n;
	if (found)
		df_buf_addf(out,
			    "line %" PRIu64 " is skipped as a comment, and has as many cells: if "
			    "that is the header, take the '%.*s' off it, or unset `comment` and "
			    "let a manifest name its first column as it is",
			    k.before, (int)r->comment.len, r->comment.text);
	free(k.bytes);
	return found;
}

const char rows_guess_backslash[] = "a backslash comes before a quote, which RFC 4180 would "
				    "double: if that is how the file is written, set "
				    "`escape = backslash`";

bool rows_guess_quotes(const struct rows *r, struct df_buf *out)
{
	struct look k;
	look_open(&k, r, out);
	bool escaped = !r->format.backslash && memmem(k.bytes, k.n_bytes, "\\\"", 2) != NULL;
	bool tabs = !escaped && r->format.delimiter != ',';
	if (r->format.no_quote)
		escaped = tabs = false;
	if (escaped)
		df_buf_adds(out, rows_guess_backslash);
	else if (tabs)
		df_buf_adds(
		    out, "if quotes are letters like any other in this file, set `quote = none`");
	free(k.bytes);
	return escaped || tabs;
}
