/* SPDX-License-Identifier: MIT */
/*
 * A JSON object in a cell, copied member by member. It is read here rather than by json-c because numbers have to keep
 * their digits, nothing may be allocated per row, and what is valid is copied as it stands.
 */
#include "map_priv.h"

#include <stdio.h>

#define MAX_DEPTH    32
#define MAX_COMPARED 256 /* members whose names are compared with each other */

struct scan {
	const char *p, *end;
	struct map_json_rules *rules;
	struct df_buf *out;
	struct map_cell_fault *fault;
	struct {
		const char *p;
		size_t len;
		bool escaped; /* it may be spelt otherwise elsewhere */
	} keys[MAX_COMPARED];
};

static bool refuse(struct scan *s, const char *code, const char *text)
{
	s->fault->code = code;
	snprintf(s->fault->text, sizeof(s->fault->text), "%s", text);
	return false;
}

static bool bad(struct scan *s)
{
	return refuse(s, "bad-json",
		      "a JSON object is expected, such as {\"key\": \"value\"}; double each quote in the CSV");
}

static void blanks(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

static bool take(struct scan *s, char c)
{
	blanks(s);
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

static int hex4(const char *p, const char *end)
{
	int value = 0;
	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		int d = c >= '0' && c <= '9'   ? c - '0'
			: c >= 'a' && c <= 'f' ? c - 'a' + 10
			: c >= 'A' && c <= 'F' ? c - 'A' + 10
					       : -1;
		if (d < 0)
			return -1;
		value = value * 16 + d;
	}
	return value;
}

/* The escape after a backslash; *s->p is the letter. A surrogate has to have its other half. */
static bool skip_escape(struct scan *s)
{
	if (s->p == s->end)
		return false;
	char c = *s->p++;
	if (c != 'u')
		return c != '\0' && strchr("\"\\/bfnrt", c) != NULL;
	int unit = hex4(s->p, s->end);
	if (unit <= 0 || (unit >= 0xdc00 && unit <= 0xdfff))
		return false;
	s->p += 4;
	if (unit < 0xd800 || unit > 0xdbff)
		return true;
	if (s->end - s->p < 6 || s->p[0] != '\\' || s->p[1] != 'u')
		return false;
	int low = hex4(s->p + 2, s->end);
	s->p += 6;
	return low >= 0xdc00 && low <= 0xdfff;
}

/* A string; *text and *len are what stands between its quotes, escapes and all. More than `max` characters (0: any
 * number) are cut off, or are a fault. */
static bool string(struct scan *s, size_t max, const char **text, size_t *len)
{
	size_t n = 0;
	const char *cut = NULL;
	if (!take(s, '"'))
		return bad(s);
	*text = s->p;
	while (s->p < s->end && *s->p != '"') {
		unsigned char c = (unsigned char)*s->p;
		if ((c & 0xc0) != 0x80 && n++ == max && max > 0)
			cut = s->p;
		s->p++;
		if (c < 0x20 || (c == '\\' && !skip_escape(s)))
			return bad(s);
	}
	if (s->p == s->end)
		return bad(s);
	*len = (size_t)((cut != NULL ? cut : s->p) - *text);
	s->p++;
	if (cut == NULL)
		return true;
	if (!s->rules->truncate)
		return refuse(
		    s, "too-long",
		    "a name or a value in the object is longer than the API takes (256, 4096, 512 in a list)");
	s->rules->truncated = true;
	return true;
}

static bool digits(struct scan *s)
{
	const char *from = s->p;
	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	return s->p > from;
}

/* A number or a word. */
static bool scalar(struct scan *s)
{
	static const char *const words[] = {"true", "false", "null"};
	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(words[i]);
		if ((size_t)(s->end - s->p) >= n && memcmp(s->p, words[i], n) == 0) {
			s->p += n;
			return true;
		}
	}
	if (s->p < s->end && *s->p == '-')
		s->p++;
	if (s->p < s->end && *s->p == '0')
		s->p++;
	else if (!digits(s))
		return false;
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		if (!digits(s))
			return false;
	}
	if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
		s->p++;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
			s->p++;
		return digits(s);
	}
	return true;
}

static bool skip_value(struct scan *s, int depth)
{
	const char *text;
	size_t len;
	blanks(s);
	if (s->p == s->end || depth == MAX_DEPTH)
		return bad(s);
	if (*s->p == '"')
		return string(s, 0, &text, &len);
	if (*s->p != '{' && *s->p != '[')
		return scalar(s) || bad(s);
	bool object = *s->p++ == '{';
	char shut = object ? '}' : ']';
	if (take(s, shut))
		return true;
	do {
		if (object && (!string(s, 0, &text, &len) || !take(s, ':')))
			return bad(s);
		if (!skip_value(s, depth + 1))
			return false;
	} while (take(s, ','));
	return take(s, shut) || bad(s);
}

/* A value that becomes a string: a string as it is, anything else as its text. null: *none. */
static bool value(struct scan *s, size_t max, bool *none)
{
	const char *text = NULL;
	size_t len = 0;
	size_t before = s->out->len;
	*none = false;
	blanks(s);
	if (s->p < s->end && *s->p == '"') {
		if (!string(s, max, &text, &len))
			return false;
		df_buf_addc(s->out, '"');
		df_buf_add(s->out, text, len);
		df_buf_addc(s->out, '"');
		return true;
	}
	text = s->p;
	if (!skip_value(s, 1))
		return false;
	len = (size_t)(s->p - text);
	if (len == 4 && memcmp(text, "null", 4) == 0) {
		*none = true;
		s->out->len = before;
		return true;
	}
	if (max > 0 && map_utf8_prefix(text, len, max) < len)
		return refuse(s, "too-long", "a value in the object is longer than the API takes");
	df_json_string(s->out, text, len);
	return true;
}

static bool list(struct scan *s)
{
	size_t n = 0, before;
	bool none;
	s->p++;
	df_buf_addc(s->out, '[');
	if (take(s, ']')) {
		df_buf_addc(s->out, ']');
		return true;
	}
	do {
		before = s->out->len;
		if (n > 0)
			df_buf_addc(s->out, ',');
		if (!value(s, s->rules->limited ? MAP_MAX_LIST_VALUE : 0, &none))
			return false;
		if (s->rules->limited && n == MAP_MAX_LIST && !none) {
			if (!s->rules->truncate)
				return refuse(s, "too-many-attributes", "the API takes at most 1000 entries in a list");
			s->rules->truncated = none = true;
		}
		if (none)
			s->out->len = before;
		else
			n++;
	} while (take(s, ','));
	df_buf_addc(s->out, ']');
	return take(s, ']') || bad(s);
}

/* The next character of a string that was found to be good, its escapes undone. */
static uint32_t next_char(const char **p)
{
	static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
	unsigned char c = (unsigned char)*(*p)++;
	if (c == '\\' && **p != 'u') {
		const char *letter = strchr(letters, *(*p)++);
		return letter != NULL ? (unsigned char)meant[letter - letters] : (unsigned char)(*p)[-1];
	}
	if (c == '\\') {
		uint32_t unit = (uint32_t)hex4(*p + 1, *p + 5);
		*p += 5;
		if (unit < 0xd800 || unit > 0xdfff)
			return unit;
		uint32_t low = (uint32_t)hex4(*p + 2, *p + 6);
		*p += 6;
		return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
	}
	if (c < 0x80)
		return c;
	int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
	uint32_t value = c & (0x3fu >> more);
	while (more-- > 0)
		value = value << 6 | ((unsigned char)*(*p)++ & 0x3f);
	return value;
}

static bool same_name(const char *a, size_t a_len, const char *b, size_t b_len)
{
	const char *a_end = a + a_len, *b_end = b + b_len;
	while (a < a_end && b < b_end)
		if (next_char(&a) != next_char(&b))
			return false;
	return a == a_end && b == b_end;
}

/* Two members of one name, however it is spelt: the API would have to choose. */
static bool repeated(struct scan *s, const char *key, size_t len)
{
	size_t n = s->rules->members < MAX_COMPARED ? s->rules->members : MAX_COMPARED;
	bool escaped = memchr(key, '\\', len) != NULL;
	for (size_t i = 0; i < n; i++) {
		if (s->keys[i].len == len && memcmp(s->keys[i].p, key, len) == 0)
			return true;
		if ((escaped || s->keys[i].escaped) && same_name(s->keys[i].p, s->keys[i].len, key, len))
			return true;
	}
	if (n < MAX_COMPARED) {
		s->keys[n].p = key;
		s->keys[n].len = len;
		s->keys[n].escaped = escaped;
	}
	return false;
}

static bool member(struct scan *s)
{
	struct map_json_rules *rules = s->rules;
	const char *key = NULL;
	size_t len = 0, before = s->out->len;
	bool none = false;
	if (!string(s, rules->limited ? MAP_MAX_NAME : 0, &key, &len))
		return false;
	if (!take(s, ':'))
		return bad(s);
	if (repeated(s, key, len))
		return refuse(s, "bad-json", "the object has two members of the same name");
	if (rules->members > 0)
		df_buf_addc(s->out, ',');
	df_buf_addc(s->out, '"');
	df_buf_add(s->out, key, len);
	df_buf_add(s->out, "\":", 2);
	blanks(s);
	if (rules->lists && s->p < s->end && *s->p == '[') {
		if (!list(s))
			return false;
	} else if (!value(s, rules->limited ? MAP_MAX_VALUE : 0, &none)) {
		return false;
	}
	if (!none && rules->limited && rules->members == MAP_MAX_ATTRIBUTES) {
		if (!rules->truncate)
			return refuse(s, "too-many-attributes", "the API takes at most 100 attributes");
		rules->truncated = none = true;
	}
	if (none)
		s->out->len = before;
	else
		rules->members++;
	return true;
}

bool map_json_emit(const char *p, size_t len, struct map_json_rules *rules, struct df_buf *out,
		   struct map_cell_fault *fault)
{
	struct scan s; /* not zeroed as a whole: the keys are many and only read once set */
	size_t before = out->len;
	s.p = p;
	s.end = p + len;
	s.rules = rules;
	s.out = out;
	s.fault = fault;
	rules->members = 0;
	rules->truncated = false;
	bool ok = take(&s, '{') || bad(&s);
	df_buf_addc(out, '{');
	if (ok && !take(&s, '}')) {
		do
			ok = member(&s);
		while (ok && take(&s, ','));
		ok = ok && (take(&s, '}') || bad(&s));
	}
	df_buf_addc(out, '}');
	blanks(&s);
	ok = ok && (s.p == s.end || bad(&s));
	if (!ok)
		out->len = before;
	return ok;
}
