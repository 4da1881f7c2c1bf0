/* SPDX-License-Identifier: MIT */
/*
 * document.h - one document, from its bytes to its last acknowledgement
 *
 *	document_pass.c		row by row
 *	document_row.c		one row: checked, mapped, counted
 *	document_guideline.c	warnings of a pass, and the hosted feed's guidelines
 *	document_open.c		how its bytes are written
 *	document_hint.c		which option would help where it fails
 *	document_parts.c	the same, by several threads; document_part.c: what each keeps
 *	document_preflight.c	checked to its end before anything of it is sent
 *	document_send.c		its batches are made and sent
 *	document_resend.c	those batches whose rows the API rejected, once more
 *	document_request.c	the rows of subject requests that were taken
 *	document_undelivered.c	which of its rows were not settled
 *	document_rejects.c	its reject file; document_later.c: what was rejected later;
 *				document_places.c: where what the map rejects is
 *	document_reject_rows.c	lines of it
 *	document_encode.c	in the encoding of the document
 *	document_own.c		our own columns, in a document that is a reject file
 *	document_reasons.c	why its rows were rejected, counted
 *	document_redropped.c	which rows of a reject file came again
 *	document_content.c	a hash of what it holds
 *	document_shared.c	identities that many rows share, which may be nobody's
 *	document_skipped.c	rows that skip_last_lines leaves out
 *	document_twice.c	text that was encoded as UTF-8 twice
 */
#ifndef DROPFEED_DOCUMENT_H
#define DROPFEED_DOCUMENT_H

#include "dropfeed/decode.h"
#include "dropfeed/ledger.h"
#include "dropfeed/send.h"

/* What a document that is delivered needs of the run around it. */
struct document_env {
	struct ledger *ledger; /* NULL: stateless */
	struct sender *sender;
	const char *state_dir; /* NULL: stateless */
};

/* ---- a document, row by row ---- */

/* Whether a row after the header repeats it: such rows are rejected. */
bool document_repeats_header(const struct map *m, const struct rows_row *row);

/* Opens the document's rows as the feed says that they are written. header: the first row names
 * the columns. bytes: where they are, as rows count offsets. DF_REJECT: empty-file, not-utf8.
 * DF_USAGE: settings that contradict each other. */
enum df_status document_rows_open(const struct conf_feed *feed, const struct decode_doc *doc,
				  bool header, struct decode_bytes *bytes, struct rows **out,
				  struct df_err *err) DF_CHECK;

/* Maps the header. With unknown_columns = warn, rows may end with a delimiter that the header does
 * not have: it gets a column without a name then, in *own, which is the caller's. rows: after the
 * header. */
enum df_status document_header(struct map *m, const struct conf_feed *feed, const struct rows *rows,
			       struct rows_row *header, struct rows_cell **own,
			       struct df_err *err) DF_CHECK;

/* DF_REJECT malformed-csv: the document seems to be a web page, JSON or the like. To be asked when
 * it cannot be read as CSV. */
enum df_status document_check_kind(const struct decode_doc *doc, struct df_err *err) DF_CHECK;

#define DOCUMENT_HINTS 3
/* what is kept to name the options that would help, once a document */
struct document_hints {
	unsigned tries[DOCUMENT_HINTS]; /* by kind */
	uint64_t field_faults;
	struct batch_row first_field_fault;
	bool explained; /* what refuses the document needs no hint */
};

struct document_pass_reject { /* a row that will not be delivered */
	struct batch_row where;
	const struct map_fault *faults;
	size_t n_faults; /* at least one */
};

/* Each handler may be NULL. A status other than DF_OK ends the pass with it. What they get lives
 * until they return. */
struct document_pass_handlers {
	enum df_status (*header)(void *ctx, const struct rows_row *header, struct df_err *err);
	enum df_status (*record)(void *ctx, const struct map_record *record,
				 const struct batch_row *where, struct df_err *err);
	enum df_status (*reject)(void *ctx, const struct document_pass_reject *reject,
				 struct df_err *err);
	void (*expect)(void *ctx, uint64_t ids_hash, unsigned step); /* see batch_maker_expect */
};

struct document_shared; /* identities that many share */
struct document_places; /* where the rejected rows are: see document_places.h */
struct document_whole;  /* users that are left out as a whole: see document_whole.h */

/* How far it is, for another thread to look at. */
struct document_progress {
	atomic_ullong rows, bytes; /* read by this pass */
	atomic_ullong settled;     /* rows whose batches were answered since it began */
};

struct document_pass {
	struct document_progress *progress; /* or NULL */
	const struct conf_feed *feed;
	const char *file; /* the drop file's name, for guidelines */
	int64_t file_id;  /* the ledger's; 0: stateless */
	bool unsent;      /* nothing of it was sent before: the ledger has no lane of it */
	const struct decode_doc *doc;
	/* when the document was begun; 0: now. document_batches takes it from its settings */
	int64_t begun_ms;
	uint32_t jobs;    /* threads that read, this one counted; 0 is 1 */
	size_t part_size; /* bytes that a thread takes at a time; 0: a good size */
	const struct document_pass_handlers *handlers;
	void *ctx;
	struct document_shared *shared; /* or NULL: identities that many share are not looked for */
	/* or NULL: what the last pass rejected is not noted. A reject file is written by them. */
	struct document_places *places;
	bool finds; /* it only fills `whole`, see document_whole.h */
	bool
	    lengths; /* handlers want no data of records but its length; document_batches sets it */
	/* filled by the pass: */
	uint64_t rows, rejected, skipped; /* skipped: as the manifest says */
	uint64_t late; /* of those rejected: their events are later than timestamp_range */
	struct decode_bytes bytes; /* as UTF-8 */
	uint64_t start, end;       /* in those: the rows, between a preamble and a trailer */
	struct map *map;           /* its warnings and names; freed by document_pass_end */
	struct map_warning *notes; /* own: guidelines and hints */
	size_t n_notes;
	struct document_hints hints;
	struct ledger_times times; /* of the events; document_batches fills it */
	bool long_row;             /* that is noted */
	bool trailing;             /* rows end with a delimiter that the header does not have */
	/* own: users of whom rows are rejected, where all of theirs are then; or NULL */
	struct document_whole *whole;
};

/* Reads the whole document. DF_OK: rows and rejected are counted. DF_REJECT: the document is
 * refused. */
enum df_status document_pass(struct document_pass *w, struct df_err *err) DF_CHECK;
void document_pass_end(struct document_pass *w);
/* The map's warnings and the pass's own in one list, the caller's. */
struct map_warning *document_pass_warnings(const struct document_pass *w, size_t *n);

/* For all passes over a document, one after the other; in memory that is bounded. */
struct document_places *document_places_new(void);
void document_places_free(struct document_places *p);

typedef enum df_status (*document_reject_handler)(void *ctx,
						  const struct document_pass_reject *reject,
						  struct df_err *err);

/* Reads the document and makes its batches: sink gets each, reject (or NULL) each rejected row,
 * both with ctx. pass: feed, file and doc are set. */
enum df_status document_batches(struct document_pass *pass, const struct batch_settings *settings,
				batch_sink sink, document_reject_handler reject, void *ctx,
				struct df_err *err) DF_CHECK;

/* Looks for identities that many share, in bounded memory; its warnings are among
 * document_pass_warnings. */
struct document_shared *document_shared_new(void);
void document_shared_row(struct document_shared *s, const struct map_record *record);
/* *out is the caller's */
size_t document_shared_warnings(struct document_shared *s, struct map_warning **out);
void document_shared_free(struct document_shared *s);

/* ---- checking a document before anything of it is sent ---- */

struct document_forecast {
	uint64_t rows, rejected, skipped, late, batches, events, requests;
	uint64_t cut;    /* names and values over a limit of the sink, of which a part goes out */
	uint64_t points; /* see struct batch; 0: its batches have no objects */
	/* It is a reject file: a part of an earlier document, which says nothing about how many
	 * rows are usual. */
	bool redropped;
};
/* settings NULL: batches, events and requests are not forecast. */
enum df_status document_preflight(struct document_pass *pass, const struct batch_settings *settings,
				  document_reject_handler reject, void *ctx,
				  struct document_forecast *out, struct df_err *err) DF_CHECK;

/* A hash of what the document holds, which is the same however its file is packed or encrypted: 32
 * digits of XXH3-128. DF_RETRY: it cannot be read. */
#define DOCUMENT_CONTENT_HEX 33
enum df_status document_content(const struct decode_doc *doc, char hex[DOCUMENT_CONTENT_HEX],
				struct df_err *err) DF_CHECK;

/* A row of a reject file, whatever was corrected in it: its line and the reason, hashed. */
uint64_t document_reject_mark(const char *event_type, uint64_t line, const char *reason,
			      size_t len);
struct document_marks {
	uint64_t *v; /* the caller's */
	size_t n;
};
/* Those of the document, after a pass over it; none where it is not a reject file. */
enum df_status document_redropped(const struct document_pass *w, struct document_marks *out,
				  struct df_err *err) DF_CHECK;

/* Settings of a document's batches. */
struct batch_settings document_batch_settings(const struct conf_feed *feed, const char *sha256,
					      const struct decode_doc *doc, int64_t begun_ms);

/* ---- delivery ---- */

struct document_sent { /* of a document, whichever run sent it */
	/* the source_request_ids of its first and last batch; "" where there is none */
	char first[40], last[40];
	uint64_t batches, events;
	struct ledger_times times;
	/* a batch was taken, or may have been: a request of this call was not refused for
	 * certain */
	bool touched;
};

/* Delivers a document that passed its preflight: every batch that is not settled yet. sent: all
 * of them. */
enum df_status document_send(const struct document_env *env, struct document_pass *pass,
			     const struct batch_settings *settings, int64_t document_id,
			     struct document_sent *sent, struct df_err *err) DF_CHECK;

/* Sends rows again that `retry` marked in the ledger, under the ids that they had; of a row that
 * was taken in part, what was not. */
enum df_status document_resend(const struct document_env *env, struct document_pass *pass,
			       const struct batch_settings *settings, int64_t document_id,
			       const struct ledger_again_rows *again, struct df_err *err) DF_CHECK;

/* The rows of rejected batches as the ledger takes them; their messages are the step's. */
struct document_refused {
	struct ledger_reject *v; /* own */
	size_t n;
	struct df_buf rests; /* own */
};
void document_refused_of(const struct send_settled *step, struct document_refused *out);
void document_refused_free(struct document_refused *r); /* what it holds */

/* The rows of subject requests that were taken, as the ledger takes them. */
struct document_requests {
	struct ledger_request *v; /* own; its texts as well */
	size_t n;
};
void document_requests_of(const struct send_settled *step, struct document_requests *out);
void document_requests_free(struct document_requests *r); /* what it holds */

/* ---- the reject file ---- */

struct document_reasons {        /* in the order of their first rows; their texts are own */
	struct ledger_reason *v; /* own */
	size_t n;
	size_t last; /* the one that was counted last */
};
/* Counts a row that starts on this line. column: NULL or "" where the row as a whole is at
 * fault. */
void document_reasons_count(struct document_reasons *list, const char *code, const char *column,
			    uint64_t line);
/* "2 bad-timestamp, ..." */
void document_reasons_words(const struct document_reasons *list, struct df_buf *out);
/* what it holds */
void document_reasons_free(struct document_reasons *list);

struct document_undelivered { /* rows that are in no settled batch */
	uint8_t *bits;        /* own: of each row by its number */
	uint64_t size, n;     /* size: bytes; n: rows */
};
/* Finds them by making the document's batches once more. pass: feed, file and doc are set; out
 * is zeroed. */
enum df_status document_undelivered_find(const struct document_env *env, struct document_pass *pass,
					 const struct batch_settings *settings, int64_t document_id,
					 struct document_undelivered *out,
					 struct df_err *err) DF_CHECK;
/* The first one with a greater number than `after`; 0: there is none. */
uint64_t document_undelivered_next(const struct document_undelivered *u, uint64_t after);
void document_undelivered_free(struct document_undelivered *u); /* what it holds */

struct document_rejects {
	/* the document's older reject file, which the new one takes the place of; or NULL */
	const char *older;
	/* rows that are not to be delivered any more, or NULL */
	const struct document_undelivered *abandoned;
	char *path; /* own: where the new one is */
	struct document_reasons reasons;
};
void document_rejects_free(struct document_rejects *r); /* what it holds */

/* Where rows come from that were rejected after the preflight. next: the first one with a
 * greater number than `after`, in order, borrowed until the next call. DF_END: there are no
 * more. */
struct document_later {
	enum df_status (*next)(void *ctx, uint64_t after, struct ledger_reject *out,
			       struct df_err *err);
	void *ctx;
	bool placed; /* each comes with its line, offset and length */
};
/* Writes a reject file to `path`, or, "-", to standard output. An empty file of that name is
 * replaced; next to one that is not, the file gets a name with a number. pass: feed, file and
 * doc are set. */
enum df_status document_rejects_export(struct document_pass *pass,
				       const struct document_later *later, const char *path,
				       struct document_rejects *out, struct df_err *err) DF_CHECK;

/* Writes <state_dir>/rejects/<feed>/<document>: the rows that the map rejects and those that the
 * ledger says were rejected later. pass: feed, file and doc are set. */
enum df_status document_rejects_write(const struct document_env *env, struct document_pass *pass,
				      int64_t document_id, struct document_rejects *out,
				      struct df_err *err) DF_CHECK;

/* "<stem>-<event type><extension>" of the zip entry, or of the drop file where there is no entry
 * or it has no event type of its own, as df_file_name makes it: a file about the document. The
 * caller's. */
char *document_name(const char *file, const struct decode_doc *doc, const char *extension);

#endif
