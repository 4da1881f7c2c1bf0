/* SPDX-License-Identifier: MIT */
#include "dropfeed/document.h"

#include <stdio.h>
#include <stdlib.h>

struct batches_pass {
	struct batch_maker *maker;  /* own */
	struct ledger_times *times; /* borrowed */
	document_reject_handler reject;
	void *ctx;
};

static void note_time(struct ledger_times *t, int64_t ms)
{
	if (!t->any || ms < t->first_ms)
		t->first_ms = ms;
	if (!t->any || ms > t->last_ms)
		t->last_ms = ms;
	t->any = true;
}

static enum df_status on_record(void *ctx, const struct map_record *record,
				const struct batch_row *where, struct df_err *err)
{
	struct batches_pass *b = ctx;
	if (record->has_timestamp && !record->no_event)
		note_time(b->times, record->timestamp_ms);
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
	struct batches_pass b = {.times = &pass->times, .reject = reject, .ctx = ctx};
	struct batch_settings bundled = *settings;
	bundled.bundle = true;
	b.maker = batch_maker_new(&bundled, sink, ctx);
	pass->begun_ms = settings->begun_ms;
	pass->handlers = &handlers;
	pass->ctx = &b;
	pass->lengths = batch_only_counts(settings);
	enum df_status st = document_pass(pass, err);
	if (st != DF_OK)
		goto cleanup;
	st = batch_maker_end(b.maker, err);
cleanup:
	batch_maker_free(b.maker);
	return st;
}

struct document_send {
	const struct document_env *env;
	struct send_stream *stream; /* own */
	const uint64_t *done;       /* per lane: batches that earlier runs settled */
	const uint64_t *upto; /* likewise: those before it were sent, and perhaps not answered */
	int64_t document_id;  /* 0: stateless */
	int64_t file_id;
	struct document_sent *sent;
	struct document_progress *progress; /* or NULL */
	struct ledger_settled *held;        /* own: steps that are recorded with the next one */
	uint32_t n_held;
	uint64_t *settled; /* own: per lane, as the ledger has it; of the sender's thread */
};

/* What of the row was not taken: "0,2". */
static void write_rest(struct df_buf *out, const struct batch *b, const struct batch_row *row)
{
	const struct batch_object *last = NULL;
	for (size_t i = 0; i < b->n_objects; i++) {
		const struct batch_object *o = &b->objects[i];
		bool known = last != NULL && last->part == o->part;
		if (!batch_object_of(o, row) || o->taken || known)
			continue;
		df_buf_addf(out, "%s%u", last != NULL ? "," : "", o->part);
		last = o;
	}
	df_buf_addc(out, '\0');
}

void document_refused_of(const struct send_settled *step, struct document_refused *out)
{
	size_t rows = 0;
	*out = (struct document_refused){0};
	for (size_t i = 0; i < step->n_rejects; i++)
		rows += step->rejects[i].n_rows;
	out->v = df_alloc(rows * sizeof(*out->v));
	for (size_t i = 0; i < step->n_rejects; i++) {
		const struct send_reject *reject = &step->rejects[i];
		for (size_t k = 0; k < reject->n_rows; k++) {
			const struct batch_row *row = &reject->rows[k];
			write_rest(&out->rests, reject->batch, row);
			out->v[out->n++] = (struct ledger_reject){.row = row->number,
								  .line = row->line,
								  .offset = row->offset,
								  .length = row->length,
								  .message = reject->message,
								  .code = reject->code,
								  .partly = reject->partly};
		}
	}

	const char *rest = out->rests.data; /* which does not move any more */
	for (size_t i = 0; i < out->n; i++) {
		out->v[i].rest = rest;
		rest += strlen(rest) + 1;
	}
}

void document_refused_free(struct document_refused *r)
{
	free(r->v);
	df_buf_free(&r->rests);
	*r = (struct document_refused){0};
}

static void note_progress(struct document_progress *p, const struct send_settled *step)
{
	uint64_t rows = step->rows_delivered;
	for (size_t i = 0; i < step->n_rejects; i++)
		rows += step->rejects[i].n_rows;
	if (p != NULL)
		atomic_fetch_add_explicit(&p->settled, rows, memory_order_relaxed);
}

static enum df_status on_settled(void *ctx, const struct send_settled *step, struct df_err *err)
{
	struct document_send *s = ctx;
	struct document_requests requests = {0};
	struct document_refused rejects = {0};
	note_progress(s->progress, step);
	if (s->document_id == 0)
		return DF_OK;

	struct ledger_settled *settled = &s->held[s->n_held++]; /* each lane has one at most */
	*settled = (struct ledger_settled){.lane = step->lane,
					   .done = step->done,
					   .was = s->settled[step->lane],
					   .rows_delivered = step->rows_delivered};
	if (step->more && step->n_rejects == 0 && step->n_taken == 0)
		return DF_OK;

	document_refused_of(step, &rejects);
	settled->rejects = rejects.v;
	settled->n_rejects = rejects.n;
	document_requests_of(step, &requests);
	settled->requests = requests.v;
	settled->n_requests = requests.n;
	enum df_status st =
	    ledger_lanes_settled(s->env->ledger, s->document_id, s->held, s->n_held, err);
	for (uint32_t i = 0; st == DF_OK && i < s->n_held; i++)
		s->settled[s->held[i].lane] = s->held[i].done;
	s->n_held = 0;
	document_refused_free(&rejects);
	document_requests_free(&requests);
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

static enum df_status on_sending(void *ctx, const struct send_sending *sending, struct df_err *err)
{
	struct document_send *s = ctx;
	size_t last = sending->back ? 0 : sending->n - 1;
	if (s->document_id == 0)
		return DF_OK;
	/* a note that it came back may be lost: then it counts as unknown */
	const struct ledger_sending note = {.lane = sending->lane,
					    .upto = sending->batches[last]->lane_position +
						    !sending->back,
					    .sync = !sending->back && !sending->more};
	return ledger_lane_sending(s->env->ledger, s->document_id, &note, err);
}

static enum df_status on_may(void *ctx, int64_t *left_ms, struct df_err *err)
{
	const struct document_send *s = ctx;
	*left_ms = INT64_MAX;
	return s->document_id != 0 ? ledger_held(s->env->ledger, s->file_id, left_ms, err) : DF_OK;
}

static enum df_status on_batch(void *ctx, struct batch *b, struct df_err *err)
{
	struct document_send *s = ctx;
	note_id(s->sent, b);
	s->sent->batches++;
	s->sent->events += b->n_events;
	if (b->lane_position < s->done[b->lane]) {
		batch_free(b); /* settled by an earlier run */
		return DF_OK;
	}
	b->in_doubt = b->lane_position < s->upto[b->lane];
	return send_put(s->stream, b, err);
}

enum df_status document_send(const struct document_env *env, struct document_pass *pass,
			     const struct batch_settings *settings, int64_t document_id,
			     struct document_sent *sent, struct df_err *err)
{
	static const struct send_events events = {
	    .settled = on_settled, .touched = on_touched, .sending = on_sending, .may = on_may};
	const uint32_t lanes = pass->feed->batch.lanes;
	uint64_t *done = df_alloc(2 * lanes * sizeof(*done)), *upto = done + lanes;
	struct document_send s = {.env = env,
				  .done = done,
				  .upto = upto,
				  .document_id = document_id,
				  .file_id = pass->file_id,
				  .sent = sent,
				  .progress = pass->progress};
	s.held = df_alloc(lanes * sizeof(*s.held));
	s.settled = df_alloc(lanes * sizeof(*s.settled));
	const struct send_order order = {
	    .feed = pass->feed, .done = done, .events = &events, .ctx = &s};
	enum df_status st = DF_OK, closed = DF_OK;
	bool before = document_id != 0 && !pass->unsent;
	if (before)
		st = ledger_lanes(env->ledger, document_id, done, lanes, err);
	if (st != DF_OK)
		goto cleanup;
	if (before)
		st = ledger_lanes_sent(env->ledger, document_id, upto, lanes, err);
	if (st != DF_OK)
		goto cleanup;

	memcpy(s.settled, done, lanes * sizeof(*done));
	st = sender_open(env->sender, &order, &s.stream, err);
	if (st != DF_OK)
		goto cleanup;

	st = document_batches(pass, settings, on_batch, NULL, &s, err);
	sent->times = pass->times;
	/* When the pass itself failed, what is in flight is settled and nothing new begins. */
	closed = send_close(s.stream, st != DF_OK, err);
	if (st == DF_OK)
		st = closed;

cleanup:
	free(s.held);
	free(s.settled);
	free(done);
	/* The preflight read the same bytes with the same settings; a refusal now means that
	 * they are not the same. */
	return st == DF_REJECT ? DF_FATAL : st;
}
