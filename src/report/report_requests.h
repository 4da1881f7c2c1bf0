/* SPDX-License-Identifier: MIT */
/* report_requests.h - the subject requests of a document, in status and receipts */
#ifndef DROPFEED_REPORT_REQUESTS_H
#define DROPFEED_REPORT_REQUESTS_H

#include "dropfeed/json.h"
#include "dropfeed/ledger.h"

#include <stdio.h>

/* "requests": how many by state; each: "requested" as well, each row with its request. Nothing for
 * a document that made none. */
enum df_status report_requests_json(struct ledger *l, const struct ledger_document *d, bool each,
				    struct json_writer *j, struct df_err *err) DF_CHECK;
enum df_status report_requests_text(struct ledger *l, const struct ledger_document *d, FILE *to,
				    struct df_err *err) DF_CHECK;

#endif
