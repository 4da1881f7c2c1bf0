/* SPDX-License-Identifier: MIT */
/* Old details are removed: of each file its reject files first, then what the ledger knows of
 * its rows. So a crash leaves no reject file that nobody knows of. */
#include "run_feed.h"
#include "run_session.h"

#include "dropfeed/step.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct prune {
	const struct run_prune_options *options;
	struct ledger *ledger;
	struct run_pruned *out;
	struct ledger_file *files; /* own */
	size_t n;
};

static bool prune_is_meant(const struct prune *p, const char *feed)
{
	for (size_t i = 0; i < p->options->n_feeds; i++)
		if (strcmp(p->options->feeds[i], feed) == 0)
			return true;
	return p->options->n_feeds == 0;
}

static enum df_status prune_on_file(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	struct prune *p = ctx;
	(void)err;
	if (!prune_is_meant(p, f->feed))
		return DF_OK;
	p->files = df_realloc(p->files, (p->n + 1) * sizeof(*p->files));
	p->files[p->n++] = ledger_file_dup(f);
	return DF_OK;
}

static bool prune_is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

static enum df_status prune_rejects(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	struct prune *p = ctx;
	if (d->state == LEDGER_REFUSED || d->text == NULL || !prune_is_there(d->text))
		return DF_OK;
	df_before("remove an old reject file");
	if (!p->options->dry_run && unlink(d->text) != 0 && errno != ENOENT)
		return df_fail(DF_RETRY, err, NULL, "cannot remove %s: %s", d->text,
			       strerror(errno));
	df_after("remove an old reject file");
	p->out->reject_files++;
	return DF_OK;
}

/* ---- reject files that somebody is correcting ---- */

static enum df_status find_edited(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	char **path = ctx;
	(void)err;
	if (d->state == LEDGER_REFUSED || !run_rejects_edited(d))
		return DF_OK;
	*path = df_strdup(d->text);
	return DF_END;
}

/* Without what the ledger knows of it, `retry` would not know that its rows are taken in hand. */
static enum df_status prune_is_kept(struct prune *p, const struct ledger_file *f, bool *kept,
				    struct df_err *err)
{
	char *path = NULL;
	enum df_status st = ledger_documents(p->ledger, f->id, find_edited, &path, err);
	*kept = path != NULL;
	if (path != NULL)
		df_log(DF_LOG_WARN,
		       "%s: %s: kept, as %s was changed since it was written: remove that once its "
		       "rows have been dropped again",
		       f->feed, f->name, path);
	free(path);
	return st == DF_END ? DF_OK : st;
}

static enum df_status prune_file(struct prune *p, const struct ledger_file *f, struct df_err *err)
{
	bool kept = false;
	enum df_status st = prune_is_kept(p, f, &kept, err);
	if (st != DF_OK || kept)
		return st;
	st = ledger_documents(p->ledger, f->id, prune_rejects, p, err);
	if (st == DF_OK && !p->options->dry_run)
		st = ledger_prune(p->ledger, f->id, err);
	if (st == DF_OK)
		p->out->files++;
	return st;
}

static enum df_status prune_all(struct prune *p, struct df_err *err)
{
	const int64_t before = df_now_ms() - p->options->older_than_ms;
	enum df_status st = ledger_files_old(p->ledger, before, prune_on_file, p, err);
	if (st != DF_OK)
		return st;

	for (size_t i = 0; i < p->n; i++) {
		if (df_stop_requested)
			return df_fail(DF_RETRY, err, NULL,
				       "stopped by a signal; what is left is for the next time");
		st = prune_file(p, &p->files[i], err);
		if (st != DF_OK)
			return st;
	}
	if (p->options->dry_run)
		return DF_OK;
	return ledger_prune_manifests(p->ledger, &p->out->manifests, err);
}

void run_prune(const struct conf *conf, const struct run_prune_options *options,
	       struct run_pruned *out, struct run_result *result)
{
	struct run_session session;
	struct df_err err = {0};
	struct prune p = {.options = options, .out = out};
	enum df_status st = run_session_open(&session, conf, result, &err);
	*out = (struct run_pruned){0};
	if (st != DF_OK) {
		run_session_failed(result, st, &err);
		return;
	}
	p.ledger = session.run.env.ledger;
	st = prune_all(&p, &err);
	if (st != DF_OK)
		df_log_err(DF_LOG_ERROR, &err);
	run_note_status(result, st);
	for (size_t i = 0; i < p.n; i++)
		ledger_file_free(&p.files[i]);
	free(p.files);
	run_session_close(&session);
}
