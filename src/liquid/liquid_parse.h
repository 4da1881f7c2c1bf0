/* SPDX-License-Identifier: MIT */
/* liquid_parse.h - a tag is read: its tokens, and the expressions that they make */
#ifndef LIQUID_PARSE_H
#define LIQUID_PARSE_H

#include "liquid_tree.h"

enum liquid_token {
	LIQUID_TOKEN_END,
	LIQUID_TOKEN_ID,
	LIQUID_TOKEN_STRING,
	LIQUID_TOKEN_INTEGER,
	LIQUID_TOKEN_FLOAT,
	LIQUID_TOKEN_PIPE,
	LIQUID_TOKEN_DOT,
	LIQUID_TOKEN_DOTDOT,
	LIQUID_TOKEN_COLON,
	LIQUID_TOKEN_COMMA,
	LIQUID_TOKEN_OPEN_SQUARE,
	LIQUID_TOKEN_CLOSE_SQUARE,
	LIQUID_TOKEN_OPEN_ROUND,
	LIQUID_TOKEN_CLOSE_ROUND
};

struct liquid_parser {
	struct liquid *l;
	const char *text, *p, *end; /* of the tag that is being read: what is left of it */
	const char *const *names;
	struct liquid_fault *fault;
	int nesting;
	enum liquid_token token;
	const char *word; /* of the token; a string's is without its quotes */
	size_t len;
};

/* Sets the fault, which is at this place of the text; returns false. */
bool liquid_parse_wrong(struct liquid_parser *s, const char *at, const char *fmt, ...)
    DF_PRINTF(3, 4);
/* Zeroed, of the template's memory; NULL: the fault is set. */
void *liquid_parse_take(struct liquid_parser *s, size_t size);
/* Reads the next token. False: the fault is set. */
bool liquid_parse_next(struct liquid_parser *s);
/* The token has to be this one; reads the next. */
bool liquid_parse_expect(struct liquid_parser *s, enum liquid_token token, const char *what);
/* NULL: the fault is set. liquid_expression.c */
struct liquid_expr *liquid_parse_expression(struct liquid_parser *s);

#endif
