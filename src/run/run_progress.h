/* SPDX-License-Identifier: MIT */
/*
 * run_progress.h - how far a run is: one line, redrawn on a terminal, or written now and then
 *
 *	struct run_item item = {.what = RUN_IS_CHECKED, .feed = feed, .file = name, .bytes = n};
 *	run_item_begin(run->progress, &item);
 *	... pass.progress = &item.count ...
 *	run_item_end(run->progress, &item);
 */
#ifndef DROPFEED_RUN_PROGRESS_H
#define DROPFEED_RUN_PROGRESS_H

#include "run_priv.h"

enum run_doing { RUN_IS_PULLED, RUN_IS_CHECKED, RUN_IS_SENT };

struct run_item { /* a document under way; its worker's */
	enum run_doing what;
	const struct conf_feed *feed;
	const char *file, *document; /* document: of a zip, or NULL */
	uint64_t bytes;              /* of the document */
	/* RUN_IS_SENT: its rows and batches, and rows that were settled before; 0 batches: not
	 * known */
	uint64_t rows, batches, before;
	bool answered; /* rows are done when they are answered for, not when they are read */
	uint64_t sent; /* batches of the run before it: set by run_item_begin */
	struct document_progress count;
	struct run_item *next;
};
/* progress NULL: nobody looks. The item is borrowed until its end. */
void run_item_begin(struct run_progress *p, struct run_item *item);
void run_item_end(struct run_progress *p, struct run_item *item);

/* A thread that reports. Before there are other threads. */
struct run_progress *run_progress_start(struct run *run, uint32_t every_s);
void run_progress_end(struct run_progress *p); /* NULL is legal */

/* What is reported: run_progress_text.c */
struct run_view {
	enum run_doing what;
	struct df_log_place at;
	uint64_t rows, rows_done;
	unsigned percent;
	double rate, limit; /* batches a second; rate 0: not known */
	double seconds;     /* that are left; below 0: not known */
	size_t more;        /* other documents under way */
	bool any;           /* false: nothing is under way */
};
/* In at most `width` columns. */
void run_view_short(const struct run_view *v, size_t width, struct df_buf *out);
void run_view_long(const struct run_view *v, struct df_buf *out);

#endif
