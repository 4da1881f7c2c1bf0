/* SPDX-License-Identifier: MIT */
/* batch_close.c - an open batch gets its JSON and its place, and is handed on */
#include "batch_finish.h"
#include "batch_maker.h"

#include <stdlib.h>

#define PIECE_STEP 128u

/* A batch with room for its rows and its JSON, in one piece. */
static struct batch *piece_new(const struct batch_open *o)
{
	size_t rows = o->n_rows * sizeof(struct batch_row);
	size_t json = batch_maker_size(o->own_id_len, o->members_len, o->events_len) + 1;
	/* of few sizes, so that most take the place of one that was freed lately */
	size_t size = (sizeof(struct batch) + rows + json + PIECE_STEP - 1) / PIECE_STEP;
	struct batch *b = df_realloc(NULL, size * PIECE_STEP);
	b->rows = (struct batch_row *)(b + 1);
	b->json = (char *)(b->rows + o->n_rows);
	return b;
}

/* What is known of the batch before it has JSON and rows: each member by itself, because clearing
 * all of it first takes longer. */
static void begin(struct batch_maker *mk, const struct batch_open *o, struct batch *b)
{
	b->json_len = batch_maker_size(o->own_id_len, o->members_len, o->events_len);
	b->id = NULL;
	b->id_len = 0;
	b->n_events = o->n_events;
	b->lane = (uint32_t)(o->hash % mk->set.lanes);
	b->historical = o->historical;
	b->latest_ms = o->latest_ms;
	b->user = o->hash;
	b->position = mk->next_position++;
	b->lane_position = mk->lane_next[b->lane]++;
	b->n_rows = o->n_rows;
	b->objects = NULL;
	b->n_objects = 0;
	b->points = b->cut = 0;
	b->next = NULL;
	b->in_doubt = b->unnamed = false;
	b->counted = mk->counts;
	b->json_within = b->rows_within = !mk->counts;
}

/* Everything, with blanks for the ids made here. Returns where the events begin. */
static size_t serialize(struct batch_open *o, bool own_id, struct batch *b)
{
	size_t events_at = 0;
	char *at = BATCH_PUT(b->json, "{\"source_request_id\":\"");
	b->id = at;
	b->id_len = own_id ? o->own_id_len : BATCH_ID_LEN;
	at = batch_put(at, own_id ? batch_own_id(o) : batch_blank_id, b->id_len);
	*at++ = '"';

	if (o->members_len > 0) {
		*at++ = ',';
		at = batch_put(at, batch_members(o), o->members_len);
	}
	if (o->n_events > 0) {
		at = BATCH_PUT(at, ",\"events\":[");
		events_at = (size_t)(at - b->json);
		at = batch_put(at, batch_made(o)->events.data, batch_made(o)->events.len);
		*at++ = ']';
	}

	*at++ = '}';
	*at = '\0';
	b->json_len = (size_t)(at - b->json);
	return events_at;
}

/* Gives the batch what it holds: JSON, rows, and blanks for its ids. An id that is made from one of
 * the file's is made here, because that one is not kept. */
static enum df_status fill(struct batch_maker *mk, struct batch_open *o, struct batch *b,
			   struct df_err *err)
{
	bool own_id = false;
	if (o->own_id_len > 0) {
		enum df_status st = batch_ids_enter(
		    &mk->used, batch_hash(batch_own_id(o), o->own_id_len), &own_id, err);
		if (st != DF_OK)
			return st;
	}

	size_t events_at = serialize(o, own_id, b);
	b->unnamed = !own_id;
	memcpy(b->rows, batch_made(o)->rows, o->n_rows * sizeof(*b->rows));
	for (size_t i = 0; i < b->n_rows; i++)
		b->rows[i].id_at += b->rows[i].id_at != 0 ? (uint32_t)events_at : 0;
	if (mk->finish != NULL && (own_id || o->own_id_len == 0))
		return DF_OK;

	if (!mk->set.count_only) /* ids of one length all */
		batch_finish_one(&mk->space, mk->set.format, b,
				 o->own_id_len > 0 ? batch_own_id(o) : NULL, o->own_id_len);
	if (mk->set.form->convert != NULL)
		mk->set.form->convert(&mk->set, b);
	return DF_OK;
}

#define HAND_ON 1 /* for each one that was closed: its memory is taken for the next one */

enum df_status batch_close_hand_on(struct batch_maker *mk, bool all, struct df_err *err)
{
	enum df_status st = DF_OK;
	struct batch *b;
	for (size_t n = 0; all || n < HAND_ON || batch_finish_is_full(mk->finish); n++) {
		b = batch_finish_next(mk->finish, all);
		if (b == NULL)
			break;
		if (st == DF_OK)
			st = mk->sink(mk->ctx, b, err);
		else
			batch_free(b);
	}
	return st;
}

enum df_status batch_close(struct batch_maker *mk, struct batch_open *o, struct df_err *err)
{
	batch_table_remove(&mk->open, o);
	mk->weight -= o->weight;
	if (mk->previous == o)
		mk->previous = NULL;

	/* of one that is counted json and rows stay NULL */
	struct batch *b = mk->counts ? &mk->counted : piece_new(o);
	begin(mk, o, b);
	enum df_status st = mk->counts ? DF_OK : fill(mk, o, b, err);
	batch_table_give(&mk->open, o);
	if (st != DF_OK) {
		batch_free(b);
		return st;
	}

	if (mk->finish == NULL)
		return mk->sink(mk->ctx, b, err);
	batch_finish_put(mk->finish, b);
	return batch_close_hand_on(mk, false, err);
}

enum df_status batch_close_oldest(struct batch_maker *mk, struct df_err *err)
{
	enum df_status st = batch_close(mk, mk->open.oldest, err);
	batch_table_prefetch(&mk->open);
	return st;
}

enum df_status batch_close_all(struct batch_maker *mk, struct df_err *err)
{
	while (mk->open.oldest != NULL) {
		enum df_status st = batch_close_oldest(mk, err);
		if (st != DF_OK)
			return st;
	}
	return DF_OK;
}
