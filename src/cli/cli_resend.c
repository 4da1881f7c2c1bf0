/* SPDX-License-Identifier: MIT */
#include "cli_files.h"

static const struct cli_option options[] = {
    CLI_FILES_FEED,
    CLI_FILES_FROM,
    {"same-ids", NULL, CLI_FLAG, CLI_FILES_AT(same),
     "under the stored settings and the same ids: the API ignores what it has (default)"},
    {"new-ids", NULL, CLI_FLAG, CLI_FILES_AT(flag),
     "under today's settings and new ids: every row counts again"},
    CLI_PROGRESS(CLI_FILES_AT(progress)),
    {0}};

const struct cli_spec cli_resend_spec = {
    .command = "resend",
    .known_files = true,
    .synopsis = "[--feed NAME]... [--from DIR] [--same-ids|--new-ids] [--progress SECONDS] FILE...",
    .about = "Delivers finished files once more: after the receiving side lost them, or to another "
	     "endpoint. With the "
	     "same ids the API ignores what it took in the last 30 days; Braze knows no ids, and "
	     "events that were sent there need --new-ids.\n"
	     "FILE is a drop file as `status` names it, or a pattern such as 'orders*'; of several "
	     "files with one name "
	     "the latest one is meant.",
    .options = options,
    .exits = CLI_FILES_EXITS,
};

int cli_resend(struct cli_globals *g, int argc, char **argv)
{
	struct run_result result = {0};
	int code = cli_files_main(&cli_resend_spec, g, argc, argv, run_resend, &result);
	if (result.documents + result.files_done + result.files_refused > 0)
		cli_summarize(&result, "nothing to resend");
	return code;
}
