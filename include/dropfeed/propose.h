/* SPDX-License-Identifier: MIT */
/*
 * propose.h - a manifest for a foreign file
 *
 *	propose_open(feed, "custom_event", &first, &p, &err);
 *	while (rows are left && propose_row(p, cells, n)) ...
 *	propose_decide(p, "signups", &err);
 *	... try the manifest and the settings, which fills a struct propose_trial ...
 *	propose_write(p, &trial, &out);
 *	propose_close(p);
 *
 * It is a custom manifest, or, where every row needs a fixed value, a field transformation. No
 * value of a cell is in it.
 */
#ifndef DROPFEED_PROPOSE_H
#define DROPFEED_PROPOSE_H

#include "dropfeed/map.h"

struct propose;

struct propose_first { /* the document's first row */
	const struct rows_cell *cells;
	size_t n;
	bool is_header; /* else it is to be looked at as well */
};
/* DF_REJECT: duplicate-column, unknown-column (other separators than commas), guideline (too
 * many columns). DF_USAGE: the header looks like data. The feed is borrowed until the close. */
enum df_status propose_open(const struct conf_feed *feed, const char *event_type,
			    const struct propose_first *first, struct propose **out,
			    struct df_err *err) DF_CHECK;
/* Looks at a row; false when it was the last one that is wanted. */
bool propose_row(struct propose *p, const struct rows_cell *cells, size_t n);
/* Proposes a setting, with its reason. */
void propose_set(struct propose *p, const char *key, const char *value, const char *fmt, ...)
    DF_PRINTF(4, 5);
/* stem: of the file's name; an event without a name may be called so. DF_REJECT: the manifest
 * would be too large. */
enum df_status propose_decide(struct propose *p, const char *stem, struct df_err *err) DF_CHECK;
/* Both after the decision; borrowed. False: there is no setting i. */
const char *propose_manifest(struct propose *p);
bool propose_setting(const struct propose *p, size_t i, const char **key, const char **value);

#define PROPOSE_TRIAL_CODES 8
struct propose_trial { /* of the proposal, on the file's first rows */
	size_t rows, accepted;
	struct {
		const char *code; /* of a rejected row's first fault: a string constant */
		size_t n;
	} codes[PROPOSE_TRIAL_CODES];
	struct df_err refused; /* text "": it is not */
};
void propose_write(struct propose *p, const struct propose_trial *trial, struct df_buf *out);
void propose_close(struct propose *p);

#endif
