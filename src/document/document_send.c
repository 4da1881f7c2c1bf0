/* SPDX-License-Identifier: MIT */
#include "dropfeed/document.h"

#include <stdio.h>
#include <stdlib.h>

struct batches_pass {
	struct batch_maker *maker; /* own */
	document_reject_handler reject;
	void *ctx;
};

static enum df_status on_record(void *ctx, const struct map_record *record,
				const struct batch_row *where, struct df_err *err)
{
	struct batches_pass *b = ctx;
	return batch_maker_add(b->maker, record, where, err);
}

static enum df_status on_reject(void *ctx, const struct document_pass_reject *reject,
				struct df_err *err)
{
	struct batches_pass *b = ctx;
	return b->reject != NULL ? b->reject(b->ctx, reject, err) : DF_OK;
}

static void on_expect(void *ctx, uint64_t ids_hash, unsigned step)
{
	batch_maker_expect(((struct batches_pass *)ctx)->maker, ids_hash, step);
}

enum df_status document_batches(struct document_pass *pass, const struct batch_settings *settings,
				batch_sink sink, document_reject_handler reject, void *ctx,
				struct df_err *err)
{
	static const struct document_pass_handlers handlers = {
	    .record = on_record, .reject = on_reject, .expect = on_expect};
	struct batches_pass b = {.reject = reject, .ctx = ctx};
	b.maker = batch_maker_new(settings, sink, ctx);
	pass->begun_ms = settings->begun_ms;
	pass->handlers = &handlers;
	pass->ctx = &b;
	enum df_status st = document_pass(pass, err);
	if (st == DF_OK)
		st = batch_maker_end(b.maker, err);
	batch_maker_free(b.maker);
	return st;
}

struct document_send {
	const struct document_env *env;
	struct send_stream *stream; /* own */
	const uint64_t *done;       /* per lane: batches that earlier runs settled */
	int64_t document_id;        /* 0: stateless */
	struct document_sent *sent;
};

struct ledger_reject *document_reject_rows(const struct send_reject *rejects, size_t n_rejects,
					   size_t *n_rows)
{
	size_t n = 0, rows = 0;
	for (size_t i = 0; i < n_rejects; i++)
		rows += rejects[i].batch->n_rows;
	struct ledger_reject *list = df_alloc(rows * sizeof(*list));
	for (size_t i = 0; i < n_rejects; i++) {
		const struct batch *b = rejects[i].batch;
		for (size_t k = 0; k < b->n_rows; k++)
			list[n++] = (struct ledger_reject){.row = b->rows[k].number,
							   .line = b->rows[k].line,
							   .offset = b->rows[k].offset,
							   .length = b->rows[k].length,
							   .message = rejects[i].message,
							   .code = rejects[i].code};
	}
	*n_rows = n;
	return list;
}

static enum df_status on_settled(void *ctx, uint32_t lane, uint64_t done, uint64_t rows_delivered,
				 const struct send_reject *rejects, size_t n_rejects,
				 struct df_err *err)
{
	struct document_send *s = ctx;
	size_t n = 0;
	struct ledger_reject *list = document_reject_rows(rejects, n_rejects, &n);
	enum df_status st = DF_OK;
	if (s->document_id != 0)
		st = ledger_lane_settled(s->env->ledger, s->document_id, lane, done, rows_delivered,
					 list, n, err);
	free(list);
	return st;
}

/* The file may have brought one of any length. */
static void note_id(struct document_sent *sent, const struct batch *b)
{
	snprintf(sent->last, sizeof(sent->last), "%.*s", (int)b->id_len, b->id);
	if (sent->first[0] == '\0')
		memcpy(sent->first, sent->last, sizeof(sent->first));
}

static void on_touched(void *ctx)
{
	((struct document_send *)ctx)->sent->touched = true;
}

static enum df_status on_batch(void *ctx, struct batch *b, struct df_err *err)
{
	struct document_send *s = ctx;
	note_id(s->sent, b);
	s->sent->batches++;
	s->sent->events += b->n_events;
	if (s->done != NULL && b->lane_position < s->done[b->lane]) {
		batch_free(b); /* settled by an earlier run */
		return DF_OK;
	}
	return send_put(s->stream, b, err);
}

enum df_status document_send(const struct document_env *env, const struct conf_feed *feed,
			     struct document_pass *pass, const struct batch_settings *settings,
			     int64_t document_id, struct document_sent *sent, struct df_err *err)
{
	static const struct send_events events = {.settled = on_settled, .touched = on_touched};
	struct document_send s = {.env = env, .document_id = document_id, .sent = sent};
	uint64_t *done = NULL;
	enum df_status st = DF_OK;
	if (document_id != 0) {
		done = df_alloc(feed->batch.lanes * sizeof(*done));
		st = ledger_lanes(env->ledger, document_id, done, feed->batch.lanes, err);
	}
	if (st == DF_OK)
		st = sender_open(env->sender, feed, done, &events, &s, &s.stream, err);
	if (st == DF_OK) {
		s.done = done;
		st = document_batches(pass, settings, on_batch, NULL, &s, err);
		/* When the pass itself failed, what is in flight is settled and nothing new
		 * begins. */
		enum df_status closed = send_close(s.stream, st != DF_OK, err);
		if (st == DF_OK)
			st = closed;
	}
	free(done);
	/* The preflight read the same bytes with the same settings; a refusal now means that
	 * they are not the same. */
	if (st == DF_REJECT)
		st = DF_FATAL;
	return st;
}
