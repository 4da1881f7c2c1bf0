/* SPDX-License-Identifier: MIT */
#include "run_arrive.h"

#include "run_session.h"

#include <stdlib.h>

enum {
	TOGETHER = 16,
	WAIT_MS = 50, /* none of them waits longer than that for the next one to be begun */
};

struct run_arrivals {
	struct run_arrival v[TOGETHER];
	size_t n;
	int64_t first_ms; /* when the first one came; monotonic */
};

/* ---- one ---- */

void run_arrival_free(struct run_arrival *a)
{
	free(a->arrival);
	free(a->spool);
	*a = (struct run_arrival){0};
}

static enum df_status arrive_bytes(struct feed_work *w, struct run_arrival *a, struct df_err *err)
{
	const struct fetch_entry *e = a->entry;
	struct progress_item item = {.what = PROGRESS_PULLED, .feed = w->feed, .file = e->name};
	progress_item_begin(w->run->progress, &item);
	enum df_status st = run_source_get(&w->source, e, a->spool, a->sha256, err);
	progress_item_end(w->run->progress, &item);
	if (st == DF_END)
		df_log(DF_LOG_INFO,
		       "%s: %s: went away before it was read: the next listing decides",
		       w->feed->name, e->name);
	return st;
}

/* A server may set a file's time when it is read: the ledger knows it by the time under which it
 * is listed from now on. */
static void arrive_fate(const struct feed_work *w, struct run_arrival *a)
{
	const struct fetch_fate *fate = fetch_fate(w->source.fetch);
	a->mtime = fate->mtime;
	a->gone = fate->gone;
	if (fate->gone)
		df_log(DF_LOG_INFO,
		       "%s: %s: the server removed it once it was read; all of it is here",
		       w->feed->name, a->entry->name);
}

enum df_status run_arrive(struct feed_work *w, const struct fetch_entry *e, struct run_arrival *out,
			  struct df_err *err)
{
	const struct ledger_key key = run_feed_key(w->feed, e);
	*out = (struct run_arrival){.entry = e, .mtime = e->mtime, .now_ms = df_now_ms()};
	out->arrival = run_spool_arrival(w->run->conf, &key);
	out->spool = df_strdup(out->arrival);
	enum df_status st = arrive_bytes(w, out, err);
	if (st != DF_OK)
		goto cleanup;
	arrive_fate(w, out);
	st = run_spool_place(out->arrival, out->sha256, &out->spool, err);
cleanup:
	if (st != DF_OK)
		run_arrival_free(out);
	return st;
}

struct ledger_new_file run_arrival_file(const struct feed_work *w, const struct run_arrival *a,
					char event_type[RUN_EVENT_TYPE_SIZE])
{
	run_event_type(w->feed, a->entry->name, event_type);
	struct ledger_new_file file = {.key = run_feed_key(w->feed, a->entry),
				       .sha256 = a->sha256,
				       .event_type = event_type,
				       .place = a->spool,
				       .arrival = a->arrival,
				       .only_here = a->gone,
				       .now_ms = a->now_ms};
	file.key.mtime = a->mtime;
	return file;
}

/* ---- several ---- */

static enum df_status enter_each(struct feed_work *w, const struct run_arrivals *all,
				 int64_t ids[TOGETHER], struct df_err *err)
{
	enum df_status st = DF_OK;
	for (size_t i = 0; st == DF_OK && i < all->n; i++) {
		char event_type[RUN_EVENT_TYPE_SIZE];
		const struct ledger_new_file file = run_arrival_file(w, &all->v[i], event_type);
		st = ledger_file_add(w->run->env.ledger, &file, &ids[i], err);
	}
	return st;
}

static enum df_status enter_all(struct feed_work *w, const struct run_arrivals *all,
				int64_t ids[TOGETHER], struct df_err *err)
{
	struct ledger *l = w->run->env.ledger;
	enum df_status st = run_spool_sync(w->spool, err);
	if (st != DF_OK)
		return st;
	st = ledger_enter(l, false, err);
	return st == DF_OK ? ledger_leave(l, enter_each(w, all, ids, err), err) : st;
}

enum df_status run_arrivals_enter(struct feed_work *w, struct df_err *err)
{
	struct run_arrivals *all = w->arrivals;
	int64_t ids[TOGETHER] = {0};
	if (all == NULL)
		return DF_OK;

	w->arrivals = NULL;
	enum df_status st = enter_all(w, all, ids, err);
	for (size_t i = 0; i < all->n; i++) {
		struct run_arrival *a = &all->v[i];
		const struct feed_file file = {.entry = a->entry,
					       .sha256 = a->sha256,
					       .id = ids[i],
					       .fresh = !ledger_shared(w->run->env.ledger)};
		if (st == DF_OK) {
			(void)run_feed_hand_over(w, &file, a->spool);
			a->spool = NULL;
		}
		run_arrival_free(a);
	}
	free(all);
	return st;
}

enum df_status run_arrivals_add(struct feed_work *w, struct run_arrival *a, struct df_err *err)
{
	bool small = a->entry->size <= RUN_SMALL;
	if (w->arrivals == NULL) {
		w->arrivals = df_alloc(sizeof(*w->arrivals));
		w->arrivals->first_ms = df_monotonic_ms();
	}
	struct run_arrivals *all = w->arrivals;
	all->v[all->n++] = *a;
	/* where hosts share the files, those that wait here are to be counted at once */
	bool alone = !ledger_shared(w->run->env.ledger);
	if (alone && small && all->n < TOGETHER && df_monotonic_ms() - all->first_ms < WAIT_MS)
		return DF_OK;
	return run_arrivals_enter(w, err);
}
