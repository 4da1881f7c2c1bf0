/* SPDX-License-Identifier: MIT */
/* Files that earlier runs left unfinished go on; where their bytes are gone, they are closed. */
#include "run_feed.h"
#include "run_session.h"

#include "dropfeed/shell.h"

#include <stdlib.h>

struct left_file {
	int64_t id;
	bool closed, imported;
	char sha256[DF_SHA256_HEX];
	char *spool;              /* own */
	uint64_t idle;            /* see run_file */
	struct fetch_entry entry; /* name is own */
};

struct left_over {
	const struct conf *conf;
	struct left_file *v; /* own */
	size_t n;
};

static enum df_status collect_left(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	(void)err;
	struct left_over *l = ctx;
	l->v = df_realloc(l->v, (l->n + 1) * sizeof(*l->v));
	struct left_file *left = &l->v[l->n++];
	*left = (struct left_file){
	    .id = f->id,
	    .closed = ledger_closes(f->state),
	    .imported = ledger_file_imported(f),
	    .spool = run_spool_of(l->conf, f),
	    .idle = f->idle,
	    .entry = {.name = df_strdup(f->name), .size = f->size, .mtime = f->mtime},
	};
	memcpy(left->sha256, f->sha256, DF_SHA256_HEX);
	return DF_OK;
}

static void left_over_free(struct left_over *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].entry.name);
		free(l->v[i].spool);
	}
	free(l->v);
}

/* ---- bytes that are gone ---- */

struct lost { /* what is closed without them */
	size_t documents;
	uint64_t rows;
};

static enum df_status add_lost(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	struct lost *l = ctx;
	(void)err;
	l->documents++;
	if (!ledger_closes(d->state))
		l->rows += d->rows - d->delivered - d->rejected - d->skipped;
	return DF_OK;
}

/* Where hosts share the ledger, the one that pulled it keeps what its spool has of it. */
static void log_lost(const struct feed_work *w, const struct left_file *f, const char *text)
{
	char *there = ledger_shared(w->run->env.ledger)
			  ? df_format(", or try `dropfeed retry %s` on the host that pulled it",
				      df_shell_word(f->entry.name).text)
			  : df_strdup("");
	df_log(DF_LOG_ERROR,
	       "%s: %s: closed as refused: %s [lost-bytes]: when they turn up, name the folder "
	       "that they are in with `dropfeed retry --from DIR`%s",
	       w->feed->name, f->entry.name, text, there);
	free(there);
}

/* The source was looked through and has them nowhere: nobody will bring the file to its end.
 * `retry` goes on with it if they turn up after all. */
static enum df_status close_lost(struct feed_work *w, const struct left_file *f, struct df_err *err)
{
	struct lost l = {0};
	struct ledger *ledger = w->run->env.ledger;
	enum df_status st = ledger_documents(ledger, f->id, add_lost, &l, err);
	if (st != DF_OK)
		return st;

	char *text = l.documents == 0
			 ? df_strdup("its bytes are gone from the spool and from the "
				     "source; none of its rows was delivered")
			 : df_format("its bytes are gone from the spool and from the "
				     "source; %s %s not delivered",
				     df_count(l.rows, "row").text, l.rows == 1 ? "was" : "were");
	const struct ledger_outcome lost = {
	    .state = LEDGER_REFUSED, .code = "lost-bytes", .text = text, .now_ms = df_now_ms()};

	st = ledger_file_lost(ledger, f->id, &lost, err);
	if (st != DF_OK)
		goto cleanup;

	log_lost(w, f, text);
	pthread_mutex_lock(&w->run->lock);
	w->run->result->files_refused++;
	pthread_mutex_unlock(&w->run->lock);
cleanup:
	free(text);
	return st;
}

/* ---- imported for another environment ---- */

struct elsewhere {
	const struct conf_feed *feed;
	char *environment; /* own, or NULL */
};

static enum df_status look_where(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	struct elsewhere *e = ctx;
	struct conf_feed *begun = NULL;
	const struct conf_frozen stored = {
	    .settings = d->settings, .manifest = d->manifest, .plan = d->plan};
	struct df_err ignored = {0};
	(void)err;
	/* once a batch was taken the stored settings count anyway */
	if (d->taken || ledger_closes(d->state) ||
	    conf_feed_thaw(e->feed, &stored, &begun, &ignored) != DF_OK)
		return DF_OK;
	if (!df_same_text(begun->map.environment, e->feed->map.environment))
		e->environment = df_strdup(begun->map.environment);
	conf_feed_free(begun);
	return e->environment != NULL ? DF_END : DF_OK;
}

enum df_status run_left_elsewhere(struct feed_work *w, int64_t id, const char *name,
				  struct df_err *err)
{
	struct elsewhere e = {.feed = w->feed};
	struct df_err why = {0};
	enum df_status st = ledger_documents(w->run->env.ledger, id, look_where, &e, err);
	if (st != DF_END)
		return st;
	(void)df_fail(DF_RETRY, &why, NULL,
		      "left alone: it was imported with environment = %s, and that of its feed is "
		      "%s: import it again with --set environment=%s, or `dropfeed restart %s` "
		      "(delivers it to %s), or `dropfeed abandon %s`",
		      e.environment, w->feed->map.environment, e.environment,
		      df_shell_word(name).text, w->feed->map.environment, df_shell_word(name).text);
	df_err_context(&why, "%s: %s", w->feed->name, name);
	df_log_err(DF_LOG_WARN, &why);
	run_note(w->run, w->feed, DF_RETRY, &why);
	free(e.environment);
	return DF_END;
}

/* ---- on their way again ---- */

/* DF_END: it is left alone, which is logged. */
static enum df_status resume_one(struct feed_work *w, const struct left_file *f, struct df_err *err)
{
	enum df_status st = f->imported ? run_left_elsewhere(w, f->id, f->entry.name, err) : DF_OK;
	if (st != DF_OK)
		return st;
	char *spool = df_strdup(f->spool);
	st = run_feed_spooled(w, spool, f->sha256, err);
	if (st == DF_END) /* the source may still have the same bytes */
		st = run_feed_find(w, &f->entry, f->sha256, spool, err);
	if (st != DF_OK) {
		free(spool);
		return st == DF_END ? close_lost(w, f, err) : st;
	}
	struct feed_file file = {
	    .entry = &f->entry, .sha256 = f->sha256, .id = f->id, .idle = f->idle};
	df_log(DF_LOG_INFO, "%s: %s: going on where an earlier run stopped", w->feed->name,
	       f->entry.name);
	(void)run_feed_hand_over(w, &file, spool);
	return DF_OK;
}

static int by_left_rest(const void *a, const void *b)
{
	const struct fetch_entry *x = &((const struct left_file *)a)->entry,
				 *y = &((const struct left_file *)b)->entry;
	return run_feed_by_rest(&x, &y);
}

enum df_status run_left_take(struct feed_work *w, const struct ledger_file *f, struct df_err *err)
{
	struct left_over left = {.conf = w->run->conf};
	enum df_status st = collect_left(&left, f, err);
	if (st != DF_OK)
		goto cleanup;
	st = resume_one(w, &left.v[0], err);
	if (st == DF_END)
		ledger_release(w->run->env.ledger, f->id, false);
cleanup:
	left_over_free(&left);
	return st;
}

/* Files that an earlier run did not finish. */
enum df_status run_left_resume(struct feed_work *w, struct df_err *err)
{
	struct left_over left = {.conf = w->run->conf};
	enum df_status st =
	    ledger_files(w->run->env.ledger, w->feed->name, true, collect_left, &left, err);
	if (left.n > 0)
		qsort(left.v, left.n, sizeof(*left.v), by_left_rest);
	for (size_t i = 0; st == DF_OK && i < left.n; i++) {
		struct df_err one = {0};
		if (left.v[i].closed)
			continue;
		enum df_status got = resume_one(w, &left.v[i], &one);
		if (got == DF_OK || got == DF_END)
			continue;
		df_err_context(&one, "%s: %s", w->feed->name, left.v[i].entry.name);
		df_log_err(DF_LOG_ERROR, &one);
		run_note(w->run, w->feed, got, &one);
		run_feed_stuck(w, &left.v[i].entry);
	}
	left_over_free(&left);
	return st;
}
