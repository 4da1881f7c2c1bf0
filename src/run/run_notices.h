/* SPDX-License-Identifier: MIT */
/* run_notices.h - what changed its state is reported to whom the configuration names */
#ifndef DROPFEED_RUN_NOTICES_H
#define DROPFEED_RUN_NOTICES_H

#include "run_priv.h"

/* NULL: nobody is to get any. Before there are other threads. */
struct run_notices *run_notices_start(const struct conf *conf, struct ledger *ledger);
/* Waits, for a bounded time, until what is there is delivered. Where nobody is to
 * get any (s is NULL then) those that came up are forgotten. */
void run_notices_end(struct run_notices *s, const struct conf *conf, struct ledger *ledger);

/* Whether the files that are expected came (expect, expect_age): run_expect.c. looked_ms: when the
 * source was listed last; 0: not in this run. What is newly missed is logged, and counted in the
 * result. */
enum df_status run_expect_files(struct run *run, const struct conf_feed *feed, int64_t looked_ms,
				struct df_err *err) DF_CHECK;
struct run_expect_rows { /* a document that passed its check */
	const struct conf_feed *feed;
	const char *name; /* its file's */
	const char *event_type;
	int64_t document; /* 0: it is not in the ledger yet */
	uint64_t rows;
};
/* Whether it has about as many rows as usual (expect_rows). DF_REJECT: not, and expect_action =
 * refuse. */
enum df_status run_expect_rows(struct run *run, const struct run_expect_rows *what,
			       struct df_err *err) DF_CHECK;

/* The same without noting it; text: "" where the number is as usual, or nothing is known of what
 * is. ledger: NULL before the first run. */
enum df_status run_expect_compare(struct ledger *ledger, const struct run_expect_rows *what,
				  char text[256], struct df_err *err) DF_CHECK;

/* Which conditions of the feeds began or ended with this run: run_watch.c */
void run_watch(struct run *run, const struct conf_feed *const *feeds, size_t n);
/* For what delivers chosen files alone, such as retry: which feeds are no longer denied access to
 * what they deliver to. */
void run_watch_sinks(struct run *run);

#endif
