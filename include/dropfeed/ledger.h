/* SPDX-License-Identifier: MIT */
/*
 * ledger.h - the durable record: what came, what was begun, how far each lane got, what is done
 *
 *	struct ledger *l = NULL;
 *	ledger_open(state_dir, &l, &err);		SQLite, WAL, <state_dir>/ledger.db, 0600
 *	ledger_file_add(l, ...) -> id			after the download, before anything else
 *	ledger_document_begin(l, ...) -> id		identity before the side effect
 *	ledger_lanes_settled(l, id, steps, n, ...)	result after
 *	ledger_document_done / ledger_file_done
 *	ledger_close(l);
 *
 * One connection, safe to use from several threads. Each commit survives a kill. A power cut may
 * take the latest ones, in order, back to one that was synced to the disk: a document's SENDING or
 * REFUSED, before which nothing has left, and a file's end and cleanup, before its source is
 * touched. What was lost is done again: batches are sent under the same ids, and the API ignores
 * those that it has. So there is no sync for a request, and there are three for a file. All SQL is
 * in ledger_sql.h; PRAGMA user_version is the schema's version: an older ledger is migrated, a
 * newer one is refused.
 *
 * Paths below the state folder are stored relative to it, so that the folder may be moved; what is
 * read back is the whole path.
 */
#ifndef DROPFEED_LEDGER_H
#define DROPFEED_LEDGER_H

#include "dropfeed/base.h"

struct ledger;

enum ledger_state {
	LEDGER_PULLED = 1,
	LEDGER_CHECKED,
	LEDGER_SENDING,
	LEDGER_DONE,
	LEDGER_REFUSED,
	LEDGER_ABANDONED,
	LEDGER_LISTED /* in a fleet: known by name, size and time, not pulled yet */
};
const char *ledger_state_name(enum ledger_state s); /* "pulled", ... */

/* Nothing more is done with a file or a document in this state. */
static inline bool ledger_closes(enum ledger_state s)
{
	return s == LEDGER_DONE || s == LEDGER_REFUSED || s == LEDGER_ABANDONED;
}

/* What a drop file is known by. source: where it came from, without a password
 * (conf_source_name), or LEDGER_SOURCE_LOCAL; what 0.1 entered has none, and is found by the
 * rest. */
struct ledger_key {
	const char *feed, *source, *name;
	uint64_t size;
	int64_t mtime; /* Unix seconds */
};
#define LEDGER_SOURCE_LOCAL "local" /* imported */

struct ledger_file {
	int64_t id;
	char *feed, *name; /* own */
	char *source;      /* own; NULL: entered by 0.1 */
	uint64_t size;
	int64_t mtime; /* Unix seconds */
	char sha256[DF_SHA256_HEX];
	/* that its name says; "": a zip whose name has none; NULL: not known, entered by 0.1 */
	char *event_type;
	char *place; /* where its bytes are in the spool; NULL: entered by 0.1 */
	enum ledger_state state;
	int64_t pulled_ms, closed_ms; /* wall clock; closed_ms 0 while open */
	char *code, *text;            /* why it was refused, or NULL */
	bool cleanup_due;             /* after_done/after_refused has yet to be carried out */
	char *given_up;               /* own; why it was not, and will not be, or NULL */
	uint64_t attempts;            /* runs that worked on it */
	/* the latest ones of them, in a row, in which it made no progress */
	uint64_t idle;
};
void ledger_file_free(struct ledger_file *f); /* what it holds, not f itself */
static inline bool ledger_file_imported(const struct ledger_file *f)
{
	return f->source != NULL && strcmp(f->source, LEDGER_SOURCE_LOCAL) == 0;
}
/* the caller's, with all that it holds */
struct ledger_file ledger_file_dup(const struct ledger_file *f);

struct ledger_document {
	int64_t id;
	char *name; /* zip entry or NULL */
	char *event_type;
	enum ledger_state state;
	int64_t begun_ms, closed_ms;
	uint64_t rows, delivered, rejected, skipped, batches, events;
	/* why it was refused; else text is where its reject file is, or NULL */
	char *code, *text;
	char *settings;                 /* frozen settings (conf_feed_freeze) */
	char *manifest;                 /* frozen manifest or NULL */
	char *plan;                     /* frozen data plan or NULL */
	char *first_batch, *last_batch; /* source_request_ids, or NULL */
	/* a batch of it was taken, or may have been: the settings are fixed */
	bool taken;
	uint32_t batch_format; /* of its ids and layout, once it is taken; see batch.h */
	/* the dropfeed that began it, and sent its first batch; NULL: 0.1 */
	char *version;
	char *target;    /* the latest fingerprint of endpoint and key, or NULL */
	int64_t sent_ms; /* when a run last began to send it; 0: never */
};
void ledger_document_free(struct ledger_document *d);

struct ledger_reject { /* a row that the preflight accepted and that was not delivered */
	uint64_t row, line, offset, length;
	const char *message;
	/* "api-rejected", "api-unavailable", "abandoned", ...; NULL: api-rejected */
	const char *code;
	bool partly; /* a part of it was taken, and would count twice */
	/* Which of its parts were not taken, as "0,2,3": these alone are sent again. NULL or "":
	 * the sink takes a row as a whole. */
	const char *rest;
};

/* Where the ledger is. */
struct ledger_where {
	const char *state_dir; /* paths below it are stored relative to it */
	/* postgresql://...: the database that hosts share; NULL: SQLite, in state_dir */
	const char *url;
	const char *password; /* NULL: libpq's own ways, such as ~/.pgpass */
	const char *node;     /* this host's name in the fleet; NULL: its host name */
};
/* What it is called in messages: a path, or the URL without a password. The caller's. */
char *ledger_where_name(const struct ledger_where *where);
/* Whether this program can use PostgreSQL; its libpq's version, else NULL. */
const char *ledger_libpq(void);

enum df_status ledger_open_at(const struct ledger_where *where, struct ledger **out,
			      struct df_err *err) DF_CHECK;
/* For status: DF_END when there is no ledger yet. Never writes. */
enum df_status ledger_open_at_readonly(const struct ledger_where *where, struct ledger **out,
				       struct df_err *err) DF_CHECK;
/* The same for SQLite. */
enum df_status ledger_open(const char *state_dir, struct ledger **out, struct df_err *err) DF_CHECK;
enum df_status ledger_open_readonly(const char *state_dir, struct ledger **out,
				    struct df_err *err) DF_CHECK;
void ledger_close(struct ledger *l);

/* Copies all of a ledger into an empty one of the other kind, in one transaction; rows: how many.
 * DF_USAGE: both are of one kind, or `to` is not empty. DF_RETRY: hosts work with `from`, or a
 * database is away. */
enum df_status ledger_copy(struct ledger *from, struct ledger *to, uint64_t *rows,
			   struct df_err *err) DF_CHECK;

/* Several changes in one transaction, which is synced or not as a whole:
 *
 *	enum df_status st = ledger_enter(l, sync, err); (where it fails there is nothing to leave)
 *	return st == DF_OK ? ledger_leave(l, steps(l, ..., err), err) : st;
 *
 * ledger_leave commits when st is DF_OK, else takes everything back; it returns st, or what went
 * wrong with the commit. The ledger belongs to the thread from the one to the other: nothing slow
 * goes between them. What is entered inside another one becomes part of that, which has to be
 * synced where a part has to be. */
enum df_status ledger_enter(struct ledger *l, bool sync, struct df_err *err) DF_CHECK;
enum df_status ledger_leave(struct ledger *l, enum df_status st, struct df_err *err) DF_CHECK;

/* What was committed until now is on the disk once its mark is reached: after ledger_reach, or by
 * a synced change that came later. */
uint64_t ledger_mark(struct ledger *l);
bool ledger_reached(struct ledger *l, uint64_t mark); /* false, too, while a sync is under way */
enum df_status ledger_reach(struct ledger *l, uint64_t mark, struct df_err *err) DF_CHECK;

/* ---- listings: what fetch_settled needs to know ---- */
/* Remembers that the file was listed. first_ms gets when exactly that was first seen. */
enum df_status ledger_seen(struct ledger *l, const struct ledger_key *key, int64_t now_ms,
			   int64_t *first_ms, struct df_err *err) DF_CHECK;
/* Forgets names of the feed that were not listed since `since_ms`. */
enum df_status ledger_seen_forget(struct ledger *l, const char *feed, int64_t since_ms,
				  struct df_err *err) DF_CHECK;

/* ---- files ---- */
/* Finds the file that was last entered under this key; one that is not closed, whatever its
 * source: a feed's address may be written anew meanwhile. DF_END: unknown. */
enum df_status ledger_file_known(struct ledger *l, const struct ledger_key *key,
				 struct ledger_file *out, struct df_err *err) DF_CHECK;
/* The same for many, of which no more than the state is wanted; 0: unknown. */
enum df_status ledger_files_known(struct ledger *l, const struct ledger_key *keys, size_t n,
				  enum ledger_state *states, struct df_err *err) DF_CHECK;

/* A download that was begun and is not entered as a file: its bytes, or some of them, are at
 * `arrival` in the spool. */
struct ledger_pull {
	struct ledger_key key;
	const char *arrival;
};
/* Before the first byte of any of them is read: a source may remove what was read. Synced, all
 * in one transaction. */
enum df_status ledger_pulls_begin(struct ledger *l, const struct ledger_pull *v, size_t n,
				  struct df_err *err) DF_CHECK;
/* Nothing came of it. */
enum df_status ledger_pull_end(struct ledger *l, const char *feed, const char *arrival,
			       struct df_err *err) DF_CHECK;

struct ledger_new_file {
	struct ledger_key key;
	const char *sha256;
	const char *event_type; /* "": its name has none */
	const char *place;      /* its path in the spool, or NULL */
	const char *arrival;    /* of the download that ends with it, or NULL */
	bool only_here;         /* the source has it no more: no other host can bring its bytes */
	int64_t now_ms;
};
/* Enters a pulled file, and ends its download; *id is new. */
enum df_status ledger_file_add(struct ledger *l, const struct ledger_new_file *f, int64_t *id,
			       struct df_err *err) DF_CHECK;

/* Files of the feed with these bytes and this event type. */
struct ledger_bytes {
	const char *feed, *sha256, *event_type;
	int64_t before; /* only those entered before this file; 0: any */
	/* only those that were delivered, or are on their way, to this environment, as far as that
	 * is known; NULL: any */
	const char *environment;
};
/* Finds one that a row was delivered of, else one that is not closed. A closed file of which no
 * row was delivered is not found, whatever it holds. DF_END: there is none. */
enum df_status ledger_file_same(struct ledger *l, const struct ledger_bytes *bytes,
				struct ledger_file *out, struct df_err *err) DF_CHECK;
/* Finds the latest file of this feed and name but this one that is done and of which a row was
 * delivered. DF_END: no such file. */
enum df_status ledger_file_before(struct ledger *l, const char *feed, const char *name, int64_t but,
				  struct ledger_file *out, struct df_err *err) DF_CHECK;
/* Whether any file of the feed has, or had, these bytes. */
enum df_status ledger_bytes_known(struct ledger *l, const char *feed, const char *sha256,
				  bool *known, struct df_err *err) DF_CHECK;
/* Rows of reject files that were dropped again, by what document_reject_mark makes of them. */
enum df_status ledger_redropped_add(struct ledger *l, const char *feed, const uint64_t *marks,
				    size_t n, struct df_err *err) DF_CHECK;
enum df_status ledger_redropped(struct ledger *l, const char *feed, uint64_t mark, bool *known,
				struct df_err *err) DF_CHECK;
/* The file's number among those with the same bytes, 0 for the first: part of its ids. It is
 * drawn once and stored. counts_again: the rows are to arrive once more (duplicates = import),
 * so that the number must be a new one; else the file shares the number of an earlier one of its
 * event type. */
enum df_status ledger_file_copy(struct ledger *l, int64_t id, bool counts_again, uint64_t *copy,
				struct df_err *err) DF_CHECK;

struct ledger_outcome { /* of a file or a document */
	enum ledger_state state;
	/* for REFUSED: why; a document that is DONE: text is its reject file; else NULL */
	const char *code, *text;
	bool cleanup_due; /* of a file that closes, and was not imported */
	/* of a file that is done: whoever acts on that sees to ledger_reach first; else a change
	 * that closes a file is on the disk when it returns */
	bool later;
	int64_t now_ms;
};
/* Moves it on; a state that closes it sets closed_ms and cleanup_due. */
enum df_status ledger_file_state(struct ledger *l, int64_t id, const struct ledger_outcome *to,
				 struct df_err *err) DF_CHECK;
/* Closes it as refused. Documents of it that are open, and of which nothing was sent, are
 * forgotten: they are begun when it is taken up again. */
enum df_status ledger_file_refused(struct ledger *l, int64_t id, const struct ledger_outcome *to,
				   struct df_err *err) DF_CHECK;
/* Abandons one that is closed, refused, and counts it: the trigger counts what is being closed. */
enum df_status ledger_file_given_up(struct ledger *l, const struct ledger_file *f,
				    const struct ledger_outcome *to, struct df_err *err) DF_CHECK;
/* Its bytes are gone: closes it and all that is open of its documents, in one transaction. */
enum df_status ledger_file_lost(struct ledger *l, int64_t id, const struct ledger_outcome *to,
				struct df_err *err) DF_CHECK;
/* What was due at the source is done, or given_up says why it never will be. */
enum df_status ledger_file_cleaned(struct ledger *l, int64_t id, const char *given_up,
				   struct df_err *err) DF_CHECK;
/* A run is through with it for now: counts the attempt. idle: what it adds to the runs without
 * progress, 0: it made some. */
enum df_status ledger_file_tried(struct ledger *l, int64_t id, unsigned idle,
				 struct df_err *err) DF_CHECK;

struct ledger_skipped { /* an entry of a zip that is not taken */
	const char *name, *why;
	bool csv; /* it holds CSV, so somebody may miss it */
};
/* The file's skipped entries, in place of those noted before. */
enum df_status ledger_file_skips(struct ledger *l, int64_t id, const struct ledger_skipped *entries,
				 size_t n, struct df_err *err) DF_CHECK;

/* ---- documents ---- */
struct ledger_new_document {
	int64_t file_id;
	const char *name; /* NULL: the file is the document */
	const char *event_type;
	const char *settings, *manifest, *plan; /* manifest and plan may be NULL */
	const char *version;
	int64_t now_ms;
	/* of a packed or encrypted file, a hash of what the document holds; NULL: the file is it */
	const char *content;
	const char *environment; /* see ledger_bytes */
};
/* Finds or makes the document (file, name); a new one is PULLED, with begun_ms now. As long as
 * nothing of it was taken the settings and version are the ones given, afterwards those it was
 * taken with. Either way *out is what the ledger holds. */
enum df_status ledger_document_begin(struct ledger *l, const struct ledger_new_document *d,
				     struct ledger_document *out, struct df_err *err) DF_CHECK;
/* Finds the document (file, name). DF_END: there is none. */
enum df_status ledger_document_known(struct ledger *l, int64_t file_id, const char *name,
				     struct ledger_document *out, struct df_err *err) DF_CHECK;
/* Finds a document of the feed with the same name and event type that is done, of which a row
 * was delivered, from another file that was entered before it: with the same bytes, or of the same
 * name, where the latest document of that name holds the same. *file is that one. DF_END: there is
 * none, or the rows of d's file are to count again (ledger_anew). */
enum df_status ledger_document_done_before(struct ledger *l, const struct ledger_new_document *d,
					   struct ledger_file *file, struct df_err *err) DF_CHECK;
/* The same for a document that is not of the same name: it holds the same. */
enum df_status ledger_document_alike(struct ledger *l, const struct ledger_new_document *d,
				     struct ledger_file *file, struct df_err *err) DF_CHECK;

struct ledger_checked { /* what a preflight found */
	uint64_t rows, rejected, skipped;
	uint64_t batches, events; /* to come; 0: not counted yet */
	bool redropped;           /* it is a reject file */
};
/* After the preflight; state CHECKED. */
enum df_status ledger_document_checked(struct ledger *l, int64_t id,
				       const struct ledger_checked *found,
				       struct df_err *err) DF_CHECK;

struct ledger_taking {
	uint32_t batch_format;
	const char *version, *target;
	const char *settings, *manifest, *plan;
	int64_t now_ms;
};
/* Before the first request goes out: from now on a batch may have been taken, under these
 * settings. State SENDING; synced. It was checked, and nothing of it was taken before. */
enum df_status ledger_document_taken(struct ledger *l, int64_t id, const struct ledger_taking *t,
				     struct df_err *err) DF_CHECK;
/* Every request was answered, and none of its batches was taken: as long as no lane got
 * anywhere, settings count anew. */
enum df_status ledger_document_untaken(struct ledger *l, int64_t id, struct df_err *err) DF_CHECK;
/* A later run begins to send the rest of it. */
enum df_status ledger_document_resumed(struct ledger *l, int64_t id, const char *target,
				       int64_t now_ms, struct df_err *err) DF_CHECK;
/* state SENDING, DONE, REFUSED or ABANDONED. DONE and ABANDONED fail with DF_FATAL when rows !=
 * delivered + rejected + skipped. */
enum df_status ledger_document_state(struct ledger *l, int64_t id, const struct ledger_outcome *to,
				     struct df_err *err) DF_CHECK;
/* Notes, before the file is there, where the open document's reject file will be: its text.
 * Synced. DF_END: another open document has that path. */
enum df_status ledger_document_rejects(struct ledger *l, int64_t id, const char *path,
				       struct df_err *err) DF_CHECK;
/* Whether a later document has the path of this one's reject file: that was moved away or removed,
 * and what is there is not this one's. */
enum df_status ledger_rejects_later(struct ledger *l, int64_t id, bool *later,
				    struct df_err *err) DF_CHECK;
#define LEDGER_REASON_LINES 3
/* why rows were rejected: each row counts for its first reason */
struct ledger_reason {
	const char *code, *column; /* column "": the row as a whole */
	uint64_t rows;
	uint64_t lines[LEDGER_REASON_LINES]; /* where the first ones start; 0: there are no more */
};
/* The document's reasons, in place of those noted before. */
enum df_status ledger_document_reasons(struct ledger *l, int64_t id, const struct ledger_reason *v,
				       size_t n, struct df_err *err) DF_CHECK;
struct ledger_times { /* of a document's events */
	bool any;
	int64_t first_ms, last_ms;
};
/* What a document's data plan does not allow, at one place. */
struct ledger_finding {
	const char *code, *text; /* code: "unplanned" or "plan-invalid" */
	uint64_t rows;
};
/* What receipts and `report` say, before the document is DONE. */
struct ledger_facts {
	const char *first_batch, *last_batch; /* ids; NULL: as they were stored before */
	uint64_t batches, events;             /* 0 batches: as they were stored before */
	struct ledger_times times;            /* none: as they were stored before */
	int64_t sending_ms;                   /* that this run was sending it; is added */
	double pace;                          /* batches a second, at most; 0: without a limit */
	/* in place of those noted before; findings NULL: as they were stored before */
	const struct ledger_finding *findings;
	size_t n_findings;
};
enum df_status ledger_document_facts(struct ledger *l, int64_t id, const struct ledger_facts *facts,
				     struct df_err *err) DF_CHECK;
struct ledger_request { /* a row that is in a subject request that was taken */
	uint64_t row, line;
	const char *id;
	bool known;        /* the service had it before */
	const char *state; /* "pending", ...; what is entered is pending */
	const char *due;   /* when it is expected to be carried out, or NULL */
	int64_t at_ms;     /* of the state */
};
struct ledger_settled { /* how far a lane got */
	uint32_t lane;
	uint64_t done;           /* its first batches */
	uint64_t rows_delivered; /* in this step, as are the rejects */
	const struct ledger_reject *rejects;
	size_t n_rejects;
	const struct ledger_request *requests;
	size_t n_requests;
	/* `done` as it was last read, or stored by this process; from anything else it fails */
	uint64_t was;
};
/* Stores a document's steps, one for a lane, in one transaction: progress, rows delivered, rows
 * rejected. */
enum df_status ledger_lanes_settled(struct ledger *l, int64_t id,
				    const struct ledger_settled *steps, size_t n,
				    struct df_err *err) DF_CHECK;
/* What is sent next must not be sent twice. */
struct ledger_sending {
	uint32_t lane;
	/* before it is sent: batches of the lane before this one may be taken from now on; after it
	 * came back: those from this one on were not */
	uint64_t upto;
	bool sync; /* with all that was noted before */
};
enum df_status ledger_lane_sending(struct ledger *l, int64_t id, const struct ledger_sending *s,
				   struct df_err *err) DF_CHECK;
/* Fills upto[0..lanes) with that, 0 where there is none: batches from the lane's progress to it may
 * have been taken, and no answer says whether they were. */
enum df_status ledger_lanes_sent(struct ledger *l, int64_t id, uint64_t *upto, uint32_t lanes,
				 struct df_err *err) DF_CHECK;
/* The same of rows that are sent again: before it, they count as delivery-unknown; synced. After
 * they came back, they are to be sent again. */
enum df_status ledger_again_sending(struct ledger *l, int64_t document_id, const uint64_t *rows,
				    size_t n, bool back, struct df_err *err) DF_CHECK;
/* Fills done[0..lanes) with each lane's progress, 0 where there is none. */
enum df_status ledger_lanes(struct ledger *l, int64_t id, uint64_t *done, uint32_t lanes,
			    struct df_err *err) DF_CHECK;

/* ---- endpoints and keys ---- */
struct ledger_api {            /* wall clock, 0: never */
	int64_t success_ms;    /* the latest success */
	int64_t not_before_ms; /* the API asked not to be called before */
};
/* What is known under the fingerprint; zeros where nothing is. */
enum df_status ledger_api_known(struct ledger *l, const char *fingerprint, struct ledger_api *out,
				struct df_err *err) DF_CHECK;
/* A success_ms that is earlier than the one that is stored changes nothing of that. */
enum df_status ledger_api_note(struct ledger *l, const char *fingerprint,
			       const struct ledger_api *api, struct df_err *err) DF_CHECK;

/* Text about batches that failed alone there; *out: the caller's, NULL where there is none. */
enum df_status ledger_api_suspects(struct ledger *l, const char *fingerprint, char **out,
				   struct df_err *err) DF_CHECK;
enum df_status ledger_api_suspect(struct ledger *l, const char *fingerprint, const char *text,
				  struct df_err *err) DF_CHECK;

/* ---- what was closed in a period ---- */
struct ledger_period {
	const char *feed; /* NULL: all */
	int64_t since_ms; /* files that were closed since then; more than 0 */
};
struct ledger_closed { /* a document of a file that was closed, or the file alone */
	int64_t file_id;
	const char *feed, *file;
	enum ledger_state file_state;
	const char *file_code, *file_text; /* why it was refused, or NULL */
	uint64_t size;
	int64_t pulled_ms, file_closed_ms;
	int64_t document_id; /* 0: the file has none; what follows is empty then */
	const char *event_type, *code;
	enum ledger_state state;
	uint64_t rows, delivered, rejected, skipped, batches, events;
	int64_t begun_ms, closed_ms;
	struct ledger_times times;
	int64_t sending_ms;
	double pace;
};
typedef enum df_status (*ledger_each_closed)(void *ctx, const struct ledger_closed *c,
					     struct df_err *err);
/* In the order in which the files were closed; the documents of a file follow each other. `each`
 * must not call back into the ledger. */
enum df_status ledger_period_files(struct ledger *l, const struct ledger_period *p,
				   ledger_each_closed each, void *ctx, struct df_err *err) DF_CHECK;
struct ledger_cause { /* why rows were rejected, or what a data plan does not allow */
	const char *feed, *code;
	const char *where; /* a column, "": none; of a plan: its finding */
	uint64_t rows, documents;
};
typedef enum df_status (*ledger_each_cause)(void *ctx, const struct ledger_cause *c,
					    struct df_err *err);
/* By feed; those of most rows first. Likewise. */
enum df_status ledger_period_reasons(struct ledger *l, const struct ledger_period *p,
				     ledger_each_cause each, void *ctx,
				     struct df_err *err) DF_CHECK;
enum df_status ledger_period_findings(struct ledger *l, const struct ledger_period *p,
				      ledger_each_cause each, void *ctx,
				      struct df_err *err) DF_CHECK;

/* ---- subject requests ---- */
typedef enum df_status (*ledger_each_request)(void *ctx, const struct ledger_request *r,
					      struct df_err *err);
/* The document's rows in requests, by row number. `each` may call back into the ledger. */
enum df_status ledger_requests(struct ledger *l, int64_t document_id, ledger_each_request each,
			       void *ctx, struct df_err *err) DF_CHECK;
/* What the service says of one by now; its state, due (NULL: as before) and at_ms count. */
enum df_status ledger_request_state(struct ledger *l, int64_t document_id,
				    const struct ledger_request *now, struct df_err *err) DF_CHECK;
struct ledger_request_count {
	char state[24];
	uint64_t requests, known; /* known: those among them that the service had before */
};
/* By state; *n: how many there may be, then how many there are. */
enum df_status ledger_request_counts(struct ledger *l, int64_t document_id,
				     struct ledger_request_count *v, size_t *n,
				     struct df_err *err) DF_CHECK;

/* How often a service may be called. */
struct ledger_limit {
	int64_t span_ms;
	uint64_t most;
	bool made; /* new requests alone count, not calls of any kind */
};
struct ledger_spending {
	const char *fingerprint; /* of endpoint and key */
	uint64_t calls, made;    /* that are about to be done */
	const struct ledger_limit *limits;
	size_t n_limits;
	int64_t now_ms;
};
/* Enters them, unless a limit would be passed within any span of its length: then nothing is
 * entered, *wait_ms is when to ask again, and *limit, which. Else *wait_ms is 0. */
enum df_status ledger_spend(struct ledger *l, const struct ledger_spending *s, int64_t *wait_ms,
			    size_t *limit, struct df_err *err) DF_CHECK;

/* ---- counters that never go back ---- */
/* Of a feed: LEDGER_ARRIVAL, "files_done", "files_refused", "files_abandoned", "rows_delivered",
 * "rows_rejected", "rows_skipped", "batches", LEDGER_THROTTLED; LEDGER_EXPECTING and LEDGER_PLACE,
 * which count nothing. Of the program, as feed "": the LEDGER_RUN_* of the latest `run`. Those
 * without a name here are kept by the ledger itself. */
#define LEDGER_ARRIVAL      "arrival_ms"     /* of the latest file */
#define LEDGER_THROTTLED    "throttled"      /* answers 429 */
#define LEDGER_EXPECTING    "expecting_ms"   /* since when something is expected of the feed */
#define LEDGER_PLACE        "place"          /* where the feed delivered to, as a number */
#define LEDGER_RUN_MS       "run_ms"         /* when the latest run ended */
#define LEDGER_RUN_SUCCESS  "run_success_ms" /* when one last ended with exit code 0 */
#define LEDGER_RUN_EXIT     "run_exit"
#define LEDGER_RUN_DURATION "run_duration_ms"
enum df_status ledger_tally_add(struct ledger *l, const char *feed, const char *name, int64_t value,
				struct df_err *err) DF_CHECK;
enum df_status ledger_tally_set(struct ledger *l, const char *feed, const char *name, int64_t value,
				struct df_err *err) DF_CHECK;
struct ledger_tally {
	const char *feed, *name;
	int64_t value;
};
/* DF_END: there is none. */
enum df_status ledger_tally_get(struct ledger *l, const char *feed, const char *name, int64_t *out,
				struct df_err *err) DF_CHECK;
typedef enum df_status (*ledger_each_tally)(void *ctx, const struct ledger_tally *t,
					    struct df_err *err);
/* In the order of feed and name. */
enum df_status ledger_tallies(struct ledger *l, ledger_each_tally each, void *ctx,
			      struct df_err *err) DF_CHECK;
/* For each feed with files that are not closed: their number as "open_files", and when the oldest
 * came as "oldest_ms". */
enum df_status ledger_open_files(struct ledger *l, ledger_each_tally each, void *ctx,
				 struct df_err *err) DF_CHECK;

/* When the feed's files came that came after `after_ms`, in order: *out is the caller's. Reject
 * files that were dropped again do not count: nothing new came in them. */
enum df_status ledger_arrivals(struct ledger *l, const char *feed, int64_t after_ms, int64_t **out,
			       size_t *n, struct df_err *err) DF_CHECK;
/* When the last of them came, up to `until_ms`. DF_END: none did. */
enum df_status ledger_arrival_last(struct ledger *l, const char *feed, int64_t until_ms,
				   int64_t *out, struct df_err *err) DF_CHECK;
struct ledger_recent {
	const char *feed, *event_type;
	int64_t but; /* a document that does not count */
};
/* The numbers of rows of the feed's latest documents of this event type that passed their check.
 * *n: how many there may be, then how many there are. */
enum df_status ledger_recent_rows(struct ledger *l, const struct ledger_recent *which,
				  uint64_t *rows, size_t *n, struct df_err *err) DF_CHECK;

/* ---- the columns of a feed's documents ---- */
struct ledger_header {
	const char *feed, *event_type;
	const char *shape;        /* of the document's name: what differs from day to day apart */
	const char *const *names; /* of its columns, sorted by strcmp, each once */
	size_t n;
	int64_t now_ms;
};
struct ledger_drift {        /* against the last document of this shape, or else of the feed */
	char **came, **went; /* own: names */
	size_t n_came, n_went;
};
void ledger_drift_free(struct ledger_drift *d); /* what it holds */
/* Compares them and remembers them. Nothing came or went where the feed had no document yet. */
enum df_status ledger_header_note(struct ledger *l, const struct ledger_header *h,
				  struct ledger_drift *out, struct df_err *err) DF_CHECK;

/* ---- conditions of a feed, and what is to be reported ---- */
struct ledger_condition {
	const char *feed;
	const char *name;    /* "missing", "unfinished", "denied" */
	const char *subject; /* distinguishes those of one name; "" */
	const char *text;    /* of the one that is raised */
	int64_t now_ms;
};
/* The condition holds, or no longer does. Where that is new, a notice is entered in the same
 * transaction ("recovered" when it ended), and *changed is set. */
enum df_status ledger_condition_raise(struct ledger *l, const struct ledger_condition *c,
				      bool *changed, struct df_err *err) DF_CHECK;
enum df_status ledger_condition_clear(struct ledger *l, const struct ledger_condition *c,
				      bool *changed, struct df_err *err) DF_CHECK;

typedef enum df_status (*ledger_each_condition)(void *ctx, const struct ledger_condition *c,
						struct df_err *err);
/* Those that hold, by feed and name; now_ms is since when. feed NULL: all feeds. */
enum df_status ledger_conditions(struct ledger *l, const char *feed, ledger_each_condition each,
				 void *ctx, struct df_err *err) DF_CHECK;

enum ledger_way { LEDGER_BY_COMMAND = 1, LEDGER_BY_WEBHOOK = 2 }; /* of reporting */
struct ledger_notice { /* a change of state; the texts are own */
	int64_t id;
	char *feed;
	char *event;       /* done refused rejects missing unfinished denied recovered */
	char *file;        /* or NULL */
	char *condition;   /* recovered: from what; or NULL */
	char *text, *code; /* why, or NULL */
	int64_t since_ms, made_ms;
	unsigned due; /* enum ledger_way: who has yet to get it */
	/* of the file */
	uint64_t rows, delivered, rejected, skipped;
};
void ledger_notice_free(struct ledger_notice *n); /* what it holds */
/* The first one with a greater id than `after`. DF_END: there is none. */
enum df_status ledger_notice_next(struct ledger *l, int64_t after, struct ledger_notice *out,
				  struct df_err *err) DF_CHECK;
/* These ways have it, or do not want it. What is left may be tried by whoever looks next, another
 * host, too. */
enum df_status ledger_notice_done(struct ledger *l, int64_t id, unsigned ways,
				  struct df_err *err) DF_CHECK;
enum df_status ledger_notices_forget(struct ledger *l, struct df_err *err) DF_CHECK; /* all */

/* ---- once more: after a cause outside the file was repaired ---- */
struct ledger_reopen {
	int64_t document;  /* refused, or done with rows that the API rejected */
	bool keep_rejects; /* its reject file is to stay as it is: a new one gets another name */
	bool unknown;      /* of its rows those that are delivery-unknown, and no others */
};
/* Opens a closed file again, in one transaction: it is PULLED. A refused document is forgotten,
 * for nothing of it was sent and today's settings are to count; where that was because of
 * lost-bytes or keeps-crashing it goes on where it was. One that is done becomes SENDING, with
 * every row that the API rejected to be sent again, as far as it was not taken; its text still says
 * where its reject file is, or NULL. Its other documents stay as they are. */
enum df_status ledger_reopen(struct ledger *l, int64_t file_id,
			     const struct ledger_reopen *documents, size_t n,
			     struct df_err *err) DF_CHECK;
struct ledger_again_row {
	uint64_t row;
	char *rest; /* own; of its parts: see ledger_reject */
};
struct ledger_again_rows {
	struct ledger_again_row *v; /* own; in order */
	size_t n;
};
/* The rows that have yet to be sent again: those that are delivery-unknown, or the others. */
enum df_status ledger_again(struct ledger *l, int64_t document_id, bool unknown,
			    struct ledger_again_rows *out, struct df_err *err) DF_CHECK;
void ledger_again_rows_free(struct ledger_again_rows *rows); /* what it holds */
/* Rows of which an earlier run says that they were being sent again are delivery-unknown, and not
 * sent again any more. */
enum df_status ledger_again_doubt(struct ledger *l, int64_t document_id, const char *message,
				  struct df_err *err) DF_CHECK;
struct ledger_again { /* what became of some of them */
	const uint64_t *delivered;
	size_t n_delivered;
	const struct ledger_reject *rejects; /* rejected again */
	size_t n_rejects;
	const struct ledger_request *requests;
	size_t n_requests;
};
/* Stores it in one transaction. */
enum df_status ledger_again_settled(struct ledger *l, int64_t document_id,
				    const struct ledger_again *step, struct df_err *err) DF_CHECK;

/* ---- no dead ends ---- */
/* Closes an open document as ABANDONED: its rows that were neither delivered nor skipped count
 * as rejected. text: its reject file, or NULL. Synced. */
enum df_status ledger_document_abandon(struct ledger *l, int64_t id, const char *text,
				       int64_t now_ms, struct df_err *err) DF_CHECK;
/* Opens a file again, in one transaction: it is PULLED, and its documents that are not done are
 * forgotten, with their progress. all: those that are done as well, and new ids are drawn, under
 * which every row counts again: it is not a duplicate of anything from then on. */
enum df_status ledger_anew(struct ledger *l, int64_t file_id, bool all,
			   struct df_err *err) DF_CHECK;
/* Opens a file again, in one transaction: its documents that are done and that are named here
 * become SENDING, under their stored settings, as if nothing of them had been sent. DF_FATAL:
 * one of them is not done, or was pruned. */
enum df_status ledger_resend(struct ledger *l, int64_t file_id,
			     const struct ledger_reopen *documents, size_t n,
			     struct df_err *err) DF_CHECK;
/* What a file's documents had come to before ledger_resend opened them. */
struct ledger_former {
	uint64_t rows, delivered, rejected;
};
/* The sum of such documents that are open. DF_END: none is. */
enum df_status ledger_resend_open(struct ledger *l, int64_t file_id, struct ledger_former *sum,
				  struct df_err *err) DF_CHECK;
/* Gives that up, in one transaction, and closes the file: documents that it opened, and that are
 * not closed yet, are DONE again as they were; *sum is of these. DF_END: the file has no such
 * document. */
enum df_status ledger_resend_end(struct ledger *l, int64_t file_id, const struct ledger_outcome *to,
				 struct ledger_former *sum, struct df_err *err) DF_CHECK;
/* Forgets what only details of a closed file are: rejected rows, reasons, lanes, settings, the
 * paths of reject files. Names, hashes and counts stay, so that duplicates stay known. */
enum df_status ledger_prune(struct ledger *l, int64_t file_id, struct df_err *err) DF_CHECK;
/* Forgets the manifests that no document has any more; *n is how many. */
enum df_status ledger_prune_manifests(struct ledger *l, uint64_t *n, struct df_err *err) DF_CHECK;
/* Copies the ledger in state_dir, as of one instant, to `path`, while others may read and write
 * it: mode 0600, through a temporary name beside it; a file of that name is replaced. DF_USAGE:
 * there is no ledger, or `path` is the ledger. */
enum df_status ledger_backup(const char *state_dir, const char *path, struct df_err *err) DF_CHECK;

/* ---- a fleet: hosts that share a ledger in PostgreSQL ---- */

/* What the other hosts get to know of this one. */
struct ledger_host {
	const char *version;
	uint32_t batch_format; /* what it begins files under ... */
	uint32_t older_format; /* ... and what else it can go on with */
	const char *config;    /* a hash of what hosts should have in common */
};
/* This process takes part: from now on it changes no file that it has not claimed, and each change
 * checks that it still has it ("taken over by NODE", DF_RETRY). What it claims is renewed by a
 * thread until ledger_part, which releases all. With SQLite nothing happens, and all that follows
 * succeeds at once. The state folder's lock is held by this process. */
enum df_status ledger_join(struct ledger *l, const struct ledger_host *host,
			   struct df_err *err) DF_CHECK;
void ledger_part(struct ledger *l);
bool ledger_shared(const struct ledger *l); /* it takes part in a fleet */

/* The code of errors that say no more than that the database went away, or that a lease ran out
 * meanwhile: the same may be tried again. */
#define LEDGER_UNREACHABLE "ledger-unreachable"

struct ledger_claimed {
	enum ledger_state state; /* of the file, when it was claimed */
	uint64_t crashes;        /* so many holders in a row went down without progress */
};
#define LEDGER_CRASHES_MAX 5
/* Claims the file. DF_END: another host works on it, or alone has its bytes. Until ledger_taken,
 * later files of the feed wait for it in this process, too: its bytes may have to be brought. */
enum df_status ledger_claim(struct ledger *l, int64_t file, struct ledger_claimed *out,
			    struct df_err *err) DF_CHECK;
void ledger_taken(struct ledger *l, int64_t file);
/* Done with it for now. again: it is a candidate as before; else not for this process. */
void ledger_release(struct ledger *l, int64_t file, bool again);
/* Another host has it now. */
bool ledger_is_lost(struct ledger *l, int64_t file);
/* Whether it may go on with the file, and for how long; asks nobody. DF_RETRY: it may not. */
enum df_status ledger_held(struct ledger *l, int64_t file, int64_t *left_ms,
			   struct df_err *err) DF_CHECK;

/* Claims listing the feed's source. DF_END: another host does it. */
enum df_status ledger_scan_claim(struct ledger *l, const char *feed, struct df_err *err) DF_CHECK;
enum ledger_scan {
	LEDGER_SCAN_ENDED, /* whoever listed the source last is through */
	LEDGER_SCAN_HELD,  /* another process does so now */
	LEDGER_SCAN_LOST,  /* it did not come to an end: nothing is heard of it any more */
};
enum df_status ledger_scan_state(struct ledger *l, const char *feed, enum ledger_scan *out,
				 struct df_err *err) DF_CHECK;
void ledger_scan_release(struct ledger *l, const char *feed);
/* Enters a file that is to be pulled by whoever claims it; one that is known is left alone. What
 * was listed of it in another size or time is removed, unless another process is at it. */
enum df_status ledger_file_list(struct ledger *l, const struct ledger_new_file *f,
				struct df_err *err) DF_CHECK;
/* A listed file was pulled. */
enum df_status ledger_file_pulled(struct ledger *l, int64_t id, const struct ledger_new_file *f,
				  struct df_err *err) DF_CHECK;
/* It went away before anybody had pulled it. */
enum df_status ledger_file_unlist(struct ledger *l, int64_t id, struct df_err *err) DF_CHECK;

/* What this process may do at a key that the hosts share. */
struct ledger_pace {
	double share;     /* of what the key allows, 0..1 */
	double others;    /* batches that the others sent in the last second */
	int64_t pause_ms; /* one of them was asked to be silent for so long */
};
struct ledger_paced {
	const char *key;    /* a fingerprint */
	uint64_t sent;      /* batches, by this process, in the last second */
	int64_t silence_ms; /* that the API asked for; 0: none */
	double
	    wants; /* of what the key allows, 0..1; 0: nothing now, but it may soon be its turn */
};
/* Asks nobody: a thread publishes and looks several times a second. Nothing is known at first, and
 * when the ledger was not heard of for as long as a part is granted: then the share is 0. */
void ledger_paces(struct ledger *l, const struct ledger_paced *mine, struct ledger_pace *out);

/* Whether another host has ever taken part. */
enum df_status ledger_several_hosts(struct ledger *l, bool *several, struct df_err *err) DF_CHECK;

/* Keeps the bytes of the document's reject file, for whoever asks another host; in place of those
 * from before. path NULL: there is none. A file of more than that is not kept. */
#define LEDGER_REJECT_FILE_MAX (UINT64_C(64) << 20)
enum df_status ledger_reject_file_keep(struct ledger *l, int64_t document, const char *path,
				       struct df_err *err) DF_CHECK;
/* Writes them. DF_END: none are kept. */
enum df_status ledger_reject_file_fetch(struct ledger *l, int64_t document, int fd,
					struct df_err *err) DF_CHECK;

/* A file that was begun by another version, which lays batches out in a way that this process does
 * not know; it leaves the file alone. */
struct ledger_foreign {
	const char *name, *version;
	uint32_t batch_format;
};
typedef enum df_status (*ledger_each_foreign)(void *ctx, const struct ledger_foreign *f,
					      struct df_err *err);
/* Of the feed, those that nobody works on now. */
enum df_status ledger_foreign(struct ledger *l, const char *feed, ledger_each_foreign each,
			      void *ctx, struct df_err *err) DF_CHECK;

struct ledger_node {
	const char *name, *version, *config;
	uint32_t batch_format;
	int64_t seen_ago_ms;
	uint64_t files; /* that it holds */
};
typedef enum df_status (*ledger_each_node)(void *ctx, const struct ledger_node *n,
					   struct df_err *err);
/* Those of the last day; none with SQLite. */
enum df_status ledger_nodes(struct ledger *l, ledger_each_node each, void *ctx,
			    struct df_err *err) DF_CHECK;
/* Whether the configurations of those that were noted differ; all zero at first. */
struct ledger_configs {
	char first[DF_SHA256_HEX];
	bool differ;
};
void ledger_configs_note(struct ledger_configs *c, const struct ledger_node *n);

/* ---- reading back ---- */
/* Each calls `each` for every row, in order of id (rejects: by row number); a status other than
 * DF_OK ends the walk and is returned. feed NULL: all feeds. What `each` gets is borrowed. */
typedef enum df_status (*ledger_each_file)(void *ctx, const struct ledger_file *f,
					   struct df_err *err);
typedef enum df_status (*ledger_each_document)(void *ctx, const struct ledger_document *d,
					       struct df_err *err);
typedef enum df_status (*ledger_each_reject)(void *ctx, const struct ledger_reject *r,
					     struct df_err *err);
enum df_status ledger_files(struct ledger *l, const char *feed, bool open_only,
			    ledger_each_file each, void *ctx,
			    /* open_only: not closed, or cleanup_due */
			    struct df_err *err) DF_CHECK;
/* In a fleet: the feed's open files that nobody holds and that this process knows nothing of yet,
 * in the order in which they came to rest. */
enum df_status ledger_candidates(struct ledger *l, const char *feed, ledger_each_file each,
				 void *ctx, struct df_err *err) DF_CHECK;
/* In a fleet: whether an earlier file of the feed is not through, which another host has, or nobody
 * yet, or which this one has claimed and not taken up. */
enum df_status ledger_file_waits(struct ledger *l, int64_t id, bool *waits,
				 struct df_err *err) DF_CHECK;
struct ledger_latest {
	const char *feed; /* NULL: all */
	int64_t since_ms; /* closed since then, or open; 0: all */
	bool open_only;   /* not closed, or cleanup_due */
	/* names from this one on, below the other; NULL: all */
	const char *name_from, *name_below;
	/* whether a name is meant, asked before more is read of the file; NULL: all are */
	bool (*names)(void *ctx, const char *name);
	void *ctx; /* of names */
};
/* The latest first. */
enum df_status ledger_files_latest(struct ledger *l, const struct ledger_latest *which,
				   ledger_each_file each, void *ctx, struct df_err *err) DF_CHECK;
/* Those that were closed before that time, are through at the source, and were not pruned. */
enum df_status ledger_files_old(struct ledger *l, int64_t before_ms, ledger_each_file each,
				void *ctx, struct df_err *err) DF_CHECK;
typedef enum df_status (*ledger_each_pull)(void *ctx, const struct ledger_pull *p,
					   struct df_err *err);
enum df_status ledger_pulls(struct ledger *l, const char *feed, ledger_each_pull each, void *ctx,
			    struct df_err *err) DF_CHECK; /* in the order of the files' times */
enum df_status ledger_documents(struct ledger *l, int64_t file_id, ledger_each_document each,
				void *ctx, struct df_err *err) DF_CHECK;
typedef enum df_status (*ledger_each_skipped)(void *ctx, const struct ledger_skipped *s,
					      struct df_err *err);
enum df_status ledger_skips(struct ledger *l, int64_t file_id, ledger_each_skipped each, void *ctx,
			    struct df_err *err) DF_CHECK;
typedef enum df_status (*ledger_each_reason)(void *ctx, const struct ledger_reason *r,
					     struct df_err *err);
enum df_status ledger_reasons(struct ledger *l, int64_t document_id, ledger_each_reason each,
			      void *ctx,
			      struct df_err *err) DF_CHECK; /* in the order of their first rows */
/* after: only rows with a greater number; 0: all. For whoever takes them some at a time, as a
 * document may have millions. */
enum df_status ledger_rejects(struct ledger *l, int64_t document_id, uint64_t after,
			      ledger_each_reject each, void *ctx, struct df_err *err) DF_CHECK;

#endif
