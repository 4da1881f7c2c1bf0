/* SPDX-License-Identifier: MIT */
/* Physical lines, and what those that are skipped say of the number of rows. */
#include "rows_priv.h"

#include <stdlib.h>

#define COUNT_LINE 4096 /* bytes of a skipped line that are searched for the number of rows */

/* The same for a document in which a lone CR ends a line; CR LF is one end, so a CR needs the
 * byte after it. seen: bytes that were searched before, but for a CR at their end. */
static size_t line_length_cr(const struct rows *r, size_t seen, bool at_end)
{
	const char *from = r->window + r->at;
	size_t left = r->have - r->at;
	size_t skip = seen > 0 ? seen - 1 : 0;
	const char *lf = memchr(from + skip, '\n', left - skip);
	size_t to_lf = lf != NULL ? (size_t)(lf - from) : left;
	const char *cr = memchr(from + skip, '\r', to_lf - skip);
	if (cr != NULL) {
		size_t to_cr = (size_t)(cr - from);
		if (to_cr + 1 == left && !at_end)
			return 0;
		if (to_cr + 1 != to_lf || lf == NULL)
			return to_cr + 1;
	}
	if (lf != NULL)
		return to_lf + 1;
	return at_end ? left : 0;
}

/* Length of the physical line at `at`, its end included; 0 when the window has no line end yet. */
static size_t line_length(const struct rows *r, size_t seen, bool at_end)
{
	if (r->cr_ends)
		return line_length_cr(r, seen, at_end);

	const char *from = r->window + r->at;
	size_t left = r->have - r->at;
	const char *lf = memchr(from + seen, '\n', left - seen);
	if (lf != NULL)
		return (size_t)(lf - from) + 1;
	return at_end ? left : 0;
}

enum df_status rows_line_find(struct rows *r, size_t *len, struct df_err *err)
{
	size_t seen = 0;
	for (;;) {
		bool at_end = r->next_read == r->length;
		*len = r->have > r->at ? line_length(r, seen, at_end) : 0;
		if (*len > 0 || at_end)
			return DF_OK;
		seen = r->have - r->at;
		if (r->have - r->row_at > ROWS_MAX_ROW) {
			*len = SIZE_MAX;
			return DF_OK;
		}
		bool grew;
		enum df_status st = rows_window_fill(r, &grew, err);
		if (st != DF_OK)
			return st;
	}
}

bool rows_comment_at(const struct rows *r, const char *p, const char *end)
{
	const struct rows_sign *c = &r->comment;
	return c->len > 0 && (size_t)(end - p) >= c->len && memcmp(p, c->text, c->len) == 0;
}

enum df_status rows_line_skip(struct rows *r, struct df_err *err)
{
	size_t len = 0;
	r->row_at = r->at;
	r->row_line = r->line;
	enum df_status st = rows_line_find(r, &len, err);
	if (st != DF_OK)
		return st;
	if (len == SIZE_MAX)
		return rows_skip(r, ROWS_BROKEN, err);

	const char *line = r->window + r->at;
	rows_count_line(r, line, len);
	r->at += len;
	r->line += len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r');
	return DF_OK;
}

/* ---- how many rows there are ---- */

enum df_status rows_count_open(struct rows *r, struct df_err *err)
{
	if (r->format.count == NULL)
		return DF_OK;

	regex_t *re = df_alloc(sizeof(*re));
	enum df_status st = df_pattern_compile(r->format.count, re, err);
	if (st != DF_OK) {
		free(re);
		return st;
	}
	r->count = re;
	return DF_OK;
}

/* A number, perhaps with something between groups of three digits. */
static bool read_number(const char *p, size_t len, uint64_t *out)
{
	uint64_t n = 0;
	size_t digits = 0, group = 0;
	bool grouped = false;
	for (size_t i = 0; i < len; i++) {
		if (p[i] >= '0' && p[i] <= '9') {
			if (++digits > 18)
				return false;
			group++;
			n = n * 10 + (uint64_t)(p[i] - '0');
			continue;
		}
		if (strchr(",.' _", p[i]) == NULL || group == 0 ||
		    (grouped ? group != 3 : group > 3))
			return false;
		grouped = true;
		group = 0;
	}
	*out = n;
	return digits > 0 && (!grouped || group == 3);
}

void rows_count_line(struct rows *r, const char *line, size_t len)
{
	char text[COUNT_LINE];
	regmatch_t found[2];
	if (r->count == NULL || r->stated)
		return;

	while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		len--;
	if (len >= sizeof(text))
		len = sizeof(text) - 1;
	memcpy(text, line, len);
	text[len] = '\0';
	if (regexec(r->count, text, 2, found, 0) != 0 || found[1].rm_so < 0)
		return;
	r->stated = read_number(text + found[1].rm_so, (size_t)(found[1].rm_eo - found[1].rm_so),
				&r->stated_rows);
}

bool rows_stated(const struct rows *r, uint64_t *count)
{
	*count = r->stated_rows;
	return r->stated;
}
