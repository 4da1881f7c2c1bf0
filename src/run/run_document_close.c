/* SPDX-License-Identifier: MIT */
/* A document's batches are settled: its reject file, and the last that the ledger learns of it. */
#include "run_document.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void document_log_done(struct run_file_work *w, const struct decode_doc *doc,
			      const struct ledger_document *d,
			      const struct document_rejects *rejects)
{
	const char *unit = batch_form_of(w->f->feed)->unit;
	char *name = run_document_label(w->f, doc);
	struct df_buf why = {0};
	document_reasons_words(&rejects->reasons, &why);
	const struct df_log_number numbers[] = {{"rows", d->rows},
						{"delivered", d->delivered},
						{"rejected", d->rejected},
						{"skipped", d->skipped},
						{"batches", d->batches}};
	const struct df_log_fields fields = {.numbers = numbers, .n_numbers = 5};
	char skipped[48] = "";
	if (d->skipped > 0)
		snprintf(skipped, sizeof(skipped), ", %llu skipped",
			 (unsigned long long)d->skipped);
	const struct df_counted rows = df_count(d->rows, "row"), sent = df_count(d->batches, unit);
	if (d->rejected == 0 && d->skipped == 0)
		df_log_with(DF_LOG_INFO, &fields, "%s: %s, all delivered in %s", name, rows.text,
			    sent.text);
	else if (d->rejected == 0)
		df_log_with(DF_LOG_INFO, &fields, "%s: %s, %llu delivered in %s%s", name, rows.text,
			    (unsigned long long)d->delivered, sent.text, skipped);
	else
		df_log_with(DF_LOG_WARN, &fields,
			    "%s: %s, %llu delivered%s, %llu rejected (%s): see %s", name, rows.text,
			    (unsigned long long)d->delivered, skipped,
			    (unsigned long long)d->rejected, df_buf_cstr(&why), rejects->path);
	df_buf_free(&why);
	free(name);
}

/* Every row of it was delivered in the end: a reject file from before would only bring rows a
 * second time. */
static enum df_status remove_rejects(const char *path, struct df_err *err)
{
	if (path == NULL || unlink(path) == 0 || errno == ENOENT)
		return DF_OK;
	return df_fail(DF_RETRY, err, NULL,
		       "cannot remove the reject file %s, all rows of which are delivered now: %s",
		       path, strerror(errno));
}

enum df_status run_document_rejects(struct run_delivery *v, const struct ledger_document *now,
				    bool any, struct document_rejects *rejects, struct df_err *err)
{
	struct ledger *l = v->w->run->env.ledger;
	if (!any) {
		enum df_status st = remove_rejects(now->text, err);
		return st == DF_OK ? ledger_reject_file_keep(l, now->id, NULL, err) : st;
	}
	document_pass_end(&v->pass);
	rejects->older = now->text;
	enum df_status st =
	    document_rejects_write(&v->w->run->env, &v->pass, now->id, rejects, err);
	return st == DF_OK ? ledger_reject_file_keep(l, now->id, rejects->path, err) : st;
}

enum df_status run_document_facts(const struct run_delivery *v,
				  const struct document_rejects *rejects, struct df_err *err)
{
	struct ledger *l = v->w->run->env.ledger;
	const struct document_sent *sent = &v->sent;
	const struct ledger_facts facts = {.first_batch =
					       sent->first[0] != '\0' ? sent->first : NULL,
					   .last_batch = sent->last[0] != '\0' ? sent->last : NULL,
					   .batches = sent->batches,
					   .events = sent->events,
					   .times = sent->times,
					   .sending_ms = v->sending_ms,
					   .pace = run_document_pace(v->feed, v->d),
					   .findings = v->findings,
					   .n_findings = v->n_findings};
	bool older = v->d->taken; /* an earlier run may have noted some */
	enum df_status st =
	    older || rejects->reasons.n > 0
		? ledger_document_reasons(l, v->d->id, rejects->reasons.v, rejects->reasons.n, err)
		: DF_OK;
	return st == DF_OK ? ledger_document_facts(l, v->d->id, &facts, err) : st;
}

static enum df_status done_steps(struct run_delivery *v, const struct document_rejects *rejects,
				 bool last, struct df_err *err)
{
	const struct ledger_outcome done = {
	    .state = LEDGER_DONE, .text = rejects->path, .now_ms = df_now_ms()};
	enum df_status st = run_document_facts(v, rejects, err);
	if (st != DF_OK)
		return st;
	st = ledger_document_state(v->w->run->env.ledger, v->d->id, &done, err);
	return st == DF_OK && last ? run_file_enter(v->w, err) : st;
}

/* With a file's last document the file is done, too, in one step. Nothing is removed before that
 * is on the disk, and so it need not be there before the next file is sent: run_spent.c. */
static enum df_status enter_done(struct run_delivery *v, const struct document_rejects *rejects,
				 struct df_err *err)
{
	struct ledger *l = v->w->run->env.ledger;
	const struct run_file_sum *sum = &v->w->sum;
	bool last = v->w->last && sum->n_refused == 0 && sum->n_abandoned == 0;
	enum df_status st = ledger_enter(l, false, err);
	if (st != DF_OK)
		return st;
	st = ledger_leave(l, done_steps(v, rejects, last, err), err);
	v->w->entered = st == DF_OK && last;
	return st;
}

static void count_delivered(struct run *run, const struct conf_feed *feed,
			    const struct ledger_document *d)
{
	pthread_mutex_lock(&run->lock);
	run->result->documents++;
	run->result->rows += d->rows;
	run->result->delivered += d->delivered;
	run->result->rejected += d->rejected;
	run->result->skipped += d->skipped;
	run->result->batches += d->batches;
	run->result->events += d->events;
	pthread_mutex_unlock(&run->lock);
	if (d->delivered > 0)
		run_note_sink(run, feed, d->delivered);
}

enum df_status run_document_close(struct run_delivery *v, struct df_err *err)
{
	struct run_file_work *w = v->w;
	const struct decode_doc *doc = &v->doc;
	struct ledger_document now = {0};
	struct document_rejects rejects = {0};
	enum df_status st =
	    ledger_document_known(w->run->env.ledger, w->f->ledger_id, doc->name, &now, err);
	if (st == DF_END)
		st = df_fail(DF_FATAL, err, NULL, "the ledger lost document %lld",
			     (long long)v->d->id);
	if (st != DF_OK)
		goto cleanup;
	st = run_document_rejects(v, &now, now.rejected > 0, &rejects, err);
	if (st != DF_OK)
		goto cleanup;
	st = enter_done(v, &rejects, err);
	if (st != DF_OK)
		goto cleanup;

	if (v->sent.batches > 0) {
		now.batches = v->sent.batches;
		now.events = v->sent.events;
	}
	document_log_done(w, doc, &now, &rejects);
	count_delivered(w->run, w->f->feed, &now);
cleanup:
	ledger_document_free(&now);
	document_rejects_free(&rejects);
	return st;
}
