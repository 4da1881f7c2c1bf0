/* SPDX-License-Identifier: MIT */
#include "run_priv.h"

#include <stdio.h>

void run_note_status(struct run_result *r, enum df_status st)
{
	switch (st) {
	case DF_OK:
	case DF_END:
	case DF_REJECT: /* counted as rejected rows and refused files */
		break;
	case DF_RETRY:
		r->unfinished = true;
		break;
	case DF_DENIED:
		r->denied = true;
		break;
	case DF_USAGE:
		r->misused = true;
		break;
	case DF_FATAL:
		r->broken = true;
		break;
	}
}

int run_exit_code(const struct run_result *r)
{
	if (r->busy)
		return 75;
	if (r->broken)
		return 5;
	if (r->misused)
		return 2;
	if (r->denied)
		return 4;
	if (r->unfinished)
		return 3;
	return r->rejected > 0 || r->files_refused > 0 || r->files_gone > 0 || r->missing > 0 ? 1
											      : 0;
}

/* Where the feed's part is kept; NULL: it is not of the configuration. */
static struct run_outcome *outcome_of(const struct run *run, const struct conf_feed *feed)
{
	for (size_t i = 0; i < run->conf->n_feeds; i++)
		if (strcmp(run->conf->feeds[i].name, feed->name) == 0)
			return &run->outcomes[i];
	return NULL;
}

/* Why the feed's part is not finished, without the feed's name, which is shown before it. */
static const char *reason_of(const struct conf_feed *feed, const struct df_err *why)
{
	const size_t len = strlen(feed->name);
	if (why == NULL || why->text[0] == '\0')
		return "files wait for the next run";
	const bool named =
	    strncmp(why->text, feed->name, len) == 0 && strncmp(why->text + len, ": ", 2) == 0;
	return why->text + (named ? len + 2 : 0);
}

void run_note(struct run *run, const struct conf_feed *feed, enum df_status st,
	      const struct df_err *why)
{
	struct run_outcome *o = run->outcomes != NULL ? outcome_of(run, feed) : NULL;
	bool denied = st == DF_DENIED, unfinished = st == DF_RETRY;
	bool stopped = st == DF_USAGE || st == DF_FATAL;
	pthread_mutex_lock(&run->lock);
	run_note_status(run->result, st);
	if (o != NULL && (denied || unfinished || stopped)) {
		bool first = !o->denied && (denied || (!o->unfinished && !o->stopped));
		o->denied |= denied;
		o->unfinished |= unfinished;
		o->stopped |= stopped;
		if (first)
			snprintf(o->text, sizeof(o->text), "%s", reason_of(feed, why));
	}
	pthread_mutex_unlock(&run->lock);
}

void run_note_sink(struct run *run, const struct conf_feed *feed, uint64_t delivered)
{
	struct run_outcome *o = run->outcomes != NULL ? outcome_of(run, feed) : NULL;
	if (o == NULL)
		return;
	pthread_mutex_lock(&run->lock);
	o->delivered += delivered;
	o->by_sink |= delivered == 0;
	pthread_mutex_unlock(&run->lock);
}

void run_note_looked(struct run *run, const struct conf_feed *feed, int64_t began_ms)
{
	struct run_outcome *o = run->outcomes != NULL ? outcome_of(run, feed) : NULL;
	if (o == NULL)
		return;
	pthread_mutex_lock(&run->lock);
	o->looked_ms = began_ms;
	pthread_mutex_unlock(&run->lock);
}
