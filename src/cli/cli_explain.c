/* SPDX-License-Identifier: MIT */
#include "cli_explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char help[] =
    "Usage: dropfeed explain [--feed NAME] [--manifest M] [--set KEY=VALUE]... [--format text|json] FILE:LINE\n"
    "\n"
    "Shows what becomes of one line of a drop file: where each cell goes, as which type and value, what is left out, "
    "and\n"
    "the batch that the row ends up in, with its ids; or everything that is wrong with it. Sends nothing.\n"
    "LINE is counted from 1, as an editor does, and may be any line of a row. The header's line shows every column.\n"
    "In an archive of several documents name one: FILE:ENTRY:LINE.\n"
    "\n"
    "Options:\n"
    "  --feed NAME      the feed whose settings count; without a configuration, the defaults\n"
    "  --manifest M     this manifest instead of the feed's\n"
    "  --set KEY=VALUE  this setting instead of the feed's, such as timestamps=auto; may be given more than once\n"
    "  --format F       text (default; --verbose cuts nothing short and shows the whole batch), or json: one "
    "object\n" CLI_GLOBAL_HELP "\n"
    "Exit codes: 0 the row would be delivered (the header is accepted), 1 it would be rejected or its file refused,\n"
    "2 usage, 5 internal error.\n";

struct explain_arguments {
	struct cli_feed_options feed;
	bool json, whole;
	char *file;        /* own */
	const char *entry; /* in file, or NULL */
	uint64_t line;
};

const char *cli_explain_verdict(const struct run_explain *x)
{
	if (x->refused.text[0] != '\0')
		return "refused";
	if (x->header)
		return "accepted";
	return x->n_faults > 0 ? "rejected" : "delivered";
}

/* FILE:LINE or FILE:ENTRY:LINE. Names may hold colons: of the ways to read it the one counts where the file is there. */
static bool take_place(struct explain_arguments *a, const char *place)
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

static int explain(const struct conf *conf, const struct explain_arguments *a)
{
	struct df_err err = {0};
	struct run_explain *x = NULL;
	struct df_buf out = {0};
	struct conf_feed *feed = cli_feed_with(conf, &a->feed, true, "explain");
	if (feed == NULL)
		return CLI_EXIT_USAGE;
	struct run_result result = {0};
	bool by_name = cli_encryption_by_name(conf, &a->feed, true);
	enum df_status st = run_explain_line(feed, a->file, a->entry, a->line, by_name, &x, &err);
	run_note_status(&result, st);
	int code = run_exit_code(&result);
	if (st != DF_OK) {
		df_err_context(&err, "%s", a->file);
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
	run_explain_free(x);
	conf_feed_free(feed);
	return code;
}

int cli_explain(struct cli_globals *g, int argc, char **argv)
{
	enum { FEED = CLI_OWN, MANIFEST, SET, FORMAT };
	static const struct option options[] = {{"feed", required_argument, NULL, FEED},
						{"manifest", required_argument, NULL, MANIFEST},
						{"set", required_argument, NULL, SET},
						{"format", required_argument, NULL, FORMAT},
						CLI_GLOBAL_OPTIONS,
						{0}};
	struct explain_arguments a = {0};
	struct conf *conf = NULL;
	int code = 0, c;
	a.feed.set = df_alloc((size_t)argc * sizeof(*a.feed.set));
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1 && code == 0) {
		if (cli_global(g, c))
			continue;
		switch (c) {
		case FEED:
			a.feed.name = optarg;
			break;
		case MANIFEST:
			a.feed.manifest = optarg;
			break;
		case SET:
			a.feed.set[a.feed.n_set++] = optarg;
			break;
		case FORMAT:
			a.json = strcmp(optarg, "json") == 0;
			if (!a.json && strcmp(optarg, "text") != 0)
				code = cli_usage("explain", "--format is text or json, not '%s'", optarg);
			break;
		case CLI_HELP:
			code = cli_help(help);
			goto cleanup;
		default:
			code = cli_usage("explain", "wrong option");
		}
	}
	if (code == 0 && optind + 1 != argc)
		code = cli_usage("explain", "name one line, as in orders-commerce_event.csv:12");
	if (code == 0 && !take_place(&a, argv[optind]))
		code = cli_usage("explain", "'%s' names no line: FILE:LINE or FILE:ENTRY:LINE is wanted", argv[optind]);
	a.whole = g->verbose;
	if (code == 0)
		code = cli_conf(g, false, &conf);
	if (code == 0)
		code = explain(conf, &a);
cleanup:
	conf_free(conf);
	free(a.file);
	free(a.feed.set);
	return code;
}
