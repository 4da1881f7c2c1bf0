/* SPDX-License-Identifier: MIT */
/*
 * run_arrive.h - files that were pulled get their place in the spool and are entered
 *
 *	struct run_arrival a;
 *	run_arrive(w, entry, &a, &err);		its bytes are there, and noted nowhere yet
 *	run_arrivals_add(w, &a, &err);		takes a
 *	run_arrivals_enter(w, &err);		whatever has not been entered yet
 *
 * To sync the spool's folder and the ledger's transaction take longer than to pull a small file: so
 * small ones are entered several at a time. A run that is killed before has noted their downloads,
 * as of any file that it was pulling.
 */
#ifndef DROPFEED_RUN_ARRIVE_H
#define DROPFEED_RUN_ARRIVE_H

#include "run_feed.h"

struct run_arrival {
	const struct fetch_entry *entry; /* borrowed, until it is entered */
	int64_t mtime;                   /* under which the source lists it from now on */
	int64_t now_ms;
	char sha256[DF_SHA256_HEX];
	bool gone;             /* from the source, once it was read */
	char *arrival, *spool; /* own: where it arrived, and where it is */
};

/* Brings the bytes into the spool. DF_END: it is not at the source any more. */
enum df_status run_arrive(struct feed_work *w, const struct fetch_entry *e, struct run_arrival *out,
			  struct df_err *err) DF_CHECK;
void run_arrival_free(struct run_arrival *a);
/* What the ledger is to know of it; borrows from a. event_type: room for it. */
struct ledger_new_file run_arrival_file(const struct feed_work *w, const struct run_arrival *a,
					char event_type[RUN_EVENT_TYPE_SIZE]);

enum df_status run_arrivals_add(struct feed_work *w, struct run_arrival *a,
				struct df_err *err) DF_CHECK;
/* Enters them, and hands them over. */
enum df_status run_arrivals_enter(struct feed_work *w, struct df_err *err) DF_CHECK;

#endif
