/* SPDX-License-Identifier: MIT */
/* batch_priv.h - ids, and the table of users with an open batch */
#ifndef DROPFEED_BATCH_PRIV_H
#define DROPFEED_BATCH_PRIV_H

#include "dropfeed/batch.h"

#include <uuid/uuid.h>

#define BATCH_ID_LEN 36 /* of a UUID as text */

/* The namespace of a document's ids (RFC 4122 version 5): the feed, the drop file's bytes, the document. */
void batch_id_namespace(uuid_t out, const char *feed, const char *sha256, const char *document);
/* The id of the batch ('b', by its position) or of the row ('r', by its number). */
void batch_id_make(char out[BATCH_ID_LEN + 1], const uuid_t space, char kind, uint64_t position);
/* The id of a further batch of rows whose own source_request_id went to an earlier batch already. */
void batch_id_derive(char out[BATCH_ID_LEN + 1], const char *own, size_t len, const uuid_t space, uint64_t position);

/* The last event of an open batch, as offsets in its `events`, for a row that may be folded into it. */
struct batch_last {
	size_t id, id_end;         /* its source_message_id */
	bool own_id;               /* which the file brought */
	size_t data, data_end;     /* the members behind it */
	size_t fold_from, fold_to; /* the products in them; fold_to 0: none */
	size_t products;
};

/* A user's open batch. */
struct batch_open {
	uint64_t hash; /* of ids */
	char *ids;     /* own: which user */
	size_t ids_len;
	bool historical;
	uint32_t n_events;
	struct df_buf batch;  /* members but source_request_id and events */
	struct df_buf own_id; /* the file's source_request_id; empty: none */
	struct df_buf events; /* serialized, comma-separated */
	size_t events_len;    /* of what stands, or (count_only) would stand there */
	struct batch_last last;
	struct batch_row *rows; /* own */
	size_t n_rows, cap_rows;
	size_t weight;                    /* bytes it counts in the window */
	struct batch_open *older, *newer; /* in order of opening */
	struct batch_open *chain;         /* in the table */
};

uint64_t batch_hash(const char *p, size_t len);

#endif
