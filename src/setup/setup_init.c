/* SPDX-License-Identifier: MIT */
/* A section to begin with: what can be found out about the server is filled in. */
#include "dropfeed/fetch.h"
#include "dropfeed/setup.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void add_main(const char *state_dir, struct df_buf *out)
{
	df_buf_addf(out,
		    "[dropfeed]\n"
		    "# The ledger, the spool and the reject files: on a local disk, and private.\n"
		    "state_dir = %s\n\n",
		    state_dir);
}

static void add_source(const struct conf_feed *feed, const struct fetch_host_key *key,
		       struct df_buf *out)
{
	df_buf_addf(out, "source = %s\n", feed->fetch.source.url);
	if (feed->fetch.source.kind != CONF_SOURCE_SFTP)
		return;
	df_buf_addf(out,
		    "# The server shows this %s key. Compare it with what its administrator\n"
		    "# says before the first run.\n"
		    "host_key = %s\n"
		    "# A private key of mode 0600. Or password_file = FILE, of mode 0600, too.\n"
		    "identity_file = ~/.ssh/id_ed25519\n",
		    key->type, key->print);
}

static void add_rest(const char *name, struct df_buf *out)
{
	df_buf_addf(out,
		    "# After delivery: keep, delete, or move:FOLDER.\n"
		    "after_done = keep\n"
		    "# Where files are encrypted: yes, and the folder of the secret key.\n"
		    "#encrypted = yes\n"
		    "#gnupg_home = /var/lib/dropfeed/gnupg\n"
		    "# Of the workspace: development or production, and where it is.\n"
		    "environment = development\n"
		    "endpoint = us1\n"
		    "# The key and secret of its feed: replace the key, and write the secret into\n"
		    "# the file, of mode 0600.\n"
		    "api_key = YOUR-KEY\n"
		    "api_secret_file = %s.secret\n",
		    name);
}

/* Nobody but its owner has anything to look for there. */
static enum df_status make_state(const char *dir, struct df_err *err)
{
	struct stat info;
	enum df_status st = df_mkdirs(dir, err);
	if (st != DF_OK || stat(dir, &info) != 0 || (info.st_mode & 077) == 0)
		return st;
	return df_fail(DF_USAGE, err, NULL,
		       "others may look into %s, which holds rows of your customers: chmod 0700 %s",
		       dir, dir);
}

enum df_status setup_init(const struct setup_init *what, struct df_buf *out, struct df_err *err)
{
	char *set = df_format("source=%s", what->source);
	const char *const sets[] = {set};
	const struct setup_changes changes = {.set = sets, .n_set = 1};
	struct fetch_host_key key = {0};
	struct conf_feed *feed = NULL;
	enum df_status st = setup_feed_view(NULL, &changes, &feed, err);
	if (st != DF_OK)
		goto cleanup;
	if (feed->fetch.source.kind == CONF_SOURCE_SFTP)
		st = fetch_host_key(feed, &key, err);
	if (st != DF_OK)
		goto cleanup;
	st = make_state(what->state_dir, err);
	if (st != DF_OK)
		goto cleanup;

	if (what->whole)
		add_main(what->state_dir, out);
	df_buf_addf(out,
		    "# The name is part of the ids of all batches: do not change it later.\n"
		    "[feed %s]\n",
		    what->feed);
	add_source(feed, &key, out);
	add_rest(what->feed, out);
cleanup:
	conf_feed_free(feed);
	free(set);
	return st;
}
