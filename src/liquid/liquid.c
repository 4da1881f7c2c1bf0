/* SPDX-License-Identifier: MIT */
/* Compiles a template. The grammar is Liquid's strict one: what Ruby's lax mode would pass over
 * is a mistake here. */
#include "liquid_parse.h"

#include <stdlib.h>

/* ---- filters ---- */

static bool argument(struct liquid_parser *s, struct liquid_step *step)
{
	const char *p = s->p;
	while (p < s->end && liquid_is_blank(*p))
		p++;
	if (s->token == LIQUID_TOKEN_ID && p < s->end && *p == ':') {
		if (strcmp(step->filter->name, "default") != 0 || s->len != 11 ||
		    memcmp(s->word, "allow_false", 11) != 0)
			return liquid_parse_wrong(s, s->word,
						  "the filter '%s' has no argument of this name",
						  step->filter->name);
		s->p = p + 1; /* after the colon */
		if (!liquid_parse_next(s))
			return false;
		step->allow_false = liquid_parse_expression(s);
		return step->allow_false != NULL;
	}
	if (step->n == step->filter->max)
		return liquid_parse_wrong(
		    s, s->word, "the filter '%s' takes no more than %zu argument%s",
		    step->filter->name, step->filter->max, df_plural(step->filter->max));

	step->args[step->n] = liquid_parse_expression(s);
	return step->args[step->n++] != NULL;
}

static struct liquid_step *filter(struct liquid_parser *s)
{
	struct liquid_step *step = liquid_parse_take(s, sizeof(*step));
	if (step == NULL)
		return NULL;
	if (s->token != LIQUID_TOKEN_ID) {
		liquid_parse_wrong(s, s->word, "a filter's name is expected here");
		return NULL;
	}
	const char *name = s->word;
	step->filter = liquid_filter_find(s->word, s->len);
	if (step->filter == NULL) {
		liquid_parse_wrong(s, name, "there is no filter '%.*s'; did you mean '%s'?",
				   s->len > 40 ? 40 : (int)s->len, name,
				   liquid_filter_near(name, s->len));
		return NULL;
	}
	step->defaults = strcmp(step->filter->name, "default") == 0;
	if (!liquid_parse_next(s))
		return NULL;

	if (s->token == LIQUID_TOKEN_COLON)
		do
			if (!liquid_parse_next(s) || !argument(s, step))
				return NULL;
		while (s->token == LIQUID_TOKEN_COMMA);
	if (step->n < step->filter->min) {
		liquid_parse_wrong(s, name, "the filter '%s' needs %zu argument%s",
				   step->filter->name, step->filter->min,
				   df_plural(step->filter->min));
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

static bool tag(struct liquid_parser *s, struct liquid_node *node)
{
	struct liquid_step **tail = &node->steps;
	if (!liquid_parse_next(s))
		return false;
	if (s->token == LIQUID_TOKEN_END) /* Liquid takes an empty tag for nothing */
		return true;
	const char *from = s->word;
	node->expr = liquid_parse_expression(s);
	if (node->expr == NULL)
		return false;
	while (s->token == LIQUID_TOKEN_PIPE) {
		if (!liquid_parse_next(s) || (*tail = filter(s)) == NULL)
			return false;
		tail = &(*tail)->next;
	}
	if (s->token != LIQUID_TOKEN_END)
		return liquid_parse_wrong(s, s->word, "a | or the tag's end, }}, is expected here");

	if (is_value(node->expr) && node->steps != NULL && liquid_takes_list(node->steps->filter))
		s->l->lists = node->expr->list = true;
	const struct liquid_value *v = &node->expr->literal;
	if (node->steps != NULL && node->steps->filter->call == liquid_date &&
	    v->type == LIQUID_STRING && node->expr->kind == LIQUID_LITERAL &&
	    liquid_date_is_now(v->p, v->len))
		return liquid_parse_wrong(
		    s, from, "'now' is not supported: output must depend on the file alone");
	return true;
}

/* ---- the whole ---- */

static struct liquid_node *add_node(struct liquid_parser *s, struct liquid_node ***tail)
{
	struct liquid_node *node = liquid_parse_take(s, sizeof(*node));
	if (node != NULL) {
		**tail = node;
		*tail = &node->next;
	}
	return node;
}

static const char *find_mark(const char *p, const char *end, const char *what)
{
	return memmem(p, (size_t)(end - p), what, 2);
}

/* A tag from `open` on. *after is where the text goes on, blanks being left out where the tag
 * ends in -}}. */
static bool one_tag(struct liquid_parser *s, const char *open, const char *end,
		    struct liquid_node ***tail, const char **after)
{
	const char *close = find_mark(open + 2, end, "}}");
	if (close == NULL)
		return liquid_parse_wrong(s, open, "this tag is not closed by }}");
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

static bool compile_parts(struct liquid_parser *s, const char *end)
{
	struct liquid_node **tail = &s->l->nodes;
	for (const char *p = s->text; p < end;) {
		const char *open = next_opening(p, end), *text_end = open != NULL ? open : end;
		if (open != NULL && open[1] == '%')
			return liquid_parse_wrong(
			    s, open, "{%% tags are not supported, only {{ }} with filters");
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
	struct liquid_parser s = {.l = l, .text = text, .names = names, .fault = fault};
	*out = NULL;
	fault->at = 0;
	char *copy = liquid_parse_take(&s, len + 1);
	if (copy != NULL) {
		memcpy(copy, text, len);
		s.text = copy;
	}
	if (copy == NULL || !compile_parts(&s, copy + len)) {
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
