/* SPDX-License-Identifier: MIT */
/* document_part.h - what is kept of a part of a document: see document_parts.c */
#ifndef DOCUMENT_PART_H
#define DOCUMENT_PART_H

#include "document_pass.h"

struct document_kept_fault {
	const char *code;
	size_t column, text; /* text: where in the part's bytes */
};

#define DOCUMENT_IDS_APART UINT32_MAX

struct document_kept_row {
	struct batch_row where; /* within the part: number from 0, line from 1 */
	size_t at;              /* in the part's bytes: its fragments, one after the other */
	uint32_t ids, batch, data, request_id, message_id; /* their lengths */
	uint32_t ids_at; /* in its batch; DOCUMENT_IDS_APART: they are kept by themselves */
	uint32_t batch_tail;
	bool sound, has_request_id, has_message_id, has_timestamp, late, no_event, refuses;
	uint32_t fold_from, fold_to, fold_items, order_total;
	int64_t timestamp_ms;
	size_t fault, n_faults;
	uint64_t ids_hash, order;
};

struct document_part {
	bool done;             /* under the lock; the rest is then the calling thread's */
	uint64_t from, to;     /* as planned */
	struct rows_place end; /* of what was read of it */
	enum df_status st;     /* DF_OK, or why reading ended */
	struct df_err err;
	uint64_t n_rows; /* kept or not */
	struct document_kept_row *rows;
	size_t n_kept, cap_rows;
	struct document_kept_fault *faults;
	size_t n_faults, cap_faults;
	struct df_buf bytes;
	struct map_note *notes; /* own: see map_notes */
	size_t n_notes;
};

/* Forgets what was kept, and keeps the memory. */
void document_part_clear(struct document_part *p);
/* lengths: of its data no more is kept. */
void document_part_keep(struct document_part *p, const struct rows_row *row,
			const struct map_record *record, bool sound, bool lengths);
/* The map's notes, which it forgets. */
void document_part_keep_notes(struct document_part *p, struct map *m);
/* The record as the map made it, but for the faults' names, which are borrowed from the pass's
 * own map. */
void document_part_recall(const struct document_part *p, const struct document_kept_row *k,
			  const struct document_pass *pass, struct map_record *record);

#endif
