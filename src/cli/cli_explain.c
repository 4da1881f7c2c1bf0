/* SPDX-License-Identifier: MIT */
#include "cli_explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct explain_arguments {
	struct cli_feed_options feed;
	bool json, whole;
	char *file;        /* own */
	const char *entry; /* in file, or NULL */
	uint64_t line;
};

#define AT(member) offsetof(struct explain_arguments, member)
static const struct cli_option options[] = {
    {"feed", "NAME", CLI_TEXT, AT(feed.name), CLI_FEED_HELP},
    {"manifest", "M", CLI_TEXT, AT(feed.manifest), "this manifest instead of the feed's"},
    {"plan", "FILE", CLI_TEXT, AT(feed.plan), "this data plan instead of the feed's"},
    {"set", "KEY=VALUE", CLI_LIST, AT(feed.set), CLI_SET_HELP},
    {"format", "F", CLI_JSON, AT(json),
     "text (default; --verbose cuts nothing short and shows the whole batch), or json: one object"},
    {0}};

const struct cli_spec cli_explain_spec = {
    .command = "explain",
    .synopsis = "[--feed NAME] [--manifest M] [--plan FILE] [--set KEY=VALUE]... [--format "
		"text|json] FILE:LINE",
    .about = "Shows what becomes of one line of a drop file: where each cell goes, as which type "
	     "and value, what is "
	     "left out, and "
	     "the batch that the row ends up in, with its ids; or everything that is wrong with "
	     "it. Sends nothing.\n"
	     "LINE is counted from 1, as an editor does, and may be any line of a row. The "
	     "header's line shows every "
	     "column. "
	     "In an archive of several documents name one: FILE:ENTRY:LINE.",
    .options = options,
    .exits = "0 the row would be delivered or skipped (the header is accepted), 1 it would be "
	     "rejected or its "
	     "file refused, 2 "
	     "usage, 5 internal error.",
};

/* FILE:LINE or FILE:ENTRY:LINE. Names may hold colons: of the ways to read it the one counts
 * where the file is there. */
static bool read_place(struct explain_arguments *a, const char *place)
{
	const char *colon = strrchr(place, ':');
	char *end = NULL;
	if (colon == NULL || colon == place || colon[1] < '0' || colon[1] > '9')
		return false;
	a->line = strtoull(colon + 1, &end, 10);
	if (*end != '\0' || a->line == 0)
		return false;
	a->file = df_strndup(place, (size_t)(colon - place));
	if (access(a->file, F_OK) == 0)
		return true;

	for (char *c = a->file + strlen(a->file); c > a->file; c--) {
		if (*c != ':')
			continue;
		*c = '\0';
		a->entry = c + 1;
		if (access(a->file, F_OK) == 0)
			return true;
		*c = ':';
	}
	a->entry = NULL;
	return true;
}

static int print_row(const struct conf *conf, const struct explain_arguments *a)
{
	struct df_err err = {0};
	struct trial_explain *x = NULL;
	struct df_buf out = {0};
	struct conf_feed *feed = cli_feed_with(conf, &a->feed, true, "explain");
	if (feed == NULL)
		return CLI_EXIT_USAGE;

	struct run_result result = {0};
	const struct trial_place at = {.path = a->file,
				       .entry = a->entry,
				       .line = a->line,
				       .encryption_by_name =
					   cli_encryption_by_name(conf, &a->feed, true)};
	enum df_status st = trial_explain_line(feed, &at, &x, &err);
	run_note_status(&result, st);
	int code = run_exit_code(&result);
	if (st != DF_OK) {
		df_err_about(&err, a->file);
		df_log_err(DF_LOG_ERROR, &err);
	} else {
		const char *verdict = cli_explain_verdict(x);
		code = strcmp(verdict, "refused") == 0 || strcmp(verdict, "rejected") == 0;
		if (a->json)
			cli_explain_json(a->file, x, &out);
		else
			cli_explain_text(a->file, x, a->whole, &out);
		fwrite(out.data, 1, out.len, stdout);
		if (!cli_flush())
			code = CLI_EXIT_INTERNAL;
	}
	df_buf_free(&out);
	trial_explain_free(x);
	conf_feed_free(feed);
	return code;
}

int cli_explain(struct cli_globals *g, int argc, char **argv)
{
	struct explain_arguments a = {0};
	struct cli_operands place;
	struct conf *conf = NULL;
	int code = cli_parse(&cli_explain_spec, g, argc, argv, &a, &place);
	if (code >= 0)
		goto cleanup;

	code = CLI_EXIT_USAGE;
	a.whole = g->verbose;
	if (place.n != 1)
		cli_usage("explain", "name one line, as in orders-commerce_event.csv:12");
	else if (!read_place(&a, place.v[0]))
		cli_usage("explain", "'%s' names no line: FILE:LINE or FILE:ENTRY:LINE is expected",
			  place.v[0]);
	else if (cli_conf(g, false, &conf) == 0)
		code = print_row(conf, &a);
cleanup:
	conf_free(conf);
	free(a.file);
	cli_list_free(&a.feed.set);
	return code;
}
