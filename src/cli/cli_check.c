/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <stdio.h>

const struct cli_spec cli_check_spec = {
    .command = "check",
    .synopsis = "",
    .about = "Reads the configuration, the secret files and the manifests that it names, and prints every mistake with "
	     "its file "
	     "and line. Opens no connection.",
    .exits = "0 no mistake, 2 mistakes.",
};

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
	struct cli_operands rest;
	struct conf *conf = NULL;
	int code = cli_parse(&cli_check_spec, g, argc, argv, NULL, &rest);
	if (code >= 0)
		return code;

	if (rest.n > 0)
		return cli_usage("check", "unexpected argument '%s'", rest.v[0]);
	code = cli_conf(g, true, &conf);
	if (code == 0 && !cli_has_feeds(conf, "check"))
		code = CLI_EXIT_USAGE;
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
