/* SPDX-License-Identifier: MIT */
/* run_feed.h - one feed's part of a run: what `run` and `retry` share */
#ifndef DROPFEED_RUN_FEED_H
#define DROPFEED_RUN_FEED_H

#include "run_source.h"

struct feed_work {
	struct run *run;
	struct run_pool *pool;
	const struct conf_feed *feed;
	const char *from; /* a local folder that may hold files that were pulled before; or NULL */
	struct run_source source;
	char *spool;           /* own: <state_dir>/spool/<feed> */
	int64_t wait_until_ms; /* when the files that have not settled yet may have; 0: none waits */
	size_t unsettled;
};

/* Is the feed one of those that were named? Without names, all are. */
bool run_feed_chosen(const struct conf_feed *feed, const char *const *names, size_t n);

/* Whether the spool still holds these bytes; a damaged copy is removed. DF_END: no. */
enum df_status run_feed_spooled(const struct feed_work *w, const char *spool, const char *sha256,
				struct df_err *err) DF_CHECK;

/* Brings the bytes of a file that was pulled before into the spool again: from `from`, from the source, or from where
 * after_done or after_refused moved it to. DF_END: they are nowhere. */
enum df_status run_feed_find(struct feed_work *w, const struct fetch_entry *e, const char *sha256, const char *spool,
			     struct df_err *err) DF_CHECK;

/* Gives a file to the workers, unless the same bytes were delivered before. Takes spool. */
enum df_status run_feed_hand_over(struct feed_work *w, const struct fetch_entry *e, char *spool, const char *sha256,
				  int64_t id, struct df_err *err) DF_CHECK;

/* Waits for the workers, then tidies the spool and, on the source, what is done with. st: what came of the feed so far. */
enum df_status run_feed_end(struct feed_work *w, enum df_status st, struct df_err *err) DF_CHECK;

#endif
