/* SPDX-License-Identifier: MIT */
/* run_fleet.h - hosts that share a ledger share the work of all feeds: run_fleet.c */
#ifndef DROPFEED_RUN_FLEET_H
#define DROPFEED_RUN_FLEET_H

#include "run_feed.h"

/* This process takes part, where the configuration names a ledger that hosts share. */
enum df_status run_fleet_join(const struct conf *conf, struct ledger *ledger,
			      struct df_err *err) DF_CHECK;
/* Whether all hosts of the last day have this one's configuration; true where none share. */
enum df_status run_fleet_alike(struct ledger *ledger, bool *alike, struct df_err *err) DF_CHECK;

/* A feed's part of a run: its source is listed, unless another host does that just now, and files
 * are claimed and worked on until there are none. */
enum df_status run_fleet_part(struct feed_work *w, struct df_err *err) DF_CHECK;

enum run_took {
	RUN_TOOK_NONE, /* there was nothing */
	RUN_TOOK_SOME,
	RUN_TOOK_LATER, /* there are files, and no room for them yet */
};
/* Claims what there is to claim of the feed's files, as far as there is room, and hands it to the
 * workers. What fails is logged and noted. */
enum run_took run_fleet_take(struct feed_work *w);

#endif
