/* SPDX-License-Identifier: MIT */
/* One drop file's life: decoded, then document by document begun, checked, sent, closed. Every step is entered in the
 * ledger before the next one, so that a run that was killed is taken up where it stopped. */
#include "run_priv.h"

#include "dropfeed/step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_work {
	struct run *run;
	struct run_file *f;
	struct df_err refused; /* why the first refused document was */
	size_t n_refused;
	char identity[DF_SHA256_HEX + 24]; /* what the ids are made from: see file_identity */
	bool shut;                         /* the API refused access or stayed away: other files would fare no better */
};

void run_file_free(struct run_file *f)
{
	if (f == NULL)
		return;
	if (f->fd >= 0)
		close(f->fd);
	free(f->name);
	free(f->spool);
	free(f);
}

void run_note(struct run *run, enum df_status st)
{
	pthread_mutex_lock(&run->lock);
	run_note_status(run->result, st);
	pthread_mutex_unlock(&run->lock);
}

/* "feed: file" or "feed: file, entry". */
static char *display_name(const struct run_file *f, const struct decode_doc *doc)
{
	if (doc != NULL && doc->name != NULL)
		return df_format("%s: %s, %s", f->feed->name, f->name, doc->name);
	return df_format("%s: %s", f->feed->name, f->name);
}

static void log_failure(const struct run_file *f, const struct decode_doc *doc, const struct df_err *err,
			const char *what)
{
	char *name = display_name(f, doc);
	char text[sizeof(struct df_err) + 128];
	struct df_err why = *err;
	if (strcmp(why.file, f->name) == 0) /* it is named already */
		why.file[0] = '\0';
	df_err_render(&why, text, sizeof(text));
	df_log(DF_LOG_ERROR, "%s: %s: %s", name, what, text);
	free(name);
}

/* ---- one document ---- */

static enum df_status document_refuse(struct file_work *w, const struct decode_doc *doc, int64_t id,
				      const struct df_err *why, struct df_err *err)
{
	char text[sizeof(struct df_err) + 128];
	struct df_err plain = *why;
	plain.code[0] = '\0';
	df_err_render(&plain, text, sizeof(text));
	log_failure(w->f, doc, why, "refused, nothing of it was sent");
	if (w->n_refused++ == 0)
		w->refused = *why;
	const struct ledger_outcome refused = {
	    .state = LEDGER_REFUSED, .code = why->code, .text = text, .now_ms = df_now_ms()};
	return ledger_document_state(w->run->env.ledger, id, &refused, err);
}

static void document_log_done(struct file_work *w, const struct decode_doc *doc, const struct ledger_document *d,
			      const struct document_rejects *rejects)
{
	char *name = display_name(w->f, doc);
	struct df_buf why = {0};
	document_reasons_words(&rejects->reasons, &why);
	if (d->rejected == 0)
		df_log(DF_LOG_INFO, "%s: %llu rows, all delivered in %llu batches", name, (unsigned long long)d->rows,
		       (unsigned long long)d->batches);
	else
		df_log(DF_LOG_WARN, "%s: %llu rows, %llu delivered, %llu rejected (%s): see %s", name,
		       (unsigned long long)d->rows, (unsigned long long)d->delivered, (unsigned long long)d->rejected,
		       df_buf_cstr(&why), rejects->path);
	df_buf_free(&why);
	free(name);
}

/* Every row of it was delivered in the end: a reject file from before would only bring rows a second time. */
static enum df_status remove_rejects(const char *path, struct df_err *err)
{
	if (path == NULL || unlink(path) == 0 || errno == ENOENT)
		return DF_OK;
	return df_fail(DF_RETRY, err, NULL, "cannot remove the reject file %s, all rows of which are delivered now: %s",
		       path, strerror(errno));
}

/* All batches are settled: the reject file, then the ledger's last word. */
static enum df_status close_document(struct file_work *w, struct document_walk *walk, const struct decode_doc *doc,
				     int64_t id, const struct document_sent *sent, struct df_err *err)
{
	struct ledger_document now = {0};
	struct document_rejects rejects = {0};
	struct df_buf reasons = {0};
	enum df_status st = ledger_document_known(w->run->env.ledger, w->f->ledger_id, doc->name, &now, err);
	if (st == DF_END)
		st = df_fail(DF_FATAL, err, NULL, "the ledger lost document %lld", (long long)id);
	if (st == DF_OK && now.rejected > 0) {
		document_walk_end(walk);
		rejects.older = now.text;
		st = document_rejects_write(&w->run->env, walk, id, &rejects, err);
		document_reasons_json(&rejects.reasons, &reasons);
	} else if (st == DF_OK) {
		st = remove_rejects(now.text, err);
	}
	const struct ledger_facts facts = {.reasons = now.rejected > 0 ? df_buf_cstr(&reasons) : NULL,
					   .first_batch = sent->first[0] != '\0' ? sent->first : NULL,
					   .last_batch = sent->last[0] != '\0' ? sent->last : NULL,
					   .batches = sent->batches,
					   .events = sent->events};
	if (st == DF_OK)
		st = ledger_document_reasons(w->run->env.ledger, id, rejects.reasons.v, rejects.reasons.n, err);
	if (st == DF_OK)
		st = ledger_document_facts(w->run->env.ledger, id, &facts, err);
	const struct ledger_outcome done = {.state = LEDGER_DONE, .text = rejects.path, .now_ms = df_now_ms()};
	if (st == DF_OK)
		st = ledger_document_state(w->run->env.ledger, id, &done, err);
	if (st == DF_OK) {
		now.batches = sent->batches > 0 ? sent->batches : now.batches;
		document_log_done(w, doc, &now, &rejects);
		pthread_mutex_lock(&w->run->lock);
		w->run->result->documents++;
		w->run->result->rows += now.rows;
		w->run->result->delivered += now.delivered;
		w->run->result->rejected += now.rejected;
		pthread_mutex_unlock(&w->run->lock);
	}
	ledger_document_free(&now);
	document_rejects_free(&rejects);
	df_buf_free(&reasons);
	return st;
}

static void log_warnings(const struct file_work *w, const struct decode_doc *doc, const struct document_walk *walk)
{
	const struct map_warning *list;
	size_t n = walk->map != NULL ? map_warnings(walk->map, &list) : 0;
	char *name = display_name(w->f, doc);
	for (size_t i = 0; i < n; i++)
		df_log(DF_LOG_WARN, "%s: %s [%s]", name, list[i].text, list[i].code);
	for (size_t i = 0; i < walk->n_notes; i++) {
		bool guideline = strcmp(walk->notes[i].code, "guideline") == 0;
		df_log(guideline ? DF_LOG_DEBUG : DF_LOG_WARN, "%s: %s [%s]", name, walk->notes[i].text,
		       walk->notes[i].code);
	}
	free(name);
}

/* Reads the whole document before anything of it is sent. *why says what is wrong with it. */
static enum df_status check_document(struct file_work *w, const struct conf_feed *feed, const struct decode_doc *doc,
				     int64_t begun_ms, struct document_forecast *found, struct df_err *why)
{
	struct document_walk walk = {
	    .feed = feed, .file = w->f->name, .doc = doc, .jobs = 1 + run_pool_spare(w->run->pool)};
	struct batch_settings settings = document_batch_settings(feed, w->identity, doc, begun_ms);
	/* A file is written in no time: how many batches it will have is nothing to look forward to. */
	bool forecast = feed->sink == CONF_SINK_EVENTS_API;
	enum df_status st = document_preflight(&walk, forecast ? &settings : NULL, NULL, NULL, found, why);
	log_warnings(w, doc, &walk);
	document_walk_end(&walk);
	return st;
}

static enum df_status enter_checked(struct file_work *w, const struct decode_doc *doc, int64_t id, enum df_status st,
				    const struct document_forecast *found, const struct df_err *why, struct df_err *err)
{
	if (st == DF_REJECT) {
		st = document_refuse(w, doc, id, why, err);
		return st == DF_OK ? DF_REJECT : st;
	}
	if (st == DF_OK)
		return ledger_document_checked(w->run->env.ledger, id,
					       &(struct ledger_checked){.rows = found->rows,
									.rejected = found->rejected,
									.batches = found->batches,
									.events = found->events},
					       err);
	*err = *why;
	return st;
}

/* What is not settled yet: of a document that is sent for the first time, or of one that is sent again in part, whose ends
 * the ledger has already. */
static enum df_status send_document(struct file_work *w, const struct conf_feed *feed, struct document_walk *walk,
				    const struct batch_settings *settings, int64_t id, struct document_sent *sent,
				    struct df_err *err)
{
	uint64_t *again = NULL;
	size_t n_again = 0;
	enum df_status st = ledger_again(w->run->env.ledger, id, &again, &n_again, err);
	if (st == DF_OK)
		st = n_again > 0 ? document_resend(&w->run->env, feed, walk, settings, id, again, n_again, err)
				 : document_send(&w->run->env, feed, walk, settings, id, sent, err);
	w->shut = st == DF_DENIED || st == DF_RETRY;
	free(again);
	return st;
}

/* From wherever the ledger says that it is to its end. DF_REJECT: refused, and entered as such. */
static enum df_status deliver_document(struct file_work *w, const struct conf_feed *feed, const struct decode_doc *doc,
				       const struct ledger_document *d, struct df_err *err)
{
	struct document_walk walk = {
	    .feed = feed, .file = w->f->name, .doc = doc, .jobs = 1 + run_pool_spare(w->run->pool)};
	struct batch_settings settings = document_batch_settings(feed, w->identity, doc, d->begun_ms);
	struct document_sent sent = {0};
	enum df_status st = DF_OK;
	if (d->state == LEDGER_PULLED) { /* killed between its beginning and its check */
		struct document_forecast found;
		struct df_err why = {0};
		st = check_document(w, feed, doc, d->begun_ms, &found, &why);
		st = enter_checked(w, doc, d->id, st, &found, &why, err);
	}
	if (st == DF_OK && d->state != LEDGER_SENDING)
		st = ledger_document_state(w->run->env.ledger, d->id, &(struct ledger_outcome){.state = LEDGER_SENDING},
					   err);
	if (st == DF_OK)
		st = send_document(w, feed, &walk, &settings, d->id, &sent, err);
	document_walk_end(&walk);
	if (st == DF_OK)
		st = close_document(w, &walk, doc, d->id, &sent, err);
	document_walk_end(&walk);
	return st;
}

/* A new document is checked under today's settings before it is begun with them: settings that turn out to be wrong,
 * such as a manifest with a mistake, are not stored with it and can be mended. *d is as the ledger has it then. */
static enum df_status begin_document(struct file_work *w, const struct decode_doc *doc, struct ledger_document *d,
				     struct df_err *err)
{
	const struct conf_feed *live = w->f->feed;
	struct document_forecast found = {0};
	struct df_err why = {0};
	struct df_buf settings = {0};
	int64_t now = df_now_ms();
	enum df_status st = ledger_document_known(w->run->env.ledger, w->f->ledger_id, doc->name, d, err);
	if (st != DF_END)
		return st;
	enum df_status checked = check_document(w, live, doc, now, &found, &why);
	if (checked != DF_OK && checked != DF_REJECT) {
		*err = why;
		return checked;
	}
	conf_feed_freeze(live, &settings);
	const struct ledger_new_document new = {.file_id = w->f->ledger_id,
						.name = doc->name,
						.event_type = doc->event_type,
						.settings = df_buf_cstr(&settings),
						.manifest = live->manifest_text,
						.now_ms = now};
	st = ledger_document_begin(w->run->env.ledger, &new, d, err);
	if (st == DF_OK) {
		st = enter_checked(w, doc, d->id, checked, &found, &why, err);
		if (st == DF_OK)
			d->state = LEDGER_CHECKED;
	}
	df_buf_free(&settings);
	return st;
}

/* The file's hash; for the n-th copy of the same bytes "<hash>+<n>", with duplicates = import or where those before it have
 * another event type: under the ids of the first one the API would drop it. */
static enum df_status file_identity(struct file_work *w, const struct conf_feed *feed, struct df_err *err)
{
	uint64_t copy = 0;
	enum df_status st = ledger_file_copy(w->run->env.ledger, w->f->ledger_id, feed->duplicates_import, &copy, err);
	if (copy > 0)
		snprintf(w->identity, sizeof(w->identity), "%s+%llu", w->f->sha256, (unsigned long long)copy);
	else
		memcpy(w->identity, w->f->sha256, DF_SHA256_HEX);
	return st;
}

static enum df_status work_document(struct file_work *w, const struct decode_doc *doc, struct df_err *err)
{
	struct ledger_document d = {0};
	struct conf_feed *feed = NULL;
	enum df_status st = begin_document(w, doc, &d, err);
	if (st != DF_OK)
		goto cleanup;
	if (d.state == LEDGER_DONE || d.state == LEDGER_REFUSED) { /* by an earlier run */
		if (d.state == LEDGER_REFUSED && w->n_refused++ == 0)
			(void)df_fail(DF_REJECT, &w->refused, d.code, "%s", d.text != NULL ? d.text : "");
		goto cleanup;
	}
	st = conf_feed_thaw(w->f->feed, d.settings, d.manifest, &feed, err);
	if (st == DF_OK && feed->sink == CONF_SINK_EVENTS_API && (feed->endpoint == NULL || feed->api_key == NULL))
		st = df_fail(DF_USAGE, err, NULL,
			     "begun with sink = events-api, and goes on there: set endpoint, api_key and its secret "
			     "again until it is done");
	if (st == DF_OK)
		st = file_identity(w, feed, err);
	if (st == DF_OK) {
		run_sink_choose(w->f->name, w->identity, doc, feed);
		st = deliver_document(w, feed, doc, &d, err);
	}
cleanup:
	ledger_document_free(&d);
	conf_feed_free(feed);
	return st == DF_REJECT ? DF_OK : st; /* refused, entered and told: the file's other documents go on */
}

/* ---- the file ---- */

static enum df_status file_close(struct file_work *w, const struct df_err *why, struct df_err *err)
{
	struct run_file *f = w->f;
	bool refused = why != NULL;
	char text[sizeof(struct df_err) + 128] = "";
	if (refused) {
		struct df_err plain = *why;
		plain.code[0] = '\0';
		df_err_render(&plain, text, sizeof(text));
	}
	bool cleanup = run_after_is_due(f->feed, refused) && !f->local;
	const struct ledger_outcome closed = {.state = refused ? LEDGER_REFUSED : LEDGER_DONE,
					      .code = refused ? why->code : NULL,
					      .text = refused ? text : NULL,
					      .cleanup_due = cleanup,
					      .now_ms = df_now_ms()};
	enum df_status st = ledger_file_state(w->run->env.ledger, f->ledger_id, &closed, err);
	if (st != DF_OK)
		return st;
	df_before("remove a file from the spool");
	if (f->spool != NULL && unlink(f->spool) != 0 && errno != ENOENT)
		df_log(DF_LOG_WARN, "cannot remove %s from the spool: %s", f->spool, strerror(errno));
	df_after("remove a file from the spool");
	pthread_mutex_lock(&w->run->lock);
	if (refused)
		w->run->result->files_refused++;
	else
		w->run->result->files_done++;
	pthread_mutex_unlock(&w->run->lock);
	return DF_OK;
}

static enum df_status file_documents(struct file_work *w, struct decode *d, struct df_err *err)
{
	for (size_t i = 0; i < decode_skipped_count(d); i++) {
		const struct decode_skipped *s = decode_skipped(d, i);
		df_log(DF_LOG_INFO, "%s: %s: %s is skipped: %s", w->f->feed->name, w->f->name, s->name, s->why);
	}
	const struct ledger_outcome sending = {.state = LEDGER_SENDING};
	enum df_status st = ledger_file_state(w->run->env.ledger, w->f->ledger_id, &sending, err);
	for (size_t i = 0; st == DF_OK && i < decode_count(d); i++)
		st = work_document(w, decode_doc(d, i), err);
	return st;
}

static enum df_status any_document(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	(void)d;
	(void)err;
	*(bool *)ctx = true;
	return DF_END;
}

enum df_status run_file_begun(struct run *run, int64_t ledger_id, bool *begun, struct df_err *err)
{
	*begun = false;
	enum df_status st = ledger_documents(run->env.ledger, ledger_id, any_document, begun, err);
	return st == DF_END ? DF_OK : st;
}

/* A file of which a document was begun has passed the feed's rules of that day: what they have become since must not
 * refuse what is half sent. Where it cannot be opened any more, a key went away, and may come back. */
static enum df_status decode_again(const struct file_work *w, struct decode **d, struct df_err *err)
{
	struct conf_feed feed = *w->f->feed; /* a view: its pointers stay the feed's */
	struct name parsed;
	enum df_status st = name_parse(w->f->name, &parsed, err);
	if (st == DF_OK) {
		feed.encrypted = parsed.encrypted;
		feed.signed_by.n = 0;
		feed.max_plaintext = feed.max_ratio = feed.max_entries = UINT64_MAX;
		st = decode_open(&feed, w->f->name, w->f->fd, w->run->scratch, d, err);
	}
	if (st != DF_REJECT)
		return st;
	df_err_context(err, "an earlier run could open it, and sent a part");
	return DF_RETRY;
}

static enum df_status file_work(struct file_work *w, struct df_err *err)
{
	bool begun = false;
	struct run_file *f = w->f;
	struct decode *d = NULL;
	struct df_err why = {0};
	if (f->fd < 0)
		f->fd = open(f->spool, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0)
		return df_fail(DF_RETRY, err, NULL, "cannot open %s: %s", f->spool, strerror(errno));
	enum df_status st = run_file_begun(w->run, f->ledger_id, &begun, err);
	if (st != DF_OK)
		return st;
	st = begun ? decode_again(w, &d, &why) : decode_open(f->feed, f->name, f->fd, w->run->scratch, &d, &why);
	if (st == DF_OK) {
		st = file_documents(w, d, err);
		if (st == DF_OK)
			st = file_close(w, w->n_refused > 0 ? &w->refused : NULL, err);
	} else if (st == DF_REJECT) {
		log_failure(f, NULL, &why, "refused, nothing of it was sent");
		st = file_close(w, &why, err);
	} else {
		*err = why;
	}
	decode_close(d);
	return st;
}

void run_file_deliver(struct run *run, struct run_file *f)
{
	struct file_work w = {.run = run, .f = f};
	struct df_err err = {0};
	pthread_mutex_lock(&run->lock);
	bool shut = run->shut == f->feed;
	pthread_mutex_unlock(&run->lock);
	if (df_stop_requested || shut) {
		df_log(DF_LOG_INFO, "%s: %s: waits for the next run", f->feed->name, f->name);
		run_note(run, DF_RETRY);
		return;
	}
	enum df_status st = file_work(&w, &err);
	if (w.shut) {
		pthread_mutex_lock(&run->lock);
		run->shut = f->feed;
		pthread_mutex_unlock(&run->lock);
	}
	if (st != DF_OK)
		log_failure(f, NULL, &err, st == DF_RETRY ? "not finished, the next run goes on with it" : "stopped");
	run_note(run, st);
}
