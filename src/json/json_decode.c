/* SPDX-License-Identifier: MIT */
/* A string without its escapes (RFC 8259 §7). */
#include "dropfeed/json.h"

/* Four hexadecimal digits; what is not one counts as 0. */
static uint32_t four_digits(const char *p, const char *end)
{
	uint32_t n = 0;
	for (int i = 0; i < 4 && p < end; i++, p++) {
		char c = *p;
		uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
				 : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
				 : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
							: 0;
		n = n << 4 | digit;
	}
	return n;
}

/* After the "u". A character beyond U+FFFF is two escapes. */
static const char *decode_code(struct df_buf *out, const char *p, const char *end)
{
	char utf8[4];
	uint32_t c = four_digits(p, end);
	p = end - p < 4 ? end : p + 4;
	if (c >= 0xd800 && c < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
		c = 0x10000 + ((c - 0xd800) << 10) + (four_digits(p + 2, end) - 0xdc00);
		p += 6;
	}
	df_buf_add(out, utf8, df_utf8_put(utf8, c));
	return p;
}

/* After the backslash. */
static const char *decode_escape(struct df_buf *out, const char *p, const char *end)
{
	static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
	if (p == end)
		return end;
	if (*p == 'u')
		return decode_code(out, p + 1, end);
	const char *at = memchr(letters, *p, sizeof(letters) - 1);
	df_buf_addc(out, at != NULL ? meant[at - letters] : *p);
	return p + 1;
}

struct json_text json_decode(struct df_buf *scratch, struct json_text string)
{
	struct json_text text = json_string(string);
	if (text.len == 0 || memchr(text.p, '\\', text.len) == NULL)
		return text;
	df_buf_reset(scratch);
	for (const char *p = text.p, *end = text.p + text.len; p < end;)
		if (*p == '\\')
			p = decode_escape(scratch, p + 1, end);
		else
			df_buf_addc(scratch, *p++);
	return (struct json_text){df_buf_cstr(scratch), scratch->len};
}
