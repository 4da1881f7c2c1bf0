/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <stdio.h>

static const char help[] = "Usage: dropfeed check\n"
			   "\n"
			   "Reads the configuration, the secret files and the manifests that it names, and prints "
			   "every mistake with its file\n"
			   "and line. Connects to nothing.\n" CLI_GLOBAL_HELP "\n"
			   "Exit codes: 0 no mistake, 2 mistakes.\n";

/* A manifest may fit some event types and not others: it is a mistake when it fits none. */
static bool manifest_is_usable(const struct conf_feed *feed, struct df_err *why)
{
	static const char *const types[] = {"custom_event", "commerce_event", "screen_view", "eventless"};
	struct df_err first = {0};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct map *map = NULL;
		struct df_err err = {0};
		enum df_status st = map_open(feed, types[i], &map, &err);
		map_close(map);
		if (st == DF_OK)
			return true;
		if (first.text[0] == '\0')
			first = err;
	}
	*why = first;
	return false;
}

int cli_check(struct cli_globals *g, int argc, char **argv)
{
	static const struct option options[] = {CLI_GLOBAL_OPTIONS, {0}};
	struct conf *conf = NULL;
	int code = 0, c;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1 && code == 0) {
		if (c == CLI_HELP)
			return cli_help(help);
		if (!cli_global(g, c))
			code = cli_usage("check", "wrong option");
	}
	if (code == 0 && optind < argc)
		code = cli_usage("check", "'%s' is too much", argv[optind]);
	if (code == 0)
		code = cli_conf(g, true, &conf);
	if (code == 0 && conf->n_feeds == 0)
		code = cli_usage("check", "%s has no [feed NAME] section: there is nothing to run", conf->path);
	for (size_t i = 0; code == 0 && i < conf->n_feeds; i++) {
		struct df_err why = {0};
		if (manifest_is_usable(&conf->feeds[i], &why))
			continue;
		df_err_context(&why, "feed %s", conf->feeds[i].name);
		df_log_err(DF_LOG_ERROR, &why);
		code = CLI_EXIT_USAGE;
	}
	if (code == 0 && !g->quiet) {
		printf("%s: no mistakes in %zu feed(s)\n", conf->path, conf->n_feeds);
		code = cli_flush() ? 0 : CLI_EXIT_INTERNAL;
	}
	conf_free(conf);
	return code;
}
