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

/* Which conditions of the feeds began or ended with this run: run_watch.c */
void run_watch(struct run *run, const struct conf_feed *const *feeds, size_t n);

#endif
