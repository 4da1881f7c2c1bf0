/* SPDX-License-Identifier: MIT */
/*
 * liquid_shape.h - shapes of text: sequences of runs, words and alternatives, with places that are
 * noted
 *
 *	static const struct shape clock[] = {
 *	    FROM(0), RUN(digit, 1, 2), TO(0), ONE_OF(":"), DONE};
 *	struct shape_text text = {.p = p, .len = len};
 *	if (shape_find(&text, clock)) ... text.at[0].p, text.at[0].len ...
 *
 * A run takes as many characters as there are and gives them back one by one when the rest does not
 * fit; alternatives are tried in their order. The first place where a shape fits is taken. Texts
 * are short (LIQUID_DATE_MAX) and the steps are counted: see shape_text.steps.
 */
#ifndef LIQUID_SHAPE_H
#define LIQUID_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

enum shape_kind {
	SHAPE_DONE, /* the end of a sequence */
	SHAPE_RUN,  /* min..max characters for which `is` holds */
	/* the first of these words that leaves the rest fitting; "" makes it optional */
	SHAPE_WORDS,
	SHAPE_EDGE,  /* a word begins or ends here */
	SHAPE_WAYS,  /* one of several sequences; an empty one makes it optional */
	SHAPE_FROM,  /* place `slot` begins here */
	SHAPE_TO,    /* and ends here */
	SHAPE_START, /* of the text */
	SHAPE_STOP,  /* the end of the text */
};

struct shape {
	enum shape_kind kind;
	unsigned char min, max, slot;
	bool (*is)(char c);
	const char *const *words;        /* NULL-terminated */
	const struct shape *const *ways; /* NULL-terminated */
};

#define SHAPE_SLOTS 5
#define SHAPE_MANY  255

struct shape_span {
	const char *p; /* NULL: not in the text */
	size_t len;
};

struct shape_text {
	const char *p;
	size_t len;
	struct shape_span all, at[SHAPE_SLOTS]; /* of what was found */
	size_t steps;                           /* added up over all searches */
};

#define RUN(is_, min_, max_)                                                                       \
	{                                                                                          \
		.kind = SHAPE_RUN, .is = (is_), .min = (min_), .max = (max_)                       \
	}
#define ONE_OF(...)                                                                                \
	{                                                                                          \
		.kind = SHAPE_WORDS, .words = (const char *const[])                                \
		{                                                                                  \
			__VA_ARGS__, NULL                                                          \
		}                                                                                  \
	}
#define WAYS(...)                                                                                  \
	{                                                                                          \
		.kind = SHAPE_WAYS, .ways = (const struct shape *const[])                          \
		{                                                                                  \
			__VA_ARGS__, NULL                                                          \
		}                                                                                  \
	}
#define MARK(kind_, slot_)                                                                         \
	{                                                                                          \
		.kind = (kind_), .slot = (slot_)                                                   \
	}
#define FROM(slot_) MARK(SHAPE_FROM, slot_)
#define TO(slot_)   MARK(SHAPE_TO, slot_)
#define EDGE        MARK(SHAPE_EDGE, 0)
#define START       MARK(SHAPE_START, 0)
#define STOP        MARK(SHAPE_STOP, 0)
#define DONE        MARK(SHAPE_DONE, 0)

bool shape_find(struct shape_text *text, const struct shape *shape);

#endif
