/* SPDX-License-Identifier: MIT */
/*
 * setup.h - a configuration on this machine
 *
 *	setup_load	the file becomes feeds, every mistake with its line
 *	setup_feed_view	a feed as a call's options change it
 *	setup_check	what is wrong that can be seen without a connection
 *	setup_left_by_others	what of the state folder this user may not use
 *	setup_init	a section to begin with
 */
#ifndef DROPFEED_SETUP_H
#define DROPFEED_SETUP_H

#include "dropfeed/conf.h"
#include "dropfeed/ledger.h"

#include <sys/types.h>

struct setup_finding {
	const char *feed; /* NULL: it concerns [dropfeed] */
	const char *key;  /* the setting that it is about */
	/* of the configuration: the key's, or the section's where the key is not set */
	int line;
	bool warning; /* it may be as it should */
	const char *text;
};
typedef void setup_finding_fn(void *ctx, const struct setup_finding *finding);

/* Loads it; `found` is called for each mistake, with line 0 where it is not one of a line. secrets:
 * they are read as well. DF_OK: *out is the caller's (conf_free). */
enum df_status setup_load(const char *path, bool secrets, setup_finding_fn *found, void *ctx,
			  struct conf **out) DF_CHECK;

/* What a call changes in a feed. */
struct setup_changes {
	const char *sink, *manifest, *plan; /* or NULL */
	const char *const *set;             /* KEY=VALUE */
	size_t n_set;
};
/* A copy of the feed, or of the defaults where it is NULL, with the changes. *out is the caller's
 * (conf_feed_free). */
enum df_status setup_feed_view(const struct conf_feed *feed, const struct setup_changes *changes,
			       struct conf_feed **out, struct df_err *err) DF_CHECK;

struct setup_init {
	const char *source, *feed; /* an URL; the section's name */
	const char *state_dir;     /* is made */
	bool whole;                /* the configuration has no [dropfeed] section yet */
};
/* A commented section for a source, with the host key that its server shows. */
enum df_status setup_init(const struct setup_init *what, struct df_buf *out,
			  struct df_err *err) DF_CHECK;
/* NULL: there is none of that name. */
const struct conf_feed *setup_feed(const struct conf *conf, const char *name);
bool setup_is_feed_name(const char *name); /* may a feed have it? */

/* Looks for mistakes that only show on this machine: folders that cannot be written to, keys and
 * certificates that are not there, an endpoint that is not the API key's, manifests that fit
 * nothing. Opens no connection. `found` is called for each. */
void setup_check(const struct conf *conf, setup_finding_fn *found, void *ctx);

/* "jane", or "user 1001" where the machine has no name for it. Before there are threads. */
struct setup_user {
	char text[64];
};
struct setup_user setup_user_name(uid_t id);

/* What is in the state folder that belongs to another user, and is closed to this one: a sentence,
 * the caller's; NULL: nothing. Before there are threads. */
char *setup_left_by_others(const char *state_dir);

/* Is the feed one of those that were named? Without names, all are. */
bool setup_feed_chosen(const struct conf_feed *feed, const char *const *names, size_t n);

/* Where the configuration's ledger is: for ledger_open_at. Borrowed from it. */
struct ledger_where setup_ledger(const struct conf *conf);

/* For a folder and its file system's name. */
#define SETUP_REMOTE_STATE                                                                         \
	"%s is on a file system of the kind %s, whose locks and shared memory the ledger cannot "  \
	"rely on: choose a folder on a local disk"

#endif
