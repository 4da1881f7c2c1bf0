/* SPDX-License-Identifier: MIT */
/* A dry run: what a run would deliver of a feed is pulled and checked, and goes away again. */
#include "run_document.h"
#include "run_notices.h"
#include "run_session.h"
#include "run_source.h"

#include "dropfeed/shell.h"
#include "dropfeed/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct forecast_work {
	const struct conf *conf;
	const struct conf_feed *feed;
	struct ledger *ledger; /* own; NULL before the first run */
	struct run_source source;
	struct run_result *result;
	const char *file; /* the current one */
	/* of the current document; row: the last that was counted */
	struct document_reasons reasons; /* own */
	uint64_t row;
};

double run_minutes(const struct conf_feed *feed, uint64_t batches, uint64_t requests)
{
	double minutes = sender_minutes(feed, batches, requests);
	return minutes > 0 ? minutes : (double)batches / feed->send.batches_per_second / 60;
}

/* A row has the first of its faults as its reason, as in a run. */
static void forecast_fault(void *ctx, const struct trial_fault *fault)
{
	struct forecast_work *w = ctx;
	if (fault->row == w->row)
		return;
	w->row = fault->row;
	document_reasons_count(&w->reasons, fault->code, fault->column, fault->line);
}

/* "orders: a.zip, b.csv: 3 rows, 1 would be rejected (1 bad-timestamp)" */
static void add_rows(const struct forecast_work *w, const struct trial_check *c, const char *name,
		     struct df_buf *out)
{
	df_buf_addf(out, "%s: %s, %llu would be rejected", name, df_count(c->rows, "row").text,
		    (unsigned long long)c->rejected);
	if (w->reasons.n > 0) {
		df_buf_adds(out, " (");
		document_reasons_words(&w->reasons, out);
		df_buf_addc(out, ')');
	}
}

/* Exactly what would be asked for. */
static void add_requests(const struct conf_feed *feed, const struct trial_check *c,
			 struct df_buf *out)
{
	df_buf_addf(out,
		    "; %llu %s request%s would be sent to %s with the key %s (`dropfeed import "
		    "--feed %s --sink - FILE` shows %s)",
		    (unsigned long long)c->batches, c->event_type, df_plural(c->batches),
		    feed->send.endpoint != NULL ? feed->send.endpoint : CONF_OPENDSR,
		    feed->send.api_key != NULL ? feed->send.api_key : "(none)", feed->name,
		    c->batches == 1 ? "it" : "them");
}

static void add_sent(const struct conf_feed *feed, const struct trial_check *c, struct df_buf *out)
{
	if (c->points > 0)
		df_buf_addf(out, "; %s (%s)", df_count(c->events, "object").text,
			    df_count(c->points, "data point").text);
	else
		df_buf_addf(out, "; %s", df_count(c->batches, "batch").text);
	df_buf_addf(out, " in at least %s, %.1f min", df_count(c->requests, "request").text,
		    run_minutes(feed, c->batches, c->requests));
}

static void log_sound(const struct forecast_work *w, const struct trial_check *c, const char *name)
{
	struct df_buf text = {0};
	add_rows(w, c, name, &text);
	if (w->feed->requests.on)
		add_requests(w->feed, c, &text);
	else
		add_sent(w->feed, c, &text);
	df_log(DF_LOG_INFO, "%s", df_buf_cstr(&text));
	for (size_t i = 0; i < c->n_warnings; i++)
		run_log_note(name, &c->warnings[i]);
	df_buf_free(&text);
}

static void log_forecast(void *ctx, const struct trial_check *c)
{
	struct forecast_work *w = ctx;
	char text[DF_ERR_TEXT];
	char *name =
	    df_format("%s: %s%s%s", w->feed->name, c->file, c->document != NULL ? ", " : "",
		      c->document != NULL ? c->document : "");
	if (c->refused.text[0] != '\0') {
		df_err_render(&c->refused, text, sizeof(text));
		df_log(DF_LOG_ERROR, "%s: would be refused: %s", name, text);
	} else {
		log_sound(w, c, name);
	}
	free(name);
	document_reasons_free(&w->reasons);
	w->row = 0;
}

/* expect_rows, as a run would have it. */
static enum df_status forecast_judge(void *ctx, const char *event_type, uint64_t rows,
				     struct df_err *err)
{
	const struct forecast_work *w = ctx;
	const struct run_expect_rows what = {
	    .feed = w->feed, .name = w->file, .event_type = event_type, .rows = rows};
	char text[256];
	enum df_status st = run_expect_compare(w->ledger, &what, text, err);
	if (st == DF_OK && text[0] != '\0')
		df_log(DF_LOG_WARN, "%s: %s: %s", w->feed->name, w->file, text);
	return st;
}

/* A server that removes what is read has no more of it than this copy: it stays, and nothing
 * else is read there. */
static enum df_status forecast_keep(const struct forecast_work *w, const struct fetch_entry *e,
				    const char *dir, const char *path, struct df_err *err)
{
	char *kept = df_format("%s/%s", dir, df_base_name(e->name));
	bool named = rename(path, kept) == 0;
	enum df_status st = df_fail(
	    DF_RETRY, err, NULL,
	    "the server removed %s once it was read: no dry run is possible there. All of "
	    "it is kept as %s: deliver it "
	    "with `dropfeed import --feed %s %s`",
	    e->name, named ? kept : path, w->feed->name, df_shell_word(named ? kept : path).text);
	free(kept);
	return st;
}

/* Brings the file to path, and opens it. */
static enum df_status forecast_get(struct forecast_work *w, const struct fetch_entry *e,
				   const char *path, char sha256[DF_SHA256_HEX], int *fd,
				   struct df_err *err)
{
	enum df_status st = run_source_get(&w->source, e, path, sha256, err);
	if (st != DF_OK)
		return st;
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return df_fail(DF_RETRY, err, NULL, "cannot open %s: %s", path, strerror(errno));
	return DF_OK;
}

/* DF_OK: a run would skip it, because its bytes were delivered before. */
static enum df_status forecast_same(struct forecast_work *w, const char *name, const char *sha256,
				    struct df_err *err)
{
	const struct run_bytes bytes = {name, sha256, 0};
	struct ledger_file same = {0};
	enum df_status st =
	    w->ledger != NULL ? run_same_bytes(w->ledger, w->feed, &bytes, &same, err) : DF_END;
	if (st == DF_OK) {
		df_log(DF_LOG_INFO,
		       "%s: %s: would be skipped: same bytes as %s, which was delivered before",
		       w->feed->name, name, same.name);
		w->result->files_skipped++;
	} else if (st == DF_RETRY && same.id != 0) { /* under way: it goes on */
		st = DF_END;
	}
	ledger_file_free(&same);
	return st;
}

static void forecast_skipped(void *ctx, const char *file, const struct decode_skipped *entry)
{
	const struct forecast_work *w = ctx;
	char *label = df_format("%s: %s", w->feed->name, file);
	run_log_skipped(label, entry);
	free(label);
}

static enum df_status forecast_check(struct forecast_work *w, const char *name, int fd)
{
	static const struct trial_check_events events = {.fault = forecast_fault,
							 .document = log_forecast,
							 .skipped = forecast_skipped,
							 .judge = forecast_judge};
	const struct trial_check_options how = {
	    .feed = w->feed, .jobs = w->conf->jobs, .events = &events, .ctx = w};
	struct trial_sum sum = {0};
	w->file = name;
	enum df_status st = trial_check_open(name, fd, &how, &sum);
	w->result->files_done += sum.files_done;
	w->result->files_refused += sum.files_refused;
	w->result->documents += sum.documents;
	w->result->rows += sum.rows;
	w->result->rejected += sum.rejected;
	w->result->skipped += sum.skipped;
	w->result->batches += sum.batches;
	w->result->events += sum.events;
	w->result->requests_forecast += sum.requests;
	return st;
}

static enum df_status forecast_in(struct forecast_work *w, const struct fetch_entry *e,
				  const char *dir, struct df_err *err)
{
	char *path = df_format("%s/drop", dir), *part = df_format("%s/drop.part", dir);
	char sha256[DF_SHA256_HEX] = "";
	int fd = -1;
	enum df_status st = forecast_get(w, e, path, sha256, &fd, err);
	const bool gone = st == DF_OK && fetch_fate(w->source.fetch)->gone;
	unlink(part);
	if (!gone) {
		unlink(path);
		rmdir(dir);
	}
	if (st != DF_OK)
		goto cleanup;
	st = forecast_same(w, e->name, sha256, err);
	if (st == DF_END)
		st = forecast_check(w, e->name, fd);
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
	char *dir = df_format("%s/dropfeed-XXXXXX", own ? w->conf->state_dir : df_scratch());
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
	ledger_file_free(&known);
	if (closed)
		return DF_OK;
	st = forecast_file(w, e, err);
	return st == DF_END ? DF_OK : st; /* it went away since it was listed */
}

static enum df_status forecast_feed(struct forecast_work *w, struct df_err *err)
{
	struct fetch_list list = {0};
	enum df_status st = run_ledger_read(w->conf, &w->ledger, err);
	if (st != DF_OK)
		return st;
	if (w->ledger != NULL)
		run_warn_renamed(w->ledger, w->conf, w->feed);
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
	    run_minutes(feed, result->batches - batches, result->requests_forecast - requests);
	if (st != DF_OK) {
		df_err_context(&err, "%s", feed->name);
		df_log_err(DF_LOG_ERROR, &err);
	}
	run_note_status(result, st);
	run_source_close(&w.source);
	ledger_close(w.ledger);
}
