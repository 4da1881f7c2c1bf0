/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "Usage: dropfeed manifest [--feed NAME] [--event-type T] [--no-header] [--set KEY=VALUE]... FILE|-\n"
    "\n"
    "Reads the header and the first rows of a CSV file with column names of its own, and writes a proposed manifest "
    "to\n"
    "standard output: what each column is taken for and why, which settings it needs, and what is still missing. No "
    "value\n"
    "of the file is shown. Correct it, then try it with `dropfeed validate --manifest`; see dropfeed.manifest(5).\n"
    "\n"
    "Options:\n"
    "  --feed NAME      the feed whose settings count; without a configuration, the defaults\n"
    "  --event-type T   what the rows are, where the file's name does not say: custom_event, commerce_event,\n"
    "                   screen_view, eventless, or another event type\n"
    "  --no-header      the first row is data: a manifest by position\n"
    "  --set KEY=VALUE  this setting instead of the feed's; may be given more than once\n" CLI_GLOBAL_HELP "\n"
    "Exit codes: 0 a manifest was written, 1 the file cannot be read as CSV, 2 usage, 5 internal error.\n";

static int propose(const struct conf *conf, const struct cli_feed_options *o, struct run_propose *r)
{
	struct df_buf out = {.max = 8u << 20};
	struct df_err err = {0};
	struct run_result result = {0};
	r->feed = cli_feed_with(conf, o, true, "manifest");
	if (r->feed == NULL)
		return CLI_EXIT_USAGE;
	r->encryption_by_name = cli_encryption_by_name(conf, o, true);
	enum df_status st = run_propose_file(r, &out, &err);
	if (st == DF_OK) {
		fwrite(out.data, 1, out.len, stdout);
		result.broken = !cli_flush();
	} else {
		df_err_place(&err, r->path, 0, NULL);
		df_log_err(DF_LOG_ERROR, &err);
		result.files_refused = st == DF_REJECT;
		run_note_status(&result, st);
	}
	df_buf_free(&out);
	conf_feed_free(r->feed);
	return run_exit_code(&result);
}

int cli_manifest(struct cli_globals *g, int argc, char **argv)
{
	enum { FEED = CLI_OWN, EVENT_TYPE, NO_HEADER, SET };
	static const struct option options[] = {{"feed", required_argument, NULL, FEED},
						{"event-type", required_argument, NULL, EVENT_TYPE},
						{"no-header", no_argument, NULL, NO_HEADER},
						{"set", required_argument, NULL, SET},
						CLI_GLOBAL_OPTIONS,
						{0}};
	struct cli_feed_options o = {0};
	struct run_propose r = {0};
	struct conf *conf = NULL;
	int code = 0, c;
	o.set = df_alloc((size_t)argc * sizeof(*o.set));
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1 && code == 0) {
		if (cli_global(g, c))
			continue;
		switch (c) {
		case FEED:
			o.name = optarg;
			break;
		case EVENT_TYPE:
			r.event_type = optarg;
			break;
		case NO_HEADER:
			r.no_header = true;
			break;
		case SET:
			o.set[o.n_set++] = optarg;
			break;
		case CLI_HELP:
			code = cli_help(help);
			goto cleanup;
		default:
			code = cli_usage("manifest", "wrong option");
		}
	}
	if (code == 0 && optind + 1 != argc)
		code = cli_usage("manifest", "name one file, or - for standard input");
	if (code == 0)
		code = cli_conf(g, false, &conf);
	if (code == 0) {
		r.path = argv[optind];
		code = propose(conf, &o, &r);
	}
cleanup:
	conf_free(conf);
	free(o.set);
	return code;
}
