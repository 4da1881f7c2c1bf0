/* SPDX-License-Identifier: MIT */
/*
 * run_document.h - one document of a drop file, through the ledger: between run_file.c and
 * run_document*.c
 *
 *	run_document.c		from its beginning to its end
 *	run_document_begin.c	begun, checked, refused
 *	run_document_send.c	what is still to be sent of it, and under which settings
 *	run_document_close.c	its reject file, its facts, its end
 *
 * A document's settings, manifest and layout are today's until a batch of it was taken, or may have
 * been; from then on the stored ones hold until it is done. So what turns out to be wrong before
 * that can be corrected.
 */
#ifndef DROPFEED_RUN_DOCUMENT_H
#define DROPFEED_RUN_DOCUMENT_H

#include "run_priv.h"

#define RUN_IDENTITY_SIZE (DF_SHA256_HEX + 24)

/* Documents of a file that keep it from being done: refused, by this run or an earlier one, or
 * abandoned before `resend` opened the others again. */
struct run_file_sum {
	size_t n_refused;
	struct df_err refused; /* why the first of them was */
	size_t n_abandoned;
	uint64_t undelivered; /* rows of those */
};
/* Counts a document that is closed. */
void run_file_sum_add(struct run_file_sum *sum, const struct ledger_document *d);

struct run_file_end { /* what a file whose documents are closed has come to */
	struct ledger_outcome to;
	char text[DF_ERR_TEXT]; /* what to.text is */
};
void run_file_end(const struct conf_feed *feed, const struct run_file_sum *sum,
		  struct run_file_end *end);

struct run_file_work { /* a drop file that a worker has */
	struct run *run;
	struct run_file *f;
	struct run_file_sum sum;
	bool unsent;  /* what failed was the sending */
	bool last;    /* its last document is being worked on */
	bool later;   /* that one is closed by another step: f->delivery */
	bool entered; /* the ledger has it as closed */
};

/* "feed: file" or "feed: file, entry". The caller's. */
char *run_document_label(const struct run_file *f, const struct decode_doc *doc);
void run_file_log_failure(const struct run_file *f, const struct decode_doc *doc,
			  const struct df_err *err, const char *what);

/* Warns of columns that came and went since the feed's last document, and remembers them:
 * run_drift.c */
struct run_columns { /* of a document */
	const char *feed, *event_type;
	const char *name;  /* its file's, or of a zip its own */
	const char *label; /* see run_document_label */
	const struct map *map;
};
void run_drift(struct run *run, const struct run_columns *what);

/* Warns where the file begins with all that was delivered under its name: run_grown.c */
enum df_status run_warn_grown(struct run_file_work *w, const struct decode_doc *doc,
			      struct df_err *err) DF_CHECK;
/* Warns where all these rows came in a file of this name before, of which rows were delivered. */
enum df_status run_warn_redropped(struct run_file_work *w, const struct decode_doc *doc,
				  const struct document_marks *marks, struct df_err *err) DF_CHECK;

/* What the reading of a document warned of; the hosted feed's guidelines only with --verbose. */
void run_log_warnings(const char *label, const struct document_pass *pass);
void run_log_note(const char *label, const struct map_warning *note); /* one of its notes */
/* A zip's entry that is not taken. One that holds CSV is a warning, because somebody may wait for
 * its rows. label: the file's. */
void run_log_skipped(const char *label, const struct decode_skipped *entry);

/* The settings of today of the file's feed, as they are stored with a document. Borrowed. */
const char *run_frozen(struct run_file_work *w);

/* Finds or begins the document. As long as nothing of it was taken it is checked under today's
 * settings, once for each change of them. *d is as the ledger has it then. DF_REJECT: refused,
 * entered and logged. */
enum df_status run_document_begin(struct run_file_work *w, const struct decode_doc *doc,
				  struct ledger_document *d, struct df_err *err) DF_CHECK;

/* Numbers the document's file among those of the same bytes, where it is not yet: f->copy. The
 * number is a part of its ids: it is drawn once, and stored before anything leaves. */
enum df_status run_document_number(struct run_file_work *w, struct df_err *err) DF_CHECK;

/* Takes it from wherever it is to its end, or with w->later to where it may be closed. A refused
 * one is entered and logged: DF_OK. */
enum df_status run_document_work(struct run_file_work *w, const struct decode_doc *doc,
				 struct df_err *err) DF_CHECK;

/* Enters it as closed, as w->sum has it. */
enum df_status run_file_enter(const struct run_file_work *w, struct df_err *err) DF_CHECK;
/* A number that grows with each row and each document of the file that is through. */
uint64_t run_file_progress(const struct run *run, const struct run_file *f);
/* DF_OK: f->decoded is open. DF_END: it cannot be, nothing of it was sent, and it is closed as
 * refused. */
enum df_status run_file_open(struct run_file_work *w, struct df_err *err) DF_CHECK;

/* ---- a document that is worked on ---- */

struct run_delivery {
	struct run_file_work *w;
	struct run_file_work kept;  /* what w is, once the file's sending is over */
	struct decode_doc doc;      /* its event type is the stored one */
	struct ledger_document own; /* what d is, of a run */
	const struct ledger_document *d;
	struct conf_feed *feed;           /* with the settings that hold */
	char identity[RUN_IDENTITY_SIZE]; /* what its ids are made from, beside its name */
	struct document_pass pass;
	struct batch_settings settings;
	struct document_sent sent;
	int64_t sending_ms;              /* that batches were made and sent in this run */
	struct ledger_finding *findings; /* own, with their texts: of its data plan; or NULL */
	size_t n_findings;
};
void run_delivery_free(struct run_delivery *v);
/* Fills feed, identity, pass and settings. w, doc and d are set; feed is the caller's. */
enum df_status run_document_prepare(struct run_delivery *v, struct df_err *err) DF_CHECK;
/* ---- run_document_send.c ---- */

/* Sends what is not settled yet. */
enum df_status run_document_send(struct run_delivery *v, struct df_err *err) DF_CHECK;
/* Batches of the document that the feed's sink takes a second at most; 0: without a limit. */
double run_document_pace(const struct conf_feed *feed, const struct ledger_document *d);

/* ---- run_document_close.c ---- */

/* Writes the document's reject file, or (any false) removes the one from before. now: as the
 * ledger has it. */
enum df_status run_document_rejects(struct run_delivery *v, const struct ledger_document *now,
				    bool any, struct document_rejects *rejects,
				    struct df_err *err) DF_CHECK;
/* Notes why rows were rejected, and what receipts say. */
enum df_status run_document_facts(const struct run_delivery *v,
				  const struct document_rejects *rejects,
				  struct df_err *err) DF_CHECK;
/* All batches are settled: it is done, and its file with its last document. */
enum df_status run_document_close(struct run_delivery *v, struct df_err *err) DF_CHECK;

#endif
