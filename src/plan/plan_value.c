/* SPDX-License-Identifier: MIT */
/* A value of our own JSON, which is known to be good, against a schema. All that is wrong is
 * found, not the first alone. */
#include "plan_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

struct value {
	enum plan_type type; /* of the JSON */
	const char *p;       /* a string's characters, else how it is written */
	size_t len;
	bool number;   /* it is one, or a string that spells one */
	bool truth;    /* it is true or false, or a string that spells it */
	long double n; /* with number, once it is asked for */
};

static const char *plan_string_end(const char *p)
{
	for (p++; *p != '"'; p++)
		p += *p == '\\';
	return p + 1;
}

const char *plan_value_skip(const char *p)
{
	size_t depth = 0;
	do {
		if (*p == '"') {
			p = plan_string_end(p);
			continue;
		}
		depth += *p == '{' || *p == '[';
		depth -= *p == '}' || *p == ']';
		p++;
	} while (depth > 0);
	/* a number or a word: one character is skipped, the rest follows */
	while (*p != ',' && *p != '}' && *p != ']' && *p != '\0')
		p++;
	return p;
}

static unsigned hex_digits(const char *p)
{
	char text[5] = {p[0], p[1], p[2], p[3], '\0'};
	return (unsigned)strtoul(text, NULL, 16);
}

/* After the backslash. */
static const char *unescape(struct df_buf *out, const char *p)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	if (*p != 'u') {
		const char *at = strchr(letters, *p);
		df_buf_addc(out, at != NULL ? meant[at - letters] : *p);
		return p + 1;
	}
	char utf8[4];
	uint32_t c = hex_digits(p + 1);
	p += 5;
	if (c >= 0xd800 && c < 0xdc00 && p[0] == '\\' && p[1] == 'u') {
		c = 0x10000 + ((c - 0xd800) << 10) + (hex_digits(p + 2) - 0xdc00);
		p += 6;
	}
	df_buf_add(out, utf8, df_utf8_put(utf8, c));
	return p;
}

const char *plan_string(struct df_buf *scratch, const char *p, size_t *len, const char **end)
{
	const char *close = plan_string_end(p) - 1;
	*end = close + 1;
	*len = (size_t)(close - p - 1);
	if (memchr(p + 1, '\\', *len) == NULL)
		return p + 1;
	df_buf_reset(scratch);
	for (p++; p < close;)
		if (*p == '\\')
			p = unescape(scratch, p + 1);
		else
			df_buf_addc(scratch, *p++);
	*len = scratch->len;
	return df_buf_cstr(scratch);
}

/* As the platform spells a number in a string: digits, perhaps a fraction and an exponent. */
static bool is_number(const char *p, size_t len)
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

static bool is_whole(const struct value *v)
{
	if (memchr(v->p, '.', v->len) == NULL && memchr(v->p, 'e', v->len) == NULL &&
	    memchr(v->p, 'E', v->len) == NULL)
		return true;
	long double n = plan_number(v->p, v->len);
	return n > -9.3e18L && n < 9.3e18L && (long double)(int64_t)n == n;
}

/* ---- findings ---- */

/* RFC 6901: "~" and "/" are written as ~0 and ~1. */
static void pointer_add_step(struct df_buf *out, const char *key, size_t len)
{
	df_buf_addc(out, '/');
	for (size_t i = 0; i < len; i++)
		if (key[i] == '~')
			df_buf_adds(out, "~0");
		else if (key[i] == '/')
			df_buf_adds(out, "~1");
		else
			df_buf_addc(out, key[i]);
}

static void pointer_to(const struct plan_checker *c, const char *last, size_t len, char *out,
		       size_t size)
{
	struct df_buf text = {.max = 64u << 10};
	df_buf_addc(&text, '#');
	for (size_t i = 0; i < c->depth; i++)
		if (c->steps[i].key != NULL)
			pointer_add_step(&text, c->steps[i].key, c->steps[i].len);
		else
			df_buf_addf(&text, "/%zu", c->steps[i].index);
	if (last != NULL)
		pointer_add_step(&text, last, len);
	snprintf(out, size, "%s", df_buf_cstr(&text));
	df_utf8_sanitize(out);
	df_buf_free(&text);
}

static bool inside(const struct plan_checker *c, const char *key)
{
	for (size_t i = 0; i < c->depth; i++)
		if (c->steps[i].key != NULL && c->steps[i].len == strlen(key) &&
		    memcmp(c->steps[i].key, key, c->steps[i].len) == 0)
			return true;
	return false;
}

static enum plan_part checked_part(const struct plan_checker *c)
{
	if (c->attributes)
		return PLAN_USER_ATTRIBUTE;
	if (c->identities)
		return PLAN_USER_IDENTITY;
	return inside(c, "custom_attributes") ? PLAN_EVENT_ATTRIBUTE : PLAN_FIELD;
}

/* last: a step below the value at hand, or NULL. */
static struct plan_finding *found(struct plan_checker *c, const char *last, size_t len)
{
	if (c->n == PLAN_MAX_FINDINGS)
		return NULL;
	struct plan_finding *f = &c->findings[c->n++];
	*f = (struct plan_finding){
	    .part = checked_part(c), .point = c->point, .in_batch = c->in_batch};
	pointer_to(c, last, len, f->pointer, sizeof(f->pointer));
	return f;
}

static void invalid(struct plan_checker *c, const char *fmt, ...) DF_PRINTF(2, 3);
static void invalid(struct plan_checker *c, const char *fmt, ...)
{
	va_list ap;
	struct plan_finding *f = found(c, NULL, 0);
	if (f == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	df_utf8_sanitize(f->text);
}

/* ---- a value without members ---- */

static void add_type(struct df_buf *out, unsigned types, unsigned type, const char *word)
{
	if ((types & type) != 0)
		df_buf_addf(out, "%s%s", out->len > 0 ? " or " : "", word);
}

static void wrong_type(struct plan_checker *c, const struct plan_node *node)
{
	struct df_buf words = {.max = 256};
	add_type(&words, node->types, PLAN_STRING, "a string");
	add_type(&words, node->types, PLAN_NUMBER, "a number");
	add_type(&words, node->types, PLAN_INTEGER, "a whole number");
	add_type(&words, node->types, PLAN_BOOLEAN, "true or false");
	add_type(&words, node->types, PLAN_OBJECT, "an object");
	add_type(&words, node->types, PLAN_ARRAY, "a list");
	add_type(&words, node->types, PLAN_NULL, "null");
	invalid(c, "%s is planned", df_buf_cstr(&words));
	df_buf_free(&words);
}

static bool type_fits(const struct plan_node *node, const struct value *v)
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
			 const struct value *v)
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
			   const struct value *v)
{
	for (size_t i = 0; i < l->n; i++)
		if (literal_fits(c, &l->v[i], v))
			return;
	if (l->n == 1)
		invalid(c, "'%.80s' is planned, and nothing else", l->v[0].text);
	else if (l->n > 1)
		invalid(c, "one of %zu values is planned, such as '%.80s'", l->n, l->v[0].text);
	else
		invalid(c, "no value of this kind is planned");
}

static void check_choices(struct plan_checker *c, const struct plan_node *node,
			  const struct value *v)
{
	if (node->constant.set)
		check_literals(c, &node->constant, v);
	if (node->choice.set)
		check_literals(c, &node->choice, v);
}

static void check_bounds(struct plan_checker *c, const struct plan_node *node,
			 const struct value *v)
{
	long double n = plan_number(v->p, v->len);
	if (node->minimum.set && n < node->minimum.value)
		invalid(c, "%s at least is planned", node->minimum.text);
	if (node->maximum.set && n > node->maximum.value)
		invalid(c, "%s at most is planned", node->maximum.text);
	if (node->above.set && n <= node->above.value)
		invalid(c, "more than %s is planned", node->above.text);
	if (node->below.set && n >= node->below.value)
		invalid(c, "less than %s is planned", node->below.text);
}

static uint64_t characters(const char *p, size_t len)
{
	uint64_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)p[i] & 0xc0) != 0x80;
	return n;
}

static void check_pattern(struct plan_checker *c, const struct plan_node *node,
			  const struct value *v)
{
	if (node->spells_number && v->number)
		return;
	int n = pcre2_match(node->pattern, (PCRE2_SPTR)v->p, v->len, 0, PCRE2_NO_UTF_CHECK,
			    c->match, c->limits);
	if (n == PCRE2_ERROR_NOMATCH)
		invalid(c, "the pattern '%.80s' is planned", node->pattern_text);
	else if (n < 0)
		invalid(c, "the pattern '%.60s' takes more than %u steps here: correct the plan",
			node->pattern_text, PLAN_MATCH_LIMIT);
}

static void check_string(struct plan_checker *c, const struct plan_node *node,
			 const struct value *v)
{
	uint64_t n = node->has_min_length || node->has_max_length ? characters(v->p, v->len) : 0;
	if (node->has_min_length && n < node->min_length)
		invalid(c, "%llu characters at least are planned",
			(unsigned long long)node->min_length);
	if (node->has_max_length && n > node->max_length)
		invalid(c, "%llu characters at most are planned",
			(unsigned long long)node->max_length);
	if (node->pattern != NULL)
		check_pattern(c, node, v);
	if (!plan_format_fits(node->format, v->p, v->len))
		invalid(c, "the format %s is planned", plan_format_name(node->format));
}

static void check_scalar(struct plan_checker *c, const struct plan_node *node,
			 const struct value *v)
{
	if (!type_fits(node, v)) {
		wrong_type(c, node);
		return;
	}
	check_choices(c, node, v);
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
	struct value v = {.type = number ? PLAN_NUMBER : PLAN_STRING, .p = p, .len = len};
	v.number = number || (!c->strict && is_number(p, len));
	v.truth = !number && !c->strict && plan_is_truth(p, len);
	c->n = c->depth = 0;
	check_scalar(c, node, &v);
	bool fits = c->n == 0;
	c->n = 0;
	return fits;
}

/* Anything but an object or a list; returns its end. */
static const char *read_scalar(struct plan_checker *c, const char *p, struct value *v)
{
	const char *end;
	if (*p == '"') {
		v->type = PLAN_STRING;
		v->p = plan_string(&c->string, p, &v->len, &end);
		v->number = !c->strict && is_number(v->p, v->len);
		v->truth = !c->strict && plan_is_truth(v->p, v->len);
		return end;
	}
	end = plan_value_skip(p);
	v->p = p;
	v->len = (size_t)(end - p);
	v->type = *p == 't' || *p == 'f' ? PLAN_BOOLEAN : *p == 'n' ? PLAN_NULL : PLAN_NUMBER;
	v->number = v->type == PLAN_NUMBER;
	v->truth = v->type == PLAN_BOOLEAN;
	return end;
}

/* Numbers and booleans count as strings, as these count as numbers. */
static bool may_be_text(const struct plan_checker *c, const struct plan_node *node, char first)
{
	bool any = node->types == 0 || (node->types & PLAN_STRING) != 0;
	return any && !node->constant.set && !node->choice.set && node->pattern == NULL &&
	       node->format == PLAN_FORMAT_NONE && !node->has_min_length && !node->has_max_length &&
	       !node->minimum.set && !node->maximum.set && !node->above.set && !node->below.set &&
	       (first == '"' || (!c->strict && first != '{' && first != '[' && first != 'n'));
}

/* ---- objects and lists ---- */

static void missing(struct plan_checker *c, const char *name, size_t len)
{
	struct plan_finding *f = found(c, name, len);
	if (f == NULL)
		return;
	f->missing = true;
	snprintf(f->text, sizeof(f->text), "it is required, and is not there");
}

static bool has_member(struct plan_checker *c, const char *p, const char *name, size_t len)
{
	for (p++; *p != '}';) {
		size_t key_len;
		const char *end, *key = plan_string(&c->key, p, &key_len, &end);
		if (key_len == len && memcmp(key, name, len) == 0)
			return true;
		p = plan_value_skip(end + 1);
		p += *p == ',';
	}
	return false;
}

/* One is missing at least: which? */
static void check_required(struct plan_checker *c, const struct plan_node *node, const char *p)
{
	for (size_t i = 0; i < node->n_properties; i++) {
		const struct plan_property *prop = &node->properties[i];
		if (prop->required && !has_member(c, p, prop->name, prop->len))
			missing(c, prop->name, prop->len);
	}
}

/* Members mostly come in the same order: the nth one is what it was the last time. */
static const struct plan_property *node_property(struct plan_checker *c,
						 const struct plan_node *node, size_t nth,
						 const char *key, size_t len)
{
	if (node->n_properties == 0)
		return NULL;
	uint32_t *memo = &c->memo[node->memo + nth % node->n_properties];
	const struct plan_property *prop = &node->properties[*memo];
	if (prop->len == len && memcmp(prop->name, key, len) == 0)
		return prop;
	size_t i = df_index_find(node->by_name, key, len);
	if (i == DF_INDEX_NONE)
		return NULL;
	*memo = (uint32_t)i;
	return &node->properties[i];
}

static void unplanned(struct plan_checker *c, const char *key, size_t len, const char *from,
		      const char *to)
{
	struct plan_finding *f = found(c, key, len);
	if (f == NULL)
		return;
	f->unplanned = true;
	f->from = (size_t)(from - c->base);
	f->to = (size_t)(to - c->base);
	snprintf(f->text, sizeof(f->text), "it is not planned");
}

static const char *check_below(struct plan_checker *c, const struct plan_node *node,
			       struct plan_step step, const char *p)
{
	if (may_be_text(c, node, *p))
		return *p == '"' ? plan_string_end(p) : plan_value_skip(p);
	if (c->depth == PLAN_MAX_DEPTH)
		return plan_value_skip(p);
	c->steps[c->depth++] = step;
	p = plan_value_check(c, node, p);
	c->depth--;
	return p;
}

static const char *check_object(struct plan_checker *c, const struct plan_node *node,
				const char *open)
{
	size_t required = 0, nth = 0;
	const char *p = open + 1;
	while (*p != '}') {
		size_t len;
		const char *from = p, *end, *key = plan_string(&c->key, p, &len, &end);
		const struct plan_property *prop = node_property(c, node, nth++, key, len);
		required += prop != NULL && prop->required;
		/* after the scratch buffer is used again, the key is as it is written */
		struct plan_step step = {.key = from + 1, .len = (size_t)(end - from - 2)};
		p = end + 1;
		if (prop != NULL && prop->node != NULL) {
			p = check_below(c, prop->node, step, p);
		} else if (node->additional != NULL) {
			p = check_below(c, node->additional, step, p);
		} else {
			p = plan_value_skip(p);
			if (node->closed)
				unplanned(c, step.key, step.len, from, p);
		}
		p += *p == ',';
	}
	if (required < node->n_required)
		check_required(c, node, open);
	return p + 1;
}

static const char *check_list(struct plan_checker *c, const struct plan_node *node, const char *p)
{
	size_t i = 0;
	for (p++; *p != ']'; i++) {
		p = node->items != NULL
			? check_below(c, node->items, (struct plan_step){.index = i}, p)
			: plan_value_skip(p);
		p += *p == ',';
	}
	return p + 1;
}

const char *plan_value_check(struct plan_checker *c, const struct plan_node *node, const char *p)
{
	if (*p == '{' || *p == '[') {
		enum plan_type type = *p == '{' ? PLAN_OBJECT : PLAN_ARRAY;
		if (node->types != 0 && (node->types & type) == 0) {
			wrong_type(c, node);
			return plan_value_skip(p);
		}
		check_choices(c, node, &(struct value){.type = type, .p = p});
		return type == PLAN_OBJECT ? check_object(c, node, p) : check_list(c, node, p);
	}
	struct value v = {0};
	const char *end = read_scalar(c, p, &v);
	check_scalar(c, node, &v);
	return end;
}
