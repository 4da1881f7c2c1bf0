/* SPDX-License-Identifier: MIT */
/* cli_files.h - what abandon, restart and resend have in common: they take drop files by name */
#ifndef DROPFEED_CLI_FILES_H
#define DROPFEED_CLI_FILES_H

#include "cli.h"

struct cli_files_arguments {
	struct cli_list feeds;
	const char *from;
	bool flag; /* --without-rejects, --new-ids */
	bool same; /* --same-ids */
	uint64_t progress;
};
#define CLI_FILES_AT(member) offsetof(struct cli_files_arguments, member)
#define CLI_FILES_FEED                                                                             \
	{                                                                                          \
		"feed", "NAME", CLI_LIST, CLI_FILES_AT(feeds),                                     \
		    "this feed only; may be given more than once"                                  \
	}
#define CLI_FILES_FROM                                                                             \
	{                                                                                          \
		"from", "DIR", CLI_TEXT, CLI_FILES_AT(from),                                       \
		    "a local folder that holds the files under their names, where the source "     \
		    "does not have them any "                                                      \
		    "more"                                                                         \
	}
#define CLI_FILES_EXITS                                                                            \
	"0 all delivered, 1 some rows rejected, files refused or not found, 2 usage or "           \
	"configuration, 3 unfinished: "                                                            \
	"run again, 4 access refused, 5 internal error, 75 already running."

typedef void cli_files_run(const struct conf *conf, const struct run_files_options *options,
			   struct run_result *result);
/* Reads the command line and the configuration, and calls `run`. Returns the exit code; *result
 * is filled. */
int cli_files_main(const struct cli_spec *spec, struct cli_globals *g, int argc, char **argv,
		   cli_files_run *run, struct run_result *result);

#endif
