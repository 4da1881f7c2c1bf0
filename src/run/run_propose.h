/* SPDX-License-Identifier: MIT */
/* run_propose.h - which of the reader's options a foreign document needs */
#ifndef RUN_PROPOSE_H
#define RUN_PROPOSE_H

#include "run_priv.h"

#include "dropfeed/propose.h"

struct run_propose_need {
	const char *key, *why; /* string constants */
	char value[32];
};

struct run_propose_reader { /* zeroed at first */
	struct run_propose_need v[8];
	size_t n;
};

/* Sets, in r->feed, what the document seems to need. */
enum df_status run_propose_read(const struct run_propose *r, const struct decode_doc *doc,
				struct run_propose_reader *reader, struct df_err *err) DF_CHECK;
/* The document's last lines are not rows. */
void run_propose_trailer(struct run_propose_reader *reader, struct conf_feed *feed, uint64_t lines);
/* Proposes them. */
void run_propose_needs(const struct run_propose_reader *reader, struct propose *p);

#endif
