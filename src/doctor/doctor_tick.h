/* SPDX-License-Identifier: MIT */
/*
 * doctor_tick.h - between the files of this room
 *
 *	doctor.c	the order of the ticks; those of [dropfeed]
 *	doctor_tick.c	one tick
 *	doctor_source.c	a feed's source: from the connection to write access
 *	doctor_keys.c	its OpenPGP keys
 *	doctor_sink.c	where its batches go
 *
 * A tick is one thing that a run needs, tried by the code that the run uses. What depends on
 * something that failed is skipped, and named all the same: the list has always the same length.
 */
#ifndef DOCTOR_TICK_H
#define DOCTOR_TICK_H

#include "dropfeed/doctor.h"

struct doctor_finding { /* of setup_check; texts are own */
	char *feed;     /* or NULL */
	char *key, *text;
	bool warning, shown; /* shown: a tick has it */
};

struct doctor {
	const struct conf *conf;
	const struct conf_feed *feed; /* NULL: [dropfeed] */
	const struct doctor_options *options;
	struct run_result *result;
	struct sender *sender;           /* own */
	struct doctor_finding *findings; /* own */
	size_t n_findings;
};

void doctor_ok(struct doctor *d, const char *name, const char *fmt, ...) DF_PRINTF(3, 4);
void doctor_warns(struct doctor *d, const char *name, const char *fmt, ...) DF_PRINTF(3, 4);
void doctor_skips(struct doctor *d, const char *name, const char *fmt, ...) DF_PRINTF(3, 4);
/* st: not DF_OK; it decides the exit code. */
void doctor_fails(struct doctor *d, const char *name, enum df_status st, const struct df_err *why);

/* What the offline check found about one of these settings (NULL ends them) becomes the tick.
 * False: it found nothing. */
bool doctor_found(struct doctor *d, const char *name, const char *const *keys);
void doctor_shows(struct doctor *d, const char *name, struct doctor_finding *f);

void doctor_source(struct doctor *d);
void doctor_keys(struct doctor *d);
void doctor_sink(struct doctor *d);

#endif
