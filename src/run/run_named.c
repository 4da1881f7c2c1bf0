/* SPDX-License-Identifier: MIT */
#include "run_named.h"

#include <fnmatch.h>
#include <stdlib.h>

struct wanted {
	const char *name; /* borrowed */
	bool known, chosen;
	const char *idle;  /* static: why nothing was done with it, or NULL */
	unsigned distance; /* to `nearest` */
	char *nearest;     /* own */
	char *gone;        /* own: its feed, that is not configured any more; or NULL */
};

struct run_named {
	struct wanted *v; /* own */
	size_t n;
};

struct run_named *run_named_new(const char *const *wanted, size_t n)
{
	struct run_named *names = df_alloc(sizeof(*names));
	names->v = df_alloc(n * sizeof(*names->v));
	names->n = n;
	for (size_t i = 0; i < n; i++)
		names->v[i].name = wanted[i];
	return names;
}

/* As `status` prints it. */
static char *printed(const char *name)
{
	struct df_buf out = {0};
	df_printable(&out, name);
	df_buf_cstr(&out);
	return out.data;
}

static bool fits(const char *wanted, const char *name, const char *shown)
{
	return strcmp(wanted, name) == 0 || strcmp(wanted, shown) == 0 ||
	       fnmatch(wanted, name, 0) == 0;
}

static void note_nearest(struct wanted *w, const char *shown)
{
	size_t len = strlen(w->name);
	unsigned d = df_distance(w->name, len < DF_DISTANCE_MAX ? len : DF_DISTANCE_MAX, shown,
				 strlen(shown));
	if (w->nearest != NULL && d >= w->distance)
		return;
	free(w->nearest);
	w->nearest = df_strdup(shown);
	w->distance = d;
}

bool run_named_entries(const struct run_named *n)
{
	for (size_t i = 0; i < n->n; i++)
		if (strpbrk(n->v[i].name, ":*?[\\") != NULL)
			return true;
	return n->n == 0;
}

bool run_named_is(struct run_named *n, const char *name)
{
	bool named = n->n == 0;
	char *shown = printed(name);
	for (size_t i = 0; i < n->n; i++) {
		if (fits(n->v[i].name, name, shown))
			n->v[i].known = named = true;
		else if (!n->v[i].known)
			note_nearest(&n->v[i], shown);
	}
	free(shown);
	return named;
}

void run_named_chosen(struct run_named *n, const char *name)
{
	char *shown = printed(name);
	for (size_t i = 0; i < n->n; i++)
		if (fits(n->v[i].name, name, shown))
			n->v[i].chosen = true;
	free(shown);
}

void run_named_idle(struct run_named *n, const char *name, const char *why)
{
	char *shown = printed(name);
	for (size_t i = 0; i < n->n; i++)
		if (fits(n->v[i].name, name, shown))
			n->v[i].idle = why;
	free(shown);
}

struct further {
	struct run_named *names;
	const struct conf *conf;
};

static enum df_status look_at_gone(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	const struct further *c = ctx;
	(void)err;
	if (conf_feed_find(c->conf, f->feed) != NULL)
		return DF_OK;
	char *shown = printed(f->name);
	for (size_t i = 0; i < c->names->n; i++) {
		struct wanted *w = &c->names->v[i];
		if (!w->known && w->gone == NULL && fits(w->name, f->name, shown))
			w->gone = df_strdup(f->feed);
	}
	free(shown);
	return DF_OK;
}

static void log_unknown(const struct wanted *w)
{
	if (w->gone != NULL)
		df_log(DF_LOG_ERROR,
		       "%s: the configuration no longer has its feed, '%s': put the feed back to "
		       "do this",
		       w->name, w->gone);
	else if (w->nearest != NULL)
		df_log(DF_LOG_ERROR,
		       "the ledger knows no '%s'; the nearest is '%s' (see `dropfeed status`)",
		       w->name, w->nearest);
	else
		df_log(DF_LOG_ERROR,
		       "the ledger knows no '%s': it has no file of the feeds that are "
		       "meant (see `dropfeed status`)",
		       w->name);
}

static bool all_known(const struct run_named *n)
{
	for (size_t i = 0; i < n->n; i++)
		if (!n->v[i].known)
			return false;
	return true;
}

enum df_status run_named_check(struct run_named *n, struct ledger *l, const struct conf *conf,
			       const char *idle, struct df_err *err)
{
	struct further c = {.names = n, .conf = conf};
	bool all = all_known(n);
	enum df_status st =
	    all || l == NULL ? DF_OK : ledger_files(l, NULL, false, look_at_gone, &c, err);
	if (st != DF_OK)
		return st;
	for (size_t i = 0; i < n->n; i++) {
		const struct wanted *w = &n->v[i];
		if (!w->known)
			log_unknown(w);
		else if (!w->chosen)
			df_log(DF_LOG_INFO, "%s: %s", w->name, w->idle != NULL ? w->idle : idle);
	}
	return all ? DF_OK : DF_USAGE;
}

void run_named_free(struct run_named *n)
{
	for (size_t i = 0; i < n->n; i++) {
		free(n->v[i].nearest);
		free(n->v[i].gone);
	}
	free(n->v);
	free(n);
}
