/* SPDX-License-Identifier: MIT */
/* Values and variables of a tag. */
#include "liquid_parse.h"

#include <stdlib.h>

#define MAX_NESTING 20

static struct liquid_expr *literal(struct liquid_parser *s, struct liquid_value v)
{
	struct liquid_expr *e = liquid_parse_take(s, sizeof(*e));
	if (e != NULL)
		e->literal = v;
	return e;
}

static struct liquid_expr *number_literal(struct liquid_parser *s)
{
	bool over = false;
	struct liquid_value v = liquid_int(0);
	if (s->token == LIQUID_TOKEN_FLOAT) {
		char text[400];
		if (s->len >= sizeof(text)) {
			liquid_parse_wrong(s, s->word, "this number has too many digits");
			return NULL;
		}
		memcpy(text, s->word, s->len);
		text[s->len] = '\0';
		v = (struct liquid_value){.type = LIQUID_FLOAT, .f = strtod(text, NULL)};
	} else {
		v.i = liquid_to_i(s->word, s->len, &over);
	}

	if (over) {
		liquid_parse_wrong(s, s->word, "this integer is over 64 bits");
		return NULL;
	}
	return liquid_parse_next(s) ? literal(s, v) : NULL;
}

/* nil, true, ... when the name is alone */
static bool reserved(const char *word, size_t len, struct liquid_value *out)
{
	static const struct {
		const char *name;
		struct liquid_value value;
	} table[] = {{"nil", {.type = LIQUID_NIL}},
		     {"null", {.type = LIQUID_NIL}},
		     {"true", {.type = LIQUID_BOOL, .truth = true}},
		     {"false", {.type = LIQUID_BOOL, .truth = false}},
		     {"blank", {.type = LIQUID_STRING, .p = ""}},
		     {"empty", {.type = LIQUID_STRING, .p = ""}}};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strlen(table[i].name) != len || memcmp(table[i].name, word, len) != 0)
			continue;
		*out = table[i].value;
		return true;
	}
	return false;
}

static bool is_command(const char *word, size_t len)
{
	return (len == 4 && (memcmp(word, "size", 4) == 0 || memcmp(word, "last", 4) == 0)) ||
	       (len == 5 && memcmp(word, "first", 5) == 0);
}

/* What follows a name: [expression] and .word, any number of them. */
static bool lookups(struct liquid_parser *s, struct liquid_expr *e, bool *reaches)
{
	struct liquid_key **tail = &e->keys;
	while (s->token == LIQUID_TOKEN_DOT || s->token == LIQUID_TOKEN_OPEN_SQUARE) {
		struct liquid_key *key = liquid_parse_take(s, sizeof(*key));
		if (key == NULL)
			return false;
		key->dotted = s->token == LIQUID_TOKEN_DOT;
		if (!liquid_parse_next(s))
			return false;
		if (key->dotted) {
			*reaches = *reaches || !is_command(s->word, s->len);
			key->expr = literal(s, liquid_string(s->word, s->len));
			if (key->expr == NULL || !liquid_parse_expect(s, LIQUID_TOKEN_ID, "a name"))
				return false;
		} else {
			*reaches = true;
			key->expr = liquid_parse_expression(s);
			if (key->expr == NULL ||
			    !liquid_parse_expect(s, LIQUID_TOKEN_CLOSE_SQUARE, "]"))
				return false;
		}
		*tail = key;
		tail = &key->next;
	}
	return true;
}

static bool is_known_name(struct liquid_parser *s, const char *word, size_t len)
{
	struct df_buf list = {.max = 128};
	for (size_t i = 0; s->names != NULL && s->names[i] != NULL; i++) {
		if (strlen(s->names[i]) == len && memcmp(s->names[i], word, len) == 0) {
			df_buf_free(&list);
			return true;
		}
		df_buf_addf(&list, "%s%s", i > 0 ? ", " : "", s->names[i]);
	}
	bool ok = s->names == NULL ||
		  liquid_parse_wrong(s, word, "there is no variable '%.*s' here, %s%s",
				     len > 40 ? 40 : (int)len, word,
				     list.len > 0 ? "only " : "nor any other", df_buf_cstr(&list));
	df_buf_free(&list);
	return ok;
}

/* The names of columns are known before the rows are; a name that is made is not (NULL). */
static bool row_key(struct liquid_parser *s, const struct liquid_expr *e)
{
	const struct liquid_expr *first = e->keys != NULL ? e->keys->expr : NULL;
	struct liquid_row_key *key = liquid_parse_take(s, sizeof(*key));
	if (key == NULL)
		return false;
	key->next = s->l->row_keys;
	s->l->row_keys = key;
	if (first != NULL && first->kind == LIQUID_LITERAL &&
	    first->literal.type == LIQUID_STRING) {
		key->name = first->literal.p;
		key->len = first->literal.len;
	}
	return true;
}

static struct liquid_expr *lookup(struct liquid_parser *s)
{
	struct liquid_expr *e = liquid_parse_take(s, sizeof(*e));
	const char *word = s->word;
	size_t len = s->len;
	bool reaches = false, named = s->token == LIQUID_TOKEN_ID;
	if (e == NULL)
		return NULL;

	e->kind = LIQUID_LOOKUP;
	if (named) {
		e->first = literal(s, liquid_string(word, len));
		if (e->first == NULL || !liquid_parse_next(s))
			return NULL;
	} else {
		if (!liquid_parse_next(s) || (e->first = liquid_parse_expression(s)) == NULL ||
		    !liquid_parse_expect(s, LIQUID_TOKEN_CLOSE_SQUARE, "]"))
			return NULL;
		if (s->names != NULL) {
			liquid_parse_wrong(s, word, "a variable's name is expected");
			return NULL;
		}
	}
	if (!lookups(s, e, &reaches))
		return NULL;
	if (named && e->keys == NULL && reserved(word, len, &e->literal)) {
		e->kind = LIQUID_LITERAL;
		return e;
	}
	if (named && !is_known_name(s, word, len))
		return NULL;
	e->of_row = named && ((len == 5 && memcmp(word, "value", 5) == 0) ||
			      (len == 3 && memcmp(word, "row", 3) == 0));
	s->l->reaches = s->l->reaches || (reaches && len == 5 && memcmp(word, "value", 5) == 0);
	if (named && !reaches && e->keys != NULL && len == 5 && memcmp(word, "value", 5) == 0)
		s->l->lists = e->list = true; /* value.size, value.first */
	return named && len == 3 && memcmp(word, "row", 3) == 0 && !row_key(s, e) ? NULL : e;
}

static struct liquid_expr *span(struct liquid_parser *s)
{
	struct liquid_expr *e = liquid_parse_take(s, sizeof(*e));
	if (e == NULL || !liquid_parse_next(s))
		return NULL;
	e->kind = LIQUID_SPAN;
	e->first = liquid_parse_expression(s);
	if (e->first == NULL || !liquid_parse_expect(s, LIQUID_TOKEN_DOTDOT, ".."))
		return NULL;
	e->last = liquid_parse_expression(s);
	return e->last != NULL && liquid_parse_expect(s, LIQUID_TOKEN_CLOSE_ROUND, ")") ? e : NULL;
}

struct liquid_expr *liquid_parse_expression(struct liquid_parser *s)
{
	struct liquid_expr *e = NULL;
	if (s->nesting == MAX_NESTING) {
		liquid_parse_wrong(s, s->word, "the brackets are nested too deeply");
		return NULL;
	}

	s->nesting++;
	if (s->token == LIQUID_TOKEN_ID || s->token == LIQUID_TOKEN_OPEN_SQUARE) {
		e = lookup(s);
	} else if (s->token == LIQUID_TOKEN_STRING) {
		struct liquid_value v = liquid_string(s->word, s->len);
		e = liquid_parse_next(s) ? literal(s, v) : NULL;
	} else if (s->token == LIQUID_TOKEN_INTEGER || s->token == LIQUID_TOKEN_FLOAT) {
		e = number_literal(s);
	} else if (s->token == LIQUID_TOKEN_OPEN_ROUND) {
		e = span(s);
	} else {
		liquid_parse_wrong(
		    s, s->word, "a value is expected here: a variable, a number or a quoted text");
	}
	s->nesting--;
	return e;
}
