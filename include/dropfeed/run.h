/* SPDX-License-Identifier: MIT */
/*
 * run.h - the rooms in their order: what the commands do, without their options and their output
 *
 *	run_feeds	pull and deliver every feed
 *	run_retry	deliver once more what was refused, or rejected by the API
 *	run_rejects	print what was rejected
 *	run_abandon	close files under way without delivering the rest
 *	run_restart	begin files anew under today's settings
 *	run_resend	deliver finished files once more
 *	run_requests	ask what became of subject requests, or take them back
 *	run_prune	remove old details from the ledger, and old reject files
 *	run_import	deliver local files or standard input
 *	run_status	print what the ledger knows
 *	run_backup	copy the ledger
 *	run_ledger_copy	move the ledger to PostgreSQL, or back
 *	run_report	sum up a period
 *
 * It logs what happens; the result says what the exit code is to be.
 */
#ifndef DROPFEED_RUN_H
#define DROPFEED_RUN_H

#include "dropfeed/batch.h"
#include "dropfeed/decode.h"
#include "dropfeed/ledger.h"
#include "dropfeed/report.h"

/* What a run came to. Counted over all feeds. */
struct run_result {
	/* skipped: known already, or not settled yet */
	uint64_t files_done, files_refused, files_skipped;
	uint64_t files_gone; /* nobody has their bytes any more */
	uint64_t files_abandoned;
	uint64_t missing; /* expectations that were found missed, newly */
	uint64_t documents, rows, delivered, rejected, skipped, batches, events;
	uint64_t requests_forecast; /* dry run */
	double minutes_forecast;    /* dry run: at the feed's pace */
	bool unfinished, denied, broken, misused, busy;
	struct report_post *ping; /* own: what says at ping_url that the run began; or NULL */
};

/* 0, 1, 2, 3, 4, 5 or 75, the worst that happened. */
int run_exit_code(const struct run_result *result);
/* Enters a status that ended a part of the run. */
void run_note_status(struct run_result *result, enum df_status st);

/* How a command that changes the ledger ended. */
struct run_end {
	struct report_post *ping; /* own: see run_result */
	int exit_code;
	int64_t started_ms; /* monotonic */
	bool is_run;        /* it was `run`: the latest one, from now on */
};
/* Writes the metrics_file and says at ping_url how a `run` ended, as far as the configuration can
 * be read. What fails is a warning. */
void run_ended(const char *conf_path, const struct run_end *end);

struct run_options {
	const char *const *feeds; /* names; none: all */
	size_t n_feeds;
	bool dry_run;
};
void run_feeds(const struct conf *conf, const struct run_options *options,
	       struct run_result *result);

/* Opens refused documents again, and marks rows that the API rejected to be sent again; delivers
 * them, and what is not finished. documents: names as status prints them, or globs; none: all. A
 * name that the ledger does not know: misused, and nothing is done. */
struct run_retry_options {
	const char *const *feeds; /* names; none: all */
	size_t n_feeds;
	const char *const *documents;
	size_t n_documents;
	const char *from; /* absolute path of a local folder that may hold the files; or NULL */
	/* instead, rows that may have arrived, where what arrives twice counts twice */
	bool unknown;
};
void run_retry(const struct conf *conf, const struct run_retry_options *options,
	       struct run_result *result);

struct run_files_options {
	const char *const *feeds; /* names; none: all */
	size_t n_feeds;
	const char *const *files; /* names as status prints them, or globs */
	size_t n_files;
	const char *from;     /* as for retry */
	bool without_rejects; /* abandon: nothing is read, rows are only counted */
	bool new_ids;         /* resend: every row counts again */
};
/* A name that the ledger does not know: misused, and nothing is done. */
void run_abandon(const struct conf *conf, const struct run_files_options *options,
		 struct run_result *result);
void run_restart(const struct conf *conf, const struct run_files_options *options,
		 struct run_result *result);
void run_resend(const struct conf *conf, const struct run_files_options *options,
		struct run_result *result);

/* What became of the subject requests of files, or, cancel, takes those back that are still
 * pending: as the service says, which the ledger then has. For poll, no names: all files. */
void run_requests(const struct conf *conf, const struct run_files_options *options, bool cancel,
		  struct run_result *result);

struct run_prune_options {
	/* names; none: all, those that are not configured any more as well */
	const char *const *feeds;
	size_t n_feeds;
	int64_t older_than_ms;
	bool dry_run;
};
struct run_pruned {
	uint64_t files, reject_files, manifests;
};
void run_prune(const struct conf *conf, const struct run_prune_options *options,
	       struct run_pruned *out, struct run_result *result);

/* Prints rejected rows to standard output, as their reject files have them, or (summary) why
 * they were rejected, by code and column. documents: as for retry; none (summary alone): all. */
struct run_rejects_options {
	const char *const *feeds; /* names; none: all */
	size_t n_feeds;
	const char *const *documents;
	size_t n_documents;
	bool summary, json;
};
void run_rejects(const struct conf *conf, const struct run_rejects_options *options,
		 struct run_result *result);

/* Delivers through the ledger when conf is not NULL and stateless is false; else the files go
 * straight to feed->sink. A file "-" is standard input, named `stdin_name`. */
struct run_import_options {
	const struct conf_feed *feed;
	const char *const *files;
	size_t n_files;
	const char *stdin_name;
	/* stateless: the file that gets the rejected rows, "-": standard output; or NULL */
	const char *rejects;
	bool stateless, dry_run;
	uint32_t progress_s;     /* stateless: a line each so many seconds; 0: none */
	uint32_t jobs;           /* threads, where no configuration's counts */
	bool encryption_by_name; /* no feed was chosen: .gpg is decrypted, plain is taken */
};
void run_import(const struct conf *conf, const struct run_import_options *options,
		struct run_result *result);

struct run_status_options {
	const char *feed; /* NULL: all */
	int64_t since_ms; /* files that were closed since then, or are not; 0: all */
	uint64_t last;    /* at most so many; 0: all */
	bool unfinished, json;
	bool (*names)(void *ctx, const char *name); /* whether a file is meant; NULL: all are */
	void *ctx;
	/* all that are meant lie between these two; NULL: anywhere */
	const char *name_from, *name_below;
	/* For a monitor: the result says what is unfinished, and rejected since then; 0: ever. */
	bool health;
	int64_t health_since_ms;
};
/* Whether the ledger has files of the feed, which the configuration may have no more; true as well
 * where it cannot be asked now, which the command itself finds. */
bool run_feed_known(const struct conf *conf, const char *feed);
/* Prints to standard output what the ledger knows, which is not written to. */
void run_status(const struct conf *conf, const struct run_status_options *options,
		struct run_result *result);

struct run_report_options {
	const char *feed; /* NULL: all */
	int64_t since_ms; /* files that were closed since then */
	enum report_format format;
};
/* Prints to standard output what was closed in a period; the ledger is not written to. */
void run_report(const struct conf *conf, const struct run_report_options *options,
		struct run_result *result);

/* Copies the ledger, while others may use it. */
void run_backup(const struct conf *conf, const char *path, struct run_result *result);
/* Copies the configured ledger into an empty one. to: PostgreSQL's URL, or "sqlite": the one in
 * state_dir. No run may be under way. */
void run_ledger_copy(const struct conf *conf, const char *to, struct run_result *result);

/* The program's version, and a line for each library: its version, or what cannot be done
 * without it. */
void run_version(struct df_buf *out);

/* ---- data plans ---- */

/* Describes a data plan: its points, and what of it is not enforced here (*missed: how many such
 * things). version 0: the only one there is. */
enum df_status run_plan_check(const char *path, uint32_t version, bool json, size_t *missed,
			      struct df_buf *out, struct df_err *err) DF_CHECK;

struct run_plan_fetch {
	const char *workspace, *plan, *client_id;
	const char *secret_file; /* NULL: $DROPFEED_CLIENT_SECRET */
	const char *api, *sso;   /* NULL: the platform's */
	const char *ca_file;     /* or NULL */
	uint32_t version;        /* 0: the whole plan */
};
/* A plan from the platform. conf NULL: there is none; else its state_dir keeps the token. */
enum df_status run_plan_fetch(const struct conf *conf, const struct run_plan_fetch *options,
			      struct df_buf *out, struct df_err *err) DF_CHECK;

#endif
