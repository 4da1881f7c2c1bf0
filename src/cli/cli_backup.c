/* SPDX-License-Identifier: MIT */
#include "cli.h"

static const struct cli_option options[] = {{0}};

const struct cli_spec cli_backup_spec = {
    .command = "backup",
    .synopsis = "FILE",
    .about = "Writes a consistent copy of the ledger to FILE, mode 0600, while runs may go on. An "
	     "older copy of that name is replaced when the new one is complete; any other file is "
	     "left alone. Copying ledger.db with other tools while a run is under way gives a "
	     "damaged ledger. The manual says what restoring an older ledger means.",
    .options = options,
    .exits = "0 written, 2 usage or configuration, 3 it could not be written, 5 internal error.",
};

int cli_backup(struct cli_globals *g, int argc, char **argv)
{
	struct run_result result = {0};
	struct cli_operands rest;
	struct conf *conf = NULL;
	char nothing = '\0';
	int code = cli_parse(&cli_backup_spec, g, argc, argv, &nothing, &rest);
	if (code >= 0)
		return code;

	if (rest.n != 1 || strcmp(rest.v[0], "-") == 0)
		return cli_usage("backup", "name the file that is to be written");
	if (cli_conf_public(g, &conf) != 0 || !cli_has_state(conf, "backup")) {
		conf_free(conf);
		return CLI_EXIT_USAGE;
	}
	run_backup(conf, rest.v[0], &result);
	conf_free(conf);
	return run_exit_code(&result);
}
