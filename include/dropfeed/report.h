/* SPDX-License-Identifier: MIT */
/*
 * report.h - what people and programs read afterwards: reject files, status, reports
 *
 *	struct report_rejects *rej = NULL;
 *	report_rejects_open("<state_dir>/rejects/<feed>", "orders-custom_event.csv",
 *	    document_id, &rej, &err);
 *	report_rejects_add(rej, bytes, len);		lines
 *	report_rejects_close(rej, NULL, &path, &err);	names it
 *
 *	report_rejects.c	reject files; report_reasons.c: why rows are in them
 *	report_status*.c	status; report_health.c: what a monitor is to see
 *	report_period*.c	the report of a period
 *	report_requests.c	subject requests
 *	report_metrics.c	metrics
 *	report_notice.c		notices; report_post.c, report_command.c: how they leave
 */
#ifndef DROPFEED_REPORT_H
#define DROPFEED_REPORT_H

#include "dropfeed/ledger.h"

#include <stdio.h>

struct report_post;
struct report_rejects;

/* Begins a reject file in `dir` (made when missing, 0700) under a temporary name, mode 0600.
 * tag: the document's number in the ledger; it makes the temporary name, so that what a crash
 * left is written over by the next try. */
enum df_status report_rejects_open(const char *dir, const char *name, int64_t tag,
				   struct report_rejects **out, struct df_err *err) DF_CHECK;

/* The same where somebody named a file: "-" is standard output, and what is not a regular file
 * is written to as it is. */
enum df_status report_rejects_open_path(const char *path, struct report_rejects **out,
					struct df_err *err) DF_CHECK;

/* Failures are remembered until the next flush. */
void report_rejects_add(struct report_rejects *r, const char *p, size_t len);
enum df_status report_rejects_flush(struct report_rejects *r, struct df_err *err) DF_CHECK;

/* For rows that are not to be in the file as they are: they go to fd (borrowed), and who reads
 * them there writes to the file before it is closed. */
void report_rejects_rows_to(struct report_rejects *r, int fd);
int report_rejects_file(const struct report_rejects *r);

struct report_rejects_owner { /* the document */
	struct ledger *ledger;
	int64_t document;
	/* the path of its older reject file, which this one takes the place of; or NULL */
	const char *older;
};
/* Syncs the file and gives it its name, which the ledger notes before. A file of that name
 * stays: then "<stem>_2-<event type>.csv" and so on is taken. Where several hosts share the
 * ledger the stem gets the document's number, so that its name is another one's on no host.
 * *path (the caller's) is where it is, NULL for standard output. owner NULL: no ledger knows of
 * it, and an empty file of that name is replaced. */
enum df_status report_rejects_close(struct report_rejects *r,
				    const struct report_rejects_owner *owner, char **path,
				    struct df_err *err) DF_CHECK;
/* removes the temporary file; NULL is fine */
void report_rejects_abandon(struct report_rejects *r);

/* Writes what goes back to the source: one JSON object, the file, when it came, its documents,
 * their rows = delivered + rejected, why rows were rejected, the ids of the first and the last
 * batch. It says nothing of this machine. */
enum df_status report_receipt_json(struct ledger *l, const struct ledger_file *f, FILE *to,
				   struct df_err *err) DF_CHECK;

/* Writes why rows of a document were rejected, by code and column, with the first lines: a
 * table, or one JSON object on a line. */
enum df_status report_reasons_text(struct ledger *l, const struct ledger_file *f,
				   const struct ledger_document *d, FILE *to,
				   struct df_err *err) DF_CHECK;
enum df_status report_reasons_json(struct ledger *l, const struct ledger_file *f,
				   const struct ledger_document *d, FILE *to,
				   struct df_err *err) DF_CHECK;

struct report_running { /* the process that holds the state folder */
	long pid;       /* 0: none */
	int64_t since_s;
};
struct report_status_filter {
	struct ledger_latest files;
	struct report_running running;
	uint64_t last; /* at most so many; 0: all */
};
/* Writes what the ledger knows, the latest file first, as a table for people or as one JSON
 * document. l NULL: there is no ledger yet. */
enum df_status report_status_text(struct ledger *l, const struct report_status_filter *filter,
				  FILE *to, struct df_err *err) DF_CHECK;
enum df_status report_status_json(struct ledger *l, const struct report_status_filter *filter,
				  FILE *to, struct df_err *err) DF_CHECK;

/* ---- a period: report_period*.c ---- */
enum report_format { REPORT_TEXT, REPORT_HTML, REPORT_JSON };
struct report_span {
	enum report_format format;
	const char *feed; /* NULL: all */
	int64_t since_ms, now_ms;
	/* of the configuration: those of which nothing came are named as well */
	const char *const *feeds;
	size_t n_feeds;
};
/* Writes what was closed in the period: files and rows by day, why rows were rejected, when the
 * events were, how long it took, how much of the API's limit was used, what data plans do not
 * allow. HTML is one file without scripts. l NULL: there is no ledger yet. */
enum df_status report_period_write(struct ledger *l, const struct report_span *span, FILE *to,
				   struct df_err *err) DF_CHECK;

/* ---- metrics: report_metrics.c ---- */
struct report_run { /* of the program's `run` */
	int64_t ended_ms, duration_ms;
	int exit_code;
};
struct report_metrics {
	const char *path; /* is replaced through a rename, mode 0644 */
	/* NULL: not known; what comes from it stays as it was, then */
	const struct ledger_where *ledger;
	const char *const *feeds; /* of the configuration; those of the ledger come in addition */
	size_t n_feeds;
	const struct report_run *run; /* NULL: the latest one that the ledger knows */
};
enum df_status report_metrics_write(const struct report_metrics *what, struct df_err *err) DF_CHECK;

/* ---- notices ---- */

/* One JSON object: event, feed, file, condition, code, text, time, since, and of a file its rows =
 * delivered + rejected + skipped. What there is not is left out. */
void report_notice_json(const struct ledger_notice *n, struct df_buf *out);

struct report_command {
	const char *command;             /* for /bin/sh -c */
	const char *event, *feed, *file; /* DROPFEED_EVENT, ...; file may be NULL */
	const char *input;               /* its standard input */
	size_t len;
	const char *const *secrets; /* variables with one of these values are not passed on */
	size_t n_secrets;
	int64_t timeout_ms; /* then its process group is killed */
};
/* DF_RETRY: it could not be started, was stopped, or its exit code is not 0; err has what it said
 * first. */
enum df_status report_command_run(const struct report_command *c, struct df_err *err) DF_CHECK;

/* So long a command or an answer is waited for after a signal has stopped the run. */
#define REPORT_STOPPED_MS 1500

struct report_message {
	const char *url, *body;
	size_t len;
	bool json; /* else text */
};
/* POSTs it in a thread of its own. Never NULL. */
struct report_post *report_post_start(const struct report_message *m, int64_t timeout_ms);
/* Waits at most so long. DF_RETRY: it was not taken with a 2xx; err says why, without the URL. */
enum df_status report_post_wait(struct report_post *p, int64_t ms, struct df_err *err) DF_CHECK;
void report_post_free(struct report_post *p); /* also while it is under way; NULL is legal */

/* For monitors. */
struct report_health {
	/* files that are not through, and feeds that were not when they ran last */
	uint64_t unfinished;
	/* closed since then: refused, or with rejected rows, and nothing was done about it yet; and
	 * what is missing */
	uint64_t faulty;
};
struct report_health_query {
	/* which ones; of named files alone no conditions are asked for, which are a feed's */
	struct ledger_latest files;
	bool (*has_feed)(void *ctx, const char *feed); /* the configuration */
	/* Whether somebody has taken the document's rejected rows in hand. */
	enum df_status (*in_hand)(void *ctx, struct ledger *l, const char *feed,
				  const struct ledger_document *d, bool *taken, struct df_err *err);
	void *ctx;
};
enum df_status report_health(struct ledger *l, const struct report_health_query *q,
			     struct report_health *out, struct df_err *err) DF_CHECK;

#endif
