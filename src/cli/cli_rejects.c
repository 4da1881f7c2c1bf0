/* SPDX-License-Identifier: MIT */
#include "cli.h"

struct rejects_arguments {
	struct cli_list feeds;
	bool summary, json;
};

#define AT(member) offsetof(struct rejects_arguments, member)
static const struct cli_option options[] = {
    {"feed", "NAME", CLI_LIST, AT(feeds), "this feed only; may be given more than once"},
    {"summary", NULL, CLI_FLAG, AT(summary),
     "why: rows by code and column, with the first three lines"},
    {"format", "F", CLI_JSON, AT(json),
     "of the summary: text (default) or json, one object for each document"},
    {0}};

const struct cli_spec cli_rejects_spec = {
    .command = "rejects",
    .known_files = true,
    .synopsis = "[--feed NAME]... [--summary [--format text|json]] DOCUMENT...",
    .about = "Prints the rejected rows of drop files to standard output, as their reject files "
	     "have them: the header, the "
	     "rows, and for each its line and reason. Reject files that are encrypted are "
	     "decrypted. May be called while "
	     "a run is under way.\n"
	     "DOCUMENT is a drop file as `status` names it, FILE:ENTRY for one document of a zip, "
	     "or a pattern such as "
	     "'orders*'. With --summary it may be left out: then all are meant.",
    .options = options,
    .exits = "0 it was shown, 1 a reject file is not there any more, 2 usage or configuration, 3 a "
	     "file could not be read, "
	     "4 a passphrase is wrong, 5 internal error.",
};

int cli_rejects(struct cli_globals *g, int argc, char **argv)
{
	struct rejects_arguments a = {0};
	struct run_result result = {0};
	struct cli_operands rest;
	struct conf *conf = NULL;
	int code = cli_parse(&cli_rejects_spec, g, argc, argv, &a, &rest);
	if (code >= 0)
		goto cleanup;

	code = CLI_EXIT_USAGE;
	if (rest.n == 0 && !a.summary) {
		cli_usage("rejects", "name a drop file, as `dropfeed status` prints it");
		goto cleanup;
	}
	if (a.json && !a.summary) {
		cli_usage("rejects",
			  "--format json is for --summary: rows are printed as they are");
		goto cleanup;
	}
	if (cli_conf(g, true, &conf) != 0 || !cli_feeds(conf, &a.feeds, "rejects") ||
	    !cli_has_state(conf, "rejects"))
		goto cleanup;

	struct run_rejects_options o = {.feeds = a.feeds.v,
					.n_feeds = a.feeds.n,
					.documents = rest.v,
					.n_documents = rest.n,
					.summary = a.summary,
					.json = a.json};
	run_rejects(conf, &o, &result);
	code = cli_flush() ? run_exit_code(&result) : CLI_EXIT_INTERNAL;
cleanup:
	conf_free(conf);
	cli_list_free(&a.feeds);
	return code;
}
