/* SPDX-License-Identifier: MIT */
/* run_retry.h - what `retry` opens again: between run_retry_find.c and run_retry.c */
#ifndef DROPFEED_RUN_RETRY_H
#define DROPFEED_RUN_RETRY_H

#include "run_named.h"
#include "run_source.h"

struct retry_file {
	const struct conf_feed *feed;
	struct ledger_file known; /* own */
	bool closed;
	bool replaced;              /* a later file of its name was delivered */
	bool sent;                  /* batches of one of the documents were */
	struct run_reopened opened; /* own */
};

struct retry {
	const struct run_retry_options *options;
	struct ledger *ledger;
	struct run_named *names;  /* own */
	struct retry_file *files; /* own */
	size_t n_files;
	/* of the current file: */
	const struct conf_feed *feed;
	const struct ledger_file *file;
	struct retry_file found;
	bool file_named, any_named;
	bool has_one, has_unknown; /* rows to be sent; rows that are delivery-unknown */
};

/* Fills r->files. */
enum df_status run_retry_find(struct retry *r, const struct conf *conf,
			      struct df_err *err) DF_CHECK;
void run_retry_clear(struct retry_file *f);

#endif
