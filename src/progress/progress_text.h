/* SPDX-License-Identifier: MIT */
/* progress_text.h - what is reported of progress, in words */
#ifndef PROGRESS_TEXT_H
#define PROGRESS_TEXT_H

#include "dropfeed/progress.h"

struct progress_view {
	enum progress_doing what;
	struct df_log_place at;
	uint64_t rows, rows_done;
	unsigned percent;
	double rate, limit; /* batches a second; rate 0: not known */
	double seconds;     /* that are left; below 0: not known */
	size_t more;        /* other documents under way */
	bool any;           /* false: nothing is under way */
};
/* In at most `width` columns. */
void progress_text_short(const struct progress_view *v, size_t width, struct df_buf *out);
void progress_text_long(const struct progress_view *v, struct df_buf *out);

#endif
