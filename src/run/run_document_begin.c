/* SPDX-License-Identifier: MIT */
/* A document is checked, and begun or refused. */
#include "run_document.h"
#include "run_notices.h"
#include "run_queue.h"

#include <stdlib.h>

static enum df_status document_refuse(struct run_file_work *w, const struct decode_doc *doc,
				      int64_t id, const struct df_err *why, struct df_err *err)
{
	char text[DF_ERR_TEXT];
	struct df_err plain = *why;
	plain.code[0] = '\0';
	df_err_render(&plain, text, sizeof(text));
	run_file_log_failure(w->f, doc, why, "refused, nothing of it was sent");
	if (w->sum.n_refused++ == 0)
		w->sum.refused = *why;
	const struct ledger_outcome refused = {
	    .state = LEDGER_REFUSED, .code = why->code, .text = text, .now_ms = df_now_ms()};
	return ledger_document_state(w->run->env.ledger, id, &refused, err);
}

/* What is said of a user twice changes nothing; an event that is sent again counts twice. */
static bool counts_twice(const struct conf_feed *feed, const struct decode_doc *doc)
{
	return !feed->send.duplicates_import && doc->name == NULL &&
	       strcmp(doc->event_type, "eventless") != 0;
}

/* `retry` is not to send what comes in a reject file that was dropped again. */
static enum df_status note_redropped(struct run_file_work *w, const struct document_pass *pass,
				     struct df_err *err)
{
	struct document_marks marks;
	enum df_status st = document_redropped(pass, &marks, err);
	if (st != DF_OK || marks.n == 0)
		goto cleanup;
	if (counts_twice(pass->feed, pass->doc))
		st = run_warn_redropped(w, pass->doc, &marks, err);
	if (st == DF_OK)
		st = ledger_redropped_add(w->run->env.ledger, pass->feed->name, marks.v, marks.n,
					  err);
cleanup:
	free(marks.v);
	return st;
}

/* Reads the whole document before anything of it is sent. *why says what is wrong with it. */
static enum df_status check_document(struct run_file_work *w, const struct decode_doc *doc,
				     int64_t begun_ms, struct document_forecast *found,
				     struct df_err *why)
{
	const struct conf_feed *feed = w->f->feed;
	struct document_pass pass = {.feed = feed,
				     .file = w->f->name,
				     .doc = doc,
				     .jobs = 1 + atomic_load(&w->run->spare),
				     .begun_ms = begun_ms};
	struct batch_settings settings = document_batch_settings(feed, w->f->sha256, doc, begun_ms);
	settings.scratch = w->run->scratch;
	/* A file is written in no time: how many batches it will have is nothing to look forward
	 * to. */
	bool forecast = conf_sink_answers(feed->send.sink) || settings.most > 0;
	struct progress_item item = {.what = PROGRESS_CHECKED,
				     .feed = feed,
				     .file = w->f->name,
				     .document = doc->name,
				     .bytes = doc->length};
	pass.progress = &item.count;
	progress_item_begin(w->run->progress, &item);
	enum df_status st =
	    document_preflight(&pass, forecast ? &settings : NULL, NULL, NULL, found, why);
	progress_item_end(w->run->progress, &item);
	char *label = run_document_label(w->f, doc);
	run_log_warnings(label, &pass);
	if (st != DF_OK)
		goto cleanup;
	run_drift(w->run, &(struct run_columns){
			      .feed = feed->name,
			      .event_type = doc->event_type,
			      .name = doc->name != NULL ? doc->name : w->f->name,
			      .label = label,
			      .map = pass.map,
			  });
	st = note_redropped(w, &pass, why);
cleanup:
	free(label);
	document_pass_end(&pass);
	return st;
}

/* Does what the last check found still hold? It was made by this version under these settings. */
static bool check_holds(const struct ledger_document *d, const struct ledger_new_document *now,
			const struct conf_feed *feed)
{
	bool counted = !conf_sink_answers(feed->send.sink) || d->batches > 0 ||
		       d->rows == d->rejected + d->skipped;
	return d->state != LEDGER_PULLED && counted && d->begun_ms <= now->now_ms &&
	       df_same_text(d->settings, now->settings) &&
	       df_same_text(d->manifest, now->manifest) && df_same_text(d->plan, now->plan) &&
	       df_same_text(d->version, now->version) &&
	       df_same_text(d->event_type, now->event_type);
}

enum df_status run_document_number(struct run_file_work *w, struct df_err *err)
{
	struct run_file *f = w->f;
	if (f->numbered)
		return DF_OK;
	enum df_status st = ledger_file_copy(w->run->env.ledger, f->ledger_id,
					     f->feed->send.duplicates_import, &f->copy, err);
	f->numbered = st == DF_OK;
	return st;
}

static enum df_status begin_checked(struct run_file_work *w, const struct ledger_new_document *now,
				    const struct ledger_checked *found, struct ledger_document *d,
				    struct df_err *err)
{
	struct ledger *l = w->run->env.ledger;
	enum df_status st = ledger_document_begin(l, now, d, err);
	if (st != DF_OK)
		return st;
	st = ledger_document_checked(l, d->id, found, err);
	return st == DF_OK ? run_document_number(w, err) : st;
}

/* Begun, checked and numbered, which is one step. */
static enum df_status enter_checked(struct run_file_work *w, const struct ledger_new_document *now,
				    const struct ledger_checked *found, struct ledger_document *d,
				    struct df_err *err)
{
	struct ledger *l = w->run->env.ledger;
	enum df_status st = ledger_enter(l, false, err);
	if (st != DF_OK)
		return st;
	st = ledger_leave(l, begin_checked(w, now, found, d, err), err);
	w->f->numbered = w->f->numbered && st == DF_OK;
	d->batches = found->batches;
	d->state = LEDGER_CHECKED;
	return st;
}

static enum df_status skip_steps(struct run_file_work *w, const struct ledger_new_document *now,
				 struct ledger_document *d, struct df_err *err)
{
	const struct ledger_outcome done = {
	    .state = LEDGER_DONE, .code = "duplicate", .now_ms = now->now_ms};
	enum df_status st = begin_checked(w, now, &(struct ledger_checked){0}, d, err);
	return st == DF_OK ? ledger_document_state(w->run->env.ledger, d->id, &done, err) : st;
}

/* Begun and done, which is one step: one that was begun alone would be sent by the next run. */
static enum df_status enter_skipped(struct run_file_work *w, const struct ledger_new_document *now,
				    struct ledger_document *d, struct df_err *err)
{
	struct ledger *l = w->run->env.ledger;
	enum df_status st = ledger_enter(l, false, err);
	if (st != DF_OK)
		return st;
	st = ledger_leave(l, skip_steps(w, now, d, err), err);
	w->f->numbered = w->f->numbered && st == DF_OK;
	d->state = LEDGER_DONE;
	return st;
}

/* A file that came before had this document, which was delivered: a zip of which another document
 * was refused or corrected, or the same rows packed or encrypted anew. DF_END: none had. */
static enum df_status skip_delivered(struct run_file_work *w, const struct ledger_new_document *now,
				     struct ledger_document *d, struct df_err *err)
{
	struct ledger_file before = {0};
	if (w->f->feed->send.duplicates_import)
		return DF_END;
	enum df_status st = ledger_document_done_before(w->run->env.ledger, now, &before, err);
	if (st != DF_OK)
		return st;

	df_log(DF_LOG_INFO, "%s: %s%s%s: skipped: delivered before, with %s", w->f->feed->name,
	       w->f->name, now->name != NULL ? ", " : "", now->name != NULL ? now->name : "",
	       before.name);
	st = enter_skipped(w, now, d, err);
	ledger_file_free(&before);
	return st;
}

/* Rows whose events are in the future of this machine's clock: is it the clock that is wrong? The
 * API knows, or else the file's own time, where that is in the future as well. */
static enum df_status check_clock(struct run_file_work *w, uint64_t late, struct df_err *err)
{
	const struct run_file *f = w->f;
	char here[DF_TIME_TEXT], there[DF_TIME_TEXT];
	int64_t now = df_now_ms(), ahead = 0, off = SEND_CLOCK_OFF_MS;
	if (late == 0)
		return DF_OK;
	enum df_status st = sender_clock(w->run->env.sender, f->feed, &ahead, err);
	if (st == DF_END) {
		ahead = now - f->mtime * 1000;
		off = DF_DAY_MS;
		st = DF_OK;
	}
	if (st != DF_OK || ahead >= -off)
		return st;
	df_time_text(now, here);
	df_time_text(now - ahead, there);
	return df_fail(DF_RETRY, err, NULL,
		       "this machine's clock says %s, but %s %s: %llu rows look later than "
		       "timestamp_range; nothing was taken: set the clock, then run again",
		       here, off == DF_DAY_MS ? "the file's time is" : "the API's says", there,
		       (unsigned long long)late);
}

/* DF_REJECT: it is entered as refused, and logged. */
static enum df_status enter_refused(struct run_file_work *w, const struct decode_doc *doc,
				    const struct ledger_new_document *now, const struct df_err *why,
				    struct ledger_document *d, struct df_err *err)
{
	struct ledger *l = w->run->env.ledger;
	enum df_status st = ledger_enter(l, true, err);
	if (st != DF_OK)
		return st;
	st = ledger_document_begin(l, now, d, err);
	if (st != DF_OK)
		goto cleanup;
	st = document_refuse(w, doc, d->id, why, err);
cleanup:
	st = ledger_leave(l, st, err);
	return st == DF_OK ? DF_REJECT : st;
}

/* As many rows as the feed expects? */
static enum df_status check_rows(struct run_file_work *w, const struct decode_doc *doc, int64_t id,
				 uint64_t rows, struct df_err *why)
{
	const struct run_expect_rows found = {.feed = w->f->feed,
					      .name = w->f->name,
					      .event_type = doc->event_type,
					      .document = id,
					      .rows = rows};
	return run_expect_rows(w->run, &found, why);
}

/* All that is asked before a document is entered. DF_REJECT: *why says what is wrong with it. */
static enum df_status check_all(struct run_file_work *w, const struct decode_doc *doc,
				const struct ledger_new_document *now,
				const struct ledger_document *d, struct document_forecast *found,
				struct df_err *why)
{
	int64_t begun = d->id != 0 && d->begun_ms < now->now_ms ? d->begun_ms : now->now_ms;
	enum df_status checked = check_document(w, doc, begun, found, why);
	if (checked != DF_OK && checked != DF_REJECT)
		return checked;

	struct df_err clock = {0};
	enum df_status st = check_clock(w, found->late, &clock);
	if (st != DF_OK) {
		*why = clock;
		return st;
	}
	bool whole = checked == DF_OK && !found->redropped;
	return whole ? check_rows(w, doc, d->id, found->rows, why) : checked;
}

/* Checks it, then enters it with what was found: settings that turn out to be wrong, such as a
 * manifest with a mistake, have left no trace by then when the machine is at fault. */
static enum df_status check_and_enter(struct run_file_work *w, const struct decode_doc *doc,
				      const struct ledger_new_document *now,
				      struct ledger_document *d, struct df_err *err)
{
	struct document_forecast found = {0};
	struct df_err why = {0};
	enum df_status checked = check_all(w, doc, now, d, &found, &why);
	if (checked != DF_OK && checked != DF_REJECT) {
		*err = why;
		return checked;
	}

	ledger_document_free(d);
	if (checked == DF_REJECT)
		return enter_refused(w, doc, now, &why, d, err);
	const struct ledger_checked facts = {.redropped = found.redropped,
					     .rows = found.rows,
					     .rejected = found.rejected,
					     .skipped = found.skipped,
					     .batches = found.batches,
					     .events = found.events};
	return enter_checked(w, now, &facts, d, err);
}

/* The rows of a packed or encrypted file came before, under another name: a zip of which one
 * document was corrected, or yesterday's export once more. */
static enum df_status warn_alike(struct run_file_work *w, const struct decode_doc *doc,
				 const struct ledger_new_document *now, struct df_err *err)
{
	struct ledger_file before = {0};
	if (w->f->feed->send.duplicates_import)
		return DF_OK;
	enum df_status st = ledger_document_alike(w->run->env.ledger, now, &before, err);
	if (st != DF_OK)
		return st == DF_END ? DF_OK : st;

	char *label = run_document_label(w->f, doc);
	df_log_code(
	    DF_LOG_WARN, "delivered-before",
	    "%s: holds the same as what was delivered with %s: its rows are sent once more, "
	    "under other ids; of a corrected zip that keeps its name only what changed is "
	    "sent [delivered-before]",
	    label, before.name);
	free(label);
	ledger_file_free(&before);
	return DF_OK;
}

static enum df_status begin_new(struct run_file_work *w, const struct decode_doc *doc,
				const struct ledger_new_document *now, struct ledger_document *d,
				struct df_err *err)
{
	struct ledger_new_document fresh = *now;
	char content[DOCUMENT_CONTENT_HEX];
	if (doc->fd != w->f->fd) {
		enum df_status st = document_content(doc, content, err);
		if (st != DF_OK)
			return st;
		fresh.content = content;
	}
	enum df_status st = skip_delivered(w, &fresh, d, err);
	if (st != DF_END)
		return st;
	st = warn_alike(w, doc, &fresh, err);
	if (st == DF_OK && counts_twice(w->f->feed, doc))
		st = run_warn_grown(w, doc, err);
	return st == DF_OK ? check_and_enter(w, doc, &fresh, d, err) : st;
}

static enum df_status begin_now(struct run_file_work *w, const struct decode_doc *doc,
				const struct ledger_new_document *now, struct ledger_document *d,
				struct df_err *err)
{
	struct ledger *l = w->run->env.ledger;
	enum df_status st = DF_END;
	if (!w->f->fresh || now->name != NULL) /* a zip may have an entry twice */
		st = ledger_document_known(l, now->file_id, now->name, d, err);
	if (st != DF_OK && st != DF_END)
		return st;
	const bool known = st == DF_OK;
	if (known && (d->taken || ledger_closes(d->state)))
		return DF_OK;
	if (w->f->barred.text[0] != '\0') {
		/* rules of today, which another document of its file came before */
		ledger_document_free(d);
		return enter_refused(w, doc, now, &w->f->barred, d, err);
	}
	if (known && check_holds(d, now, w->f->feed))
		return DF_OK;
	return known ? check_and_enter(w, doc, now, d, err) : begin_new(w, doc, now, d, err);
}

/* They are the same for each file in the line. */
const char *run_frozen(struct run_file_work *w)
{
	struct run_file *f = w->f;
	char **kept = f->line != NULL ? &f->line->frozen : &f->frozen;
	struct df_buf text = {0};
	pthread_mutex_lock(&w->run->lock);
	if (*kept == NULL) {
		conf_feed_freeze(f->feed, &text);
		*kept = df_strdup(df_buf_cstr(&text));
		df_buf_free(&text);
	}
	pthread_mutex_unlock(&w->run->lock);
	return *kept;
}

enum df_status run_document_begin(struct run_file_work *w, const struct decode_doc *doc,
				  struct ledger_document *d, struct df_err *err)
{
	const struct conf_feed *live = w->f->feed;
	const struct ledger_new_document now = {.file_id = w->f->ledger_id,
						.name = doc->name,
						.event_type = doc->event_type,
						.settings = run_frozen(w),
						.manifest = live->map.manifest_text,
						.plan = live->plan.text,
						.version = DROPFEED_VERSION,
						.now_ms = df_now_ms(),
						.environment = run_same_environment(live)};
	return begin_now(w, doc, &now, d, err);
}
