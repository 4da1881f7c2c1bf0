/* SPDX-License-Identifier: MIT */
/* cli_explain.h - the two forms in which a line's explanation is shown */
#ifndef DROPFEED_CLI_EXPLAIN_H
#define DROPFEED_CLI_EXPLAIN_H

#include "cli.h"

#include "dropfeed/trial.h"

/* verdict: delivered, rejected or refused; of a header: accepted or refused. */
const char *cli_explain_verdict(const struct trial_explain *x);

/* whole: nothing is cut short, and the whole batch is shown. */
void cli_explain_text(const char *file, const struct trial_explain *x, bool whole,
		      struct df_buf *out);
void cli_explain_json(const char *file, const struct trial_explain *x, struct df_buf *out);

/* Appends text for a terminal: control characters and what turns the direction of writing around
 * are shown as escapes, bytes that are not UTF-8 as \xNN. Cuts after `max` columns with an
 * ellipsis. Returns the columns it takes. */
size_t cli_safe(struct df_buf *out, const char *p, size_t len, size_t max);
/* Appends the batch, indented. only: the event (0-based) that is shown, the others are counted;
 * SIZE_MAX: all are shown. */
void cli_pretty(struct df_buf *out, const char *json, size_t only);

#endif
