/* SPDX-License-Identifier: MIT */
/* A value without members against a schema. */
#include "plan_checker.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* As the platform spells a number in a string: digits, perhaps a fraction and an exponent. */
bool plan_scalar_is_number(const char *p, size_t len)
{
	const char *end = p + len, *start;
	if (p < end && *p == '-')
		p++;
	for (start = p; p < end && *p >= '0' && *p <= '9';)
		p++;
	if (p == start)
		return false;

	if (p < end && *p == '.') {
		for (start = ++p; p < end && *p >= '0' && *p <= '9';)
			p++;
		if (p == start)
			return false;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		p += p < end && (*p == '+' || *p == '-');
		for (start = p; p < end && *p >= '0' && *p <= '9';)
			p++;
		if (p == start)
			return false;
	}
	return p == end;
}

static long double plan_number(const char *p, size_t len)
{
	char text[64];
	if (len >= sizeof(text))
		len = sizeof(text) - 1;
	memcpy(text, p, len);
	text[len] = '\0';
	return strtold(text, NULL);
}

static bool is_whole(const struct plan_scalar *v)
{
	if (memchr(v->p, '.', v->len) == NULL && memchr(v->p, 'e', v->len) == NULL &&
	    memchr(v->p, 'E', v->len) == NULL)
		return true;
	long double n = plan_number(v->p, v->len);
	return n > -9.3e18L && n < 9.3e18L && (long double)(int64_t)n == n;
}

static void add_type(struct df_buf *out, unsigned types, unsigned type, const char *word)
{
	if ((types & type) != 0)
		df_buf_addf(out, "%s%s", out->len > 0 ? " or " : "", word);
}

void plan_scalar_wrong_type(struct plan_checker *c, const struct plan_node *node)
{
	struct df_buf words = {.max = 256};
	add_type(&words, node->types, PLAN_STRING, "a string");
	add_type(&words, node->types, PLAN_NUMBER, "a number");
	add_type(&words, node->types, PLAN_INTEGER, "a whole number");
	add_type(&words, node->types, PLAN_BOOLEAN, "true or false");
	add_type(&words, node->types, PLAN_OBJECT, "an object");
	add_type(&words, node->types, PLAN_ARRAY, "a list");
	add_type(&words, node->types, PLAN_NULL, "null");
	plan_finding_invalid(c, "%s is planned", df_buf_cstr(&words));
	df_buf_free(&words);
}

static bool type_fits(const struct plan_node *node, const struct plan_scalar *v)
{
	if (node->types == 0 || (node->types & v->type) != 0)
		return true;
	if ((node->types & PLAN_NUMBER) != 0 && v->number)
		return true;
	if ((node->types & PLAN_INTEGER) != 0 && v->number && is_whole(v))
		return true;
	if ((node->types & PLAN_BOOLEAN) != 0 && v->truth)
		return true;
	return false;
}

static bool literal_fits(const struct plan_checker *c, const struct plan_literal *l,
			 const struct plan_scalar *v)
{
	if (l->type == PLAN_NUMBER)
		return v->number && plan_number(l->text, l->len) == plan_number(v->p, v->len);
	if (l->type == v->type)
		return l->len == v->len && memcmp(l->text, v->p, v->len) == 0;
	if (c->strict)
		return false;
	if (l->type == PLAN_BOOLEAN)
		return v->truth && l->len == v->len && strncasecmp(l->text, v->p, v->len) == 0;
	return v->type != PLAN_OBJECT && v->type != PLAN_ARRAY && l->len == v->len &&
	       memcmp(l->text, v->p, v->len) == 0; /* a string that spells it */
}

static void check_literals(struct plan_checker *c, const struct plan_literals *l,
			   const struct plan_scalar *v)
{
	for (size_t i = 0; i < l->n; i++)
		if (literal_fits(c, &l->v[i], v))
			return;
	if (l->n == 1)
		plan_finding_invalid(c, "'%.80s' is planned, and nothing else", l->v[0].text);
	else if (l->n > 1)
		plan_finding_invalid(c, "one of %zu values is planned, such as '%.80s'", l->n,
				     l->v[0].text);
	else
		plan_finding_invalid(c, "no value of this kind is planned");
}

void plan_scalar_choices(struct plan_checker *c, const struct plan_node *node,
			 const struct plan_scalar *v)
{
	if (node->constant.set)
		check_literals(c, &node->constant, v);
	if (node->choice.set)
		check_literals(c, &node->choice, v);
}

static void check_bounds(struct plan_checker *c, const struct plan_node *node,
			 const struct plan_scalar *v)
{
	long double n = plan_number(v->p, v->len);
	if (node->minimum.set && n < node->minimum.value)
		plan_finding_invalid(c, "%s at least is planned", node->minimum.text);
	if (node->maximum.set && n > node->maximum.value)
		plan_finding_invalid(c, "%s at most is planned", node->maximum.text);
	if (node->above.set && n <= node->above.value)
		plan_finding_invalid(c, "more than %s is planned", node->above.text);
	if (node->below.set && n >= node->below.value)
		plan_finding_invalid(c, "less than %s is planned", node->below.text);
}

static uint64_t characters(const char *p, size_t len)
{
	uint64_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)p[i] & 0xc0) != 0x80;
	return n;
}

static void check_pattern(struct plan_checker *c, const struct plan_node *node,
			  const struct plan_scalar *v)
{
	if (node->spells_number && v->number)
		return;
	int n = pcre2_match(node->pattern, (PCRE2_SPTR)v->p, v->len, 0, PCRE2_NO_UTF_CHECK,
			    c->match, c->limits);
	if (n == PCRE2_ERROR_NOMATCH)
		plan_finding_invalid(c, "the pattern '%.80s' is planned", node->pattern_text);
	else if (n < 0)
		plan_finding_invalid(
		    c, "the pattern '%.60s' takes more than %u steps here: correct the plan",
		    node->pattern_text, PLAN_MATCH_LIMIT);
}

static void check_string(struct plan_checker *c, const struct plan_node *node,
			 const struct plan_scalar *v)
{
	uint64_t n = node->has_min_length || node->has_max_length ? characters(v->p, v->len) : 0;
	if (node->has_min_length && n < node->min_length)
		plan_finding_invalid(c, "%llu characters at least are planned",
				     (unsigned long long)node->min_length);
	if (node->has_max_length && n > node->max_length)
		plan_finding_invalid(c, "%llu characters at most are planned",
				     (unsigned long long)node->max_length);
	if (node->pattern != NULL)
		check_pattern(c, node, v);
	if (!plan_format_fits(node->format, v->p, v->len))
		plan_finding_invalid(c, "the format %s is planned", plan_format_name(node->format));
}

void plan_scalar_check(struct plan_checker *c, const struct plan_node *node,
		       const struct plan_scalar *v)
{
	if (!type_fits(node, v)) {
		plan_scalar_wrong_type(c, node);
		return;
	}
	plan_scalar_choices(c, node, v);
	bool as_number = (node->types & (PLAN_NUMBER | PLAN_INTEGER)) != 0 || node->types == 0;
	bool as_string = (node->types & PLAN_STRING) != 0 || node->types == 0;
	if (v->number && (v->type == PLAN_NUMBER || as_number))
		check_bounds(c, node, v);
	if (v->type == PLAN_STRING ? as_string || !v->number
				   : !c->strict && (node->types & PLAN_STRING) != 0)
		check_string(c, node, v);
}

bool plan_fits(struct plan_checker *c, const struct plan_node *node, bool number, const char *p,
	       size_t len)
{
	struct plan_scalar v = {.type = number ? PLAN_NUMBER : PLAN_STRING, .p = p, .len = len};
	v.number = number || (!c->strict && plan_scalar_is_number(p, len));
	v.truth = !number && !c->strict && plan_is_truth(p, len);
	c->n = c->depth = 0;
	plan_scalar_check(c, node, &v);
	bool fits = c->n == 0;
	c->n = 0;
	return fits;
}
