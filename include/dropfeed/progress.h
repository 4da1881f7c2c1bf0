/* SPDX-License-Identifier: MIT */
/*
 * progress.h - how far a run is: one line, redrawn on a terminal, or written now and then
 *
 *	struct progress_item item = {.what = PROGRESS_CHECKED, .feed = feed, .file = name};
 *	progress_item_begin(run->progress, &item);
 *	... pass.progress = &item.count ...
 *	progress_item_end(run->progress, &item);
 */
#ifndef DROPFEED_PROGRESS_H
#define DROPFEED_PROGRESS_H

#include "dropfeed/document.h"
#include "dropfeed/send.h"

enum progress_doing { PROGRESS_PULLED, PROGRESS_CHECKED, PROGRESS_SENT };

struct progress;

struct progress_item { /* a document under way; its worker's */
	enum progress_doing what;
	const struct conf_feed *feed;
	const char *file, *document; /* document: of a zip, or NULL */
	uint64_t bytes;              /* of the document */
	/* PROGRESS_SENT: its rows and batches, and rows that were settled before; 0 batches: not
	 * known */
	uint64_t rows, batches, before;
	bool answered; /* rows are done when they are answered for, not when they are read */
	uint64_t sent; /* batches of the run before it: set by progress_item_begin */
	struct document_progress count;
	struct progress_item *next;
};
/* progress NULL: nobody looks. The item is borrowed until its end. */
void progress_item_begin(struct progress *p, struct progress_item *item);
void progress_item_end(struct progress *p, struct progress_item *item);

/* A thread that reports: a line each so many seconds, or (0) one that is redrawn on a terminal.
 * Before there are other threads. sender: whose batches are counted, borrowed. */
struct progress *progress_start(struct sender *sender, uint32_t every_s);
void progress_end(struct progress *p); /* NULL is legal */

#endif
