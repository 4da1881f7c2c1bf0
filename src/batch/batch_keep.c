/* SPDX-License-Identifier: MIT */
/* A part of a batch, for rows that are sent again. */
#include "dropfeed/batch.h"

static bool keeps_event(const struct batch *b, uint32_t event, const struct batch_keep *keep)
{
	for (size_t i = 0; i < b->n_rows; i++)
		if (b->rows[i].event == event && keep->keeps(keep->ctx, &b->rows[i]))
			return true;
	return false;
}

void batch_keep_rows(struct batch *b, const struct batch_keep *keep)
{
	size_t rows = 0, objects = 0;
	for (size_t i = 0; i < b->n_objects; i++) {
		uint32_t event = b->objects[i].event;
		if (event == BATCH_NO_EVENT ? !keep->events : keeps_event(b, event, keep))
			b->objects[objects++] = b->objects[i];
	}
	for (size_t i = 0; i < b->n_rows; i++)
		if (keep->keeps(keep->ctx, &b->rows[i]))
			b->rows[rows++] = b->rows[i];
	b->n_objects = objects;
	b->n_events = (uint32_t)objects;
	b->n_rows = rows;
}
