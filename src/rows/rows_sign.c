/* SPDX-License-Identifier: MIT */
/*
 * Delimiters and quotes of several bytes: characters that UTF-8 writes so, or several signs.
 * Everything in this room looks for single bytes, so each such sign is narrowed, in a copy of the
 * text, to a byte that UTF-8 never has; cells are widened again.
 */
#include "rows_priv.h"

/* what a byte becomes that looks like one of those: it is not UTF-8 either */
#define NARROW_OTHER '\xc0'

static struct rows_sign sign_make(uint32_t c, char narrow)
{
	struct rows_sign s = {.narrow = narrow};
	s.len = df_sequence_put(s.text, c);
	if (s.len == 1)
		s.narrow = s.text[0];
	return s;
}

struct rows_signs rows_signs_of(uint32_t delimiter, uint32_t quote)
{
	struct rows_signs s = {0};
	s.delimiter = sign_make(delimiter != 0 ? delimiter : ',', ROWS_NARROW_DELIMITER);
	s.quote = sign_make(quote != 0 ? quote : '"', ROWS_NARROW_QUOTE);
	s.wide = s.delimiter.len > 1 || s.quote.len > 1;
	return s;
}

static bool begins_with(const struct rows_sign *s, const char *p, size_t left)
{
	return s->len > 1 && left >= s->len && memcmp(p, s->text, s->len) == 0;
}

char rows_sign_read(const struct rows_signs *s, const char *p, size_t left, size_t *len)
{
	const struct rows_sign *found = NULL;
	*len = 1;
	if (!s->wide)
		return *p;
	if (begins_with(&s->delimiter, p, left))
		found = &s->delimiter;
	else if (begins_with(&s->quote, p, left))
		found = &s->quote;
	if (found == NULL)
		return *p == ROWS_NARROW_DELIMITER || *p == ROWS_NARROW_QUOTE ? NARROW_OTHER : *p;
	*len = found->len;
	return found->narrow;
}

static bool cut(const struct rows_sign *s, const char *p, size_t left)
{
	return left < s->len && memcmp(p, s->text, left) == 0;
}

bool rows_sign_cut(const struct rows_signs *s, const char *p, size_t left)
{
	return s->wide && (cut(&s->delimiter, p, left) || cut(&s->quote, p, left));
}

void rows_narrow(const struct rows_signs *s, const char *p, size_t len, struct df_buf *out)
{
	size_t step;
	for (size_t i = 0; i < len; i += step)
		df_buf_addc(out, rows_sign_read(s, p + i, len - i, &step));
}

void rows_widen(const struct rows_signs *s, const char *p, size_t len, struct df_buf *out)
{
	for (size_t i = 0; i < len; i++) {
		const struct rows_sign *sign = NULL;
		if (p[i] == s->delimiter.narrow)
			sign = &s->delimiter;
		else if (p[i] == s->quote.narrow)
			sign = &s->quote;
		df_buf_add(out, sign != NULL ? sign->text : p + i, sign != NULL ? sign->len : 1);
	}
}
