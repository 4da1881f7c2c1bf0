/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

static const char help[] =
    "Usage: dropfeed retry [--feed NAME]... [--from DIR] [DOCUMENT...]\n"
    "\n"
    "Delivers once more what was refused, and the rows that the API rejected, after the cause was repaired outside the "
    "file:\n"
    "a key, a limit, a manifest, a data plan. A refused document is taken with today's settings, for nothing of it was "
    "sent.\n"
    "Rejected rows are sent under the ids that the API knows, with the settings of the day their document was begun. "
    "For\n"
    "rows that are wrong themselves, correct the reject file and drop it instead.\n"
    "\n"
    "DOCUMENT is a drop file as `status` names it, FILE:ENTRY for one document of a zip, or a pattern such as "
    "'orders*';\n"
    "without any, everything that was refused or that the API rejected is meant, and what is not finished.\n"
    "\n"
    "Options:\n"
    "  --feed NAME    this feed only; may be given more than once\n"
    "  --from DIR     a local folder where the files lie under their names, if the source has them no "
    "more\n" CLI_GLOBAL_HELP "\n"
    "Exit codes: 0 all delivered or nothing to retry, 1 some rows rejected, files refused or not found, 2 usage or\n"
    "configuration, 3 unfinished: run again, 4 access refused, 5 internal error, 75 already running.\n";

int cli_retry(struct cli_globals *g, int argc, char **argv)
{
	enum { FEED = CLI_OWN, FROM };
	static const struct option options[] = {
	    {"feed", required_argument, NULL, FEED}, {"from", required_argument, NULL, FROM}, CLI_GLOBAL_OPTIONS, {0}};
	struct run_retry_options o = {0};
	const char **feeds = df_alloc((size_t)argc * sizeof(*feeds));
	char from[PATH_MAX];
	struct conf *conf = NULL;
	int code = 0, c;
	o.feeds = feeds;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1 && code == 0) {
		if (cli_global(g, c))
			continue;
		if (c == FEED)
			feeds[o.n_feeds++] = optarg;
		else if (c == FROM)
			o.from = optarg;
		else if (c == CLI_HELP) {
			code = cli_help(help);
			goto cleanup;
		} else
			code = cli_usage("retry", "wrong option");
	}
	o.documents = (const char *const *)argv + optind;
	o.n_documents = (size_t)(argc - optind);
	if (code == 0 && o.from != NULL && realpath(o.from, from) == NULL)
		code = cli_usage("retry", "--from %s: %s", o.from, strerror(errno));
	o.from = o.from != NULL ? from : NULL;
	if (code == 0)
		code = cli_conf(g, true, &conf);
	for (size_t i = 0; code == 0 && i < o.n_feeds; i++)
		code = cli_feed(conf, feeds[i], "retry") != NULL ? 0 : CLI_EXIT_USAGE;
	if (code == 0 && conf->n_feeds == 0)
		code = cli_usage("retry", "%s has no [feed NAME] section: there is nothing to retry", conf->path);
	if (code == 0) {
		struct run_result result = {0};
		run_retry(conf, &o, &result);
		code = run_exit_code(&result);
		if (code != 75 && !result.misused)
			cli_summarize(&result, "nothing to retry");
	}
cleanup:
	conf_free(conf);
	free(feeds);
	return code;
}
