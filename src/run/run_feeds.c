/* SPDX-License-Identifier: MIT */
/* A run: for every feed the files that have settled are pulled, one after another, and handed to the workers. */
#include "run_feed.h"
#include "run_session.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void give(struct feed_work *w, const char *name, char *spool, const char *sha256, int64_t id)
{
	struct run_file *f = df_alloc(sizeof(*f));
	f->feed = w->feed;
	f->name = df_strdup(name);
	f->spool = spool;
	f->fd = -1;
	memcpy(f->sha256, sha256, DF_SHA256_HEX);
	f->ledger_id = id;
	run_pool_put(w->pool, f);
}

/* The same bytes were delivered before, under whatever name: there is nothing to do but to say so, once. */
static enum df_status enter_duplicate(struct feed_work *w, const char *name, int64_t id, const char *spool,
				      const struct ledger_file *same, struct df_err *err)
{
	char *text = df_format("same bytes as %s, which was delivered before", same->name);
	df_log(DF_LOG_INFO, "%s: %s: skipped: %s", w->feed->name, name, text);
	const struct ledger_outcome duplicate = {.state = LEDGER_DONE,
						 .code = "duplicate",
						 .text = text,
						 .cleanup_due = run_after_is_due(w->feed, false),
						 .now_ms = df_now_ms()};
	enum df_status st = ledger_file_state(w->run->env.ledger, id, &duplicate, err);
	unlink(spool);
	w->run->result->files_skipped++;
	free(text);
	return st;
}

enum df_status run_feed_hand_over(struct feed_work *w, const struct fetch_entry *e, char *spool, const char *sha256,
				  int64_t id, struct df_err *err)
{
	struct ledger_file same = {0};
	bool begun = false;
	enum df_status st = run_file_begun(w->run, id, &begun, err);
	if (st == DF_OK) /* what was begun is brought to its end */
		st = begun ? DF_END : run_same_bytes(w->run, w->pool, w->feed, e->name, sha256, id, &same, err);
	if (st == DF_END) {
		give(w, e->name, spool, sha256, id);
		return DF_OK;
	}
	if (st == DF_OK) {
		st = enter_duplicate(w, e->name, id, spool, &same, err);
	} else if (same.id != 0) {
		df_log(DF_LOG_INFO, "%s: %s: waits for the next run: same bytes as %s, which is not finished",
		       w->feed->name, e->name, same.name);
		run_note(w->run, DF_RETRY);
		st = DF_OK;
	}
	ledger_file_free(&same);
	free(spool);
	return st;
}

/* A download that breaks goes on where it stopped. */
static enum df_status get(struct feed_work *w, const struct fetch_entry *e, const char *spool,
			  char sha256[DF_SHA256_HEX], struct df_err *err)
{
	struct run_tries tries = {0};
	enum df_status st = run_source_open(&w->source, err);
	while (st == DF_OK &&
	       run_source_again(&w->source, &tries, fetch_get(w->source.fetch, e, spool, sha256, err), &st, err))
		;
	return st;
}

static enum df_status pull(struct feed_work *w, const struct fetch_entry *e, struct df_err *err)
{
	char sha256[DF_SHA256_HEX];
	int64_t id = 0;
	char event_type[RUN_EVENT_TYPE_SIZE];
	struct ledger_new_file file = {
	    .key = run_feed_key(w->feed, e), .sha256 = sha256, .event_type = event_type, .now_ms = df_now_ms()};
	char *spool = run_spool_arrival(w->run->conf, &file.key);
	enum df_status st = get(w, e, spool, sha256, err);
	if (st == DF_OK)
		st = run_spool_keep(w->run->conf, w->feed->name, sha256, &spool, err);
	run_event_type(e->name, event_type);
	file.place = spool;
	if (st == DF_OK)
		st = ledger_file_add(w->run->env.ledger, &file, &id, err);
	if (st == DF_OK)
		return run_feed_hand_over(w, e, spool, sha256, id, err);
	free(spool);
	return st;
}

/* DF_OK: it is to be pulled. DF_END: not now, or not any more. */
static enum df_status is_due(struct feed_work *w, const struct fetch_entry *e, struct df_err *err)
{
	struct ledger_file known = {0};
	const struct ledger_key key = run_feed_key(w->feed, e);
	int64_t first_ms = 0, now = df_now_ms(), age = w->feed->min_age_ms;
	enum df_status st = ledger_file_known(w->run->env.ledger, &key, &known, err);
	if (st == DF_OK) {
		ledger_file_free(&known);
		return DF_END; /* closed, or open and taken up from the spool: see resume */
	}
	if (st != DF_END)
		return st;
	st = ledger_seen(w->run->env.ledger, &key, now, &first_ms, err);
	if (st != DF_OK)
		return st;
	if (fetch_settled(e, e->size, e->mtime, first_ms, now, age))
		return DF_OK;
	w->unsettled++;
	w->run->result->files_skipped++;
	if (w->wait_until_ms < first_ms + age)
		w->wait_until_ms = first_ms + age;
	return DF_END;
}

/* Each is told when it is first seen, and when it has changed: not with every mail of cron. */
static enum df_status tell_misnamed(struct feed_work *w, const struct fetch_list *list, struct df_err *err)
{
	enum df_status st = DF_OK;
	for (size_t i = 0; st == DF_OK && i < list->n_misnamed; i++) {
		const struct fetch_entry *e = &list->misnamed[i];
		const struct ledger_key key = run_feed_key(w->feed, e);
		int64_t first_ms = 0, now = df_now_ms();
		st = ledger_seen(w->run->env.ledger, &key, now, &first_ms, err);
		if (st == DF_OK && first_ms == now)
			run_source_tell_misnamed(&w->source, e);
	}
	return st;
}

static enum df_status list_and_pull(struct feed_work *w, struct df_err *err)
{
	struct fetch_list list = {0};
	struct run_tries tries = {0};
	int64_t started = df_now_ms();
	w->wait_until_ms = 0;
	w->unsettled = 0;
	enum df_status st = run_source_open(&w->source, err);
	while (st == DF_OK && run_source_again(&w->source, &tries, fetch_list(w->source.fetch, &list, err), &st, err))
		;
	if (st == DF_OK)
		st = tell_misnamed(w, &list, err);
	for (size_t i = 0; st == DF_OK && i < list.n; i++) {
		if (df_stop_requested) {
			st = df_fail(DF_RETRY, err, NULL, "stopped by a signal; the next run goes on");
			break;
		}
		struct df_err one = {0};
		enum df_status due = is_due(w, &list.v[i], &one);
		if (due == DF_OK)
			due = pull(w, &list.v[i], &one);
		if (due == DF_RETRY) { /* one file that changed or broke off does not keep the others back */
			df_err_context(&one, "%s: %s", w->feed->name, list.v[i].name);
			df_log_err(DF_LOG_WARN, &one);
			run_note(w->run, DF_RETRY);
			st = w->source.away ? DF_END : DF_OK; /* END: it was told already */
		} else if (due != DF_OK && due != DF_END) {
			if (one.text[0] != '\0')
				*err = one;
			st = due;
		}
	}
	if (st == DF_OK)
		st = ledger_seen_forget(w->run->env.ledger, w->feed->name, started, err);
	fetch_list_free(&list);
	return st == DF_END ? DF_OK : st;
}

/* A file that is new to the ledger has to be seen twice. The second look comes in this run, so that a run by hand takes
 * what lies there, unless it is stopped meanwhile. */
static enum df_status wait_and_look_again(struct feed_work *w, struct df_err *err)
{
	int64_t wait = w->wait_until_ms - df_now_ms() + 50;
	if (w->unsettled == 0)
		return DF_OK;
	if (wait > w->feed->min_age_ms + 50)
		wait = w->feed->min_age_ms + 50; /* the clock was set back */
	df_log(DF_LOG_INFO, "%s: waiting %lld s for %zu new file(s) to settle (min_age)", w->feed->name,
	       (long long)(wait > 0 ? (wait + 999) / 1000 : 0), w->unsettled);
	int64_t end = df_monotonic_ms() + wait;
	while (df_monotonic_ms() < end && !df_stop_requested)
		nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	if (df_stop_requested)
		return DF_OK; /* the next run's listing will be the second one */
	w->run->result->files_skipped -= w->unsettled;
	return list_and_pull(w, err);
}

/* ---- what earlier runs left ---- */

struct left_file {
	int64_t id;
	bool closed;
	char sha256[DF_SHA256_HEX];
	char *spool;              /* own */
	struct fetch_entry entry; /* name is own */
};

struct left_over {
	const struct conf *conf;
	struct left_file *v; /* own */
	size_t n;
};

static enum df_status collect(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	(void)err;
	struct left_over *l = ctx;
	l->v = df_realloc(l->v, (l->n + 1) * sizeof(*l->v));
	struct left_file *left = &l->v[l->n++];
	*left = (struct left_file){
	    .id = f->id,
	    .closed = ledger_closes(f->state),
	    .spool = run_spool_of(l->conf, f),
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

/* The spool's copy is gone: the source may still have the same bytes. */
static enum df_status pull_again(struct feed_work *w, const struct left_file *left, const char *spool,
				 struct df_err *err)
{
	enum df_status st = run_feed_find(w, &left->entry, left->sha256, spool, err);
	if (st == DF_END)
		st = df_fail(
		    DF_RETRY, err, NULL,
		    "%s is not finished, and its bytes are neither in the spool nor on the source any more: put "
		    "the file back, or name the folder it lies in with `dropfeed retry --from DIR`",
		    left->entry.name);
	return st;
}

/* Files that an earlier run did not finish go first. */
static enum df_status resume(struct feed_work *w, struct df_err *err)
{
	struct left_over left = {.conf = w->run->conf};
	enum df_status st = ledger_files(w->run->env.ledger, w->feed->name, true, collect, &left, err);
	for (size_t i = 0; st == DF_OK && i < left.n; i++) {
		struct left_file *f = &left.v[i];
		if (f->closed)
			continue;
		struct df_err one = {0};
		char *spool = df_strdup(f->spool);
		enum df_status got = run_feed_spooled(w, spool, f->sha256, &one);
		if (got == DF_END)
			got = pull_again(w, f, spool, &one);
		if (got == DF_OK) {
			df_log(DF_LOG_INFO, "%s: %s: going on where an earlier run stopped", w->feed->name,
			       f->entry.name);
			got = run_feed_hand_over(w, &f->entry, spool, f->sha256, f->id, &one);
		} else {
			free(spool);
		}
		if (got == DF_OK)
			continue;
		df_err_context(&one, "%s: %s", w->feed->name, f->entry.name);
		df_log_err(DF_LOG_ERROR, &one);
		run_note(w->run, got);
	}
	left_over_free(&left);
	return st;
}

enum df_status run_feed_end(struct feed_work *w, enum df_status st, struct df_err *err)
{
	run_pool_wait(w->pool);
	if (st == DF_OK)
		st = run_spool_sweep(w->run, w->feed->name, err);
	if (w->feed->source.kind != CONF_SOURCE_NONE && !df_stop_requested && !w->source.away)
		run_after(w->run, &w->source);
	return st;
}

static enum df_status feed_work(struct feed_work *w, struct df_err *err)
{
	enum df_status st = df_mkdirs(w->spool, err);
	if (st == DF_OK)
		st = resume(w, err);
	if (st == DF_OK && w->feed->source.kind != CONF_SOURCE_NONE) {
		st = list_and_pull(w, err);
		if (st == DF_OK && !df_stop_requested && !w->source.away)
			st = wait_and_look_again(w, err);
	}
	return run_feed_end(w, st, err);
}

static void feed_run(struct run *run, struct run_pool *pool, const struct conf_feed *feed)
{
	struct df_err err = {0};
	struct feed_work w = {.run = run, .pool = pool, .feed = feed, .source = {.feed = feed}};
	w.spool = df_format("%s/spool/%s", run->conf->state_dir, feed->name);
	enum df_status st = feed_work(&w, &err);
	if (st != DF_OK) {
		df_err_context(&err, "%s", feed->name);
		df_log_err(DF_LOG_ERROR, &err);
	}
	run_note(run, st);
	run_source_close(&w.source);
	free(w.spool);
}

bool run_feed_chosen(const struct conf_feed *feed, const char *const *names, size_t n)
{
	bool chosen = n == 0;
	for (size_t i = 0; i < n; i++)
		chosen = chosen || strcmp(names[i], feed->name) == 0;
	return chosen;
}

/* Unfinished, and no feed of the configuration will go on with it. */
static enum df_status tell_orphan(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	const struct conf *conf = ctx;
	(void)err;
	if (f->closed_ms == 0 && conf_feed_find(conf, f->feed) == NULL)
		df_log(
		    DF_LOG_WARN,
		    "%s: %s: not finished, and the configuration has no such feed any more: put the feed back to go on",
		    f->feed, f->name);
	return DF_OK;
}

static void run_deliver(const struct conf *conf, const struct run_options *options, struct run_result *result)
{
	struct run_session session;
	struct df_err err = {0};
	enum df_status st = run_session_open(&session, conf, result, &err);
	if (st != DF_OK) {
		run_session_failed(result, st, &err);
		return;
	}
	st = ledger_files(session.run.env.ledger, NULL, true, tell_orphan, (void *)(uintptr_t)conf, &err);
	if (st != DF_OK)
		df_log_err(DF_LOG_ERROR, &err);
	run_note_status(result, st);
	struct run_pool *pool = run_pool_new(&session.run, conf->jobs);
	for (size_t i = 0; i < conf->n_feeds; i++) {
		if (run_feed_chosen(&conf->feeds[i], options->feeds, options->n_feeds))
			feed_run(&session.run, pool, &conf->feeds[i]);
	}
	run_pool_free(pool);
	if (df_stop_requested)
		run_note_status(result, DF_RETRY);
	run_session_close(&session);
}

void run_feeds(const struct conf *conf, const struct run_options *options, struct run_result *result)
{
	if (!options->dry_run) {
		run_deliver(conf, options, result);
		return;
	}
	for (size_t i = 0; i < conf->n_feeds; i++) {
		if (run_feed_chosen(&conf->feeds[i], options->feeds, options->n_feeds) &&
		    conf->feeds[i].source.kind != CONF_SOURCE_NONE)
			run_feed_forecast(conf, &conf->feeds[i], result);
	}
}
