/* SPDX-License-Identifier: MIT */
/*
 * run_choose.h - the drop files of the ledger that a command line names, for commands that work on
 * whole files
 *
 *	struct run_choice c;
 *	run_choose(ledger, conf, options, &rule, &c, &err);
 *	    DF_USAGE: a name is unknown, which was logged
 *	run_choice_each(&run, &c, part, ctx);
 *	run_choice_free(&c);
 */
#ifndef RUN_CHOOSE_H
#define RUN_CHOOSE_H

#include "run_feed.h"

struct run_chosen {
	const struct conf_feed *feed; /* borrowed */
	struct ledger_file file;      /* own */
	size_t others;                /* of its name, not chosen this time */
};

struct run_choice {
	struct run_chosen *v; /* own */
	size_t n;
	/* own: feeds of defaults for files whose feed is not configured any more */
	struct conf_feed **orphans;
	size_t n_orphans;
};

struct run_choose_rule {
	bool (*takes)(enum ledger_state state);
	/* Of files with the same name in a feed the one that has begun to send is meant, where the
	 * rule takes it. Else, with this, the one that came last, and none where the rule does not
	 * take that; of a duplicate, what it is a duplicate of. Without it those that are closed,
	 * or else the oldest. */
	bool latest;
	bool orphans;     /* files whose feed is not configured any more as well */
	const char *idle; /* logged of a name of which no file is taken, after the name */
};

enum df_status run_choose(struct ledger *l, const struct conf *conf,
			  const struct run_files_options *options,
			  const struct run_choose_rule *rule, struct run_choice *out,
			  struct df_err *err) DF_CHECK;
/* Calls part for each feed of which files were chosen, with a pool of workers, as run_feed_each
 * does. */
void run_choice_each(struct run *run, const struct run_choice *c, run_feed_part part, void *ctx);
void run_choice_free(struct run_choice *c);

/* Brings the bytes of the file into the spool, where they are not there. *spool is its path, the
 * caller's. DF_END: they are nowhere. */
enum df_status run_chosen_bytes(struct feed_work *w, const struct ledger_file *f, char **spool,
				struct df_err *err) DF_CHECK;
/* They are nowhere: says what to do, and counts it. */
void run_chosen_gone(struct feed_work *w, const struct ledger_file *f);

#endif
