/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

struct retry_arguments {
	struct cli_list feeds;
	const char *from;
	uint64_t progress;
	bool unknown;
};

static const struct cli_option options[] = {
    {"feed", "NAME", CLI_LIST, offsetof(struct retry_arguments, feeds),
     "this feed only; may be given more than once"},
    {"from", "DIR", CLI_TEXT, offsetof(struct retry_arguments, from),
     "a local folder that holds the files under their names, where the source does not have them "
     "any more"},
    {"unknown", NULL, CLI_FLAG, offsetof(struct retry_arguments, unknown),
     "instead, the rows that are delivery-unknown: they may have arrived, and then count twice"},
    CLI_PROGRESS(offsetof(struct retry_arguments, progress)),
    {0}};

const struct cli_spec cli_retry_spec = {
    .command = "retry",
    .known_files = true,
    .synopsis = "[--feed NAME]... [--from DIR] [--unknown] [--progress SECONDS] [DOCUMENT...]",
    .about = "Delivers once more what was refused, and the rows that the API rejected, after the "
	     "cause was repaired "
	     "outside the file: "
	     "a key, a limit, a manifest, a data plan. A refused document is taken with today's "
	     "settings, because "
	     "nothing of it was "
	     "sent. Rejected rows are sent under the ids that the API knows, with the settings of "
	     "the day their "
	     "document was begun. "
	     "For rows that are wrong themselves, correct the reject file and drop it instead.\n"
	     "DOCUMENT is a drop file as `status` names it, FILE:ENTRY for one document of a zip, "
	     "or a pattern such as "
	     "'orders*'; "
	     "without any, everything that was refused or that the API rejected is meant, and what "
	     "is not finished.",
    .options = options,
    .exits = "0 all delivered or nothing to retry, 1 some rows rejected, files refused or not "
	     "found, 2 usage or "
	     "configuration, 3 unfinished: run again, 4 access refused, 5 internal error, 75 "
	     "already running.",
};

int cli_retry(struct cli_globals *g, int argc, char **argv)
{
	struct retry_arguments a = {0};
	struct run_result result = {0};
	struct cli_operands rest;
	struct conf *conf = NULL;
	char from[PATH_MAX];
	int code = cli_parse(&cli_retry_spec, g, argc, argv, &a, &rest);
	if (code >= 0)
		goto cleanup;

	code = CLI_EXIT_USAGE;
	if (a.from != NULL && realpath(a.from, from) == NULL) {
		cli_usage("retry", "--from %s: %s", a.from, strerror(errno));
		goto cleanup;
	}
	if (cli_conf(g, true, &conf) != 0 || !cli_feeds(conf, &a.feeds, "retry") ||
	    !cli_has_feeds(conf, "retry"))
		goto cleanup;

	struct run_retry_options o = {.feeds = a.feeds.v,
				      .n_feeds = a.feeds.n,
				      .documents = rest.v,
				      .n_documents = rest.n,
				      .from = a.from != NULL ? from : NULL,
				      .unknown = a.unknown};
	conf->operate.progress_s = cli_seconds(a.progress);
	run_retry(conf, &o, &result);
	code = run_exit_code(&result);
	if (code != 75 && !result.misused)
		cli_summarize(&result, "nothing to retry");
cleanup:
	conf_free(conf);
	cli_list_free(&a.feeds);
	return code;
}
