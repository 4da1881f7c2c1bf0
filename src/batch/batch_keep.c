/* SPDX-License-Identifier: MIT */
/* A part of a batch, for rows that are sent again. */
#include "dropfeed/batch.h"

static bool keeps_object(const struct batch *b, const struct batch_object *o,
			 const struct batch_keep *keep)
{
	for (size_t i = 0; i < b->n_rows; i++) {
		const struct batch_row *row = &b->rows[i];
		if (batch_object_of(o, row) && keep->keeps(keep->ctx, row) &&
		    (keep->keeps_part == NULL || keep->keeps_part(keep->ctx, row, o->part)))
			return true;
	}
	return false;
}

void batch_keep_rows(struct batch *b, const struct batch_keep *keep)
{
	size_t rows = 0, objects = 0;
	for (size_t i = 0; i < b->n_objects; i++)
		if (keeps_object(b, &b->objects[i], keep))
			b->objects[objects++] = b->objects[i];
	for (size_t i = 0; i < b->n_rows; i++)
		if (keep->keeps(keep->ctx, &b->rows[i]))
			b->rows[rows++] = b->rows[i];
	b->n_objects = objects;
	b->n_events = (uint32_t)objects;
	b->n_rows = rows;
}
