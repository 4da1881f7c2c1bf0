/* SPDX-License-Identifier: MIT */
/* All commands, and what is done when one of them ends. */
#include "cli.h"

#include <stdlib.h>

const struct cli_command cli_commands[] = {
    {"run", "pull drop files of every feed and deliver them (for cron)", &cli_run_spec, cli_run,
     true},
    {"retry", "deliver once more what was refused, or rejected by the API", &cli_retry_spec,
     cli_retry, true},
    {"rejects", "print rejected rows, or why they were rejected", &cli_rejects_spec, cli_rejects},
    {"abandon", "close a file under way; the rest goes to its reject file", &cli_abandon_spec,
     cli_abandon, true},
    {"restart", "begin a file anew under today's settings", &cli_restart_spec, cli_restart, true},
    {"resend", "deliver a finished file once more", &cli_resend_spec, cli_resend, true},
    {"requests", "ask what became of subject requests, or take them back", &cli_requests_spec,
     cli_requests, true},
    {"import", "deliver local files, or standard input", &cli_import_spec, cli_import, true},
    {"validate", "check local files, send nothing", &cli_validate_spec, cli_validate},
    {"explain", "show what becomes of one line of a file", &cli_explain_spec, cli_explain},
    {"status", "show what the ledger knows", &cli_status_spec, cli_status},
    {"report", "sum up a period: text, a page for a mail, or JSON", &cli_report_spec, cli_report},
    {"prune", "remove old details from the ledger, and old reject files", &cli_prune_spec,
     cli_prune, true},
    {"backup", "copy the ledger while runs go on", &cli_backup_spec, cli_backup},
    {"ledger", "move the ledger to PostgreSQL, or back", &cli_ledger_spec, cli_ledger},
    {"check", "check the configuration", &cli_check_spec, cli_check},
    {"doctor", "try what a run needs: server, keys, API", &cli_doctor_spec, cli_doctor},
    {"plan", "look at a data plan, or fetch one from the platform", &cli_plan_spec, cli_plan},
    {"manifest", "propose a manifest for a file with other column names", &cli_manifest_spec,
     cli_manifest},
    {"init", "print a section for a new source, to begin with", &cli_init_spec, cli_init},
    {"completions", "print what the shell completes command lines with", &cli_completions_spec,
     cli_completions},
    {0},
};

/* An error of usage may come before --config. */
static void find_config(struct cli_globals *g, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], "--config=", 9) == 0)
			g->config = argv[i] + 9;
		else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			g->config = argv[i + 1];
		else
			continue;
		return;
	}
}

void cli_ended(struct cli_globals *g, const struct cli_command *command, int argc, char **argv,
	       struct run_end *end)
{
	if (!command->records || g->aside)
		return;
	if (g->config == NULL)
		find_config(g, argc, argv);
	char *path = cli_conf_found(g);
	end->is_run = command->main == cli_run;
	end->ping = g->ping;
	if (path != NULL)
		run_ended(path, end);
	free(path);
}
