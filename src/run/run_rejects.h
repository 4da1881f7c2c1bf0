/* SPDX-License-Identifier: MIT */
/* run_rejects.h - the reject file of a document */
#ifndef DROPFEED_RUN_REJECTS_H
#define DROPFEED_RUN_REJECTS_H

#include "run_priv.h"

/* Writes <state_dir>/rejects/<feed>/<document>: the rows that the map rejects and those that the API rejected. walk: feed,
 * file and doc are set. older: the document's older reject file, which it takes the place of, or NULL. *path is the
 * caller's. reasons gets {"code":rows,...}: each row counts once, for its first code. */
enum df_status run_rejects_write(struct run *run, struct walk *walk, int64_t document_id, const char *older,
				 char **path, struct df_buf *reasons, struct df_err *err) DF_CHECK;

/* "<stem>-<event type><extension>" of the zip entry, or of the drop file where there is no entry or it has no event type of its
 * own, as df_file_name makes it: a file about the document. The caller's. */
char *run_document_name(const char *file, const struct decode_doc *doc, const char *extension);

/* Those reasons, {"bad-timestamp":2,"too-long":1}, for people: "2 bad-timestamp, 1 too-long". */
void run_rejects_words(const char *reasons, struct df_buf *out);

#endif
