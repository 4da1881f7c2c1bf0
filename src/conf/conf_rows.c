/* SPDX-License-Identifier: MIT */
/* Values that say how a document is written: characters, words, an encoding, a pattern. */
#include "conf_ini.h"
#include "conf_value.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* ---- one character ---- */

/* The value's first character, and its bytes; 0: it is not UTF-8. */
static size_t utf8_get(const char *value, uint32_t *out)
{
	const unsigned char *p = (const unsigned char *)value;
	const size_t len = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
	if (*p == '\0' || strnlen(value, len) < len || df_utf8_valid(value, len) != len)
		return 0;
	*out = len == 1 ? *p : *p & (0x7fu >> len);
	for (size_t i = 1; i < len; i++)
		*out = *out << 6 | (p[i] & 0x3fu);
	return len;
}

/* The value that follows a prefix, as a hexadecimal number. */
static bool read_code(const char *value, const char *prefix, size_t digits, uint32_t *out)
{
	size_t skip = strlen(prefix), len = strlen(value);
	if (strncasecmp(value, prefix, skip) != 0 || len == skip || len > skip + digits ||
	    strspn(value + skip, "0123456789abcdefABCDEF") != len - skip)
		return false;
	*out = (uint32_t)strtoul(value + skip, NULL, 16);
	return true;
}

static bool read_char(const char *value, uint32_t *out)
{
	size_t len = utf8_get(value, out);
	if (strcasecmp(value, "tab") == 0 || strcmp(value, "\\t") == 0) {
		*out = '\t';
		return true;
	}
	if (len > 0 && value[len] == '\0')
		return true;
	if (read_code(value, "\\x", 2, out))
		return *out != 0 && *out < 0x80;
	return read_code(value, "U+", 6, out) && *out != 0 && *out < 0x110000 &&
	       (*out < 0xd800 || *out > 0xdfff);
}

enum df_status conf_parse_char(void *home, const struct conf_key *key, const char *value,
			       const char *base, struct df_err *err)
{
	(void)base;
	uint32_t c = 0;
	const bool none = key->min == 0 && strcasecmp(value, "none") == 0;
	if (!none && !read_char(value, &c))
		return df_fail(
		    DF_USAGE, err, NULL,
		    "'%s' is not one character: write it as it is, tab, or its code as in \\x01 or "
		    "U+00A7%s",
		    value, key->min == 0 ? ", or none" : "");
	if (c == '\n' || c == '\r')
		return df_fail(DF_USAGE, err, NULL, "a line end always ends a row");
	*(uint32_t *)conf_field(home, key) = c;
	return DF_OK;
}

enum df_status conf_parse_delimiter(void *home, const struct conf_key *key, const char *value,
				    const char *base, struct df_err *err)
{
	if (conf_ini_quoted(value))
		return df_fail(DF_USAGE, err, NULL,
			       "quotes are part of a value; write the value without them");
	if (df_sequence_of(value, conf_field(home, key)))
		return DF_OK;
	if (conf_parse_char(home, key, value, base, err) == DF_OK)
		return DF_OK;
	size_t len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len,
		 ", or two to four signs of ASCII, such as || or ~|~");
	return DF_USAGE;
}

bool conf_print_char(const void *home, const struct conf_key *key, struct df_buf *out)
{
	char text[4];
	uint32_t c = *(const uint32_t *)conf_field_of(home, key);
	if (c == 0)
		df_buf_adds(out, "none");
	else
		df_buf_add(out, text, df_sequence_put(text, c));
	return true;
}

/* ---- words ---- */

/* A word as SQL quotes it, or a list with commas: no cell is meant to hold these signs. */
static bool is_slip(const char *word, size_t len)
{
	return len > 0 && (memchr(word, ',', len) != NULL ||
			   (len > 1 && word[0] == '\'' && word[len - 1] == '\''));
}

/* The word at *s, which is in quotes where it holds blanks; a quote in it is doubled then. */
static bool word_read(const char **s, struct df_buf *out)
{
	const char *p = *s;
	bool quoted = *p == '"';
	p += quoted;
	while (*p != '\0' && (quoted ? *p != '"' || p[1] == '"' : *p != ' ' && *p != '\t')) {
		p += quoted && *p == '"';
		df_buf_addc(out, *p++);
	}
	if (quoted ? *p++ != '"' : is_slip(out->data, out->len))
		return false;
	*s = p;
	return *p == '\0' || *p == ' ' || *p == '\t';
}

static enum df_status words_read(const char *value, struct conf_list *list, struct df_err *err)
{
	struct df_buf word = {0};
	enum df_status st = DF_OK;
	for (const char *s = value + strspn(value, " \t"); *s != '\0'; s += strspn(s, " \t")) {
		df_buf_reset(&word);
		if (!word_read(&s, &word) || word.len == 0) {
			st = df_fail(
			    DF_USAGE, err, NULL,
			    "write words with blanks between them, and a word that holds "
			    "blanks, commas or quotes in double quotes, with each quote in it "
			    "doubled: \\N NULL \"not known\"");
			break;
		}
		list->v = df_realloc(list->v, (list->n + 1) * sizeof(*list->v));
		list->v[list->n++] = df_strndup(word.data, word.len);
	}
	df_buf_free(&word);
	return st;
}

enum df_status conf_parse_words(void *home, const struct conf_key *key, const char *value,
				const char *base, struct df_err *err)
{
	(void)base;
	struct conf_list list = {0}, *field = conf_field(home, key);
	enum df_status st = words_read(value, &list, err);
	if (st != DF_OK) {
		conf_list_free(&list);
		return st;
	}
	conf_list_free(field);
	*field = list;
	return DF_OK;
}

bool conf_print_words(const void *home, const struct conf_key *key, struct df_buf *out)
{
	const struct conf_list *list = conf_field_of(home, key);
	for (size_t i = 0; i < list->n; i++) {
		df_buf_adds(out, i > 0 ? " \"" : "\"");
		for (const char *p = list->v[i]; *p != '\0'; p++) {
			if (*p == '"')
				df_buf_addc(out, '"');
			df_buf_addc(out, *p);
		}
		df_buf_addc(out, '"');
	}
	return true;
}

/* ---- encoding, pattern ---- */

enum df_status conf_parse_encoding(void *home, const struct conf_key *key, const char *value,
				   const char *base, struct df_err *err)
{
	if (strcasecmp(value, "utf-8") == 0 || strcasecmp(value, "utf8") == 0)
		return conf_parse_text(home, key, "utf-8", base, err);

	iconv_t known = strchr(value, '/') == NULL && value[0] != '\0' ? iconv_open("UTF-8", value)
								       : (iconv_t)-1;
	if (known == (iconv_t)-1)
		return df_fail(DF_USAGE, err, NULL,
			       "'%s' is not an encoding that iconv knows on this machine, such as "
			       "windows-1252 or "
			       "utf-16; `iconv -l` lists them",
			       value);
	iconv_close(known);
	return conf_parse_text(home, key, value, base, err);
}

enum df_status conf_parse_pattern(void *home, const struct conf_key *key, const char *value,
				  const char *base, struct df_err *err)
{
	regex_t re;
	enum df_status st = df_pattern_compile(value, &re, err);
	if (st != DF_OK)
		return st;
	size_t groups = re.re_nsub;
	regfree(&re);
	if (groups != 1)
		return df_fail(DF_USAGE, err, NULL,
			       "the pattern has %zu groups where one has to be, around the number: "
			       "Rows: ([0-9]+)",
			       groups);
	return conf_parse_utf8(home, key, value, base, err);
}

/* ---- settings that contradict each other ---- */

#define SAME "are the same character: a document cannot be read so; change one of them"

static bool is_blank_char(uint32_t c)
{
	return c == ' ' || c == '\t';
}

/* Is the character what separates cells, or a part of that? */
static bool separates(const struct conf_rows *r, uint32_t c)
{
	char text[4];
	size_t len = df_sequence_put(text, r->delimiter);
	return c == r->delimiter || (c < 0x80 && memchr(text, (int)c, len) != NULL);
}

bool conf_rows_conflict(const struct conf_rows *r, struct conf_conflict *out)
{
	const bool quotes = r->quote != 0, comments = r->comment != 0;
	const bool skips = r->skip_lines > 0 || r->skip_last_lines > 0 || comments;
	const struct {
		bool here;
		struct conf_conflict what;
	} conflicts[] = {
	    {quotes && separates(r, r->quote), {{"delimiter", "quote"}, SAME}},
	    {comments && r->comment == r->delimiter, {{"delimiter", "comment"}, SAME}},
	    {quotes && comments && r->comment == r->quote, {{"quote", "comment"}, SAME}},
	    {r->backslash && r->delimiter == '\\', {{"delimiter", "escape"}, SAME}},
	    {r->backslash && r->quote == '\\', {{"quote", "escape"}, SAME}},
	    {r->backslash && !quotes && r->comment == '\\', {{"comment", "escape"}, SAME}},
	    {r->trim && is_blank_char(r->quote),
	     {{"quote", "trim"},
	      "contradict each other: blanks around cells would be quotes; "
	      "change one of them"}},
	    {r->trim && is_blank_char(r->comment),
	     {{"comment", "trim"},
	      "contradict each other: blanks before a row would make a "
	      "comment of it; change one of them"}},
	    {r->count != NULL && !skips,
	     {{"row_count", "skip_last_lines"},
	      "do not fit: row_count looks for the number in lines that skip_lines, "
	      "skip_last_lines or comment skip, and nothing is skipped; set one of these"}},
	};

	for (size_t i = 0; i < sizeof(conflicts) / sizeof(*conflicts); i++) {
		if (!conflicts[i].here)
			continue;
		*out = conflicts[i].what;
		return true;
	}
	return false;
}

enum df_status conf_rows_check(const struct conf_rows *rows, struct df_err *err)
{
	struct conf_conflict c;
	if (!conf_rows_conflict(rows, &c))
		return DF_OK;
	return df_fail(DF_USAGE, err, NULL, "%s and %s %s", c.keys[0], c.keys[1], c.why);
}
