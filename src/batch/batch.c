/* SPDX-License-Identifier: MIT */
/*
 * Every user has at most one open batch. It is found by the user's IDs and closed when a row cannot
 * join it, when the window is full (the one opened first goes first), or at the end (in order of
 * opening). None of that looks at a clock.
 */
#include "batch_finish.h"
#include "batch_later.h"
#include "batch_maker.h"

#include <stdio.h>
#include <stdlib.h>

#define HOUR_MS INT64_C(3600000)
/* data older than this belongs to /bulkevents/historical */
#define HISTORICAL_AFTER (30 * 24 * HOUR_MS)

#define EVENT_FRAME (sizeof("{\"data\":{\"source_message_id\":\"\",},\"event_type\":\"\"}") - 1)

static bool is_eventless(const struct batch_settings *set)
{
	const struct schema_event *event =
	    schema_event_find(set->event_type, strlen(set->event_type));
	return event != NULL && event->data == NULL;
}

static size_t event_frame(const struct batch_settings *set)
{
	return is_eventless(set) ? 0 : EVENT_FRAME + strlen(set->event_type);
}

bool batch_only_counts(const struct batch_settings *set)
{
	bool converts = set->form != NULL && set->form->convert_counts;
	return set->count_only && !set->fold_products && !converts;
}

struct batch_maker *batch_maker_new(const struct batch_settings *settings, batch_sink sink,
				    void *ctx)
{
	struct batch_maker *mk = df_alloc(sizeof(*mk));
	mk->set = *settings;
	if (mk->set.form == NULL)
		mk->set.form = &batch_form_events;
	mk->max_events =
	    mk->set.form->batch_events > 0 ? mk->set.form->batch_events : BATCH_MAX_EVENTS;
	mk->sink = sink;
	mk->ctx = ctx;
	mk->counts = batch_only_counts(settings);
	batch_space_init(&mk->space, settings->feed, settings->sha256, settings->document);
	if (!is_eventless(settings))
		mk->event_end = df_format("},\"event_type\":\"%s\"}", settings->event_type);
	mk->event_end_len = mk->event_end != NULL ? strlen(mk->event_end) : 0;
	mk->event_frame = event_frame(settings);
	batch_table_init(&mk->open, mk->counts);
	mk->used = (struct batch_ids){
	    .scratch = settings->scratch, .memory_bits = BATCH_IDS_MEMORY_BITS, .fd = -1};
	mk->lane_next = df_alloc(settings->lanes * sizeof(*mk->lane_next));
	if (mk->set.form->unordered) /* what waits and what is open are there together */
		mk->later = batch_later_new(settings->scratch, settings->window / 2);
	if (settings->bundle && !settings->count_only && mk->set.form->convert == NULL)
		mk->finish = batch_finish_new(&mk->space, settings->format);
	return mk;
}

void batch_maker_free(struct batch_maker *mk)
{
	if (mk == NULL)
		return;
	batch_later_free(mk->later);
	batch_finish_free(mk->finish);
	batch_table_free(&mk->open);
	free(mk->event_end);
	free(mk->lane_next);
	batch_ids_free(&mk->used);
	free(mk);
}

/* ---- sizes ---- */

/* frame: what is around an event, 0 when eventless */
static size_t event_size(size_t frame, const struct map_record *rec)
{
	if (frame == 0 || rec->no_event)
		return 0;
	return frame + (rec->message_id != NULL ? rec->message_id_len : BATCH_ID_LEN) +
	       rec->data_len;
}

bool batch_record_too_large(const struct batch_settings *settings, const struct map_record *rec)
{
	size_t own = rec->request_id != NULL ? rec->request_id_len : 0;
	if (own + rec->message_id_len + rec->batch_len + rec->data_len < BATCH_MAX_BYTES / 2)
		return false; /* most are far from it */
	return batch_maker_size(own, rec->batch_len, event_size(event_frame(settings), rec)) >
	       BATCH_MAX_BYTES;
}

#ifdef DROPFEED_FAULTS
uint32_t batch_format(void)
{
	const char *other = getenv("DROPFEED_BATCH_FORMAT");
	return other != NULL ? (uint32_t)strtoul(other, NULL, 10) : 2;
}
#endif

/* ---- adding ---- */

static bool is_historical(const struct batch_maker *mk, const struct map_record *rec)
{
	const struct batch_settings *set = &mk->set;
	if (set->historical == CONF_HIST_NEVER || set->form->ageless || mk->event_end == NULL ||
	    rec->no_event || !rec->has_timestamp)
		return false;
	int64_t age =
	    set->historical == CONF_HIST_ALWAYS ? BATCH_HISTORICAL_MIN_MS : HISTORICAL_AFTER;
	return rec->timestamp_ms < set->begun_ms - age;
}

/* Whether the record's non-event columns are those of the open batch. */
static bool same_user(const struct batch_maker *mk, const struct batch_open *o,
		      const struct map_record *rec, bool historical)
{
	size_t own = rec->request_id != NULL ? rec->request_id_len : 0;
	size_t len = rec->batch_len - rec->batch_tail;
	if (mk->set.form->one_for_user)
		return true;
	if (o->historical != historical || o->members_len - o->tail_len != len ||
	    o->own_id_len != own)
		return false;
	return (len == 0 || memcmp(batch_members(o), rec->batch, len) == 0) &&
	       (own == 0 || memcmp(batch_own_id(o), rec->request_id, own) == 0);
}

/* The event, with blanks where its id is to be. There is room for it. */
static void put_event(const struct batch_maker *mk, struct batch_made *made,
		      const struct map_record *rec)
{
	struct batch_events *e = &made->events;
	struct batch_last *l = &made->last;
	bool own = rec->message_id != NULL;
	char *at = e->data + e->len;
	if (e->len > 0)
		*at++ = ',';
	at = BATCH_PUT(at, "{\"data\":{\"source_message_id\":\"");
	l->id = (size_t)(at - e->data);
	l->own_id = own;
	at = own ? batch_put(at, rec->message_id, rec->message_id_len)
		 : BATCH_PUT(at, batch_blank_id);
	l->id_end = (size_t)(at - e->data);
	*at++ = '"';
	if (rec->data_len > 0)
		*at++ = ',';
	l->data = (size_t)(at - e->data);
	at = batch_put(at, rec->data, rec->data_len);
	l->data_end = (size_t)(at - e->data);
	at = batch_put(at, mk->event_end, mk->event_end_len);
	e->len = (size_t)(at - e->data);
}

/* Returns where its id is to be put in the events, 0 when it has one. */
static uint32_t add_event(struct batch_maker *mk, struct batch_open *o,
			  const struct map_record *rec)
{
	const size_t size = event_size(mk->event_frame, rec);
	o->n_events++;
	if (mk->counts) {
		o->events_len += (o->events_len > 0) + size;
		return 0;
	}
	struct batch_made *made = batch_made(o);
	batch_table_grow_events(&mk->open, made, size + (made->events.len > 0));
	put_event(mk, made, rec);
	struct batch_last *l = &made->last;
	l->products = rec->fold_items;
	l->fold_from = rec->fold_to != 0 ? l->data + rec->fold_from : 0;
	l->fold_to = rec->fold_to != 0 ? l->data + rec->fold_to : 0;
	o->events_len = made->events.len;
	return rec->message_id != NULL ? 0 : (uint32_t)l->id;
}

/* Where the row is, for whoever settles its batch. */
static void note_row(struct batch_table *t, struct batch_open *o, const struct batch_row *where,
		     uint32_t id_at)
{
	struct batch_made *made = batch_made(o);
	if (o->n_rows == made->cap_rows)
		batch_table_grow_rows(t, made);
	made->rows[o->n_rows] = *where;
	made->rows[o->n_rows].event = o->n_events > 0 ? o->n_events - 1 : 0;
	made->rows[o->n_rows].id_at = id_at;
}

static void add_row(struct batch_maker *mk, struct batch_open *o, const struct map_record *rec,
		    const struct batch_row *where, bool folds)
{
	uint32_t id_at = 0;
	if (folds)
		batch_fold_put(&mk->open, o, rec);
	else if (rec->no_event && !mk->counts)
		batch_made(o)->last = (struct batch_last){0};
	else if (!rec->no_event && mk->event_end != NULL)
		id_at = add_event(mk, o, rec);
	if (!mk->counts)
		note_row(&mk->open, o, where, id_at);
	o->n_rows++;
	/* About what is held, spare room included. A formula of lengths, never of allocations:
	 * it decides when batches close, and a later version that allocates otherwise has to
	 * close them at the same rows. */
	size_t weight = 512 + (size_t)o->ids_len + o->members_len + o->own_id_len + o->events_len +
			o->events_len / 2 + o->n_rows * 48;
	mk->weight += weight - o->weight;
	o->weight = weight;
}

void batch_maker_expect(const struct batch_maker *mk, uint64_t ids_hash, unsigned step)
{
	batch_table_expect(&mk->open, ids_hash, step);
}

static enum df_status check_most(const struct batch_maker *mk, struct df_err *err)
{
	if (mk->next_position + mk->open.n < mk->set.most)
		return DF_OK;
	return df_fail(
	    DF_REJECT, err, "too-many-requests",
	    "the document makes more than %llu requests, max_requests: nothing was sent; if "
	    "all of them are meant, raise it",
	    (unsigned long long)mk->set.most);
}

/* The user's open batch, where there is one, is closed, and *o becomes an empty one. */
static enum df_status open_anew(struct batch_maker *mk, struct batch_open **o, uint64_t hash,
				const struct map_record *rec, struct df_err *err)
{
	enum df_status st = *o != NULL ? batch_close(mk, *o, err) : DF_OK;
	if (st != DF_OK)
		return st;
	st = mk->set.most > 0 ? check_most(mk, err) : DF_OK;
	if (st != DF_OK)
		return st;

	*o = batch_table_add(&mk->open, hash, rec, event_size(mk->event_frame, rec));
	return DF_OK;
}

static enum df_status add_record(struct batch_maker *mk, const struct map_record *rec,
				 const struct batch_row *where, struct df_err *err)
{
	uint64_t hash = rec->ids_hash != 0 ? rec->ids_hash : batch_hash(rec->ids, rec->ids_len);
	/* since the row before */
	while (mk->weight > mk->set.window && !mk->set.form->one_for_user) {
		enum df_status st = batch_close_oldest(mk, err);
		if (st != DF_OK)
			return st;
	}

	bool historical = is_historical(mk, rec);
	struct batch_open *o = batch_table_find(&mk->open, hash, rec);
	bool same = o != NULL && same_user(mk, o, rec, historical);
	bool folds = same && mk->set.fold_products && batch_fold_fits(mk, o, rec);
	bool joins = folds || (same && o->n_events < mk->max_events &&
			       batch_maker_has_room(mk, o, event_size(mk->event_frame, rec)));
	if (o == NULL || !joins) {
		enum df_status st = open_anew(mk, &o, hash, rec, err);
		if (st != DF_OK)
			return st;
		o->historical = historical;
	}
	if (mk->set.orders != NULL && rec->order != 0 && !folds && !rec->no_event)
		batch_orders_add(mk->set.orders, rec, where);
	if (historical && rec->timestamp_ms > o->latest_ms)
		o->latest_ms = rec->timestamp_ms;
	add_row(mk, o, rec, where, folds);
	mk->previous = o;
	return DF_OK;
}

static enum df_status add_known(struct batch_maker *mk, const struct map_record *rec,
				const struct batch_row *where, struct df_err *err)
{
	return mk->later != NULL ? batch_later_put(mk->later, rec, where, err)
				 : add_record(mk, rec, where, err);
}

enum df_status batch_maker_add(struct batch_maker *mk, const struct map_record *rec,
			       const struct batch_row *where, struct df_err *err)
{
	if (mk->set.form->user == NULL)
		return add_known(mk, rec, where, err);
	struct map_record known = *rec;
	struct json_text user = mk->set.form->user(&mk->set, rec);
	if (user.len > 0) {
		known.ids = user.p;
		known.ids_len = user.len;
		known.ids_hash = 0;
	}
	return add_known(mk, &known, where, err);
}

static enum df_status on_take(void *ctx, const struct map_record *rec,
			      const struct batch_row *where, struct df_err *err)
{
	return add_record(ctx, rec, where, err);
}

static enum df_status on_part_end(void *ctx, struct df_err *err)
{
	return batch_close_all(ctx, err);
}

enum df_status batch_maker_end(struct batch_maker *mk, struct df_err *err)
{
	const struct batch_later_events events = {
	    .take = on_take, .part_end = on_part_end, .ctx = mk};
	if (mk->later != NULL)
		return batch_later_end(mk->later, &events, err);

	enum df_status st = batch_close_all(mk, err);
	if (st != DF_OK || mk->finish == NULL)
		return st;
	return batch_close_hand_on(mk, true, err);
}
