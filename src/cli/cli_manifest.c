/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include "dropfeed/trial.h"

#include <stdio.h>

struct manifest_arguments {
	struct cli_feed_options feed;
	const char *event_type;
	bool no_header;
};

#define AT(member) offsetof(struct manifest_arguments, member)
static const struct cli_option options[] = {
    {"feed", "NAME", CLI_TEXT, AT(feed.name), CLI_FEED_HELP},
    {"event-type", "T", CLI_TEXT, AT(event_type),
     "what the rows are, where the file's name does not say: custom_event, commerce_event, "
     "screen_view, eventless, "
     "or another event type"},
    {"no-header", NULL, CLI_FLAG, AT(no_header), "the first row is data: a manifest by position"},
    {"plan", "FILE", CLI_TEXT, AT(feed.plan),
     "columns that are called as its attributes are these"},
    {"set", "KEY=VALUE", CLI_LIST, AT(feed.set), CLI_SET_HELP},
    {0}};

const struct cli_spec cli_manifest_spec = {
    .command = "manifest",
    .synopsis =
	"[--feed NAME] [--event-type T] [--no-header] [--plan FILE] [--set KEY=VALUE]... FILE|-",
    .about = "Reads the header and the first rows of a CSV file with column names of its own, and "
	     "writes a proposed "
	     "manifest to standard output: what each column is taken for and why, which settings "
	     "it needs, and what is "
	     "still missing. Nothing is proposed that the rows contradict. No value of the file is "
	     "shown, but for words "
	     "that the program knows itself. Correct it, then try it with `dropfeed validate "
	     "--manifest`; see "
	     "dropfeed.manifest(5).",
    .options = options,
    .exits =
	"0 a manifest was written, 1 the file cannot be read as CSV, 2 usage, 5 internal error.",
};

static int print_manifest(const struct conf *conf, const struct cli_feed_options *o,
			  struct trial_propose *r)
{
	struct df_buf out = {.max = 8u << 20};
	struct df_err err = {0};
	struct run_result result = {0};
	r->feed = cli_feed_with(conf, o, true, "manifest");
	if (r->feed == NULL)
		return CLI_EXIT_USAGE;
	r->encryption_by_name = cli_encryption_by_name(conf, o, true);
	enum df_status st = trial_propose_file(r, &out, &err);
	if (st != DF_OK) {
		df_err_place(&err, r->path, 0, NULL);
		df_log_err(DF_LOG_ERROR, &err);
		result.files_refused = st == DF_REJECT;
		run_note_status(&result, st);
		goto cleanup;
	}

	fwrite(out.data, 1, out.len, stdout);
	result.broken = !cli_flush();
cleanup:
	df_buf_free(&out);
	conf_feed_free(r->feed);
	return run_exit_code(&result);
}

int cli_manifest(struct cli_globals *g, int argc, char **argv)
{
	struct manifest_arguments a = {0};
	struct cli_operands file;
	struct conf *conf = NULL;
	int code = cli_parse(&cli_manifest_spec, g, argc, argv, &a, &file);
	if (code >= 0)
		goto cleanup;

	code = CLI_EXIT_USAGE;
	if (file.n != 1) {
		cli_usage("manifest", "name one file, or - for standard input");
	} else if (cli_conf(g, false, &conf) == 0) {
		struct trial_propose r = {
		    .event_type = a.event_type, .no_header = a.no_header, .path = file.v[0]};
		code = print_manifest(conf, &a.feed, &r);
	}
cleanup:
	conf_free(conf);
	cli_list_free(&a.feed.set);
	return code;
}
