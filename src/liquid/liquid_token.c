/* SPDX-License-Identifier: MIT */
/* The tokens of a tag. */
#include "liquid_parse.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

bool liquid_parse_wrong(struct liquid_parser *s, const char *at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(s->fault->text, sizeof(s->fault->text), fmt, ap);
	va_end(ap);
	s->fault->at = liquid_chars(s->text, (size_t)(at - s->text));
	return false;
}

void *liquid_parse_take(struct liquid_parser *s, size_t size)
{
	void *p = liquid_take(&s->l->arena, size);
	if (p != NULL)
		memset(p, 0, size);
	else
		liquid_parse_wrong(s, s->text, "the template is too large");
	return p;
}

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static bool quoted(struct liquid_parser *s)
{
	const char *close = memchr(s->p + 1, *s->p, (size_t)(s->end - s->p - 1));
	if (close == NULL)
		return liquid_parse_wrong(s, s->p, "this quote is not closed");
	s->token = LIQUID_TOKEN_STRING;
	s->word = s->p + 1;
	s->len = (size_t)(close - s->word);
	s->p = close + 1;
	return true;
}

static void number_token(struct liquid_parser *s)
{
	const char *p = s->p + 1;
	s->token = LIQUID_TOKEN_INTEGER;
	while (p < s->end && isdigit((unsigned char)*p))
		p++;
	if (s->end - p >= 2 && *p == '.' && isdigit((unsigned char)p[1])) {
		s->token = LIQUID_TOKEN_FLOAT;
		for (p++; p < s->end && isdigit((unsigned char)*p);)
			p++;
	}
	s->len = (size_t)(p - s->p);
	s->p = p;
}

bool liquid_parse_next(struct liquid_parser *s)
{
	static const char marks[] = "|.:,[]()";
	static const enum liquid_token tokens[] = {
	    LIQUID_TOKEN_PIPE,       LIQUID_TOKEN_DOT,         LIQUID_TOKEN_COLON,
	    LIQUID_TOKEN_COMMA,      LIQUID_TOKEN_OPEN_SQUARE, LIQUID_TOKEN_CLOSE_SQUARE,
	    LIQUID_TOKEN_OPEN_ROUND, LIQUID_TOKEN_CLOSE_ROUND};
	while (s->p < s->end && liquid_is_blank(*s->p))
		s->p++;
	s->word = s->p;
	s->len = 0;
	s->token = LIQUID_TOKEN_END;
	if (s->p == s->end)
		return true;
	char c = *s->p;
	const char *mark = c != '\0' ? strchr(marks, c) : NULL;
	bool followed = s->end - s->p > 1;
	if (c == '"' || c == '\'')
		return quoted(s);

	if (isdigit((unsigned char)c) ||
	    (c == '-' && followed && isdigit((unsigned char)s->p[1]))) {
		number_token(s);
	} else if (isalpha((unsigned char)c) || c == '_') {
		s->token = LIQUID_TOKEN_ID;
		while (s->p < s->end && is_name_byte(*s->p))
			s->p++;
		s->p += s->p < s->end && *s->p == '?';
		s->len = (size_t)(s->p - s->word);
	} else if (c == '.' && followed && s->p[1] == '.') {
		s->token = LIQUID_TOKEN_DOTDOT;
		s->p += 2;
	} else if (mark != NULL) {
		s->token = tokens[mark - marks];
		s->p++;
	} else {
		return liquid_parse_wrong(s, s->p, "this character has no meaning within a tag");
	}
	return true;
}

bool liquid_parse_expect(struct liquid_parser *s, enum liquid_token token, const char *what)
{
	return s->token == token ? liquid_parse_next(s)
				 : liquid_parse_wrong(s, s->word, "%s is expected here", what);
}
