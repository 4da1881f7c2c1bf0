/* SPDX-License-Identifier: MIT */
/* batch_priv.h - ids, and the table of users with an open batch */
#ifndef DROPFEED_BATCH_PRIV_H
#define DROPFEED_BATCH_PRIV_H

#include "batch_memory.h"
#include "batch_sha1.h"
#include "batch_xxh.h"

#include "dropfeed/batch.h"

#include <uuid/uuid.h>

#define BATCH_ID_LEN 36 /* of a UUID as text */

extern const struct batch_form batch_form_requests; /* batch_request.c */

/* The namespace of a document's ids (RFC 4122 version 5): the feed, the drop file's bytes, the
 * document. */
struct batch_space {
	uuid_t root;
	batch_sha1_all sha1; /* the best that this processor can */
	batch_xxh xxh;       /* likewise */
};
void batch_space_init(struct batch_space *space, const char *feed, const char *sha256,
		      const char *document);

#define BATCH_NAME_ROOM 24u /* a letter and 20 digits, in whole words */

/* Ids of one kind that wait to be hashed together. */
struct batch_id_lanes {
	struct batch_sha1 sha;
	char *out[BATCH_SHA1_LANES];
	size_t n;
	/* The name of the latest one, with zeros after it: numbers mostly follow one another. */
	unsigned char name[BATCH_NAME_ROOM];
	size_t name_len; /* 0: there was none */
	uint64_t number;
};

/* Makes ids, some at a time: they are written when so many are there, or at the end. */
struct batch_id_maker {
	const struct batch_space *space; /* borrowed */
	struct batch_id_lanes rows, batches;
};
void batch_id_begin(struct batch_id_maker *m, const struct batch_space *space);
void batch_id_row(struct batch_id_maker *m, uint64_t number, char out[BATCH_ID_LEN]);

/* What a batch's id is made from, beside the document. */
struct batch_content {
	/* the source_request_id that its rows brought, and that an earlier batch has already; or
	 * NULL */
	const char *own;
	size_t own_len;
	uint64_t position;
	/* everything of it but the ids made here; NULL: the position alone, BATCH_FORMAT_0_1 */
	const char *body;
	size_t body_len;
};
void batch_id_batch(struct batch_id_maker *m, const struct batch_content *c,
		    char out[BATCH_ID_LEN]);
void batch_id_end(struct batch_id_maker *m);

/* ---- the ids that the file brought: batch_ids.c ---- */

#define BATCH_IDS_MEMORY_BITS 20u /* 8 MiB */

struct batch_ids {
	const char *scratch;  /* folder for an unnamed file; NULL: all is kept in memory */
	unsigned memory_bits; /* of the greatest number of slots that are kept in memory */
	uint64_t *v;          /* own; 0: free. NULL: they are in the file */
	int fd;               /* own; -1: none */
	unsigned bits;        /* of the number of slots; 0: there are none yet */
	size_t n;
};
/* Remembers a given id. *fresh: no earlier batch has it, or the API would drop the second one. */
enum df_status batch_ids_enter(struct batch_ids *ids, uint64_t hash, bool *fresh,
			       struct df_err *err) DF_CHECK;
void batch_ids_free(struct batch_ids *ids);

/* The last event of an open batch, as offsets in its `events`, for a row that may be folded into
 * it. */
struct batch_last {
	size_t id, id_end;         /* its source_message_id */
	bool own_id;               /* which the file brought */
	size_t data, data_end;     /* the members after it */
	size_t fold_from, fold_to; /* the products in them; fold_to 0: none */
	size_t products;
};

/* Serialized, comma-separated. */
struct batch_events {
	char *data; /* own, but while it is in the room after the key */
	size_t len, cap;
};

/* What an open batch has where batches are made, and not only counted. */
struct batch_made {
	struct batch_last last;
	struct batch_events events;
	struct batch_row *rows; /* likewise: own, but while they are in that room */
	size_t cap_rows;
	bool rows_in_room, events_in_room;
};

/* A user's open batch: one piece of memory, with its struct batch_made before it. */
struct batch_open {
	size_t key_cap; /* the room after it included */
	/* what every row of the user needs is together, at the key: memory is what takes time
	 * here */
	/* in order of opening */
	struct batch_open *older, *newer;
	/* What was opened some batches later, and may be gone: never read, only fetched into the
	 * processor's cache. */
	const struct batch_open *ahead;
	uint64_t hash; /* of the IDs */
	size_t n_rows;
	size_t events_len; /* of what is in events, or (count_only) would be there */
	size_t weight;     /* bytes it counts in the window */
	int64_t latest_ms; /* of its events, where it is historical */
	uint32_t n_events;
	uint32_t ids_at; /* in the key */
	uint32_t ids_len, members_len, own_id_len;
	uint32_t tail_len; /* of the members, at their end: does not count for merging */
	bool historical;
	/* the members but events; the file's own source_request_id, if any; the user's IDs, unless
	 * they are a piece of the members; perhaps room for its first row and the event of that */
	char key[];
};

static inline struct batch_made *batch_made(struct batch_open *o)
{
	return (struct batch_made *)o - 1;
}

static inline const char *batch_members(const struct batch_open *o)
{
	return o->key;
}

static inline const char *batch_own_id(const struct batch_open *o)
{
	return o->key + o->members_len;
}

/* ---- the users that have an open batch: batch_table.c ---- */

#define BATCH_BUCKET 4
#define BATCH_AHEAD  4 /* batches: as many are closed while memory is fetched */

/* A line of the cache. Who finds no room in his own bucket is in one of the next. */
struct batch_bucket {
	uint32_t tags[BATCH_BUCKET]; /* a part of the hash; 0: free */
	uint32_t passed;             /* open batches that did not find room here */
	struct batch_open *open[BATCH_BUCKET];
} __attribute__((aligned(64)));

struct batch_table {
	bool counts;                /* there is no struct batch_made */
	struct batch_memory memory; /* what the open batches are in */
	struct batch_bucket *buckets;
	size_t n_buckets, n;
	struct batch_open *oldest, *newest; /* own */
	/* the latest ones, which get their `ahead`; NULL: closed since */
	struct batch_open *recent[BATCH_AHEAD];
	size_t added;
};

void batch_table_init(struct batch_table *t, bool counts);
void batch_table_free(struct batch_table *t);
/* See batch_maker_expect. */
void batch_table_expect(const struct batch_table *t, uint64_t hash, unsigned step);
/* The open batch of the record's IDs, or NULL. */
struct batch_open *batch_table_find(const struct batch_table *t, uint64_t hash,
				    const struct map_record *rec);
/* Opens one for the record's IDs and members, without events, the first of which is so long. There
 * must be none. */
struct batch_open *batch_table_add(struct batch_table *t, uint64_t hash,
				   const struct map_record *rec, size_t event_len);
/* Makes room for another row, or for so many bytes more of events. */
void batch_table_grow_rows(struct batch_table *t, struct batch_made *made);
void batch_table_grow_events(struct batch_table *t, struct batch_made *made, size_t more);
/* Takes it out; the caller reads it, and gives it back. */
void batch_table_remove(struct batch_table *t, struct batch_open *o);
void batch_table_give(struct batch_table *t, struct batch_open *o);

/* Asks for the memory that closing the next ones will read: it was long ago that it was touched. */
void batch_table_prefetch(const struct batch_table *t);

#endif
