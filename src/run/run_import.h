/* SPDX-License-Identifier: MIT */
/* run_import.h - between the files of `import` */
#ifndef RUN_IMPORT_H
#define RUN_IMPORT_H

#include "run_priv.h"

/* The name of a FILE of the command line, without folders; for "-" the one that was given for
 * standard input. Borrowed. */
const char *run_import_name(const struct run_import_options *o, const char *file);
/* Opens it. */
enum df_status run_import_open(const char *file, int *fd, struct df_err *err) DF_CHECK;

/* Why FILE, whose name is not one of a drop file (name), is not taken: it may not even be there, or
 * be a pipe, which can be standard input under a name that is. */
enum df_status run_import_unnamed(const char *file, const struct df_err *name,
				  struct df_err *err) DF_CHECK;
/* DF_USAGE: the sink would replace one of the files that are to be read. */
enum df_status run_import_keeps(const struct run_import_options *o, struct df_err *err) DF_CHECK;

/* ---- standard input that is a pipe. run_import_pipe.c ---- */
struct run_session;
/* Reads it to its end, if one of the files is one (*read): it is a regular file from then on.
 * DF_RETRY and *busy: a run is under way, and nothing was read. */
enum df_status run_import_pipe(const struct conf *conf, const struct run_import_options *o,
			       bool *read, bool *busy, struct df_err *err) DF_CHECK;
/* run_session_open, which waits for the end of a run that is under way: what was read from a pipe
 * cannot be read again. */
enum df_status run_import_session(struct run_session *s, const struct conf *conf, bool waits,
				  struct run_result *result, struct df_err *err) DF_CHECK;

/* Without a trace: nothing in the ledger, no spool. ledger: what a dry run compares with, or
 * NULL. */
void run_import_plain(const struct run_import_options *o, struct ledger *ledger,
		      struct run_result *result);

/* ---- what the API rejected of a document, in memory. run_import_rejects.c ---- */
struct run_import_rejects;
struct run_import_rejects *run_import_rejects_new(void);
/* Adds the rows of a rejected batch. They come in any order, from the sender's thread. */
void run_import_rejects_add(struct run_import_rejects *r, const struct ledger_reject *row);
uint64_t run_import_rejects_count(struct run_import_rejects *r);
/* A document_later_next: the rows in order, once all are there. */
enum df_status run_import_rejects_next(void *rejects, uint64_t after, struct ledger_reject *out,
				       struct df_err *err) DF_CHECK;
void run_import_rejects_clear(struct run_import_rejects *r); /* for the next document */
void run_import_rejects_free(struct run_import_rejects *r);

#endif
