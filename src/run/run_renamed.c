/* SPDX-License-Identifier: MIT */
/* A feed that was renamed: files and ids are those of a feed, so that all of it is delivered again.
 * That is seen before a new feed's first file, and reported. */
#include "run_session.h"

#include <stdlib.h>

struct renamed {
	const struct conf *conf;
	const char *source;      /* of the new feed */
	struct conf_list former; /* own: feeds with files that the configuration does not have */
};

static enum df_status on_tally(void *ctx, const struct ledger_tally *t, struct df_err *err)
{
	struct renamed *r = ctx;
	(void)err;
	if (strcmp(t->name, LEDGER_ARRIVAL) != 0 || conf_feed_find(r->conf, t->feed) != NULL)
		return DF_OK;
	r->former.v = df_realloc(r->former.v, (r->former.n + 1) * sizeof(*r->former.v));
	r->former.v[r->former.n++] = df_strdup(t->feed);
	return DF_OK;
}

/* The feed's latest file says where it took files from, one that was imported does not. DF_END ends
 * the walk. */
static enum df_status on_latest(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	struct renamed *r = ctx;
	(void)err;
	if (ledger_file_imported(f))
		return DF_OK;
	if (f->source == NULL || strcmp(f->source, r->source) != 0)
		r->source = NULL;
	return DF_END;
}

static enum df_status is_same_source(struct ledger *l, const struct renamed *r, const char *former,
				     bool *same, struct df_err *err)
{
	const struct ledger_latest latest = {.feed = former};
	struct renamed look = *r;
	enum df_status st = ledger_files_latest(l, &latest, on_latest, &look, err);
	*same = st == DF_END && look.source != NULL;
	return st == DF_END ? DF_OK : st;
}

static enum df_status look_for_former(struct ledger *l, const struct conf_feed *feed,
				      struct renamed *r, struct df_err *err)
{
	enum df_status st = ledger_tallies(l, on_tally, r, err);
	if (st != DF_OK)
		return st;

	for (size_t i = 0; i < r->former.n; i++) {
		bool same = false;
		st = is_same_source(l, r, r->former.v[i], &same, err);
		if (st != DF_OK)
			return st;
		if (same)
			df_log(DF_LOG_WARN,
			       "%s: a new feed, whose source is that of the feed %s, which the "
			       "configuration has no more: what that one delivered of it is "
			       "delivered again, under other ids; if the feed was renamed, give it "
			       "its name back",
			       feed->name, r->former.v[i]);
	}
	return DF_OK;
}

void run_warn_renamed(struct ledger *l, const struct conf *conf, const struct conf_feed *feed)
{
	const struct fetch_entry none = {.name = (char *)(uintptr_t) ""};
	struct renamed r = {.conf = conf, .source = run_feed_key(feed, &none).source};
	struct df_err err = {0};
	int64_t arrival = 0;
	if (feed->fetch.source.kind == CONF_SOURCE_NONE)
		return;
	enum df_status st = ledger_tally_get(l, feed->name, LEDGER_ARRIVAL, &arrival, &err);
	if (st == DF_END)
		st = look_for_former(l, feed, &r, &err);
	if (st != DF_OK)
		df_log_err(DF_LOG_WARN, &err);
	for (size_t i = 0; i < r.former.n; i++)
		free(r.former.v[i]);
	free(r.former.v);
}
