/* SPDX-License-Identifier: MIT */
/* run_feed.h - one feed's part of a run: what `run` and `retry` share */
#ifndef DROPFEED_RUN_FEED_H
#define DROPFEED_RUN_FEED_H

#include "run_source.h"

struct run_put_back { /* of one listing */
	char *name;   /* own; the first file that is reported */
	bool refused; /* it was */
	size_t n, looked;
};

struct run_elsewhere { /* of one listing */
	bool looks;    /* the place that the feed delivers to may not be the last listing's */
	int64_t place; /* that of today, as a number */
	char *name;    /* own; the first file that is reported */
	enum run_place first;
	size_t n, looked;
};

struct feed_work {
	struct run *run;
	struct run_pool *pool;
	const struct conf_feed *feed;
	const char *from; /* a local folder that may hold files that were pulled before; or NULL */
	struct run_source source;
	char *spool;                   /* own: <state_dir>/spool/<feed> */
	struct run_arrivals *arrivals; /* own: pulled, and not entered yet; or NULL */
	/* when the files that have not settled yet may have; 0: none waits */
	int64_t wait_until_ms;
	size_t unsettled, known; /* known: closed by an earlier run, and still at the source */
	uint64_t closed;         /* files of the feed that are closed, as far as was looked */
	/* name is own: the first file whose bytes were unavailable; NULL: none */
	struct fetch_entry stuck;
	bool overtaken; /* stuck was; that is logged */
	bool has_room;  /* for the current file, which is claimed */
	bool later;     /* there are files that may be claimed, and there was no room so far */
	/* name is own: the first file that had yet to settle; restless: later its size was the
	 * same, and its time was not */
	struct fetch_entry waits;
	bool restless;
	bool again;       /* the source was looked at before in this run */
	size_t waited;    /* files of that look that had not settled, and count as skipped */
	int64_t began_ms; /* wall clock */
	struct run_put_back put_back;
	struct run_elsewhere elsewhere;
};

/* Counts files that are known already, or not settled yet. */
void run_feed_skipped(struct feed_work *w, size_t n);

/* first: what there is to do before the workers are waited for and the source is tidied; its
 * failure is logged and noted. again: the same, every minute from then on, while the first part of
 * another feed lasts; NULL: nothing. */
typedef enum df_status (*run_feed_part)(struct feed_work *w, void *ctx, struct df_err *err);
struct run_parts {
	run_feed_part first, again;
	void *ctx;
};
/* Does each feed's parts in a thread of its own, and returns when all are through. */
void run_feed_each(struct run *run, const struct conf_feed *const *feeds, size_t n,
		   const struct run_parts *parts);

/* Whether the spool still holds these bytes; a damaged copy is removed. DF_END: no. */
enum df_status run_feed_spooled(const struct feed_work *w, const char *spool, const char *sha256,
				struct df_err *err) DF_CHECK;

/* Brings the bytes of a file that was pulled before into the spool again: from `from`, from the
 * source, or from where after_done or after_refused moved it to. DF_END: they are nowhere. */
enum df_status run_feed_find(struct feed_work *w, const struct fetch_entry *e, const char *sha256,
			     const char *spool, struct df_err *err) DF_CHECK;

struct feed_file { /* one that was pulled */
	const struct fetch_entry *entry;
	const char *sha256;
	int64_t id;
	uint64_t idle; /* see run_file */
	bool fresh;    /* likewise */
};
/* Gives a file to the workers; waits while many of the feed are there already. Takes spool.
 * False: the run takes no more of the feed, and the file waits for the next one. */
bool run_feed_hand_over(struct feed_work *w, const struct feed_file *file, char *spool);
/* Waits for a worker that takes a file of the feed. False: the run takes no more of it. */
bool run_feed_room(struct feed_work *w);
/* Does, on the source, what is to be done with the files that were closed since it was asked
 * last. */
void run_feed_closed(struct feed_work *w);
/* The file's bytes are unavailable for now. */
void run_feed_stuck(struct feed_work *w, const struct fetch_entry *e);
/* For qsort: pointers to entries, in the order in which their files came to rest. */
int run_feed_by_rest(const void *a, const void *b);

/* ---- the steps of a feed's part: run_left.c, run_pull.c, run_put_back.c,
 * run_elsewhere.c ---- */

#define RUN_KEEP_OPEN_MS 5000 /* a connection with nothing to do is kept for so long */

/* Files that an earlier run did not finish. */
enum df_status run_left_resume(struct feed_work *w, struct df_err *err) DF_CHECK;
/* Brings its bytes into the spool, and hands it over; where they are gone it is closed. DF_END: it
 * is left alone, and released. */
enum df_status run_left_take(struct feed_work *w, const struct ledger_file *f,
			     struct df_err *err) DF_CHECK;
/* Of an open file that was imported. DF_END: that was with another environment than the feed has
 * today, and a document of which nothing was taken would go there: it is logged and noted. */
enum df_status run_left_elsewhere(struct feed_work *w, int64_t id, const char *name,
				  struct df_err *err) DF_CHECK;
/* In a fleet: pulls a file that the ledger has under this id, and hands it over. DF_END: it is not
 * at the source any more. */
enum df_status run_pull(struct feed_work *w, const struct fetch_entry *e, int64_t listed,
			struct df_err *err) DF_CHECK;
/* Lists the source, and pulls what has settled; in a fleet it is entered only. */
enum df_status run_pull_listed(struct feed_work *w, struct df_err *err) DF_CHECK;
/* A closed file that the source lists: it is noted when it should not be there any more, and was
 * not there when the source was last listed; see run_put_back.c. */
enum df_status run_put_back_look(struct feed_work *w, const struct fetch_entry *e,
				 enum ledger_state state, struct df_err *err) DF_CHECK;
/* A warning of those that were noted. */
void run_put_back_log(struct feed_work *w);
/* Files of a listing that were delivered, but not to where the feed delivers today; see
 * run_elsewhere.c. Of those that are done, each is looked at. */
enum df_status run_elsewhere_begin(struct feed_work *w, struct df_err *err) DF_CHECK;
enum df_status run_elsewhere_look(struct feed_work *w, const struct fetch_entry *e,
				  enum ledger_state state, struct df_err *err) DF_CHECK;
/* A warning of those that were noted. Where the listing was gone through (st is DF_OK), the place
 * is remembered. Returns st, or what went wrong with that. */
enum df_status run_elsewhere_end(struct feed_work *w, enum df_status st,
				 struct df_err *err) DF_CHECK;
/* Waits for what has not settled yet, and pulls it. */
enum df_status run_pull_settled(struct feed_work *w, struct df_err *err) DF_CHECK;

#endif
