/* SPDX-License-Identifier: MIT */
/* Rows that were delivered before under the name of their file: it was taken before it was written
 * to its end, or each export adds to the one before, or a reject file was corrected once more. */
#include "run_document.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define AT_ONCE (1u << 18)

/* False, too, where it cannot be read: that shows elsewhere. */
static bool begins_with(int fd, const struct ledger_file *before)
{
	char hex[DF_SHA256_HEX];
	char *buffer = df_alloc(AT_ONCE);
	struct df_sha256 *hash = df_sha256_new();
	uint64_t at = 0;
	while (at < before->size && !df_stop_requested) {
		uint64_t left = before->size - at;
		ssize_t n = pread(fd, buffer, left < AT_ONCE ? (size_t)left : AT_ONCE, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		df_sha256_add(hash, buffer, (size_t)n);
		at += (uint64_t)n;
	}
	df_sha256_end(hash, hex);
	df_sha256_free(hash);
	free(buffer);
	return at == before->size && strcmp(hex, before->sha256) == 0;
}

/* DF_END: none was. */
static enum df_status before_of(const struct run_file_work *w, struct ledger_file *before,
				struct df_err *err)
{
	const struct run_file *f = w->f;
	return ledger_file_before(w->run->env.ledger, f->feed->name, f->name, f->ledger_id, before,
				  err);
}

enum df_status run_warn_grown(struct run_file_work *w, const struct decode_doc *doc,
			      struct df_err *err)
{
	struct ledger_file before = {0};
	enum df_status st = before_of(w, &before, err);
	if (st == DF_OK && before.size > 0 && before.size < w->f->size &&
	    begins_with(w->f->fd, &before)) {
		char *label = run_document_label(w->f, doc);
		df_log_code(DF_LOG_WARN, "delivered-before",
			    "%s: begins with all of the file of this name that was delivered "
			    "before: those rows are sent once more, under other ids; either that "
			    "one was taken before it was written to its end (a longer min_age, or "
			    "a ready_marker, prevents it), or each export adds to the one before "
			    "[delivered-before]",
			    label);
		free(label);
	}
	ledger_file_free(&before);
	return st == DF_END ? DF_OK : st;
}

enum df_status run_warn_redropped(struct run_file_work *w, const struct decode_doc *doc,
				  const struct document_marks *marks, struct df_err *err)
{
	struct ledger_file before = {0};
	bool known = true;
	enum df_status st = before_of(w, &before, err);
	ledger_file_free(&before);
	if (st != DF_OK)
		return st == DF_END ? DF_OK : st;
	for (size_t i = 0; st == DF_OK && known && i < marks->n; i++)
		st = ledger_redropped(w->run->env.ledger, w->f->feed->name, marks->v[i], &known,
				      err);
	if (st != DF_OK || !known)
		return st;

	char *label = run_document_label(w->f, doc);
	df_log_code(DF_LOG_WARN, "delivered-before",
		    "%s: all of its %zu rejected rows came before in a file of this name: those "
		    "that were delivered then are sent once more, under other ids; what was "
		    "rejected again is in the reject file of that one, and only that is to be "
		    "corrected and dropped [delivered-before]",
		    label, marks->n);
	free(label);
	return DF_OK;
}
