/* SPDX-License-Identifier: MIT */
/* run_receipt.h - what is written back to the source about a file */
#ifndef DROPFEED_RUN_RECEIPT_H
#define DROPFEED_RUN_RECEIPT_H

#include "run_source.h"

/* Puts the copies of the file's reject files, then its receipt, into the feed's `receipts`. */
enum df_status run_receipt_put(const struct run *run, const struct run_source *source,
			       const struct ledger_file *f, struct df_err *err) DF_CHECK;
/* The same file once more, under its own name, because it was dropped again or the source's
 * address was written anew: what its receipt says is of the delivery, and is not replaced by one
 * that says nothing but that. DF_OK: it is there; DF_END: it is not. */
enum df_status run_receipt_is_there(const struct run *run, const struct run_source *source,
				    const struct ledger_file *f, struct df_err *err) DF_CHECK;

#endif
