/* SPDX-License-Identifier: MIT */
/* What happens on the source once the ledger has the last word on a file: the copies of its
 * reject files, its receipt, then after_done or after_refused; only then does the ledger forget
 * that this was due. Each step may be done again, so that a run that is stopped in between
 * leaves to the next one no more than to do the same once more. */
#include "run_receipt.h"

#include <stdio.h>
#include <stdlib.h>

struct after {
	struct run *run;
	struct run_source *source;
	struct ledger_file *v; /* own: the closed files that are due */
	size_t n;
};

bool run_after_is_due(const struct conf_feed *feed, bool refused)
{
	return (refused ? &feed->fetch.after_refused : &feed->fetch.after_done)->what !=
		   CONF_KEEP ||
	       feed->fetch.receipts != NULL;
}

static enum df_status collect_files(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	(void)err;
	struct after *a = ctx;
	if (f->state != LEDGER_REFUSED && f->state != LEDGER_DONE)
		return DF_OK;
	a->v = df_realloc(a->v, (a->n + 1) * sizeof(*a->v));
	a->v[a->n++] = ledger_file_dup(f);
	return DF_OK;
}

static enum df_status any_missed(void *ctx, const struct ledger_skipped *s, struct df_err *err)
{
	(void)err;
	*(bool *)ctx = *(bool *)ctx || s->csv;
	return DF_OK;
}

struct set_aside {
	struct ledger *ledger;
	const char *why; /* NULL: nothing is */
};

static enum df_status is_unavailable(void *ctx, const struct ledger_reject *r, struct df_err *err)
{
	struct set_aside *a = ctx;
	(void)err;
	if (r->code != NULL && strcmp(r->code, "api-unavailable") == 0)
		a->why = "rows of it were set aside, and `dropfeed retry` sends them again";
	else if (r->code != NULL && strcmp(r->code, "delivery-unknown") == 0)
		a->why = "rows of it may not have arrived, and `dropfeed retry --unknown` sends "
			 "them again";
	return a->why != NULL ? DF_END : DF_OK;
}

static enum df_status any_set_aside(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	struct set_aside *a = ctx;
	enum df_status st = DF_OK;
	if (a->why == NULL && d->rejected > 0)
		st = ledger_rejects(a->ledger, d->id, 0, is_unavailable, a, err);
	return st == DF_END ? DF_OK : st;
}

/* Why a file must not be deleted: some of it is nowhere else. NULL: it may be. */
static enum df_status why_kept(struct ledger *ledger, const struct ledger_file *f, const char **why,
			       struct df_err *err)
{
	bool missed = false;
	struct set_aside aside = {.ledger = ledger};
	enum df_status st = ledger_skips(ledger, f->id, any_missed, &missed, err);
	if (st == DF_OK || st == DF_END)
		st = ledger_documents(ledger, f->id, any_set_aside, &aside, err);
	if (missed)
		*why = "it holds CSV that was skipped";
	else
		*why = aside.why;
	return st == DF_END ? DF_OK : st;
}

/* What the server does not support it will not support in the next run either: that is reported
 * once, and stays with the file. */
static enum df_status give_up(const struct ledger_file *f, const char *what,
			      const struct df_err *why, struct df_err *never)
{
	df_log(DF_LOG_WARN,
	       "%s: %s: %s: %s; set after_done, after_refused and receipts to what it does "
	       "support, or do it by hand",
	       f->feed, f->name, what, why->text);
	*never = *why;
	return DF_OK;
}

/* Was it moved when it was closed before, and opened again meanwhile? A folder that cannot be
 * listed does not say. */
static enum df_status after_look_in(struct fetch *source, const char *dir,
				    const struct ledger_file *f, bool *there, struct df_err *err)
{
	const struct fetch_entry e = {.name = f->name, .size = f->size, .mtime = f->mtime};
	struct fetch_list moved = {0};
	struct df_err said = {0};
	fetch_enter(source, dir);
	enum df_status st = fetch_list_moved(source, &e, &moved, &said);
	fetch_enter(source, NULL);
	*there = moved.n > 0;
	fetch_list_free(&moved);
	if (st == DF_END || st == DF_REJECT)
		return DF_OK;
	return st == DF_OK ? st : df_fail(st, err, NULL, "%s", said.text);
}

static enum df_status log_absent(struct after *a, const struct ledger_file *f, struct df_err *err)
{
	const struct conf_fetch *fetch = &a->source->feed->fetch;
	const struct conf_after_action *actions[] = {&fetch->after_done, &fetch->after_refused};
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		bool there = false;
		if (actions[i]->what != CONF_MOVE)
			continue;
		enum df_status st =
		    after_look_in(a->source->fetch, actions[i]->dir, f, &there, err);
		if (st != DF_OK)
			return st;
		if (there) {
			df_log(DF_LOG_DEBUG, "%s: %s is in %s already", f->feed, f->name,
			       actions[i]->dir);
			return DF_OK;
		}
	}
	df_log(DF_LOG_INFO,
	       "%s: %s is not on the source any more, or another file has its name: left as it is",
	       f->feed, f->name);
	return DF_OK;
}

/* What has its name, size and time at today's source may be another file, which nobody has read:
 * where it is the same one it is taken as a duplicate, and done with as such. */
static bool is_elsewhere(const struct after *a, const struct ledger_file *f)
{
	const char *today = a->source->feed->fetch.source.key;
	return f->source != NULL && today != NULL && strcmp(f->source, today) != 0;
}

static enum df_status leave_elsewhere(struct after *a, const struct ledger_file *f,
				      struct df_err *err)
{
	char *why = df_format("it came from %s, and the feed has another source now", f->source);
	df_log(DF_LOG_WARN, "%s: %s: left as it is there: %s", f->feed, f->name, why);
	enum df_status st = ledger_file_cleaned(a->run->env.ledger, f->id, why, err);
	free(why);
	return st;
}

static enum df_status after_once(struct after *a, const struct ledger_file *f, struct df_err *err)
{
	const struct conf_feed *feed = a->source->feed;
	static const struct conf_after_action keep = {.what = CONF_KEEP};
	const struct conf_after_action *action =
	    f->state == LEDGER_REFUSED ? &feed->fetch.after_refused : &feed->fetch.after_done;
	const char *kept = NULL;
	struct df_err never = {0};
	struct fetch_entry entry = {.name = f->name, .size = f->size, .mtime = f->mtime};
	enum df_status st =
	    feed->fetch.receipts != NULL ? run_receipt_is_there(a->run, a->source, f, err) : DF_OK;
	if (st == DF_END)
		st = run_receipt_put(a->run, a->source, f, err);
	if (st == DF_REJECT) {
		st = give_up(f, "no receipt is written at the source", err, &never);
		*err = (struct df_err){0};
	}
	if (st != DF_OK)
		return st;

	if (action->what == CONF_DELETE)
		st = why_kept(a->run->env.ledger, f, &kept, err);
	if (st != DF_OK)
		return st;
	if (kept != NULL) {
		df_log(DF_LOG_WARN, "%s: %s: not deleted: %s", feed->name, f->name, kept);
		action = &keep;
	}

	st = fetch_after(a->source->fetch, &entry, action, err);
	if (st == DF_OK && action->what != CONF_KEEP)
		never = (struct df_err){0}; /* it is not left there, but for its receipt */
	if (st == DF_REJECT)
		st = give_up(f, "left as it is at the source", err, &never);
	if (st == DF_END)
		st = log_absent(a, f, err);
	const char *why = never.text[0] != '\0' ? never.text : kept;
	return st == DF_OK ? ledger_file_cleaned(a->run->env.ledger, f->id, why, err) : st;
}

struct after_step {
	struct after *after;
	const struct ledger_file *file;
};

static enum df_status after_step(struct fetch *fetch, void *ctx, struct df_err *err)
{
	const struct after_step *step = ctx;
	(void)fetch; /* the source's own */
	if (is_elsewhere(step->after, step->file))
		return leave_elsewhere(step->after, step->file, err);
	return after_once(step->after, step->file, err);
}

static void after_file(struct after *a, const struct ledger_file *f)
{
	struct ledger *l = a->run->env.ledger;
	struct after_step step = {a, f};
	struct ledger_claimed claimed;
	struct df_err err = {0};
	enum df_status st = ledger_claim(l, f->id, &claimed, &err);
	if (st == DF_END) /* another host is at it */
		return;
	if (st == DF_OK && ledger_shared(l) && claimed.state != f->state) {
		/* another host has opened it again, and may need it there */
		ledger_release(l, f->id, true);
		return;
	}
	if (st == DF_OK)
		st = run_source_do(a->source, after_step, &step, &err);
	ledger_release(l, f->id, false);
	if (st == DF_OK)
		return;
	df_err_context(&err, "%s: %s: not finished at the source", a->source->feed->name, f->name);
	df_log_err(DF_LOG_ERROR, &err);
	run_note(a->run, a->source->feed, st, &err);
}

void run_after(struct run *run, struct run_source *source)
{
	struct after a = {.run = run, .source = source};
	struct df_err err = {0};
	enum df_status st =
	    ledger_files(run->env.ledger, source->feed->name, true, collect_files, &a, &err);
	/* that they are closed has to be on the disk */
	if (st == DF_OK && a.n > 0)
		st = ledger_reach(run->env.ledger, ledger_mark(run->env.ledger), &err);
	for (size_t i = 0; st == DF_OK && i < a.n && !df_stop_requested && !source->unreachable;
	     i++)
		after_file(&a, &a.v[i]);
	if (st != DF_OK) {
		df_err_context(&err, "%s", source->feed->name);
		df_log_err(DF_LOG_ERROR, &err);
		run_note(run, source->feed, st, &err);
	}
	for (size_t i = 0; i < a.n; i++)
		ledger_file_free(&a.v[i]);
	free(a.v);
}

/* ---- a receipt that says more by now ---- */

static enum df_status receipt_step(struct fetch *fetch, void *ctx, struct df_err *err)
{
	const struct after_step *step = ctx;
	(void)fetch;
	return run_receipt_put(step->after->run, step->after->source, step->file, err);
}

void run_after_receipt(struct run *run, struct run_source *source, const struct ledger_file *f)
{
	struct after a = {.run = run, .source = source};
	struct after_step step = {&a, f};
	struct df_err err = {0};
	const struct conf_fetch *fetch = &source->feed->fetch;
	if (fetch->receipts == NULL || fetch->source.kind == CONF_SOURCE_NONE)
		return;
	enum df_status st = run_source_do(source, receipt_step, &step, &err);
	if (st == DF_OK)
		return;
	df_err_context(&err, "%s: %s: its receipt is not up to date", source->feed->name, f->name);
	df_log_err(DF_LOG_WARN, &err);
	run_note(run, source->feed, st, &err);
}

/* ---- taken back ---- */

struct copy { /* of a reject file, on the source */
	const char *receipts, *name;
};

static enum df_status take_back(struct fetch *source, void *ctx, struct df_err *err)
{
	static const struct conf_after_action removal = {.what = CONF_DELETE};
	const struct copy *copy = ctx;
	struct fetch_entry there = {.name = (char *)(uintptr_t)copy->name};
	fetch_enter(source, copy->receipts);
	enum df_status st = fetch_stat_file(source, copy->name, &there, err);
	if (st != DF_OK)
		goto cleanup;
	st = fetch_after(source, &there, &removal, err);
cleanup:
	fetch_enter(source, NULL);
	return st;
}

enum df_status run_after_take_back(struct run_source *source, const char *rejects,
				   struct df_err *err)
{
	const struct conf_feed *feed = source->feed;
	if (rejects == NULL || feed->fetch.receipts == NULL ||
	    feed->fetch.source.kind == CONF_SOURCE_NONE)
		return DF_OK;
	struct copy copy = {feed->fetch.receipts, df_base_name(rejects)};
	enum df_status st = run_source_do(source, take_back, &copy, err);
	return st == DF_END ? DF_OK : st;
}
