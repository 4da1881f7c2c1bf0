/* SPDX-License-Identifier: MIT */
#include "cli_files.h"

static const struct cli_option options[] = {
    CLI_FILES_FEED, CLI_FILES_FROM, CLI_PROGRESS(CLI_FILES_AT(progress)), {0}};

const struct cli_spec cli_restart_spec = {
    .command = "restart",
    .known_files = true,
    .synopsis = "[--feed NAME]... [--from DIR] [--progress SECONDS] FILE...",
    .about =
	"Begins files anew that are not done: under way, refused or abandoned. Today's "
	"settings count, and the "
	"whole file is read, checked and sent from its beginning; documents of a zip that are "
	"done stay done. "
	"Batches that are the same as before have the same ids, and the API ignores those "
	"that it took already; "
	"how many may arrive again is logged. Where events of it were sent to Braze, which knows "
	"no ids, it is refused.\n"
	"FILE is a drop file as `status` names it, or a pattern such as 'orders*'; of several "
	"files with one name "
	"the latest one is meant.",
    .options = options,
    .exits = CLI_FILES_EXITS,
};

int cli_restart(struct cli_globals *g, int argc, char **argv)
{
	struct run_result result = {0};
	int code = cli_files_main(&cli_restart_spec, g, argc, argv, run_restart, &result);
	if (result.documents + result.files_done + result.files_refused > 0)
		cli_summarize(&result, "nothing to restart");
	return code;
}
