/* SPDX-License-Identifier: MIT */
#include "cli.h"

struct ledger_arguments {
	const char *to;
};

static const struct cli_option options[] = {
    {"to", "URL", CLI_TEXT, offsetof(struct ledger_arguments, to),
     "postgresql://user@host/database, or sqlite: the one in state_dir"},
    {0}};

const struct cli_spec cli_ledger_spec = {
    .command = "ledger",
    .verbs = "copy",
    .synopsis = "copy --to URL",
    .about = "Copies all of the ledger into an empty one: from SQLite into a database that hosts "
	     "are to share, or from there back into state_dir. No run may be under way on any "
	     "host. The configuration's `ledger` is to name the new one afterwards; the old one "
	     "stays as it is, and must not be used any more.",
    .options = options,
    .exits = "0 copied, 2 usage or configuration, or the other ledger is not empty, 3 hosts are at "
	     "work or a database is unreachable, 4 it refused the password, 5 internal error, 75 a "
	     "run is under way.",
};

int cli_ledger(struct cli_globals *g, int argc, char **argv)
{
	struct ledger_arguments a = {0};
	struct run_result result = {0};
	struct cli_operands rest;
	struct conf *conf = NULL;
	int code = cli_parse(&cli_ledger_spec, g, argc, argv, &a, &rest);
	if (code >= 0)
		return code;

	if (rest.n != 1 || strcmp(rest.v[0], "copy") != 0 || a.to == NULL)
		return cli_usage("ledger",
				 "say where the ledger is to be copied to: copy --to URL");
	code = CLI_EXIT_USAGE;
	if (cli_conf(g, true, &conf) == 0 && cli_has_state(conf, "ledger")) {
		run_ledger_copy(conf, a.to, &result);
		code = run_exit_code(&result);
	}
	conf_free(conf);
	return code;
}
