/* SPDX-License-Identifier: MIT */
/*
 * Which rows of a document were not settled. Progress is a number of batches for each lane, and the
 * same batches come out of the same bytes and settings: what is in the later ones was not
 * delivered. A bit for each row, however many there are.
 */
#include "dropfeed/document.h"

#include <stdlib.h>

#define ROWS_AT_FIRST 65536u

struct undelivered_pass {
	struct document_undelivered *out;
	uint64_t *done; /* own: batches of each lane */
};

static void undelivered_mark(struct document_undelivered *u, uint64_t row)
{
	uint64_t byte = row / 8;
	if (byte >= u->size) {
		uint64_t size = u->size > 0 ? u->size : ROWS_AT_FIRST / 8;
		while (size <= byte)
			size *= 2;
		u->bits = df_realloc(u->bits, size);
		memset(u->bits + u->size, 0, size - u->size);
		u->size = size;
	}
	u->bits[byte] = (uint8_t)(u->bits[byte] | 1u << row % 8);
	u->n++;
}

static enum df_status undelivered_batch(void *ctx, struct batch *b, struct df_err *err)
{
	struct undelivered_pass *w = ctx;
	(void)err;
	for (size_t i = 0; i < b->n_rows && b->lane_position >= w->done[b->lane]; i++)
		undelivered_mark(w->out, b->rows[i].number);
	batch_free(b);
	return DF_OK;
}

enum df_status document_undelivered_find(const struct document_env *env, struct document_pass *pass,
					 const struct batch_settings *settings, int64_t document_id,
					 struct document_undelivered *out, struct df_err *err)
{
	struct undelivered_pass w = {.out = out,
				     .done = df_alloc(settings->lanes * sizeof(*w.done))};
	enum df_status st = ledger_lanes(env->ledger, document_id, w.done, settings->lanes, err);
	if (st != DF_OK)
		goto cleanup;
	st = document_batches(pass, settings, undelivered_batch, NULL, &w, err);
cleanup:
	free(w.done);
	return st;
}

uint64_t document_undelivered_next(const struct document_undelivered *u, uint64_t after)
{
	uint64_t row = after + 1;
	while (row / 8 < u->size) {
		if (u->bits[row / 8] == 0) {
			row = (row / 8 + 1) * 8;
			continue;
		}
		if ((u->bits[row / 8] >> row % 8 & 1) != 0)
			return row;
		row++;
	}
	return 0;
}

void document_undelivered_free(struct document_undelivered *u)
{
	free(u->bits);
	*u = (struct document_undelivered){0};
}
