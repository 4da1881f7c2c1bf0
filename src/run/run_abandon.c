/* SPDX-License-Identifier: MIT */
/*
 * A file under way is given up: what was not delivered goes to its reject file, and it is closed. A
 * crash leaves it open, and the reject file, if it is there already, is known to be the document's:
 * a run goes on with it, or `abandon` begins again.
 */
#include "run_choose.h"
#include "run_document.h"
#include "run_session.h"

#include "dropfeed/step.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct abandon {
	const struct run_files_options *options;
	struct run_choice choice;
};

struct abandoned { /* of one file */
	uint64_t rows, delivered, left;
	bool unwritten;    /* rows of it are in no reject file */
	struct df_err why; /* of that */
};

/* ---- documents that cannot be read ---- */

struct open_documents {
	int64_t *v; /* own */
	size_t n;
	struct abandoned *sum;
};

static enum df_status add_open(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	struct open_documents *o = ctx;
	(void)err;
	if (ledger_closes(d->state))
		return DF_OK;
	o->v = df_realloc(o->v, (o->n + 1) * sizeof(*o->v));
	o->v[o->n++] = d->id;
	o->sum->rows += d->rows;
	o->sum->delivered += d->delivered;
	o->sum->left += d->rows - d->delivered - d->rejected - d->skipped;
	o->sum->unwritten = true;
	return DF_OK;
}

/* Their rows are counted, and are in no reject file. */
static enum df_status close_unread(struct ledger *l, int64_t file_id, struct abandoned *sum,
				   struct df_err *err)
{
	struct open_documents o = {.sum = sum};
	enum df_status st = ledger_documents(l, file_id, add_open, &o, err);
	for (size_t i = 0; st == DF_OK && i < o.n; i++)
		st = ledger_document_abandon(l, o.v[i], NULL, df_now_ms(), err);
	free(o.v);
	return st;
}

/* ---- documents that can ---- */

static void log_document(const struct run_delivery *v, const struct ledger_document *d,
			 uint64_t left, const char *path)
{
	char *label = run_document_label(v->w->f, &v->doc);
	df_log(DF_LOG_WARN, "%s: abandoned: %s, %llu delivered, %llu not delivered%s%s", label,
	       df_count(d->rows, "row").text, (unsigned long long)d->delivered,
	       (unsigned long long)left, path != NULL ? ": see " : "", path != NULL ? path : "");
	if (d->taken && left > 0)
		df_log(DF_LOG_INFO,
		       "%s: rows of requests that were under way when it was stopped may have "
		       "arrived all the same",
		       label);
	free(label);
}

/* DF_REJECT: which rows were delivered cannot be found out with this version of the program. */
static enum df_status find_left(struct run_delivery *v, const struct ledger_document *now,
				struct document_undelivered *left, struct df_err *err)
{
	const struct document_env *env = &v->w->run->env;
	enum df_status st =
	    document_undelivered_find(env, &v->pass, &v->settings, now->id, left, err);
	document_pass_end(&v->pass);
	if (st != DF_OK)
		return st;
	if (now->rows != now->delivered + now->rejected + now->skipped + left->n)
		return df_fail(DF_REJECT, err, NULL,
			       "it was begun by dropfeed %s, which made other batches of it than "
			       "this one does",
			       now->version != NULL ? now->version : "0.1");
	return DF_OK;
}

static enum df_status close_steps(const struct run_delivery *v,
				  const struct document_rejects *rejects, struct df_err *err)
{
	enum df_status st = run_document_facts(v, rejects, err);
	return st == DF_OK ? ledger_document_abandon(v->w->run->env.ledger, v->d->id, rejects->path,
						     df_now_ms(), err)
			   : st;
}

static enum df_status close_read(struct run_delivery *v, const struct ledger_document *now,
				 struct abandoned *sum, struct df_err *err)
{
	struct ledger *l = v->w->run->env.ledger;
	struct document_undelivered left = {0};
	struct document_rejects rejects = {.abandoned = &left};
	enum df_status st = find_left(v, now, &left, err);
	if (st != DF_OK)
		goto cleanup;
	st = run_document_rejects(v, now, now->rejected + left.n > 0, &rejects, err);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_enter(l, true, err);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_leave(l, close_steps(v, &rejects, err), err);
	if (st != DF_OK)
		goto cleanup;

	log_document(v, now, left.n, rejects.path);
	sum->rows += now->rows;
	sum->delivered += now->delivered;
	sum->left += left.n;
cleanup:
	document_pass_end(&v->pass);
	document_rejects_free(&rejects);
	document_undelivered_free(&left);
	return st;
}

static enum df_status abandon_document(struct run_file_work *w, const struct decode_doc *doc,
				       struct abandoned *sum, struct df_err *err)
{
	struct ledger_document d = {0}, now = {0};
	struct run_delivery v = {.w = w, .doc = *doc, .d = &d};
	enum df_status st = run_document_begin(w, doc, &d, err);
	if (st == DF_REJECT) /* refused, which closes it */
		st = DF_END;
	if (st != DF_OK || ledger_closes(d.state))
		goto cleanup;
	st = ledger_document_known(w->run->env.ledger, w->f->ledger_id, doc->name, &now, err);
	if (st != DF_OK)
		goto cleanup;
	v.doc.event_type = d.event_type;
	st = run_document_prepare(&v, err);
	if (st != DF_OK)
		goto cleanup;
	st = close_read(&v, &now, sum, err);
cleanup:
	ledger_document_free(&d);
	ledger_document_free(&now);
	conf_feed_free(v.feed);
	return st == DF_END ? DF_OK : st;
}

/* ---- a file ---- */

static enum df_status abandon_documents(struct run_file_work *w, struct abandoned *sum,
					struct df_err *err)
{
	struct ledger *l = w->run->env.ledger;
	enum df_status st = run_file_open(w, err);
	if (st != DF_OK)
		return st;
	for (size_t i = 0; i < decode_count(w->f->decoded); i++) {
		st = abandon_document(w, decode_doc(w->f->decoded, i), sum, err);
		if (st != DF_OK && st != DF_REJECT)
			return st;
		if (st == DF_OK)
			continue;
		sum->why = *err; /* closed below, with what else the bytes do not say */
		*err = (struct df_err){0};
	}
	return close_unread(l, w->f->ledger_id, sum, err);
}

static void remove_from_spool(const char *path)
{
	df_before("remove a file from the spool");
	if (unlink(path) != 0 && errno != ENOENT)
		df_log(DF_LOG_WARN, "cannot remove %s from the spool: %s", path, strerror(errno));
	df_after("remove a file from the spool");
}

static void count_abandoned(struct run *run)
{
	pthread_mutex_lock(&run->lock);
	run->result->files_abandoned++;
	pthread_mutex_unlock(&run->lock);
}

static enum df_status close_file(struct run_file_work *w, const struct abandoned *sum,
				 struct df_err *err)
{
	const struct run_file *f = w->f;
	const char *why = sum->why.text[0] != '\0' ? sum->why.text : "its bytes were not read";
	char *text = df_format("%s %s not delivered%s%s", df_count(sum->left, "row").text,
			       sum->left == 1 ? "was" : "were",
			       sum->unwritten ? "; no reject file was written: " : "",
			       sum->unwritten ? why : "");
	const struct ledger_outcome to = {
	    .state = LEDGER_ABANDONED, .code = "abandoned", .text = text, .now_ms = df_now_ms()};
	enum df_status st = ledger_file_state(w->run->env.ledger, f->ledger_id, &to, err);
	if (st != DF_OK)
		goto cleanup;

	remove_from_spool(f->spool);
	df_log(DF_LOG_WARN, "%s: %s: abandoned: %s", f->feed->name, f->name, text);
	count_abandoned(w->run);
cleanup:
	free(text);
	return st;
}

/* DF_END: the bytes are nowhere, or are not to be looked for; *sum says why. */
static enum df_status bytes_of(struct feed_work *w, const struct abandon *a, struct run_file *f,
			       const struct ledger_file *known, struct abandoned *sum,
			       struct df_err *err)
{
	if (a->options->without_rejects) {
		f->spool = run_spool_of(w->run->conf, known);
		(void)df_fail(DF_END, &sum->why, NULL, "--without-rejects");
		return DF_END;
	}
	enum df_status st = run_chosen_bytes(w, known, &f->spool, err);
	if (st == DF_END)
		(void)df_fail(DF_END, &sum->why, NULL,
			      "its bytes (SHA-256 %s) are neither in the spool nor on the source",
			      known->sha256);
	return st;
}

/* Nothing of it is left to be delivered: `retry` is to leave it alone from now on. */
static enum df_status give_up_refused(struct feed_work *w, const struct ledger_file *known,
				      struct df_err *err)
{
	char *text =
	    df_format("it was refused%s%s%s%s", known->code != NULL ? ": " : "",
		      known->code != NULL ? known->code : "", known->text != NULL ? ": " : "",
		      known->text != NULL ? known->text : "");
	const struct ledger_outcome to = {
	    .state = LEDGER_ABANDONED, .code = "abandoned", .text = text, .now_ms = df_now_ms()};
	enum df_status st = ledger_file_given_up(w->run->env.ledger, known, &to, err);
	if (st != DF_OK)
		goto cleanup;
	df_log(DF_LOG_INFO, "%s: %s: abandoned: %s", w->feed->name, known->name, text);
cleanup:
	free(text);
	return st;
}

static enum df_status add_document(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	(void)err;
	run_file_sum_add(ctx, d);
	return DF_OK;
}

/* Its rows were delivered before, under the same ids: in a reject file, which is sent under new
 * ones, they would count twice. DF_END: it is not a resend. */
static enum df_status give_up_resend(struct feed_work *w, const struct ledger_file *known,
				     struct df_err *err)
{
	struct ledger *l = w->run->env.ledger;
	struct ledger_former former = {0};
	struct run_file_sum sum = {0}; /* of the others */
	struct run_file_end end;
	enum df_status st = ledger_documents(l, known->id, add_document, &sum, err);
	if (st != DF_OK)
		return st;
	run_file_end(w->feed, &sum, &end);
	st = ledger_resend_end(l, known->id, &end.to, &former, err);
	if (st != DF_OK)
		return st;
	/* so that what is due at the source finds it as it is now */
	ledger_release(w->run->env.ledger, known->id, false);
	char *spool = run_spool_of(w->run->conf, known);
	remove_from_spool(spool);
	df_log(DF_LOG_WARN,
	       "%s: %s: the resend is abandoned, what was delivered before it counts as before: "
	       "%s = %llu delivered + %llu rejected",
	       w->feed->name, known->name, df_count(former.rows, "row").text,
	       (unsigned long long)former.delivered, (unsigned long long)former.rejected);
	count_abandoned(w->run);
	free(spool);
	return DF_OK;
}

static enum df_status abandon_one(struct feed_work *w, const struct abandon *a,
				  const struct ledger_file *known, struct df_err *err)
{
	struct abandoned sum = {0};
	if (known->state == LEDGER_REFUSED)
		return give_up_refused(w, known, err);
	enum df_status st = give_up_resend(w, known, err);
	if (st != DF_END)
		return st;

	struct run_file *f = df_alloc(sizeof(*f));
	struct run_file_work work = {.run = w->run, .f = f};
	*f = (struct run_file){.feed = w->feed,
			       .name = df_strdup(known->name),
			       .fd = -1,
			       .mtime = known->mtime,
			       .ledger_id = known->id};
	memcpy(f->sha256, known->sha256, DF_SHA256_HEX);
	st = bytes_of(w, a, f, known, &sum, err);
	if (st == DF_END)
		st = close_unread(w->run->env.ledger, known->id, &sum, err);
	else if (st == DF_OK)
		st = abandon_documents(&work, &sum, err);
	if (st != DF_OK)
		goto cleanup;
	run_file_rest(f);
	st = close_file(&work, &sum, err);
cleanup:
	run_file_free(f);
	return st == DF_END ? DF_OK : st; /* refused, and closed */
}

static void log_others(const struct run_chosen *c)
{
	if (c->others > 0)
		df_log(DF_LOG_WARN,
		       "%s: %s: %s of that name %s left as %s: `dropfeed abandon` once more takes "
		       "the next one",
		       c->feed->name, c->file.name, df_count(c->others, "other file").text,
		       c->others == 1 ? "is" : "are", c->others == 1 ? "it is" : "they are");
}

static enum df_status abandon_part(struct feed_work *w, void *ctx, struct df_err *err)
{
	const struct abandon *a = ctx;
	(void)err;
	w->from = a->options->from;
	for (size_t i = 0; i < a->choice.n && !df_stop_requested; i++) {
		const struct run_chosen *c = &a->choice.v[i];
		struct df_err one = {0};
		if (c->feed != w->feed)
			continue;
		enum df_status st = abandon_one(w, a, &c->file, &one);
		if (st == DF_OK) {
			log_others(c);
			continue;
		}
		df_err_context(&one,
			       "%s: %s: not abandoned (--without-rejects closes it without reading "
			       "it, and counts its "
			       "rows)",
			       w->feed->name, c->file.name);
		df_log_err(DF_LOG_ERROR, &one);
		run_note(w->run, w->feed, st, &one);
	}
	return DF_OK;
}

static bool is_open(enum ledger_state state)
{
	return !ledger_closes(state) || state == LEDGER_REFUSED;
}

void run_abandon(const struct conf *conf, const struct run_files_options *options,
		 struct run_result *result)
{
	static const struct run_choose_rule rule = {
	    .takes = is_open, .orphans = true, .idle = "nothing to abandon: it is closed already"};
	struct run_session session;
	struct df_err err = {0};
	struct abandon a = {.options = options};
	enum df_status st = run_session_open(&session, conf, result, &err);
	if (st != DF_OK) {
		run_session_failed(result, st, &err);
		return;
	}
	st = run_choose(session.run.env.ledger, conf, options, &rule, &a.choice, &err);
	if (err.text[0] != '\0')
		df_log_err(DF_LOG_ERROR, &err);
	else if (st == DF_OK)
		run_choice_each(&session.run, &a.choice, abandon_part, &a);
	run_note_status(result, df_stop_requested ? DF_RETRY : st);
	run_choice_free(&a.choice);
	run_session_close(&session);
}
