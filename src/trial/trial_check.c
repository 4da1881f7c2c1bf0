/* SPDX-License-Identifier: MIT */
/* A file is decoded, read, mapped and batched as a delivery would. */
#include "dropfeed/document.h"
#include "dropfeed/name.h"
#include "dropfeed/trial.h"

#include <stdlib.h>
#include <unistd.h>

struct check_work {
	const struct conf_feed *feed;
	const char *file; /* as it is named in messages */
	const struct trial_check_events *events;
	void *ctx;
	uint32_t jobs;
	struct trial_sum *sum;
};

static enum df_status on_fault(void *ctx, const struct document_pass_reject *r, struct df_err *err)
{
	(void)err;
	struct check_work *w = ctx;
	for (size_t i = 0; i < r->n_faults && w->events->fault != NULL; i++) {
		const struct map_fault *f = &r->faults[i];
		struct trial_fault fault = {.row = r->where.number,
					    .line = r->where.line,
					    .column = f->name != NULL ? f->name : "",
					    .code = f->code,
					    .text = f->text};
		w->events->fault(w->ctx, &fault);
	}
	return DF_OK;
}

static void report(struct check_work *w, struct trial_check *check, const struct df_err *refused)
{
	check->file = w->file;
	if (refused != NULL)
		check->refused = *refused;
	if (w->events->document != NULL)
		w->events->document(w->ctx, check);
}

static void count_checked(struct trial_sum *sum, const struct document_forecast *found,
			  bool refused)
{
	sum->documents++;
	sum->rows += found->rows;
	sum->rejected += found->rejected;
	sum->skipped += found->skipped;
	if (refused)
		return;
	sum->batches += found->batches;
	sum->events += found->events;
	sum->requests += found->requests;
}

static void report_checked(struct check_work *w, const struct document_pass *pass,
			   const struct document_forecast *found, const struct df_err *refused)
{
	struct trial_check check = {
	    .document = pass->doc->name,
	    .event_type = pass->doc->event_type,
	    .unit = batch_form_of(w->feed)->unit,
	    .rows = found->rows,
	    .rejected = found->rejected,
	    .skipped = found->skipped,
	    .accepted = found->rows - found->rejected - found->skipped,
	    .events = found->events,
	    .batches = found->batches,
	    .requests = found->requests,
	    .points = found->points,
	};
	struct map_warning *warnings = document_pass_warnings(pass, &check.n_warnings);
	check.warnings = warnings;
	report(w, &check, refused);
	count_checked(w->sum, found, refused != NULL);
	free(warnings);
}

static enum df_status check_one_document(struct check_work *w, const char *name,
					 const struct decode_doc *doc)
{
	struct document_pass pass = {.feed = w->feed, .file = name, .doc = doc, .jobs = w->jobs};
	struct batch_settings settings = document_batch_settings(w->feed, "", doc, df_now_ms());
	struct document_forecast found = {0};
	struct df_err why = {0};
	pass.shared = document_shared_new();
	settings.scratch = df_scratch();
	enum df_status st = document_preflight(&pass, &settings, on_fault, w, &found, &why);
	if (st == DF_OK && w->events->judge != NULL && !found.redropped)
		st = w->events->judge(w->ctx, doc->event_type, found.rows, &why);
	if (st == DF_OK || st == DF_REJECT) {
		report_checked(w, &pass, &found, st == DF_REJECT ? &why : NULL);
	} else {
		df_err_about(&why, w->file);
		df_log_err(DF_LOG_ERROR, &why);
	}
	document_shared_free(pass.shared);
	pass.shared = NULL;
	document_pass_end(&pass);
	return st;
}

/* Every document. DF_REJECT: one of them is refused. */
static enum df_status check_documents(struct check_work *w, const char *name,
				      const struct decode *d)
{
	bool refused = false;
	for (size_t i = 0; i < decode_skipped_count(d) && w->events->skipped != NULL; i++)
		w->events->skipped(w->ctx, w->file, decode_skipped(d, i));
	for (size_t i = 0; i < decode_count(d); i++) {
		enum df_status st = check_one_document(w, name, decode_doc(d, i));
		if (st != DF_OK && st != DF_REJECT)
			return st;
		refused = refused || st == DF_REJECT;
	}
	return refused ? DF_REJECT : DF_OK;
}

/* Files count as done or refused. */
static enum df_status check_bytes(struct check_work *w, const char *name, int fd)
{
	struct decode *d = NULL;
	struct df_err why = {0};
	enum df_status st = decode_open(w->feed, name, fd, df_scratch(), &d, &why);
	if (st == DF_REJECT) {
		struct trial_check none = {.event_type = "", .unit = "batch"};
		report(w, &none, &why);
	} else if (st != DF_OK) {
		df_err_about(&why, w->file);
		df_log_err(DF_LOG_ERROR, &why);
	} else {
		st = check_documents(w, name, d);
	}
	decode_close(d);
	w->sum->files_refused += st == DF_REJECT;
	w->sum->files_done += st == DF_OK;
	return st == DF_REJECT ? DF_OK : st;
}

static struct check_work check_of(const struct trial_check_options *o, const struct conf_feed *feed,
				  const char *file, struct trial_sum *sum)
{
	return (struct check_work){.feed = feed,
				   .file = file,
				   .events = o->events,
				   .ctx = o->ctx,
				   .jobs = o->jobs,
				   .sum = sum};
}

enum df_status trial_check_open(const char *name, int fd, const struct trial_check_options *options,
				struct trial_sum *sum)
{
	struct check_work w = check_of(options, options->feed, name, sum);
	return check_bytes(&w, name, fd);
}

enum df_status trial_check_file(const char *path, const struct trial_check_options *options,
				struct trial_sum *sum)
{
	struct conf_feed feed = *options->feed; /* a view: its pointers stay the feed's */
	struct check_work w = check_of(options, &feed, path, sum);
	const char *name = df_base_name(path);
	struct name parsed;
	struct df_err err = {0}, ignored = {0};
	int fd = -1;
	if (options->encryption_by_name &&
	    name_parse_as(name, feed.decode.document_type, &parsed, &ignored) == DF_OK)
		feed.decode.encrypted = parsed.encrypted;

	enum df_status st = df_open_named(path, &fd, &err);
	if (st != DF_OK) {
		df_log_err(DF_LOG_ERROR, &err);
		return st;
	}
	st = check_bytes(&w, name, fd);
	close(fd);
	return st;
}
