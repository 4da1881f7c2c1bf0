/* SPDX-License-Identifier: MIT */
/*
 * run_source.h - a feed's source, through connections that break
 *
 *	struct run_source s = {.feed = feed, .gate = run->gate};
 *	enum df_status st = run_source_list(&s, &list, &err);
 *	run_source_close(&s);
 *
 * The source is opened when it is needed. A connection that breaks, or does not come about, is
 * tried again a few times in a row, with growing pauses, as long as give_up_after allows. Bytes of
 * a file that came through meanwhile start the count anew: a download that gets on, however often
 * it breaks, is brought to its end.
 */
#ifndef DROPFEED_RUN_SOURCE_H
#define DROPFEED_RUN_SOURCE_H

#include "run_gate.h"
#include "run_priv.h"

struct run_source {
	const struct conf_feed *feed; /* borrowed */
	struct run_gate *gate;        /* borrowed, or NULL */
	struct fetch *fetch;          /* own; NULL: not open */
	/* steps in a row that were given up without a byte having come */
	uint32_t idle_attempts;
	bool unreachable; /* given up for this run */
};

/* DF_OK at once when it is open. After it has given up once, it says so without trying again. */
enum df_status run_source_open(struct run_source *s, struct df_err *err) DF_CHECK;

/* Takes one step on the open source, from its beginning whenever the connection had broken. */
typedef enum df_status (*run_source_step)(struct fetch *fetch, void *ctx, struct df_err *err);
enum df_status run_source_do(struct run_source *s, run_source_step step, void *ctx,
			     struct df_err *err) DF_CHECK;

/* fetch_list and fetch_get, as such steps. */
enum df_status run_source_list(struct run_source *s, struct fetch_list *list,
			       struct df_err *err) DF_CHECK;
enum df_status run_source_get(struct run_source *s, const struct fetch_entry *e, const char *path,
			      char sha256[DF_SHA256_HEX], struct df_err *err) DF_CHECK;

void run_source_close(struct run_source *s);

/* Says that the file is left alone, and why: somebody may wait for it. */
void run_source_log_misnamed(const struct run_source *s, const struct fetch_entry *e);

/* Receipts, then after_done and after_refused, of every file that the ledger has closed and that
 * is still due. What fails is logged, noted in the run's result and left for the next run; it
 * does not keep the other files back. */
void run_after(struct run *run, struct run_source *source);
/* Writes the receipt of a file that is through anew, where the feed wants receipts. */
void run_after_receipt(struct run *run, struct run_source *source, const struct ledger_file *f);

/* Removes the copy that receipts made of a reject file: its rows are delivered now. rejects: its
 * path here, or NULL. */
enum df_status run_after_take_back(struct run_source *source, const char *rejects,
				   struct df_err *err) DF_CHECK;

/* A reject file that was worked on is somebody's work: it is not replaced. */
bool run_rejects_edited(const struct ledger_document *d);

/* Whether one of the document's first `most` rejected rows, 0: of them all, came again in a reject
 * file, corrected or not. Only rows that the ledger has are looked at. */
enum df_status run_rejects_redropped(struct ledger *l, const char *feed,
				     const struct ledger_document *d, size_t most, bool *any,
				     struct df_err *err) DF_CHECK;

struct run_reject_file {
	int64_t document;
	char *path;    /* own */
	bool edited;   /* here, by somebody */
	bool replaced; /* here, by a later document's */
};
enum df_status run_reject_file_of(struct ledger *l, const struct ledger_document *d,
				  struct run_reject_file *out, struct df_err *err) DF_CHECK;
/* Its bytes: what somebody has made of them here, or what the ledger that hosts share has, which is
 * the latest, whichever host wrote it; else the file. *fd is yours. DF_END: it is nowhere. */
enum df_status run_reject_file_open(struct ledger *l, const struct run_reject_file *f, int *fd,
				    struct df_err *err) DF_CHECK;

/* Documents that are to be opened again, and of each its reject file here, or NULL: it has none, or
 * a later document's took its place. */
struct run_reopened {
	struct ledger_reopen *documents; /* own */
	char **rejects;                  /* own */
	size_t n;
};
enum df_status run_reopened_add(struct ledger *l, const struct ledger_document *d, bool unknown,
				struct run_reopened *out, struct df_err *err) DF_CHECK;
/* The copies of their reject files that receipts put on the source: who looks there must not drop
 * rows that are delivered now. */
enum df_status run_reopened_take_back(struct run_source *source, const struct run_reopened *r,
				      struct df_err *err) DF_CHECK;
void run_reopened_clear(struct run_reopened *r);

/* What the ledger that hosts share has of a reject file, in a file without a name; *fd is yours.
 * DF_END: nothing. */
enum df_status run_rejects_fetch(struct ledger *l, int64_t document, int *fd,
				 struct df_err *err) DF_CHECK;

#endif
