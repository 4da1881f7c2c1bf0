/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>

struct plan_arguments {
	bool json;
	uint64_t version;
	struct run_plan_fetch fetch;
};

#define AT(member) offsetof(struct plan_arguments, member)
static const struct cli_option options[] = {
    {"version", "N", CLI_COUNT, AT(version), "this version of the plan"},
    {"format", "F", CLI_JSON, AT(json), "check: text (default), or json: one object"},
    {"workspace", "W", CLI_TEXT, AT(fetch.workspace), "fetch: the workspace's id"},
    {"plan", "ID", CLI_TEXT, AT(fetch.plan), "fetch: the plan's id"},
    {"client-id", "ID", CLI_TEXT, AT(fetch.client_id),
     "fetch: of the OAuth client; else $DROPFEED_CLIENT_ID"},
    {"client-secret-file", "FILE", CLI_TEXT, AT(fetch.secret_file),
     "fetch: its secret; else $DROPFEED_CLIENT_SECRET"},
    {"ca-file", "FILE", CLI_TEXT, AT(fetch.ca_file), "fetch: more certificate authorities"},
    {"api", "URL", CLI_TEXT, AT(fetch.api), "fetch: another address of the platform's API"},
    {"sso", "URL", CLI_TEXT, AT(fetch.sso), "fetch: another address of its sign-on"},
    {0}};

const struct cli_spec cli_plan_spec = {
    .command = "plan",
    .verbs = "check fetch",
    .synopsis = "check [--version N] [--format text|json] FILE | fetch --workspace W --plan ID "
		"[--version N] [--client-id ID] [--client-secret-file FILE]",
    .about =
	"check reads a data plan and prints its points, what plan_action = block leaves out, and "
	"what in the plan this program cannot enforce.\n"
	"fetch prints a plan of the platform to standard output, as plan = FILE takes it: one "
	"version, or, without --version, the whole plan.",
    .options = options,
    .exits =
	"0 done, 1 a part of the plan cannot be enforced, 2 usage, no such plan or not a plan, "
	"3 the platform does not answer, 4 it refused the credentials.",
};

static int print_result(struct df_buf *out, enum df_status st, const struct df_err *err, int good)
{
	struct run_result result = {0};
	if (st == DF_OK)
		fwrite(out->data, 1, out->len, stdout);
	else
		df_log_err(DF_LOG_ERROR, err);
	bool written = cli_flush();
	df_buf_free(out);
	run_note_status(&result, st);
	return st != DF_OK ? run_exit_code(&result) : written ? good : CLI_EXIT_INTERNAL;
}

static int plan_check_file(const struct plan_arguments *a, const struct cli_operands *rest)
{
	struct df_buf out = {.max = 8u << 20};
	struct df_err err = {0};
	size_t missed = 0;
	if (rest->n != 2)
		return cli_usage("plan", "name the data plan's file: plan check FILE");
	enum df_status st =
	    run_plan_check(rest->v[1], (uint32_t)a->version, a->json, &missed, &out, &err);
	return print_result(&out, st, &err, missed > 0 ? 1 : 0);
}

static int fetch(const struct cli_globals *g, struct plan_arguments *a,
		 const struct cli_operands *rest)
{
	struct df_buf out = {.max = 64u << 20};
	struct df_err err = {0};
	struct conf *conf = NULL;
	struct run_plan_fetch *f = &a->fetch;
	f->version = (uint32_t)a->version;
	if (f->client_id == NULL)
		f->client_id = getenv("DROPFEED_CLIENT_ID");
	if (rest->n > 1)
		return cli_usage("plan", "unexpected argument '%s'", rest->v[1]);
	if (f->workspace == NULL || f->plan == NULL)
		return cli_usage("plan", "fetch needs --workspace and --plan");
	if (f->client_id == NULL || *f->client_id == '\0')
		return cli_usage("plan", "fetch needs --client-id, or $DROPFEED_CLIENT_ID");
	if (cli_conf(g, false, &conf) != 0)
		return CLI_EXIT_USAGE;

	enum df_status st = run_plan_fetch(conf, f, &out, &err);
	conf_free(conf);
	return print_result(&out, st, &err, 0);
}

int cli_plan(struct cli_globals *g, int argc, char **argv)
{
	struct plan_arguments a = {0};
	struct cli_operands rest;
	int code = cli_parse(&cli_plan_spec, g, argc, argv, &a, &rest);
	if (code >= 0)
		return code;

	if (a.version > UINT32_MAX)
		return cli_usage("plan", "--version: the number is too large");
	if (rest.n > 0 && strcmp(rest.v[0], "check") == 0)
		return plan_check_file(&a, &rest);
	if (rest.n > 0 && strcmp(rest.v[0], "fetch") == 0)
		return fetch(g, &a, &rest);
	return cli_usage("plan", "say what to do with a data plan: check FILE, or fetch");
}
