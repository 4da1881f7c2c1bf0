/* SPDX-License-Identifier: MIT */
/*
 * batch_later.h - records that wait for the document's end, so that a user's come together
 *
 * They are held in memory while there is room. What is more is put into an unnamed file, in parts
 * by the hash of the user's IDs: at the end one part after the other is read, and one that is too
 * large is parted anew. So memory holds the room, or all rows of one user where those are more.
 * Within a part records keep their order; what comes first depends on the records and the room
 * alone.
 */
#ifndef DROPFEED_BATCH_LATER_H
#define DROPFEED_BATCH_LATER_H

#include "dropfeed/batch.h"

struct batch_later;

/* scratch: the folder of the file, borrowed; NULL: memory has to do. room: in bytes of open
 * batches, as the maker weighs them. */
struct batch_later *batch_later_new(const char *scratch, uint64_t room);
void batch_later_free(struct batch_later *l);

enum df_status batch_later_put(struct batch_later *l, const struct map_record *rec,
			       const struct batch_row *where, struct df_err *err) DF_CHECK;

struct batch_later_events {
	enum df_status (*take)(void *ctx, const struct map_record *rec,
			       const struct batch_row *where, struct df_err *err);
	/* No record that follows is of a user that was seen. */
	enum df_status (*part_end)(void *ctx, struct df_err *err);
	void *ctx;
};
/* Gives all of them back, and holds nothing afterwards. */
enum df_status batch_later_end(struct batch_later *l, const struct batch_later_events *events,
			       struct df_err *err) DF_CHECK;

#endif
