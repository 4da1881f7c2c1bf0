/* SPDX-License-Identifier: MIT */
#include "cli_files.h"

static const struct cli_option options[] = {
    CLI_FILES_FEED,
    CLI_FILES_FROM,
    {"without-rejects", NULL, CLI_FLAG, CLI_FILES_AT(flag),
     "read nothing and write no reject file: rows that were not delivered are "
     "only counted. For files whose bytes cannot "
     "be read, or whose source is away"},
    {0}};

const struct cli_spec cli_abandon_spec = {
    .command = "abandon",
    .known_files = true,
    .past_feeds = true,
    .synopsis = "[--feed NAME]... [--from DIR] [--without-rejects] FILE...",
    .about = "Closes files under way without delivering the rest. Rows that were not delivered go "
	     "to the reject file of "
	     "their document with the reason `abandoned`, from where they may be corrected and "
	     "dropped again; what was "
	     "delivered stays delivered. A file that was refused is left alone by `retry` from "
	     "then on. The file stays "
	     "where it is at the source. `dropfeed restart` takes it up again.\n"
	     "FILE is a drop file as `status` names it, or a pattern such as 'orders*'. A feed "
	     "that is not configured any "
	     "more does not matter.",
    .options = options,
    .exits = "0 abandoned, or closed before, 1 a file was refused, 2 usage or configuration, or an "
	     "unknown name: "
	     "nothing was done, 3 a file could not be read for now, 4 access refused, 5 internal "
	     "error, 75 a run is "
	     "under way: stop it first.",
};

int cli_abandon(struct cli_globals *g, int argc, char **argv)
{
	struct run_result result = {0};
	return cli_files_main(&cli_abandon_spec, g, argc, argv, run_abandon, &result);
}
