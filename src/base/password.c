/* SPDX-License-Identifier: MIT */
/* Passwords in addresses. */
#include "dropfeed/base.h"

#include <stdio.h>

static bool ends_address(char c)
{
	return c == '\0' || strchr(" \t\r\n'\"<>`", c) != NULL;
}

/* The '@' that ends the login which begins at `s`, or NULL: the last one before the next slash.
 * A slash in front of the first '@' is part of the password. */
static char *login_end(char *s)
{
	char *at = NULL;
	for (; !ends_address(*s) && (at == NULL || *s != '/'); s++)
		if (*s == '@')
			at = s;
	return at;
}

/* Hides the password of the address that begins at `s` and ends at `end`, or of the first of
 * several without a blank in between. Returns where to go on. */
static char *hide_password(char *s, char *end)
{
	char *scheme = memmem(s, (size_t)(end - s), "://", 3),
	     *login = scheme != NULL ? scheme + 3 : s;
	/* not of file:///x:y@z */
	char *at = scheme == NULL || *login != '/' ? login_end(login) : NULL;
	char *colon = at != NULL ? memchr(login, ':', (size_t)(at - login)) : NULL;
	if (colon == NULL)
		return end;

	size_t len = (size_t)(at - colon - 1), stars = len < 3 ? len : 3;
	memset(colon + 1, '*', stars);
	memmove(colon + 1 + stars, at, strlen(at) + 1);
	end -= len - stars;
	char *rest = colon + 1 + stars;
	return memmem(rest, (size_t)(end - rest), "://", 3) != NULL ? rest : end;
}

void df_hide_passwords(char *text)
{
	if (strchr(text, '@') == NULL) /* nearly every message */
		return;
	for (char *s = text, *end = text; *s != '\0'; end = s) {
		while (!ends_address(*end))
			end++;
		s = end > s ? hide_password(s, end) : end + 1;
	}
}

void df_message(char *out, size_t size, const char *fmt, va_list values)
{
	vsnprintf(out, size, fmt, values);
	df_utf8_sanitize(out);
	df_hide_passwords(out);
}
