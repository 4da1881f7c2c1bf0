/* SPDX-License-Identifier: MIT */
/* Local files that go straight to a sink and leave no trace: read, checked, written. What is
 * rejected is logged line by line, and written to a file where one was named. */
#include "run_document.h"
#include "run_import.h"
#include "run_notices.h"
#include "run_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define REJECTS_LOGGED 1000u /* rows of a file */

/* of the input, while it is decoded and checked: nothing needs the hash before batches are made */
struct hashing {
	pthread_t thread;
	bool running;
	int in, out; /* out: -1, or where the input is copied to */
	char sha256[DF_SHA256_HEX];
	enum df_status st;
	struct df_err err;
};

static void *hashing_run(void *ctx)
{
	struct hashing *h = ctx;
	h->st = df_copy(h->in, h->out, h->sha256, &h->err);
	return NULL;
}

/* A pipe is waited for as long as it takes, and a signal to stop wakes none but the thread that
 * gets it, this one. */
static void hashing_begin(struct hashing *h)
{
	bool pipe = h->out >= 0;
	h->running = !pipe && pthread_create(&h->thread, NULL, hashing_run, h) == 0;
	if (!h->running)
		hashing_run(h);
}

static enum df_status hashing_end(struct hashing *h, struct df_err *err)
{
	if (h->running)
		pthread_join(h->thread, NULL);
	h->running = false;
	if (h->st != DF_OK)
		*err = h->err;
	return h->st;
}

struct plain_import {
	const struct run_import_options *options;
	struct run *run;
	struct conf_feed feed; /* a view of the options' feed */
	const char *name;      /* of the current file */
	struct ledger *ledger; /* of a dry run, or NULL */
	/* own: one for all documents of a file sink, else one for each */
	struct send_stream *stream;
	uint64_t *lane_next; /* own: a lane goes on from document to document of a stream */
	uint64_t delivered;
	struct progress_item *item; /* that is sent, or NULL */
	atomic_ullong logged;
	uint64_t rows, rejected;            /* of the current document, as it was checked */
	uint64_t batches, events;           /* of the current document */
	struct run_import_rejects *refused; /* own: what the API rejected of it */
	struct document_places *places;     /* own: what the map rejected, or NULL: not asked for */
	bool folder;                        /* the sink: each document has a file of its own */
};

/* Rows are logged one by one, up to a point. */
static bool may_log(struct plain_import *p)
{
	unsigned long long before = atomic_fetch_add(&p->logged, 1);
	if (before == REJECTS_LOGGED)
		df_log(DF_LOG_WARN, "%s: more rows are rejected%s", p->name,
		       p->options->rejects != NULL
			   ? ""
			   : "; --rejects FILE writes all of them to a file");
	return before < REJECTS_LOGGED;
}

static enum df_status plain_settled(void *ctx, const struct send_settled *step, struct df_err *err)
{
	struct plain_import *p = ctx;
	struct document_refused rejects = {0};
	(void)err;
	document_refused_of(step, &rejects);
	p->delivered += step->rows_delivered;
	if (p->item != NULL)
		atomic_fetch_add(&p->item->count.settled, step->rows_delivered + rejects.n);
	for (size_t i = 0; i < rejects.n; i++) {
		const struct ledger_reject *r = &rejects.v[i];
		run_import_rejects_add(p->refused, r);
		if (may_log(p))
			df_log(DF_LOG_WARN, "%s: line %llu, row %llu: rejected: %s [%s]", p->name,
			       (unsigned long long)r->line, (unsigned long long)r->row, r->message,
			       r->code != NULL ? r->code : "api-rejected");
	}
	document_refused_free(&rejects);
	return DF_OK;
}

static enum df_status plain_reject(void *ctx, const struct document_pass_reject *r,
				   struct df_err *err)
{
	struct plain_import *p = ctx;
	(void)err;
	for (size_t i = 0; i < r->n_faults && may_log(p); i++) {
		const struct map_fault *f = &r->faults[i];
		const char *column = f->name != NULL ? f->name : "";
		df_log(DF_LOG_WARN, "%s: line %llu, row %llu%s%s%s: rejected: %s [%s]", p->name,
		       (unsigned long long)r->where.line, (unsigned long long)r->where.number,
		       column[0] != '\0' ? ", column '" : "", column, column[0] != '\0' ? "'" : "",
		       f->text, f->code);
	}
	return DF_OK;
}

static enum df_status plain_batch(void *ctx, struct batch *b, struct df_err *err)
{
	struct plain_import *p = ctx;
	b->lane_position = p->lane_next[b->lane]++;
	p->batches++;
	p->events += b->n_events;
	return send_put(p->stream, b, err);
}

/* Ends the stream: all that was put is settled, or st says why not. */
static enum df_status plain_settle(struct plain_import *p, enum df_status st, struct df_err *err)
{
	struct df_err why = {0};
	enum df_status closed =
	    p->stream != NULL ? send_close(p->stream, st != DF_OK, &why) : DF_OK;
	p->stream = NULL;
	memset(p->lane_next, 0, p->feed.batch.lanes * sizeof(*p->lane_next));
	if (closed == DF_OK || st != DF_OK)
		return st;
	*err = why;
	return closed;
}

static enum df_status plain_put(struct plain_import *p, struct document_pass *pass,
				const struct batch_settings *settings, struct df_err *err)
{
	static const struct send_events events = {.settled = plain_settled};
	const struct send_order order = {.feed = &p->feed, .events = &events, .ctx = p};
	if (p->stream == NULL) {
		enum df_status st = sender_open(p->run->env.sender, &order, &p->stream, err);
		if (st != DF_OK)
			return st;
	}
	return document_batches(pass, settings, plain_batch, NULL, p, err);
}

static enum df_status plain_send(struct plain_import *p, struct document_pass *pass,
				 const struct batch_settings *settings, struct df_err *err)
{
	struct progress_item item = {.what = PROGRESS_SENT,
				     .feed = &p->feed,
				     .file = p->name,
				     .document = pass->doc->name,
				     .rows = p->rows,
				     .before = p->rejected,
				     .answered = conf_sink_answers(p->feed.send.sink)};
	p->batches = p->events = 0;
	p->item = item.answered ? &item : NULL;
	pass->progress = &item.count;
	progress_item_begin(p->run->progress, &item);
	enum df_status st = plain_put(p, pass, settings, err);
	/* What the API says of a document has to be known before its reject file is written. */
	if (p->folder || conf_sink_answers(p->feed.send.sink))
		st = plain_settle(p, st, err);
	progress_item_end(p->run->progress, &item);
	pass->progress = NULL;
	p->item = NULL;
	document_pass_end(pass);
	return st == DF_REJECT ? DF_FATAL : st; /* the preflight read the same bytes */
}

/* The same, where the sink is a folder: as a run names the file. */
static enum df_status plain_send_apart(struct plain_import *p, struct document_pass *pass,
				       const struct batch_settings *settings, struct df_err *err)
{
	char *folder = p->feed.send.sink_path;
	p->feed.send.sink_path = df_strdup(folder);
	run_sink_choose(p->name, settings->sha256, pass->doc, &p->feed);
	enum df_status st = plain_send(p, pass, settings, err);
	free(p->feed.send.sink_path);
	p->feed.send.sink_path = folder;
	p->feed.send.sink_apart = false;
	return st;
}

static void plain_count(struct plain_import *p, const struct decode_doc *doc,
			const struct document_forecast *found)
{
	struct run_result *result = p->run->result;
	char skipped[48] = "";
	if (found->skipped > 0)
		snprintf(skipped, sizeof(skipped), ", %llu skipped",
			 (unsigned long long)found->skipped);
	df_log(found->rejected > 0 ? DF_LOG_WARN : DF_LOG_INFO,
	       "%s%s%s: %s, %llu rejected%s, %s in %s", p->name, doc->name != NULL ? ", " : "",
	       doc->name != NULL ? doc->name : "", df_count(found->rows, "row").text,
	       (unsigned long long)found->rejected, skipped, df_count(found->events, "event").text,
	       df_count(found->batches, batch_form_of(&p->feed)->unit).text);
	result->documents++;
	result->rows += found->rows;
	result->rejected += found->rejected;
	result->skipped += found->skipped;
	result->batches += found->batches;
	result->events += found->events;
	result->requests_forecast += found->requests;
	result->minutes_forecast += run_minutes(&p->feed, found->batches, found->requests);
}

/* The reject file that was asked for. */
static enum df_status plain_rejects(struct plain_import *p, struct document_pass *pass,
				    struct df_err *err)
{
	const struct document_later later = {
	    .next = run_import_rejects_next, .ctx = p->refused, .placed = true};
	struct document_rejects rejects = {0};
	enum df_status st =
	    document_rejects_export(pass, &later, p->options->rejects, &rejects, err);
	document_pass_end(pass);
	if (rejects.path != NULL && st == DF_OK)
		df_log(DF_LOG_WARN, "%s: its rejected rows are in %s", p->name, rejects.path);
	document_rejects_free(&rejects);
	return st;
}

static void plain_warnings(const struct plain_import *p, const struct decode_doc *doc,
			   const struct document_pass *pass)
{
	char *label =
	    doc->name != NULL ? df_format("%s, %s", p->name, doc->name) : df_strdup(p->name);
	run_log_warnings(label, pass);
	free(label);
}

static enum df_status plain_check(struct plain_import *p, struct document_pass *pass,
				  const struct batch_settings *settings,
				  struct document_forecast *found, struct df_err *err)
{
	struct progress_item item = {.what = PROGRESS_CHECKED,
				     .feed = &p->feed,
				     .file = p->name,
				     .document = pass->doc->name,
				     .bytes = pass->doc->length};
	pass->progress = &item.count;
	progress_item_begin(p->run->progress, &item);
	enum df_status st = document_preflight(pass, settings, plain_reject, p, found, err);
	progress_item_end(p->run->progress, &item);
	pass->progress = NULL;
	p->rows = found->rows;
	p->rejected = found->rejected + found->skipped;
	plain_warnings(p, pass->doc, pass);
	document_pass_end(pass);
	return st;
}

/* Whether an import of the feed would take that many rows (expect_rows). */
static enum df_status plain_judge(struct plain_import *p, const struct decode_doc *doc,
				  uint64_t rows, struct df_err *err)
{
	const struct run_expect_rows what = {
	    .feed = &p->feed, .name = p->name, .event_type = doc->event_type, .rows = rows};
	char text[256] = "";
	if (!p->options->dry_run || p->options->stateless)
		return DF_OK;
	enum df_status st = run_expect_compare(p->ledger, &what, text, err);
	if (st == DF_OK && text[0] != '\0')
		df_log(DF_LOG_WARN, "%s: %s", p->name, text);
	return st;
}

/* Checks the document and writes its batches. DF_REJECT: refused. */
static enum df_status plain_document(struct plain_import *p, struct hashing *hash,
				     const struct decode_doc *doc, struct df_err *err)
{
	struct document_pass pass = {.feed = &p->feed,
				     .file = p->name,
				     .doc = doc,
				     .jobs = p->options->jobs,
				     .places = p->places};
	struct batch_settings settings = document_batch_settings(&p->feed, "", doc, df_now_ms());
	struct document_forecast found = {0};
	bool dry = p->options->dry_run; /* else the batches are counted as they are made */
	bool counts = dry || settings.most > 0;
	settings.scratch = p->run->scratch;
	enum df_status st = plain_check(p, &pass, counts ? &settings : NULL, &found, err);
	run_import_rejects_clear(p->refused);
	if (st == DF_OK && !found.redropped)
		st = plain_judge(p, doc, found.rows, err);
	if (st != DF_OK)
		return st;
	if (!dry) {
		st = hashing_end(hash, err);
		if (st != DF_OK)
			return st;
		settings.sha256 = hash->sha256;
		st = p->folder ? plain_send_apart(p, &pass, &settings, err)
			       : plain_send(p, &pass, &settings, err);
		if (st != DF_OK)
			return st;
		found.batches = p->batches;
		found.events = p->events;
	}
	found.rejected += run_import_rejects_count(p->refused);
	plain_count(p, doc, &found);
	return found.rejected > 0 && p->options->rejects != NULL ? plain_rejects(p, &pass, err)
								 : DF_OK;
}

/* The file first: where in it the fault is comes with the error's own text. */
static void log_refusal(const struct plain_import *p, const struct decode_doc *doc,
			const struct df_err *why)
{
	char text[DF_ERR_TEXT];
	df_err_render(why, text, sizeof(text));
	df_log_code(DF_LOG_ERROR, why->code, "%s%s%s: refused, nothing of it was sent: %s", p->name,
		    doc->name != NULL ? ", " : "", doc->name != NULL ? doc->name : "", text);
}

static enum df_status plain_decoded(struct plain_import *p, int fd, struct hashing *hash,
				    struct df_err *err)
{
	struct decode *d = NULL;
	size_t refused = 0;
	enum df_status st = decode_open(&p->feed, p->name, fd, p->run->scratch, &d, err);
	for (size_t i = 0; st == DF_OK && i < decode_skipped_count(d); i++)
		run_log_skipped(p->name, decode_skipped(d, i));
	for (size_t i = 0; st == DF_OK && i < decode_count(d); i++) {
		const struct decode_doc *doc = decode_doc(d, i);
		struct df_err one = {0};
		st = plain_document(p, hash, doc, &one);
		if (st == DF_REJECT) { /* the archive's other documents are fine for all that */
			log_refusal(p, doc, &one);
			refused++;
			st = DF_OK;
		} else if (st != DF_OK) {
			*err = one;
		}
	}
	decode_close(d);
	p->run->result->files_refused += refused > 0;
	p->run->result->files_done += st == DF_OK && refused == 0;
	return st;
}

/* fd: -1, or an unnamed file for a copy, where the input cannot be read twice. */
static enum df_status plain_bytes(struct plain_import *p, int in, int fd, struct df_err *err)
{
	struct hashing hash = {.in = in, .out = fd};
	struct df_err ignored = {0};
	hashing_begin(&hash);
	if (fd >= 0) {
		enum df_status st = hashing_end(&hash, err);
		if (st != DF_OK)
			return st;
	}
	enum df_status st = plain_decoded(p, fd >= 0 ? fd : in, &hash, err);
	(void)hashing_end(&hash, &ignored);
	return st;
}

static enum df_status plain_file(struct plain_import *p, const char *file, struct df_err *err)
{
	struct name parsed;
	struct df_err ignored = {0}, why = {0};
	int in = -1, fd = -1;
	p->name = run_import_name(p->options, file);
	p->logged = 0;
	p->feed.decode.encrypted = p->options->feed->decode.encrypted;
	if (p->options->encryption_by_name &&
	    name_parse_as(p->name, p->feed.decode.document_type, &parsed, &ignored) == DF_OK)
		p->feed.decode.encrypted = parsed.encrypted;
	enum df_status st = run_import_open(file, &in, err);
	if (st != DF_OK)
		return st;
	/* Decoding seeks: what cannot be is copied to an unnamed file first. */
	if (lseek(in, 0, SEEK_CUR) != 0)
		st = df_unnamed_open(p->run->scratch, &fd, err);
	if (st != DF_OK)
		goto cleanup;
	st = plain_bytes(p, in, fd, &why);
	if (st == DF_REJECT && strcmp(why.code, "bad-name") == 0)
		st = run_import_unnamed(file, &why, err);
	else
		*err = why;
cleanup:
	close(in);
	if (fd >= 0)
		close(fd);
	return st;
}

void run_import_plain(const struct run_import_options *o, struct ledger *ledger,
		      struct run_result *result)
{
	struct run run = {.scratch = df_scratch(), .result = result};
	struct plain_import p = {
	    .options = o, .run = &run, .feed = *o->feed, .folder = conf_sink_is_folder(o->feed)};
	p.ledger = ledger;
	struct df_err err = {0};
	enum df_status st = DF_OK;
	p.refused = run_import_rejects_new();
	p.places = o->rejects != NULL ? document_places_new() : NULL;
	p.lane_next = df_alloc(o->feed->batch.lanes * sizeof(*p.lane_next));
	pthread_mutex_init(&run.lock, NULL);
	run.env.sender = sender_new();
	/* what goes to standard output may be read on the same terminal */
	if (o->feed->send.sink != CONF_SINK_STDOUT || o->progress_s > 0)
		run.progress = progress_start(run.env.sender, o->progress_s);
	for (size_t i = 0; i < o->n_files && st == DF_OK; i++) {
		struct df_err one = {0};
		st = plain_file(&p, o->files[i], &one);
		if (st == DF_OK)
			continue;
		df_err_about(&one, o->files[i]);
		df_log_err(DF_LOG_ERROR, &one);
		if (st == DF_REJECT) {
			result->files_refused++;
			st = DF_OK;
		}
	}
	enum df_status closed = plain_settle(&p, st, &err);
	if (closed != st)
		df_log_err(DF_LOG_ERROR, &err);
	st = closed;
	result->delivered += p.delivered;
	run_note_status(result, st);
	progress_end(run.progress);
	sender_free(run.env.sender);
	pthread_mutex_destroy(&run.lock);
	run_import_rejects_free(p.refused);
	document_places_free(p.places);
	free(p.lane_next);
}
