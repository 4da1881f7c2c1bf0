/* SPDX-License-Identifier: MIT */
/* A document is begun, checked, refused, closed. Every step is entered in the ledger before the
 * next one. */
#include "run_document.h"
#include "run_notices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_MS INT64_C(86400000)

void run_file_log_failure(const struct run_file *f, const struct decode_doc *doc,
			  const struct df_err *err, const char *what)
{
	char *name = run_document_label(f, doc);
	char text[DF_ERR_TEXT];
	struct df_err why = *err;
	if (strcmp(why.file, f->name) == 0) /* it is named already */
		why.file[0] = '\0';
	df_err_render(&why, text, sizeof(text));
	df_log_code(DF_LOG_ERROR, why.code, "%s: %s: %s", name, what, text);
	free(name);
}

/* ---- beginning ---- */

static enum df_status document_refuse(struct run_file_work *w, const struct decode_doc *doc,
				      int64_t id, const struct df_err *why, struct df_err *err)
{
	char text[DF_ERR_TEXT];
	struct df_err plain = *why;
	plain.code[0] = '\0';
	df_err_render(&plain, text, sizeof(text));
	run_file_log_failure(w->f, doc, why, "refused, nothing of it was sent");
	if (w->n_refused++ == 0)
		w->refused = *why;
	const struct ledger_outcome refused = {
	    .state = LEDGER_REFUSED, .code = why->code, .text = text, .now_ms = df_now_ms()};
	return ledger_document_state(w->run->env.ledger, id, &refused, err);
}

void run_log_warnings(const char *label, const struct document_pass *pass)
{
	const struct map_warning *list;
	size_t n = pass->map != NULL ? map_warnings(pass->map, &list) : 0;
	for (size_t i = 0; i < n; i++)
		df_log_code(DF_LOG_WARN, list[i].code, "%s: %s [%s]", label, list[i].text,
			    list[i].code);
	for (size_t i = 0; i < pass->n_notes; i++) {
		bool guideline = strcmp(pass->notes[i].code, "guideline") == 0;
		df_log_code(guideline ? DF_LOG_DEBUG : DF_LOG_WARN, pass->notes[i].code,
			    "%s: %s [%s]", label, pass->notes[i].text, pass->notes[i].code);
	}
}

/* `retry` is not to send what comes in a reject file that was dropped again. */
static enum df_status note_redropped(struct run_file_work *w, const struct document_pass *pass,
				     struct df_err *err)
{
	struct document_marks marks;
	enum df_status st = document_redropped(pass, &marks, err);
	if (st == DF_OK && marks.n > 0)
		st = ledger_redropped_add(w->run->env.ledger, pass->feed->name, marks.v, marks.n,
					  err);
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
				     .jobs = 1 + run_pool_spare(w->run->pool),
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

/* The number is a part of its ids: it is drawn once, and stored before anything leaves. */
static enum df_status number_file(struct run_file_work *w, struct df_err *err)
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
	if (st == DF_OK)
		st = ledger_document_checked(l, d->id, found, err);
	return st == DF_OK ? number_file(w, err) : st;
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

/* A file that came before had this document, which was delivered: a zip of which another document
 * was refused or corrected, or the same rows packed or encrypted anew. DF_END: none had. */
static enum df_status skip_delivered(struct run_file_work *w, const struct ledger_new_document *now,
				     struct ledger_document *d, struct df_err *err)
{
	struct ledger *ledger = w->run->env.ledger;
	struct ledger_file before = {0};
	if (w->f->feed->send.duplicates_import)
		return DF_END;
	enum df_status st = ledger_document_done_before(ledger, now, &before, err);
	if (st != DF_OK)
		return st;

	const struct ledger_outcome done = {
	    .state = LEDGER_DONE, .code = "duplicate", .now_ms = now->now_ms};
	df_log(DF_LOG_INFO, "%s: %s%s%s: skipped: delivered before, with %s", w->f->feed->name,
	       w->f->name, now->name != NULL ? ", " : "", now->name != NULL ? now->name : "",
	       before.name);
	st = enter_checked(w, now, &(struct ledger_checked){0}, d, err);
	if (st == DF_OK)
		st = ledger_document_state(ledger, d->id, &done, err);
	d->state = LEDGER_DONE;
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
		off = DAY_MS;
		st = DF_OK;
	}
	if (st != DF_OK || ahead >= -off)
		return st;
	df_time_text(now, here);
	df_time_text(now - ahead, there);
	return df_fail(DF_RETRY, err, NULL,
		       "this machine's clock says %s, but %s %s: %llu rows look later than "
		       "timestamp_range; nothing was taken: set the clock, then run again",
		       here, off == DAY_MS ? "the file's time is" : "the API's says", there,
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
	if (st == DF_OK)
		st = document_refuse(w, doc, d->id, why, err);
	st = ledger_leave(l, st, err);
	return st == DF_OK ? DF_REJECT : st;
}

/* Checks it, then enters it with what was found: settings that turn out to be wrong, such as a
 * manifest with a mistake, have left no trace by then when the machine is at fault. */
static enum df_status check_and_enter(struct run_file_work *w, const struct decode_doc *doc,
				      const struct ledger_new_document *now,
				      struct ledger_document *d, struct df_err *err)
{
	struct document_forecast found = {0};
	struct df_err why = {0};
	int64_t begun = d->id != 0 && d->begun_ms < now->now_ms ? d->begun_ms : now->now_ms;
	enum df_status checked = check_document(w, doc, begun, &found, &why);
	if (checked != DF_OK && checked != DF_REJECT) {
		*err = why;
		return checked;
	}
	enum df_status st = check_clock(w, found.late, err);
	if (st != DF_OK)
		return st;

	if (checked == DF_OK) {
		checked = run_expect_rows(w->run,
					  &(struct run_expect_rows){.feed = w->f->feed,
								    .name = w->f->name,
								    .event_type = doc->event_type,
								    .document = d->id,
								    .rows = found.rows},
					  &why);
		if (checked != DF_OK && checked != DF_REJECT) {
			*err = why;
			return checked;
		}
	}

	ledger_document_free(d);
	if (checked == DF_REJECT)
		return enter_refused(w, doc, now, &why, d, err);
	return enter_checked(w, now,
			     &(struct ledger_checked){.rows = found.rows,
						      .rejected = found.rejected,
						      .skipped = found.skipped,
						      .batches = found.batches,
						      .events = found.events},
			     d, err);
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
	return st == DF_END ? check_and_enter(w, doc, &fresh, d, err) : st;
}

static enum df_status begin_now(struct run_file_work *w, const struct decode_doc *doc,
				const struct ledger_new_document *now, struct ledger_document *d,
				struct df_err *err)
{
	enum df_status st =
	    ledger_document_known(w->run->env.ledger, now->file_id, now->name, d, err);
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

static const char *frozen_settings(struct run_file *f)
{
	struct df_buf text = {0};
	if (f->frozen == NULL) {
		conf_feed_freeze(f->feed, &text);
		f->frozen = df_strdup(df_buf_cstr(&text));
		df_buf_free(&text);
	}
	return f->frozen;
}

enum df_status run_document_begin(struct run_file_work *w, const struct decode_doc *doc,
				  struct ledger_document *d, struct df_err *err)
{
	const struct conf_feed *live = w->f->feed;
	const struct ledger_new_document now = {.file_id = w->f->ledger_id,
						.name = doc->name,
						.event_type = doc->event_type,
						.settings = frozen_settings(w->f),
						.manifest = live->map.manifest_text,
						.plan = live->plan.text,
						.version = DROPFEED_VERSION,
						.now_ms = df_now_ms()};
	return begin_now(w, doc, &now, d, err);
}

/* ---- the end ---- */

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
	if (d->rejected == 0 && d->skipped == 0)
		df_log_with(DF_LOG_INFO, &fields, "%s: %llu rows, all delivered in %llu %s", name,
			    (unsigned long long)d->rows, (unsigned long long)d->batches, unit);
	else if (d->rejected == 0)
		df_log_with(DF_LOG_INFO, &fields, "%s: %llu rows, %llu delivered in %llu %s%s",
			    name, (unsigned long long)d->rows, (unsigned long long)d->delivered,
			    (unsigned long long)d->batches, unit, skipped);
	else
		df_log_with(DF_LOG_WARN, &fields,
			    "%s: %llu rows, %llu delivered%s, %llu rejected (%s): see %s", name,
			    (unsigned long long)d->rows, (unsigned long long)d->delivered, skipped,
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
	enum df_status st = DF_OK;
	if (any) {
		document_pass_end(&v->pass);
		rejects->older = now->text;
		st = document_rejects_write(&v->w->run->env, &v->pass, now->id, rejects, err);
	} else {
		st = remove_rejects(now->text, err);
	}
	return st == DF_OK ? ledger_reject_file_keep(l, now->id, any ? rejects->path : NULL, err)
			   : st;
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
	if (st == DF_OK)
		st = ledger_document_state(v->w->run->env.ledger, v->d->id, &done, err);
	return st == DF_OK && last ? run_file_enter(v->w, NULL, err) : st;
}

/* With a file's last document the file is done, too: one step, and one sync. */
static enum df_status enter_done(struct run_delivery *v, const struct document_rejects *rejects,
				 struct df_err *err)
{
	struct ledger *l = v->w->run->env.ledger;
	bool last = v->w->last && v->w->n_refused == 0;
	enum df_status st = ledger_enter(l, last, err);
	if (st == DF_OK)
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
	pthread_mutex_unlock(&run->lock);
	if (d->delivered > 0)
		run_note_sink(run, feed, d->delivered);
}

/* All batches are settled: the reject file, then the ledger's last word. */
static enum df_status close_document(struct run_delivery *v, struct df_err *err)
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

	now.batches = v->sent.batches > 0 ? v->sent.batches : now.batches;
	document_log_done(w, doc, &now, &rejects);
	count_delivered(w->run, w->f->feed, &now);
cleanup:
	ledger_document_free(&now);
	document_rejects_free(&rejects);
	return st;
}

/* ---- from its beginning to its end ---- */

/* The file's hash; for the n-th copy of the same bytes "<hash>+<n>", with duplicates = import or
 * where those before it have another event type: under the ids of the first one the API would
 * drop it. */
static enum df_status choose_identity(struct run_delivery *v, struct df_err *err)
{
	const struct run_file *f = v->w->f;
	enum df_status st = number_file(v->w, err);
	if (f->copy > 0)
		snprintf(v->identity, sizeof(v->identity), "%s+%llu", f->sha256,
			 (unsigned long long)f->copy);
	else
		memcpy(v->identity, f->sha256, DF_SHA256_HEX);
	return st;
}

enum df_status run_document_prepare(struct run_delivery *v, struct df_err *err)
{
	struct run_file_work *w = v->w;
	const struct conf_frozen stored = {.settings = v->d->settings,
					   .manifest = v->d->manifest,
					   .plan = v->d->plan,
					   .today = w->f->frozen};
	enum df_status st = conf_feed_thaw(w->f->feed, &stored, &v->feed, err);
	if (st == DF_OK)
		st = choose_identity(v, err);
	if (st != DF_OK)
		return st;

	run_sink_choose(w->f->name, v->identity, &v->doc, v->feed);
	v->pass = (struct document_pass){.feed = v->feed,
					 .file = w->f->name,
					 .file_id = w->f->ledger_id,
					 .doc = &v->doc,
					 .jobs = 1 + run_pool_spare(w->run->pool)};
	v->settings = document_batch_settings(v->feed, v->identity, &v->doc, v->d->begun_ms);
	v->pass.begun_ms = v->d->begun_ms;
	v->settings.most = 0; /* that was checked; a part of it may be sent */
	v->settings.scratch = w->run->scratch;
	v->settings.format = v->d->taken ? v->d->batch_format : BATCH_FORMAT;
	return DF_OK;
}

/* What the data plan does not allow is kept for the report: the map that knows it goes away. */
static void keep_findings(struct run_delivery *v)
{
	const struct map_note *notes = NULL;
	size_t n = v->pass.map != NULL ? map_notes(v->pass.map, &notes) : 0;
	for (size_t i = 0; i < n; i++) {
		if (notes[i].code == NULL)
			continue;
		v->findings = df_realloc(v->findings, (v->n_findings + 1) * sizeof(*v->findings));
		v->findings[v->n_findings++] =
		    (struct ledger_finding){.code = notes[i].code, /* static */
					    .text = df_strdup(notes[i].text),
					    .rows = notes[i].n};
	}
}

static void forget_findings(struct run_delivery *v)
{
	for (size_t i = 0; i < v->n_findings; i++)
		free((char *)(uintptr_t)v->findings[i].text);
	free(v->findings);
}

static enum df_status deliver_document(struct run_delivery *v, struct df_err *err)
{
	enum df_status st = run_document_prepare(v, err);
	if (st != DF_OK)
		return st;
	st = run_document_send(v, err);
	keep_findings(v);
	document_pass_end(&v->pass);
	if (st == DF_OK)
		st = close_document(v, err);
	document_pass_end(&v->pass);
	return st;
}

enum df_status run_document_work(struct run_file_work *w, const struct decode_doc *doc,
				 struct df_err *err)
{
	struct ledger_document d = {0};
	struct run_delivery v = {.w = w, .doc = *doc, .d = &d};
	enum df_status st = run_document_begin(w, doc, &d, err);
	if (st != DF_OK)
		goto cleanup;

	if (d.state == LEDGER_REFUSED && w->n_refused++ == 0) /* by an earlier run */
		(void)df_fail(DF_REJECT, &w->refused, d.code, "%s", d.text != NULL ? d.text : "");
	if (!ledger_closes(d.state)) {
		v.doc.event_type = d.event_type;
		st = deliver_document(&v, err);
	}
cleanup:
	ledger_document_free(&d);
	forget_findings(&v);
	conf_feed_free(v.feed);
	/* refused, entered and logged: the file's other documents go on */
	return st == DF_REJECT ? DF_OK : st;
}
