/* SPDX-License-Identifier: MIT */
/*
 * Texts that are not UTF-8. A file's name may have any bytes; PostgreSQL takes UTF-8 alone. A byte
 * from 0x80 that is not part of a character is stored as one of U+10FE80 to U+10FEFF, which are
 * private, and comes back as it was; so does each byte of such a character, where a text has one.
 */
#include "ledger_postgres.h"

#include <stdlib.h>

/* U+10FE80 to U+10FEFF are f4 8f ba 80 to f4 8f bb bf. */
static bool is_ours(const char *s)
{
	return memcmp(s, "\xf4\x8f\xba", 3) == 0 || memcmp(s, "\xf4\x8f\xbb", 3) == 0;
}

/* How many bytes from s on are stored as they are. */
static size_t plain_length(const char *s, size_t len)
{
	size_t valid = df_utf8_valid(s, len);
	const char *at = s;
	while ((at = memchr(at, 0xf4, valid - (size_t)(at - s))) != NULL) {
		if (is_ours(at))
			return (size_t)(at - s);
		at++;
	}
	return valid;
}

char *ledger_postgres_text(const char *s)
{
	size_t len = strlen(s), n = plain_length(s, len);
	struct df_buf b = {0};
	if (n == len)
		return NULL;
	while (len > 0) {
		df_buf_add(&b, s, n);
		s += n;
		len -= n;
		/* as one character is, or as one byte: what follows is looked at anew */
		size_t rest = len > 0 && df_utf8_valid(s, len) > 0 ? 4 : len > 0;
		for (size_t i = 0; i < rest; i++) {
			unsigned char c = (unsigned char)s[i];
			const char code[] = {'\xf4', '\x8f', (char)(0xba | (c >> 6 & 1)),
					     (char)(0x80 | (c & 0x3f))};
			df_buf_add(&b, code, sizeof(code));
		}
		s += rest;
		len -= rest;
		n = plain_length(s, len);
	}
	char *out = df_strdup(df_buf_cstr(&b));
	df_buf_free(&b);
	return out;
}

void ledger_postgres_bytes(char *s)
{
	char *to = strchr(s, '\xf4');
	if (to == NULL)
		return;
	for (s = to; *s != '\0';) {
		if (*s != '\xf4' || strlen(s) < 4 || !is_ours(s)) {
			*to++ = *s++;
			continue;
		}
		*to++ = (char)(0x80 | (s[2] & 1) << 6 | (s[3] & 0x3f));
		s += 4;
	}
	*to = '\0';
}
