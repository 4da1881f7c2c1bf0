/* SPDX-License-Identifier: MIT */
/* Files that are done with, and lie at the source again though after_done or after_refused takes
 * files away: somebody put them back, with their time, and waits for them. */
#include "run_feed.h"
#include "run_session.h"

#include "dropfeed/shell.h"

#include <stdlib.h>

#define PUT_BACK_LOOKED 1000   /* in one listing */
#define OTHERS_LIST_MS  600000 /* another host's move may be later than this host's listing */

/* What was abandoned stays there. */
static bool leaves_source(const struct conf_feed *feed, enum ledger_state state)
{
	const struct conf_fetch *fetch = &feed->fetch;
	if (state == LEDGER_ABANDONED)
		return false;
	return (state == LEDGER_REFUSED ? &fetch->after_refused : &fetch->after_done)->what !=
	       CONF_KEEP;
}

/* Nobody has taken it away yet, or will, or what does so now may have come after the listing. */
static enum df_status is_to_stay(const struct feed_work *w, const struct fetch_entry *e,
				 bool *stays, struct df_err *err)
{
	struct ledger *l = w->run->env.ledger;
	const struct ledger_key key = run_feed_key(w->feed, e);
	struct ledger_file f = {0};
	enum df_status st = ledger_file_known(l, &key, &f, err);
	int64_t since = w->began_ms - (ledger_shared(l) ? OTHERS_LIST_MS : 0);
	*stays = st == DF_END || f.cleanup_due || f.given_up != NULL || f.closed_ms >= since;
	ledger_file_free(&f);
	return st == DF_END ? DF_OK : st;
}

/* It is remembered under a name that no file has: its own may still be noted from when it came. */
static enum df_status is_new_there(const struct feed_work *w, const struct fetch_entry *e,
				   bool *first, struct df_err *err)
{
	struct ledger_key key = run_feed_key(w->feed, e);
	int64_t first_ms = 0, now = df_now_ms();
	char *name = df_format("%s/", e->name);
	key.name = name;
	enum df_status st = ledger_seen(w->run->env.ledger, &key, now, &first_ms, err);
	*first = first_ms == now;
	free(name);
	return st;
}

enum df_status run_put_back_look(struct feed_work *w, const struct fetch_entry *e,
				 enum ledger_state state, struct df_err *err)
{
	struct run_put_back *back = &w->put_back;
	if (!leaves_source(w->feed, state) || back->looked >= PUT_BACK_LOOKED)
		return DF_OK;
	back->looked++;

	bool stays = false;
	enum df_status st = is_to_stay(w, e, &stays, err);
	if (st != DF_OK || stays)
		return st;
	bool first = false;
	st = is_new_there(w, e, &first, err);
	if (st != DF_OK || !first)
		return st;
	if (back->n++ == 0) {
		back->name = df_strdup(e->name);
		back->refused = state == LEDGER_REFUSED;
	}
	return DF_OK;
}

void run_put_back_log(struct feed_work *w)
{
	struct run_put_back *back = &w->put_back;
	char more[64] = "";
	if (back->n > 1)
		snprintf(more, sizeof(more), " (and %zu more)", back->n - 1);
	if (back->n > 0)
		df_log(DF_LOG_WARN,
		       "%s: %s%s: at the source again, and %s before: by its name, size and time "
		       "it is the same file, which is not taken again; if it was put back, "
		       "`dropfeed %s %s` %s; a file with other rows needs another name or time",
		       w->feed->name, back->name, more, back->refused ? "refused" : "done with",
		       back->refused ? "restart" : "resend", df_shell_word(back->name).text,
		       back->refused ? "takes it under today's settings" : "delivers it once more");
	free(back->name);
	*back = (struct run_put_back){0};
}
