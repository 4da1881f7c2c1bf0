/* SPDX-License-Identifier: MIT */
/* One drop file's life: decoded, its documents delivered (run_document.c), closed. Every step is
 * entered in the ledger before the next one, so that a run that was killed is taken up where it
 * stopped. */
#include "run_document.h"

#include "dropfeed/shell.h"
#include "dropfeed/step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void run_file_rest(struct run_file *f)
{
	run_delivery_free(f->delivery);
	f->delivery = NULL;
	decode_close(f->decoded);
	f->decoded = NULL;
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

void run_file_free(struct run_file *f)
{
	if (f == NULL)
		return;
	run_file_rest(f);
	free(f->frozen);
	free(f->name);
	free(f->spool);
	free(f);
}

/* A resend has delivered what was done of it; the rest stays given up. */
static void log_abandoned(const struct run_file_work *w)
{
	const struct run_file *f = w->f;
	df_log(DF_LOG_INFO,
	       "%s: %s: stays abandoned, as %s of it %s not delivered: `dropfeed restart %s` "
	       "delivers them",
	       f->feed->name, f->name, df_count(w->sum.undelivered, "row").text,
	       w->sum.undelivered == 1 ? "was" : "were", df_shell_word(f->name).text);
}

static enum df_status file_close(struct run_file_work *w, struct df_err *err)
{
	struct run_file *f = w->f;
	struct run_result *result = w->run->result;
	enum df_status st = w->entered ? DF_OK : run_file_enter(w, err);
	if (st != DF_OK)
		return st;
	run_spent_add(w->run, f->spool);
	if (w->sum.n_abandoned > 0)
		log_abandoned(w);
	pthread_mutex_lock(&w->run->lock);
	if (w->sum.n_abandoned > 0)
		result->files_abandoned++;
	else if (w->sum.n_refused > 0)
		result->files_refused++;
	else
		result->files_done++;
	pthread_mutex_unlock(&w->run->lock);
	return DF_OK;
}

/* ---- opening ---- */

/* The documents of a file that was begun by an earlier run, or earlier in this one. */
struct begun {
	bool any;       /* one was taken, or is closed */
	char *settings; /* own: of one that is under way, or NULL */
};

static enum df_status look_begun(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	struct begun *b = ctx;
	(void)err;
	b->any = b->any || d->taken || ledger_closes(d->state);
	if (d->taken && !ledger_closes(d->state) && b->settings == NULL)
		b->settings = df_strdup(d->settings);
	return DF_OK;
}

/* A document that is under way keeps the event type that it was begun with, even where its name
 * has none and document_type is another one today. */
static enum df_status stored_type(const struct run_file *f, const struct begun *b,
				  struct conf_feed **stored, struct df_err *err)
{
	const struct conf_frozen begun = {.settings = b->settings};
	return b->settings != NULL ? conf_feed_thaw(f->feed, &begun, stored, err) : DF_OK;
}

/* A view of the feed, whose pointers stay its own, without the rules for what may come. */
static enum df_status open_without_rules(const struct run_file_work *w,
					 const struct conf_feed *today, struct df_err *err)
{
	struct run_file *f = w->f;
	struct conf_feed feed = *today;
	struct name parsed;
	enum df_status st =
	    name_parse_as(df_base_name(f->name), feed.decode.document_type, &parsed, err);
	if (st != DF_OK)
		return st;

	feed.decode.encrypted = parsed.encrypted;
	feed.decode.signed_by.n = 0;
	feed.decode.max_plaintext = feed.decode.max_ratio = feed.decode.max_entries = UINT64_MAX;
	return decode_open(&feed, f->name, f->fd, w->run->scratch, &f->decoded, err);
}

/* A document of which a batch was taken has passed the feed's rules of that day: what they have
 * become since must not refuse what is half sent. The others of its file are subject to them, and
 * f->barred says why they are refused. Where it cannot be opened any more, a key went away, and may
 * come back. */
static enum df_status decode_again(const struct run_file_work *w, const struct conf_feed *today,
				   const struct begun *b, struct df_err *err)
{
	struct df_err why = {0};
	enum df_status st = open_without_rules(w, today, &why);
	if (st == DF_OK) {
		w->f->barred = *err;
		*err = (struct df_err){0};
		return DF_OK;
	}
	if (st == DF_REJECT && b->settings == NULL)
		return st; /* as *err says */
	*err = why;
	if (st != DF_REJECT)
		return st;
	df_err_context(err, "an earlier run could open it, and sent a part");
	return DF_RETRY;
}

static enum df_status file_decode(struct run_file_work *w, const struct begun *b,
				  struct df_err *err)
{
	struct run_file *f = w->f;
	struct conf_feed feed = *f->feed; /* a view: its pointers stay their feed's */
	struct conf_feed *stored = NULL;
	enum df_status st = stored_type(f, b, &stored, err);
	if (st != DF_OK)
		return st;
	if (stored != NULL)
		feed.decode.document_type = stored->decode.document_type;
	feed.fetch.subfolders = true; /* its name was taken */

	st = decode_open(&feed, f->name, f->fd, w->run->scratch, &f->decoded, err);
	if (st == DF_REJECT && b->any)
		st = decode_again(w, &feed, b, err);
	conf_feed_free(stored);
	return st;
}

enum df_status run_file_open(struct run_file_work *w, struct df_err *err)
{
	struct run_file *f = w->f;
	struct df_err why = {0};
	struct begun b = {0};
	if (f->decoded != NULL)
		return DF_OK;

	if (f->fd < 0)
		f->fd = open(f->spool, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0)
		return df_fail(DF_RETRY, err, NULL, "cannot open %s: %s", f->spool,
			       strerror(errno));
	f->barred = (struct df_err){0};
	enum df_status st = DF_OK;
	if (!f->fresh)
		st = ledger_documents(w->run->env.ledger, f->ledger_id, look_begun, &b, err);
	if (st != DF_OK)
		goto cleanup;

	st = file_decode(w, &b, &why);
	if (st == DF_REJECT) {
		run_file_log_failure(f, NULL, &why,
				     b.any ? "refused, nothing more of it is sent"
					   : "refused, nothing of it was sent");
		w->sum = (struct run_file_sum){.n_refused = 1, .refused = why};
		st = file_close(w, err);
		st = st == DF_OK ? DF_END : st;
	} else if (st != DF_OK) {
		*err = why;
	}
cleanup:
	free(b.settings);
	return st;
}

/* ---- checking ---- */

/* The same bytes were delivered before, under whatever name: there is nothing to do but to say
 * so, once. */
static enum df_status enter_duplicate(struct run_file_work *w, const struct ledger_file *same,
				      struct df_err *err)
{
	struct run_file *f = w->f;
	char *text = df_format("same bytes as %s, which was delivered before", same->name);
	df_log(DF_LOG_INFO, "%s: %s: skipped: %s", f->feed->name, f->name, text);
	run_same_warn(w->run->env.ledger, f->feed, f->name, same);
	const struct ledger_outcome duplicate = {.state = LEDGER_DONE,
						 .code = "duplicate",
						 .text = text,
						 .cleanup_due = run_after_is_due(f->feed, false),
						 .now_ms = df_now_ms()};
	enum df_status st = ledger_file_state(w->run->env.ledger, f->ledger_id, &duplicate, err);
	free(text);
	if (st != DF_OK)
		return st;

	unlink(f->spool);
	pthread_mutex_lock(&w->run->lock);
	w->run->result->files_skipped++;
	pthread_mutex_unlock(&w->run->lock);
	return DF_END;
}

/* DF_OK: it is not a copy of another file, or was begun before that was known. DF_END: it is one,
 * and closed. */
static enum df_status file_is_new(struct run_file_work *w, struct df_err *err)
{
	struct run_file *f = w->f;
	struct ledger_file same = {0};
	bool begun = false;
	enum df_status st = DF_OK;
	if (!f->fresh)
		st = run_file_begun(w->run, f->ledger_id, &begun, err);
	if (st != DF_OK || begun || f->local)
		return st;

	const struct run_bytes bytes = {f->name, f->sha256, f->ledger_id};
	st = run_same_bytes(w->run->env.ledger, f->feed, &bytes, &same, err);
	if (st == DF_OK)
		st = enter_duplicate(w, &same, err);
	else if (st == DF_RETRY && same.id != 0) {
		df_log(DF_LOG_INFO, "%s: %s: same bytes as %s, which is not finished",
		       f->feed->name, f->name, same.name);
		f->overtaken = true; /* nothing of it is missing elsewhere */
	} else if (st == DF_END)
		st = DF_OK;
	ledger_file_free(&same);
	return st;
}

/* A zip's entries that are not taken. */
static enum df_status note_skipped(const struct run_file_work *w, struct df_err *err)
{
	const struct decode *d = w->f->decoded;
	size_t n = decode_skipped_count(d);
	if (n == 0)
		return DF_OK;

	struct ledger_skipped *entries = df_alloc(n * sizeof(*entries));
	char *label = run_document_label(w->f, NULL);
	for (size_t i = 0; i < n; i++) {
		const struct decode_skipped *s = decode_skipped(d, i);
		entries[i] =
		    (struct ledger_skipped){.name = s->name, .why = s->why, .csv = s->missed};
		run_log_skipped(label, s);
	}
	free(label);
	enum df_status st = ledger_file_skips(w->run->env.ledger, w->f->ledger_id, entries, n, err);
	free(entries);
	return st;
}

/* Returns what lines were about before. */
static struct df_log_place log_at_document(const struct run_file *f, const struct decode_doc *doc)
{
	const struct df_log_place at = {
	    .feed = f->feed->name, .file = f->name, .document = doc->name};
	return df_log_at(&at);
}

/* Begins every document that is new, which checks it. */
static enum df_status file_begin(struct run_file_work *w, struct df_err *err)
{
	size_t n = decode_count(w->f->decoded);
	for (size_t i = 0; i < n; i++) {
		struct ledger_document d = {0};
		const struct decode_doc *doc = decode_doc(w->f->decoded, i);
		const struct df_log_place before = log_at_document(w->f, doc);
		enum df_status st = run_document_begin(w, doc, &d, err);
		(void)df_log_at(&before);
		ledger_document_free(&d);
		/* refused, entered and logged: the others go on */
		if (st != DF_OK && st != DF_REJECT)
			return st;
	}
	if (n == 0 || w->sum.n_refused < n)
		return DF_OK;

	enum df_status st = file_close(w, err);
	return st == DF_OK ? DF_END : st;
}

static enum df_status file_check(struct run_file_work *w, struct df_err *err)
{
	enum df_status st = file_is_new(w, err);
	if (st != DF_OK)
		return st;
	st = run_file_open(w, err);
	if (st != DF_OK)
		return st;

	st = note_skipped(w, err);
	return st == DF_OK ? file_begin(w, err) : st;
}

enum df_status run_file_check(struct run *run, struct run_file *f, struct df_err *err)
{
	struct run_file_work w = {.run = run, .f = f};
	enum df_status st = file_check(&w, err);
	f->fresh = false;
	return st;
}

/* ---- sending ---- */

static enum df_status file_send(struct run_file_work *w, struct df_err *err)
{
	struct run_file *f = w->f;
	enum df_status st = run_file_open(w, err);
	size_t n = st == DF_OK ? decode_count(f->decoded) : 0;
	for (size_t i = 0; st == DF_OK && i < n; i++) {
		const struct decode_doc *doc = decode_doc(f->decoded, i);
		const struct df_log_place before = log_at_document(f, doc);
		w->last = i + 1 == n;
		st = run_document_work(w, doc, err);
		(void)df_log_at(&before);
	}
	return st == DF_OK && f->delivery == NULL ? file_close(w, err) : st;
}

enum df_status run_file_close(struct run_file *f, struct df_err *err)
{
	struct run_delivery *v = f->delivery;
	const struct df_log_place before = log_at_document(f, &v->doc);
	enum df_status st = run_document_close(v, err);
	(void)df_log_at(&before);
	return st == DF_OK ? file_close(v->w, err) : st;
}

enum df_status run_file_waits(struct run *run, const struct run_file *f, struct df_err *err)
{
	bool waits = false;
	if (f->feed->fetch.order_none || f->local || !ledger_shared(run->env.ledger))
		return DF_OK;
	enum df_status st = ledger_file_waits(run->env.ledger, f->ledger_id, &waits, err);
	if (st != DF_OK || !waits)
		return st;
	sender_standby(run->env.sender, f->feed);
	return DF_END;
}

enum df_status run_file_send(struct run *run, struct run_file *f, bool *parked, struct df_err *err)
{
	/* where hosts share the ledger, the others wait until it is closed */
	struct run_file_work w = {.run = run, .f = f, .later = !ledger_shared(run->env.ledger)};
	uint64_t before = run_file_progress(run, f);
	enum df_status st = file_send(&w, err);
	bool progress = st == DF_OK || run_file_progress(run, f) > before;

	f->progressed = f->progressed || progress;
	f->futile = progress ? 0 : f->futile + 1;
	f->denied = w.unsent && st == DF_DENIED;
	*parked = w.unsent && st == DF_RETRY && !ledger_is_lost(run->env.ledger, f->ledger_id) &&
		  conf_sink_answers(f->feed->send.sink);
	return st;
}

/* ---- left for the next run ---- */

void run_file_leave(struct run *run, struct run_file *f, unsigned blame)
{
	struct df_err err = {0};
	unsigned idle = f->progressed ? 0 : blame;
	if (ledger_is_lost(run->env.ledger, f->ledger_id)) { /* it is in good hands */
		df_log(DF_LOG_INFO, "%s: %s: %s", f->feed->name, f->name, f->why.text);
		return;
	}
	if (strcmp(f->why.code, LEDGER_UNREACHABLE) == 0 &&
	    !df_stop_requested) { /* this run goes on */
		df_log(DF_LOG_WARN, "%s: %s: %s", f->feed->name, f->name, f->why.text);
		ledger_release(run->env.ledger, f->ledger_id, true);
		return;
	}
	if ((blame > 0 || f->progressed) &&
	    ledger_file_tried(run->env.ledger, f->ledger_id, idle, &err) != DF_OK)
		df_log_err(DF_LOG_WARN, &err);

	if (f->why.text[0] == '\0')
		df_log(DF_LOG_INFO, "%s: %s: waits for the next run", f->feed->name, f->name);
	else
		run_file_log_failure(
		    f, NULL, &f->why,
		    f->st == DF_RETRY ? "not finished, the next run goes on with it" : "stopped");
	if (f->denied)
		run_note_sink(run, f->feed, 0);
	run_note(run, f->feed, f->why.text[0] == '\0' ? DF_RETRY : f->st, &f->why);
	ledger_release(run->env.ledger, f->ledger_id, false);
}
