/* SPDX-License-Identifier: MIT */
/* A run: every feed has its part, all at the same time. */
#include "run_feed.h"
#include "run_fleet.h"
#include "run_session.h"

#include "dropfeed/shell.h"
#include "dropfeed/step.h"

#include <stdlib.h>

#define FEED_STACK    (1 << 20)
#define FLEET_LOOK_MS 1000  /* for files that another host no longer has */
#define AGAIN_MS      60000 /* until a source is looked at again */
#define AGAIN_STEP_MS 100   /* a stop, or the last one's end, is not waited for */

/* Waits for the workers, then tidies the spool and, on the source, what is done with. */
static enum df_status feed_end(struct feed_work *w, bool sweep, struct df_err *err)
{
	bool shared = ledger_shared(w->run->env.ledger);
	enum run_took took = w->later ? RUN_TOOK_LATER : RUN_TOOK_NONE;
	int64_t ms = shared ? FLEET_LOOK_MS : RUN_KEEP_OPEN_MS, busy = df_monotonic_ms();
	while (run_pool_rest(w->pool, w->feed, &(uint64_t){w->closed}, ms) > 0 ||
	       took != RUN_TOOK_NONE) {
		uint64_t before = w->closed;
		run_feed_closed(w);
		if (w->closed != before || took == RUN_TOOK_SOME)
			busy = df_monotonic_ms();
		else if (df_monotonic_ms() - busy >= RUN_KEEP_OPEN_MS)
			run_source_close(&w->source);
		took = shared && !df_stop_requested ? run_fleet_take(w) : RUN_TOOK_NONE;
	}

	enum df_status st = run_spent_end(w->run, err);
	if (st == DF_OK && sweep)
		st = run_spool_sweep(w->run, w->feed->name, err);
	if (w->feed->fetch.source.kind != CONF_SOURCE_NONE && !df_stop_requested &&
	    !w->source.unreachable)
		run_after(w->run, &w->source);
	return st;
}

static enum df_status look(struct feed_work *w, struct df_err *err)
{
	enum df_status st = run_pull_listed(w, err);
	if (st != DF_OK || df_stop_requested || w->source.unreachable)
		return st;
	return run_pull_settled(w, err);
}

static enum df_status first_part(struct feed_work *w, void *ctx, struct df_err *err)
{
	(void)ctx;
	if (ledger_shared(w->run->env.ledger))
		return run_fleet_part(w, err);
	enum df_status st = run_left_resume(w, err);
	if (st != DF_OK || w->feed->fetch.source.kind == CONF_SOURCE_NONE)
		return st;
	return look(w, err);
}

static enum df_status next_part(struct feed_work *w, void *ctx, struct df_err *err)
{
	(void)ctx;
	return ledger_shared(w->run->env.ledger) ? run_fleet_part(w, err) : look(w, err);
}

/* ---- all feeds at once ---- */

struct feed_thread {
	struct feed_work work;
	const struct run_parts *parts;
	pthread_t thread;
	bool alone; /* no thread could be made */
};

static void feed_note(struct feed_work *w, enum df_status st, struct df_err *err)
{
	/* of a source that was looked at already the next run sees what is new */
	bool matters = st != DF_OK && !(w->again && st == DF_RETRY);
	if (st != DF_OK) {
		df_err_context(err, "%s", w->feed->name);
		df_log_err(matters ? DF_LOG_ERROR : DF_LOG_INFO, err);
	}
	if (matters || st == DF_OK)
		run_note(w->run, w->feed, st, err);
}

static enum df_status feed_part(struct feed_thread *t, run_feed_part part)
{
	struct feed_work *w = &t->work;
	struct df_err err = {0};
	enum df_status st = df_mkdirs(w->spool, &err);
	if (st == DF_OK)
		st = part(w, t->parts->ctx, &err);
	feed_note(w, st, &err);

	err = (struct df_err){0};
	enum df_status end = feed_end(w, st == DF_OK, &err);
	feed_note(w, end, &err);
	run_source_close(&w->source);
	return st == DF_OK ? end : st;
}

/* False: there is nothing to look again for. A file that this run gave up is tried once more before
 * later ones are sent: the next run begins with it. */
static bool waits_to_look(const struct feed_work *w)
{
	int64_t end = df_monotonic_ms() + df_faults_ms("DROPFEED_AGAIN_MS", AGAIN_MS);
	bool others = true;
	if (w->feed->fetch.source.kind == CONF_SOURCE_NONE || w->source.unreachable)
		return false;
	while ((others = atomic_load(&w->run->first_parts) > 0) && !df_stop_requested &&
	       df_monotonic_ms() < end)
		df_sleep_ms(AGAIN_STEP_MS);
	return others && run_pool_takes(w->pool, w->feed) && !run_pool_left(w->pool, w->feed);
}

static void *feed_main(void *arg)
{
	struct feed_thread *t = arg;
	struct feed_work *w = &t->work;
	const struct df_log_place at = {.feed = w->feed->name};
	const struct df_log_place before = df_log_at(&at);

	enum df_status st = feed_part(t, t->parts->first);
	atomic_fetch_sub(&w->run->first_parts, 1);
	w->again = true;
	/* what is new does not wait for the end of another feed's files */
	while (!t->alone && t->parts->again != NULL && st == DF_OK && waits_to_look(w))
		st = feed_part(t, t->parts->again);
	(void)df_log_at(&before);
	return NULL;
}

void run_feed_each(struct run *run, const struct conf_feed *const *feeds, size_t n,
		   const struct run_parts *parts)
{
	struct feed_thread *threads = df_alloc(n * sizeof(*threads));
	pthread_attr_t attr;

	atomic_store(&run->first_parts, n);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, FEED_STACK);
	for (size_t i = 0; i < n; i++) {
		struct feed_thread *t = &threads[i];
		t->work = (struct feed_work){
		    .run = run, .pool = run->pool, .feed = feeds[i], .began_ms = df_now_ms()};
		t->work.source = (struct run_source){.feed = feeds[i], .gate = run->gate};
		t->work.spool = df_format("%s/spool/%s", run->conf->state_dir, feeds[i]->name);
		t->parts = parts;
		if (pthread_create(&t->thread, &attr, feed_main, t) == 0)
			continue;
		t->alone = true; /* no room for a thread: one after the other, then */
		feed_main(t);
	}
	pthread_attr_destroy(&attr);

	for (size_t i = 0; i < n; i++) {
		if (!threads[i].alone)
			pthread_join(threads[i].thread, NULL);
		free(threads[i].work.spool);
		free(threads[i].work.stuck.name);
		free(threads[i].work.waits.name);
	}
	free(threads);
}

struct orphans {
	const struct conf *conf;
	bool alike; /* no host with another configuration, which may have their feed */
};

/* Unfinished, and no feed of the configuration will go on with it. */
static enum df_status log_orphan(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	const struct orphans *o = ctx;
	(void)err;
	if (f->closed_ms != 0 || conf_feed_find(o->conf, f->feed) != NULL)
		return DF_OK;
	if (!o->alike)
		df_log(DF_LOG_INFO,
		       "%s: %s: not finished, and this host's configuration has no such feed: a "
		       "host with another configuration may go on with it",
		       f->feed, f->name);
	else
		df_log(DF_LOG_WARN,
		       "%s: %s: not finished, and the configuration has no such feed any more: put "
		       "the feed back to go on, or close it with `dropfeed abandon --feed %s %s`",
		       f->feed, f->name, f->feed, df_shell_word(f->name).text);
	return DF_OK;
}

/* What it would send is said instead. */
static void forecast_held(const struct conf *conf, const struct conf_feed *feed,
			  struct run_result *result)
{
	struct run_result found = {0};
	if (feed->fetch.source.kind != CONF_SOURCE_NONE)
		run_feed_forecast(conf, feed, &found);
	/* a warning where somebody has to do something */
	df_log(found.batches > 0 ? DF_LOG_WARN : DF_LOG_INFO,
	       "%s: nothing was sent: " CONF_HELD "; with it, %llu requests would be made for %llu "
	       "rows of %llu files",
	       feed->name, (unsigned long long)found.batches,
	       (unsigned long long)(found.rows - found.rejected),
	       (unsigned long long)found.files_done);
	result->files_refused += found.files_refused;
	result->unfinished |= found.unfinished;
	result->denied |= found.denied;
	result->broken |= found.broken;
	result->misused |= found.misused;
}

static enum df_status log_orphans(const struct conf *conf, struct ledger *ledger,
				  struct df_err *err)
{
	struct orphans o = {.conf = conf};
	enum df_status st = run_fleet_alike(ledger, &o.alike, err);
	return st == DF_OK ? ledger_files(ledger, NULL, true, log_orphan, &o, err) : st;
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
	st = log_orphans(conf, session.run.env.ledger, &err);
	if (st != DF_OK)
		df_log_err(DF_LOG_ERROR, &err);
	run_note_status(result, st);
	const struct conf_feed **feeds = df_alloc((conf->n_feeds + 1) * sizeof(*feeds));
	size_t n = 0;
	for (size_t i = 0; i < conf->n_feeds; i++) {
		const struct conf_feed *feed = &conf->feeds[i];
		if (!setup_feed_chosen(feed, options->feeds, options->n_feeds))
			continue;
		if (conf_feed_held(feed)) {
			forecast_held(conf, feed, result);
			continue;
		}
		run_warn_renamed(session.run.env.ledger, conf, feed);
		feeds[n++] = feed;
	}
	struct run_pool *pool = run_pool_new(&session.run, conf->jobs);
	run_feed_each(&session.run, feeds, n,
		      &(struct run_parts){.first = first_part, .again = next_part});
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
		if (setup_feed_chosen(&conf->feeds[i], options->feeds, options->n_feeds) &&
		    conf->feeds[i].fetch.source.kind != CONF_SOURCE_NONE)
			run_feed_forecast(conf, &conf->feeds[i], result);
	}
}
