/* SPDX-License-Identifier: MIT */
/* A manifest's JSON, its comments, and where it is wrong. */
#include "map_manifest_text.h"

#include <json-c/json.h>
#include <stdio.h>

/* What may follow the JSON's end. */
static const char *skip_blanks(const char *p)
{
	for (;;) {
		p += strspn(p, " \t\r\n");
		if (strncmp(p, "//", 2) == 0) {
			p += strcspn(p, "\n");
		} else if (strncmp(p, "/*", 2) == 0) {
			const char *end = strstr(p + 2, "*/");
			if (end == NULL)
				return p;
			p = end + 2;
		} else {
			return p;
		}
	}
}

static void position(const char *text, size_t offset, size_t *line, size_t *column)
{
	*line = *column = 1;
	for (size_t i = 0; i < offset && text[i] != '\0'; i++) {
		*column = text[i] == '\n' ? 1 : *column + (((unsigned char)text[i] & 0xc0) != 0x80);
		*line += text[i] == '\n';
	}
}

static enum df_status bad_syntax(const char *text, size_t offset, const char *why,
				 struct df_err *err)
{
	size_t line, column;
	position(text, offset, &line, &column);
	df_err_place(err, NULL, line, NULL);
	err->position = column;
	return df_fail(DF_USAGE, err, NULL, "manifest: %s", why);
}

/* The end of a string or comment that begins at p; p itself where none does. */
static const char *skip_opaque(const char *p)
{
	char quote = *p;
	if (quote == '/')
		return skip_blanks(p);
	if (quote != '"' && quote != '\'')
		return p;
	for (p++; *p != '\0' && *p != quote; p++)
		if (*p == '\\' && p[1] != '\0')
			p++;
	return *p == quote ? p + 1 : p;
}

/* json-c keeps no positions. The text is known to be good JSON by now, and its entries are the
 * objects on the third level. Without an entry it is a member of the manifest itself; one that
 * is missing is reported where the manifest begins. */
static size_t find_place(const char *text, size_t entry, const char *key)
{
	size_t depth = 0, begin = 0, len = key != NULL ? strlen(key) : 0;
	for (const char *p = text; *p != '\0';) {
		const char *next = skip_opaque(p);
		if (next != p) {
			if (entry == 0 && key != NULL && depth == 1 &&
			    (size_t)(next - p) == len + 2 && memcmp(p + 1, key, len) == 0 &&
			    *skip_blanks(next) == ':')
				return (size_t)(p - text);
			p = next;
			continue;
		}
		if (*p == '{' && depth == 0)
			begin = (size_t)(p - text);
		if (*p == '{' && depth == 2 && entry > 0 && --entry == 0)
			return (size_t)(p - text);
		depth += *p == '{' || *p == '[';
		depth -= *p == '}' || *p == ']';
		p++;
	}
	return begin;
}

void map_manifest_place(const char *text, size_t entry, const char *key, struct df_err *err)
{
	size_t line, column;
	position(text, find_place(text, entry, key), &line, &column);
	df_err_place(err, NULL, line, NULL);
	err->position = column;
}

#define EXACT_DIGITS 18 /* of an integer that fits into 64 bits, whatever they are */

/* How many bytes at p are an integer of more digits than that; 0: they are not. */
static size_t long_integer(const char *p)
{
	const size_t sign = *p == '-', digits = strspn(p + sign, "0123456789");
	const char after = p[sign + digits];
	bool integer = after != '.' && after != 'e' && after != 'E';
	return digits > EXACT_DIGITS && integer ? sign + digits : 0;
}

/* The same JSON with such integers in quotes. */
static void quote_integers(const char *text, struct df_buf *out)
{
	for (const char *p = text, *next; *p != '\0'; p = next) {
		next = skip_opaque(p);
		size_t n = next == p ? long_integer(p) : 0;
		if (n > 0) {
			df_buf_addf(out, "\"%.*s\"", (int)n, p);
			next = p + n;
			continue;
		}
		/* the digits after a point or in an exponent are not looked at */
		if (next == p)
			next += strspn(p, "-+.0123456789eE");
		next += next == p;
		df_buf_add(out, p, (size_t)(next - p));
	}
}

/* A byte order mark is not a part of the JSON. */
static size_t text_start(const char *text)
{
	return strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* The reader cuts integers to 64 bits. They are wanted digit for digit, and wherever a manifest may
 * have a number, a string of its digits does as well. */
static void read_exactly(const char *text, struct json_object **root)
{
	struct df_buf quoted = {.max = 3 * strlen(text) + 64};
	quote_integers(text, &quoted);
	if (quoted.len > strlen(text)) {
		struct json_object *exact = json_tokener_parse(df_buf_cstr(&quoted));
		if (exact != NULL) {
			json_object_put(*root);
			*root = exact;
		}
	}
	df_buf_free(&quoted);
}

/* ---- keys that are there twice ---- */

#define MAX_DEPTH JSON_TOKENER_DEFAULT_DEPTH

struct keys {
	struct json_tokener *tok;
	/* own: for each key of the objects that are open where it is; NULL in arrays */
	struct json_object *seen[MAX_DEPTH + 1];
	size_t depth;
};

/* The key that the bytes, which have quotes and perhaps escapes, are for json-c; NULL: none. */
static struct json_object *read_key(struct keys *k, const char *p, size_t len)
{
	json_tokener_reset(k->tok);
	return json_tokener_parse_ex(k->tok, p, (int)len);
}

static enum df_status bad_key(const char *text, const char *p, const char *key, size_t first,
			      struct df_err *err)
{
	size_t line, column;
	char why[256];
	position(text, first, &line, &column);
	snprintf(why, sizeof(why),
		 "'%.100s' is in the same object twice, first on line %zu, column %zu; only one of "
		 "them would count: remove the other one",
		 key, line, column);
	return bad_syntax(text, (size_t)(p - text), why, err);
}

/* The string from p to next, if it is a key, is noted with its place. */
static enum df_status note_key(struct keys *k, const char *text, const char *p, const char *next,
			       struct df_err *err)
{
	struct json_object *seen = k->seen[k->depth], *first = NULL;
	if (seen == NULL || *p == '/' || *skip_blanks(next) != ':')
		return DF_OK;
	struct json_object *name = read_key(k, p, (size_t)(next - p));
	const char *key = name != NULL ? json_object_get_string(name) : NULL;
	enum df_status st = DF_OK;
	if (key != NULL && json_object_object_get_ex(seen, key, &first))
		st = bad_key(text, p, key, (size_t)json_object_get_int64(first), err);
	else if (key != NULL)
		json_object_object_add(seen, key, json_object_new_int64(p - text));
	json_object_put(name);
	return st;
}

static void note_bracket(struct keys *k, char bracket)
{
	if ((bracket == '{' || bracket == '[') && k->depth < MAX_DEPTH)
		k->seen[++k->depth] = bracket == '{' ? json_object_new_object() : NULL;
	if ((bracket == '}' || bracket == ']') && k->depth > 0) {
		json_object_put(k->seen[k->depth]);
		k->seen[k->depth--] = NULL;
	}
}

/* json-c keeps the last one, so that a rule or a value which somebody wrote would not count. The
 * text is known to be good JSON by now. */
static enum df_status check_keys(const char *text, struct df_err *err)
{
	struct keys k = {.tok = json_tokener_new()};
	enum df_status st = DF_OK;
	for (const char *p = text + text_start(text), *next; *p != '\0' && st == DF_OK; p = next) {
		next = skip_opaque(p);
		if (next != p) {
			st = note_key(&k, text, p, next, err);
			continue;
		}
		note_bracket(&k, *p);
		next++;
	}
	for (; k.depth > 0; k.depth--)
		json_object_put(k.seen[k.depth]);
	json_tokener_free(k.tok);
	return st;
}

/* What is wrong with what json-c has read, up to `end`. */
static enum df_status check_syntax(const char *text, size_t end, enum json_tokener_error e,
				   const struct json_object *root, struct df_err *err)
{
	if (e == json_tokener_continue)
		return bad_syntax(text, strlen(text),
				  "the JSON ends too early; a bracket or a quote is open", err);
	if (e != json_tokener_success)
		return bad_syntax(text, end, json_tokener_error_desc(e), err);
	const char *rest = skip_blanks(text + end);
	if (*rest != '\0')
		return bad_syntax(text, (size_t)(rest - text),
				  "nothing but comments may follow the JSON's end", err);
	if (!json_object_is_type(root, json_type_object))
		return bad_syntax(text, text_start(text), "a JSON object is expected", err);
	return check_keys(text, err);
}

enum df_status map_manifest_json(const char *text, struct json_object **out, struct df_err *err)
{
	size_t start = text_start(text);
	struct json_tokener *tok = json_tokener_new();
	json_tokener_set_flags(tok, JSON_TOKENER_VALIDATE_UTF8);
	struct json_object *root =
	    json_tokener_parse_ex(tok, text + start, (int)(strlen(text) - start));
	size_t end = start + json_tokener_get_parse_end(tok);
	enum df_status st = check_syntax(text, end, json_tokener_get_error(tok), root, err);
	json_tokener_free(tok);
	if (st != DF_OK) {
		json_object_put(root);
		return st;
	}
	read_exactly(text + start, &root);
	*out = root;
	return DF_OK;
}
