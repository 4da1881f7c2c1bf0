/* SPDX-License-Identifier: MIT */
/*
 * run_priv.h - taking a drop file through the ledger
 *
 *	run_feeds.c	`run`: all feeds at once
 *	run_left.c	files that earlier runs left unfinished
 *	run_pull.c	what is in a feed's source, and has settled
 *	run_arrive.c	files that were pulled are entered, small ones several at a time
 *	run_hand.c	files are handed to the workers, in their order
 *	run_retry.c	`retry`: what was refused or rejected is opened again
 *	run_retry_find.c	which that is
 *	run_reopened.c	documents that are opened again, and their reject files
 *	run_rejects.c	`rejects`: rejected rows, printed
 *	run_named.c	the files and documents that a command line names
 *	run_abandon.c	`abandon`
 *	run_anew.c	`restart` and `resend`
 *	run_choose.c	the files that these three name
 *	run_requests.c	`requests`: what became of subject requests
 *	run_prune.c	`prune`
 *	run_import.c	`import`: local files and standard input
 *	run_import_plain.c	the same without a ledger
 *	run_import_rejects.c	what the API rejected in that
 *	run_sink.c	the file that a document's batches are written to
 *	run_forecast.c	the forecast of `run --dry-run`
 *	run_result.c	what the exit code is
 *	run_session.c	what a run that delivers has open: lock, ledger, sender
 *	run_source.c	a source whose connection may break
 *	run_pool.c	the workers
 *	run_queue.c	which file is worked on next: order, parking
 *	run_file.c	a drop file, from decoding to the ledger's last word on it
 *	run_file_ledger.c	what the ledger knows of it
 *	run_after.c	what is done at the source afterwards: after_done, after_refused
 *	run_receipt.c	receipts, and the copies of reject files
 *	run_adopt.c	downloads of runs that were killed
 *	run_find.c	the bytes of a file that was pulled before
 *	run_spool.c	what crashes leave in the spool
 *	run_notices.c	who is to get notices, and gets them
 *	run_drift.c	columns that came and went
 *	run_watch.c	conditions of feeds
 *	run_renamed.c	feeds that had another name
 *	run_expect.c	what is expected of a feed; run_calendar.c: by when
 *	run_operate.c	what is done on every exit
 *	run_same.c	the same bytes in another file
 *	run_spent.c	files of the spool that are closed, until the disk knows it
 *	run_status.c	`status` and `backup`
 *	run_ledger.c	the ledger for reading, and `ledger copy`
 *	run_report.c	`report`
 *	run_local.c	the files that `import` is given
 *	run_plan.c	`plan`
 *	run_version.c	what `--version` says of libraries
 *	run_fleet.c	a feed's part of a run where hosts share the ledger
 *	run_gate.c	how many connections are open at the same time
 *	run_label.c	what the log calls a document
 *	run_document.h	one document, through the ledger: four files, which it lists
 */
#ifndef DROPFEED_RUN_PRIV_H
#define DROPFEED_RUN_PRIV_H

#include "dropfeed/document.h"
#include "dropfeed/fetch.h"
#include "dropfeed/progress.h"
#include "dropfeed/run.h"
#include "dropfeed/send.h"
#include "dropfeed/setup.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- a run ---- */

struct run_outcome { /* a feed's part */
	bool unfinished, denied;
	bool stopped;       /* by a wrong setting or an internal error */
	bool by_sink;       /* denied by what the feed delivers to, not at its source */
	uint64_t delivered; /* rows of the documents that were closed */
	int64_t looked_ms;  /* when its source was last listed; 0: not in this run */
	char text[sizeof(((struct df_err *)NULL)->text)]; /* why, in the words of the first error */
};

struct run { /* shared by the workers of a run */
	const struct conf *conf;
	struct document_env env; /* ledger and sender */
	struct run_pool *pool;   /* borrowed, or NULL */
	struct run_gate *gate;   /* borrowed, or NULL: bounds the connections to sources */
	const char *scratch;     /* folder for unnamed files */
	pthread_mutex_t lock;    /* of result */
	struct run_result *result;
	struct progress *progress;    /* borrowed, or NULL */
	struct run_outcome *outcomes; /* of each feed of conf, or NULL; under the lock */
	/* the pool's threads that have nothing to do: they may help with a document */
	atomic_uint spare;
	atomic_size_t first_parts; /* that are not through: see run_feed.h */
	struct run_spent *spent;   /* own: see run_spent.c; under the lock */
	bool spent_stays;          /* the ledger could not be synced; under the lock */
};

/* how long ids can be relied on: the API remembers them for 30 days or more, from when they came */
#define RUN_IDS_KEPT_DAYS 25
#define RUN_SMALL         (64u << 10) /* bytes of a file that takes longer to note than to read */

/* A file that the ledger has as closed: its place in the spool (NULL: it has none) is removed once
 * that is on the disk. */
void run_spent_add(struct run *run, const char *spool);
/* Removes those that the disk knows to be closed; for a worker that holds up no other one. */
void run_spent_sweep(struct run *run);
/* Whether there is something for run_spent_end to do. */
bool run_spent_any(struct run *run);
/* Brings to the disk that they are closed, and removes them. */
enum df_status run_spent_end(struct run *run, struct df_err *err) DF_CHECK;
/* At the end: what cannot be done is logged and noted, and those files stay for the next run. */
void run_spent_free(struct run *run);

struct run_file { /* a drop file in the spool, or local */
	const struct conf_feed *feed;
	char *name;  /* own: the drop file's */
	char *spool; /* own: path; NULL: fd is not a spool file */
	int fd;      /* own, open for reading; -1: open `spool` */
	char sha256[DF_SHA256_HEX];
	uint64_t size;     /* in the spool; 0: not known */
	int64_t mtime;     /* at the source, with the name its place among the feed's files */
	uint64_t idle;     /* the latest runs, in a row, in which it made no progress */
	int64_t ledger_id; /* 0: stateless */
	bool local;        /* an import brings it, which looked for the same bytes */
	bool fresh; /* entered in this run, and not checked yet: the ledger has no document of it */

	/* its worker's, while it is under way: */
	struct decode *decoded; /* own, or NULL */
	char *frozen;  /* own: its feed's settings of today, as stored; or NULL: see run_frozen */
	bool numbered; /* copy is known: its number among the files of the same bytes */
	uint64_t copy;
	/* Why documents of it that are not under way are refused; without text: they are not. */
	struct df_err barred;
	struct df_err why; /* why it is not finished */
	enum df_status st; /* of why */
	bool progressed;   /* in this run */
	bool denied;       /* its target refused access */
	/* own: its last document, all of which is settled, until it is closed; or NULL */
	struct run_delivery *delivery;
	uint32_t futile; /* attempts in a row without progress */

	/* the queue's, under the pool's lock: see run_queue.h */
	struct run_line *line;
	int stage; /* enum run_stage */
	bool passed, overtaken;
	/* of its first attempt without progress in this run, in turns; 0: none */
	uint64_t failed_at;
	uint64_t turn; /* of the last attempt to send it; 0: none */
	/* another host has an earlier file, since then: it is asked again after that; monotonic */
	int64_t held_from, held_until;
	struct run_file *next;
};
void run_file_free(struct run_file *f);

/* Decodes the file and checks its documents. DF_OK: f->decoded is ready to be sent. DF_END: it
 * is closed, there is nothing to send. Else the run is to leave it. */
enum df_status run_file_check(struct run *run, struct run_file *f, struct df_err *err) DF_CHECK;

/* Sends what was not settled yet of its documents. DF_OK: all is; with f->delivery it has yet to be
 * closed, else it is. parked: DF_RETRY came of its target, not of the file; f is to be tried again
 * in this run. f->progressed, denied and futile are set. */
enum df_status run_file_send(struct run *run, struct run_file *f, bool *parked,
			     struct df_err *err) DF_CHECK;
/* Closes a file with f->delivery. */
enum df_status run_file_close(struct run_file *f, struct df_err *err) DF_CHECK;

/* In a fleet: DF_END where an earlier file of its feed is under way on another host, DF_OK where
 * its turn has come; else it is not known. */
enum df_status run_file_waits(struct run *run, const struct run_file *f,
			      struct df_err *err) DF_CHECK;

/* Closes what it holds open; its life goes on. */
void run_file_rest(struct run_file *f);

/* Logs and notes that the next run goes on with it, and why. blame: so many runs without
 * progress the ledger is to count, in a row. */
void run_file_leave(struct run *run, struct run_file *f, unsigned blame);

/* Whether any document of the file was begun. */
enum df_status run_file_begun(struct run *run, int64_t ledger_id, bool *begun,
			      struct df_err *err) DF_CHECK;

/* A file sink is a file that all documents are added to, or a folder, where each document gets a
 * file, whose name no other document has: sets the feed's sink_path, sink_append and sink_apart.
 * identity: what the ids of the document's batches are made from. */
void run_sink_choose(const char *file, const char *identity, const struct decode_doc *doc,
		     struct conf_feed *feed);

/* The ledger as it is, for reading; NULL before the first run. */
enum df_status run_ledger_read(const struct conf *conf, struct ledger **out,
			       struct df_err *err) DF_CHECK;

/* Is something to be done at the source when a file is done, or refused? */
bool run_after_is_due(const struct conf_feed *feed, bool refused);

/* Says at ping_url that the run began: result->ping. */
void run_ping_start(const struct conf *conf, struct run_result *result);
/* Notes in the ledger, for later exits, what the run came to: run_operate.c */
void run_remember(const struct run *run, int64_t started_ms);

/* Enters that the feed's source was listed, beginning at that time. */
void run_note_looked(struct run *run, const struct conf_feed *feed, int64_t began_ms);
/* Enters what the feed's sink had to say: rows were delivered, or (0) it denied access. */
void run_note_sink(struct run *run, const struct conf_feed *feed, uint64_t delivered);
/* Enters what a feed's part came to, under the lock. */
void run_note(struct run *run, const struct conf_feed *feed, enum df_status st,
	      const struct df_err *why);

/* ---- the workers: run_pool.c ---- */

struct run_pool;
struct run_pool *run_pool_new(struct run *run, uint32_t jobs);

/* Takes f. */
void run_pool_put(struct run_pool *pool, struct run_file *f);
/* Waits, at most so long, until fewer files of the feed wait than should lie in the spool.
 * False: there is no room yet. */
bool run_pool_room(struct run_pool *pool, const struct conf_feed *feed, int64_t ms);
struct run_claim { /* a file of the feed's that may be claimed: see run_queue_may_claim */
	const char *name;
	int64_t mtime;
	bool first; /* of those that nobody has */
	bool ahead; /* of its turn: another host has an earlier one */
};
/* Waits, at most so long, until the file may be claimed. Then there is room for it, until
 * run_pool_claimed: it has been put, or was not claimed. claim: NULL: one that is claimed. */
bool run_pool_claim(struct run_pool *pool, const struct conf_feed *feed,
		    const struct run_claim *claim, int64_t ms);
void run_pool_claimed(struct run_pool *pool, const struct conf_feed *feed);
/* False: nothing more of the feed is delivered in this run. */
bool run_pool_takes(struct run_pool *pool, const struct conf_feed *feed);
/* While none of the feed's files is under way: whether one of them is left for the next run. */
bool run_pool_left(struct run_pool *pool, const struct conf_feed *feed);
/* Waits, at most so long, until more files of the feed are closed than *closed, which is brought
 * up to date, or none is under way any more. Returns how many are. */
size_t run_pool_rest(struct run_pool *pool, const struct conf_feed *feed, uint64_t *closed,
		     int64_t ms);
void run_pool_wait(struct run_pool *pool); /* until no file is under way */
void run_pool_free(struct run_pool *pool); /* waits */

/* The event type that a file's name says, or else the feed's document_type, "" where there is
 * none (a zip, whose entries have names of their own): the same bytes as users-session_start.csv
 * and as users-uninstall.csv are not the same rows. */
#define RUN_EVENT_TYPE_SIZE 48
void run_event_type(const struct conf_feed *feed, const char *name,
		    char event_type[RUN_EVENT_TYPE_SIZE]);

/* The same bytes in the same feed are delivered once (duplicates = skip) for each event type.
 * Looks for another file with the bytes and the event type of this one, entered before the file
 * of->before (0: any). DF_OK: it was delivered, *same is it. DF_RETRY (err untouched): it is not
 * finished, *same is it. DF_END: there is none. */
struct run_bytes { /* a file, as far as its name and bytes go */
	const char *name, *sha256;
	int64_t before;
};
enum df_status run_same_bytes(struct ledger *ledger, const struct conf_feed *feed,
			      const struct run_bytes *of, struct ledger_file *same,
			      struct df_err *err) DF_CHECK;
/* What a delivery elsewhere differs in, as far as it is stored; see ledger_bytes. Braze has no
 * environments. */
const char *run_same_environment(const struct conf_feed *feed);
/* A fingerprint of endpoint and key, or of the sink: ids are remembered there, and nowhere else. */
void run_target(const struct conf_feed *feed, char out[DF_SHA256_HEX]);
/* Where the rows of a file that is done are. */
enum run_place {
	RUN_PLACE_SAME,        /* where the feed's go today, as far as that is known */
	RUN_PLACE_TARGET,      /* at another endpoint, under another key, or in another sink */
	RUN_PLACE_ENVIRONMENT, /* in another environment, and maybe elsewhere as well */
};
enum run_place run_same_place(struct ledger *ledger, const struct conf_feed *feed, int64_t id);
/* The option of `dropfeed resend` that delivers them to where the feed's go today, with a blank
 * after it, or "": the stored settings have the former environment, and Braze, which knows no ids,
 * gets events with that option alone. */
const char *run_resend_how(const struct conf_feed *feed, enum run_place place);
/* Warns where the rows of `same`, which was delivered, may not be where those of the file of that
 * name would go today, or where a later file may have changed what they say of their users. */
void run_same_warn(struct ledger *ledger, const struct conf_feed *feed, const char *name,
		   const struct ledger_file *same);

#endif
