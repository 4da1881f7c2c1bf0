/* SPDX-License-Identifier: MIT */
#include "send_priv.h"

#include <ctype.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#define WORDS_MAX 1000u /* of the API's words, per batch */

/* Number of UTF-16 code units of UTF-8 text. */
static size_t utf16_units(const char *s, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		n += (c & 0xc0) != 0x80; /* not a continuation byte */
		n += c >= 0xf0;          /* beyond U+FFFF: a surrogate pair */
	}
	return n;
}

/* ---- HTML entities: the API escapes its messages for a page that nobody shows ---- */

/* The character that the entity at s (which starts with '&') stands for, and its length; 0: none. Every entity is at
 * least as long as the UTF-8 form of its character ("&#9;" is 4 bytes), so that decoding in place never overtakes
 * itself. */
static unsigned long entity_read(const char *s, size_t *len)
{
	static const struct {
		const char *name;
		char c;
	} named[] = {{"&quot;", '"'}, {"&apos;", '\''}, {"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}};
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		*len = strlen(named[i].name);
		if (strncmp(s, named[i].name, *len) == 0)
			return (unsigned char)named[i].c;
	}
	if (s[1] != '#')
		return 0;
	bool hex = s[2] == 'x' || s[2] == 'X';
	const char *digits = s + (hex ? 3 : 2);
	if (!isxdigit((unsigned char)*digits))
		return 0;
	char *end = NULL;
	unsigned long c = strtoul(digits, &end, hex ? 16 : 10);
	if (end == digits || *end != ';' || c < 0x20 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*len = (size_t)(end + 1 - s);
	return c;
}

void send_html_decode(char *s)
{
	char *to = s;
	while (*s != '\0') {
		size_t len = 0;
		unsigned long c = *s == '&' ? entity_read(s, &len) : 0;
		if (c == 0) {
			*to++ = *s++;
			continue;
		}
		to += df_utf8_put(to, (uint32_t)c);
		s += len;
	}
	*to = '\0';
}

/* ---- where an error points ---- */

/* The batch that the Nth UTF-16 unit of the body, from 1, belongs to; a comma belongs to the batch before it. */
static bool locate_unit(const struct send_request *r, unsigned long unit, size_t *which)
{
	size_t end = 1; /* "[" */
	for (size_t i = r->from; i < r->to; i++) {
		end += utf16_units(r->item[i].batch->json, r->item[i].batch->json_len) + 1;
		if (unit >= 1 && unit <= end) {
			*which = i - r->from;
			return true;
		}
	}
	return false;
}

/* The last place counts: what stands before it may quote the file. */
static const char *last_in(const char *s, const char *what)
{
	const char *last = NULL;
	for (const char *p = strstr(s, what); p != NULL; p = strstr(p + 1, what))
		last = p;
	return last;
}

static bool locate(const struct send_request *r, const char *message, size_t *which)
{
	unsigned long n = 0, line = 1, at = 0;
	char quote = 0;
	const char *path = last_in(message, "Path '[");
	if (path != NULL && sscanf(path, "Path '[%9lu%c", &n, &quote) == 2 && quote == ']' && n < r->to - r->from) {
		*which = n;
		return true;
	}
	const char *place = last_in(message, "position ");
	if (place == NULL || sscanf(place, "position %9lu", &n) != 1)
		return false;
	while (place > message && strncmp(place, "line ", 5) != 0)
		place--;
	if (sscanf(place, "line %9lu, position %9lu", &line, &at) != 2 || at != n)
		line = 1;
	return line == 1 && locate_unit(r, n, which); /* the body has one line */
}

/* ---- the answer's body ---- */

static void words_add(struct df_buf *words, const char *s)
{
	size_t len = df_utf8_valid(s, strlen(s));
	if (len > WORDS_MAX)
		len = df_utf8_valid(s, WORDS_MAX);
	if (len == 0 || words->len + len > WORDS_MAX)
		return;
	if (words->len > 0)
		df_buf_adds(words, "; ");
	df_buf_add(words, s, len);
}

/* Reads errors[] into located and words. Returns how many errors there are, and how many of them locate nothing. */
static size_t errors_read(struct send_verdict *v, const struct send_request *r, struct json_object *errors,
			  struct df_buf *words, size_t *lost)
{
	size_t n = json_object_array_length(errors);
	for (size_t i = 0; i < n; i++) {
		struct json_object *error = json_object_array_get_idx(errors, i), *text = NULL;
		if (json_object_is_type(error, json_type_object))
			json_object_object_get_ex(error, "message", &text);
		else
			text = error;
		char *message = df_strdup(text != NULL ? json_object_get_string(text) : "an error without a message");
		send_html_decode(message);
		words_add(words, message);
		size_t which = 0;
		if (!locate(r, message, &which))
			(*lost)++;
		else if (!v->located[which]) {
			v->located[which] = true;
			v->n_located++;
		}
		free(message);
	}
	return n;
}

/* A 202 of which only a part came, or a page for people from somebody on the way: nobody knows what was taken. */
static bool answer_broken(const char *body, size_t len, const struct json_object *o)
{
	size_t i = 0;
	while (i < len && isspace((unsigned char)body[i]))
		i++;
	return i < len && (body[i] == '<' || (o == NULL && (body[i] == '{' || body[i] == '[')));
}

static struct json_object *answer_parse(const char *body, size_t len)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *o = len > 0 && len < INT32_MAX ? json_tokener_parse_ex(tok, body, (int)len) : NULL;
	json_tokener_free(tok);
	return o;
}

/* For an answer that has no errors[]: its status and the start of its text, when it is a text for people. */
static void words_plain(struct df_buf *words, long status, const char *body, size_t len)
{
	df_buf_addf(words, "HTTP %ld", status);
	len = df_utf8_valid(body, len < 200 ? len : 200);
	if (len == 0 || body[0] == '<' || body[0] == '\0')
		return;
	df_buf_adds(words, ": ");
	for (size_t i = 0; i < len; i++)
		df_buf_addc(words, (unsigned char)body[i] < 0x20 ? ' ' : body[i]);
}

static enum send_action verdict_complaint(struct send_verdict *v, const struct send_request *r, long status,
					  const char *body, size_t len, bool cut)
{
	struct df_buf words = {.max = 4 * WORDS_MAX};
	struct json_object *o = answer_parse(body, len), *errors = NULL;
	size_t n = 0, lost = 0;
	if (json_object_is_type(o, json_type_object) && json_object_object_get_ex(o, "errors", &errors) &&
	    json_object_is_type(errors, json_type_array))
		n = errors_read(v, r, errors, &words, &lost);
	bool broken = status == 202 && !cut && answer_broken(body, len, o);
	json_object_put(o);
	if (broken) {
		df_buf_free(&words);
		return SEND_AGAIN;
	}
	if (status == 202 && n == 0 && !cut) {
		df_buf_free(&words);
		return SEND_ACCEPT;
	}
	if (words.len == 0)
		words_plain(&words, status, body, len);
	v->rest_stands = status == 202 && lost == 0 && !cut;
	v->words = df_strdup(df_buf_cstr(&words));
	df_buf_free(&words);
	return SEND_SPLIT;
}

void send_verdict_read(struct send_verdict *v, const struct send_request *r, long status, const char *body, size_t len,
		       bool cut)
{
	*v = (struct send_verdict){0};
	if (status == 429)
		v->action = SEND_THROTTLE;
	else if (status == 401 || status == 403)
		v->action = SEND_DENY;
	else if (status == 413) {
		v->action = SEND_HALVE;
		v->words = df_strdup("HTTP 413: the batch is too large for the API");
	} else if (status == 202 || (status >= 300 && status < 500 && status != 408))
		v->action = verdict_complaint(v, r, status, body, len, cut);
	else /* 5xx, 408, and a 2xx that is not the API's 202: whoever answered took nothing */
		v->action = SEND_AGAIN;
}

void send_verdict_free(struct send_verdict *v)
{
	free(v->words);
	v->words = NULL;
}
