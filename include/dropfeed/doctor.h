/* SPDX-License-Identifier: MIT */
/* doctor.h - what a run needs, tried one after the other */
#ifndef DROPFEED_DOCTOR_H
#define DROPFEED_DOCTOR_H

#include "dropfeed/run.h"

enum doctor_tick_state {
	DOCTOR_TICK_OK,
	DOCTOR_TICK_WARNING,
	DOCTOR_TICK_FAILED,
	DOCTOR_TICK_SKIPPED
};
struct doctor_tick {      /* one thing that a run needs */
	const char *feed; /* NULL: it concerns [dropfeed] */
	const char *name; /* "state_dir", "login", ... */
	enum doctor_tick_state state;
	const char *text; /* what was found; where it failed, what to do as well */
	int exit_code;    /* of a run for that reason alone; 0: it did not fail */
};
struct doctor_options {
	const char *path;         /* of the configuration */
	const char *const *feeds; /* names; none: all */
	size_t n_feeds;
	void (*tick)(void *ctx, const struct doctor_tick *t); /* called for each, in order */
	void *ctx;
};
/* Tries all of it, one after the other, each once: connects, logs in, lists, writes a small file
 * where a run writes, decrypts, asks the API whether the credentials are good. Sends no row, takes
 * no file, writes nothing to the ledger. */
void doctor_run(const struct doctor_options *options, struct run_result *result);

#endif
