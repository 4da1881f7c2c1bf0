/* SPDX-License-Identifier: MIT */
/* Conditions of feeds. Each is reported when it begins and when it ends, however many runs see
 * it in between. */
#include "run_fleet.h"
#include "run_notices.h"

#include <stdio.h>
#include <stdlib.h>

static void set_condition(struct run *run, const struct ledger_condition *c, bool holds)
{
	struct df_err err = {0};
	bool changed = false;
	enum df_status st = holds ? ledger_condition_raise(run->env.ledger, c, &changed, &err)
				  : ledger_condition_clear(run->env.ledger, c, &changed, &err);
	if (st != DF_OK) {
		df_err_context(&err, "%s", c->feed);
		df_log_err(DF_LOG_WARN, &err);
	} else if (changed && !holds) {
		df_log(DF_LOG_INFO, "%s: no longer %s", c->feed, c->name);
	}
}

/* Access is denied at two places, and what one of them says does not speak for the other. */
#define AT_SOURCE ""
#define AT_SINK   "sink"

static void watch_denied(struct run *run, const struct run_outcome *o, const char *feed,
			 const char *where)
{
	const bool at_sink = strcmp(where, AT_SINK) == 0;
	const struct ledger_condition denied = {.feed = feed,
						.name = "denied",
						.subject = where,
						.text = o->text,
						.now_ms = df_now_ms()};
	set_condition(run, &denied, o->denied && o->by_sink == at_sink);
}

static void watch_feed(struct run *run, const struct run_outcome *o, const char *feed)
{
	const struct ledger_condition unfinished = {.feed = feed,
						    .name = "unfinished",
						    .subject = "",
						    .text = o->text,
						    .now_ms = df_now_ms()};
	const bool well = !o->denied && !o->unfinished && !o->stopped;
	/* a source that denies access does not say that the sink would */
	if (o->denied || well)
		watch_denied(run, o, feed, AT_SOURCE);
	if (o->by_sink || well)
		watch_denied(run, o, feed, AT_SINK);
	/* without access nobody knows whether the rest would come to its end */
	const bool holds = o->unfinished || o->stopped;
	if (holds || !o->denied)
		set_condition(run, &unfinished, holds);
}

void run_watch_sinks(struct run *run)
{
	for (size_t i = 0; i < run->conf->n_feeds; i++) {
		const struct run_outcome *o = &run->outcomes[i];
		if (o->delivered > 0 && !o->denied)
			watch_denied(run, o, run->conf->feeds[i].name, AT_SINK);
	}
}

/* ---- feeds that the configuration has no more ---- */

struct gone {
	const struct conf *conf;
	char *feed, *name, *subject; /* own */
};

static enum df_status find_gone(void *ctx, const struct ledger_condition *c, struct df_err *err)
{
	struct gone *gone = ctx;
	(void)err;
	if (conf_feed_find(gone->conf, c->feed) != NULL)
		return DF_OK;
	gone->feed = df_strdup(c->feed);
	gone->name = df_strdup(c->name);
	gone->subject = df_strdup(c->subject);
	return DF_END;
}

/* DF_END: it was cleared, and there may be more. A host that shares the ledger, and has another
 * configuration, may know the feed: then its conditions are left to that host. */
static enum df_status clear_gone(struct run *run, const struct gone *gone, struct df_err *err)
{
	const struct ledger_condition c = {.feed = gone->feed,
					   .name = gone->name,
					   .subject = gone->subject,
					   .text = "the configuration has no such feed any more",
					   .now_ms = df_now_ms()};
	bool changed = false, alike = false;
	enum df_status st = run_fleet_alike(run->env.ledger, &alike, err);
	if (st != DF_OK || !alike)
		return st;
	st = ledger_condition_clear(run->env.ledger, &c, &changed, err);
	if (st == DF_OK)
		df_log(DF_LOG_INFO, "%s: no longer looked at as %s: %s", c.feed, c.name, c.text);
	return st == DF_OK ? DF_END : st;
}

/* No run will find that they are well. */
static void watch_gone(struct run *run)
{
	struct df_err err = {0};
	enum df_status st = DF_END;
	while (st == DF_END) {
		struct gone gone = {.conf = run->conf};
		st = ledger_conditions(run->env.ledger, NULL, find_gone, &gone, &err);
		if (st == DF_END)
			st = clear_gone(run, &gone, &err);
		free(gone.feed);
		free(gone.name);
		free(gone.subject);
	}
	if (st != DF_OK)
		df_log_err(DF_LOG_WARN, &err);
}

void run_watch(struct run *run, const struct conf_feed *const *feeds, size_t n)
{
	if (df_stop_requested) /* on purpose: the next run decides */
		return;
	for (size_t i = 0; i < n; i++) {
		const struct run_outcome *o = &run->outcomes[feeds[i] - run->conf->feeds];
		struct df_err err = {0};
		watch_feed(run, o, feeds[i]->name);
		if (run_expect_files(run, feeds[i], o->looked_ms, &err) != DF_OK) {
			df_err_context(&err, "%s", feeds[i]->name);
			df_log_err(DF_LOG_WARN, &err);
		}
	}
	watch_gone(run);
}
