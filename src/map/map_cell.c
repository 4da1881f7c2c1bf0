/* SPDX-License-Identifier: MIT */
/* Typed cells: what is checked, and how it is written. No number passes through a double. */
#include "map_cell.h"

#include "map_state.h"
#include "map_uuid.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <strings.h>

bool map_cell_refuse(struct map_cell_fault *fault, const char *code, const char *text)
{
	fault->code = code;
	snprintf(fault->text, sizeof(fault->text), "%s", text);
	return false;
}

/* A cell that is not JSON from its beginning on has no place to point at. */
bool map_cell_refuse_json(struct map_cell_fault *fault, const char *expected,
			  const struct liquid_json_fault *why, const struct rows_cell *read)
{
	char where[64] = "";
	if (why->why != NULL)
		return map_cell_refuse(fault, "bad-json", why->why);
	if (why->at >= read->len)
		snprintf(where, sizeof(where), "; the cell ends too early");
	else if (why->at > 0)
		snprintf(where, sizeof(where), "; the cell is wrong at character %zu",
			 liquid_chars(read->p, why->at) + 1);
	fault->code = "bad-json";
	snprintf(fault->text, sizeof(fault->text), "%s%s", expected, where);
	return false;
}

static bool emit_integer(const char *p, size_t len, struct df_buf *out,
			 struct map_cell_fault *fault)
{
	bool minus = len > 0 && p[0] == '-';
	size_t i = len > 0 && (minus || p[0] == '+') ? 1 : 0, n = 0;
	if (i == len)
		return map_cell_refuse(fault, "not-an-integer",
				       "a whole number is expected: digits with an optional sign");
	for (size_t k = i; k < len; k++)
		if (!df_is_digit(p[k]))
			return map_cell_refuse(
			    fault, "not-an-integer",
			    "a whole number is expected: digits with an optional sign");
	while (i + 1 < len && p[i] == '0')
		i++;
	n = len - i;
	/* 64 bits, as the API's mpid has: compared as text, as it may be beyond them */
	const char *max = minus ? "9223372036854775808" : "9223372036854775807";
	if (n > 19 || (n == 19 && memcmp(p + i, max, 19) > 0))
		return map_cell_refuse(fault, "not-an-integer",
				       "the number does not fit into 64 bits");
	if (minus && !(n == 1 && p[i] == '0'))
		df_buf_addc(out, '-');
	df_buf_add(out, p + i, n);
	return true;
}

/* JSON's grammar (RFC 8259 §6), and what spreadsheets add: a plus, leading zeros, no digit before
 * or after the point.
 */
static bool emit_number(const char *p, size_t len, struct df_buf *out, struct map_cell_fault *fault)
{
	static const char expected[] =
	    "a number is expected, with a point before the decimals and nothing between the digits";
	size_t i = 0, whole, n_whole, n_frac = 0, frac = 0, exp = 0;
	bool minus = len > 0 && p[0] == '-';
	if (len > 0 && (p[0] == '-' || p[0] == '+'))
		i++;
	for (whole = i; i < len && df_is_digit(p[i]); i++)
		;
	n_whole = i - whole;
	if (i < len && p[i] == '.') {
		for (frac = ++i; i < len && df_is_digit(p[i]); i++)
			;
		n_frac = i - frac;
	}
	if (n_whole + n_frac == 0)
		return map_cell_refuse(fault, "not-a-number", expected);
	if (i < len && (p[i] == 'e' || p[i] == 'E')) {
		exp = i++;
		if (i < len && (p[i] == '-' || p[i] == '+'))
			i++;
		size_t from = i;
		for (; i < len && df_is_digit(p[i]); i++)
			;
		if (from == i)
			return map_cell_refuse(fault, "not-a-number", expected);
	}
	if (i != len)
		return map_cell_refuse(fault, "not-a-number", expected);
	while (n_whole > 1 && p[whole] == '0') {
		whole++;
		n_whole--;
	}
	if (minus)
		df_buf_addc(out, '-');
	if (n_whole > 0)
		df_buf_add(out, p + whole, n_whole);
	else
		df_buf_addc(out, '0');
	if (n_frac > 0) {
		df_buf_addc(out, '.');
		df_buf_add(out, p + frac, n_frac);
	}
	if (exp > 0)
		df_buf_add(out, p + exp, len - exp);
	return true;
}

static bool emit_boolean(const char *p, size_t len, struct df_buf *out,
			 struct map_cell_fault *fault)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {{"true", true}, {"false", false}, {"t", true},
		     {"f", false},   {"1", true},      {"0", false}};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].word) != len || strncasecmp(words[i].word, p, len) != 0)
			continue;
		df_buf_adds(out, words[i].value ? "true" : "false");
		return true;
	}
	return map_cell_refuse(fault, "not-a-boolean",
			       "true or false is expected; t, f, 1 and 0 are taken as well");
}

/* A string that has nothing to be escaped. */
static bool add_quoted(struct df_buf *out, const char *p, size_t len)
{
	if (len + 2 > out->cap - out->len && !df_buf_grow(out, len + 2))
		return true; /* the row is too large, and that will be said of it */
	char *at = out->data + out->len;
	at[0] = at[len + 1] = '"';
	memcpy(at + 1, p, len);
	out->len += len + 2;
	return true;
}

static bool emit_uuid(const char *p, size_t len, struct df_buf *out, struct map_cell_fault *fault)
{
	if (!map_uuid_is(p, len))
		return map_cell_refuse(fault, "not-a-uuid",
				       "a UUID is expected: 36 characters, such as "
				       "123e4567-e89b-12d3-a456-426614174000");
	return add_quoted(out, p, len);
}

static bool emit_ip(const char *p, size_t len, struct df_buf *out, struct map_cell_fault *fault)
{
	char text[INET6_ADDRSTRLEN] = "";
	unsigned char address[sizeof(struct in6_addr)];
	if (len < sizeof(text) && memchr(p, '\0', len) == NULL) {
		memcpy(text, p, len);
		if (inet_pton(AF_INET, text, address) == 1 ||
		    inet_pton(AF_INET6, text, address) == 1)
			return add_quoted(out, p, len);
	}
	return map_cell_refuse(fault, "not-allowed", "an IPv4 or IPv6 address is expected");
}

static bool emit_word(const struct schema_field *field, const char *p, size_t len,
		      struct df_buf *out, struct map_cell_fault *fault)
{
	/* mostly as the schema spells it */
	for (const char *const *w = field->words; *w != NULL; w++)
		if (*w[0] == *p && strlen(*w) == len && memcmp(*w, p, len) == 0)
			return add_quoted(out, p, len);
	for (const char *const *w = field->words; *w != NULL; w++)
		if (((*w[0] ^ *p) & ~('a' ^ 'A')) == 0 && strncasecmp(*w, p, len) == 0 &&
		    strlen(*w) == len)
			return add_quoted(out, *w, len);
	fault->code = "not-allowed";
	size_t n = (size_t)snprintf(fault->text, sizeof(fault->text), "one of these is expected: ");
	for (const char *const *w = field->words; *w != NULL; w++) {
		if (n + strlen(*w) + 8 > sizeof(fault->text)) {
			snprintf(fault->text + n, sizeof(fault->text) - n, ", ...");
			break;
		}
		n += (size_t)snprintf(fault->text + n, sizeof(fault->text) - n, "%s%s",
				      w == field->words ? "" : ", ", *w);
	}
	return false;
}

/* Of requests, ISO 8601 is taken beside a pattern as well. */
static bool is_moment(const struct map *m, const char *p, size_t len, int64_t *ms)
{
	return schema_event_requests(m->event) && time_moment_parse(p, len, ms) && *ms >= 0;
}

bool map_cell_instant(const struct map *m, const char *p, size_t len, int64_t *ms,
		      struct df_buf *out, struct map_cell_fault *fault)
{
	const char *code = NULL, *why = NULL;
	if (!time_parse(&m->time, p, len, ms, &code, &why) && !is_moment(m, p, len, ms))
		return map_cell_refuse(fault, code, why);
	if (m->time.mode == TIME_MS && p[0] >= '1') { /* it has no sign and no leading zero */
		df_buf_add(out, p, len);
		return true;
	}
	char digits[24];
	size_t i = sizeof(digits);
	uint64_t left = (uint64_t)*ms; /* the range has no negative ones */
	do {
		digits[--i] = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	df_buf_add(out, digits + i, sizeof(digits) - i);
	return true;
}

bool map_cell_emit(const struct map *m, enum schema_type type, const struct schema_field *field,
		   const struct rows_cell *cell, struct df_buf *out, struct map_cell_fault *fault)
{
	const char *p = cell->p;
	size_t len = cell->len;
	int64_t ms;
	switch (type) {
	case SCHEMA_INTEGER:
		if (field->flags & SCHEMA_INSTANT)
			return map_cell_instant(m, p, len, &ms, out, fault);
		return emit_integer(p, len, out, fault);
	case SCHEMA_NUMBER:
		return emit_number(p, len, out, fault);
	case SCHEMA_BOOLEAN:
		return emit_boolean(p, len, out, fault);
	case SCHEMA_ENUM:
		return emit_word(field, p, len, out, fault);
	case SCHEMA_UUID:
		return emit_uuid(p, len, out, fault);
	case SCHEMA_IP:
		return emit_ip(p, len, out, fault);
	case SCHEMA_JSON:
	case SCHEMA_ITEMS:
	case SCHEMA_STRING:
	case SCHEMA_STRINGS:
	case SCHEMA_OBJECT:
	case SCHEMA_KEYS:
	case SCHEMA_SPREAD:
		break;
	}
	df_json_string(out, p, len);
	return true;
}
