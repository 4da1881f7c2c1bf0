/* SPDX-License-Identifier: MIT */
/* A batch for a terminal: indented, and nothing in it that a terminal would obey. */
#include "cli_explain.h"

#include <stdio.h>
#include <wchar.h>

/* ---- safe text ---- */

/* Control characters, and those that turn the direction of writing around (Unicode's
 * Bidi_Control). */
static bool obeyed(wchar_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* One character of the text, as it is shown. Returns how many bytes it took. */
static size_t show_char(const char *p, size_t len, char out[16], size_t *width)
{
	mbstate_t state = {0};
	wchar_t c = 0;
	size_t n = mbrtowc(&c, p, len, &state);
	if (n == 0)
		n = 1;
	if (n > len) {
		n = 1;
		snprintf(out, 16, "\\x%02x", (unsigned)(unsigned char)*p);
	} else if (c == '\n' || c == '\r' || c == '\t') {
		snprintf(out, 16, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
	} else if (obeyed(c)) {
		snprintf(out, 16, "\\u%04x", (unsigned)c);
	} else {
		int w = wcwidth(c);
		memcpy(out, p, n);
		out[n] = '\0';
		*width = w > 0 ? (size_t)w : 0;
		return n;
	}

	*width = strlen(out);
	return n;
}

size_t cli_safe(struct df_buf *out, const char *p, size_t len, size_t max)
{
	size_t width = 0, fit = 0, fit_len = out->len;
	for (size_t i = 0; i < len;) {
		char one[16];
		size_t w = 0;
		i += show_char(p + i, len - i, one, &w);
		if (width + w > max) { /* back to where an ellipsis has room */
			out->len = fit_len;
			df_buf_adds(out, "…");
			return fit + 1;
		}
		df_buf_adds(out, one);
		width += w;
		if (width < max) {
			fit = width;
			fit_len = out->len;
		}
	}
	return width;
}

/* ---- the batch ---- */

struct pretty {
	struct df_buf *out;
	size_t only;
};

static const char *end_of_string(const char *p)
{
	for (p++; *p != '"'; p++)
		p += *p == '\\';
	return p + 1;
}

/* JSON of our own making: it is whole, and on one line. */
static const char *end_of_value(const char *p)
{
	size_t depth = 0;
	do {
		if (*p == '"') {
			p = end_of_string(p);
			continue;
		}
		depth += *p == '{' || *p == '[';
		depth -= *p == '}' || *p == ']';
		p++;
	} while (depth > 0 || (*p != ',' && *p != '}' && *p != ']' && *p != '\0'));
	return p;
}

static void indent(struct df_buf *out, size_t depth)
{
	df_buf_addf(out, "\n%*s", (int)(depth * 2), "");
}

static const char *pretty_value(const struct pretty *how, const char *p, size_t depth);

/* The array of events, but for those that are only counted. */
static const char *pretty_events(const struct pretty *how, const char *p, size_t depth)
{
	size_t i = 0, skipped = 0;
	df_buf_addc(how->out, '[');
	for (p++; *p != ']'; i++) {
		bool mine = i == how->only;
		if (mine && skipped > 0) {
			indent(how->out, depth + 1);
			df_buf_addf(how->out, "... %zu before", skipped);
		}
		if (mine) {
			skipped = 0;
			indent(how->out, depth + 1);
		}
		p = mine ? pretty_value(how, p, depth + 1) : end_of_value(p);
		skipped += !mine;
		p += *p == ',';
	}

	if (skipped > 0) {
		indent(how->out, depth + 1);
		df_buf_addf(how->out, "... %zu after", skipped);
	}
	indent(how->out, depth);
	df_buf_addc(how->out, ']');
	return p + 1;
}

static const char *pretty_value(const struct pretty *how, const char *p, size_t depth)
{
	const char *end;
	if ((*p != '{' && *p != '[') || p[1] == '}' || p[1] == ']') {
		end = end_of_value(p);
		df_buf_add(how->out, p, (size_t)(end - p));
		return end;
	}

	char closing = *p == '{' ? '}' : ']';
	df_buf_addc(how->out, *p++);
	for (;; p++) {
		bool events = false;
		indent(how->out, depth + 1);
		if (closing == '}') {
			end = end_of_string(p);
			events = depth == 0 && strncmp(p, "\"events\"", (size_t)(end - p)) == 0;
			df_buf_add(how->out, p, (size_t)(end - p));
			df_buf_adds(how->out, ": ");
			p = end + 1;
		}
		p = events && how->only != SIZE_MAX ? pretty_events(how, p, depth + 1)
						    : pretty_value(how, p, depth + 1);
		if (*p == closing)
			break;
		df_buf_addc(how->out, ',');
	}
	indent(how->out, depth);
	df_buf_addc(how->out, closing);
	return p + 1;
}

void cli_pretty(struct df_buf *out, const char *json, size_t only)
{
	struct df_buf safe = {0}; /* its escapes are JSON's, too */
	struct pretty how = {.out = out, .only = only};
	cli_safe(&safe, json, strlen(json), SIZE_MAX);
	pretty_value(&how, df_buf_cstr(&safe), 0);
	df_buf_addc(out, '\n');
	df_buf_free(&safe);
}
