/* SPDX-License-Identifier: MIT */
/*
 * run_source.h - a feed's source, through connections that break
 *
 *	struct run_source s = {.feed = feed};
 *	struct run_tries tries = {0};
 *	enum df_status st = run_source_open(&s, &err);
 *	while (st == DF_OK && run_source_again(&s, &tries, fetch_list(s.fetch, &list, &err), &st, &err))
 *		;
 *	run_source_close(&s);
 *
 * A connection that breaks, or does not come about, is tried again a few times in a row, with growing pauses, as long
 * as give_up_after allows. Bytes of a file that came through meanwhile start the count anew: a download that gets on,
 * however often it breaks, is brought to its end.
 */
#ifndef DROPFEED_RUN_SOURCE_H
#define DROPFEED_RUN_SOURCE_H

#include "run_priv.h"

struct run_source {
	const struct conf_feed *feed; /* borrowed */
	struct fetch *fetch;          /* own; NULL: not open */
	uint32_t barren;              /* steps in a row that were given up without a byte having come */
	bool away;                    /* given up for this run */
};

struct run_tries { /* of one step */
	uint32_t n;
	int64_t since_ms;
};

/* DF_OK at once when it is open. After it has given up once, it says so without trying again. */
enum df_status run_source_open(struct run_source *s, struct df_err *err) DF_CHECK;

/* What to do after a step on the open source came to `said`. True: the connection had broken, stands again, and the step is
 * to be repeated. False: *st is what came of it; the source may not be open any more. */
bool run_source_again(struct run_source *s, struct run_tries *tries, enum df_status said, enum df_status *st,
		      struct df_err *err) DF_CHECK;

void run_source_close(struct run_source *s);

/* Says that the file is left alone, and why: somebody may wait for it. */
void run_source_tell_misnamed(const struct run_source *s, const struct fetch_entry *e);

/* Receipts, then after_done and after_refused, of every file that the ledger has closed and that is still due. What fails is
 * told, noted in the run's result and left for the next run; it does not keep the other files back. */
void run_after(struct run *run, struct run_source *source);

#endif
