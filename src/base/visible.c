/* SPDX-License-Identifier: MIT */
/* Characters that nobody sees: a name with one of them looks like a name without. */
#include "dropfeed/base.h"

static const struct {
	uint32_t from, to;
} invisible[] = {
    {0x00a0, 0x00a0}, /* no-break space */
    {0x00ad, 0x00ad}, /* soft hyphen */
    {0x034f, 0x034f},
    {0x061c, 0x061c},
    {0x115f, 0x1160},
    {0x1680, 0x1680},
    /* spaces, zero widths, marks of direction */
    {0x17b4, 0x17b5},
    {0x180b, 0x180f},
    {0x2000, 0x200f},
    {0x2028, 0x202f},
    {0x205f, 0x2064},
    {0x2066, 0x206f},
    {0x2800, 0x2800},
    {0x3000, 0x3000},
    {0x3164, 0x3164},
    {0xfe00, 0xfe0f}, /* variants */
    {0xfeff, 0xfeff}, /* byte order mark */
    {0xffa0, 0xffa0},
    {0xfff9, 0xfffb},
    {0xe0000, 0xe0fff},
};

static bool is_invisible(uint32_t c)
{
	if (c < invisible[0].from)
		return false;
	for (size_t i = 0; i < sizeof(invisible) / sizeof(*invisible); i++)
		if (c >= invisible[i].from && c <= invisible[i].to)
			return true;
	return false;
}

/* The character at s, which is valid UTF-8, and how many bytes it has. */
static uint32_t decode_char(const unsigned char *s, size_t *len)
{
	*len = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t c = *len == 1 ? s[0] : s[0] & (0x7fu >> *len);
	for (size_t i = 1; i < *len; i++)
		c = c << 6 | (s[i] & 0x3fu);
	return c;
}

size_t df_invisible(const char *s, size_t len)
{
	size_t n;
	if (len == 0 || df_utf8_valid(s, len < 4 ? len : 4) == 0)
		return 0;
	return is_invisible(decode_char((const unsigned char *)s, &n)) ? n : 0;
}

void df_visible(struct df_buf *b, const char *s)
{
	size_t left = strlen(s), len = 1;
	for (; left > 0; s += len, left -= len) {
		size_t valid = df_utf8_valid(s, left < 4 ? left : 4);
		len = 1;
		uint32_t c = valid > 0 ? decode_char((const unsigned char *)s, &len) : 0;
		if (c != 0 && is_invisible(c))
			df_buf_addf(b, "<U+%04X>", (unsigned)c);
		else
			df_buf_add(b, s, len);
	}
}
