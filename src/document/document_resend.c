/* SPDX-License-Identifier: MIT */
/*
 * Rows that the API rejected are sent once more. Batches and their ids are a function of the
 * document's bytes and its stored settings, so the same batches come out of it again; those whose
 * rows are marked in the ledger are sent, as a sequence of their own in each lane. A row's mark
 * goes when its batch is settled: that is all the progress that has to be kept.
 */
#include "dropfeed/document.h"

#include <pthread.h>
#include <stdlib.h>

struct sent_row {
	uint64_t row, position; /* position: of its batch, in this sequence of the lane */
};

struct resend_lane {
	struct sent_row *v; /* own */
	size_t n, cap, settled;
	uint64_t next; /* position */
};

struct resend {
	const struct document_env *env;
	int64_t document_id, file_id;
	struct send_stream *stream; /* own */
	const struct ledger_again_rows *again;
	size_t n_put;
	/* of lanes: rows are put by the worker and settled by the sender's thread */
	pthread_mutex_t lock;
	struct resend_lane *lanes;
};

static int compare_rows(const void *a, const void *b)
{
	const struct ledger_again_row *x = a, *y = b;
	return (x->row > y->row) - (x->row < y->row);
}

static bool is_rejected(const struct send_settled *step, const struct sent_row *r)
{
	for (size_t k = 0; k < step->n_rejects; k++) {
		const struct send_reject *reject = &step->rejects[k];
		if (reject->batch->lane_position != r->position)
			continue;
		for (size_t i = 0; i < reject->n_rows; i++)
			if (reject->rows[i].number == r->row)
				return true;
	}
	return false;
}

/* The rows of the lane's batches before step->done that were not rejected; the list is the
 * caller's. */
static uint64_t *take_delivered(struct resend *s, const struct send_settled *step, size_t *n)
{
	pthread_mutex_lock(&s->lock);
	struct resend_lane *l = &s->lanes[step->lane];
	uint64_t *rows = df_alloc((l->n - l->settled) * sizeof(*rows));
	*n = 0;
	for (; l->settled < l->n && l->v[l->settled].position < step->done; l->settled++) {
		const struct sent_row *r = &l->v[l->settled];
		if (!is_rejected(step, r))
			rows[(*n)++] = r->row;
	}
	pthread_mutex_unlock(&s->lock);
	return rows;
}

static enum df_status resend_settled(void *ctx, const struct send_settled *step, struct df_err *err)
{
	struct resend *s = ctx;
	struct ledger_again settled = {0};
	struct document_requests requests = {0};
	struct document_refused rejects = {0};
	enum df_status st = DF_OK;
	uint64_t *delivered = take_delivered(s, step, &settled.n_delivered);
	document_refused_of(step, &rejects);
	settled.delivered = delivered;
	settled.rejects = rejects.v;
	settled.n_rejects = rejects.n;
	document_requests_of(step, &requests);
	settled.requests = requests.v;
	settled.n_requests = requests.n;
	if (settled.n_delivered != step->rows_delivered)
		st = df_fail(DF_FATAL, err, NULL,
			     "lane %u delivered other rows than were sent (a defect of dropfeed)",
			     step->lane);
	else
		st = ledger_again_settled(s->env->ledger, s->document_id, &settled, err);
	document_requests_free(&requests);
	free(delivered);
	document_refused_free(&rejects);
	return st;
}

static enum df_status resend_may(void *ctx, int64_t *left_ms, struct df_err *err)
{
	const struct resend *s = ctx;
	return ledger_held(s->env->ledger, s->file_id, left_ms, err);
}

static const struct ledger_again_row *again_find(const struct resend *s,
						 const struct batch_row *row)
{
	const struct ledger_again_row wanted = {.row = row->number};
	return bsearch(&wanted, s->again->v, s->again->n, sizeof(wanted), compare_rows);
}

static bool is_again(void *ctx, const struct batch_row *row)
{
	return again_find(ctx, row) != NULL;
}

/* Whether the part is one of those of the row that were not taken. */
static bool is_rest(void *ctx, const struct batch_row *row, uint32_t part)
{
	const struct ledger_again_row *again = again_find(ctx, row);
	const char *p = again != NULL ? again->rest : "";
	bool found = again != NULL && *p == '\0';
	while (*p != '\0' && !found) {
		char *end = NULL;
		found = strtoul(p, &end, 10) == part;
		p = *end == ',' ? end + 1 : "";
	}
	return found;
}

/* How many of the batch's rows are to be sent again. One that is taken as a whole was rejected as
 * a whole: all of them or none. */
static size_t count_again(struct resend *s, const struct batch *b)
{
	size_t n = 0;
	for (size_t i = 0; i < b->n_rows; i++)
		n += is_again(s, &b->rows[i]);
	return n;
}

/* Rows that are about to be sent again and must not be sent twice. */
static enum df_status resend_sending(void *ctx, const struct send_sending *sending,
				     struct df_err *err)
{
	struct resend *s = ctx;
	size_t n = 0, k = 0;
	for (size_t i = 0; i < sending->n; i++)
		n += sending->batches[i]->n_rows;
	uint64_t *rows = df_alloc((n + 1) * sizeof(*rows));
	for (size_t i = 0; i < sending->n; i++)
		for (size_t j = 0; j < sending->batches[i]->n_rows; j++)
			rows[k++] = sending->batches[i]->rows[j].number;
	enum df_status st =
	    ledger_again_sending(s->env->ledger, s->document_id, rows, n, sending->back, err);
	free(rows);
	return st;
}

static void note_rows(struct resend *s, const struct batch *b)
{
	pthread_mutex_lock(&s->lock);
	struct resend_lane *l = &s->lanes[b->lane];
	if (l->cap - l->n < b->n_rows) {
		l->cap = l->cap * 2 + b->n_rows;
		l->v = df_realloc(l->v, l->cap * sizeof(*l->v));
	}
	for (size_t i = 0; i < b->n_rows; i++)
		l->v[l->n++] =
		    (struct sent_row){.row = b->rows[i].number, .position = b->lane_position};
	pthread_mutex_unlock(&s->lock);
	s->n_put += b->n_rows;
}

static enum df_status other_batches(struct df_err *err)
{
	return df_fail(DF_FATAL, err, NULL,
		       "the rows that the API rejected are not batches of their own any more: this "
		       "dropfeed groups rows "
		       "in another way than the one that sent them; correct the reject file and "
		       "drop it instead");
}

static enum df_status resend_batch(void *ctx, struct batch *b, struct df_err *err)
{
	struct resend *s = ctx;
	size_t n = count_again(s, b);
	if (n == 0 || (n != b->n_rows && b->objects == NULL)) {
		batch_free(b);
		return n == 0 ? DF_OK : other_batches(err);
	}
	if (b->objects != NULL) {
		batch_keep_rows(
		    b, &(struct batch_keep){.keeps = is_again, .keeps_part = is_rest, .ctx = s});
		if (b->n_objects == 0) {
			batch_free(b);
			return other_batches(err);
		}
	}
	b->lane_position = s->lanes[b->lane].next++;
	note_rows(s, b);
	return send_put(s->stream, b, err);
}

enum df_status document_resend(const struct document_env *env, struct document_pass *pass,
			       const struct batch_settings *settings, int64_t document_id,
			       const struct ledger_again_rows *again, struct df_err *err)
{
	static const struct send_events events = {
	    .settled = resend_settled, .sending = resend_sending, .may = resend_may};
	const uint32_t lanes = pass->feed->batch.lanes;
	struct resend s = {
	    .env = env, .document_id = document_id, .file_id = pass->file_id, .again = again};
	const struct send_order order = {.feed = pass->feed, .events = &events, .ctx = &s};
	enum df_status closed = DF_OK;
	s.lanes = df_alloc(lanes * sizeof(*s.lanes));
	pthread_mutex_init(&s.lock, NULL);
	enum df_status st = sender_open(env->sender, &order, &s.stream, err);
	if (st != DF_OK)
		goto cleanup;

	st = document_batches(pass, settings, resend_batch, NULL, &s, err);
	if (st == DF_OK && s.n_put != again->n)
		st = other_batches(err);
	closed = send_close(s.stream, st != DF_OK, err);
	if (st == DF_OK)
		st = closed;

cleanup:
	for (uint32_t i = 0; i < lanes; i++)
		free(s.lanes[i].v);
	free(s.lanes);
	pthread_mutex_destroy(&s.lock);
	return st == DF_REJECT ? DF_FATAL : st; /* every row of it was read before */
}
