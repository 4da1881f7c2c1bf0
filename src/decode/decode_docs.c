/* SPDX-License-Identifier: MIT */
/* The documents of a drop file, and what of it is skipped. */
#include "decode_priv.h"

/* Room for one more in an array of n elements. */
static void *decode_grow(void *v, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return v;
	*cap = *cap == 0 ? 4 : *cap * 2;
	return df_realloc(v, *cap * size);
}

void decode_add_doc(struct decode *d, const char *name, const char *event_type, int fd,
		    uint64_t offset, uint64_t length)
{
	d->docs = decode_grow(d->docs, d->n_docs, &d->cap_docs, sizeof(*d->docs));
	d->docs[d->n_docs++] = (struct decode_doc){.name = df_strdup(name),
						   .event_type = df_strdup(event_type),
						   .fd = fd,
						   .offset = offset,
						   .length = length,
						   .text = decode_text_new(d->texts),
						   .key = d->opened ? d->key : NULL};
}

void decode_add_skipped(struct decode *d, const char *name, const char *why, bool missed)
{
	d->skipped = decode_grow(d->skipped, d->n_skipped, &d->cap_skipped, sizeof(*d->skipped));
	d->skipped[d->n_skipped++] =
	    (struct decode_skipped){.name = df_strdup(name), .why = why, .missed = missed};
}

size_t decode_count(const struct decode *d)
{
	return d->n_docs;
}

const struct decode_doc *decode_doc(const struct decode *d, size_t i)
{
	return &d->docs[i];
}

size_t decode_skipped_count(const struct decode *d)
{
	return d->n_skipped;
}

const struct decode_skipped *decode_skipped(const struct decode *d, size_t i)
{
	return &d->skipped[i];
}
