/* SPDX-License-Identifier: MIT */
/* A feed's files are handed to the workers, in the order in which they came to rest. */
#include "run_feed.h"

#include <stdlib.h>

#define ROOM_MS 2000

/* On the source, what is to be done with the files that were closed since it was looked last. */
void run_feed_closed(struct feed_work *w)
{
	uint64_t before = w->closed;
	bool due = run_after_is_due(w->feed, false) || run_after_is_due(w->feed, true);

	(void)run_pool_rest(w->pool, w->feed, &w->closed, 0);
	if (due && w->closed != before && w->feed->fetch.source.kind != CONF_SOURCE_NONE &&
	    !w->source.unreachable)
		run_after(w->run, &w->source);
}

/* A server's connections are few: none is kept while there is nothing to do with it. */
bool run_feed_room(struct feed_work *w)
{
	while (!w->has_room && run_pool_takes(w->pool, w->feed)) {
		if (run_pool_room(w->pool, w->feed, ROOM_MS))
			return run_pool_takes(w->pool, w->feed);
		run_source_close(&w->source);
		run_feed_closed(w);
	}
	return w->has_room && run_pool_takes(w->pool, w->feed);
}

int run_feed_by_rest(const void *a, const void *b)
{
	const struct fetch_entry *x = *(const struct fetch_entry *const *)a;
	const struct fetch_entry *y = *(const struct fetch_entry *const *)b;
	if (x->mtime != y->mtime)
		return x->mtime < y->mtime ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* The file's bytes are unavailable for now. */
void run_feed_stuck(struct feed_work *w, const struct fetch_entry *e)
{
	const struct fetch_entry *stuck = &w->stuck;
	if (w->overtaken || (w->stuck.name != NULL && run_feed_by_rest(&stuck, &e) <= 0))
		return;
	free(w->stuck.name);
	w->stuck = (struct fetch_entry){.name = df_strdup(e->name), .mtime = e->mtime};
}

/* This one came later than a file that was unavailable. */
static void warn_overtaken(struct feed_work *w, const struct fetch_entry *e)
{
	const struct fetch_entry *stuck = &w->stuck;
	if (w->stuck.name == NULL || w->overtaken || w->feed->fetch.order_none ||
	    run_feed_by_rest(&stuck, &e) >= 0)
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
	if (!run_feed_room(w)) {
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
	f->size = file->entry->size;
	f->mtime = file->entry->mtime;
	f->spool = spool;
	f->fd = -1;
	memcpy(f->sha256, file->sha256, DF_SHA256_HEX);
	f->ledger_id = file->id;
	f->idle = file->idle;
	f->fresh = file->fresh;
	run_pool_put(w->pool, f);
	run_feed_closed(w);
	return true;
}
