/* SPDX-License-Identifier: MIT */
/*
 * What is still to be sent of a document. For the first time: the ledger learns that a batch may be
 * taken, and under which settings, before the first request goes out. Afterwards: the stored
 * settings hold, and the same batches have to come out of them as before, or nothing is sent:
 * progress is a number of batches.
 */
#include "run_document.h"

#include "dropfeed/shell.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- going on ---- */

struct resumed {
	uint64_t settled; /* batches */
	uint64_t on_wire; /* of the others, how many may have been under way when it was stopped */
	uint64_t left;
};

static enum df_status count_settled(const struct run_delivery *v, struct resumed *out,
				    struct df_err *err)
{
	uint32_t lanes = v->feed->batch.lanes;
	uint64_t *done = df_alloc(lanes * sizeof(*done));
	*out = (struct resumed){0};
	enum df_status st = ledger_lanes(v->w->run->env.ledger, v->d->id, done, lanes, err);
	for (uint32_t i = 0; i < lanes; i++)
		out->settled += done[i];
	out->left = v->d->batches > out->settled ? v->d->batches - out->settled : 0;
	out->on_wire = (uint64_t)lanes * batch_form_of(v->feed)->max_batches;
	if (out->on_wire > out->left)
		out->on_wire = out->left;
	free(done);
	return st;
}

/* What is not as it was when the first batch was sent, and what may come of that. */
static void log_changes(const struct run_delivery *v, const char *target, const struct resumed *r)
{
	const struct ledger_document *d = v->d;
	struct df_buf names = {0};
	char *label = run_document_label(v->w->f, &v->doc);
	int64_t days = (df_now_ms() - d->sent_ms) / DF_DAY_MS;
	conf_feed_differences(v->feed, v->w->f->feed, &names);
	if (names.len > 0)
		df_log(DF_LOG_WARN,
		       "%s: goes on with the settings of its first batch; today's differ in: %s "
		       "(under today's: `dropfeed restart %s`, or, once it is done, `dropfeed "
		       "resend --new-ids %s`)",
		       label, df_buf_cstr(&names), df_shell_word(v->w->f->name).text,
		       df_shell_word(v->w->f->name).text);
	if (d->target != NULL && strcmp(d->target, target) != 0)
		df_log(DF_LOG_WARN,
		       "%s: goes on with another endpoint, API key or sink than before: the "
		       "document is split, %llu of "
		       "its batches went to the former one and %llu go to this one, up to %llu of "
		       "them to both",
		       label, (unsigned long long)r->settled, (unsigned long long)r->left,
		       (unsigned long long)r->on_wire);
	else if (d->sent_ms != 0 && df_now_ms() - d->sent_ms > RUN_IDS_KEPT_DAYS * DF_DAY_MS &&
		 r->on_wire > 0)
		df_log(DF_LOG_WARN,
		       "%s: goes on after %lld days, and the API may have forgotten ids by now: up "
		       "to %llu batches may "
		       "arrive twice",
		       label, (long long)days, (unsigned long long)r->on_wire);
	df_buf_free(&names);
	free(label);
}

static enum df_status other_layout(const struct run_delivery *v, const char *what,
				   struct df_err *err)
{
	const char *by = v->d->version != NULL ? v->d->version : "0.1";
	return df_fail(DF_RETRY, err, NULL,
		       "begun by dropfeed %s, which made other batches of it than this one does "
		       "(%s): nothing was sent; "
		       "finish it with that version, or begin it anew with `dropfeed restart %s`",
		       by, what, df_shell_word(v->w->f->name).text);
}

/* Counts the batches once more: the layout, or what the map makes of a row, may be another
 * version's. */
static enum df_status check_layout(struct run_delivery *v, struct df_err *err)
{
	const struct ledger_document *d = v->d;
	struct document_forecast found = {0};
	struct df_err why = {0};
	char what[160];
	if (d->batch_format != BATCH_FORMAT && d->batch_format != BATCH_FORMAT_0_1) {
		snprintf(what, sizeof(what), "batch_format %u, this one knows %u and %u",
			 d->batch_format, BATCH_FORMAT_0_1, BATCH_FORMAT);
		return other_layout(v, what, err);
	}
	if (d->batches == 0) /* it was not counted: a file is written as a whole */
		return DF_OK;

	enum df_status st = document_preflight(&v->pass, &v->settings, NULL, NULL, &found, &why);
	document_pass_end(&v->pass);
	if (st == DF_REJECT)
		return other_layout(v, why.text, err);
	if (st != DF_OK) {
		*err = why;
		return st;
	}
	if (found.rows == d->rows && found.batches == d->batches && found.events == d->events)
		return DF_OK;
	snprintf(what, sizeof(what),
		 "%llu batches of %llu events and %llu rows, not %llu of %llu and %llu",
		 (unsigned long long)d->batches, (unsigned long long)d->events,
		 (unsigned long long)d->rows, (unsigned long long)found.batches,
		 (unsigned long long)found.events, (unsigned long long)found.rows);
	return other_layout(v, what, err);
}

static enum df_status file_sending(const struct run_delivery *v, struct df_err *err)
{
	const struct ledger_outcome to = {.state = LEDGER_SENDING};
	return ledger_file_state(v->w->run->env.ledger, v->w->f->ledger_id, &to, err);
}

static enum df_status go_on(struct run_delivery *v, const char *target, struct df_err *err)
{
	struct resumed r;
	enum df_status st = check_layout(v, err);
	if (st != DF_OK)
		return st;
	st = count_settled(v, &r, err);
	if (st != DF_OK)
		return st;
	log_changes(v, target, &r);
	st = ledger_document_resumed(v->w->run->env.ledger, v->d->id, target, df_now_ms(), err);
	return st == DF_OK ? file_sending(v, err) : st;
}

/* ---- sending ---- */

static enum df_status taken_steps(struct run_delivery *v, const char *target, struct df_err *err)
{
	const struct ledger_taking taking = {.batch_format = BATCH_FORMAT,
					     .version = DROPFEED_VERSION,
					     .target = target,
					     .settings = v->d->settings,
					     .manifest = v->d->manifest,
					     .plan = v->d->plan,
					     .now_ms = df_now_ms()};
	enum df_status st = ledger_document_taken(v->w->run->env.ledger, v->d->id, &taking, err);
	return st == DF_OK ? file_sending(v, err) : st;
}

/* Synced: from now on something may leave. */
static enum df_status begin_sending(struct run_delivery *v, const char *target, struct df_err *err)
{
	struct ledger *l = v->w->run->env.ledger;
	enum df_status st = ledger_enter(l, true, err);
	return st == DF_OK ? ledger_leave(l, taken_steps(v, target, err), err) : st;
}

double run_document_pace(const struct conf_feed *feed, const struct ledger_document *d)
{
	double rate = sender_rate(feed);
	/* of a sink that takes objects the limit is one of these */
	if (batch_form_of(feed)->convert_counts && d->events > 0)
		rate *= (double)d->batches / (double)d->events;
	return rate;
}

/* How long it took is for the report. What a run leaves unfinished is noted at once. */
static enum df_status send_timed(struct run_delivery *v, struct df_err *err)
{
	const struct document_env *env = &v->w->run->env;
	int64_t began = df_monotonic_ms();
	enum df_status st = document_send(env, &v->pass, &v->settings, v->d->id, &v->sent, err);
	v->sending_ms = df_monotonic_ms() - began;
	if (st == DF_OK)
		return st;

	struct df_err ignored = {0};
	const struct ledger_facts facts = {.sending_ms = v->sending_ms,
					   .pace = run_document_pace(v->feed, v->d)};
	if (v->sent.touched &&
	    ledger_document_facts(env->ledger, v->d->id, &facts, &ignored) != DF_OK)
		df_log_err(DF_LOG_DEBUG, &ignored);
	return st;
}

/* For the first time, or the rest of it, or once more those rows that the API rejected: of these
 * the ledger has the ends. */
static enum df_status send_batches(struct run_delivery *v, struct df_err *err)
{
	const struct document_env *env = &v->w->run->env;
	bool any = false, before = v->d->taken; /* else nothing of it was rejected yet */
	enum df_status st =
	    before ? ledger_again_doubt(env->ledger, v->d->id, SEND_UNKNOWN_WORDS, err) : DF_OK;
	for (int unknown = 0; before && unknown <= 1 && st == DF_OK; unknown++) {
		struct ledger_again_rows again = {0};
		st = ledger_again(env->ledger, v->d->id, unknown, &again, err);
		any = any || again.n > 0;
		if (st == DF_OK && again.n > 0)
			st = document_resend(env, &v->pass, &v->settings, v->d->id, &again, err);
		ledger_again_rows_free(&again);
	}
	if (st == DF_OK && !any)
		st = send_timed(v, err);
	v->w->unsent = st == DF_DENIED || st == DF_RETRY;
	return st;
}

enum df_status run_document_send(struct run_delivery *v, struct df_err *err)
{
	char target[DF_SHA256_HEX];
	const struct conf_feed *feed = v->feed;
	if (conf_feed_held(feed))
		return df_fail(DF_USAGE, err, NULL, CONF_HELD);
	if (conf_sink_answers(feed->send.sink) &&
	    (feed->send.endpoint == NULL || feed->send.api_key == NULL))
		return df_fail(DF_USAGE, err, NULL,
			       "sink = events-api needs endpoint, api_key and its secret");
	run_target(feed, target);
	enum df_status st = v->d->taken ? go_on(v, target, err) : begin_sending(v, target, err);
	if (st != DF_OK)
		return st;

	const struct ledger_document *d = v->d;
	struct progress_item item = {.what = PROGRESS_SENT,
				     .feed = feed,
				     .file = v->w->f->name,
				     .document = v->doc.name,
				     .bytes = v->doc.length,
				     .rows = d->rows,
				     .batches = d->batches,
				     .answered = conf_sink_answers(feed->send.sink),
				     .before = d->delivered + d->rejected + d->skipped};
	v->pass.progress = &item.count;
	progress_item_begin(v->w->run->progress, &item);
	st = send_batches(v, err);
	progress_item_end(v->w->run->progress, &item);
	v->pass.progress = NULL;
	if (st != DF_OK && !v->d->taken && !v->sent.touched) {
		struct df_err ignored = {0};
		if (ledger_document_untaken(v->w->run->env.ledger, v->d->id, &ignored) != DF_OK)
			df_log_err(DF_LOG_WARN, &ignored);
	}
	return st;
}
