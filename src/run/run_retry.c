/* SPDX-License-Identifier: MIT */
/*
 * Once more, after a cause outside the files was repaired: documents that were refused, of which
 * nothing was sent, and rows that the API rejected. The bytes are brought into the spool first,
 * then the ledger opens the file again, then it goes the way of every file that a run did not
 * finish; so a crash at any point leaves nothing that the next run would not go on with.
 */
#include "run_feed.h"
#include "run_named.h"
#include "run_session.h"

#include "dropfeed/report.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTHING_TO_RETRY                                                                           \
	"nothing to retry: nothing of it is refused, and the API rejected none of its rows"
#define ROWS_ARE_WRONG                                                                             \
	"nothing to retry: its rejected rows are wrong themselves; correct its reject file, "      \
	"which "                                                                                   \
	"`dropfeed rejects` prints, and drop that"
#define WAS_ABANDONED                                                                              \
	"nothing to retry: it was abandoned; `dropfeed restart` delivers it, or drop its reject "  \
	"file"

struct retry_file {
	const struct conf_feed *feed;
	struct ledger_file known; /* own */
	bool closed;
	bool replaced;                   /* a later file of its name was delivered */
	struct ledger_reopen *documents; /* own */
	char **rejects;                  /* own, of each document: its reject file or NULL */
	size_t n;
};

struct retry {
	const struct run_retry_options *options;
	struct ledger *ledger;
	struct run_named *names;  /* own */
	struct retry_file *files; /* own */
	size_t n_files;
	/* of the file at hand: */
	const struct conf_feed *feed;
	const struct ledger_file *file;
	struct retry_file found;
	bool file_named, any_named, any_document, has_one;
};

/* ---- which documents ---- */

static enum df_status has_one(void *ctx, const struct ledger_reject *reject, struct df_err *err)
{
	(void)err;
	struct retry *r = ctx;
	bool unknown = strcmp(reject->code, "delivery-unknown") == 0;
	/* an earlier version did not note what is left of it */
	bool lost = reject->partly && (reject->rest == NULL || reject->rest[0] == '\0');
	if (lost || unknown != r->options->unknown)
		return DF_OK;
	r->has_one = true;
	return DF_END;
}

struct redropped {
	const struct retry *r;
	const char *event_type;
	bool any;
};

static enum df_status came_again(void *ctx, const struct ledger_reject *reject, struct df_err *err)
{
	struct redropped *d = ctx;
	char *reason = df_format("%s: %s", reject->code, reject->message);
	uint64_t mark = document_reject_mark(d->event_type, reject->line, reason, strlen(reason));
	free(reason);
	enum df_status st = ledger_redropped(d->r->ledger, d->r->feed->name, mark, &d->any, err);
	return st == DF_OK && d->any ? DF_END : st;
}

/* Are the reject file's bytes, as they are, those of a file that came to the feed? Where another
 * host wrote it, the ledger may have them. */
static enum df_status dropped_whole(struct retry *r, const struct ledger_document *d, bool gone,
				    bool *dropped, struct df_err *err)
{
	char hex[DF_SHA256_HEX];
	int fd = -1;
	enum df_status st =
	    gone ? run_rejects_fetch(r->ledger, d->id, &fd, err) : df_open_named(d->text, &fd, err);
	if (st != DF_OK)
		return st == DF_END ? DF_OK : st;
	st = df_copy(fd, -1, hex, err);
	close(fd);
	return st == DF_OK ? ledger_bytes_known(r->ledger, r->feed->name, hex, dropped, err) : st;
}

static enum df_status dropped_again(struct retry *r, const struct ledger_document *d, bool gone,
				    const char **why, struct df_err *err)
{
	bool dropped = false;
	struct redropped rows = {.r = r, .event_type = d->event_type};
	enum df_status st = dropped_whole(r, d, gone, &dropped, err);
	if (st == DF_OK && !dropped)
		st = ledger_rejects(r->ledger, d->id, 0, came_again, &rows, err);
	*why = dropped || rows.any ? "was dropped again" : NULL;
	return st == DF_END ? DF_OK : st;
}

/* Why the document is passed over unless it is named: somebody took the rows in hand, and they
 * may come, or have come, in another file. NULL: nobody did. */
static enum df_status taken_in_hand(struct retry *r, const struct ledger_document *d,
				    const char **why, struct df_err *err)
{
	struct stat info;
	*why = NULL;
	if (d->text == NULL)
		return DF_OK;
	bool gone = stat(d->text, &info) != 0 && errno == ENOENT;
	if (gone && !ledger_shared(r->ledger)) /* else it may be on the host that wrote it */
		*why = "was removed";
	else if (!gone && run_rejects_edited(d))
		*why = "was edited";
	return *why != NULL ? DF_OK : dropped_again(r, d, gone, why, err);
}

static void retry_add_document(struct retry *r, const struct ledger_document *d)
{
	struct retry_file *f = &r->found;
	f->documents = df_realloc(f->documents, (f->n + 1) * sizeof(*f->documents));
	f->rejects = df_realloc(f->rejects, (f->n + 1) * sizeof(*f->rejects));
	bool done = d->state == LEDGER_DONE;
	f->documents[f->n] = (struct ledger_reopen){.document = d->id,
						    .keep_rejects = done && run_rejects_edited(d),
						    .unknown = r->options->unknown};
	f->rejects[f->n++] = done ? df_strdup(d->text) : NULL;
}

static enum df_status retry_on_document(void *ctx, const struct ledger_document *d,
					struct df_err *err)
{
	struct retry *r = ctx;
	bool again = d->state == LEDGER_REFUSED, named = r->file_named;
	r->has_one = false;
	const char *passed = NULL;
	enum df_status st = DF_OK;
	char *name =
	    d->name != NULL ? df_format("%s:%s", r->file->name, d->name) : df_strdup(r->file->name);
	r->any_document = true;
	if (d->name != NULL)
		named = run_named_is(r->names, name) || named;
	r->any_named = r->any_named || named;
	if (named && d->state == LEDGER_DONE && d->rejected > 0 &&
	    conf_sink_answers(r->feed->send.sink))
		st = ledger_rejects(r->ledger, d->id, 0, has_one, r, err);
	st = st == DF_END ? DF_OK : st;
	again = (again && !r->options->unknown) || r->has_one;
	if (st == DF_OK && again && d->state == LEDGER_DONE && r->options->n_documents == 0)
		st = taken_in_hand(r, d, &passed, err);
	if (passed != NULL)
		df_log(
		    DF_LOG_INFO,
		    "%s: %s: passed over: its reject file %s; name it to send its rows once more",
		    r->feed->name, name, passed);
	if (st == DF_OK && named && again && passed == NULL) {
		retry_add_document(r, d);
		run_named_chosen(r->names, name);
	} else if (named && d->state == LEDGER_DONE && d->rejected > 0) {
		run_named_idle(r->names, name, ROWS_ARE_WRONG);
		run_named_idle(r->names, r->file->name, ROWS_ARE_WRONG);
	}
	free(name);
	return st;
}

static void file_clear(struct retry_file *f)
{
	ledger_file_free(&f->known);
	for (size_t i = 0; i < f->n; i++)
		free(f->rejects[i]);
	free(f->rejects);
	free(f->documents);
	*f = (struct retry_file){0};
}

/* A refused file may have been replaced at the source by a good one: if its bytes are gone,
 * there is nothing left to do. */
static void note_replaced(struct retry *r, const struct ledger_file *f)
{
	for (size_t i = 0; i < r->n_files && f->state == LEDGER_DONE; i++) {
		struct retry_file *older = &r->files[i];
		older->replaced = older->replaced ||
				  (older->feed == r->feed && older->known.state == LEDGER_REFUSED &&
				   strcmp(older->known.name, f->name) == 0);
	}
}

static enum df_status retry_on_file(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	struct retry *r = ctx;
	bool closed = ledger_closes(f->state);
	r->file = f;
	r->any_document = false;
	note_replaced(r, f);
	if (f->state == LEDGER_ABANDONED) { /* `restart` is for that */
		(void)run_named_is(r->names, f->name);
		run_named_idle(r->names, f->name, WAS_ABANDONED);
		return DF_OK;
	}
	run_named_idle(r->names, f->name, NULL);
	r->file_named = r->any_named = run_named_is(r->names, f->name);
	r->found = (struct retry_file){.feed = r->feed, .closed = closed};
	enum df_status st = ledger_documents(r->ledger, f->id, retry_on_document, r, err);
	bool whole = f->state == LEDGER_REFUSED && !r->any_document && !r->options->unknown;
	bool chosen = closed ? r->found.n > 0 || (r->file_named && whole) : r->any_named;
	if (st != DF_OK || !chosen) {
		file_clear(&r->found);
		return st;
	}
	run_named_chosen(r->names, f->name);
	r->found.known = ledger_file_dup(f);
	r->files = df_realloc(r->files, (r->n_files + 1) * sizeof(*r->files));
	r->files[r->n_files++] = r->found;
	r->found = (struct retry_file){0};
	return DF_OK;
}

static enum df_status retry_search(struct retry *r, const struct conf *conf, struct df_err *err)
{
	enum df_status st = DF_OK;
	for (size_t i = 0; st == DF_OK && i < conf->n_feeds; i++) {
		r->feed = &conf->feeds[i];
		if (setup_feed_chosen(r->feed, r->options->feeds, r->options->n_feeds))
			st = ledger_files(r->ledger, r->feed->name, false, retry_on_file, r, err);
	}
	return st;
}

/* ---- and on their way ---- */

/* Delivered meanwhile under another name or after another drop: then the refusal is history. */
static enum df_status was_delivered(struct feed_work *w, const struct retry_file *f,
				    struct df_err *err)
{
	struct ledger_file same = {0};
	char event_type[RUN_EVENT_TYPE_SIZE];
	if (f->known.state != LEDGER_REFUSED || w->feed->send.duplicates_import)
		return DF_END;
	run_event_type(w->feed, f->known.name, event_type);
	const struct ledger_bytes bytes = {
	    .feed = w->feed->name, .sha256 = f->known.sha256, .event_type = event_type};
	enum df_status st = ledger_file_same(w->run->env.ledger, &bytes, &same, err);
	if (st != DF_OK)
		return st;
	bool done = same.state == LEDGER_DONE;
	if (done) {
		df_log(DF_LOG_INFO, "%s: %s: skipped: same bytes as %s, which was delivered since",
		       w->feed->name, f->known.name, same.name);
		run_feed_skipped(w, 1);
	}
	ledger_file_free(&same);
	return done ? DF_OK : DF_END;
}

/* The copies of reject files that receipts put on the source: who looks there must not drop rows
 * that are delivered now. */
static enum df_status take_back_rejects(struct feed_work *w, const struct retry_file *f,
					struct df_err *err)
{
	enum df_status st = DF_OK;
	for (size_t i = 0; st == DF_OK && i < f->n; i++)
		st = run_after_take_back(&w->source, f->rejects[i], err);
	return st;
}

static enum df_status reopen(struct feed_work *w, const struct retry_file *f, struct df_err *err)
{
	enum df_status st = take_back_rejects(w, f, err);
	if (st != DF_OK)
		return st;
	st = ledger_reopen(w->run->env.ledger, f->known.id, f->documents, f->n, err);
	if (st != DF_OK)
		return st;
	for (size_t i = 0; i < f->n; i++) {
		if (f->documents[i].keep_rejects)
			df_log(DF_LOG_WARN,
			       "%s: %s was changed since it was written and stays as it is: drop "
			       "none of its rows that are delivered now",
			       w->feed->name, f->rejects[i]);
	}
	df_log(DF_LOG_INFO, "%s: %s: once more", w->feed->name, f->known.name);
	return DF_OK;
}

/* DF_END: its bytes are nowhere. */
static enum df_status retry_one(struct feed_work *w, const struct retry_file *f, struct df_err *err)
{
	struct fetch_entry e = {
	    .name = f->known.name, .size = f->known.size, .mtime = f->known.mtime};
	enum df_status st = was_delivered(w, f, err);
	if (st != DF_END)
		return st;
	char *spool = run_spool_of(w->run->conf, &f->known);
	st = run_feed_spooled(w, spool, f->known.sha256, err);
	if (st == DF_END)
		st = run_feed_find(w, &e, f->known.sha256, spool, err);
	if (st == DF_OK && f->closed)
		st = reopen(w, f, err);
	if (st != DF_OK) {
		free(spool);
		return st;
	}
	struct feed_file file = {
	    .entry = &e, .sha256 = f->known.sha256, .id = f->known.id, .idle = f->known.idle};
	(void)run_feed_hand_over(w, &file, spool);
	return DF_OK;
}

static void retry_log_gone(struct feed_work *w, const struct retry_file *f)
{
	df_log(DF_LOG_ERROR,
	       "%s: %s: its bytes are neither in the spool nor on the source (the %llu bytes with "
	       "the SHA-256 %s): put "
	       "that file back under its name, or name the folder that it is in with --from DIR",
	       w->feed->name, f->known.name, (unsigned long long)f->known.size, f->known.sha256);
	pthread_mutex_lock(&w->run->lock);
	w->run->result->files_gone++;
	pthread_mutex_unlock(&w->run->lock);
}

static enum df_status retry_part(struct feed_work *w, void *ctx, struct df_err *err)
{
	const struct retry *r = ctx;
	enum df_status st = DF_OK;
	w->from = r->options->from;
	for (size_t i = 0; st == DF_OK && i < r->n_files && !df_stop_requested; i++) {
		const struct retry_file *f = &r->files[i];
		struct df_err one = {0};
		if (f->feed != w->feed)
			continue;
		enum df_status got = retry_one(w, f, &one);
		if (got == DF_OK)
			continue;
		if (got == DF_END && f->replaced && r->options->n_documents == 0) {
			df_log(DF_LOG_INFO,
			       "%s: %s: passed over: its bytes are gone, and a later file of its "
			       "name was delivered",
			       w->feed->name, f->known.name);
			continue;
		}
		if (got == DF_END) {
			retry_log_gone(w, f);
			continue;
		}
		if (got == DF_RETRY) { /* the source, or this file: the others may succeed */
			df_err_context(&one, "%s: %s", w->feed->name, f->known.name);
			df_log_err(DF_LOG_ERROR, &one);
			run_note(w->run, w->feed, got, &one);
			continue;
		}
		*err = one;
		st = got;
	}
	return st;
}

static bool has_files(const struct retry *r, const struct conf_feed *feed)
{
	for (size_t i = 0; i < r->n_files; i++)
		if (r->files[i].feed == feed)
			return true;
	return false;
}

static void retry_all(struct run *run, const struct conf *conf, struct retry *r)
{
	const struct conf_feed **feeds = df_alloc((conf->n_feeds + 1) * sizeof(*feeds));
	size_t n = 0;
	for (size_t i = 0; i < conf->n_feeds; i++)
		if (has_files(r, &conf->feeds[i]))
			feeds[n++] = &conf->feeds[i];

	struct run_pool *pool = run_pool_new(run, conf->jobs);
	run_feed_each(run, feeds, n, retry_part, r);
	run_pool_free(pool);
	free((void *)feeds);
}

void run_retry(const struct conf *conf, const struct run_retry_options *options,
	       struct run_result *result)
{
	struct run_session session;
	struct df_err err = {0};
	struct retry r = {.options = options};
	enum df_status st = run_session_open(&session, conf, result, &err);
	if (st != DF_OK) {
		run_session_failed(result, st, &err);
		return;
	}
	r.ledger = session.run.env.ledger;
	r.names = run_named_new(options->documents, options->n_documents);
	st = retry_search(&r, conf, &err);
	if (st != DF_OK)
		df_log_err(DF_LOG_ERROR, &err);
	else if (!run_named_all_known(r.names, NOTHING_TO_RETRY))
		st = DF_USAGE; /* every name has to be known, or nothing is done */
	run_note_status(result, st);
	if (st == DF_OK)
		retry_all(&session.run, conf, &r);
	run_watch_sinks(&session.run);
	if (df_stop_requested)
		run_note_status(result, DF_RETRY);
	for (size_t i = 0; i < r.n_files; i++)
		file_clear(&r.files[i]);
	free(r.files);
	run_named_free(r.names);
	run_session_close(&session);
}
