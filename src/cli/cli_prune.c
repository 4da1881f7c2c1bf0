/* SPDX-License-Identifier: MIT */
#include "cli.h"

struct prune_arguments {
	struct cli_list feeds;
	const char *older_than;
	bool dry_run;
};

#define AT(member) offsetof(struct prune_arguments, member)
static const struct cli_option options[] = {
    {"older-than", "AGE", CLI_TEXT, AT(older_than),
     "files that were closed longer ago than this, such as 400d"},
    {"feed", "NAME", CLI_LIST, AT(feeds), "this feed only; may be given more than once"},
    {"dry-run", NULL, CLI_FLAG, AT(dry_run), "remove nothing, say what would be removed"},
    {0}};

const struct cli_spec cli_prune_spec = {
    .command = "prune",
    .synopsis = "--older-than AGE [--feed NAME]... [--dry-run]",
    .about = "Removes what is known of the rows of old files: rejected rows, reasons, settings and "
	     "manifests in the "
	     "ledger, and reject files in state_dir. Names, hashes and counts stay, so that the "
	     "same bytes stay known "
	     "as delivered. Files that are not closed, or wait for after_done, are not touched, "
	     "nor are those "
	     "whose reject file was edited. Room in ledger.db is "
	     "used again; the file does not shrink.",
    .options = options,
    .exits = "0 done, 2 usage or configuration, 3 a reject file could not be removed, 5 internal "
	     "error, 75 already "
	     "running.",
};

static int prune(const struct conf *conf, const struct prune_arguments *a, int64_t age_ms)
{
	struct run_result result = {0};
	struct run_pruned pruned = {0};
	const struct run_prune_options o = {.feeds = a->feeds.v,
					    .n_feeds = a->feeds.n,
					    .older_than_ms = age_ms,
					    .dry_run = a->dry_run};
	run_prune(conf, &o, &pruned, &result);
	int code = run_exit_code(&result);
	if (code == 0)
		df_log(DF_LOG_INFO, "%sdetails of %llu file%s and %llu reject file%s %s",
		       a->dry_run ? "dry run: " : "", (unsigned long long)pruned.files,
		       df_plural(pruned.files), (unsigned long long)pruned.reject_files,
		       df_plural(pruned.reject_files), a->dry_run ? "would be removed" : "removed");
	return code;
}

int cli_prune(struct cli_globals *g, int argc, char **argv)
{
	struct prune_arguments a = {0};
	struct cli_operands rest;
	struct conf *conf = NULL;
	int64_t age_ms = 0;
	int code = cli_parse(&cli_prune_spec, g, argc, argv, &a, &rest);
	if (code >= 0)
		goto cleanup;

	g->aside = a.dry_run;
	code = CLI_EXIT_USAGE;
	if (rest.n > 0)
		cli_usage("prune", "unexpected argument '%s'", rest.v[0]);
	else if (a.older_than == NULL)
		cli_usage("prune", "say how old what is removed has to be: --older-than 400d");
	else if (!cli_age(a.older_than, &age_ms) || age_ms == 0)
		cli_usage("prune", "--older-than: '%s' is not an age such as 400d, 36h or 90m",
			  a.older_than);
	else if (cli_conf_public(g, &conf) == 0 && cli_has_state(conf, "prune") &&
		 cli_feeds_known(conf, &a.feeds, "prune"))
		code = prune(conf, &a, age_ms);
cleanup:
	conf_free(conf);
	cli_list_free(&a.feeds);
	return code;
}
