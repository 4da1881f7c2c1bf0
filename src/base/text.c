/* SPDX-License-Identifier: MIT */
#include "dropfeed/base.h"

#include <limits.h>

/* What a byte becomes inside a JSON string: 0 stays, 'u' is \u00XX, anything else is a backslash and that letter. */
static const char json_escapes[256] = {
    [0] = 'u',  [1] = 'u',    [2] = 'u',    [3] = 'u',    [4] = 'u',   [5] = 'u',     [6] = 'u',
    [7] = 'u',  ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', [11] = 'u',  ['\f'] = 'f',  ['\r'] = 'r',
    [14] = 'u', [15] = 'u',   [16] = 'u',   [17] = 'u',   [18] = 'u',  [19] = 'u',    [20] = 'u',
    [21] = 'u', [22] = 'u',   [23] = 'u',   [24] = 'u',   [25] = 'u',  [26] = 'u',    [27] = 'u',
    [28] = 'u', [29] = 'u',   [30] = 'u',   [31] = 'u',   ['"'] = '"', ['\\'] = '\\', [127] = 'u',
};

void df_json_escape(struct df_buf *b, const char *s, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t from = 0; /* runs of plain bytes are copied whole */
	for (size_t i = 0; i < len; i++) {
		char e = json_escapes[(unsigned char)s[i]];
		if (e == 0)
			continue;
		df_buf_add(b, s + from, i - from);
		from = i + 1;
		if (e == 'u') {
			unsigned char c = (unsigned char)s[i];
			char u[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
			df_buf_add(b, u, sizeof(u));
		} else {
			char two[2] = {'\\', e};
			df_buf_add(b, two, sizeof(two));
		}
	}
	df_buf_add(b, s + from, len - from);
}

void df_json_string(struct df_buf *b, const char *s, size_t len)
{
	df_buf_addc(b, '"');
	df_json_escape(b, s, len);
	df_buf_addc(b, '"');
}

/* Length of the sequence at s by RFC 3629's table, 0 when it is not one. */
static size_t utf8_sequence(const unsigned char *s, size_t left)
{
	unsigned char c = s[0], lo = 0x80, hi = 0xbf;
	size_t n;
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		n = 2;
	else if (c >= 0xe0 && c <= 0xef)
		n = 3;
	else if (c >= 0xf0 && c <= 0xf4)
		n = 4;
	else
		return 0;
	if (c == 0xe0)
		lo = 0xa0; /* overlong */
	else if (c == 0xed)
		hi = 0x9f; /* surrogates */
	else if (c == 0xf0)
		lo = 0x90; /* overlong */
	else if (c == 0xf4)
		hi = 0x8f; /* past U+10FFFF */
	if (n > left || s[1] < lo || s[1] > hi)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return n;
}

size_t df_utf8_valid(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t i = 0;
	while (i < len) {
		uint64_t eight;
		if (len - i >= sizeof(eight)) {
			memcpy(&eight, u + i, sizeof(eight));
			if ((eight & UINT64_C(0x8080808080808080)) == 0) {
				i += sizeof(eight);
				continue;
			}
		}
		size_t n = utf8_sequence(u + i, len - i);
		if (n == 0)
			break;
		i += n;
	}
	return i;
}

void df_utf8_mend(char *s)
{
	size_t len = strlen(s);
	for (size_t i = df_utf8_valid(s, len); i < len; i += df_utf8_valid(s + i, len - i))
		s[i] = '?';
}

char *df_file_name(const char *stem, size_t stem_len, const char *tail)
{
	size_t room = NAME_MAX > strlen(tail) ? NAME_MAX - strlen(tail) : 0;
	if (stem_len > room) {
		stem_len = room;
		for (int i = 0; i < 3 && stem_len > 0 && ((unsigned char)stem[stem_len] & 0xc0) == 0x80; i++)
			stem_len--;
	}
	return df_format("%.*s%s", (int)stem_len, stem, tail);
}
