/* SPDX-License-Identifier: MIT */
/*
 * liquid.h - Liquid templates: text and output tags, "{{ expression | filter: argument }}"
 *
 *	struct liquid *l = NULL;
 *	liquid_compile(text, len, names, &l, &fault);
 *	    once per manifest; says where a template is wrong
 *	liquid_render(l, &scope, &arena, &out, &fault);  per row; the arena is reset by the caller
 *	liquid_free(l);
 *
 * Filters and values are those of Shopify's Liquid (Ruby), lax numbers and all; there are no {%
 * tags %}. What a template gives depends on its variables alone: there is no clock ('now') and
 * times without a zone are UTC. Work and memory of a run are bounded.
 */
#ifndef DROPFEED_LIQUID_H
#define DROPFEED_LIQUID_H

#include "dropfeed/base.h"

/* ---- memory of one row: chunks that are kept when it is reset ---- */

struct liquid_chunk;

struct liquid_arena {
	struct liquid_chunk *first, *at; /* own */
	size_t total;                    /* bytes handed out since the reset */
	size_t work;                     /* steps since the reset */
	size_t kept;                     /* bytes of all chunks */
};

#define LIQUID_MAX_MEMORY (64u << 20) /* of a row */
#define LIQUID_MAX_WORK   (16u << 20) /* comparisons and copied bytes of a row */

/* NULL when the row has had its share */
void *liquid_take(struct liquid_arena *arena, size_t size);
void liquid_arena_reset(struct liquid_arena *arena);
void liquid_arena_free(struct liquid_arena *arena);
/* false when the row has had its share */
bool liquid_work(struct liquid_arena *arena, size_t steps);

/* ---- values ---- */

enum liquid_type {
	LIQUID_NIL,
	LIQUID_BOOL,
	LIQUID_INT,
	LIQUID_FLOAT,
	LIQUID_STRING,
	LIQUID_RANGE,
	LIQUID_ARRAY,
	LIQUID_OBJECT
};

struct liquid_member;

struct liquid_value {
	enum liquid_type type;
	/* a string; of what came from JSON, how it was written there. Not NUL-terminated */
	const char *p;
	size_t len;
	union {
		bool truth;
		int64_t i;
		double f;
		struct {
			int64_t first, last;
		} range;
		struct {
			const struct liquid_value *v;
			size_t n;
		} array;
		struct {
			const struct liquid_member *v;
			size_t n;
		} object;
	};
};

struct liquid_member {
	const char *key;
	size_t key_len;
	struct liquid_value value;
};

struct liquid_fault {
	char text[200]; /* never holds a value */
	size_t at;      /* of a compilation: characters before the mistake */
};

/* returns false */
bool liquid_fail(struct liquid_fault *fault, const char *fmt, ...) DF_PRINTF(2, 3);

struct liquid_value liquid_string(const char *p, size_t len);
struct liquid_value liquid_int(int64_t i);
const struct liquid_value *liquid_member_of(const struct liquid_value *object, const char *key,
					    size_t len); /* or NULL */

/* Nothing that could be sent: nil, "", [] or {}. */
bool liquid_is_empty(const struct liquid_value *v);

size_t liquid_chars(const char *p, size_t len); /* how many characters of UTF-8 */

/* Why a text is not taken for JSON. */
struct liquid_json_fault {
	const char *why; /* or NULL: it is not JSON from `at` on, or over the limits */
	size_t at;       /* bytes that were read; all of them where the text ends too early */
};
/* Reads JSON; strings without escapes are borrowed from the text. False: the fault is filled. */
bool liquid_json(const char *p, size_t len, struct liquid_arena *arena, struct liquid_value *out,
		 struct liquid_json_fault *fault);

/* ---- templates ---- */

struct liquid;

/* names: the variables there are, NULL-terminated; NULL: any. */
bool liquid_compile(const char *text, size_t len, const char *const *names, struct liquid **out,
		    struct liquid_fault *fault);
void liquid_free(struct liquid *l);
bool liquid_is_text(const struct liquid *l); /* there is no tag in it */
bool liquid_reaches(const struct liquid *l); /* it looks into `value`, as in value.item */

/* a list filter takes `value` as it is: see liquid_scope.list */
bool liquid_lists(const struct liquid *l);
/* The ith name that it looks up in `row`, NULL where it is made in the template; false: there
 * do not exist any more. */
bool liquid_row_name(const struct liquid *l, size_t i, const char **name, size_t *len);

/* What a template makes, as Liquid has it, of values that it is hardly meant for. */
enum liquid_doubt {
	LIQUID_NO_NUMBER = 1u << 0,   /* 1 of 1,234.50, 0 of abc */
	LIQUID_NOTHING = 1u << 1,     /* +49, or 0, of an empty value */
	LIQUID_NO_DATE = 1u << 2,     /* stays as it is */
	LIQUID_MONTH_FIRST = 1u << 3, /* likewise: 12/31/2026 */
	LIQUID_NO_SECONDS = 1u << 4,  /* 1970 of 20260112, the year 58002 of milliseconds */
	LIQUID_LIST = 1u << 5,        /* entries that are run together */
	LIQUID_DIGEST = 1u << 6,      /* of blanks at an end, of an address's capitals */
	LIQUID_DOUBTS = 7
};

struct liquid_scope {
	const struct liquid_value *variables; /* an object */
	/* the list that `value` holds as JSON, for list filters; or NULL */
	const struct liquid_value *list;
	/* what replaces a * in the template's text; NULL: nothing */
	const char *star;
	size_t star_len;
	/* gets what the template takes of `value` and `row`; or NULL */
	void (*takes)(void *ctx, const struct liquid_value *v);
	void *ctx;        /* of takes */
	unsigned *doubts; /* liquid_doubt is added; or NULL */
};

/* Appends to out. False: the fault says why, and out may hold a part. */
bool liquid_render(const struct liquid *l, const struct liquid_scope *scope,
		   struct liquid_arena *arena, struct df_buf *out, struct liquid_fault *fault);

/* A template that is one tag alone has a value, which may be a list. */
bool liquid_is_one(const struct liquid *l);
bool liquid_value_of(const struct liquid *l, const struct liquid_scope *scope,
		     struct liquid_arena *arena, struct liquid_value *out,
		     struct liquid_fault *fault);
/* The value as text. */
bool liquid_text_of(const struct liquid_value *v, struct liquid_arena *arena,
		    struct liquid_value *out, struct liquid_fault *fault);

#endif
