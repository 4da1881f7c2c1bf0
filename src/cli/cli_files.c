/* SPDX-License-Identifier: MIT */
#include "cli_files.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

/* True when the arguments make sense; else a message was printed. */
static bool check_arguments(const struct cli_spec *spec, const struct cli_files_arguments *a,
			    const struct cli_operands *rest, char from[PATH_MAX])
{
	const char *command = spec->command;
	if (rest->n == 0)
		cli_usage(command, "name a drop file, as `dropfeed status` prints it");
	else if (a->flag && a->same)
		cli_usage(command, "--same-ids and --new-ids exclude each other");
	else if (a->from != NULL && realpath(a->from, from) == NULL)
		cli_usage(command, "--from %s: %s", a->from, strerror(errno));
	else
		return true;
	return false;
}

int cli_files_main(const struct cli_spec *spec, struct cli_globals *g, int argc, char **argv,
		   cli_files_run *run, struct run_result *result)
{
	struct cli_files_arguments a = {0};
	struct cli_operands rest;
	struct conf *conf = NULL;
	char from[PATH_MAX];
	int code = cli_parse(spec, g, argc, argv, &a, &rest);
	if (code >= 0)
		goto cleanup;

	code = CLI_EXIT_USAGE;
	if (!check_arguments(spec, &a, &rest, from))
		goto cleanup;
	if (cli_conf(g, true, &conf) != 0 || !cli_has_state(conf, spec->command) ||
	    !(spec->past_feeds ? cli_feeds_known : cli_feeds)(conf, &a.feeds, spec->command))
		goto cleanup;

	struct run_files_options o = {.feeds = a.feeds.v,
				      .n_feeds = a.feeds.n,
				      .files = rest.v,
				      .n_files = rest.n,
				      .from = a.from != NULL ? from : NULL,
				      .without_rejects = a.flag,
				      .new_ids = a.flag};
	conf->operate.progress_s = cli_seconds(a.progress);
	run(conf, &o, result);
	code = run_exit_code(result);
cleanup:
	conf_free(conf);
	cli_list_free(&a.feeds);
	return code;
}
