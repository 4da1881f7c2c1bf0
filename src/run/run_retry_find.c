/* SPDX-License-Identifier: MIT */
/* Which files and documents `retry` opens again. */
#include "run_retry.h"

#include "run_source.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS_ARE_WRONG                                                                             \
	"nothing to retry: its rejected rows are wrong themselves; correct its reject file, "      \
	"which "                                                                                   \
	"`dropfeed rejects` prints, and drop that"
#define ROWS_ARE_GONE                                                                              \
	"nothing to retry: its reject file is not there any more, nor does the ledger have its "   \
	"rejected rows; `dropfeed resend` delivers the whole file once more"
#define ROWS_MAY_HAVE_ARRIVED                                                                      \
	"nothing to retry: its rejected rows may have arrived (delivery-unknown): `dropfeed "      \
	"retry --unknown` sends them once more"
#define WAS_ABANDONED                                                                              \
	"nothing to retry: it was abandoned; `dropfeed restart` delivers it, or, where it has a "  \
	"reject file, drop that"

static enum df_status has_one(void *ctx, const struct ledger_reject *reject, struct df_err *err)
{
	(void)err;
	struct retry *r = ctx;
	bool unknown = strcmp(reject->code, "delivery-unknown") == 0;
	/* an earlier version did not note what is left of it */
	bool lost = reject->partly && (reject->rest == NULL || reject->rest[0] == '\0');
	r->has_unknown = r->has_unknown || (unknown && !lost);
	if (lost || unknown != r->options->unknown)
		return DF_OK;
	r->has_one = true;
	return DF_END;
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
	enum df_status st = dropped_whole(r, d, gone, &dropped, err);
	if (st == DF_OK && !dropped)
		st = run_rejects_redropped(r->ledger, r->feed->name, d, 0, &dropped, err);
	*why = dropped ? "was dropped again" : NULL;
	return st;
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

/* Named, and there is nothing to send of it: what is left to do. */
static void note_idle(struct retry *r, const struct ledger_document *d, const char *name)
{
	bool gone = d->text == NULL || (access(d->text, F_OK) != 0 && errno == ENOENT);
	bool pruned = d->settings[0] == '\0'; /* on whichever host the file was */
	const char *why = ROWS_ARE_WRONG;
	if (r->has_unknown && !r->options->unknown)
		why = ROWS_MAY_HAVE_ARRIVED;
	else if (gone && (pruned || !ledger_shared(r->ledger)))
		why = ROWS_ARE_GONE;
	run_named_idle(r->names, name, why);
	run_named_idle(r->names, r->file->name, why);
}

static enum df_status retry_on_document(void *ctx, const struct ledger_document *d,
					struct df_err *err)
{
	struct retry *r = ctx;
	bool again = d->state == LEDGER_REFUSED, named = r->file_named;
	r->has_one = r->has_unknown = false;
	const char *passed = NULL;
	enum df_status st = DF_OK;
	char *name =
	    d->name != NULL ? df_format("%s:%s", r->file->name, d->name) : df_strdup(r->file->name);
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
		st = run_reopened_add(r->ledger, d, r->options->unknown, &r->found.opened, err);
		r->found.sent = r->found.sent || d->state == LEDGER_DONE || d->taken;
		run_named_chosen(r->names, name);
	} else if (named && d->state == LEDGER_DONE && d->rejected > 0) {
		note_idle(r, d, name);
	}
	free(name);
	return st;
}

void run_retry_clear(struct retry_file *f)
{
	ledger_file_free(&f->known);
	run_reopened_clear(&f->opened);
	*f = (struct retry_file){0};
}

/* A refused file may have been replaced at the source by a good one: then there is nothing left to
 * do. */
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
	note_replaced(r, f);
	if (f->state == LEDGER_ABANDONED) { /* `restart` is for that */
		(void)run_named_is(r->names, f->name);
		run_named_idle(r->names, f->name, WAS_ABANDONED);
		return DF_OK;
	}
	if (f->state == LEDGER_LISTED) {
		(void)run_named_is(r->names, f->name);
		run_named_idle(r->names, f->name, RUN_NOT_PULLED);
		return DF_OK;
	}
	run_named_idle(r->names, f->name, NULL);
	r->file_named = r->any_named = run_named_is(r->names, f->name);
	r->found = (struct retry_file){.feed = r->feed, .closed = closed};
	enum df_status st = ledger_documents(r->ledger, f->id, retry_on_document, r, err);
	/* what refused it was not one of its documents, which may be done, or open */
	bool whole = f->state == LEDGER_REFUSED && r->file_named && !r->options->unknown;
	bool chosen = closed ? r->found.opened.n > 0 || whole : r->any_named;
	if (st != DF_OK || !chosen) {
		run_retry_clear(&r->found);
		return st;
	}
	run_named_chosen(r->names, f->name);
	r->found.known = ledger_file_dup(f);
	r->files = df_realloc(r->files, (r->n_files + 1) * sizeof(*r->files));
	r->files[r->n_files++] = r->found;
	r->found = (struct retry_file){0};
	return DF_OK;
}

enum df_status run_retry_find(struct retry *r, const struct conf *conf, struct df_err *err)
{
	enum df_status st = DF_OK;
	for (size_t i = 0; st == DF_OK && i < conf->n_feeds; i++) {
		r->feed = &conf->feeds[i];
		if (setup_feed_chosen(r->feed, r->options->feeds, r->options->n_feeds))
			st = ledger_files(r->ledger, r->feed->name, false, retry_on_file, r, err);
	}
	return st;
}
