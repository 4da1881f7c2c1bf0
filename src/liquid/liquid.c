/* SPDX-License-Identifier: MIT */
/* Compiles a template. The grammar is Liquid's strict one: what Ruby's lax mode would pass over
 * is a mistake here. */
#include "liquid_tree.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_NESTING 20

enum token {
	END,
	ID,
	STRING,
	INTEGER,
	FLOAT,
	PIPE,
	DOT,
	DOTDOT,
	COLON,
	COMMA,
	OPEN_SQUARE,
	SHUT_SQUARE,
	OPEN_ROUND,
	SHUT_ROUND
};

struct parser {
	struct liquid *l;
	const char *text, *p, *end; /* of the tag that is being read: what is left of it */
	const char *const *names;
	struct liquid_fault *fault;
	int nesting;
	enum token token;
	const char *word; /* of the token; a string's is without its quotes */
	size_t len;
};

static bool wrong(struct parser *s, const char *at, const char *fmt, ...) DF_PRINTF(3, 4);
static bool wrong(struct parser *s, const char *at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(s->fault->text, sizeof(s->fault->text), fmt, ap);
	va_end(ap);
	s->fault->at = liquid_chars(s->text, (size_t)(at - s->text));
	return false;
}

static void *take(struct parser *s, size_t size)
{
	void *p = liquid_take(&s->l->arena, size);
	if (p != NULL)
		memset(p, 0, size);
	else
		wrong(s, s->text, "the template is too large");
	return p;
}

/* ---- tokens ---- */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static bool quoted(struct parser *s)
{
	const char *close = memchr(s->p + 1, *s->p, (size_t)(s->end - s->p - 1));
	if (close == NULL)
		return wrong(s, s->p, "this quote is not closed");
	s->token = STRING;
	s->word = s->p + 1;
	s->len = (size_t)(close - s->word);
	s->p = close + 1;
	return true;
}

static void number(struct parser *s)
{
	const char *p = s->p + 1;
	s->token = INTEGER;
	while (p < s->end && isdigit((unsigned char)*p))
		p++;
	if (s->end - p >= 2 && *p == '.' && isdigit((unsigned char)p[1])) {
		s->token = FLOAT;
		for (p++; p < s->end && isdigit((unsigned char)*p);)
			p++;
	}
	s->len = (size_t)(p - s->p);
	s->p = p;
}

static bool next(struct parser *s)
{
	static const char marks[] = "|.:,[]()";
	static const enum token tokens[] = {PIPE,        DOT,         COLON,      COMMA,
					    OPEN_SQUARE, SHUT_SQUARE, OPEN_ROUND, SHUT_ROUND};
	while (s->p < s->end && liquid_is_blank(*s->p))
		s->p++;
	s->word = s->p;
	s->len = 0;
	s->token = END;
	if (s->p == s->end)
		return true;
	char c = *s->p;
	const char *mark = c != '\0' ? strchr(marks, c) : NULL;
	bool followed = s->end - s->p > 1;
	if (c == '"' || c == '\'')
		return quoted(s);
	if (isdigit((unsigned char)c) ||
	    (c == '-' && followed && isdigit((unsigned char)s->p[1]))) {
		number(s);
	} else if (isalpha((unsigned char)c) || c == '_') {
		s->token = ID;
		while (s->p < s->end && is_word(*s->p))
			s->p++;
		s->p += s->p < s->end && *s->p == '?';
		s->len = (size_t)(s->p - s->word);
	} else if (c == '.' && followed && s->p[1] == '.') {
		s->token = DOTDOT;
		s->p += 2;
	} else if (mark != NULL) {
		s->token = tokens[mark - marks];
		s->p++;
	} else {
		return wrong(s, s->p, "this character has no meaning within a tag");
	}
	return true;
}

static bool expect(struct parser *s, enum token token, const char *what)
{
	return s->token == token ? next(s) : wrong(s, s->word, "%s is expected here", what);
}

/* ---- expressions ---- */

static struct liquid_expr *expression(struct parser *s);

static struct liquid_expr *literal(struct parser *s, struct liquid_value v)
{
	struct liquid_expr *e = take(s, sizeof(*e));
	if (e != NULL)
		e->literal = v;
	return e;
}

static struct liquid_expr *number_literal(struct parser *s)
{
	bool over = false;
	struct liquid_value v = liquid_int(0);
	if (s->token == FLOAT) {
		char text[400];
		if (s->len >= sizeof(text)) {
			wrong(s, s->word, "this number has too many digits");
			return NULL;
		}
		memcpy(text, s->word, s->len);
		text[s->len] = '\0';
		v = (struct liquid_value){.type = LIQUID_FLOAT, .f = strtod(text, NULL)};
	} else {
		v.i = liquid_to_i(s->word, s->len, &over);
	}
	if (over) {
		wrong(s, s->word, "this integer is over 64 bits");
		return NULL;
	}
	return next(s) ? literal(s, v) : NULL;
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
static bool lookups(struct parser *s, struct liquid_expr *e, bool *reaches)
{
	struct liquid_key **tail = &e->keys;
	while (s->token == DOT || s->token == OPEN_SQUARE) {
		struct liquid_key *key = take(s, sizeof(*key));
		if (key == NULL)
			return false;
		key->dotted = s->token == DOT;
		if (!next(s))
			return false;
		if (key->dotted) {
			*reaches = *reaches || !is_command(s->word, s->len);
			key->expr = literal(s, liquid_string(s->word, s->len));
			if (key->expr == NULL || !expect(s, ID, "a name"))
				return false;
		} else {
			*reaches = true;
			key->expr = expression(s);
			if (key->expr == NULL || !expect(s, SHUT_SQUARE, "]"))
				return false;
		}
		*tail = key;
		tail = &key->next;
	}
	return true;
}

static bool known(struct parser *s, const char *word, size_t len)
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
		  wrong(s, word, "there is no variable '%.*s' here, %s%s", len > 40 ? 40 : (int)len,
			word, list.len > 0 ? "only " : "nor any other", df_buf_cstr(&list));
	df_buf_free(&list);
	return ok;
}

/* The names of columns are known before the rows are; a name that is made is not (NULL). */
static bool row_key(struct parser *s, const struct liquid_expr *e)
{
	const struct liquid_expr *first = e->keys != NULL ? e->keys->expr : NULL;
	struct liquid_row_key *key = take(s, sizeof(*key));
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

static struct liquid_expr *lookup(struct parser *s)
{
	struct liquid_expr *e = take(s, sizeof(*e));
	const char *word = s->word;
	size_t len = s->len;
	bool reaches = false, named = s->token == ID;
	if (e == NULL)
		return NULL;
	e->kind = LIQUID_LOOKUP;
	if (named) {
		e->first = literal(s, liquid_string(word, len));
		if (e->first == NULL || !next(s))
			return NULL;
	} else {
		if (!next(s) || (e->first = expression(s)) == NULL || !expect(s, SHUT_SQUARE, "]"))
			return NULL;
		if (s->names != NULL) {
			wrong(s, word, "a variable's name is expected");
			return NULL;
		}
	}
	if (!lookups(s, e, &reaches))
		return NULL;
	if (named && e->keys == NULL && reserved(word, len, &e->literal)) {
		e->kind = LIQUID_LITERAL;
		return e;
	}
	if (named && !known(s, word, len))
		return NULL;
	s->l->reaches = s->l->reaches || (reaches && len == 5 && memcmp(word, "value", 5) == 0);
	if (named && !reaches && e->keys != NULL && len == 5 && memcmp(word, "value", 5) == 0)
		s->l->lists = e->list = true; /* value.size, value.first */
	return named && len == 3 && memcmp(word, "row", 3) == 0 && !row_key(s, e) ? NULL : e;
}

static struct liquid_expr *span(struct parser *s)
{
	struct liquid_expr *e = take(s, sizeof(*e));
	if (e == NULL || !next(s))
		return NULL;
	e->kind = LIQUID_SPAN;
	e->first = expression(s);
	if (e->first == NULL || !expect(s, DOTDOT, ".."))
		return NULL;
	e->last = expression(s);
	return e->last != NULL && expect(s, SHUT_ROUND, ")") ? e : NULL;
}

static struct liquid_expr *expression(struct parser *s)
{
	struct liquid_expr *e = NULL;
	if (s->nesting == MAX_NESTING) {
		wrong(s, s->word, "the brackets are nested too deeply");
		return NULL;
	}
	s->nesting++;
	if (s->token == ID || s->token == OPEN_SQUARE) {
		e = lookup(s);
	} else if (s->token == STRING) {
		struct liquid_value v = liquid_string(s->word, s->len);
		e = next(s) ? literal(s, v) : NULL;
	} else if (s->token == INTEGER || s->token == FLOAT) {
		e = number_literal(s);
	} else if (s->token == OPEN_ROUND) {
		e = span(s);
	} else {
		wrong(s, s->word,
		      "a value is expected here: a variable, a number or a quoted text");
	}
	s->nesting--;
	return e;
}

/* ---- filters ---- */

static bool argument(struct parser *s, struct liquid_step *step)
{
	const char *p = s->p;
	while (p < s->end && liquid_is_blank(*p))
		p++;
	if (s->token == ID && p < s->end && *p == ':') {
		if (strcmp(step->filter->name, "default") != 0 || s->len != 11 ||
		    memcmp(s->word, "allow_false", 11) != 0)
			return wrong(s, s->word, "the filter '%s' has no argument of this name",
				     step->filter->name);
		s->p = p + 1; /* after the colon */
		if (!next(s))
			return false;
		step->allow_false = expression(s);
		return step->allow_false != NULL;
	}
	if (step->n == step->filter->max)
		return wrong(s, s->word, "the filter '%s' takes no more than %zu argument%s",
			     step->filter->name, step->filter->max,
			     step->filter->max == 1 ? "" : "s");
	step->args[step->n] = expression(s);
	return step->args[step->n++] != NULL;
}

static struct liquid_step *filter(struct parser *s)
{
	struct liquid_step *step = take(s, sizeof(*step));
	if (step == NULL)
		return NULL;
	if (s->token != ID) {
		wrong(s, s->word, "a filter's name is expected here");
		return NULL;
	}
	const char *name = s->word;
	step->filter = liquid_filter_find(s->word, s->len);
	if (step->filter == NULL) {
		wrong(s, name, "there is no filter '%.*s'; did you mean '%s'?",
		      s->len > 40 ? 40 : (int)s->len, name, liquid_filter_near(name, s->len));
		return NULL;
	}
	if (!next(s))
		return NULL;
	if (s->token == COLON)
		do
			if (!next(s) || !argument(s, step))
				return NULL;
		while (s->token == COMMA);
	if (step->n < step->filter->min) {
		wrong(s, name, "the filter '%s' needs %zu argument%s", step->filter->name,
		      step->filter->min, step->filter->min == 1 ? "" : "s");
		return NULL;
	}
	return step;
}

/* The variable `value` itself. */
static bool is_value(const struct liquid_expr *e)
{
	return e->kind == LIQUID_LOOKUP && e->keys == NULL && e->first->literal.len == 5 &&
	       memcmp(e->first->literal.p, "value", 5) == 0;
}

static bool tag(struct parser *s, struct liquid_node *node)
{
	struct liquid_step **tail = &node->steps;
	if (!next(s))
		return false;
	if (s->token == END) /* Liquid takes an empty tag for nothing */
		return true;
	const char *from = s->word;
	node->expr = expression(s);
	if (node->expr == NULL)
		return false;
	while (s->token == PIPE) {
		if (!next(s) || (*tail = filter(s)) == NULL)
			return false;
		tail = &(*tail)->next;
	}
	if (s->token != END)
		return wrong(s, s->word, "a | or the tag's end, }}, is expected here");
	if (is_value(node->expr) && node->steps != NULL && liquid_takes_list(node->steps->filter))
		s->l->lists = node->expr->list = true;
	const struct liquid_value *v = &node->expr->literal;
	if (node->steps != NULL && node->steps->filter->call == liquid_date &&
	    v->type == LIQUID_STRING && node->expr->kind == LIQUID_LITERAL &&
	    liquid_date_is_now(v->p, v->len))
		return wrong(s, from,
			     "'now' is not supported: output must depend on the file alone");
	return true;
}

/* ---- the whole ---- */

static struct liquid_node *add_node(struct parser *s, struct liquid_node ***tail)
{
	struct liquid_node *node = take(s, sizeof(*node));
	if (node != NULL) {
		**tail = node;
		*tail = &node->next;
	}
	return node;
}

static const char *find(const char *p, const char *end, const char *what)
{
	return memmem(p, (size_t)(end - p), what, 2);
}

/* A tag from `open` on. *after is where the text goes on, blanks being left out where the tag
 * ends in -}}. */
static bool one_tag(struct parser *s, const char *open, const char *end, struct liquid_node ***tail,
		    const char **after)
{
	const char *close = find(open + 2, end, "}}");
	if (close == NULL)
		return wrong(s, open, "this tag is not closed by }}");
	struct liquid_node *node = add_node(s, tail);
	if (node == NULL)
		return false;
	s->p = open + 2;
	s->end = close;
	*after = close + 2;
	s->p += s->p < s->end && *s->p == '-';
	if (s->end > s->p && s->end[-1] == '-') {
		s->end--;
		while (*after < end && liquid_is_blank(**after))
			(*after)++;
	}
	return tag(s, node);
}

static const char *next_opening(const char *p, const char *end)
{
	for (; end - p >= 2; p++)
		if (*p == '{' && (p[1] == '{' || p[1] == '%'))
			return p;
	return NULL;
}

static bool compile(struct parser *s, const char *end)
{
	struct liquid_node **tail = &s->l->nodes;
	for (const char *p = s->text; p < end;) {
		const char *open = next_opening(p, end), *text_end = open != NULL ? open : end;
		if (open != NULL && open[1] == '%')
			return wrong(s, open,
				     "{%% tags are not supported, only {{ }} with filters");
		if (open != NULL && end - open > 2 && open[2] == '-')
			while (text_end > p && liquid_is_blank(text_end[-1]))
				text_end--;
		if (text_end > p) {
			struct liquid_node *node = add_node(s, &tail);
			if (node == NULL)
				return false;
			node->text = p;
			node->len = (size_t)(text_end - p);
		}
		p = end;
		if (open != NULL && !one_tag(s, open, end, &tail, &p))
			return false;
	}
	return true;
}

bool liquid_compile(const char *text, size_t len, const char *const *names, struct liquid **out,
		    struct liquid_fault *fault)
{
	struct liquid *l = df_alloc(sizeof(*l));
	struct parser s = {.l = l, .text = text, .names = names, .fault = fault};
	*out = NULL;
	fault->at = 0;
	char *copy = take(&s, len + 1);
	if (copy != NULL) {
		memcpy(copy, text, len);
		s.text = copy;
	}
	if (copy == NULL || !compile(&s, copy + len)) {
		liquid_free(l);
		return false;
	}
	*out = l;
	return true;
}

void liquid_free(struct liquid *l)
{
	if (l == NULL)
		return;
	liquid_arena_free(&l->arena);
	free(l);
}
