/* SPDX-License-Identifier: MIT */
/* While the batches of one bundle are handed on, another one is filled. */
#include "batch_finish.h"

#include <stdlib.h>

#define BUNDLE       64u
#define BUNDLE_BYTES (128u << 10)

struct bundle {
	struct batch *v[BUNDLE]; /* own, but for those that were handed on */
	size_t n, bytes, given;
};

struct batch_finish {
	const struct batch_space *space;
	uint32_t format;
	struct bundle two[2];
	size_t filled; /* the one that is filled; the other one has its ids */
};

struct batch_finish *batch_finish_new(const struct batch_space *space, uint32_t format)
{
	struct batch_finish *f = df_alloc(sizeof(*f));
	f->space = space;
	f->format = format;
	return f;
}

void batch_finish_free(struct batch_finish *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < 2; i++)
		for (size_t k = f->two[i].given; k < f->two[i].n; k++)
			batch_free(f->two[i].v[k]);
	free(f);
}

/* ---- ids ---- */

static uint64_t position_of(uint32_t format, const struct batch *b)
{
#ifdef DROPFEED_FAULTS
	if (format > 2) /* a later format has other batches there */
		return b->position + (UINT64_C(1) << 32);
#endif
	(void)format;
	return b->position;
}

/* A batch's hash is made while there are blanks in place of the ids of its events. */
static void add_ids(struct batch_id_maker *ids, uint32_t format, struct batch *b, const char *own,
		    size_t own_len)
{
	size_t id_at = (size_t)(b->id - b->json), body_at = id_at + b->id_len;
	const struct batch_content content = {.own = own,
					      .own_len = own_len,
					      .position = position_of(format, b),
					      .body = format != BATCH_FORMAT_0_1 ? b->json + body_at
										 : NULL,
					      .body_len = b->json_len - body_at};
	if (b->unnamed)
		batch_id_batch(ids, &content, b->json + id_at);
	b->unnamed = false;
	for (size_t i = 0; i < b->n_rows; i++) {
		struct batch_row *row = &b->rows[i];
		if (row->id_at != 0)
			batch_id_row(ids, row->number, b->json + row->id_at);
		row->id_at = 0;
	}
}

void batch_finish_one(const struct batch_space *space, uint32_t format, struct batch *b,
		      const char *own, size_t own_len)
{
	struct batch_id_maker ids;
	batch_id_begin(&ids, space);
	add_ids(&ids, format, b, own, own_len);
	batch_id_end(&ids);
}

static void finish_bundle(const struct batch_finish *f, const struct bundle *bundle)
{
	struct batch_id_maker ids;
	batch_id_begin(&ids, f->space);
	for (size_t i = 0; i < bundle->n; i++)
		add_ids(&ids, f->format, bundle->v[i], NULL, 0);
	batch_id_end(&ids);
}

/* ---- in and out ---- */

void batch_finish_put(struct batch_finish *f, struct batch *b)
{
	struct bundle *bundle = &f->two[f->filled];
	bundle->v[bundle->n++] = b;
	bundle->bytes += b->json_len;
}

bool batch_finish_is_full(const struct batch_finish *f)
{
	const struct bundle *bundle = &f->two[f->filled];
	return bundle->n == BUNDLE || bundle->bytes >= BUNDLE_BYTES;
}

struct batch *batch_finish_next(struct batch_finish *f, bool all)
{
	struct bundle *done = &f->two[!f->filled], *filled = &f->two[f->filled];
	if (done->given < done->n)
		return done->v[done->given++];
	if (filled->n == 0 || (!all && !batch_finish_is_full(f)))
		return NULL;

	finish_bundle(f, filled);
	done->n = done->bytes = done->given = 0;
	f->filled = !f->filled;
	return filled->v[filled->given++];
}
