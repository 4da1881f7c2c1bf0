/* SPDX-License-Identifier: MIT */
/*
 * run_named.h - the drop files and documents that a command line names
 *
 *	struct run_named *n = run_named_new(documents, n_documents);
 *	for each file and document of the ledger: if (run_named_is(n, name)) ...
 *	run_named_check(n, ...)				after all of them were seen
 *	run_named_free(n);
 *
 * A name is a drop file's as `status` prints it, FILE:ENTRY for a document of a zip, or a glob.
 */
#ifndef RUN_NAMED_H
#define RUN_NAMED_H

#include "run_priv.h"

struct run_named;

struct run_named *run_named_new(const char *const *wanted, size_t n);
/* Whether the command line names it; without any name everything is meant. */
bool run_named_is(struct run_named *n, const char *name);
/* Whether a document of a zip may be named whose file is not. */
bool run_named_entries(const struct run_named *n);
/* Something was done with what it names. */
void run_named_chosen(struct run_named *n, const char *name);
#define RUN_NOT_PULLED "nothing to do with it yet: it is listed, and `dropfeed run` pulls it"
/* Why nothing was done with it, a static text in the place of run_named_check's: of several
 * files with a name that of the last one counts. */
void run_named_idle(struct run_named *n, const char *name, const char *why);
/* DF_USAGE: nothing was found for a name; a message was logged for each of them. It says so where
 * the file is in l (NULL: there is no ledger yet), but conf no longer has its feed. idle: what is
 * logged, after its name, of a file that was found and that nothing was done with. */
enum df_status run_named_check(struct run_named *n, struct ledger *l, const struct conf *conf,
			       const char *idle, struct df_err *err) DF_CHECK;
void run_named_free(struct run_named *n);

#endif
