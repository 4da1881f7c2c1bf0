/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct init_arguments {
	const char *feed;
};

static const struct cli_option options[] = {{"feed", "NAME", CLI_TEXT,
					     offsetof(struct init_arguments, feed),
					     "the name of the new section (default: files)"},
					    {0}};

const struct cli_spec cli_init_spec = {
    .command = "init",
    .synopsis = "[--feed NAME] sftp://USER@HOST[:PORT]/PATH",
    .about = "Prints a commented section of the configuration for that source, ready to paste, "
	     "with the fingerprint of the host key that the server shows, and makes the state "
	     "folder, mode 0700: that of the configuration, or, without one, /var/lib/dropfeed of "
	     "root and ~/.local/state/dropfeed of others. Asks no questions, and does not log in.",
    .options = options,
    .exits = "0 printed, 2 usage or configuration, 3 the server cannot be reached, 4 it shows no "
	     "host key, 5 internal error.",
};

static char *state_dir(const struct conf *conf)
{
	const char *home = getenv("HOME");
	if (conf != NULL && conf->state_dir != NULL)
		return df_strdup(conf->state_dir);
	return geteuid() == 0 || home == NULL ? df_strdup("/var/lib/dropfeed")
					      : df_format("%s/.local/state/dropfeed", home);
}

static int init(const struct conf *conf, const char *feed, const char *source)
{
	struct df_buf out = {.max = 64u << 10};
	struct df_err err = {0};
	struct run_result result = {0};
	char *dir = state_dir(conf);
	const struct setup_init what = {.source = source,
					.feed = feed,
					.state_dir = dir,
					.whole = conf == NULL || conf->state_dir == NULL};
	enum df_status st = setup_init(&what, &out, &err);
	free(dir);
	if (st != DF_OK)
		df_log_err(DF_LOG_ERROR, &err);
	else
		fwrite(out.data, 1, out.len, stdout);
	df_buf_free(&out);
	run_note_status(&result, st);
	return cli_flush() ? run_exit_code(&result) : CLI_EXIT_INTERNAL;
}

int cli_init(struct cli_globals *g, int argc, char **argv)
{
	struct init_arguments a = {.feed = "files"};
	struct cli_operands rest;
	struct conf *conf = NULL;
	int code = cli_parse(&cli_init_spec, g, argc, argv, &a, &rest);
	if (code >= 0)
		return code;

	char *found = cli_conf_found(g);
	if (rest.n != 1)
		code = cli_usage("init", "name the source: sftp://USER@HOST/PATH");
	else if (!setup_is_feed_name(a.feed))
		code =
		    cli_usage("init", "--feed: a name is up to 64 letters, digits, '_', '-', '.'");
	else if (found != NULL && cli_conf_public(g, &conf) != 0)
		code = CLI_EXIT_USAGE;
	else if (conf != NULL && setup_feed(conf, a.feed) != NULL)
		code = cli_usage("init", "%s has a feed '%s' already: choose another --feed NAME",
				 conf->path, a.feed);
	else
		code = init(conf, a.feed, rest.v[0]);
	conf_free(conf);
	free(found);
	return code;
}
