/* SPDX-License-Identifier: MIT */
/* Rejected rows, printed: as their reject files have them, decrypted where these are encrypted.
 * The ledger is only read. */
#include "run_feed.h"
#include "run_named.h"

#include "dropfeed/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE (64u << 10)

/* ---- rows that came again ---- */

struct redropped {
	struct ledger *ledger;
	const char *feed, *event_type;
	size_t left; /* rows to look at; 0: all */
	bool any;
};

static enum df_status came_again(void *ctx, const struct ledger_reject *reject, struct df_err *err)
{
	struct redropped *r = ctx;
	char *reason = df_format("%s: %s", reject->code, reject->message);
	uint64_t mark = document_reject_mark(r->event_type, reject->line, reason, strlen(reason));
	free(reason);
	enum df_status st = ledger_redropped(r->ledger, r->feed, mark, &r->any, err);
	return st == DF_OK && (r->any || --r->left == 0) ? DF_END : st;
}

enum df_status run_rejects_redropped(struct ledger *l, const char *feed,
				     const struct ledger_document *d, size_t most, bool *any,
				     struct df_err *err)
{
	struct redropped r = {l, feed, d->event_type, most, false};
	enum df_status st = ledger_rejects(l, d->id, 0, came_again, &r, err);
	*any = r.any;
	return st == DF_END ? DF_OK : st;
}

/* ---- printing ---- */

struct found {
	const struct conf_feed *feed;
	struct run_reject_file file;
};

struct rejects {
	const struct run_rejects_options *options;
	struct ledger *ledger;
	struct run_named *names; /* own */
	const struct conf_feed *feed;
	const struct ledger_file *file;
	bool file_named;
	struct found *v; /* own: the reject files to be printed */
	size_t n;
	uint64_t gone;
};

/* ---- which ---- */

static enum df_status rejects_choose(struct rejects *r, const struct ledger_document *d,
				     struct df_err *err)
{
	const struct run_rejects_options *o = r->options;
	if (o->summary && o->json)
		return report_reasons_json(r->ledger, r->file, d, stdout, err);
	if (o->summary)
		return report_reasons_text(r->ledger, r->file, d, stdout, err);
	r->v = df_realloc(r->v, (r->n + 1) * sizeof(*r->v));
	r->v[r->n] = (struct found){.feed = r->feed};
	return run_reject_file_of(r->ledger, d, &r->v[r->n++].file, err);
}

static enum df_status on_document(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	struct rejects *r = ctx;
	enum df_status st = DF_OK;
	char *name =
	    d->name != NULL ? df_format("%s:%s", r->file->name, d->name) : df_strdup(r->file->name);
	bool named = r->file_named;
	if (d->name != NULL)
		named = run_named_is(r->names, name) || named;
	/* A document that is not closed has its rows in no file yet. */
	if (named && (d->state == LEDGER_DONE || d->state == LEDGER_ABANDONED) && d->text != NULL &&
	    d->rejected > 0) {
		run_named_chosen(r->names, name);
		run_named_chosen(r->names, r->file->name);
		st = rejects_choose(r, d, err);
	}
	if (named && d->state == LEDGER_REFUSED)
		run_named_idle(
		    r->names, r->file->name,
		    "it was refused, and has no reject file: `dropfeed status` says why");
	else if (named && !ledger_closes(d->state))
		run_named_idle(r->names, r->file->name,
			       "it is not finished: its reject file is written at its end");
	free(name);
	return st;
}

static enum df_status on_file(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	struct rejects *r = ctx;
	r->file = f;
	r->file_named = run_named_is(r->names, f->name);
	if (!r->file_named && !run_named_entries(r->names))
		return DF_OK;
	run_named_idle(r->names, f->name, NULL);
	return ledger_documents(r->ledger, f->id, on_document, r, err);
}

/* ---- printing ---- */

static enum df_status print_bytes(int fd, uint64_t offset, uint64_t length, struct df_err *err)
{
	char piece[PIECE];
	while (length > 0) {
		ssize_t n =
		    pread(fd, piece, length < PIECE ? (size_t)length : PIECE, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return df_fail(DF_RETRY, err, NULL, "cannot read: %s",
				       n < 0 ? strerror(errno) : "it got shorter");
		if (fwrite(piece, 1, (size_t)n, stdout) != (size_t)n) {
			if (errno == EPIPE) /* its reader has what it wanted */
				return DF_OK;
			return df_fail(DF_FATAL, err, NULL, "cannot write to standard output: %s",
				       df_strerror(errno));
		}
		if (df_stop_requested)
			return df_fail(DF_RETRY, err, NULL, "stopped by a signal");
		offset += (uint64_t)n;
		length -= (uint64_t)n;
	}
	return DF_OK;
}

static bool is_sealed(const char *path)
{
	size_t len = strlen(path);
	return len > 4 && strcmp(path + len - 4, ".gpg") == 0;
}

/* Through GnuPG, and a file without a name. */
static enum df_status print_sealed(const struct found *f, int fd, struct df_err *err)
{
	struct conf_feed view = *f->feed; /* its pointers stay the feed's */
	struct decode *d = NULL;
	view.decode.encrypted = true;
	view.decode.signed_by.n = 0;
	view.decode.max_plaintext = view.decode.max_ratio = UINT64_MAX;
	enum df_status st =
	    decode_open(&view, df_base_name(f->file.path), fd, df_scratch(), &d, err);
	if (st != DF_OK)
		goto cleanup;
	const struct decode_doc *doc = decode_doc(d, 0);
	st = print_bytes(doc->fd, doc->offset, doc->length, err);
cleanup:
	decode_close(d);
	return st == DF_REJECT ? DF_RETRY : st; /* nothing is refused here */
}

/* DF_END: the file is not there any more. */
static enum df_status print_file(const struct rejects *r, const struct found *f, struct df_err *err)
{
	int fd = -1;
	enum df_status st = run_reject_file_open(r->ledger, &f->file, &fd, err);
	if (st != DF_OK)
		return st;
	off_t size = lseek(fd, 0, SEEK_END);
	if (is_sealed(f->file.path))
		st = print_sealed(f, fd, err);
	else if (size > 0)
		st = print_bytes(fd, 0, (uint64_t)size, err);
	close(fd);
	if (st != DF_OK)
		df_err_context(err, "%s", f->file.path);
	return st;
}

static enum df_status print_all(struct rejects *r)
{
	enum df_status worst = DF_OK;
	for (size_t i = 0; i < r->n; i++) {
		struct df_err err = {0};
		enum df_status st = print_file(r, &r->v[i], &err);
		if (st == DF_OK)
			continue;
		if (st == DF_END && r->v[i].file.replaced) {
			df_log(DF_LOG_WARN,
			       "%s is a later document's by now: somebody moved or removed what it "
			       "was before",
			       r->v[i].file.path);
			continue;
		}
		if (st == DF_END) {
			df_log(DF_LOG_ERROR,
			       "%s is not there any more: somebody moved or removed it",
			       r->v[i].file.path);
			r->gone++;
			continue;
		}
		df_log_err(DF_LOG_ERROR, &err);
		worst = worst == DF_OK ? st : worst;
	}
	return worst;
}

static enum df_status search(struct rejects *r, const struct conf *conf, struct df_err *err)
{
	enum df_status st = DF_OK;
	for (size_t i = 0; st == DF_OK && r->ledger != NULL && i < conf->n_feeds; i++) {
		r->feed = &conf->feeds[i];
		if (setup_feed_chosen(r->feed, r->options->feeds, r->options->n_feeds))
			st = ledger_files(r->ledger, r->feed->name, false, on_file, r, err);
	}
	return st;
}

void run_rejects(const struct conf *conf, const struct run_rejects_options *options,
		 struct run_result *result)
{
	struct rejects r = {.options = options,
			    .names = run_named_new(options->documents, options->n_documents)};
	struct df_err err = {0};
	enum df_status st = run_ledger_read(conf, &r.ledger, &err);
	if (st == DF_OK)
		st = search(&r, conf, &err);
	if (st == DF_OK)
		st = run_named_check(r.names, r.ledger, conf,
				     "none of its rows are in a reject file", &err);
	if (err.text[0] != '\0')
		df_log_err(DF_LOG_ERROR, &err);
	if (st == DF_OK)
		st = print_all(&r);
	run_note_status(result, st);
	result->files_gone += r.gone;
	for (size_t i = 0; i < r.n; i++)
		free(r.v[i].file.path);
	free(r.v);
	run_named_free(r.names);
	ledger_close(r.ledger);
}
