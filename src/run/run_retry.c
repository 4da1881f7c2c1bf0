/* SPDX-License-Identifier: MIT */
/*
 * Once more, after a cause outside the files was repaired: documents that were refused, of which
 * nothing was sent, and rows that the API rejected. The bytes are brought into the spool first,
 * then the ledger opens the file again, then it goes the way of every file that a run did not
 * finish; so a crash at any point leaves nothing that the next run would not go on with.
 */
#include "run_retry.h"
#include "run_choose.h"
#include "run_session.h"

#include <stdlib.h>

#define NOTHING_TO_RETRY                                                                           \
	"nothing to retry: nothing of it is refused, and the API rejected none of its rows"

/* Delivered meanwhile under another name or after another drop: then the refusal is history. */
static enum df_status was_delivered(struct feed_work *w, const struct retry_file *f,
				    struct df_err *err)
{
	struct ledger_file same = {0};
	char event_type[RUN_EVENT_TYPE_SIZE];
	if (f->known.state != LEDGER_REFUSED || w->feed->send.duplicates_import)
		return DF_END;
	run_event_type(w->feed, f->known.name, event_type);
	const struct ledger_bytes bytes = {.feed = w->feed->name,
					   .sha256 = f->known.sha256,
					   .event_type = event_type,
					   .environment = run_same_environment(w->feed)};
	enum df_status st = ledger_file_same(w->run->env.ledger, &bytes, &same, err);
	if (st != DF_OK)
		return st;
	bool done = same.state == LEDGER_DONE;
	if (done) {
		df_log(DF_LOG_INFO, "%s: %s: skipped: same bytes as %s, which was delivered since",
		       w->feed->name, f->known.name, same.name);
		run_feed_skipped(w, 1);
	}
	ledger_file_free(&same);
	return done ? DF_OK : DF_END;
}

static enum df_status reopen(struct feed_work *w, const struct retry_file *f, struct df_err *err)
{
	const struct run_reopened *r = &f->opened;
	enum df_status st = run_reopened_take_back(&w->source, r, err);
	if (st != DF_OK)
		return st;
	st = ledger_reopen(w->run->env.ledger, f->known.id, r->documents, r->n, err);
	if (st != DF_OK)
		return st;
	for (size_t i = 0; i < r->n; i++) {
		if (r->documents[i].keep_rejects)
			df_log(DF_LOG_WARN,
			       "%s: %s was changed since it was written and stays as it is: drop "
			       "none of its rows that are delivered now",
			       w->feed->name, r->rejects[i]);
	}
	df_log(DF_LOG_INFO, "%s: %s: once more", w->feed->name, f->known.name);
	return DF_OK;
}

/* DF_END: its bytes are nowhere. */
static enum df_status retry_one(struct feed_work *w, const struct retry_file *f, struct df_err *err)
{
	struct fetch_entry e = {
	    .name = f->known.name, .size = f->known.size, .mtime = f->known.mtime};
	enum df_status st = DF_OK;
	if (!f->closed && ledger_file_imported(&f->known))
		st = run_left_elsewhere(w, f->known.id, f->known.name, err);
	if (st != DF_OK)
		return st == DF_END ? DF_OK : st;
	st = was_delivered(w, f, err);
	if (st != DF_END)
		return st;
	char *spool = NULL;
	st = run_chosen_bytes(w, &f->known, &spool, err);
	if (st != DF_OK)
		goto cleanup;
	if (f->closed)
		st = reopen(w, f, err);
	if (st != DF_OK)
		goto cleanup;

	struct feed_file file = {
	    .entry = &e, .sha256 = f->known.sha256, .id = f->known.id, .idle = f->known.idle};
	(void)run_feed_hand_over(w, &file, spool);
	spool = NULL;
cleanup:
	free(spool);
	return st;
}

/* What was refused was corrected, or is old: a later file of its name was delivered, and its rows
 * would arrive twice. Rows that the API rejected are in no other file. */
static bool is_history(const struct retry *r, const struct retry_file *f)
{
	return f->replaced && !f->sent && r->options->n_documents == 0;
}

static enum df_status retry_part(struct feed_work *w, void *ctx, struct df_err *err)
{
	const struct retry *r = ctx;
	enum df_status st = DF_OK;
	w->from = r->options->from;
	for (size_t i = 0; st == DF_OK && i < r->n_files && !df_stop_requested; i++) {
		const struct retry_file *f = &r->files[i];
		struct df_err one = {0};
		if (f->feed != w->feed)
			continue;
		if (is_history(r, f)) {
			df_log(DF_LOG_INFO,
			       "%s: %s: passed over: it was refused, and a later file of its name "
			       "was delivered; name it to deliver it as well",
			       w->feed->name, f->known.name);
			continue;
		}
		enum df_status got = retry_one(w, f, &one);
		if (got == DF_OK)
			continue;
		if (got == DF_END && f->replaced && r->options->n_documents == 0) {
			df_log(DF_LOG_INFO,
			       "%s: %s: passed over: its bytes are gone, and a later file of its "
			       "name was delivered",
			       w->feed->name, f->known.name);
			continue;
		}
		if (got == DF_END) {
			run_chosen_gone(w, &f->known);
			continue;
		}
		if (got == DF_RETRY) { /* the source, or this file: the others may succeed */
			df_err_context(&one, "%s: %s", w->feed->name, f->known.name);
			df_log_err(DF_LOG_ERROR, &one);
			run_note(w->run, w->feed, got, &one);
			continue;
		}
		*err = one;
		st = got;
	}
	return st;
}

static bool has_files(const struct retry *r, const struct conf_feed *feed)
{
	for (size_t i = 0; i < r->n_files; i++)
		if (r->files[i].feed == feed)
			return true;
	return false;
}

static void retry_all(struct run *run, const struct conf *conf, struct retry *r)
{
	const struct conf_feed **feeds = df_alloc((conf->n_feeds + 1) * sizeof(*feeds));
	size_t n = 0;
	for (size_t i = 0; i < conf->n_feeds; i++)
		if (has_files(r, &conf->feeds[i]))
			feeds[n++] = &conf->feeds[i];

	struct run_pool *pool = run_pool_new(run, conf->jobs);
	run_feed_each(run, feeds, n, &(struct run_parts){.first = retry_part, .ctx = r});
	run_pool_free(pool);
	free((void *)feeds);
}

void run_retry(const struct conf *conf, const struct run_retry_options *options,
	       struct run_result *result)
{
	struct run_session session;
	struct df_err err = {0};
	struct retry r = {.options = options};
	enum df_status st = run_session_open(&session, conf, result, &err);
	if (st != DF_OK) {
		run_session_failed(result, st, &err);
		return;
	}
	r.ledger = session.run.env.ledger;
	r.names = run_named_new(options->documents, options->n_documents);
	st = run_retry_find(&r, conf, &err);
	if (st == DF_OK) /* every name has to be known, or nothing is done */
		st = run_named_check(r.names, r.ledger, conf, NOTHING_TO_RETRY, &err);
	if (err.text[0] != '\0')
		df_log_err(DF_LOG_ERROR, &err);
	run_note_status(result, st);
	if (st == DF_OK)
		retry_all(&session.run, conf, &r);
	run_watch_sinks(&session.run);
	if (df_stop_requested)
		run_note_status(result, DF_RETRY);
	for (size_t i = 0; i < r.n_files; i++)
		run_retry_clear(&r.files[i]);
	free(r.files);
	run_named_free(r.names);
	run_session_close(&session);
}
