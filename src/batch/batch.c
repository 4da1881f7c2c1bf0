/* SPDX-License-Identifier: MIT */
/*
 * Every user has at most one open batch. It is found by the user's IDs and closed when a row cannot
 * join it, when the window is full (the one opened first goes first), or at the end (in order of
 * opening). None of that looks at a clock.
 */
#include "batch_finish.h"
#include "batch_later.h"
#include "batch_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define HOUR_MS INT64_C(3600000)
/* data older than this belongs to /bulkevents/historical */
#define HISTORICAL_AFTER (30 * 24 * HOUR_MS)

struct batch_maker {
	struct batch_settings set; /* strings borrowed */
	batch_sink sink;
	void *ctx;
	struct batch_space space;
	uint32_t max_events;
	bool counts;     /* batches come without JSON: folding alone has to see the events */
	char *event_end; /* own: what closes an event; NULL when eventless */
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
static const char blank_id[BATCH_ID_LEN + 1] = "                                    ";

#define BATCH_FRAME (sizeof("{\"source_request_id\":\"\",,\"events\":[]}") - 1)
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
	mk->event_frame = event_frame(settings);
	batch_table_init(&mk->open);
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

/* A given id may later be replaced by a derived one, so the longer of the two counts. */
static size_t batch_size(size_t own_id_len, size_t batch_len, size_t events_len)
{
	return BATCH_FRAME + (own_id_len > BATCH_ID_LEN ? own_id_len : BATCH_ID_LEN) + batch_len +
	       events_len;
}

bool batch_record_too_large(const struct batch_settings *settings, const struct map_record *rec)
{
	size_t own = rec->request_id != NULL ? rec->request_id_len : 0;
	if (own + rec->message_id_len + rec->batch_len + rec->data_len < BATCH_MAX_BYTES / 2)
		return false; /* most are far from it */
	return batch_size(own, rec->batch_len, event_size(event_frame(settings), rec)) >
	       BATCH_MAX_BYTES;
}

/* ---- closing ---- */

/* A batch with room for its rows and its JSON, in one piece. */
static struct batch *piece_new(const struct batch_open *o)
{
	size_t rows = o->n_rows * sizeof(struct batch_row);
	size_t json = batch_size(o->own_id_len, o->members_len, o->events_len) + 1;
	struct batch *b = df_realloc(NULL, sizeof(*b) + rows + json);
	*b = (struct batch){.json_within = true, .rows_within = true, .n_rows = o->n_rows};
	b->rows = (struct batch_row *)(b + 1);
	b->json = (char *)(b->rows + o->n_rows);
	return b;
}

static char *put(char *at, const char *p, size_t len)
{
	memcpy(at, p, len);
	return at + len;
}

#define PUT(at, text) put((at), (text), sizeof(text) - 1)

/* Everything, with blanks for the ids made here. Returns where the events begin. */
static size_t serialize(const struct batch_open *o, bool own_id, struct batch *b)
{
	size_t events_at = 0;
	char *at = PUT(b->json, "{\"source_request_id\":\"");
	b->id = at;
	b->id_len = own_id ? o->own_id_len : BATCH_ID_LEN;
	at = put(at, own_id ? batch_own_id(o) : blank_id, b->id_len);
	*at++ = '"';
	if (o->members_len > 0) {
		*at++ = ',';
		at = put(at, batch_members(o), o->members_len);
	}
	if (o->n_events > 0) {
		at = PUT(at, ",\"events\":[");
		events_at = (size_t)(at - b->json);
		at = put(at, o->events.data, o->events.len);
		*at++ = ']';
	}
	*at++ = '}';
	*at = '\0';
	b->json_len = (size_t)(at - b->json);
	return events_at;
}

#ifdef DROPFEED_FAULTS
uint32_t batch_format(void)
{
	const char *other = getenv("DROPFEED_BATCH_FORMAT");
	return other != NULL ? (uint32_t)strtoul(other, NULL, 10) : 2;
}
#endif

/* Gives the batch what it holds: JSON, rows, and blanks for its ids. An id that is made from one of
 * the file's is made here, because that one is not kept. */
static enum df_status fill(struct batch_maker *mk, const struct batch_open *o, struct batch *b,
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
	memcpy(b->rows, o->rows, o->n_rows * sizeof(*b->rows));
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

#define HAND_ON 2 /* for each one that was closed: so memory that is freed is taken again soon */

/* Hands on what has its ids. After a failure nobody takes the rest. */
static enum df_status hand_on(struct batch_maker *mk, bool all, struct df_err *err)
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

/* Takes the open batch out of the table and hands it on. */
static enum df_status close_batch(struct batch_maker *mk, struct batch_open *o, struct df_err *err)
{
	batch_table_remove(&mk->open, o);
	mk->weight -= o->weight;
	if (mk->previous == o)
		mk->previous = NULL;
	struct batch *b = mk->counts ? &mk->counted : piece_new(o);
	if (mk->counts)
		*b = (struct batch){.n_rows = o->n_rows,
				    .counted = true,
				    .json_len =
					batch_size(o->own_id_len, o->members_len, o->events_len)};
	b->lane = (uint32_t)(o->hash % mk->set.lanes);
	b->position = mk->next_position++;
	b->lane_position = mk->lane_next[b->lane]++;
	b->user = o->hash;
	b->historical = o->historical;
	b->latest_ms = o->latest_ms;
	b->n_events = o->n_events;
	enum df_status st = mk->counts ? DF_OK : fill(mk, o, b, err);
	if (o->n_events <= 1) /* its buffer is as long as its event: the next one is longer */
		df_buf_free(&o->events);
	if (st != DF_OK) {
		batch_free(b);
		return st;
	}
	if (mk->finish == NULL)
		return mk->sink(mk->ctx, b, err);
	batch_finish_put(mk->finish, b);
	return hand_on(mk, false, err);
}

static enum df_status close_oldest(struct batch_maker *mk, struct df_err *err)
{
	enum df_status st = close_batch(mk, mk->open.oldest, err);
	batch_table_prefetch(&mk->open);
	return st;
}

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

static bool has_room(const struct batch_maker *mk, const struct batch_open *o, size_t more)
{
	if (mk->set.form->one_for_user)
		return true;
	return batch_size(o->own_id_len, o->members_len, o->events_len + 1 + more) <=
	       BATCH_MAX_BYTES;
}

/* Whether the row before went into this batch's last event, and this one differs from it in the
 * products alone. */
static bool can_fold(const struct batch_maker *mk, const struct batch_open *o,
		     const struct map_record *rec)
{
	const struct batch_last *l = &o->last;
	if (!mk->set.fold_products || mk->previous != o || rec->fold_to == 0 || l->fold_to == 0)
		return false;
	if (l->products + rec->fold_items > BATCH_MAX_FOLDED ||
	    !has_room(mk, o, rec->fold_to - rec->fold_from))
		return false;
	bool own = rec->message_id != NULL;
	const char *e = o->events.data;
	size_t before = rec->fold_from, after = rec->data_len - rec->fold_to;
	return own == l->own_id && before == l->fold_from - l->data &&
	       after == l->data_end - l->fold_to &&
	       (!own || (rec->message_id_len == l->id_end - l->id &&
			 memcmp(rec->message_id, e + l->id, rec->message_id_len) == 0)) &&
	       memcmp(rec->data, e + l->data, before) == 0 &&
	       memcmp(rec->data + rec->fold_to, e + l->fold_to, after) == 0;
}

/* Puts the row's products after those of the last event. */
static void fold(struct batch_open *o, const struct map_record *rec)
{
	struct df_buf *e = &o->events;
	size_t more = rec->fold_to - rec->fold_from, at = o->last.fold_to;
	if (!df_buf_grow(e, more + 1))
		return; /* cannot be: has_room has looked */
	memmove(e->data + at + 1 + more, e->data + at, e->len - at);
	e->data[at] = ',';
	memcpy(e->data + at + 1, rec->data + rec->fold_from, more);
	e->len += more + 1;
	o->events_len = e->len;
	o->last.fold_to += more + 1;
	o->last.data_end += more + 1;
	o->last.products += rec->fold_items;
}

/* Returns where its id is to be put in the events, 0 when it has one. */
static uint32_t add_event(struct batch_maker *mk, struct batch_open *o,
			  const struct map_record *rec)
{
	struct df_buf *e = &o->events;
	o->n_events++;
	if (mk->counts) {
		o->events_len += (o->events_len > 0) + event_size(mk->event_frame, rec);
		return 0;
	}
	/* many have one event, so that room for more would be most of what is held */
	df_buf_first(e, event_size(mk->event_frame, rec));
	if (e->len > 0)
		df_buf_addc(e, ',');
	df_buf_adds(e, "{\"data\":{\"source_message_id\":\"");
	o->last = (struct batch_last){
	    .id = e->len, .own_id = rec->message_id != NULL, .products = rec->fold_items};
	if (rec->message_id != NULL) {
		df_buf_add(e, rec->message_id, rec->message_id_len);
	} else {
		df_buf_add(e, blank_id, BATCH_ID_LEN);
	}
	o->last.id_end = e->len;
	df_buf_addc(e, '"');
	if (rec->data_len > 0)
		df_buf_addc(e, ',');
	o->last.data = e->len;
	df_buf_add(e, rec->data, rec->data_len);
	o->last.data_end = e->len;
	if (rec->fold_to != 0) {
		o->last.fold_from = o->last.data + rec->fold_from;
		o->last.fold_to = o->last.data + rec->fold_to;
	}
	df_buf_adds(e, mk->event_end);
	o->events_len = e->len;
	return rec->message_id != NULL ? 0 : (uint32_t)o->last.id;
}

static void add_row(struct batch_maker *mk, struct batch_open *o, const struct map_record *rec,
		    const struct batch_row *where, bool folds)
{
	uint32_t id_at = 0;
	if (folds)
		fold(o, rec);
	else if (rec->no_event)
		o->last = (struct batch_last){0};
	else if (mk->event_end != NULL)
		id_at = add_event(mk, o, rec);
	if (!mk->counts && o->n_rows == o->cap_rows) {
		o->cap_rows = o->cap_rows > 0 ? o->cap_rows * 2 : 1; /* likewise */
		o->rows = df_realloc(o->rows, o->cap_rows * sizeof(*o->rows));
	}
	if (!mk->counts) {
		o->rows[o->n_rows] = *where;
		o->rows[o->n_rows].event = o->n_events > 0 ? o->n_events - 1 : 0;
		o->rows[o->n_rows].id_at = id_at;
	}
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

static enum df_status add_record(struct batch_maker *mk, const struct map_record *rec,
				 const struct batch_row *where, struct df_err *err)
{
	uint64_t hash = rec->ids_hash != 0 ? rec->ids_hash : batch_hash(rec->ids, rec->ids_len);
	enum df_status st = DF_OK;
	/* since the row before */
	while (st == DF_OK && mk->weight > mk->set.window && !mk->set.form->one_for_user)
		st = close_oldest(mk, err);
	if (st != DF_OK)
		return st;
	bool historical = is_historical(mk, rec);
	struct batch_open *o = batch_table_find(&mk->open, hash, rec);
	bool same = o != NULL && same_user(mk, o, rec, historical);
	bool folds = same && can_fold(mk, o, rec);
	bool joins = folds || (same && o->n_events < mk->max_events &&
			       has_room(mk, o, event_size(mk->event_frame, rec)));
	if (o != NULL && !joins) {
		st = close_batch(mk, o, err);
		o = NULL;
	}
	if (o == NULL && mk->set.most > 0 && st == DF_OK)
		st = check_most(mk, err);
	if (st != DF_OK)
		return st;
	if (o == NULL) {
		o = batch_table_add(&mk->open, hash, rec);
		o->historical = historical;
	}
	if (historical && rec->timestamp_ms > o->latest_ms)
		o->latest_ms = rec->timestamp_ms;
	add_row(mk, o, rec, where, folds);
	mk->previous = o;
	return st;
}

enum df_status batch_maker_add(struct batch_maker *mk, const struct map_record *rec,
			       const struct batch_row *where, struct df_err *err)
{
	return mk->later != NULL ? batch_later_put(mk->later, rec, where, err)
				 : add_record(mk, rec, where, err);
}

static enum df_status close_all(struct batch_maker *mk, struct df_err *err)
{
	enum df_status st = DF_OK;
	while (st == DF_OK && mk->open.oldest != NULL)
		st = close_oldest(mk, err);
	return st;
}

static enum df_status on_take(void *ctx, const struct map_record *rec,
			      const struct batch_row *where, struct df_err *err)
{
	return add_record(ctx, rec, where, err);
}

static enum df_status on_part_end(void *ctx, struct df_err *err)
{
	return close_all(ctx, err);
}

enum df_status batch_maker_end(struct batch_maker *mk, struct df_err *err)
{
	const struct batch_later_events events = {
	    .take = on_take, .part_end = on_part_end, .ctx = mk};
	if (mk->later != NULL)
		return batch_later_end(mk->later, &events, err);
	enum df_status st = close_all(mk, err);
	return st == DF_OK && mk->finish != NULL ? hand_on(mk, true, err) : st;
}
