/* SPDX-License-Identifier: MIT */
/* run_adopt.h - downloads are noted before they begin, so that what a killed run brought is not
 * lost */
#ifndef DROPFEED_RUN_ADOPT_H
#define DROPFEED_RUN_ADOPT_H

#include "run_feed.h"

/* Notes the downloads of these files, before the first byte of any of them is read. */
enum df_status run_adopt_note(struct feed_work *w, const struct fetch_entry *const *due, size_t n,
			      struct df_err *err) DF_CHECK;

/* Takes, or reports, what came of noted downloads of files that the source does not list any
 * more. What fails for one of them is logged and noted. */
enum df_status run_adopt(struct feed_work *w, const struct fetch_list *list,
			 struct df_err *err) DF_CHECK;

#endif
