/* SPDX-License-Identifier: MIT */
/* run_session.h - what a run that delivers has open: the lock, the ledger, the sender, the spool */
#ifndef DROPFEED_RUN_SESSION_H
#define DROPFEED_RUN_SESSION_H

#include "run_priv.h"

struct run_session {
	struct run run;
	int lock_fd;
	char *scratch; /* own */
};

/* Takes the lock and opens the rest. When another run holds the lock, result->busy is set. */
enum df_status run_session_open(struct run_session *s, const struct conf *conf, struct run_result *result,
				struct df_err *err) DF_CHECK;
void run_session_close(struct run_session *s);

/* Logs and notes why it could not be opened. Another run is under way: not an error, and --quiet says nothing of it. */
void run_session_failed(struct run_result *result, enum df_status st, const struct df_err *err);

/* Where a drop file stands in the spool: unique for feed, name, size and mtime, so that a part of another file is never
 * resumed. The caller's. */
char *run_spool_path(const struct conf *conf, const char *feed, const struct fetch_entry *e);

/* Removes what crashes left in the feed's spool. Nobody may be at work on the feed. */
enum df_status run_spool_sweep(const struct run *run, const char *feed, struct df_err *err) DF_CHECK;

/* Reads and checks what a run would deliver of the feed, sends nothing, changes nothing, and forecasts. */
void run_feed_forecast(const struct conf *conf, const struct conf_feed *feed, struct run_result *result);

#endif
