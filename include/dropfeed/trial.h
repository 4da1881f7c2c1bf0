/* SPDX-License-Identifier: MIT */
/*
 * trial.h - what would become of a file: nothing is sent, no ledger knows of it
 *
 *	trial_check_file	decode, read, map and batch one file
 *	trial_explain_line	the same, and keep what became of one line
 *	trial_propose_file	a manifest for a file with columns of its own
 */
#ifndef DROPFEED_TRIAL_H
#define DROPFEED_TRIAL_H

#include "dropfeed/batch.h"
#include "dropfeed/decode.h"

/* ---- checking ---- */

struct trial_fault { /* one thing wrong with one row */
	uint64_t row, line;
	const char *column; /* name, or "" */
	const char *code, *text;
};

struct trial_check { /* of one document */
	/* document NULL when the file is it; event_type "" when unknown */
	const char *file, *document, *event_type;
	const char *unit; /* "batch", or what its rows become instead */
	uint64_t rows, accepted, rejected, skipped, events, batches, requests;
	uint64_t points; /* events are objects, then, and this is what the sink counts them as */
	struct df_err refused; /* code "" when it is not refused */
	const struct map_warning *warnings;
	size_t n_warnings;
};

/* fault: called for each fault while reading, in order. document: when a document, or a file
 * that has none, is through. */
struct trial_check_events {
	void (*fault)(void *ctx, const struct trial_fault *fault);
	void (*document)(void *ctx, const struct trial_check *check);
	void (*skipped)(void *ctx, const char *file, const struct decode_skipped *entry);
	/* of a document that is sound in itself, and no reject file; DF_REJECT: it would be refused
	 * all the same */
	enum df_status (*judge)(void *ctx, const char *event_type, uint64_t rows,
				struct df_err *err);
};

struct trial_check_options {
	const struct conf_feed *feed; /* its settings are used */
	bool encryption_by_name;
	uint32_t jobs; /* threads */
	const struct trial_check_events *events;
	void *ctx; /* of the events */
};

struct trial_sum { /* over all that was checked */
	uint64_t files_done, files_refused;
	uint64_t documents, rows, rejected, skipped, batches, events, requests;
};

/* Checks a local file, and adds to the sum. What is refused is counted: DF_OK. Other failures are
 * logged. */
enum df_status trial_check_file(const char *path, const struct trial_check_options *options,
				struct trial_sum *sum) DF_CHECK;
/* The same with an open file, for what the feed says of encryption. name: of the drop file. */
enum df_status trial_check_open(const char *name, int fd, const struct trial_check_options *options,
				struct trial_sum *sum) DF_CHECK;

/* ---- explaining ---- */

struct trial_explain {       /* what became of a line of a document */
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
	uint64_t rows, accepted, rejected, batches, events; /* of the document */
	/* own: the one that the row is in, NULL when it is not sent */
	struct batch *batch;
	size_t at; /* which of the batch's rows it is, 0-based */
};

struct trial_place { /* a line of a local file */
	const char *path;
	const char *entry; /* which document of an archive, or NULL */
	uint64_t line;
	bool encryption_by_name;
};
/* Explains it. DF_OK: *out is the caller's, whether the row would be delivered or not. DF_USAGE:
 * there is no such line, entry or file. */
enum df_status trial_explain_line(const struct conf_feed *feed, const struct trial_place *at,
				  struct trial_explain **out, struct df_err *err) DF_CHECK;
/* The document's columns: how many are named, and the name of one, 1-based. */
size_t trial_explain_columns(const struct trial_explain *x);
const char *trial_explain_column(const struct trial_explain *x, size_t column);
void trial_explain_free(struct trial_explain *x);

/* ---- a manifest for a foreign file ---- */

struct trial_propose {
	/* its settings count; the proposed ones are set in it, to try them */
	struct conf_feed *feed;
	const char *path;       /* "-": standard input, of which the first 16 MiB are read */
	const char *event_type; /* NULL: as the file's name says */
	bool no_header, encryption_by_name;
};
/* Appends the proposal for the file's first document. DF_REJECT and DF_USAGE: there is none. */
enum df_status trial_propose_file(const struct trial_propose *r, struct df_buf *out,
				  struct df_err *err) DF_CHECK;

#endif
