/* SPDX-License-Identifier: MIT */
/* Matches shapes of text. */
#include "liquid_shape.h"

#include <ctype.h>
#include <string.h>

/* What follows a sequence that is a part of another one. */
struct after {
	const struct shape *shape;
	const struct after *next;
};

struct search {
	struct shape_text *text;
	const char *end;
};

static bool is_word_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_edge(const struct search *s, const char *p)
{
	bool before = p > s->text->p && is_word_byte(p[-1]);
	bool here = p < s->end && is_word_byte(*p);
	return before != here;
}

static bool shape_fits(struct search *s, const struct shape *e, const char *p,
		       const struct after *after);

static bool run_fits(struct search *s, const struct shape *e, const char *p,
		     const struct after *after)
{
	const char *most = p;
	while (most < s->end && (e->max == SHAPE_MANY || most - p < e->max) && e->is(*most))
		most++;

	for (; most - p >= e->min; most--)
		if (shape_fits(s, e + 1, most, after))
			return true;
	return false;
}

static bool ways_fit(struct search *s, const struct shape *e, const char *p,
		     const struct after *after)
{
	const struct after rest = {e + 1, after};
	for (const struct shape *const *way = e->ways; *way != NULL; way++)
		if (shape_fits(s, *way, p, &rest))
			return true;
	return false;
}

static bool words_fit(struct search *s, const struct shape *e, const char *p,
		      const struct after *after)
{
	for (const char *const *w = e->words; *w != NULL; w++) {
		size_t len = strlen(*w);
		if ((size_t)(s->end - p) >= len && memcmp(p, *w, len) == 0 &&
		    shape_fits(s, e + 1, p + len, after))
			return true;
	}
	return false;
}

/* A place that is noted is forgotten when the rest does not fit. */
static bool mark_fits(struct search *s, const struct shape *e, const char *p,
		      const struct after *after)
{
	struct shape_span *at = &s->text->at[e->slot], before = *at;
	if (e->kind == SHAPE_FROM)
		at->p = p;
	else
		at->len = (size_t)(p - at->p);
	if (shape_fits(s, e + 1, p, after))
		return true;
	*at = before;
	return false;
}

static bool shape_fits(struct search *s, const struct shape *e, const char *p,
		       const struct after *after)
{
	s->text->steps++;
	switch (e->kind) {
	case SHAPE_DONE:
		if (after != NULL)
			return shape_fits(s, after->shape, p, after->next);
		s->text->all.len = (size_t)(p - s->text->all.p);
		return true;
	case SHAPE_RUN:
		return run_fits(s, e, p, after);
	case SHAPE_WAYS:
		return ways_fit(s, e, p, after);
	case SHAPE_FROM:
	case SHAPE_TO:
		return mark_fits(s, e, p, after);
	case SHAPE_EDGE:
		return is_edge(s, p) && shape_fits(s, e + 1, p, after);
	case SHAPE_START:
		return p == s->text->p && shape_fits(s, e + 1, p, after);
	case SHAPE_STOP:
		return p == s->end && shape_fits(s, e + 1, p, after);
	case SHAPE_WORDS:
		break;
	}
	return words_fit(s, e, p, after);
}

bool shape_find(struct shape_text *text, const struct shape *shape)
{
	struct search s = {.text = text, .end = text->p + text->len};
	for (size_t from = 0; from <= text->len; from++) {
		memset(text->at, 0, sizeof(text->at));
		text->all = (struct shape_span){text->p + from, 0};
		if (shape_fits(&s, shape, text->p + from, NULL))
			return true;
	}
	return false;
}
