/* SPDX-License-Identifier: MIT */
/* report_status.h - what both forms of the status need: report_status.c, report_status_json.c,
 * report_status_text.c */
#ifndef REPORT_STATUS_H
#define REPORT_STATUS_H

#include "dropfeed/json.h"
#include "dropfeed/report.h"

/* Files that are not closed, while a run is under way. */
struct report_under_way {
	struct ledger *ledger;
	uint64_t files, rows, settled;
};

/* False: no calendar has that time, as the one that somebody gave a file. */
bool report_time_text(int64_t seconds, char *out, size_t size);
/* Rows that something became of. */
uint64_t report_rows_settled(const struct ledger_document *d);
/* Whether as many files were shown as the filter asks for. */
static inline bool report_status_full(const struct report_status_filter *filter, uint64_t files)
{
	return filter->last != 0 && files == filter->last;
}
/* Zeroed without a run: nobody else goes on with them. */
enum df_status report_under_way(struct ledger *l, const struct report_status_filter *filter,
				struct report_under_way *out, struct df_err *err) DF_CHECK;

#endif
