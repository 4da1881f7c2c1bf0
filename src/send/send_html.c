/* SPDX-License-Identifier: MIT */
/* Entities of HTML: the API escapes its messages for a page that nobody shows. */
#include "send_quote.h"

#include <ctype.h>
#include <stdlib.h>

/* The character that the entity at s (which starts with '&') means, and its length; 0:
 * none. Every entity is at least as long as the UTF-8 form of its character ("&#9;" is 4 bytes),
 * so that decoding in place never overtakes itself. */
static unsigned long entity_read(const char *s, size_t *len)
{
	static const struct {
		const char *name;
		char c;
	} named[] = {
	    {"&quot;", '"'}, {"&apos;", '\''}, {"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}};
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		*len = strlen(named[i].name);
		if (strncmp(s, named[i].name, *len) == 0)
			return (unsigned char)named[i].c;
	}
	if (s[1] != '#')
		return 0;
	bool hex = s[2] == 'x' || s[2] == 'X';
	const char *digits = s + (hex ? 3 : 2);
	if (!isxdigit((unsigned char)*digits))
		return 0;
	char *end = NULL;
	unsigned long c = strtoul(digits, &end, hex ? 16 : 10);
	if (end == digits || *end != ';' || c < 0x20 || c > 0x10ffff ||
	    (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*len = (size_t)(end + 1 - s);
	return c;
}

void send_html_decode(char *s)
{
	char *to = s;
	while (*s != '\0') {
		size_t len = 0;
		unsigned long c = *s == '&' ? entity_read(s, &len) : 0;
		if (c == 0) {
			*to++ = *s++;
			continue;
		}
		to += df_utf8_put(to, (uint32_t)c);
		s += len;
	}
	*to = '\0';
}
