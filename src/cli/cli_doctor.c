/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include "dropfeed/doctor.h"
#include "dropfeed/json.h"

#include <stdio.h>
#include <stdlib.h>

struct doctor_arguments {
	struct cli_list feeds;
	bool json;
};

#define AT(member) offsetof(struct doctor_arguments, member)
static const struct cli_option options[] = {
    {"feed", "NAME", CLI_LIST, AT(feeds), "this feed only; may be given more than once"},
    {"format", "F", CLI_JSON, AT(json), "text (default), or json: one object"},
    {0}};

const struct cli_spec cli_doctor_spec = {
    .command = "doctor",
    .synopsis = "[--feed NAME]... [--format text|json]",
    .about =
	"Tries what a run needs, one thing after the other, and prints a line for each, with what "
	"to do where it fails: the configuration and its secrets, the state folder, the server's "
	"host key, the login, the listing, write access for receipts and moves, the OpenPGP keys, "
	"the API's certificate, its clock and the credentials. It connects, writes a small hidden "
	"file where a run would write, and removes it; it takes no file and sends no row.",
    .options = options,
    .exits = "0 nothing failed, else the code that a run would end with for the worst of what "
	     "failed: 2, 3, 4 or 5.",
};

struct doctor_output {
	const char *feed; /* of the line before */
	bool json, quiet, any;
	size_t n[DOCTOR_TICK_SKIPPED + 1]; /* by state */
	struct df_buf ticks;               /* own: a JSON list */
	struct json_writer list;
};

static const char *const words[] = {"ok", "warning", "failed", "skipped"};

static void json_tick(struct json_writer *j, const struct doctor_tick *t)
{
	json_write_open(j, NULL, '{');
	json_write_text(j, "feed", t->feed);
	json_write_text(j, "tick", t->name);
	json_write_text(j, "state", words[t->state]);
	json_write_text(j, "text", t->text);
	json_write_count(j, "exit_code", (uint64_t)t->exit_code);
	json_write_close(j);
}

/* A feed's ticks are below its name. */
static void text_tick(struct doctor_output *out, const struct doctor_tick *t)
{
	struct df_buf b = {0};
	if (!out->any || out->feed != t->feed)
		df_buf_addf(&b, "%s\n", t->feed != NULL ? t->feed : "[dropfeed]");
	out->any = true;
	out->feed = t->feed;
	df_buf_addf(&b, "  %-8s %-14s ",
		    t->state == DOCTOR_TICK_FAILED ? "FAILED" : words[t->state], t->name);
	df_printable(&b, t->text);
	printf("%s\n", df_buf_cstr(&b));
	fflush(stdout); /* the next one may take its time */
	df_buf_free(&b);
}

static void on_tick(void *ctx, const struct doctor_tick *t)
{
	struct doctor_output *out = ctx;
	bool trouble = t->state == DOCTOR_TICK_WARNING || t->state == DOCTOR_TICK_FAILED;
	out->n[t->state]++;
	if (out->json)
		json_tick(&out->list, t);
	else if (trouble || !out->quiet)
		text_tick(out, t);
}

static void conclude_doctor(struct doctor_output *out, int code)
{
	struct df_buf b = {0};
	struct json_writer j = {.out = &b};
	json_write_close(&out->list);
	if (out->json) {
		json_write_open(&j, NULL, '{');
		json_write_json(&j, "ticks", df_buf_cstr(&out->ticks));
		for (size_t i = 0; i <= DOCTOR_TICK_SKIPPED; i++)
			json_write_count(&j, words[i], out->n[i]);
		json_write_count(&j, "exit_code", (uint64_t)code);
		json_write_close(&j);
		df_buf_addc(&b, '\n');
	} else if (!out->quiet) {
		df_buf_addf(&b, "%zu ok, %zu warning%s, %zu failed, %zu skipped\n",
			    out->n[DOCTOR_TICK_OK], out->n[DOCTOR_TICK_WARNING],
			    df_plural(out->n[DOCTOR_TICK_WARNING]), out->n[DOCTOR_TICK_FAILED],
			    out->n[DOCTOR_TICK_SKIPPED]);
	}

	if (b.len > 0)
		fwrite(b.data, 1, b.len, stdout);
	df_buf_free(&b);
}

int cli_doctor(struct cli_globals *g, int argc, char **argv)
{
	struct doctor_arguments a = {0};
	struct run_result result = {0};
	struct cli_operands rest;
	char *path = NULL;
	int code = cli_parse(&cli_doctor_spec, g, argc, argv, &a, &rest);
	if (code >= 0)
		goto cleanup;

	code = CLI_EXIT_USAGE;
	if (rest.n > 0) {
		cli_usage("doctor", "unexpected argument '%s'", rest.v[0]);
		goto cleanup;
	}
	path = cli_conf_path(g);
	if (path == NULL)
		goto cleanup;

	struct doctor_output out = {.json = a.json, .quiet = g->quiet};
	const struct doctor_options o = {
	    .path = path, .feeds = a.feeds.v, .n_feeds = a.feeds.n, .tick = on_tick, .ctx = &out};
	out.list.out = &out.ticks;
	json_write_open(&out.list, NULL, '[');
	/* the ticks say what else would be logged */
	df_log_setup(g->verbose ? DF_LOG_DEBUG : DF_LOG_ERROR, false);
	doctor_run(&o, &result);
	code = run_exit_code(&result);
	conclude_doctor(&out, code);
	df_buf_free(&out.ticks);
	code = cli_flush() ? code : CLI_EXIT_INTERNAL;
cleanup:
	free(path);
	cli_list_free(&a.feeds);
	return code;
}
