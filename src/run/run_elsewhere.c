/* SPDX-License-Identifier: MIT */
/* Files that are known and lie at the source, and whose rows went elsewhere: to a file, under a
 * test's key or into the development environment, before the feed got its settings of today. They
 * are not taken again, and whoever changed the settings waits for them. That is looked at once,
 * when the place has changed. */
#include "run_feed.h"
#include "run_session.h"

#include "dropfeed/shell.h"

#include <stdlib.h>

#define LOOKED_MAX 1000 /* in one listing */

static int64_t place_number(const struct conf_feed *feed)
{
	char target[DF_SHA256_HEX], hex[DF_SHA256_HEX];
	const char *environment = run_same_environment(feed);
	struct df_sha256 *h = df_sha256_new();
	run_target(feed, target);
	df_sha256_add(h, target, strlen(target));
	if (environment != NULL)
		df_sha256_add(h, environment, strlen(environment));
	df_sha256_end(h, hex);
	df_sha256_free(h);
	hex[15] = '\0'; /* fits */
	return (int64_t)strtoull(hex, NULL, 16);
}

enum df_status run_elsewhere_begin(struct feed_work *w, struct df_err *err)
{
	int64_t last = 0, today = place_number(w->feed);
	enum df_status st =
	    ledger_tally_get(w->run->env.ledger, w->feed->name, LEDGER_PLACE, &last, err);
	w->elsewhere = (struct run_elsewhere){.looks = last != today, .place = today};
	return st == DF_END ? DF_OK : st;
}

enum df_status run_elsewhere_look(struct feed_work *w, const struct fetch_entry *e,
				  enum ledger_state state, struct df_err *err)
{
	struct run_elsewhere *there = &w->elsewhere;
	struct ledger *l = w->run->env.ledger;
	struct ledger_file f = {0};
	if (!there->looks || state != LEDGER_DONE || there->looked >= LOOKED_MAX)
		return DF_OK;
	there->looked++;

	const struct ledger_key key = run_feed_key(w->feed, e);
	enum df_status st = ledger_file_known(l, &key, &f, err);
	if (st != DF_OK)
		return st == DF_END ? DF_OK : st;
	enum run_place place = run_same_place(l, w->feed, f.id);
	if (place != RUN_PLACE_SAME && there->n++ == 0) {
		there->name = df_strdup(e->name);
		there->first = place;
	}
	ledger_file_free(&f);
	return DF_OK;
}

static void elsewhere_log(const struct feed_work *w)
{
	const struct run_elsewhere *there = &w->elsewhere;
	bool environment = there->first == RUN_PLACE_ENVIRONMENT;
	char more[64] = "";
	if (there->n > 1)
		snprintf(more, sizeof(more), " (and %zu more)", there->n - 1);
	df_log(DF_LOG_WARN,
	       "%s: %s%s: delivered before, to another %s than the feed's of today, and not taken "
	       "again: if its rows are to be there as well, `dropfeed resend %s%s` delivers them",
	       w->feed->name, there->name, more,
	       environment ? "environment" : "endpoint, API key or sink",
	       run_resend_how(w->feed, there->first), df_shell_word(there->name).text);
}

enum df_status run_elsewhere_end(struct feed_work *w, enum df_status st, struct df_err *err)
{
	struct run_elsewhere *there = &w->elsewhere;
	if (there->n > 0)
		elsewhere_log(w);
	if (st == DF_OK && there->looked > 0)
		st = ledger_tally_set(w->run->env.ledger, w->feed->name, LEDGER_PLACE, there->place,
				      err);
	free(there->name);
	*there = (struct run_elsewhere){0};
	return st;
}
