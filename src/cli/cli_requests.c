/* SPDX-License-Identifier: MIT */
#include "cli.h"

struct requests_arguments {
	struct cli_list feeds;
};

static const struct cli_option options[] = {{"feed", "NAME", CLI_LIST,
					     offsetof(struct requests_arguments, feeds),
					     "this feed only; may be given more than once"},
					    {0}};

const struct cli_spec cli_requests_spec = {
    .command = "requests",
    .known_files = true,
    .verbs = "poll cancel",
    .synopsis = "poll [--feed NAME]... [FILE]... | cancel [--feed NAME]... FILE...",
    .about =
	"poll asks what became of the data subject requests that were made of these files, or of "
	"all, and enters it in the ledger: pending, in_progress, completed or cancelled; unknown "
	"where the service does not know the id, because the person's request was made before "
	"under another one. `status` counts them, and receipts are written anew.\n"
	"cancel takes those back that are still pending.\n"
	"FILE is a drop file as `status` names it, or a pattern such as 'people*'.",
    .options = options,
    .exits =
	"0 done, 1 a request could not be cancelled any more, 2 usage or configuration, or an "
	"unknown name, 3 the service does not answer, 4 it refused the credentials, 5 internal "
	"error, 75 a run is under way.",
};

static int requests(struct cli_globals *g, const struct requests_arguments *a,
		    const struct cli_operands *rest, bool cancel)
{
	struct run_result result = {0};
	struct conf *conf = NULL;
	int code = CLI_EXIT_USAGE;
	if (cli_conf(g, true, &conf) == 0 && cli_feeds(conf, &a->feeds, "requests") &&
	    cli_has_state(conf, "requests")) {
		const struct run_files_options o = {.feeds = a->feeds.v,
						    .n_feeds = a->feeds.n,
						    .files = rest->v + 1,
						    .n_files = rest->n - 1};
		run_requests(conf, &o, cancel, &result);
		code = run_exit_code(&result);
	}
	conf_free(conf);
	return code;
}

int cli_requests(struct cli_globals *g, int argc, char **argv)
{
	struct requests_arguments a = {0};
	struct cli_operands rest;
	int code = cli_parse(&cli_requests_spec, g, argc, argv, &a, &rest);
	if (code < 0 && rest.n > 0 && strcmp(rest.v[0], "poll") == 0)
		code = requests(g, &a, &rest, false);
	else if (code < 0 && rest.n > 1 && strcmp(rest.v[0], "cancel") == 0)
		code = requests(g, &a, &rest, true);
	else if (code < 0)
		code = cli_usage("requests", "say what to do with subject requests: poll, or "
					     "cancel FILE");
	cli_list_free(&a.feeds);
	return code;
}
