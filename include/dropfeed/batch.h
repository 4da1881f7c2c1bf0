/* SPDX-License-Identifier: MIT */
/*
 * batch.h - records become batches: grouped by user, identified, serialized
 *
 *	struct batch_maker *mk = batch_maker_new(&settings, on_batch, ctx);
 *	batch_maker_add(mk, &record, &where, &err);  calls on_batch for every batch that this
 *	    closes, or, where they are bundled, for batches that were closed some rows before
 *	batch_maker_end(mk, &err);  closes the rest, in the order they were opened
 *	batch_maker_free(mk);
 *
 * Rows whose non-event columns are equal share a batch; a row that brings other attributes for the
 * same IDs closes that user's open batch first. The sequence of batches is a function of the
 * document's bytes and the settings alone.
 *
 * A source_message_id is a version 5 UUID of the feed's name, the drop file's hash, the document's
 * name and the row's number; a source_request_id is one of the same names, the batch's position,
 * and a hash of the batch without the ids made here: other content never goes out under an id that
 * was used. A file may bring its own.
 */
#ifndef DROPFEED_BATCH_H
#define DROPFEED_BATCH_H

#include "dropfeed/json.h"
#include "dropfeed/map.h"

/* Limits of the Events API: a request holds at most 100 batches, 100 events and 256,000 bytes; a
 * batch 128,000 bytes. */
#define BATCH_MAX_BYTES     128000u
#define BATCH_MAX_EVENTS    100u
#define BATCH_MAX_FOLDED    100u /* products that rows are folded into one event up to */
#define REQUEST_MAX_BATCHES 100u
#define REQUEST_MAX_EVENTS  100u
#define REQUEST_MAX_BYTES   256000u

/* What the ids and the layout of batches are made by. A document is finished with the format
 * that it was begun with, because its batches were counted, and some of them sent, under that. Any
 * change of how rows become batches is another one. */
#define BATCH_FORMAT_0_1 1u /* ids are positions: read only, for what 0.1 began */
#ifndef DROPFEED_FAULTS
#define BATCH_FORMAT 2u /* ids are positions and contents */
#else
/* A test lets a host make other ids: DROPFEED_BATCH_FORMAT. */
uint32_t batch_format(void);
#define BATCH_FORMAT batch_format()
#endif

/* Where a row is, for rejects that the API finds later. */
struct batch_row {
	uint64_t number; /* data row, 1-based */
	uint64_t line;
	uint64_t offset, length; /* in the document */
	/* 0-based, of the batch it is in, whose maker fills it in; folded rows share one */
	uint32_t event;
	uint32_t id_at; /* the maker's */
};

/* /bulkevents/historical drops events younger than this */
#define BATCH_HISTORICAL_MIN_MS (INT64_C(72) * 3600000)

/* A part of a batch that its sink takes or refuses on its own. */
struct batch_object {
	uint32_t event;   /* of the batch, 0-based: where it comes from; BATCH_NO_EVENT: its user */
	uint32_t array;   /* of the request: which one it goes to */
	uint32_t part;    /* of its row: 0: the user's; else which one of the event's, from 1 on */
	bool once;        /* it counts twice where it is sent twice */
	bool taken;       /* the sink took it: set by whoever sends it, before it is settled */
	size_t from, len; /* in the batch's JSON */
};
#define BATCH_NO_EVENT UINT32_MAX

/* One Events API object for one user, serialized. */
struct batch {
	char *json; /* own: one line, UTF-8, no newline, a NUL after it; see json_within */
	size_t json_len;
	const char *id; /* its source_request_id as it is written in json: id_len bytes there */
	size_t id_len;
	uint32_t n_events; /* 0 for eventless */
	uint32_t lane;     /* 0 .. lanes-1: a user's batches all have the same */
	bool historical;   /* goes to /bulkevents/historical */
	int64_t latest_ms; /* of a historical one: the time of its latest event */
	/* a hash of its identities: those of a user are sent in order; 0: not known */
	uint64_t user;
	uint64_t position;      /* 0-based, in the document's sequence of batches */
	uint64_t lane_position; /* 0-based, in its lane */
	struct batch_row *rows; /* own; see rows_within */
	size_t n_rows;
	struct batch_object *objects; /* own; NULL: the sink takes it as a whole */
	size_t n_objects;
	uint64_t points; /* of a batch with objects: what its sink bills them as */
	uint64_t cut;    /* names and values that were over a limit of the sink and were cut */
	/* an earlier run may have sent it, and heard no answer: whoever sends it sets this */
	bool in_doubt;
	struct batch *next; /* for whoever holds it */
	bool counted;       /* there is no more of it than these numbers; the maker's own */
	bool unnamed;       /* its id is still to be made: the maker's own */
	/* These are in the same piece of memory as the batch, which is freed as a whole. */
	bool json_within, rows_within;
};
void batch_free(struct batch *b); /* nothing, where it is only counted */

struct batch_settings;

/*
 * What a sink wants instead of batches of the Events API, and how much of it one request takes. A
 * form is a constant; batch_form_of has the table of them. To add one: a file batch_NAME.c with the
 * form, an entry in that table, and, where the sink is a service of its own, one in the table of
 * send_service.h, which says how requests are addressed, paced and judged.
 */
struct batch_form {
	const char *unit; /* what one is called, for messages: "batch" */
	/* of a request; at most REQUEST_MAX_BATCHES batches */
	uint32_t max_batches, max_events, max_bytes;
	uint32_t batch_events; /* of a batch; 0: BATCH_MAX_EVENTS */
	/* All rows with the same IDs are one batch, whatever else they hold: the first one's
	 * members count. Batches stay open to the document's end, whatever the window is. */
	bool one_for_user;
	/* Of those: batches may come in any order. Rows are collected first, and what the window
	 * has no room for waits in an unnamed file. */
	bool unordered;
	/* Puts what the sink wants in place of the batch's JSON and of its id, and may change
	 * n_events: what counts for max_events. The batch is whole, its rows included. NULL: the
	 * Events API's JSON is what it wants. */
	void (*convert)(const struct batch_settings *settings, struct batch *b);
	/* Writes the JSON of a batch with objects anew, after some were taken out. */
	void (*write)(struct batch *b);
	/* How much a batch adds to a request is seen only after that: batches that are only
	 * counted are made as well. */
	bool convert_counts;
	/* The sink takes events of any age in one place: none are historical. */
	bool ageless;
	/* Nothing of these documents is sent but what surrounds the events. NULL: all is. */
	bool (*drops_events)(const struct batch_settings *settings);
	/* Whether a row can go there: what it is converted to is within the sink's limits. False:
	 * fault says why not. NULL: what the Events API takes can. */
	bool (*check)(const struct batch_settings *settings, const struct map_record *record,
		      struct map_fault *fault);
	/* The one of the record's identities by which the sink knows the user, as JSON, whatever
	 * the others are; empty: the record has none. NULL: it knows users by all of them. */
	struct json_text (*user)(const struct batch_settings *settings,
				 const struct map_record *record);
	/* What a document does not say of a user is taken away there: where a row is rejected, so
	 * are all rows of its user. A number by which the user whom the record names is known, if
	 * it is rejected as well; 0: it names none. NULL: each row counts for itself. */
	uint64_t (*whole_user)(const struct batch_settings *settings,
			       const struct map_record *record);
};
/* by the feed's sink; a constant */
const struct batch_form *batch_form_of(const struct conf_feed *feed);
/* The same for documents of a type: the limits of a request are the same, batches may differ. */
const struct batch_form *batch_form_for(const struct conf_feed *feed, const char *event_type);
extern const struct batch_form batch_form_events; /* the Events API's */
extern const struct batch_form batch_form_braze;  /* batch_braze.c */
extern const struct batch_form batch_form_audience;
/* Leaves of a batch with objects the rows alone for which keeps() is true, and of the objects
 * those that keeps_part() wants for one of them. */
struct batch_keep {
	bool (*keeps)(void *ctx, const struct batch_row *row);
	/* part: of an object of the row; NULL: all are wanted */
	bool (*keeps_part)(void *ctx, const struct batch_row *row, uint32_t part);
	void *ctx;
};
/* Whether the object is one of the row's. */
static inline bool batch_object_of(const struct batch_object *o, const struct batch_row *row)
{
	return o->event == BATCH_NO_EVENT || o->event == row->event;
}
void batch_keep_rows(struct batch *b, const struct batch_keep *keep);
/* For convert: takes what is in `json`, where the id is so many bytes from its beginning on. */
void batch_replace(struct batch *b, struct df_buf *json, size_t id_at, size_t id_len);

/* Purchases that state an order's total: batch_orders.c */
struct batch_orders {
	uint64_t again;        /* events that state what an earlier one stated, at least */
	uint64_t others;       /* those with another total of an earlier one's order */
	uint64_t line;         /* of the first of `again` */
	struct batch_order *v; /* own */
};
void batch_orders_begin(struct batch_orders *orders);
void batch_orders_end(struct batch_orders *orders);
void batch_orders_add(struct batch_orders *orders, const struct map_record *record,
		      const struct batch_row *where);

struct batch_settings {
	const struct batch_form *form;   /* NULL: batch_form_events */
	const struct conf_feed *options; /* of its convert; or NULL */
	const char *feed;                /* the three names that make the ids: feed, */
	const char *sha256;              /* the drop file's hash, */
	const char *document; /* and the document's name ("" when the file is the document) */
	const char *event_type;
	uint32_t format; /* BATCH_FORMAT, or of what an older version began */
	uint32_t lanes;
	uint64_t window; /* bytes of open batches */
	/* a document of more batches is refused, as too-many-requests; 0: any number */
	uint64_t most;
	enum conf_historical historical;
	/* Batches are only counted: they have neither JSON (json may be NULL; json_len is its
	 * length, or a little more), nor ids, nor rows. */
	bool count_only;
	/* Batches may come some rows after those that closed them, or at the end: many of them get
	 * their ids at once. */
	bool bundle;
	/* adjacent rows that differ in product_action.products alone make one event */
	bool fold_products;
	struct batch_orders *orders; /* gets each event that states an order's total; or NULL */
	/* folder for unnamed files, or NULL: what a document needs is kept in memory alone */
	const char *scratch;
	/* when the document was first begun: rows older than 30 days before that are historical */
	int64_t begun_ms;
};

struct batch_maker;

/* Gets every closed batch, which becomes the callee's, or, where it is only counted, is gone
 * afterwards. Anything but DF_OK ends
 * batch_maker_add/_end with it. */
typedef enum df_status (*batch_sink)(void *ctx, struct batch *b, struct df_err *err);

struct batch_maker *batch_maker_new(const struct batch_settings *settings, batch_sink sink,
				    void *ctx);

/* Of batches under these settings nothing is made but their sizes. */
bool batch_only_counts(const struct batch_settings *settings);

/* True when a batch of this one record would be over BATCH_MAX_BYTES: `row-too-large`. */
bool batch_record_too_large(const struct batch_settings *settings, const struct map_record *record);

/* Of a record's IDs. The same on every machine, as lanes depend on it. Never 0. */
uint64_t batch_hash(const char *p, size_t len);
/* Records with these IDs are added soon: what is known of that user is fetched into the
 * processor's cache, a step at a time. So it is called BATCH_STEPS times for a record, with some
 * others in between, and step counts down to 0. It changes nothing. */
#define BATCH_STEPS 3u
void batch_maker_expect(const struct batch_maker *mk, uint64_t ids_hash, unsigned step);

enum df_status batch_maker_add(struct batch_maker *mk, const struct map_record *record,
			       const struct batch_row *where, struct df_err *err) DF_CHECK;
enum df_status batch_maker_end(struct batch_maker *mk, struct df_err *err) DF_CHECK;
void batch_maker_free(struct batch_maker *mk);

#endif
