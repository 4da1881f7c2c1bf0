/* SPDX-License-Identifier: MIT */
/* One drop file's life: decoded, its documents delivered (run_document.c), closed. Every step is entered in the ledger before
 * the next one, so that a run that was killed is taken up where it stopped. */
#include "run_document.h"

#include "dropfeed/step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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

static enum df_status file_close(struct run_file_work *w, const struct df_err *why, struct df_err *err)
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

static enum df_status file_documents(struct run_file_work *w, struct decode *d, struct df_err *err)
{
	for (size_t i = 0; i < decode_skipped_count(d); i++) {
		const struct decode_skipped *s = decode_skipped(d, i);
		df_log(DF_LOG_INFO, "%s: %s: %s is skipped: %s", w->f->feed->name, w->f->name, s->name, s->why);
	}
	const struct ledger_outcome sending = {.state = LEDGER_SENDING};
	enum df_status st = ledger_file_state(w->run->env.ledger, w->f->ledger_id, &sending, err);
	for (size_t i = 0; st == DF_OK && i < decode_count(d); i++)
		st = run_document_work(w, decode_doc(d, i), err);
	return st;
}

static enum df_status any_begun(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	(void)err;
	if (!d->taken && !ledger_closes(d->state))
		return DF_OK;
	*(bool *)ctx = true;
	return DF_END;
}

enum df_status run_file_begun(struct run *run, int64_t ledger_id, bool *begun, struct df_err *err)
{
	*begun = false;
	enum df_status st = ledger_documents(run->env.ledger, ledger_id, any_begun, begun, err);
	return st == DF_END ? DF_OK : st;
}

/* A file of which a batch was taken has passed the feed's rules of that day: what they have become since must not
 * refuse what is half sent. Where it cannot be opened any more, a key went away, and may come back. */
static enum df_status decode_again(const struct run_file_work *w, struct decode **d, struct df_err *err)
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

static enum df_status file_work(struct run_file_work *w, struct df_err *err)
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
		run_file_log_failure(f, NULL, &why, "refused, nothing of it was sent");
		st = file_close(w, &why, err);
	} else {
		*err = why;
	}
	decode_close(d);
	return st;
}

void run_file_deliver(struct run *run, struct run_file *f)
{
	struct run_file_work w = {.run = run, .f = f};
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
	if (w.unsent) {
		pthread_mutex_lock(&run->lock);
		run->shut = f->feed;
		pthread_mutex_unlock(&run->lock);
	}
	if (st != DF_OK)
		run_file_log_failure(f, NULL, &err,
				     st == DF_RETRY ? "not finished, the next run goes on with it" : "stopped");
	run_note(run, st);
}
