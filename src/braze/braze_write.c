/* SPDX-License-Identifier: MIT */
/* Members of an object: their names are distinct and without a dollar sign before them, names and
 * values are within the limits. */
#include "braze_priv.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

void braze_fail(struct braze_writer *w, const char *code, const char *fmt, ...)
{
	if (w->fault->code != NULL)
		return; /* the first one says enough */
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(w->fault->text, sizeof(w->fault->text), fmt, ap);
	va_end(ap);
	df_utf8_sanitize(w->fault->text);
	w->fault->code = code;
}

/* ---- objects ---- */

void braze_begin(struct braze_writer *w, enum braze_array array)
{
	w->array = array;
	w->begin = w->text->len;
	w->n_names = w->first_name = 0;
	w->filled = false;
	df_buf_addc(w->text, '{');
}

void braze_end(struct braze_writer *w)
{
	struct braze_objects *o = w->out;
	df_buf_addc(w->text, '}');
	if (o->n == o->cap) {
		o->cap = o->cap > 0 ? o->cap * 2 : 16;
		o->v = df_realloc(o->v, o->cap * sizeof(*o->v));
	}
	o->v[o->n++] = (struct braze_object){.array = w->array,
					     .event = w->event,
					     .members = (uint32_t)w->n_names,
					     .from = w->begin,
					     .len = w->text->len - w->begin};
}

struct braze_level braze_enter(struct braze_writer *w, const char *name, char bracket)
{
	struct braze_level level = {.n_names = w->n_names,
				    .first_name = w->first_name,
				    .at = w->text->len,
				    .filled = w->filled};
	if (name != NULL)
		braze_name_own(w, name);
	else if (w->filled)
		df_buf_addc(w->text, ',');
	df_buf_addc(w->text, bracket);
	w->first_name = w->n_names;
	w->filled = false;
	return level;
}

void braze_leave(struct braze_writer *w, const struct braze_level *level, char bracket)
{
	bool filled = w->filled;
	w->first_name = level->first_name;
	w->n_names = level->n_names;
	w->filled = filled || level->filled;
	if (filled)
		df_buf_addc(w->text, bracket);
	else if (w->text->len > level->at)
		w->text->len = level->at;
}

/* ---- names ---- */

size_t braze_cut(struct json_text t, size_t max)
{
	size_t at = 0;
	if (t.len <= max)
		return t.len;
	for (size_t n = 0; n < max && at < t.len; n++) {
		if (t.p[at] == '\\') {
			at += t.p[at + 1] == 'u' ? 6 : 2;
			continue;
		}
		do
			at++;
		while (at < t.len && ((unsigned char)t.p[at] & 0xc0) == 0x80);
	}
	return at < t.len ? at : t.len;
}

struct json_text braze_plain_name(struct json_text name)
{
	while (name.len > 0 && name.p[0] == '$') {
		name.p++;
		name.len--;
	}
	return name;
}

static bool name_is_there(const struct braze_writer *w, struct json_text name)
{
	for (size_t i = w->first_name; i < w->n_names; i++)
		if (w->names[i].len == name.len && memcmp(w->names[i].p, name.p, name.len) == 0)
			return true;
	return false;
}

bool braze_name(struct braze_writer *w, struct json_text name)
{
	size_t len = braze_cut(name, BRAZE_MAX_TEXT);
	if (len < name.len && !w->b->truncate)
		braze_fail(w, "too-long",
			   "the name '%.60s…' has more than %u characters, Braze's limit (limits = "
			   "truncate cuts it)",
			   name.p, BRAZE_MAX_TEXT);
	w->out->cut += len < name.len;
	name.len = len;
	if (name.len == 0 || name_is_there(w, name))
		return false;
	if (w->n_names == BRAZE_MAX_NAMES) {
		braze_fail(w, "too-many-attributes", "an object of more than %u members",
			   BRAZE_MAX_NAMES);
		return false;
	}

	w->names[w->n_names++] = name;
	if (w->filled)
		df_buf_addc(w->text, ',');
	w->filled = true;
	df_buf_addc(w->text, '"');
	df_buf_add(w->text, name.p, name.len);
	df_buf_add(w->text, "\":", 2);
	return true;
}

bool braze_name_own(struct braze_writer *w, const char *name)
{
	return braze_name(w, (struct json_text){name, strlen(name)});
}

/* ---- values ---- */

void braze_value(struct braze_writer *w, struct json_text value, struct json_text of)
{
	struct json_text text = json_string(value);
	size_t len = braze_cut(text, BRAZE_MAX_TEXT);
	if (text.p == NULL || len == text.len) {
		df_buf_add(w->text, value.p, value.len);
		return;
	}
	if (!w->b->truncate)
		braze_fail(w, "too-long",
			   "the value of '%.*s' has more than %u characters, Braze's limit "
			   "(limits = truncate cuts it)",
			   of.len < 80 ? (int)of.len : 80, of.p, BRAZE_MAX_TEXT);
	w->out->cut++;
	df_buf_add(w->text, value.p, len + 1);
	df_buf_addc(w->text, '"');
}

bool braze_check_id(struct braze_writer *w, struct json_text value, const char *of)
{
	struct json_text text = json_string(value);
	if (braze_cut(text, BRAZE_MAX_TEXT) == text.len)
		return true;
	braze_fail(w, "too-long",
		   "user_identities.%s has more than %u characters, Braze's limit: an identity is "
		   "never cut",
		   of, BRAZE_MAX_TEXT);
	return false;
}

/* Digits without a zero before them: what has one is a code, not a number. */
static size_t whole_digits(const char *p, size_t len)
{
	size_t n = 0;
	while (n < len && isdigit((unsigned char)p[n]))
		n++;
	return n > 1 && p[0] == '0' ? 0 : n;
}

/* An integer of 64 bits at most, or a decimal fraction, which keeps its digits. */
static bool is_decimal_number(struct json_text t)
{
	if (t.len > 0 && t.p[0] == '-') {
		t.p++;
		t.len--;
	}
	size_t n = whole_digits(t.p, t.len);
	if (n == 0 || n > 18)
		return false;
	if (n == t.len)
		return true;
	size_t fraction = 0;
	while (n + 1 + fraction < t.len && isdigit((unsigned char)t.p[n + 1 + fraction]))
		fraction++;
	return t.p[n] == '.' && fraction > 0 && n + 1 + fraction == t.len;
}

/* Dates are strings to Braze as well, which knows ISO 8601 when it sees it. */
void braze_detected(struct braze_writer *w, struct json_text value, struct json_text of)
{
	struct json_text t = json_string(value);
	if (t.len == 4 && strncasecmp(t.p, "true", 4) == 0)
		df_buf_adds(w->text, "true");
	else if (t.len == 5 && strncasecmp(t.p, "false", 5) == 0)
		df_buf_adds(w->text, "false");
	else if (t.len > 0 && is_decimal_number(t))
		df_buf_add(w->text, t.p, t.len);
	else
		braze_value(w, value, of);
}

static char *digits(char *out, int n, unsigned value)
{
	for (int i = n - 1; i >= 0; i--, value /= 10)
		out[i] = (char)('0' + value % 10);
	return out + n;
}

/* Such as "2026-01-12T08:30:00.007Z"; there is one in each event. */
void braze_time(struct braze_writer *w, int64_t ms)
{
	char text[32] = "\"", *at = text + 1;
	int64_t second = ms / 1000 - (ms % 1000 < 0), rest = ms - second * 1000;
	time_t t = (time_t)second;
	struct tm tm = {0};

	gmtime_r(&t, &tm);
	at = digits(at, 4, (unsigned)(tm.tm_year + 1900));
	*at++ = '-';
	at = digits(at, 2, (unsigned)(tm.tm_mon + 1));
	*at++ = '-';
	at = digits(at, 2, (unsigned)tm.tm_mday);
	*at++ = 'T';
	at = digits(at, 2, (unsigned)tm.tm_hour);
	*at++ = ':';
	at = digits(at, 2, (unsigned)tm.tm_min);
	*at++ = ':';
	at = digits(at, 2, (unsigned)tm.tm_sec);
	*at++ = '.';
	at = digits(at, 3, (unsigned)rest);
	*at++ = 'Z';
	*at++ = '"';
	df_buf_add(w->text, text, (size_t)(at - text));
}

void braze_put(struct braze_writer *w, const char *name, struct json_text value)
{
	struct json_text own = {name, strlen(name)};
	if (value.len > 0 && braze_name(w, own))
		braze_value(w, value, own);
}

void braze_put_own(struct braze_writer *w, const char *name, const char *value)
{
	if (!braze_name_own(w, name))
		return;
	df_json_string(w->text, value, strlen(value));
}

/* ---- properties ---- */

/* A property may not have one of these names. */
static bool is_reserved_property(struct json_text name)
{
	return json_text_is(name, "time") || json_text_is(name, "event_name");
}

void braze_put_properties(struct braze_writer *w, struct json_text object)
{
	struct json_walk walk = json_walk_into(object);
	struct json_text name, value;
	while (json_walk_next(&walk, &name, &value)) {
		name = braze_plain_name(name);
		bool nested = value.len > 0 && (value.p[0] == '{' || value.p[0] == '[');
		if (nested && !w->b->truncate)
			braze_fail(w, "not-allowed",
				   "the property '%.*s' is an object or a list: Braze takes "
				   "strings, numbers and booleans there",
				   name.len < 80 ? (int)name.len : 80, name.p);
		w->out->cut += nested;
		if (nested || is_reserved_property(name) || !braze_name(w, name))
			continue;
		if (w->b->set->type_detection & CONF_BRAZE_DETECT_EVENTS)
			braze_detected(w, value, name);
		else
			braze_value(w, value, name);
	}
}
