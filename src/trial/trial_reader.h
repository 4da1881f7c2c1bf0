/* SPDX-License-Identifier: MIT */
/* trial_reader.h - which of the reader's options a foreign document needs */
#ifndef TRIAL_READER_H
#define TRIAL_READER_H

#include "dropfeed/propose.h"
#include "dropfeed/trial.h"

struct trial_reader_need {
	const char *key, *why; /* string constants */
	char value[32];
};

struct trial_reader { /* zeroed at first */
	struct trial_reader_need v[8];
	size_t n;
};

/* Sets, in r->feed, what the document seems to need. */
enum df_status trial_reader_set(const struct trial_propose *r, const struct decode_doc *doc,
				struct trial_reader *reader, struct df_err *err) DF_CHECK;
/* The document's last lines are not rows. */
void trial_reader_trailer(struct trial_reader *reader, struct conf_feed *feed, uint64_t lines);
/* Proposes them. */
void trial_reader_needs(const struct trial_reader *reader, struct propose *p);

#endif
