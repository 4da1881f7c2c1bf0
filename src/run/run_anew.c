/* SPDX-License-Identifier: MIT */
/*
 * Files that are begun anew under today's settings, or delivered once more. The bytes are brought
 * into the spool first, then the ledger opens the file again, then it takes the way of every file
 * that a run did not finish. A crash leaves one with which the next run goes on, or one that is
 * closed as before, for which the command is given again; right before the commit, that one's
 * reject file may be gone already.
 */
#include "run_choose.h"
#include "run_session.h"

#include "dropfeed/schema.h"
#include "dropfeed/shell.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define LANES_MAX 64

struct anew {
	const struct run_files_options *options;
	struct run_choice choice;
	bool resend;
};

struct anew_file {
	const struct anew *anew;
	struct feed_work *work;
	const struct ledger_file *file;
	struct run_reopened opened; /* own */
	uint64_t taken;             /* batches of them that were taken before */
	bool pruned;                /* one of them cannot be sent under its stored settings */
	bool once;                  /* events of them were sent to a sink that counts them again */
	bool abandoned;             /* one of those was given up */
	uint64_t known;             /* rows of those that were delivered for certain */
};

/* ---- what is opened again ---- */

/* Documents that are done are not begun anew; all are, under new ids. */
static bool anew_is_meant(const struct anew *a, const struct ledger_document *d)
{
	if (a->resend && !a->options->new_ids)
		return d->state == LEDGER_DONE && d->taken;
	return a->resend || d->state != LEDGER_DONE;
}

/* What counts twice was noted before it was sent; of what was pruned its rows are known alone. */
static enum df_status look_once(struct anew_file *f, const struct ledger_document *d,
				struct df_err *err)
{
	uint64_t sent[LANES_MAX];
	bool pruned = d->taken && d->settings[0] == '\0';
	bool once = pruned && d->delivered > 0 && strcmp(d->event_type, "eventless") != 0 &&
		    !schema_type_audience(d->event_type);
	if (!conf_counts_twice(f->work->feed))
		return DF_OK;
	enum df_status st =
	    ledger_lanes_sent(f->work->run->env.ledger, d->id, sent, LANES_MAX, err);
	for (size_t i = 0; st == DF_OK && i < LANES_MAX; i++)
		once = once || sent[i] > 0;
	if (st != DF_OK || !once)
		return st;
	f->once = true;
	f->known += d->delivered;
	f->abandoned = f->abandoned || d->state == LEDGER_ABANDONED;
	return DF_OK;
}

static enum df_status anew_on_document(void *ctx, const struct ledger_document *d,
				       struct df_err *err)
{
	struct anew_file *f = ctx;
	uint64_t done[LANES_MAX];
	if (!anew_is_meant(f->anew, d))
		return DF_OK;
	enum df_status st = ledger_lanes(f->work->run->env.ledger, d->id, done, LANES_MAX, err);
	for (size_t i = 0; st == DF_OK && i < LANES_MAX; i++)
		f->taken += done[i];

	if (st == DF_OK)
		st = run_reopened_add(f->work->run->env.ledger, d, false, &f->opened, err);
	f->pruned = f->pruned || (d->taken && d->settings[0] == '\0');
	return st == DF_OK ? look_once(f, d, err) : st;
}

/* ---- reject files ---- */

/* Their rows are delivered now, or rejected anew; only what somebody worked on stays. */
static enum df_status settle_rejects(const struct anew_file *f, struct df_err *err)
{
	/* then the new one takes the place of the old one */
	bool same = f->anew->resend && !f->anew->options->new_ids;
	for (size_t i = 0; i < f->opened.n; i++) {
		const char *path = f->opened.rejects[i];
		if (path != NULL && f->opened.documents[i].keep_rejects)
			df_log(DF_LOG_WARN,
			       "%s: %s was changed since it was written and stays as it is: drop "
			       "none of its rows that "
			       "are delivered now",
			       f->work->feed->name, path);
		else if (path != NULL && !same && unlink(path) != 0 && errno != ENOENT)
			return df_fail(DF_RETRY, err, NULL, "cannot remove the reject file %s: %s",
				       path, strerror(errno));
	}
	return DF_OK;
}

/* ---- in the ledger ---- */

/* What the receiving side makes of batches that it has, of a sink without ids: of these, users'
 * attributes alone are sent again. */
static void log_resent(const struct anew_file *f)
{
	const char *feed = f->work->feed->name, *name = f->file->name;
	int64_t days = f->file->closed_ms != 0 ? (df_now_ms() - f->file->closed_ms) / DF_DAY_MS : 0;
	if (conf_counts_twice(f->work->feed)) {
		df_log(DF_LOG_INFO,
		       "%s: %s: once more under the stored settings: attributes are set again",
		       feed, name);
		return;
	}
	df_log(DF_LOG_INFO,
	       "%s: %s: once more under the same ids, of which the API ignores those it has", feed,
	       name);
	if (days > RUN_IDS_KEPT_DAYS)
		df_log(DF_LOG_WARN,
		       "%s: %s: delivered %lld days ago, and the API may have forgotten ids by "
		       "now: up to %llu batches "
		       "may count again",
		       feed, name, (long long)days, (unsigned long long)f->taken);
}

static void log_restarted(const struct anew_file *f)
{
	const char *feed = f->work->feed->name, *name = f->file->name;
	unsigned long long taken = f->taken;
	if (taken == 0)
		df_log(DF_LOG_INFO,
		       "%s: %s: begun anew under today's settings; no batch of it is known to have "
		       "been taken",
		       feed, name);
	else if (conf_counts_twice(f->work->feed))
		df_log(DF_LOG_WARN,
		       "%s: %s: begun anew under today's settings; %llu of its batches were taken "
		       "before: their attributes are set again",
		       feed, name, taken);
	else
		df_log(DF_LOG_WARN,
		       "%s: %s: begun anew under today's settings; %llu of its batches were taken "
		       "before: those that "
		       "are the same now keep their ids, and the API ignores them; the others "
		       "arrive again",
		       feed, name, taken);
}

static void log_anew(const struct anew_file *f)
{
	if (!f->anew->resend)
		log_restarted(f);
	else if (!f->anew->options->new_ids)
		log_resent(f);
	else
		df_log(DF_LOG_WARN,
		       "%s: %s: once more under new ids and today's settings: its rows count again",
		       f->work->feed->name, f->file->name);
}

static enum df_status anew_steps(struct anew_file *f, struct df_err *err)
{
	struct ledger *l = f->work->run->env.ledger;
	const struct run_files_options *o = f->anew->options;
	enum df_status st =
	    f->anew->resend && !o->new_ids
		? ledger_resend(l, f->file->id, f->opened.documents, f->opened.n, err)
		: ledger_anew(l, f->file->id, f->anew->resend, err);
	return st == DF_OK ? settle_rejects(f, err) : st;
}

/* Reject files go when the ledger has taken all of it, and right before that is made to last. One
 * that went after that, and was left by a kill, no document would know of: its rows, which are
 * delivered now, might be dropped again. */
static enum df_status anew_open_again(struct anew_file *f, struct df_err *err)
{
	struct ledger *l = f->work->run->env.ledger;
	enum df_status st = run_reopened_take_back(&f->work->source, &f->opened, err);
	if (st != DF_OK)
		return st;
	st = ledger_enter(l, true, err);
	if (st != DF_OK)
		return st;
	st = ledger_leave(l, anew_steps(f, err), err);
	if (st != DF_OK)
		return st;
	log_anew(f);
	return DF_OK;
}

/* ---- a file ---- */

/* Nothing of it can be delivered once more: why, and what to do. */
static void log_nothing(const struct anew_file *f)
{
	const struct ledger_file *file = f->file;
	const char *feed = f->work->feed->name, *why = "none of its documents is done";
	bool same = file->state == LEDGER_DONE && file->text != NULL;
	if (file->state == LEDGER_REFUSED)
		why = "it was refused; `dropfeed retry` delivers it once the cause is repaired";
	else if (file->state == LEDGER_ABANDONED)
		why = "it was abandoned; `dropfeed restart` delivers it";
	df_log(DF_LOG_INFO, "%s: %s: nothing to resend: %s%s", feed, file->name,
	       same ? file->text : why, same ? ": name that one" : "");
}

static enum df_status fail_once(const struct anew_file *f, struct df_err *err)
{
	const char *way = "`dropfeed run` goes on with the rest, `dropfeed abandon` puts it into "
			  "the reject file, which can be dropped under today's settings";
	if (f->anew->resend)
		way = "--new-ids sends all of it where that is meant";
	else if (f->abandoned)
		way = "its reject file has the rest: drop that one";
	return df_fail(DF_USAGE, err, NULL,
		       "its events were sent, and would count twice, as Braze knows no ids (%llu "
		       "of its rows are known to be delivered): %s",
		       (unsigned long long)f->known, way);
}

/* What was delivered before it would arrive once more, and its reject file would go. */
static enum df_status fail_resend(const struct anew_file *f, struct df_err *err)
{
	struct ledger_former sum;
	enum df_status st = ledger_resend_open(f->work->run->env.ledger, f->file->id, &sum, err);
	if (st != DF_OK)
		return st == DF_END ? DF_OK : st;
	const struct df_shell_quoted name = df_shell_word(f->file->name);
	return df_fail(
	    DF_USAGE, err, NULL,
	    "it was delivered before, and a resend of it is under way: `dropfeed abandon "
	    "%s` gives that up; then `dropfeed resend --new-ids %s` delivers all of it "
	    "under today's settings",
	    name.text, name.text);
}

/* Whether there is something to be opened again. DF_END: no, which is logged. */
static enum df_status anew_look(struct anew_file *f, struct df_err *err)
{
	bool same = f->anew->resend && !f->anew->options->new_ids;
	enum df_status st =
	    ledger_documents(f->work->run->env.ledger, f->file->id, anew_on_document, f, err);
	if (st == DF_OK && !f->anew->resend)
		st = fail_resend(f, err);
	if (st != DF_OK)
		return st;
	if (same && f->pruned)
		return df_fail(DF_USAGE, err, NULL,
			       "its settings were pruned, so that its ids cannot be made again: "
			       "--new-ids delivers it "
			       "under today's");
	if (f->once && !(f->anew->resend && f->anew->options->new_ids))
		return fail_once(f, err);
	if (f->anew->resend && f->opened.n == 0) {
		log_nothing(f);
		return DF_END;
	}
	return DF_OK;
}

/* ---- earlier files of the feed that are not finished ---- */

struct passed_by {
	const struct anew_file *by;
	char *name; /* own: of one of them */
	size_t n;
};

static bool is_chosen(const struct anew *a, int64_t id)
{
	for (size_t i = 0; i < a->choice.n; i++)
		if (a->choice.v[i].file.id == id)
			return true;
	return false;
}

static enum df_status add_passed(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	struct passed_by *p = ctx;
	const struct ledger_file *by = p->by->file;
	const struct fetch_entry x = {.name = f->name, .mtime = f->mtime},
				 y = {.name = by->name, .mtime = by->mtime};
	const struct fetch_entry *one = &x, *other = &y;
	(void)err;
	int order = run_feed_by_rest(&one, &other);
	bool earlier = order < 0 || (order == 0 && f->id < by->id);
	if (ledger_closes(f->state) || !earlier || is_chosen(p->by->anew, f->id))
		return DF_OK;
	if (p->n++ == 0)
		p->name = df_strdup(f->name);
	return DF_OK;
}

/* Somebody asked for this one now; the others may be stuck for as long as they like. */
static enum df_status warn_of_order(const struct anew_file *f, struct df_err *err)
{
	struct feed_work *w = f->work;
	struct passed_by p = {.by = f};
	if (w->feed->fetch.order_none)
		return DF_OK;
	enum df_status st =
	    ledger_files(w->run->env.ledger, w->feed->name, true, add_passed, &p, err);
	if (st == DF_OK && p.n > 0)
		df_log(DF_LOG_WARN,
		       "%s: %s: is sent before %s%s, which came earlier and %s not finished, so "
		       "that older values may arrive after newer ones",
		       w->feed->name, f->file->name, p.name, p.n > 1 ? " and others" : "",
		       p.n > 1 ? "are" : "is");
	free(p.name);
	return st;
}

static enum df_status anew_one(struct anew_file *f, struct df_err *err)
{
	const struct ledger_file *known = f->file;
	const struct fetch_entry e = {
	    .name = known->name, .size = known->size, .mtime = known->mtime};
	char *spool = NULL;
	enum df_status st = anew_look(f, err);
	if (st != DF_OK)
		return st == DF_END ? DF_OK : st;
	st = run_chosen_bytes(f->work, known, &spool, err);
	if (st != DF_OK)
		goto cleanup;
	st = anew_open_again(f, err);
	if (st == DF_OK)
		st = warn_of_order(f, err);
	if (st != DF_OK)
		goto cleanup;

	const struct feed_file file = {.entry = &e, .sha256 = known->sha256, .id = known->id};
	(void)run_feed_hand_over(f->work, &file, spool);
	spool = NULL;
cleanup:
	free(spool);
	if (st == DF_END)
		run_chosen_gone(f->work, known);
	return st == DF_END ? DF_OK : st;
}

static enum df_status anew_part(struct feed_work *w, void *ctx, struct df_err *err)
{
	const struct anew *a = ctx;
	(void)err;
	w->from = a->options->from;
	for (size_t i = 0; i < a->choice.n && !df_stop_requested; i++) {
		struct anew_file f = {.anew = a, .work = w, .file = &a->choice.v[i].file};
		struct df_err one = {0};
		if (a->choice.v[i].feed != w->feed)
			continue;
		enum df_status st = anew_one(&f, &one);
		if (st != DF_OK) { /* the others may succeed */
			df_err_context(&one, "%s: %s", w->feed->name, f.file->name);
			df_log_err(DF_LOG_ERROR, &one);
			run_note(w->run, w->feed, st, &one);
		}
		run_reopened_clear(&f.opened);
	}
	return DF_OK;
}

/* ---- all of them ---- */

static void anew_all(const struct conf *conf, struct anew *a, const struct run_choose_rule *rule,
		     struct run_result *result)
{
	struct run_session session;
	struct df_err err = {0};
	enum df_status st = run_session_open(&session, conf, result, &err);
	if (st != DF_OK) {
		run_session_failed(result, st, &err);
		return;
	}
	st = run_choose(session.run.env.ledger, conf, a->options, rule, &a->choice, &err);
	if (st == DF_OK)
		run_choice_each(&session.run, &a->choice, anew_part, a);
	else if (err.text[0] != '\0')
		df_log_err(DF_LOG_ERROR, &err);
	run_watch_sinks(&session.run);
	run_note_status(result, df_stop_requested ? DF_RETRY : st);
	run_choice_free(&a->choice);
	run_session_close(&session);
}

static bool is_not_done(enum ledger_state state)
{
	return state != LEDGER_DONE && state != LEDGER_LISTED;
}

static bool is_closed(enum ledger_state state)
{
	return ledger_closes(state);
}

void run_restart(const struct conf *conf, const struct run_files_options *options,
		 struct run_result *result)
{
	static const struct run_choose_rule rule = {
	    .takes = is_not_done,
	    .latest = true,
	    .idle = "nothing to restart: it is done; `dropfeed resend` delivers it once more"};
	struct anew a = {.options = options};
	anew_all(conf, &a, &rule, result);
}

void run_resend(const struct conf *conf, const struct run_files_options *options,
		struct run_result *result)
{
	static const struct run_choose_rule rule = {
	    .takes = is_closed,
	    .latest = true,
	    .idle = "nothing to resend: it is not finished; `dropfeed run` goes on with it"};
	struct anew a = {.options = options, .resend = true};
	anew_all(conf, &a, &rule, result);
}
