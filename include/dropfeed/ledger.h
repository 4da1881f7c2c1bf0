/* SPDX-License-Identifier: MIT */
/*
 * ledger.h - the durable record: what came, what was begun, how far each lane got, what is done
 *
 *	struct ledger *l = NULL;
 *	ledger_open(state_dir, &l, &err);		SQLite, WAL, <state_dir>/ledger.db, 0600
 *	ledger_file_add(l, ...) -> id			after the download, before anything else
 *	ledger_document_begin(l, ...) -> id		identity before the side effect
 *	ledger_lane_settled(l, id, lane, ...)		result after
 *	ledger_document_done / ledger_file_done
 *	ledger_close(l);
 *
 * One connection, safe to use from several threads. Each commit survives a kill. A power cut may take the latest ones, in
 * order, back to one that was synced to the disk: a document's SENDING or REFUSED, before which nothing has left, and a
 * file's end and cleanup, before its source is touched. What was lost is done again: batches are sent under the same ids, and
 * the API ignores those that it has. So there is no sync for a request, and there are three for a file. All SQL
 * stands in ledger_sql.h; PRAGMA user_version is the schema's version: an older ledger is migrated, a newer one is refused.
 */
#ifndef DROPFEED_LEDGER_H
#define DROPFEED_LEDGER_H

#include "dropfeed/base.h"

struct ledger;

enum ledger_state { LEDGER_PULLED = 1, LEDGER_CHECKED, LEDGER_SENDING, LEDGER_DONE, LEDGER_REFUSED };
const char *ledger_state_name(enum ledger_state s); /* "pulled", ... */

struct ledger_file {
	int64_t id;
	char *feed, *name; /* own */
	uint64_t size;
	int64_t mtime; /* Unix seconds */
	char sha256[DF_SHA256_HEX];
	enum ledger_state state;
	int64_t pulled_ms, closed_ms; /* wall clock; closed_ms 0 while open */
	char *code, *text;            /* why it was refused, or NULL */
	bool cleanup_due;             /* after_done/after_refused has yet to be carried out */
};
void ledger_file_free(struct ledger_file *f); /* what it holds, not f itself */

struct ledger_document {
	int64_t id;
	char *name; /* zip entry or NULL */
	char *event_type;
	enum ledger_state state;
	int64_t begun_ms, closed_ms;
	uint64_t rows, delivered, rejected, batches, events;
	char *code, *text;              /* why it was refused; else text is where its reject file is, or NULL */
	char *settings;                 /* frozen settings (conf_feed_freeze) */
	char *manifest;                 /* frozen manifest or NULL */
	char *reasons;                  /* rejected rows by their first code, {"code":rows,...}; NULL: not told */
	char *first_batch, *last_batch; /* source_request_ids, or NULL */
};
void ledger_document_free(struct ledger_document *d);

struct ledger_reject { /* a row that the preflight accepted and that was not delivered */
	uint64_t row, line, offset, length;
	const char *message;
	const char *code; /* "api-rejected", "api-unavailable", "abandoned", ...; NULL: api-rejected */
};

enum df_status ledger_open(const char *state_dir, struct ledger **out, struct df_err *err) DF_CHECK;
/* For status: DF_END when there is no ledger yet. Never writes. */
enum df_status ledger_open_readonly(const char *state_dir, struct ledger **out, struct df_err *err) DF_CHECK;
void ledger_close(struct ledger *l);

/* ---- listings: what fetch_settled needs to know ---- */
/* Remembers that `name` was listed with this size and mtime. first_ms gets when exactly that was first seen. */
enum df_status ledger_seen(struct ledger *l, const char *feed, const char *name, uint64_t size, int64_t mtime,
			   int64_t now_ms, int64_t *first_ms, struct df_err *err) DF_CHECK;
/* Forgets names of the feed that were not listed since `since_ms`. */
enum df_status ledger_seen_forget(struct ledger *l, const char *feed, int64_t since_ms, struct df_err *err) DF_CHECK;

/* ---- files ---- */
/* Finds the file last known under feed, name, size and mtime. DF_END: unknown. */
enum df_status ledger_file_known(struct ledger *l, const char *feed, const char *name, uint64_t size, int64_t mtime,
				 struct ledger_file *out, struct df_err *err) DF_CHECK;
/* Finds a file of the feed with these bytes, and with `mark` in its name ("": any name), that was entered before file
 * `before` (0: any): one that is done, else one that is not finished. DF_END: none. */
enum df_status ledger_file_same(struct ledger *l, const char *feed, const char *sha256, const char *mark,
				int64_t before, struct ledger_file *out, struct df_err *err) DF_CHECK;
/* Counts the files of the feed with these bytes that were entered before file `id`, whatever became of them; *others: those
 * of them without `mark` in their names. */
enum df_status ledger_file_copies(struct ledger *l, const char *feed, const char *sha256, const char *mark, int64_t id,
				  uint64_t *n, uint64_t *others, struct df_err *err) DF_CHECK;
/* Enters a pulled file; *id is new. */
enum df_status ledger_file_add(struct ledger *l, const char *feed, const char *name, uint64_t size, int64_t mtime,
			       const char *sha256, int64_t now_ms, int64_t *id, struct df_err *err) DF_CHECK;
/* Moves it on. closing (DONE, REFUSED) sets closed_ms and cleanup_due as told; code and text for REFUSED, else NULL. */
enum df_status ledger_file_state(struct ledger *l, int64_t id, enum ledger_state state, const char *code,
				 const char *text, bool cleanup_due, int64_t now_ms, struct df_err *err) DF_CHECK;
enum df_status ledger_file_cleaned(struct ledger *l, int64_t id, struct df_err *err) DF_CHECK;

/* ---- documents ---- */
/* Finds or makes the document (file, name); a new one is PULLED, with begun_ms now and the settings given. Either way *out is
 * what the ledger holds, so that a resumed document goes on with its own begun_ms and settings. */
enum df_status ledger_document_begin(struct ledger *l, int64_t file_id, const char *name, const char *event_type,
				     const char *settings, const char *manifest, int64_t now_ms,
				     struct ledger_document *out, struct df_err *err) DF_CHECK;
/* Finds the document (file, name). DF_END: there is none. */
enum df_status ledger_document_known(struct ledger *l, int64_t file_id, const char *name, struct ledger_document *out,
				     struct df_err *err) DF_CHECK;
/* After the preflight: rows read and rejected by it, batches and events to come (0: not counted yet); state CHECKED. */
enum df_status ledger_document_checked(struct ledger *l, int64_t id, uint64_t rows, uint64_t rejected, uint64_t batches,
				       uint64_t events, struct df_err *err) DF_CHECK;
/* state SENDING, DONE or REFUSED. DONE fails with DF_FATAL when rows != delivered + rejected. */
enum df_status ledger_document_state(struct ledger *l, int64_t id, enum ledger_state state, const char *code,
				     const char *text, int64_t now_ms, struct df_err *err) DF_CHECK;
/* What receipts tell, before the document is DONE. */
struct ledger_facts {
	const char *reasons;                  /* a JSON object, or NULL: there are none */
	const char *first_batch, *last_batch; /* ids; NULL: as they were told before */
	uint64_t batches, events;             /* 0 batches: as they were told before */
};
enum df_status ledger_document_facts(struct ledger *l, int64_t id, const struct ledger_facts *facts,
				     struct df_err *err) DF_CHECK;
/* One lane got further, in one transaction: progress, rows delivered, rows rejected. */
enum df_status ledger_lane_settled(struct ledger *l, int64_t id, uint32_t lane, uint64_t done, uint64_t rows_delivered,
				   const struct ledger_reject *rejects, size_t n_rejects, struct df_err *err) DF_CHECK;
/* Fills done[0..lanes) with each lane's progress, 0 where there is none. */
enum df_status ledger_lanes(struct ledger *l, int64_t id, uint64_t *done, uint32_t lanes, struct df_err *err) DF_CHECK;

/* ---- once more: after a cause outside the file was repaired ---- */
struct ledger_reopen {
	int64_t document;  /* refused, or done with rows that the API rejected */
	bool keep_rejects; /* its reject file is to stay as it is: a new one gets another name */
};
/* Opens a closed file again, in one transaction: it is PULLED. A refused document is forgotten, for nothing of it was sent and
 * today's settings are to count. One that is done becomes SENDING, with every row that the API rejected to be sent again;
 * its text still says where its reject file is, or NULL. Its other documents stay as they are. */
enum df_status ledger_reopen(struct ledger *l, int64_t file_id, const struct ledger_reopen *documents, size_t n,
			     struct df_err *err) DF_CHECK;
/* The numbers of the rows that have yet to be sent again, in order. *rows is the caller's. */
enum df_status ledger_again(struct ledger *l, int64_t document_id, uint64_t **rows, size_t *n,
			    struct df_err *err) DF_CHECK;
/* What came of some of them, in one transaction: these are delivered, those were rejected again. */
enum df_status ledger_again_settled(struct ledger *l, int64_t document_id, const uint64_t *delivered,
				    size_t n_delivered, const struct ledger_reject *rejects, size_t n_rejects,
				    struct df_err *err) DF_CHECK;

/* ---- reading back ---- */
/* Each calls `each` for every row, in order of id (rejects: by row number); a status other than DF_OK ends the walk and is
 * returned. feed NULL: all feeds. What `each` gets is borrowed. */
typedef enum df_status (*ledger_each_file)(void *ctx, const struct ledger_file *f, struct df_err *err);
typedef enum df_status (*ledger_each_document)(void *ctx, const struct ledger_document *d, struct df_err *err);
typedef enum df_status (*ledger_each_reject)(void *ctx, const struct ledger_reject *r, struct df_err *err);
enum df_status ledger_files(struct ledger *l, const char *feed, bool open_only, ledger_each_file each, void *ctx,
			    struct df_err *err) DF_CHECK; /* open_only: not closed, or cleanup_due */
enum df_status ledger_documents(struct ledger *l, int64_t file_id, ledger_each_document each, void *ctx,
				struct df_err *err) DF_CHECK;
/* after: only rows with a greater number; 0: all. For whoever takes them some at a time, as a document may have millions. */
enum df_status ledger_rejects(struct ledger *l, int64_t document_id, uint64_t after, ledger_each_reject each, void *ctx,
			      struct df_err *err) DF_CHECK;

#endif
