/* SPDX-License-Identifier: MIT */
/* cli_explain.h - the two forms in which a line's explanation is shown */
#ifndef DROPFEED_CLI_EXPLAIN_H
#define DROPFEED_CLI_EXPLAIN_H

#include "cli.h"

/* verdict: delivered, rejected or refused; of a header: accepted or refused. */
const char *cli_explain_verdict(const struct run_explain *x);

/* whole: nothing is cut short, and the whole batch is shown. */
void cli_explain_text(const char *file, const struct run_explain *x, bool whole, struct df_buf *out);
void cli_explain_json(const char *file, const struct run_explain *x, struct df_buf *out);

#endif
