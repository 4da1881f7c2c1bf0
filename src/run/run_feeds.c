/* SPDX-License-Identifier: MIT */
/* A run: of every feed, all at the same time, the files that have settled are pulled and handed
 * to the workers. */
#include "run_adopt.h"
#include "run_session.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	ROOM_MS = 2000,
	KEEP_OPEN_MS = 5000, /* a connection with nothing to do is kept for so long */
	FEED_STACK = 1 << 20,
};

/* On the source, what is to be done with the files that were closed since it was looked last. */
static void after_closed(struct feed_work *w)
{
	uint64_t before = w->closed;
	bool due = run_after_is_due(w->feed, false) || run_after_is_due(w->feed, true);

	(void)run_pool_rest(w->pool, w->feed, &w->closed, 0);
	if (due && w->closed != before && w->feed->fetch.source.kind != CONF_SOURCE_NONE &&
	    !w->source.unreachable)
		run_after(w->run, &w->source);
}

/* A server's connections are few: none is kept while there is nothing to do with it. */
static bool wait_for_room(struct feed_work *w)
{
	while (run_pool_takes(w->pool, w->feed)) {
		if (run_pool_room(w->pool, w->feed, ROOM_MS))
			return run_pool_takes(w->pool, w->feed);
		run_source_close(&w->source);
		after_closed(w);
	}
	return false;
}

static int by_rest(const void *a, const void *b)
{
	const struct fetch_entry *x = *(const struct fetch_entry *const *)a;
	const struct fetch_entry *y = *(const struct fetch_entry *const *)b;
	if (x->mtime != y->mtime)
		return x->mtime < y->mtime ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* The file's bytes are unavailable for now. */
static void note_stuck(struct feed_work *w, const struct fetch_entry *e)
{
	const struct fetch_entry *stuck = &w->stuck;
	if (w->overtaken || (w->stuck.name != NULL && by_rest(&stuck, &e) <= 0))
		return;
	free(w->stuck.name);
	w->stuck = (struct fetch_entry){.name = df_strdup(e->name), .mtime = e->mtime};
}

/* This one came later than a file that was unavailable. */
static void warn_overtaken(struct feed_work *w, const struct fetch_entry *e)
{
	const struct fetch_entry *stuck = &w->stuck;
	if (w->stuck.name == NULL || w->overtaken || w->feed->fetch.order_none ||
	    by_rest(&stuck, &e) >= 0)
		return;
	w->overtaken = true;
	df_log(DF_LOG_WARN,
	       "%s: %s cannot be read now and does not hold up later files: %s is sent before it, "
	       "so that older values "
	       "may "
	       "arrive after newer ones",
	       w->feed->name, w->stuck.name, e->name);
}

bool run_feed_hand_over(struct feed_work *w, const struct feed_file *file, char *spool)
{
	if (!wait_for_room(w)) {
		df_log(DF_LOG_INFO, "%s: %s: waits for the next run", w->feed->name,
		       file->entry->name);
		run_note(w->run, w->feed, DF_RETRY, NULL);
		free(spool);
		return false;
	}

	warn_overtaken(w, file->entry);
	struct run_file *f = df_alloc(sizeof(*f));
	f->feed = w->feed;
	f->name = df_strdup(file->entry->name);
	f->mtime = file->entry->mtime;
	f->spool = spool;
	f->fd = -1;
	memcpy(f->sha256, file->sha256, DF_SHA256_HEX);
	f->ledger_id = file->id;
	f->idle = file->idle;
	run_pool_put(w->pool, f);
	after_closed(w);
	return true;
}

/* A server may set a file's time when it is read: the ledger knows it by the time under which it
 * is listed from now on. */
static void note_fate(struct feed_work *w, const struct fetch_entry *e,
		      struct ledger_new_file *file)
{
	const struct fetch_fate *fate = fetch_fate(w->source.fetch);
	file->key.mtime = fate->mtime;
	if (fate->gone)
		df_log(DF_LOG_INFO,
		       "%s: %s: the server removed it once it was read; all of it is here",
		       w->feed->name, e->name);
}

static enum df_status pull(struct feed_work *w, const struct fetch_entry *e, struct df_err *err)
{
	char sha256[DF_SHA256_HEX];
	char event_type[RUN_EVENT_TYPE_SIZE];
	struct feed_file file = {.entry = e, .sha256 = sha256};
	struct ledger_new_file new = {.key = run_feed_key(w->feed, e),
				      .sha256 = sha256,
				      .event_type = event_type,
				      .now_ms = df_now_ms()};
	char *arrival = run_spool_arrival(w->run->conf, &new.key), *spool = df_strdup(arrival);
	run_event_type(w->feed, e->name, event_type);
	struct run_item item = {.what = RUN_IS_PULLED, .feed = w->feed, .file = e->name};
	run_item_begin(w->run->progress, &item);
	enum df_status st = run_source_get(&w->source, e, spool, sha256, err);
	run_item_end(w->run->progress, &item);
	if (st == DF_END)
		df_log(DF_LOG_INFO,
		       "%s: %s: went away before it was read: the next listing decides",
		       w->feed->name, e->name);
	if (st == DF_OK)
		note_fate(w, e, &new);
	if (st == DF_OK)
		st = run_spool_keep(arrival, sha256, &spool, err);
	new.place = spool;
	new.arrival = arrival;
	if (st == DF_OK)
		st = ledger_file_add(w->run->env.ledger, &new, &file.id, err);
	free(arrival);
	if (st != DF_OK) {
		free(spool);
		return st;
	}
	(void)run_feed_hand_over(w, &file, spool);
	return DF_OK;
}

static void note_unsettled(struct feed_work *w, const struct fetch_entry *e)
{
	struct fetch_entry *first = &w->waits;
	w->unsettled++;
	if (first->name == NULL)
		*first = (struct fetch_entry){
		    .name = df_strdup(e->name), .size = e->size, .mtime = e->mtime};
	else if (strcmp(first->name, e->name) == 0 && first->size == e->size &&
		 first->mtime != e->mtime)
		w->restless = true;
}

/* DF_OK: it is to be pulled. DF_END: not now, or not any more. */
static enum df_status is_due(struct feed_work *w, const struct fetch_entry *e, struct df_err *err)
{
	struct ledger_file known = {0};
	const struct ledger_key key = run_feed_key(w->feed, e);
	int64_t first_ms = 0, now = df_now_ms(), age = w->feed->fetch.min_age_ms;
	enum df_status st = ledger_file_known(w->run->env.ledger, &key, &known, err);
	if (st == DF_OK) {
		w->known += ledger_closes(known.state);
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
	note_unsettled(w, e);
	if (w->wait_until_ms < first_ms + age)
		w->wait_until_ms = first_ms + age;
	return DF_END;
}

/* Each is logged when it is first seen, and when it has changed: not with every mail of cron. */
static enum df_status log_misnamed(struct feed_work *w, const struct fetch_list *list,
				   struct df_err *err)
{
	enum df_status st = DF_OK;
	for (size_t i = 0; st == DF_OK && i < list->n_misnamed; i++) {
		const struct fetch_entry *e = &list->misnamed[i];
		const struct ledger_key key = run_feed_key(w->feed, e);
		int64_t first_ms = 0, now = df_now_ms();
		st = ledger_seen(w->run->env.ledger, &key, now, &first_ms, err);
		if (st == DF_OK && first_ms == now)
			run_source_log_misnamed(&w->source, e);
	}
	return st;
}

/* The files of the listing that are to be pulled, in the order in which they came to rest; the
 * list is the caller's. */
static enum df_status find_due(struct feed_work *w, const struct fetch_list *list,
			       const struct fetch_entry ***out, size_t *n, struct df_err *err)
{
	const struct fetch_entry **due = df_alloc((list->n + 1) * sizeof(*due));

	*n = 0;
	for (size_t i = 0; i < list->n; i++) {
		enum df_status st = is_due(w, &list->v[i], err);
		if (st == DF_OK) {
			due[(*n)++] = &list->v[i];
		} else if (st != DF_END) {
			free((void *)due);
			return st;
		}
	}
	if (w->known > 0)
		df_log(DF_LOG_DEBUG,
		       "%s: %zu file(s) at the source are known, by name, size and time, and done "
		       "with: `dropfeed resend` "
		       "sends one of them once more",
		       w->feed->name, w->known);
	if (*n > 0)
		qsort((void *)due, *n, sizeof(*due), by_rest);
	*out = due;
	return DF_OK;
}

/* DF_END: no more of them in this run; that is logged. */
static enum df_status pull_next(struct feed_work *w, const struct fetch_entry *e, size_t left,
				struct df_err *err)
{
	struct df_err one = {0};
	if (df_stop_requested)
		return df_fail(DF_RETRY, err, NULL, "stopped by a signal; the next run goes on");
	if (!wait_for_room(w)) {
		df_log(DF_LOG_INFO, "%s: %zu more file(s) wait at the source for the next run",
		       w->feed->name, left);
		run_note(w->run, w->feed, DF_RETRY, NULL);
		return DF_END;
	}

	enum df_status st = pull(w, e, &one);
	if (st == DF_RETRY) { /* one file that changed or broke off does not keep the others back */
		df_err_context(&one, "%s: %s", w->feed->name, e->name);
		df_log_err(DF_LOG_WARN, &one);
		run_note(w->run, w->feed, DF_RETRY, &one);
		note_stuck(w, e);
		return w->source.unreachable ? DF_END : DF_OK;
	}
	if (st != DF_OK && st != DF_END && one.text[0] != '\0')
		*err = one;
	return st == DF_END ? DF_OK : st;
}

static void log_list(const struct feed_work *w, const struct fetch_list *list)
{
	if (list->shortage != NULL)
		df_log(DF_LOG_WARN, "%s: not all of %s is seen: %s", w->feed->name,
		       w->feed->fetch.source.url, list->shortage);
	if (list->waiting > 0)
		df_log(
		    DF_LOG_INFO,
		    "%s: %zu file(s) wait for what has to be beside them (ready_marker, checksum)",
		    w->feed->name, list->waiting);
}

static enum df_status list_and_pull(struct feed_work *w, struct df_err *err)
{
	struct fetch_list list = {0};
	const struct fetch_entry **due = NULL;
	size_t n = 0;
	int64_t started = df_now_ms();
	w->wait_until_ms = 0;
	w->unsettled = w->known = 0;

	enum df_status st = run_source_list(&w->source, &list, err);
	if (st == DF_OK)
		st = log_misnamed(w, &list, err);
	if (st == DF_OK)
		log_list(w, &list);
	if (st == DF_OK)
		st = run_adopt(w, &list, err);
	if (st == DF_OK)
		st = find_due(w, &list, &due, &n, err);
	if (st == DF_OK)
		st = run_adopt_note(w, due, n, err);
	for (size_t i = 0; st == DF_OK && i < n; i++)
		st = pull_next(w, due[i], n - i, err);
	if (st == DF_OK)
		st = ledger_seen_forget(w->run->env.ledger, w->feed->name, started, err);
	free((void *)due);
	fetch_list_free(&list);
	return st == DF_END ? DF_OK : st;
}

void run_feed_skipped(struct feed_work *w, size_t n)
{
	pthread_mutex_lock(&w->run->lock);
	w->run->result->files_skipped += n;
	pthread_mutex_unlock(&w->run->lock);
}

static void log_unsettled(const struct feed_work *w)
{
	if (!w->restless) {
		df_log(DF_LOG_INFO,
		       "%s: %zu file(s) still wait to settle: their size or time changes (min_age)",
		       w->feed->name, w->unsettled);
		return;
	}
	df_log(DF_LOG_WARN,
	       "%s: %s and %zu more do not settle: the time changes with each look, the size does "
	       "not. If the server gives the present time for every file, set min_age = 0s, "
	       "after_done = delete or move, and ready_marker or checksum where uploads have no "
	       "other name until they are complete",
	       w->feed->name, w->waits.name, w->unsettled - 1);
}

/* A file that is new to the ledger has to be seen twice. The second look comes in this run, so
 * that a run by hand takes what lies there, unless it is stopped meanwhile. */
static enum df_status wait_and_look_again(struct feed_work *w, struct df_err *err)
{
	int64_t wait = w->wait_until_ms - df_now_ms() + 50;
	if (w->unsettled == 0)
		return DF_OK;

	if (wait > w->feed->fetch.min_age_ms + 50)
		wait = w->feed->fetch.min_age_ms + 50; /* the clock was set back */
	df_log(DF_LOG_INFO, "%s: waiting %lld s for %zu new file(s) to settle (min_age)",
	       w->feed->name, (long long)(wait > 0 ? (wait + 999) / 1000 : 0), w->unsettled);
	if (wait > KEEP_OPEN_MS)
		run_source_close(&w->source);
	int64_t end = df_monotonic_ms() + wait;
	while (df_monotonic_ms() < end && !df_stop_requested) {
		nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
		after_closed(w);
	}

	enum df_status st = DF_OK;
	if (!df_stop_requested) /* else the next run's listing will be the second one */
		st = list_and_pull(w, err);
	if (st == DF_OK && w->unsettled > 0 && !df_stop_requested)
		log_unsettled(w);
	run_feed_skipped(w, w->unsettled);
	return st;
}

/* ---- what earlier runs left ---- */

struct left_file {
	int64_t id;
	bool closed;
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

/* The source was looked through and has them nowhere: nobody will bring the file to its end.
 * `retry` goes on with it if they turn up after all. */
static enum df_status close_lost(struct feed_work *w, const struct left_file *f, struct df_err *err)
{
	struct lost l = {0};
	struct ledger *ledger = w->run->env.ledger;
	enum df_status st = ledger_documents(ledger, f->id, add_lost, &l, err);
	char *text = l.documents == 0 ? df_strdup("its bytes are gone from the spool and from the "
						  "source; none of its rows was delivered")
				      : df_format("its bytes are gone from the spool and from the "
						  "source; %llu rows were not delivered",
						  (unsigned long long)l.rows);
	const struct ledger_outcome lost = {
	    .state = LEDGER_REFUSED, .code = "lost-bytes", .text = text, .now_ms = df_now_ms()};

	if (st == DF_OK)
		st = ledger_file_lost(ledger, f->id, &lost, err);
	if (st == DF_OK) {
		df_log(DF_LOG_ERROR,
		       "%s: %s: closed as refused: %s [lost-bytes]: when they turn up, name the "
		       "folder that they are in "
		       "with `dropfeed retry --from DIR`",
		       w->feed->name, f->entry.name, text);
		pthread_mutex_lock(&w->run->lock);
		w->run->result->files_refused++;
		pthread_mutex_unlock(&w->run->lock);
	}
	free(text);
	return st;
}

/* ---- on their way again ---- */

static enum df_status resume_one(struct feed_work *w, const struct left_file *f, struct df_err *err)
{
	char *spool = df_strdup(f->spool);
	enum df_status st = run_feed_spooled(w, spool, f->sha256, err);
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
	return by_rest(&x, &y);
}

/* Files that an earlier run did not finish. */
static enum df_status resume(struct feed_work *w, struct df_err *err)
{
	struct left_over left = {.conf = w->run->conf};
	enum df_status st =
	    ledger_files(w->run->env.ledger, w->feed->name, true, collect, &left, err);
	if (left.n > 0)
		qsort(left.v, left.n, sizeof(*left.v), by_left_rest);
	for (size_t i = 0; st == DF_OK && i < left.n; i++) {
		struct df_err one = {0};
		if (left.v[i].closed)
			continue;
		enum df_status got = resume_one(w, &left.v[i], &one);
		if (got == DF_OK)
			continue;
		df_err_context(&one, "%s: %s", w->feed->name, left.v[i].entry.name);
		df_log_err(DF_LOG_ERROR, &one);
		run_note(w->run, w->feed, got, &one);
		note_stuck(w, &left.v[i].entry);
	}
	left_over_free(&left);
	return st;
}

/* Waits for the workers, then tidies the spool and, on the source, what is done with. */
static enum df_status feed_end(struct feed_work *w, bool sweep, struct df_err *err)
{
	while (run_pool_rest(w->pool, w->feed, &(uint64_t){w->closed}, KEEP_OPEN_MS) > 0) {
		uint64_t before = w->closed;
		after_closed(w);
		if (w->closed == before)
			run_source_close(&w->source);
	}

	enum df_status st = sweep ? run_spool_sweep(w->run, w->feed->name, err) : DF_OK;
	if (w->feed->fetch.source.kind != CONF_SOURCE_NONE && !df_stop_requested &&
	    !w->source.unreachable)
		run_after(w->run, &w->source);
	return st;
}

static enum df_status run_part(struct feed_work *w, void *ctx, struct df_err *err)
{
	(void)ctx;
	enum df_status st = resume(w, err);
	if (st != DF_OK || w->feed->fetch.source.kind == CONF_SOURCE_NONE)
		return st;
	st = list_and_pull(w, err);
	if (st == DF_OK && !df_stop_requested && !w->source.unreachable)
		st = wait_and_look_again(w, err);
	return st;
}

/* ---- all feeds at once ---- */

struct feed_thread {
	struct feed_work work;
	run_feed_part part;
	void *ctx; /* of part */
	pthread_t thread;
	bool running;
};

static void feed_note(struct feed_work *w, enum df_status st, struct df_err *err)
{
	if (st != DF_OK) {
		df_err_context(err, "%s", w->feed->name);
		df_log_err(DF_LOG_ERROR, err);
	}
	run_note(w->run, w->feed, st, err);
}

static void *feed_main(void *arg)
{
	struct feed_thread *t = arg;
	struct feed_work *w = &t->work;
	struct df_err err = {0};
	const struct df_log_place at = {.feed = w->feed->name};
	const struct df_log_place before = df_log_at(&at);

	enum df_status st = df_mkdirs(w->spool, &err);
	if (st == DF_OK)
		st = t->part(w, t->ctx, &err);
	feed_note(w, st, &err);

	bool sweep = st == DF_OK;
	err = (struct df_err){0};
	st = feed_end(w, sweep, &err);
	feed_note(w, st, &err);
	run_source_close(&w->source);
	(void)df_log_at(&before);
	return NULL;
}

void run_feed_each(struct run *run, const struct conf_feed *const *feeds, size_t n,
		   run_feed_part part, void *ctx)
{
	struct feed_thread *threads = df_alloc(n * sizeof(*threads));
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, FEED_STACK);
	for (size_t i = 0; i < n; i++) {
		struct feed_thread *t = &threads[i];
		t->work = (struct feed_work){.run = run, .pool = run->pool, .feed = feeds[i]};
		t->work.source = (struct run_source){.feed = feeds[i], .gate = run->gate};
		t->work.spool = df_format("%s/spool/%s", run->conf->state_dir, feeds[i]->name);
		t->part = part;
		t->ctx = ctx;
		t->running = pthread_create(&t->thread, &attr, feed_main, t) == 0;
		if (!t->running) /* no room for a thread: one after the other, then */
			feed_main(t);
	}
	pthread_attr_destroy(&attr);

	for (size_t i = 0; i < n; i++) {
		if (threads[i].running)
			pthread_join(threads[i].thread, NULL);
		free(threads[i].work.spool);
		free(threads[i].work.stuck.name);
		free(threads[i].work.waits.name);
	}
	free(threads);
}

bool run_feed_chosen(const struct conf_feed *feed, const char *const *names, size_t n)
{
	bool chosen = n == 0;
	for (size_t i = 0; i < n; i++)
		chosen = chosen || strcmp(names[i], feed->name) == 0;
	return chosen;
}

/* Unfinished, and no feed of the configuration will go on with it. */
static enum df_status log_orphan(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	const struct conf *conf = ctx;
	(void)err;
	if (f->closed_ms == 0 && conf_feed_find(conf, f->feed) == NULL)
		df_log(DF_LOG_WARN,
		       "%s: %s: not finished, and the configuration has no such feed any more: put "
		       "the feed back to go on",
		       f->feed, f->name);
	return DF_OK;
}

static void run_deliver(const struct conf *conf, const struct run_options *options,
			struct run_result *result)
{
	struct run_session session;
	struct df_err err = {0};
	int64_t started = df_monotonic_ms();
	enum df_status st = run_session_open(&session, conf, result, &err);
	if (st != DF_OK) {
		run_session_failed(result, st, &err);
		return;
	}
	run_ping_start(conf, result);
	st = ledger_files(session.run.env.ledger, NULL, true, log_orphan, (void *)(uintptr_t)conf,
			  &err);
	if (st != DF_OK)
		df_log_err(DF_LOG_ERROR, &err);
	run_note_status(result, st);
	const struct conf_feed **feeds = df_alloc((conf->n_feeds + 1) * sizeof(*feeds));
	size_t n = 0;
	for (size_t i = 0; i < conf->n_feeds; i++) {
		if (run_feed_chosen(&conf->feeds[i], options->feeds, options->n_feeds))
			feeds[n++] = &conf->feeds[i];
	}
	struct run_pool *pool = run_pool_new(&session.run, conf->jobs);
	run_feed_each(&session.run, feeds, n, run_part, NULL);
	run_pool_free(pool);
	if (df_stop_requested)
		run_note_status(result, DF_RETRY);
	run_watch(&session.run, feeds, n);
	run_remember(&session.run, started);
	run_session_close(&session);
	free((void *)feeds);
}

void run_feeds(const struct conf *conf, const struct run_options *options,
	       struct run_result *result)
{
	if (!options->dry_run) {
		run_deliver(conf, options, result);
		return;
	}
	for (size_t i = 0; i < conf->n_feeds; i++) {
		if (run_feed_chosen(&conf->feeds[i], options->feeds, options->n_feeds) &&
		    conf->feeds[i].fetch.source.kind != CONF_SOURCE_NONE)
			run_feed_forecast(conf, &conf->feeds[i], result);
	}
}
