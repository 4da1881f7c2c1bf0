/* SPDX-License-Identifier: MIT */
#include "run_choose.h"

#include "run_named.h"
#include "run_session.h"

#include <stdlib.h>

struct choosing {
	const struct conf *conf;
	const struct run_files_options *options;
	const struct run_choose_rule *rule;
	struct run_named *names;
	struct run_choice *out;
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

/* Where the file is to be entered: in place of an older one of its name, or at the end. */
static struct run_chosen *place_for(struct choosing *c, const struct ledger_file *f)
{
	struct run_choice *out = c->out;
	for (size_t i = 0; c->rule->latest && i < out->n; i++) {
		struct ledger_file *older = &out->v[i].file;
		if (strcmp(older->feed, f->feed) != 0 || strcmp(older->name, f->name) != 0)
			continue;
		ledger_file_free(older);
		return &out->v[i];
	}
	out->v = df_realloc(out->v, (out->n + 1) * sizeof(*out->v));
	return &out->v[out->n++];
}

static enum df_status choose_on_file(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	struct choosing *c = ctx;
	(void)err;
	const struct conf_feed *feed = conf_feed_find(c->conf, f->feed);
	if (feed == NULL && c->rule->orphans && c->options->n_feeds == 0)
		feed = orphan_feed(c->out, f->feed);
	if (feed == NULL || !setup_feed_chosen(feed, c->options->feeds, c->options->n_feeds))
		return DF_OK;
	if (!run_named_is(c->names, f->name) || !c->rule->takes(f->state))
		return DF_OK;
	run_named_chosen(c->names, f->name);
	*place_for(c, f) = (struct run_chosen){.feed = feed, .file = ledger_file_dup(f)};
	return DF_OK;
}

enum df_status run_choose(struct ledger *l, const struct conf *conf,
			  const struct run_files_options *options,
			  const struct run_choose_rule *rule, struct run_choice *out,
			  struct df_err *err)
{
	*out = (struct run_choice){0};
	struct choosing c = {.conf = conf,
			     .options = options,
			     .rule = rule,
			     .names = run_named_new(options->files, options->n_files),
			     .out = out};
	enum df_status st = ledger_files(l, NULL, false, choose_on_file, &c, err);
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
