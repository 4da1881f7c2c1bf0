/* SPDX-License-Identifier: MIT */
/* An INI file's lines. A value that continues is joined where it is, in the caller's text: it
 * only gets shorter. */
#include "conf_ini.h"

#include <string.h>

#define BLANKS " \t\f\v"

struct line {
	char *s; /* without the blanks around it, not NUL-terminated */
	size_t len;
	size_t indent; /* in columns */
	size_t next;   /* where the line after it begins */
	const char *problem;
};

static bool is_blank_byte(char c)
{
	return c != '\0' && strchr(BLANKS, c) != NULL;
}

static const char *line_problem(const char *s, size_t len)
{
	if (memchr(s, '\0', len) != NULL)
		return "the line holds a NUL byte: save the file as UTF-8 text";
	if (memchr(s, '\r', len) != NULL)
		return "the line holds a bare CR: save the file with LF or CRLF line ends";
	return NULL;
}

/* Looks at the next line without taking it; false at the end of the text. */
static bool line_peek(const struct conf_ini *ini, struct line *out)
{
	if (ini->at >= ini->len)
		return false;

	char *s = ini->text + ini->at, *lf = memchr(s, '\n', ini->len - ini->at);
	size_t len = lf != NULL ? (size_t)(lf - s) : ini->len - ini->at;
	*out = (struct line){.s = s, .len = len, .next = ini->at + len + (lf != NULL)};
	if (len > 0 && s[len - 1] == '\r')
		out->len--;
	if (ini->at == 0 && out->len >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0) {
		out->s += 3;
		out->len -= 3;
	}

	out->problem = line_problem(out->s, out->len);
	for (; out->len > 0 && is_blank_byte(*out->s); out->s++, out->len--)
		out->indent += *out->s == '\t' ? 8 - out->indent % 8 : 1;
	while (out->len > 0 && is_blank_byte(out->s[out->len - 1]))
		out->len--;
	return true;
}

static void line_accept(struct conf_ini *ini, const struct line *line)
{
	ini->at = line->next;
	ini->lines++;
}

static bool line_is_comment(const struct line *line)
{
	return line->len > 0 && (*line->s == '#' || *line->s == ';');
}

/* Does the line begin with `name =`, of a key that is known? */
static bool line_is_key(const struct conf_ini *ini, const struct line *line)
{
	char name[64];
	size_t len = 0;
	while (len < line->len &&
	       ((line->s[len] >= 'a' && line->s[len] <= 'z') || line->s[len] == '_'))
		len++;

	size_t equals = len;
	while (equals < line->len && is_blank_byte(line->s[equals]))
		equals++;
	if (len == 0 || len >= sizeof(name) || equals >= line->len || line->s[equals] != '=')
		return false;
	memcpy(name, line->s, len);
	name[len] = '\0';
	return ini->is_key != NULL && ini->is_key(name);
}

/* Adds the lines that continue the value, which ends at `end`. */
static void value_continue(struct conf_ini *ini, char *end, size_t indent)
{
	struct line line;
	while (line_peek(ini, &line) && line.problem == NULL && line.len > 0) {
		if (!line_is_comment(&line)) {
			if (line.indent <= indent || line_is_key(ini, &line))
				break;
			/* As a shell has it: the backslash would stay in the value. */
			if (end > ini->value && end[-1] == '\\')
				ini->problem =
				    "a value goes on in the next line where that is indented: "
				    "leave out the backslash at the end of the line";
			/* A line end and an indent are gone: there is room for a blank and the
			 * final NUL. */
			if (end > ini->value)
				*end++ = ' ';
			memmove(end, line.s, line.len);
			end += line.len;
		}
		line_accept(ini, &line);
	}
	*end = '\0';
}

static void take_key(struct conf_ini *ini, const struct line *line)
{
	char *end = line->s + line->len, *sign = line->s;
	while (sign < end && *sign != '=' && *sign != ':')
		sign++;
	if (sign == end || sign == line->s) {
		ini->problem = line->indent > 0
				   ? "neither a section, nor 'key = value', nor a comment; a value "
				     "is continued "
				     "directly below its key, indented deeper than that"
				   : "neither a section, nor 'key = value', nor a comment";
		return;
	}

	char *name_end = sign, *value = sign + 1;
	while (is_blank_byte(name_end[-1]))
		name_end--;
	while (value < end && is_blank_byte(*value))
		value++;
	*name_end = '\0';
	ini->kind = CONF_INI_KEY;
	ini->name = line->s;
	ini->value = value;
	value_continue(ini, end, line->indent);
}

static void take_section(struct conf_ini *ini, const struct line *line)
{
	char *title = line->s + 1, *end = line->s + line->len,
	     *close = memchr(title, ']', (size_t)(end - title));
	ini->kind = CONF_INI_SECTION;
	if (close == NULL) {
		ini->problem = "the section's ']' is missing";
		return;
	}

	const char *rest = close + 1;
	while (rest < end && is_blank_byte(*rest))
		rest++;
	if (rest < end && *rest != ';' && *rest != '#')
		ini->problem = "nothing may follow the section's ']'";
	while (title < close && is_blank_byte(*title))
		title++;
	while (close > title && is_blank_byte(close[-1]))
		close--;
	*close = '\0';
	ini->name = title;
}

bool conf_ini_next(struct conf_ini *ini)
{
	struct line line;
	ini->kind = CONF_INI_OTHER;
	ini->name = ini->problem = NULL;
	ini->value = NULL;
	while (line_peek(ini, &line)) {
		line_accept(ini, &line);
		ini->line = ini->lines;
		ini->problem = line.problem;
		if (line.problem != NULL)
			return true;
		if (line.len == 0 || line_is_comment(&line))
			continue;

		if (*line.s == '[')
			take_section(ini, &line);
		else
			take_key(ini, &line);
		return true;
	}
	return false;
}

/* ---- values that were written as other programs want them ---- */

char *conf_ini_comment(char *value)
{
	for (char *s = value; (s = strpbrk(s, "#;")) != NULL; s++)
		if (s == value ? s[1] != '\0' : is_blank_byte(s[-1]))
			return s;
	return NULL;
}

bool conf_ini_quoted(const char *value)
{
	size_t len = strlen(value);
	return len >= 2 && (*value == '"' || *value == '\'') && value[len - 1] == *value;
}

void conf_ini_unescape(char *value)
{
	char *to = value;
	for (const char *s = value; *s != '\0'; s++) {
		bool comment = *s == '\\' && (s[1] == '#' || s[1] == ';') &&
			       (s == value || is_blank_byte(s[-1]));
		bool quote = *s == '\\' && (s[1] == '"' || s[1] == '\'') && s == value;
		if (!comment && !quote)
			*to++ = *s;
	}
	*to = '\0';
}
