/* SPDX-License-Identifier: MIT */
/* JSON in a cell as Liquid's values (RFC 8259). Numbers keep their digits, and every value knows
 * how it was written. */
#include "liquid_priv.h"

#include <stdlib.h>

#define MAX_DEPTH 32

struct scan {
	const char *p, *end;
	struct liquid_arena *arena;
	const char *why; /* it is refused, where that is not bad JSON */
};

static void blanks(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

static bool take_char(struct scan *s, char c)
{
	blanks(s);
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

static int hex4(const struct scan *s, const char *p)
{
	int value = 0;
	if (s->end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef0123456789ABCDEF";
		const char *d = p[i] != '\0' ? strchr(digits, p[i]) : NULL;
		if (d == NULL)
			return -1;
		value = value * 16 + (int)((d - digits) % 16);
	}
	return value;
}

/* After a backslash. A surrogate has to have its other half, and NUL is refused as it is in any
 * cell. */
static bool escape(struct scan *s, char *out, size_t *n)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *at = s->p < s->end && *s->p != '\0' ? strchr(letters, *s->p) : NULL;
	if (at != NULL) {
		out[(*n)++] = meant[at - letters];
		s->p++;
		return true;
	}
	if (s->p == s->end || *s->p != 'u')
		return false;
	int c = hex4(s, s->p + 1);
	if (c <= 0 || (c >= 0xdc00 && c <= 0xdfff))
		return false;

	s->p += 5;
	if (c >= 0xd800 && c <= 0xdbff) {
		int low = s->end - s->p >= 6 && s->p[0] == '\\' && s->p[1] == 'u'
			      ? hex4(s, s->p + 2)
			      : -1;
		if (low < 0xdc00 || low > 0xdfff)
			return false;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		s->p += 6;
	}
	*n += df_utf8_put(out + *n, (uint32_t)c);
	return true;
}

static bool string(struct scan *s, const char **text, size_t *len)
{
	if (!take_char(s, '"'))
		return false;
	const char *from = s->p;
	while (s->p < s->end && *s->p != '"' && *s->p != '\\' && (unsigned char)*s->p >= 0x20)
		s->p++;
	*text = from;
	*len = (size_t)(s->p - from);
	if (s->p < s->end && *s->p == '\\') { /* decoded, it is never longer than it is written */
		const char *quote = s->p;
		while (quote < s->end && *quote != '"')
			quote += *quote == '\\' ? 2 : 1;
		if (quote >= s->end) {
			s->p = s->end;
			return false;
		}
		char *copy = liquid_take(s->arena, (size_t)(quote - from));
		if (copy == NULL)
			return false;
		memcpy(copy, from, *len);
		while (s->p < quote) {
			char c = *s->p++;
			if (c == '\\' ? !escape(s, copy, len) : (unsigned char)c < 0x20)
				return false;
			if (c != '\\')
				copy[(*len)++] = c;
		}
		*text = copy;
	}
	if (s->p >= s->end || *s->p != '"')
		return false;

	s->p++;
	return true;
}

static size_t skip_digits(struct scan *s)
{
	size_t n = 0;
	for (; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++)
		n++;
	return n;
}

/* An integer over 64 bits is a string: its digits are all that one can have of it. */
static bool number_value(struct scan *s, struct liquid_value *out)
{
	const char *from = s->p;
	bool whole = true, over = false;
	s->p += *s->p == '-';
	const char *first = s->p;
	size_t n = skip_digits(s);
	if (n == 0 || (n > 1 && *first == '0'))
		return false;

	if (s->p < s->end && *s->p == '.') {
		whole = false;
		s->p++;
		if (skip_digits(s) == 0)
			return false;
	}
	if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
		whole = false;
		s->p++;
		s->p += s->p < s->end && (*s->p == '+' || *s->p == '-');
		if (skip_digits(s) == 0)
			return false;
	}
	*out = liquid_string(from, (size_t)(s->p - from));
	char text[400];
	if (whole) {
		int64_t i = liquid_to_i(from, out->len, &over);
		if (!over) {
			out->type = LIQUID_INT;
			out->i = i;
		}
	} else if (out->len < sizeof(text)) {
		memcpy(text, from, out->len);
		text[out->len] = '\0';
		out->type = LIQUID_FLOAT;
		out->f = strtod(text, NULL);
	}
	return true;
}

static bool word(struct scan *s, const char *text, struct liquid_value *out, enum liquid_type type,
		 bool truth)
{
	size_t n = strlen(text);
	if ((size_t)(s->end - s->p) < n || memcmp(s->p, text, n) != 0)
		return false;
	*out = (struct liquid_value){.type = type, .p = s->p, .len = n, .truth = truth};
	s->p += n;
	return true;
}

static bool value(struct scan *s, int depth, struct liquid_value *out);

/* Room for one more; doubles what there is. */
static void *more(struct scan *s, void *v, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return v;
	*cap = *cap == 0 ? 8 : *cap * 2;
	void *grown = liquid_take(s->arena, *cap * size);
	if (grown != NULL && n > 0)
		memcpy(grown, v, n * size);
	return grown;
}

static bool array(struct scan *s, int depth, struct liquid_value *out)
{
	struct liquid_value *v = NULL;
	size_t n = 0, cap = 0;
	if (!take_char(s, ']')) {
		do {
			v = more(s, v, n, &cap, sizeof(*v));
			if (v == NULL || !value(s, depth + 1, &v[n]))
				return false;
			n++;
		} while (take_char(s, ','));
		if (!take_char(s, ']'))
			return false;
	}
	*out = (struct liquid_value){.type = LIQUID_ARRAY, .array = {v, n}};
	return true;
}

static int member_order(const void *a, const void *b)
{
	const struct liquid_member *x = *(const struct liquid_member *const *)a;
	const struct liquid_member *y = *(const struct liquid_member *const *)b;
	if (x->key_len != y->key_len)
		return x->key_len < y->key_len ? -1 : 1;
	return memcmp(x->key, y->key, x->key_len);
}

/* The reader would have to choose. */
static bool repeated(struct scan *s, const struct liquid_member *v, size_t n)
{
	const struct liquid_member **sorted =
	    n > 1 ? liquid_take(s->arena, n * sizeof(*sorted)) : NULL;
	bool found = n > 1 && sorted == NULL;
	for (size_t i = 0; sorted != NULL && i < n; i++)
		sorted[i] = &v[i];
	if (sorted != NULL)
		qsort(sorted, n, sizeof(*sorted), member_order);
	for (size_t i = 1; sorted != NULL && !found && i < n; i++) {
		found = member_order(&sorted[i - 1], &sorted[i]) == 0;
		if (found)
			s->why = "the object has two members of the same name";
	}
	return found;
}

static bool object(struct scan *s, int depth, struct liquid_value *out)
{
	struct liquid_member *v = NULL;
	size_t n = 0, cap = 0;
	if (!take_char(s, '}')) {
		do {
			v = more(s, v, n, &cap, sizeof(*v));
			if (v == NULL || !string(s, &v[n].key, &v[n].key_len) ||
			    !take_char(s, ':') || !value(s, depth + 1, &v[n].value))
				return false;
			n++;
		} while (take_char(s, ','));
		if (!take_char(s, '}') || repeated(s, v, n))
			return false;
	}
	*out = (struct liquid_value){.type = LIQUID_OBJECT, .object = {v, n}};
	return true;
}

static bool value(struct scan *s, int depth, struct liquid_value *out)
{
	blanks(s);
	if (depth == MAX_DEPTH)
		s->why = "the JSON nests deeper than 32 levels";
	if (s->p == s->end || depth == MAX_DEPTH)
		return false;

	const char *from = s->p;
	bool ok = false;
	switch (*s->p) {
	case '"':
		memset(out, 0, sizeof(*out));
		out->type = LIQUID_STRING;
		return string(s, &out->p, &out->len);
	case '{':
	case '[':
		s->p++;
		ok = *from == '{' ? object(s, depth, out) : array(s, depth, out);
		out->p = from;
		out->len = (size_t)(s->p - from);
		return ok;
	case 't':
		return word(s, "true", out, LIQUID_BOOL, true);
	case 'f':
		return word(s, "false", out, LIQUID_BOOL, false);
	case 'n':
		return word(s, "null", out, LIQUID_NIL, false);
	default:
		return number_value(s, out);
	}
}

bool liquid_json(const char *p, size_t len, struct liquid_arena *arena, struct liquid_value *out,
		 struct liquid_json_fault *fault)
{
	struct scan s = {.p = p, .end = p + len, .arena = arena};
	bool ok = value(&s, 0, out);
	if (ok)
		blanks(&s);
	*fault = (struct liquid_json_fault){s.why, (size_t)(s.p - p)};
	return ok && s.p == s.end;
}
