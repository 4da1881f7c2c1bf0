/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include "dropfeed/json.h"

#include <stdio.h>
#include <stdlib.h>

struct check_arguments {
	bool json;
};

static const struct cli_option options[] = {{"format", "F", CLI_JSON,
					     offsetof(struct check_arguments, json),
					     "text (default), or json: one object"},
					    {0}};

const struct cli_spec cli_check_spec = {
    .command = "check",
    .synopsis = "[--format text|json]",
    .about = "Reads the configuration, the secret files, keys and manifests that it names, and "
	     "prints every mistake with "
	     "its file and line. Opens no connection.",
    .options = options,
    .exits = "0 no mistake, 2 mistakes.",
};

struct check_output {
	const char *path;
	bool json;
	size_t errors, warnings;
	struct df_buf problems; /* own: a JSON list */
	struct json_writer list;
};

static void json_problem(struct json_writer *j, const struct setup_finding *f)
{
	json_write_open(j, NULL, '{');
	json_write_text(j, "feed", f->feed);
	json_write_text(j, "key", f->key);
	if (f->line > 0)
		json_write_count(j, "line", (uint64_t)f->line);
	else
		json_write_null(j, "line");
	json_write_text(j, "level", f->warning ? "warning" : "error");
	json_write_text(j, "message", f->text);
	json_write_close(j);
}

/* What loading finds has its key in the text. */
static void text_problem(const struct check_output *out, const struct setup_finding *f)
{
	struct df_buf b = {0};
	if (f->line != 0)
		df_buf_addf(&b, "%s:%d: %s", out->path, f->line, f->warning ? "warning: " : "");
	else
		df_buf_adds(&b, "dropfeed: ");
	if (f->key != NULL)
		df_buf_addf(&b, "%s%s%s: ", f->feed != NULL ? "feed " : "",
			    f->feed != NULL ? f->feed : "", f->feed != NULL ? "" : "[dropfeed]");
	if (f->key != NULL)
		df_buf_addf(&b, "%s: ", f->key);
	df_printable(&b, f->text);
	fprintf(stderr, "%s\n", df_buf_cstr(&b));
	df_buf_free(&b);
}

static void on_finding(void *ctx, const struct setup_finding *f)
{
	struct check_output *out = ctx;
	*(f->warning ? &out->warnings : &out->errors) += 1;
	if (out->json)
		json_problem(&out->list, f);
	else
		text_problem(out, f);
}

/* The result of a configuration with that many feeds, to standard output. */
static void conclude_check(struct check_output *out, size_t n_feeds, bool quiet)
{
	struct df_buf b = {0};
	struct json_writer j = {.out = &b};
	json_write_close(&out->list);
	if (out->json) {
		json_write_open(&j, NULL, '{');
		json_write_text(&j, "config", out->path);
		json_write_count(&j, "feeds", n_feeds);
		json_write_text(&j, "verdict", out->errors > 0 ? "mistakes" : "ok");
		json_write_json(&j, "problems", df_buf_cstr(&out->problems));
		json_write_close(&j);
		df_buf_addc(&b, '\n');
	} else if (out->errors == 0 && !quiet) {
		df_buf_addf(&b, "%s: no mistakes in %zu feed%s", out->path, n_feeds,
			    df_plural(n_feeds));
		if (out->warnings > 0)
			df_buf_addf(&b, ", %zu warning%s", out->warnings, df_plural(out->warnings));
		df_buf_addc(&b, '\n');
	}

	if (b.len > 0)
		fwrite(b.data, 1, b.len, stdout);
	df_buf_free(&b);
}

static void check_loaded(const struct conf *conf, struct check_output *out)
{
	char text[512];
	if (conf->n_feeds == 0) {
		snprintf(text, sizeof(text),
			 "%s has no [feed NAME] section: there is nothing to run", out->path);
		on_finding(out, &(struct setup_finding){.text = text});
	}
	setup_check(conf, on_finding, out);
}

static int check_conf_file(const struct cli_globals *g, const char *path, bool json)
{
	struct check_output out = {.path = path, .json = json};
	struct conf *conf = NULL;
	out.list.out = &out.problems;
	json_write_open(&out.list, NULL, '[');
	enum df_status st = setup_load(path, true, on_finding, &out, &conf);

	cli_log_setup(g, conf);
	if (st == DF_OK)
		check_loaded(conf, &out);
	conclude_check(&out, conf != NULL ? conf->n_feeds : 0, g->quiet);
	conf_free(conf);
	df_buf_free(&out.problems);
	if (!cli_flush())
		return CLI_EXIT_INTERNAL;
	return out.errors > 0 ? CLI_EXIT_USAGE : 0;
}

int cli_check(struct cli_globals *g, int argc, char **argv)
{
	struct check_arguments a = {0};
	struct cli_operands rest;
	int code = cli_parse(&cli_check_spec, g, argc, argv, &a, &rest);
	if (code >= 0)
		return code;

	if (rest.n > 0)
		return cli_usage("check", "unexpected argument '%s'", rest.v[0]);
	char *path = cli_conf_path(g);
	code = path != NULL ? check_conf_file(g, path, a.json) : CLI_EXIT_USAGE;
	free(path);
	return code;
}
