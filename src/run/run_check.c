/* SPDX-License-Identifier: MIT */
/* Checking: validate, and the forecast of a dry run. */
#include "run_priv.h"
#include "run_session.h"
#include "run_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct check_work {
	const struct conf_feed *feed;
	const char *file; /* as it is named in messages */
	const struct run_check_events *events;
	void *ctx;
	struct run_result *result;
	uint32_t jobs;
};

static enum df_status on_fault(void *ctx, const struct document_pass_reject *r, struct df_err *err)
{
	(void)err;
	struct check_work *w = ctx;
	for (size_t i = 0; i < r->n_faults && w->events->fault != NULL; i++) {
		const struct map_fault *f = &r->faults[i];
		struct run_fault fault = {.row = r->where.number,
					  .line = r->where.line,
					  .column = f->name != NULL ? f->name : "",
					  .code = f->code,
					  .text = f->text};
		w->events->fault(w->ctx, &fault);
	}
	return DF_OK;
}

static void report(struct check_work *w, struct run_check *check, const struct df_err *refused)
{
	check->file = w->file;
	if (refused != NULL)
		check->refused = *refused;
	if (w->events->document != NULL)
		w->events->document(w->ctx, check);
}

static void count_checked(struct run_result *result, const struct document_forecast *found,
			  bool refused)
{
	result->documents++;
	result->rows += found->rows;
	result->rejected += found->rejected;
	if (refused)
		return;
	result->batches += found->batches;
	result->events += found->events;
	result->requests_forecast += found->requests;
}

static void report_checked(struct check_work *w, const struct document_pass *pass,
			   const struct document_forecast *found, const struct df_err *refused)
{
	struct run_check check = {
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
	count_checked(w->result, found, refused != NULL);
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
	enum df_status st = document_preflight(&pass, &settings, on_fault, w, &found, &why);
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
static enum df_status check_open_file(struct check_work *w, const char *name, int fd)
{
	struct decode *d = NULL;
	struct df_err why = {0};
	enum df_status st = decode_open(w->feed, name, fd, run_scratch(), &d, &why);
	if (st == DF_REJECT) {
		struct run_check none = {.event_type = "", .unit = "batches"};
		report(w, &none, &why);
	} else if (st != DF_OK) {
		df_err_about(&why, w->file);
		df_log_err(DF_LOG_ERROR, &why);
	} else {
		st = check_documents(w, name, d);
	}
	decode_close(d);
	w->result->files_refused += st == DF_REJECT;
	w->result->files_done += st == DF_OK;
	return st == DF_REJECT ? DF_OK : st;
}

void run_check_file(const char *path, const struct run_check_options *options,
		    struct run_result *result)
{
	struct conf_feed feed = *options->feed; /* a view: its pointers stay the feed's */
	struct check_work w = {.feed = &feed,
			       .file = path,
			       .events = options->events,
			       .ctx = options->ctx,
			       .result = result,
			       .jobs = options->jobs};
	const char *name = df_base_name(path);
	struct name parsed;
	struct df_err ignored = {0};
	if (options->encryption_by_name &&
	    name_parse_as(name, feed.decode.document_type, &parsed, &ignored) == DF_OK)
		feed.decode.encrypted = parsed.encrypted;

	struct df_err err = {0};
	int fd = -1;
	enum df_status st = run_open(path, &fd, &err);
	if (st == DF_OK)
		st = check_open_file(&w, name, fd);
	if (fd >= 0)
		close(fd);
	if (err.text[0] != '\0')
		df_log_err(DF_LOG_ERROR, &err);
	run_note_status(result, st);
}

/* ---- dry run ---- */

static double minutes_of(const struct conf_feed *feed, uint64_t batches, uint64_t requests)
{
	double minutes = sender_minutes(feed, batches, requests);
	return minutes > 0 ? minutes : (double)batches / feed->send.batches_per_second / 60;
}

static void log_objects(const struct conf_feed *feed, const struct run_check *c)
{
	const char *doc = c->document != NULL ? c->document : "",
		   *comma = c->document != NULL ? ", " : "";
	df_log(DF_LOG_INFO,
	       "%s: %s%s%s: %llu rows, %llu would be rejected; %llu objects (%llu data points) in "
	       "at least %llu requests, %.1f min",
	       feed->name, c->file, comma, doc, (unsigned long long)c->rows,
	       (unsigned long long)c->rejected, (unsigned long long)c->events,
	       (unsigned long long)c->points, (unsigned long long)c->requests,
	       minutes_of(feed, c->batches, c->requests));
}

/* Exactly what would be asked for. */
static void log_requests(const struct conf_feed *feed, const struct run_check *c)
{
	const char *doc = c->document != NULL ? c->document : "",
		   *comma = c->document != NULL ? ", " : "";
	df_log(
	    DF_LOG_INFO,
	    "%s: %s%s%s: %llu rows, %llu would be rejected; %llu %s requests would be sent to %s "
	    "with the key %s (`dropfeed import --feed %s --sink - FILE` shows them)",
	    feed->name, c->file, comma, doc, (unsigned long long)c->rows,
	    (unsigned long long)c->rejected, (unsigned long long)c->batches, c->event_type,
	    feed->send.endpoint != NULL ? feed->send.endpoint : CONF_OPENDSR,
	    feed->send.api_key != NULL ? feed->send.api_key : "(none)", feed->name);
}

static void log_forecast(void *ctx, const struct run_check *c)
{
	const struct conf_feed *feed = ctx;
	const char *doc = c->document != NULL ? c->document : "",
		   *comma = c->document != NULL ? ", " : "";
	if (c->refused.text[0] != '\0') {
		char text[DF_ERR_TEXT];
		df_err_render(&c->refused, text, sizeof(text));
		df_log(DF_LOG_ERROR, "%s: %s%s%s: would be refused: %s", feed->name, c->file, comma,
		       doc, text);
		return;
	}
	if (feed->requests.on) {
		log_requests(feed, c);
		return;
	}
	if (c->points > 0) {
		log_objects(feed, c);
		return;
	}
	df_log(DF_LOG_INFO,
	       "%s: %s%s%s: %llu rows, %llu would be rejected; %llu batches in at least %llu "
	       "requests, %.1f min",
	       feed->name, c->file, comma, doc, (unsigned long long)c->rows,
	       (unsigned long long)c->rejected, (unsigned long long)c->batches,
	       (unsigned long long)c->requests, minutes_of(feed, c->batches, c->requests));
}

struct forecast_work {
	const struct conf *conf;
	const struct conf_feed *feed;
	struct ledger *ledger; /* own; NULL: there is none yet */
	struct run_source source;
	struct run_result *result;
};

/* A server that removes what is read has no more of it than this copy: it stays, and nothing
 * else is read there. */
static enum df_status forecast_keep(const struct forecast_work *w, const struct fetch_entry *e,
				    const char *dir, const char *path, struct df_err *err)
{
	char *kept = df_format("%s/%s", dir, df_base_name(e->name));
	bool named = rename(path, kept) == 0;
	enum df_status st =
	    df_fail(DF_RETRY, err, NULL,
		    "the server removed %s once it was read: no dry run is possible there. All of "
		    "it is kept as %s: deliver it "
		    "with `dropfeed import --feed %s %s`",
		    e->name, named ? kept : path, w->feed->name, named ? kept : path);
	free(kept);
	return st;
}

/* Brings the file to path, and opens it. *gone: the server has removed it. */
static enum df_status forecast_get(struct forecast_work *w, const struct fetch_entry *e,
				   const char *path, int *fd, bool *gone, struct df_err *err)
{
	char sha256[DF_SHA256_HEX];
	enum df_status st = run_source_get(&w->source, e, path, sha256, err);
	if (st != DF_OK)
		return st;
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return df_fail(DF_RETRY, err, NULL, "cannot open %s: %s", path, strerror(errno));
	*gone = fetch_fate(w->source.fetch)->gone;
	return DF_OK;
}

static enum df_status forecast_in(struct forecast_work *w, const struct fetch_entry *e,
				  const char *dir, struct df_err *err)
{
	static const struct run_check_events events = {.document = log_forecast};
	struct check_work check = {.feed = w->feed,
				   .file = e->name,
				   .events = &events,
				   .ctx = (void *)(uintptr_t)w->feed,
				   .jobs = w->conf->jobs,
				   .result = w->result};
	char *path = df_format("%s/drop", dir), *part = df_format("%s/drop.part", dir);
	int fd = -1;
	bool gone = false;
	enum df_status st = forecast_get(w, e, path, &fd, &gone, err);
	unlink(part);
	if (!gone) {
		unlink(path);
		rmdir(dir);
	}
	if (st != DF_OK)
		goto cleanup;
	st = check_open_file(&check, e->name, fd);
	if (gone)
		st = forecast_keep(w, e, dir, path, err);
cleanup:
	if (fd >= 0)
		close(fd);
	free(path);
	free(part);
	return st;
}

/* The file comes into a folder of its own, which goes away again. */
static enum df_status forecast_file(struct forecast_work *w, const struct fetch_entry *e,
				    struct df_err *err)
{
	/* what has to be kept is safer there */
	bool own = access(w->conf->state_dir, W_OK | X_OK) == 0;
	char *dir = df_format("%s/dropfeed-XXXXXX", own ? w->conf->state_dir : run_scratch());
	enum df_status st =
	    mkdtemp(dir) != NULL
		? forecast_in(w, e, dir, err)
		: df_fail(DF_RETRY, err, NULL, "cannot make %s: %s", dir, strerror(errno));
	free(dir);
	return st;
}

/* Unless it was delivered, or refused, before. */
static enum df_status forecast_entry(struct forecast_work *w, const struct fetch_entry *e,
				     struct df_err *err)
{
	struct ledger_file known = {0};
	const struct ledger_key key = run_feed_key(w->feed, e);
	enum df_status st =
	    w->ledger != NULL ? ledger_file_known(w->ledger, &key, &known, err) : DF_END;
	if (st != DF_OK && st != DF_END)
		return st;
	bool closed = st == DF_OK && ledger_closes(known.state);
	if (st == DF_OK)
		ledger_file_free(&known);
	if (closed)
		return DF_OK;
	st = forecast_file(w, e, err);
	return st == DF_END ? DF_OK : st; /* it went away since it was listed */
}

static enum df_status forecast_feed(struct forecast_work *w, struct df_err *err)
{
	struct fetch_list list = {0};
	const struct ledger_where where = run_ledger(w->conf);
	enum df_status st = ledger_open_at_readonly(&where, &w->ledger, err);
	if (st != DF_OK && st != DF_END)
		return st;
	st = run_source_list(&w->source, &list, err);
	if (st != DF_OK)
		return st;
	for (size_t i = 0; i < list.n_misnamed; i++)
		run_source_log_misnamed(&w->source, &list.misnamed[i]);
	for (size_t i = 0; st == DF_OK && i < list.n && !df_stop_requested; i++)
		st = forecast_entry(w, &list.v[i], err);
	fetch_list_free(&list);
	return st;
}

void run_feed_forecast(const struct conf *conf, const struct conf_feed *feed,
		       struct run_result *result)
{
	struct df_err err = {0};
	struct forecast_work w = {
	    .conf = conf, .feed = feed, .source = {.feed = feed}, .result = result};
	uint64_t batches = result->batches, requests = result->requests_forecast;
	enum df_status st = forecast_feed(&w, &err);
	result->minutes_forecast +=
	    minutes_of(feed, result->batches - batches, result->requests_forecast - requests);
	if (st != DF_OK) {
		df_err_context(&err, "%s", feed->name);
		df_log_err(DF_LOG_ERROR, &err);
	}
	run_note_status(result, st);
	run_source_close(&w.source);
	ledger_close(w.ledger);
}
