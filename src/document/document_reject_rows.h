/* SPDX-License-Identifier: MIT */
/*
 * document_reject_rows.h - the lines of a reject file: rows of the document, byte for byte, with
 * two cells of our own
 *
 *	document_reject_rows_open(&rows, pass, file, &err);
 *	document_reject_rows_header(&rows, header);	where the document has one
 *	document_reject_rows_add(&rows, &where, reason, &err);	per row, in order
 *	document_reject_rows_close(&rows);		in any case
 */
#ifndef DOCUMENT_REJECT_ROWS_H
#define DOCUMENT_REJECT_ROWS_H

#include "document_encode.h"
#include "document_own.h"

#include "dropfeed/document.h"
#include "dropfeed/report.h"

struct document_reject_rows {
	const struct document_pass *pass; /* its map and its bytes are known when a row is added */
	struct report_rejects *file;
	struct document_own own;
	bool begun; /* the file has its header */
	struct document_encoder encoder;
	struct df_buf raw, out, encoded;
};

/* In the dialect and the encoding of the pass's feed. */
enum df_status document_reject_rows_open(struct document_reject_rows *w,
					 const struct document_pass *pass,
					 struct report_rejects *file, struct df_err *err) DF_CHECK;
void document_reject_rows_header(struct document_reject_rows *w, const struct rows_row *header);
enum df_status document_reject_rows_add(struct document_reject_rows *w,
					const struct batch_row *where, const char *reason,
					struct df_err *err) DF_CHECK;
void document_reject_rows_close(struct document_reject_rows *w);

#endif
