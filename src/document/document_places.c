/* SPDX-License-Identifier: MIT */
#include "document_places.h"

#include <stdlib.h>

#define PLACES_AT_FIRST 16u

struct document_places *document_places_new(void)
{
	struct document_places *p = df_alloc(sizeof(*p));
	p->max = DOCUMENT_PLACES_MAX;
	return p;
}

static void places_clear(struct document_places *p)
{
	free(p->v);
	p->v = NULL;
	p->n = p->cap = 0;
	df_buf_free(&p->texts);
}

void document_places_free(struct document_places *p)
{
	if (p == NULL)
		return;
	places_clear(p);
	free(p);
}

void document_reject_reason(const struct document_pass_reject *r, struct df_buf *out)
{
	for (size_t i = 0; i < r->n_faults; i++) {
		const struct map_fault *f = &r->faults[i];
		df_buf_addf(out, "%s%s", i > 0 ? "; " : "", f->code);
		if (f->name != NULL && f->name[0] != '\0')
			df_buf_addf(out, " in %s", f->name);
		df_buf_addf(out, ": %s", f->text);
	}
}

void document_places_begin(struct document_places *p)
{
	if (p == NULL)
		return;
	places_clear(p);
	p->texts.max = p->max / 2;
	p->full = p->whole = false;
}

/* Room for one more, in the half of the memory that is not for texts. */
static bool places_grow(struct document_places *p)
{
	if (p->n < p->cap)
		return true;
	size_t cap = p->cap > 0 ? p->cap * 2 : PLACES_AT_FIRST;
	if (cap * sizeof(*p->v) > p->max / 2)
		return false;
	p->v = df_realloc(p->v, cap * sizeof(*p->v));
	p->cap = cap;
	return true;
}

static void places_put(struct document_places *p, const struct document_pass_reject *r)
{
	const struct map_fault *first = &r->faults[0];
	struct document_place *place = &p->v[p->n++];
	*place =
	    (struct document_place){.where = r->where, .code = first->code, .name = p->texts.len};
	df_buf_adds(&p->texts, first->name != NULL ? first->name : "");
	df_buf_addc(&p->texts, '\0');

	place->reason = p->texts.len;
	document_reject_reason(r, &p->texts);
	df_buf_addc(&p->texts, '\0');
}

void document_places_add(struct document_places *p, const struct document_pass_reject *r)
{
	if (p == NULL || p->full)
		return;
	p->full = !places_grow(p);
	if (!p->full) {
		places_put(p, r);
		p->full = p->texts.over;
	}
	if (p->full)
		places_clear(p);
}

void document_places_end(struct document_places *p)
{
	if (p != NULL)
		p->whole = !p->full;
}

bool document_places_are_whole(const struct document_places *p)
{
	return p != NULL && p->whole;
}
