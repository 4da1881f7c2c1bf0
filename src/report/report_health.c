/* SPDX-License-Identifier: MIT */
/* What a monitor is to see: what somebody has to do. What somebody has settled is not trouble any
 * more: a file that was abandoned, a refused one that came again and was delivered, rejected rows
 * that somebody has in hand. */
#include "dropfeed/index.h"
#include "dropfeed/report.h"

#include <stdlib.h>

struct health_walk {
	const struct report_health_query *query;
	struct ledger *ledger;
	struct report_health *out;
	struct df_index *delivered; /* own: feed and name of files, the latest first */
	char **names;               /* own: of them */
	size_t n, cap;
};

struct health_file {
	struct health_walk *walk;
	const char *feed;
	bool faulty;
};

static enum df_status health_document(void *ctx, const struct ledger_document *d,
				      struct df_err *err)
{
	struct health_file *f = ctx;
	bool taken = false;
	enum df_status st = DF_OK;
	f->faulty = f->faulty || d->state == LEDGER_REFUSED;
	if (f->faulty || d->state != LEDGER_DONE || d->rejected == 0)
		return DF_OK;
	st = f->walk->query->in_hand(f->walk->query->ctx, f->walk->ledger, f->feed, d, &taken, err);
	f->faulty = st == DF_OK && !taken;
	return st;
}

static void note_delivered(struct health_walk *w, char *name)
{
	if (!df_index_add(w->delivered, name, strlen(name), w->n)) {
		free(name);
		return;
	}
	if (w->n == w->cap) {
		w->cap = w->cap > 0 ? w->cap * 2 : 64;
		w->names = df_realloc(w->names, w->cap * sizeof(*w->names));
	}
	w->names[w->n++] = name;
}

static enum df_status health_of(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	struct health_walk *w = ctx;
	bool faulty = false;
	enum df_status st = DF_OK;
	if (!ledger_closes(f->state)) {
		w->out->unfinished++;
		return DF_OK;
	}
	/* nobody cleans up for a feed that is gone */
	w->out->unfinished += f->cleanup_due && w->query->has_feed(w->query->ctx, f->feed);
	if (f->state == LEDGER_ABANDONED)
		return DF_OK;

	char *name = df_format("%s\n%s", f->feed, f->name);
	if (f->state == LEDGER_DONE) {
		struct health_file one = {w, f->feed, false};
		st = ledger_documents(w->ledger, f->id, health_document, &one, err);
		faulty = one.faulty;
		note_delivered(w, name);
	} else {
		faulty = df_index_find(w->delivered, name, strlen(name)) == DF_INDEX_NONE;
		free(name);
	}
	w->out->faulty += faulty;
	return st;
}

/* What a run noted: it stays until a run finds that it is over. */
static enum df_status health_condition(void *ctx, const struct ledger_condition *c,
				       struct df_err *err)
{
	struct report_health *out = ctx;
	(void)err;
	if (strcmp(c->name, "missing") == 0)
		out->faulty++;
	else
		out->unfinished++; /* unfinished, denied */
	return DF_OK;
}

enum df_status report_health(struct ledger *l, const struct report_health_query *q,
			     struct report_health *out, struct df_err *err)
{
	struct health_walk w = {.query = q, .ledger = l, .out = out, .delivered = df_index_new()};
	*out = (struct report_health){0};
	enum df_status st = ledger_files_latest(l, &q->files, health_of, &w, err);
	if (st == DF_OK && q->files.names == NULL)
		st = ledger_conditions(l, q->files.feed, health_condition, out, err);
	df_index_free(w.delivered);
	for (size_t i = 0; i < w.n; i++)
		free(w.names[i]);
	free(w.names);
	return st;
}
