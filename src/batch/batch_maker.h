/* SPDX-License-Identifier: MIT */
/*
 * batch_maker.h - what makes batches of a document: rows are added to open ones (batch.c), which
 * are closed and handed on (batch_close.c)
 */
#ifndef DROPFEED_BATCH_MAKER_H
#define DROPFEED_BATCH_MAKER_H

#include "batch_priv.h"

struct batch_maker {
	struct batch_settings set; /* strings borrowed */
	batch_sink sink;
	void *ctx;
	struct batch_space space;
	uint32_t max_events;
	bool counts;     /* batches come without JSON: folding alone has to see the events */
	char *event_end; /* own: what closes an event; NULL when eventless */
	size_t event_end_len;
	size_t event_frame;

	struct batch_later *later; /* own; NULL: rows are added as they come */
	/* own; NULL: batches are handed on as they are closed */
	struct batch_finish *finish;
	struct batch_table open;
	struct batch_open *previous; /* where the row before went, while it is open */
	size_t weight;
	struct batch_ids used;
	struct batch counted; /* the latest one, where batches are only counted */

	uint64_t next_position;
	uint64_t *lane_next; /* own; per lane */
};

/* an id is put there */
static const char batch_blank_id[BATCH_ID_LEN + 1] = "                                    ";

static inline char *batch_put(char *at, const char *p, size_t len)
{
	if (len > 0)
		memcpy(at, p, len);
	return at + len;
}

/* Of an array of characters, without its NUL. */
#define BATCH_PUT(at, text) batch_put((at), (text), sizeof(text) - 1)

#define BATCH_FRAME (sizeof("{\"source_request_id\":\"\",,\"events\":[]}") - 1)

/* The bytes of a batch. A given id may later be replaced by a derived one, so the longer of the two
 * counts. */
static inline size_t batch_maker_size(size_t own_id_len, size_t batch_len, size_t events_len)
{
	return BATCH_FRAME + (own_id_len > BATCH_ID_LEN ? own_id_len : BATCH_ID_LEN) + batch_len +
	       events_len;
}

/* Room for another event, or for so many bytes more of one. */
static inline bool batch_maker_has_room(const struct batch_maker *mk, const struct batch_open *o,
					size_t more)
{
	return mk->set.form->one_for_user ||
	       batch_maker_size(o->own_id_len, o->members_len, o->events_len + 1 + more) <=
		   BATCH_MAX_BYTES;
}

/* ---- batch_fold.c ---- */

/* Whether the row before went into this batch's last event, and this one differs from it in the
 * products alone, which one of them has at least. */
bool batch_fold_fits(const struct batch_maker *mk, struct batch_open *o,
		     const struct map_record *rec);
/* Puts the row's products after those of that event. */
void batch_fold_put(struct batch_table *t, struct batch_open *o, const struct map_record *rec);

/* ---- batch_close.c ---- */

/* Takes the open batch out of the table and hands it on. */
enum df_status batch_close(struct batch_maker *mk, struct batch_open *o,
			   struct df_err *err) DF_CHECK;
enum df_status batch_close_oldest(struct batch_maker *mk, struct df_err *err) DF_CHECK;
enum df_status batch_close_all(struct batch_maker *mk, struct df_err *err) DF_CHECK;

/* Hands on what has its ids; all: once they are made. After a failure nobody takes the rest. */
enum df_status batch_close_hand_on(struct batch_maker *mk, bool all, struct df_err *err) DF_CHECK;

#endif
