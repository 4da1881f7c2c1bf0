/* SPDX-License-Identifier: MIT */
#include "run_choose.h"

#include "run_named.h"
#include "run_session.h"

#include <stdlib.h>

struct candidate { /* a file that is named */
	struct run_chosen chosen;
	bool taken;
};

struct choosing {
	const struct conf *conf;
	struct ledger *ledger;
	const struct run_files_options *options;
	const struct run_choose_rule *rule;
	struct run_named *names;
	struct run_choice *out;
	struct candidate *v; /* own */
	size_t n;
};

static const struct conf_feed *orphan_feed(struct run_choice *c, const char *name)
{
	for (size_t i = 0; i < c->n_orphans; i++)
		if (strcmp(c->orphans[i]->name, name) == 0)
			return c->orphans[i];
	c->orphans =
	    df_realloc((void *)c->orphans, (c->n_orphans + 1) * sizeof(struct conf_feed *));
	c->orphans[c->n_orphans] = conf_feed_default(name);
	return c->orphans[c->n_orphans++];
}

/* ---- all that are named ---- */

static enum df_status choose_on_file(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	struct choosing *c = ctx;
	(void)err;
	const struct conf_feed *feed = conf_feed_find(c->conf, f->feed);
	if (feed == NULL && c->rule->orphans)
		feed = orphan_feed(c->out, f->feed);
	if (feed == NULL || !setup_feed_chosen(feed, c->options->feeds, c->options->n_feeds))
		return DF_OK;
	if (!run_named_is(c->names, f->name))
		return DF_OK;
	if (f->state == LEDGER_LISTED && !c->rule->takes(f->state)) {
		run_named_idle(c->names, f->name, RUN_NOT_PULLED);
		return DF_OK;
	}
	if (!c->rule->latest && !c->rule->takes(f->state))
		return DF_OK;
	c->v = df_realloc(c->v, (c->n + 1) * sizeof(*c->v));
	c->v[c->n++] = (struct candidate){.chosen = {.feed = feed, .file = ledger_file_dup(f)}};
	return DF_OK;
}

/* ---- of files with one name: which ---- */

static enum df_status note_begun(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	(void)err;
	*(bool *)ctx = d->taken;
	return d->taken ? DF_END : DF_OK;
}

/* The oldest one of which a batch may have been taken. NULL: there is none. */
static enum df_status find_begun(struct ledger *l, struct candidate *v, size_t n,
				 struct candidate **out, struct df_err *err)
{
	*out = NULL;
	for (size_t i = 0; i < n && *out == NULL; i++) {
		bool begun = false;
		if (ledger_closes(v[i].chosen.file.state))
			continue;
		enum df_status st =
		    ledger_documents(l, v[i].chosen.file.id, note_begun, &begun, err);
		if (st != DF_OK && st != DF_END)
			return st;
		*out = begun ? &v[i] : NULL;
	}
	return DF_OK;
}

struct duplicate {
	bool any, other; /* documents; other: not duplicates */
};

static enum df_status note_duplicate(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	struct duplicate *of = ctx;
	(void)err;
	of->any = true;
	of->other = d->code == NULL || strcmp(d->code, "duplicate") != 0;
	return of->other ? DF_END : DF_OK;
}

/* All that it holds was delivered before, with another file. Where its bytes are others, it can be
 * delivered itself, under new ids. */
static enum df_status is_duplicate(const struct choosing *c, const struct ledger_file *f, bool *out,
				   struct df_err *err)
{
	struct duplicate of = {0};
	*out = f->state == LEDGER_DONE && f->code != NULL && strcmp(f->code, "duplicate") == 0;
	if (*out || f->state != LEDGER_DONE || c->options->new_ids)
		return DF_OK;
	enum df_status st = ledger_documents(c->ledger, f->id, note_duplicate, &of, err);
	*out = of.any && !of.other;
	return st == DF_END ? DF_OK : st;
}

/* What came last; where that was a duplicate, what it was one of, if that had this name. */
static enum df_status find_latest(const struct choosing *c, struct candidate *v, size_t n,
				  struct candidate **out, struct df_err *err)
{
	const struct ledger_file *last = &v[n - 1].chosen.file;
	bool bytes = last->code != NULL; /* those of the whole file are the same */
	bool duplicate = n > 1;
	enum df_status st = DF_OK;
	*out = &v[n - 1];
	for (size_t i = n; duplicate && i-- > 0;) {
		const struct ledger_file *f = &v[i].chosen.file;
		if (bytes && strcmp(f->sha256, last->sha256) != 0)
			continue;
		st = is_duplicate(c, f, &duplicate, err);
		if (st != DF_OK)
			return st;
		if (!duplicate)
			*out = &v[i];
	}
	return DF_OK;
}

/* Those that are closed, else the oldest: later ones may go their way. */
static void take_first(struct candidate *v, size_t n)
{
	size_t closed = 0;
	for (size_t i = 0; i < n; i++) {
		v[i].taken = ledger_closes(v[i].chosen.file.state);
		closed += v[i].taken;
	}
	v[0].taken = v[0].taken || closed == 0;
}

static void note_others(struct candidate *v, size_t n)
{
	struct candidate *last = NULL;
	size_t others = 0;
	for (size_t i = 0; i < n; i++) {
		if (v[i].taken)
			last = &v[i];
		else
			others++;
	}
	if (last != NULL)
		last->chosen.others = others;
}

/* v: files of one name, in the order in which they came. */
static enum df_status pick(const struct choosing *c, struct candidate *v, size_t n,
			   struct df_err *err)
{
	struct candidate *begun = NULL, *latest = NULL;
	enum df_status st = n > 1 ? find_begun(c->ledger, v, n, &begun, err) : DF_OK;
	if (st == DF_OK)
		st = find_latest(c, v, n, &latest, err);
	if (st != DF_OK)
		return st;
	if (begun != NULL && c->rule->takes(begun->chosen.file.state))
		begun->taken = true;
	else if (c->rule->latest)
		latest->taken = c->rule->takes(latest->chosen.file.state);
	else
		take_first(v, n);
	if (!c->rule->latest)
		note_others(v, n);
	return DF_OK;
}

static int compare_names(const struct ledger_file *a, const struct ledger_file *b)
{
	int feeds = strcmp(a->feed, b->feed);
	return feeds != 0 ? feeds : strcmp(a->name, b->name);
}

static int by_name(const void *a, const void *b)
{
	const struct ledger_file *x = &((const struct candidate *)a)->chosen.file,
				 *y = &((const struct candidate *)b)->chosen.file;
	int names = compare_names(x, y);
	return names != 0 ? names : (x->id > y->id) - (x->id < y->id);
}

static enum df_status pick_all(struct choosing *c, struct df_err *err)
{
	enum df_status st = DF_OK;
	if (c->n > 0)
		qsort(c->v, c->n, sizeof(*c->v), by_name);
	for (size_t i = 0, end = 0; st == DF_OK && i < c->n; i = end) {
		while (end < c->n &&
		       compare_names(&c->v[i].chosen.file, &c->v[end].chosen.file) == 0)
			end++;
		st = pick(c, &c->v[i], end - i, err);
	}
	return st;
}

/* ---- the choice ---- */

static int by_id(const void *a, const void *b)
{
	int64_t x = ((const struct run_chosen *)a)->file.id,
		y = ((const struct run_chosen *)b)->file.id;
	return (x > y) - (x < y);
}

/* Those that are taken become the choice, in the order in which they came. */
static void hand_out(struct choosing *c)
{
	struct run_choice *out = c->out;
	out->v = df_alloc((c->n + 1) * sizeof(*out->v));
	for (size_t i = 0; i < c->n; i++) {
		if (!c->v[i].taken) {
			ledger_file_free(&c->v[i].chosen.file);
			continue;
		}
		run_named_chosen(c->names, c->v[i].chosen.file.name);
		out->v[out->n++] = c->v[i].chosen;
	}
	qsort(out->v, out->n, sizeof(*out->v), by_id);
	free(c->v);
}

enum df_status run_choose(struct ledger *l, const struct conf *conf,
			  const struct run_files_options *options,
			  const struct run_choose_rule *rule, struct run_choice *out,
			  struct df_err *err)
{
	*out = (struct run_choice){0};
	struct choosing c = {.conf = conf,
			     .ledger = l,
			     .options = options,
			     .rule = rule,
			     .names = run_named_new(options->files, options->n_files),
			     .out = out};
	enum df_status st = ledger_files(l, NULL, false, choose_on_file, &c, err);
	if (st == DF_OK)
		st = pick_all(&c, err);
	hand_out(&c);
	if (st == DF_OK)
		st = run_named_check(c.names, l, conf, rule->idle, err);
	run_named_free(c.names);
	return st;
}

void run_choice_each(struct run *run, const struct run_choice *c, run_feed_part part, void *ctx)
{
	const struct conf_feed **feeds = df_alloc((c->n + 1) * sizeof(*feeds));
	size_t n = 0;
	for (size_t i = 0; i < c->n; i++) {
		bool there = false;
		for (size_t k = 0; k < n; k++)
			there = there || feeds[k] == c->v[i].feed;
		if (!there)
			feeds[n++] = c->v[i].feed;
	}
	struct run_pool *pool = run_pool_new(run, run->conf->jobs);
	run_feed_each(run, feeds, n, &(struct run_parts){.first = part, .ctx = ctx});
	run_pool_free(pool);
	free((void *)feeds);
}

void run_choice_free(struct run_choice *c)
{
	for (size_t i = 0; i < c->n; i++)
		ledger_file_free(&c->v[i].file);
	for (size_t i = 0; i < c->n_orphans; i++)
		conf_feed_free(c->orphans[i]);
	free(c->v);
	free((void *)c->orphans);
	*c = (struct run_choice){0};
}

enum df_status run_chosen_bytes(struct feed_work *w, const struct ledger_file *f, char **spool,
				struct df_err *err)
{
	const struct fetch_entry e = {.name = f->name, .size = f->size, .mtime = f->mtime};
	*spool = run_spool_of(w->run->conf, f);
	enum df_status st = run_feed_spooled(w, *spool, f->sha256, err);
	return st == DF_END ? run_feed_find(w, &e, f->sha256, *spool, err) : st;
}

void run_chosen_gone(struct feed_work *w, const struct ledger_file *f)
{
	df_log(DF_LOG_ERROR,
	       "%s: %s: its bytes are neither in the spool nor on the source (the %llu bytes with "
	       "the SHA-256 %s): put "
	       "that file back under its name, or name the folder that it is in with --from DIR",
	       w->feed->name, f->name, (unsigned long long)f->size, f->sha256);
	pthread_mutex_lock(&w->run->lock);
	w->run->result->files_gone++;
	pthread_mutex_unlock(&w->run->lock);
}
