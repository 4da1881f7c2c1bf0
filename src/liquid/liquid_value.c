/* SPDX-License-Identifier: MIT */
/* Values: the memory they live in, how they are written, when they are equal. */
#include "liquid_priv.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST    1024 /* all that most templates need */
#define CHUNK    16384
#define MAX_KEPT (4u << 20) /* a row that needs more gives it back */

struct liquid_chunk {
	struct liquid_chunk *next;
	size_t used, size;
	_Alignas(max_align_t) char data[];
};

static struct liquid_chunk *new_chunk(struct liquid_arena *arena, size_t need)
{
	size_t usual = arena->kept == 0 ? FIRST : CHUNK, size = need > usual ? need : usual;
	struct liquid_chunk *chunk = df_alloc(sizeof(*chunk) + size);
	chunk->size = size;
	arena->kept += size;
	return chunk;
}

void *liquid_take(struct liquid_arena *arena, size_t size)
{
	if (size > LIQUID_MAX_MEMORY || arena->total > LIQUID_MAX_MEMORY - size)
		return NULL;
	size = (size + 15) / 16 * 16;
	arena->total += size;
	if (arena->at == NULL)
		arena->at = arena->first = new_chunk(arena, size);
	while (arena->at->size - arena->at->used < size) {
		if (arena->at->next == NULL)
			arena->at->next = new_chunk(arena, size);
		arena->at = arena->at->next;
		arena->at->used = 0;
	}
	char *p = arena->at->data + arena->at->used;
	arena->at->used += size;
	return p;
}

void liquid_arena_reset(struct liquid_arena *arena)
{
	if (arena->kept > MAX_KEPT)
		liquid_arena_free(arena);
	arena->at = arena->first;
	arena->total = arena->work = 0;
	if (arena->first != NULL)
		arena->first->used = 0;
}

void liquid_arena_free(struct liquid_arena *arena)
{
	for (struct liquid_chunk *chunk = arena->first, *next = NULL; chunk != NULL; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	memset(arena, 0, sizeof(*arena));
}

bool liquid_work(struct liquid_arena *arena, size_t steps)
{
	if (steps > LIQUID_MAX_WORK || arena->work > LIQUID_MAX_WORK - steps)
		return false;
	arena->work += steps;
	return true;
}

bool liquid_fail(struct liquid_fault *fault, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(fault->text, sizeof(fault->text), fmt, ap);
	va_end(ap);
	return false;
}

bool liquid_exhausted(struct liquid_run *run)
{
	return liquid_fail(run->fault, "the template exceeds its memory or step limit");
}

char *liquid_text(struct liquid_run *run, size_t len)
{
	char *p = liquid_work(run->arena, len) ? liquid_take(run->arena, len + 1) : NULL;
	if (p == NULL)
		liquid_exhausted(run);
	return p;
}

struct liquid_value liquid_string(const char *p, size_t len)
{
	return (struct liquid_value){.type = LIQUID_STRING, .p = p, .len = len};
}

struct liquid_value liquid_int(int64_t i)
{
	return (struct liquid_value){.type = LIQUID_INT, .i = i};
}

const struct liquid_value *liquid_member_of(const struct liquid_value *object, const char *key,
					    size_t len)
{
	for (size_t i = 0; object->type == LIQUID_OBJECT && i < object->object.n; i++) {
		const struct liquid_member *member = &object->object.v[i];
		if (member->key_len == len && memcmp(member->key, key, len) == 0)
			return &member->value;
	}
	return NULL;
}

bool liquid_is_empty(const struct liquid_value *v)
{
	switch (v->type) {
	case LIQUID_NIL:
		return true;
	case LIQUID_STRING:
		return v->len == 0;
	case LIQUID_ARRAY:
		return v->array.n == 0;
	case LIQUID_OBJECT:
		return v->object.n == 0;
	case LIQUID_BOOL:
	case LIQUID_INT:
	case LIQUID_FLOAT:
	case LIQUID_RANGE:
		break;
	}
	return false;
}

bool liquid_truthy(const struct liquid_value *v)
{
	return v->type != LIQUID_NIL && (v->type != LIQUID_BOOL || v->truth);
}

bool liquid_is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

size_t liquid_chars(const char *p, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)p[i] & 0xc0) != 0x80;
	return n;
}

size_t liquid_offset(const char *p, size_t len, size_t n)
{
	size_t i = 0;
	for (; i < len; i++)
		if (((unsigned char)p[i] & 0xc0) != 0x80 && n-- == 0)
			break;
	return i;
}

/* ---- writing: Ruby's to_s and inspect ---- */

static void inspect_string(const struct liquid_value *v, struct df_buf *out)
{
	static const char escaped[] = "\a\b\t\n\v\f\r\033", letters[] = "abtnvfre";
	df_buf_addc(out, '"');
	for (size_t i = 0; i < v->len; i++) {
		char c = v->p[i];
		const char *escape = c != '\0' ? strchr(escaped, c) : NULL;
		bool interpolates = c == '#' && i + 1 < v->len && v->p[i + 1] != '\0' &&
				    strchr("{$@", v->p[i + 1]) != NULL;
		if (escape != NULL)
			df_buf_addf(out, "\\%c", letters[escape - escaped]);
		else if (c == '"' || c == '\\' || interpolates)
			df_buf_addf(out, "\\%c", c);
		else if ((unsigned char)c < 0x20 || c == 0x7f)
			df_buf_addf(out, "\\x%02X", (unsigned)(unsigned char)c);
		else
			df_buf_addc(out, c);
	}
	df_buf_addc(out, '"');
}

static void write_scalar(const struct liquid_value *v, struct df_buf *out)
{
	char text[40];
	if (v->type == LIQUID_NIL)
		return;
	if (v->type == LIQUID_BOOL)
		df_buf_adds(out, v->truth ? "true" : "false");
	else if (v->type == LIQUID_STRING || v->p != NULL) /* numbers of a cell keep their digits */
		df_buf_add(out, v->p, v->len);
	else if (v->type == LIQUID_INT)
		df_buf_addf(out, "%lld", (long long)v->i);
	else if (v->type == LIQUID_FLOAT)
		df_buf_add(out, text, liquid_float_text(v->f, text));
	else if (v->type == LIQUID_RANGE)
		df_buf_addf(out, "%lld..%lld", (long long)v->range.first, (long long)v->range.last);
}

/* Values are nested no deeper than JSON is read. */
static void inspect(const struct liquid_value *v, struct df_buf *out)
{
	if (v->type == LIQUID_NIL) {
		df_buf_adds(out, "nil");
	} else if (v->type == LIQUID_STRING) {
		inspect_string(v, out);
	} else if (v->type == LIQUID_ARRAY) {
		for (size_t i = 0; i < v->array.n; i++) {
			df_buf_adds(out, i > 0 ? ", " : "[");
			inspect(&v->array.v[i], out);
		}
		df_buf_adds(out, v->array.n > 0 ? "]" : "[]");
	} else if (v->type == LIQUID_OBJECT) {
		for (size_t i = 0; i < v->object.n; i++) {
			struct liquid_value key =
			    liquid_string(v->object.v[i].key, v->object.v[i].key_len);
			df_buf_adds(out, i > 0 ? ", " : "{");
			inspect_string(&key, out);
			df_buf_adds(out, "=>");
			inspect(&v->object.v[i].value, out);
		}
		df_buf_adds(out, v->object.n > 0 ? "}" : "{}");
	} else {
		write_scalar(v, out);
	}
}

static void write_value(const struct liquid_value *v, struct df_buf *out)
{
	if (v->type == LIQUID_ARRAY || v->type == LIQUID_OBJECT)
		inspect(v, out);
	else
		write_scalar(v, out);
}

bool liquid_to_s(struct liquid_run *run, const struct liquid_value *v, struct liquid_value *out)
{
	if (v->type == LIQUID_STRING) {
		*out = *v;
		return true;
	}
	char text[48];
	struct df_buf buf = {.data = text, .cap = sizeof(text) - 1, .max = sizeof(text) - 1};
	struct df_buf large = {.max = LIQUID_MAX_MEMORY};
	bool nested = v->type == LIQUID_ARRAY || v->type == LIQUID_OBJECT || v->len >= sizeof(text);
	struct df_buf *to = nested ? &large : &buf;
	write_value(v, to);
	char *p = to->over ? NULL : liquid_text(run, to->len);
	if (p != NULL) {
		if (to->len > 0)
			memcpy(p, to->data, to->len);
		*out = liquid_string(p, to->len);
	}
	df_buf_free(&large);
	return p != NULL || liquid_exhausted(run);
}

bool liquid_output(struct liquid_run *run, const struct liquid_value *v, struct df_buf *out)
{
	if (v->type == LIQUID_ARRAY) {
		for (size_t i = 0; i < v->array.n; i++)
			if (!liquid_output(run, &v->array.v[i], out))
				return false;
		return true;
	}
	write_value(v, out);
	return !out->over || liquid_exhausted(run);
}

/* Ruby's eql?, but that numbers of two kinds are never equal. */
bool liquid_equal(const struct liquid_value *a, const struct liquid_value *b)
{
	if (a->type != b->type)
		return false;

	switch (a->type) {
	case LIQUID_NIL:
		return true;
	case LIQUID_BOOL:
		return a->truth == b->truth;
	case LIQUID_INT:
		return a->i == b->i;
	case LIQUID_FLOAT:
		return a->f == b->f;
	case LIQUID_STRING:
		return a->len == b->len && (a->len == 0 || memcmp(a->p, b->p, a->len) == 0);
	case LIQUID_RANGE:
		return a->range.first == b->range.first && a->range.last == b->range.last;
	case LIQUID_ARRAY:
		for (size_t i = 0; i < a->array.n && a->array.n == b->array.n; i++)
			if (!liquid_equal(&a->array.v[i], &b->array.v[i]))
				return false;
		return a->array.n == b->array.n;
	case LIQUID_OBJECT:
		for (size_t i = 0; i < a->object.n && a->object.n == b->object.n; i++) {
			const struct liquid_member *member = &a->object.v[i];
			/* mostly in the same order */
			const struct liquid_member *near = &b->object.v[i];
			bool same = near->key_len == member->key_len &&
				    memcmp(near->key, member->key, member->key_len) == 0;
			const struct liquid_value *other =
			    same ? &near->value : liquid_member_of(b, member->key, member->key_len);
			if (other == NULL || !liquid_equal(&member->value, other))
				return false;
		}
		return a->object.n == b->object.n;
	}
	return false;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

static uint64_t hash_bytes(const char *p, size_t len)
{
	uint64_t h = len;
	for (; len >= 8; p += 8, len -= 8) {
		uint64_t v;
		memcpy(&v, p, 8);
		h = mix(h, v);
	}
	for (size_t i = 0; i < len; i++)
		h = mix(h, (unsigned char)p[i]);
	return mix(h, 1);
}

uint64_t liquid_hash(const struct liquid_value *v)
{
	uint64_t h = (uint64_t)v->type, bits = 0;
	double f = 0;
	switch (v->type) {
	case LIQUID_NIL:
		return h;
	case LIQUID_BOOL:
		return mix(h, v->truth);
	case LIQUID_INT:
		return mix(h, (uint64_t)v->i);
	case LIQUID_FLOAT:
		f = v->f == 0 ? 0 : v->f; /* -0 equals 0 */
		memcpy(&bits, &f, sizeof(bits));
		return mix(h, bits);
	case LIQUID_STRING:
		return hash_bytes(v->p, v->len);
	case LIQUID_RANGE:
		return mix(mix(h, (uint64_t)v->range.first), (uint64_t)v->range.last);
	case LIQUID_ARRAY:
		for (size_t i = 0; i < v->array.n; i++)
			h = mix(h, liquid_hash(&v->array.v[i]));
		return h;
	case LIQUID_OBJECT: /* the order of members does not count */
		for (size_t i = 0; i < v->object.n; i++) {
			const struct liquid_member *m = &v->object.v[i];
			h += mix(hash_bytes(m->key, m->key_len), liquid_hash(&m->value));
		}
		return h;
	}
	return h;
}

/* Float#to_s: the shortest text that reads back as the same number. */
size_t liquid_float_text(double f, char out[40])
{
	char digits[40];
	int precision = 0;
	if (isnan(f) || isinf(f))
		return (size_t)snprintf(out, 40, "%s",
					isnan(f) ? "NaN"
					: f > 0  ? "Infinity"
						 : "-Infinity");
	do
		snprintf(digits, sizeof(digits), "%.*e", precision, f);
	while (strtod(digits, NULL) != f && ++precision < 17);
	int exponent = (int)strtol(strchr(digits, 'e') + 1, NULL, 10);
	if (exponent >= -4 && exponent < 16)
		return (size_t)snprintf(out, 40, "%.*f",
					precision - exponent > 1 ? precision - exponent : 1, f);
	char *e = strchr(digits, 'e');
	*e = '\0';
	return (size_t)snprintf(out, 40, "%s%se%c%02d", digits, precision == 0 ? ".0" : "",
				exponent < 0 ? '-' : '+', abs(exponent));
}
