/* SPDX-License-Identifier: MIT */
/* run_session.h - what a run that delivers has open: the lock, the ledger, the sender, the spool */
#ifndef DROPFEED_RUN_SESSION_H
#define DROPFEED_RUN_SESSION_H

#include "run_notices.h"

struct run_session {
	struct run run;
	struct df_lock lock;
	char *scratch;               /* own */
	struct run_notices *notices; /* own, or NULL */
};

/* Takes the lock and opens the rest. When another run holds the lock, result->busy is set. */
enum df_status run_session_open(struct run_session *s, const struct conf *conf,
				struct run_result *result, struct df_err *err) DF_CHECK;
void run_session_close(struct run_session *s);

/* Logs and notes why it could not be opened. Another run is under way: not an error, and --quiet
 * says nothing of it. */
void run_session_failed(struct run_result *result, enum df_status st, const struct df_err *err);

/* A feed without any file yet may be one that was renamed: that is logged, see run_renamed.c. */
void run_warn_renamed(struct ledger *l, const struct conf *conf, const struct conf_feed *feed);
/* What the ledger knows a listed file by. Borrowed from both. */
struct ledger_key run_feed_key(const struct conf_feed *feed, const struct fetch_entry *e);

/* ---- the spool: run_spool.c ---- */

/* Where a download arrives: one path for each key, so that a part of another file is never
 * resumed. The caller's. */
char *run_spool_arrival(const struct conf *conf, const struct ledger_key *key);
/* Where the bytes of a file that the ledger has are, or were. The caller's. */
char *run_spool_of(const struct conf *conf, const struct ledger_file *f);
/* Moves what has arrived to a place of its own, named by its content and its arrival, which no
 * other file has or gets. *path becomes that place. It is to be synced before it is entered. */
enum df_status run_spool_place(const char *arrival, const char *sha256, char **path,
			       struct df_err *err) DF_CHECK;
enum df_status run_spool_sync(const char *folder, struct df_err *err) DF_CHECK;
/* Both. */
enum df_status run_spool_keep(const char *arrival, const char *sha256, char **path,
			      struct df_err *err) DF_CHECK;
/* Whether a place in the spool, by its name without the folder, was given to what came at that
 * arrival. */
bool run_spool_is_of(const char *name, const char *arrival);

/* Removes what crashes left in the feed's spool. No other run may work on the feed. */
enum df_status run_spool_sweep(const struct run *run, const char *feed,
			       struct df_err *err) DF_CHECK;

/* Reads and checks what a run would deliver of the feed, sends nothing, changes nothing, and
 * forecasts. */
void run_feed_forecast(const struct conf *conf, const struct conf_feed *feed,
		       struct run_result *result);
/* How long that many take at the feed's pace, at least. */
double run_minutes(const struct conf_feed *feed, uint64_t batches, uint64_t requests);

#endif
