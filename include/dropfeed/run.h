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
 *	run_check_file	decode, read, map and batch one file; send nothing
 *	run_explain_line	the same, and keep what became of one line
 *	run_status	print what the ledger knows
 *	run_backup	copy the ledger
 *	run_ledger_copy	move the ledger to PostgreSQL, or back
 *	run_report	sum up a period
 *	run_doctor	try what a run needs
 *
 * Only this room knows all others. It logs what happens; the result says what the exit code is to
 * be.
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
	/* For a monitor: the result says what is unfinished, and rejected since then. 0: it does
	 * not. */
	int64_t health_since_ms;
};
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

/* ---- checking ---- */

struct run_fault { /* one thing wrong with one row */
	uint64_t row, line;
	const char *column; /* name, or "" */
	const char *code, *text;
};

struct run_check { /* of one document */
	/* document NULL when the file is it; event_type "" when unknown */
	const char *file, *document, *event_type;
	const char *unit; /* "batches", or what its rows become instead */
	uint64_t rows, accepted, rejected, skipped, events, batches, requests;
	uint64_t points; /* events are objects, then, and this is what the sink counts them as */
	struct df_err refused; /* code "" when it is not refused */
	const struct map_warning *warnings;
	size_t n_warnings;
};

/* fault: called for each fault while reading, in order. document: when a document, or a file
 * that has none, is through. */
struct run_check_events {
	void (*fault)(void *ctx, const struct run_fault *fault);
	void (*document)(void *ctx, const struct run_check *check);
	void (*skipped)(void *ctx, const char *file, const struct decode_skipped *entry);
};

struct run_check_options {
	const struct conf_feed *feed; /* its settings are used */
	bool encryption_by_name;
	uint32_t jobs; /* threads */
	const struct run_check_events *events;
	void *ctx; /* of the events */
};
/* Checks one local file. Adds to the result. */
void run_check_file(const char *path, const struct run_check_options *options,
		    struct run_result *result);

/* ---- the configuration ---- */

struct run_finding {
	const char *feed; /* NULL: it concerns [dropfeed] */
	const char *key;  /* the setting that it is about */
	/* of the configuration: the key's, or the section's where the key is not set */
	int line;
	bool warning; /* it may be as it should */
	const char *text;
};
typedef void run_finding_fn(void *ctx, const struct run_finding *finding);

/* Loads it; `found` is called for each mistake, with line 0 where it is not one of a line. secrets:
 * they are read as well. DF_OK: *out is the caller's (conf_free). */
enum df_status run_conf_load(const char *path, bool secrets, run_finding_fn *found, void *ctx,
			     struct conf **out) DF_CHECK;

/* What a call changes in a feed. */
struct run_feed_changes {
	const char *sink, *manifest, *plan; /* or NULL */
	const char *const *set;             /* KEY=VALUE */
	size_t n_set;
};
/* A copy of the feed, or of the defaults where it is NULL, with the changes. *out is the caller's
 * (conf_feed_free). */
enum df_status run_feed_view(const struct conf_feed *feed, const struct run_feed_changes *changes,
			     struct conf_feed **out, struct df_err *err) DF_CHECK;
struct run_init {
	const char *source, *feed; /* an URL; the section's name */
	const char *state_dir;     /* is made */
	bool whole;                /* the configuration has no [dropfeed] section yet */
};
/* A commented section for a source, with the host key that its server shows. */
enum df_status run_init(const struct run_init *what, struct df_buf *out,
			struct df_err *err) DF_CHECK;
/* NULL: there is none of that name. */
const struct conf_feed *run_conf_feed(const struct conf *conf, const char *name);
bool run_is_feed_name(const char *name); /* may a feed have it? */

/* Looks for mistakes that only show on this machine: folders that cannot be written to, keys and
 * certificates that are not there, an endpoint that is not the API key's, manifests that fit
 * nothing. Opens no connection. `found` is called for each. */
void run_conf_check(const struct conf *conf, run_finding_fn *found, void *ctx);

/* ---- doctor ---- */

enum run_tick_state { RUN_TICK_OK, RUN_TICK_WARNING, RUN_TICK_FAILED, RUN_TICK_SKIPPED };
struct run_tick {         /* one thing that a run needs */
	const char *feed; /* NULL: it concerns [dropfeed] */
	const char *name; /* "state_dir", "login", ... */
	enum run_tick_state state;
	const char *text; /* what was found; where it failed, what to do as well */
	int exit_code;    /* of a run for that reason alone; 0: it did not fail */
};
struct run_doctor_options {
	const char *path;         /* of the configuration */
	const char *const *feeds; /* names; none: all */
	size_t n_feeds;
	void (*tick)(void *ctx, const struct run_tick *t); /* called for each, in order */
	void *ctx;
};
/* Tries all of it, one after the other, each once: connects, logs in, lists, writes a small file
 * where a run writes, decrypts, asks the API whether the credentials are good. Sends no row, takes
 * no file, writes nothing to the ledger. */
void run_doctor(const struct run_doctor_options *options, struct run_result *result);

/* ---- explaining ---- */

struct run_explain {         /* what became of a line of a document */
	char *document;      /* own: the archive's entry, or NULL */
	char event_type[48]; /* "" when unknown */
	bool header;         /* the line is the header's */
	/* where the row starts, and its number; row 0: not known, or the header */
	uint64_t line, row;
	bool skipped; /* the manifest skips the row */
	bool sound;   /* its cells can be separated and are text */
	char *raw;    /* own: its bytes, or NULL when they are too many */
	size_t raw_len;
	struct rows_cell *cells; /* own; they point into cell_text */
	size_t n_cells;
	char *cell_text; /* own */
	/* own: a view of the feed, which the map borrows */
	struct conf_feed *feed;
	struct map *map;                         /* own: the columns' names */
	struct map_routes routes;                /* own; none where the header cannot be read */
	struct map_fault faults[MAP_MAX_FAULTS]; /* why the row is rejected */
	size_t n_faults;
	struct df_err refused;        /* the file or the document; text "" when it is not refused */
	struct map_warning *warnings; /* own: the document's */
	size_t n_warnings;
	uint64_t rows, rejected, batches, events; /* of the document */
	/* own: the one that the row is in, NULL when it is not sent */
	struct batch *batch;
	size_t at; /* which of the batch's rows it is, 0-based */
};

struct run_place { /* a line of a local file */
	const char *path;
	const char *entry; /* which document of an archive, or NULL */
	uint64_t line;
	bool encryption_by_name;
};
/* Explains it. DF_OK: *out is the caller's, whether the row would be delivered or not. DF_USAGE:
 * there is no such line, entry or file. */
enum df_status run_explain_line(const struct conf_feed *feed, const struct run_place *at,
				struct run_explain **out, struct df_err *err) DF_CHECK;
/* The document's columns: how many are named, and the name of one, 1-based. */
size_t run_explain_columns(const struct run_explain *x);
const char *run_explain_column(const struct run_explain *x, size_t column);
void run_explain_free(struct run_explain *x);

/* ---- a manifest for a foreign file ---- */

struct run_propose {
	/* its settings count; the proposed ones are set in it, to try them */
	struct conf_feed *feed;
	const char *path;       /* "-": standard input, of which the first 16 MiB are read */
	const char *event_type; /* NULL: as the file's name says */
	bool no_header, encryption_by_name;
};
/* Appends the proposal for the file's first document. DF_REJECT and DF_USAGE: there is none. */
enum df_status run_propose_file(const struct run_propose *r, struct df_buf *out,
				struct df_err *err) DF_CHECK;

#endif
