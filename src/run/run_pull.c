/* SPDX-License-Identifier: MIT */
/* What is in a feed's source, and has settled, is pulled. */
#include "run_adopt.h"
#include "run_arrive.h"
#include "run_fleet.h"
#include "run_session.h"

#include <stdlib.h>
#include <unistd.h>

enum {
	LOOKED_UP = 256,      /* files at a time, in the ledger */
	SETTLE_STEP_MS = 100, /* between two looks whether to stop */
};

struct due {                          /* files that are to be pulled */
	const struct fetch_entry **v; /* own */
	size_t n;
};

enum df_status run_pull(struct feed_work *w, const struct fetch_entry *e, int64_t listed,
			struct df_err *err)
{
	char event_type[RUN_EVENT_TYPE_SIZE];
	struct run_arrival a;
	enum df_status st = run_arrive(w, e, &a, err);
	if (st != DF_OK)
		return st;
	const struct feed_file file = {.entry = e, .sha256 = a.sha256, .id = listed};
	const struct ledger_new_file new = run_arrival_file(w, &a, event_type);
	st = run_spool_sync(w->spool, err);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_file_pulled(w->run->env.ledger, listed, &new, err);
	if (st != DF_OK)
		goto cleanup;
	(void)run_feed_hand_over(w, &file, a.spool);
	a.spool = NULL;
cleanup:
	run_arrival_free(&a);
	return st;
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

/* Is it time to pull a file that the ledger does not know? DF_END: not now. */
static enum df_status is_due(struct feed_work *w, const struct fetch_entry *e, struct df_err *err)
{
	const struct ledger_key key = run_feed_key(w->feed, e);
	int64_t first_ms = 0, now = df_now_ms(), age = w->feed->fetch.min_age_ms;
	enum df_status st = ledger_seen(w->run->env.ledger, &key, now, &first_ms, err);
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
	for (size_t i = 0; i < list->n_misnamed; i++) {
		const struct fetch_entry *e = &list->misnamed[i];
		const struct ledger_key key = run_feed_key(w->feed, e);
		int64_t first_ms = 0, now = df_now_ms();
		st = ledger_seen(w->run->env.ledger, &key, now, &first_ms, err);
		if (st != DF_OK)
			return st;
		if (first_ms == now)
			run_source_log_misnamed(&w->source, e);
	}
	return DF_OK;
}

static enum df_status look_at_known(struct feed_work *w, const struct fetch_entry *e,
				    enum ledger_state state, struct df_err *err)
{
	if (!ledger_closes(state))
		return DF_OK;
	enum df_status st = run_put_back_look(w, e, state, err);
	return st == DF_OK ? run_elsewhere_look(w, e, state, err) : st;
}

/* Of some entries, those that are to be pulled: they are put after those in `due`. */
static enum df_status add_due(struct feed_work *w, const struct fetch_entry *entries, size_t n,
			      struct due *due, struct df_err *err)
{
	struct ledger *l = w->run->env.ledger;
	struct ledger_key keys[LOOKED_UP] = {{0}};
	enum ledger_state known[LOOKED_UP] = {0};
	for (size_t i = 0; i < n; i++)
		keys[i] = run_feed_key(w->feed, &entries[i]);
	enum df_status st = ledger_files_known(l, keys, n, known, err);
	if (st != DF_OK)
		return st;
	st = ledger_enter(l, false, err);
	if (st != DF_OK)
		return st;

	for (size_t i = 0; i < n && st == DF_OK; i++) {
		if (known[i] != 0) { /* closed, or open and taken up from the spool: see resume */
			w->known += ledger_closes(known[i]);
			st = look_at_known(w, &entries[i], known[i], err);
			continue;
		}
		st = is_due(w, &entries[i], err);
		if (st == DF_END) {
			st = DF_OK;
			continue;
		}
		if (st != DF_OK)
			break;
		due->v[due->n++] = &entries[i];
	}
	return ledger_leave(l, st, err);
}

/* The files of the listing that are to be pulled, in the order in which they came to rest; the
 * list is the caller's. */
static enum df_status find_due(struct feed_work *w, const struct fetch_list *list,
			       const struct fetch_entry ***out, size_t *n, struct df_err *err)
{
	struct due due = {.v = df_alloc((list->n + 1) * sizeof(*due.v))};
	enum df_status st = run_elsewhere_begin(w, err);

	*n = 0;
	for (size_t i = 0; i < list->n && st == DF_OK; i += LOOKED_UP) {
		size_t some = list->n - i < LOOKED_UP ? list->n - i : LOOKED_UP;
		st = add_due(w, &list->v[i], some, &due, err);
	}
	run_put_back_log(w);
	st = run_elsewhere_end(w, st, err);
	if (st != DF_OK) {
		free((void *)due.v);
		return st;
	}
	if (w->known > 0)
		df_log(DF_LOG_DEBUG,
		       "%s: %zu file%s at the source: known by name, size and time, and done with; "
		       "`dropfeed resend` sends such a file once more",
		       w->feed->name, w->known, df_plural(w->known));
	if (due.n > 0)
		qsort((void *)due.v, due.n, sizeof(*due.v), run_feed_by_rest);
	*out = due.v;
	*n = due.n;
	return DF_OK;
}

/* DF_END: no more of them in this run; that is logged. */
static enum df_status pull_next(struct feed_work *w, const struct fetch_entry *e, size_t left,
				struct df_err *err)
{
	struct df_err one = {0};
	if (df_stop_requested)
		return df_fail(DF_RETRY, err, NULL, "stopped by a signal; the next run goes on");
	if (!run_feed_room(w)) {
		df_log(DF_LOG_INFO, "%s: %zu more file%s wait%s at the source for the next run",
		       w->feed->name, left, df_plural(left), df_singular(left));
		run_note(w->run, w->feed, DF_RETRY, NULL);
		return DF_END;
	}

	struct run_arrival a;
	enum df_status st = run_arrive(w, e, &a, &one);
	if (st == DF_OK)
		return run_arrivals_add(w, &a, err);
	if (st == DF_RETRY) { /* one file that changed or broke off does not keep the others back */
		df_err_context(&one, "%s: %s", w->feed->name, e->name);
		df_log_err(DF_LOG_WARN, &one);
		run_note(w->run, w->feed, DF_RETRY, &one);
		run_feed_stuck(w, e);
		return w->source.unreachable ? DF_END : DF_OK;
	}
	if (st != DF_OK && st != DF_END && one.text[0] != '\0')
		*err = one;
	return st == DF_END ? DF_OK : st;
}

static enum df_status pull_due(struct feed_work *w, const struct fetch_entry *const *due, size_t n,
			       struct df_err *err)
{
	enum df_status st = run_adopt_note(w, due, n, err);
	for (size_t i = 0; st == DF_OK && i < n; i++)
		st = pull_next(w, due[i], n - i, err);
	/* whatever ended it, what has come is entered */
	struct df_err late = {0};
	enum df_status entered = run_arrivals_enter(w, &late);
	if (entered == DF_OK || st != DF_OK)
		return st;
	*err = late;
	return entered;
}

/* In a fleet: whoever claims them pulls them. */
static enum df_status enter_listed(struct feed_work *w, const struct fetch_entry *const *due,
				   size_t n, struct df_err *err)
{
	enum df_status st = DF_OK;
	for (size_t i = 0; st == DF_OK && i < n; i++) {
		char event_type[RUN_EVENT_TYPE_SIZE];
		run_event_type(w->feed, due[i]->name, event_type);
		const struct ledger_new_file new = {.key = run_feed_key(w->feed, due[i]),
						    .event_type = event_type,
						    .now_ms = df_now_ms()};
		st = ledger_file_list(w->run->env.ledger, &new, err);
	}
	return st;
}

static void log_list(const struct feed_work *w, const struct fetch_list *list)
{
	if (list->shortage != NULL)
		df_log(DF_LOG_WARN, "%s: not all of %s is seen: %s", w->feed->name,
		       w->feed->fetch.source.url, list->shortage);
	if (list->waiting > 0 && !w->again)
		df_log(
		    DF_LOG_INFO,
		    "%s: %zu file%s wait%s for what has to be beside it (ready_marker, checksum), "
		    "such as %s",
		    w->feed->name, list->waiting, df_plural(list->waiting),
		    df_singular(list->waiting), list->missing);
}

static enum df_status pull_list(struct feed_work *w, const struct fetch_list *list,
				struct df_err *err)
{
	const struct fetch_entry **due = NULL;
	size_t n = 0;
	enum df_status st = log_misnamed(w, list, err);
	if (st != DF_OK)
		return st;
	log_list(w, list);
	st = run_adopt(w, list, err);
	if (st != DF_OK)
		return st;
	st = find_due(w, list, &due, &n, err);
	if (st != DF_OK)
		return st;
	st = ledger_shared(w->run->env.ledger) ? enter_listed(w, due, n, err)
					       : pull_due(w, due, n, err);
	free((void *)due);
	return st;
}

/* What waited when the source was looked at before is looked at once more. */
static void count_anew(struct feed_work *w)
{
	pthread_mutex_lock(&w->run->lock);
	w->run->result->files_skipped -= w->waited;
	w->waited = 0;
	pthread_mutex_unlock(&w->run->lock);
}

enum df_status run_pull_listed(struct feed_work *w, struct df_err *err)
{
	struct fetch_list list = {0};
	int64_t started = df_now_ms();
	w->wait_until_ms = 0;
	w->unsettled = w->known = 0;
	count_anew(w);
	enum df_status st = run_source_list(&w->source, &list, err);
	if (st != DF_OK)
		goto cleanup;
	run_note_looked(w->run, w->feed, started);
	if (list.left_out > 0)
		df_log(DF_LOG_DEBUG, "%s: %s at the source left out by include or exclude",
		       w->feed->name, df_count(list.left_out, "file").text);
	st = pull_list(w, &list, err);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_seen_forget(w->run->env.ledger, w->feed->name, started, err);
cleanup:
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
		       "%s: %zu file%s still wait%s to settle: size or time changes (min_age)",
		       w->feed->name, w->unsettled, df_plural(w->unsettled),
		       df_singular(w->unsettled));
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
enum df_status run_pull_settled(struct feed_work *w, struct df_err *err)
{
	int64_t wait = w->wait_until_ms - df_now_ms() + 50;
	if (w->unsettled == 0)
		return DF_OK;

	if (wait > w->feed->fetch.min_age_ms + 50)
		wait = w->feed->fetch.min_age_ms + 50; /* the clock was set back */
	df_log(DF_LOG_INFO, "%s: waiting %lld s for %zu new file%s to settle (min_age)",
	       w->feed->name, (long long)(wait > 0 ? (wait + 999) / 1000 : 0), w->unsettled,
	       df_plural(w->unsettled));
	if (wait > RUN_KEEP_OPEN_MS)
		run_source_close(&w->source);
	int64_t end = df_monotonic_ms() + wait;
	while (df_monotonic_ms() < end && !df_stop_requested) {
		df_sleep_ms(SETTLE_STEP_MS);
		run_feed_closed(w);
	}

	enum df_status st = DF_OK;
	if (!df_stop_requested) /* else the next run's listing will be the second one */
		st = run_pull_listed(w, err);
	if (st == DF_OK && w->unsettled > 0 && !df_stop_requested && !w->again)
		log_unsettled(w);
	run_feed_skipped(w, w->unsettled);
	w->waited = w->unsettled;
	return st;
}
