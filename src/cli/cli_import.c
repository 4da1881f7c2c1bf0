/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <stdlib.h>

static const char help[] =
    "Usage: dropfeed import [--feed NAME] [--sink S] [--manifest M] [--set KEY=VALUE]... [--name N]\n"
    "       [--dry-run] FILE...|-\n"
    "\n"
    "Delivers local files as if they had come from the feed's source, or standard input (-) named N. With --sink,\n"
    "nothing is remembered: the batches go to S, and no configuration is needed.\n"
    "\n"
    "Options:\n"
    "  --feed NAME    the feed whose settings count; needed where there are several\n"
    "  --sink S       file:PATH (one batch a line) or - (standard output), instead of the feed's sink\n"
    "  --manifest M   this manifest instead of the feed's\n"
    "  --set KEY=VALUE  this setting instead of the feed's, such as timestamps=auto; may be given more than once\n"
    "  --name N       file name for standard input, such as export-custom_event.csv\n"
    "  --dry-run      read and check everything, send nothing\n" CLI_GLOBAL_HELP "\n"
    "Exit codes: 0 all delivered, 1 some rows rejected or files refused, 2 usage or configuration, 3 unfinished,\n"
    "4 access refused, 5 internal error, 75 already running.\n";

struct import_arguments {
	struct cli_feed_options feed;
	const char *name;
	bool dry_run;
};

static int import(const struct conf *conf, const struct import_arguments *a, const char *const *files, size_t n)
{
	struct conf_feed *feed = cli_feed_with(conf, &a->feed, a->feed.sink != NULL, "import");
	if (feed == NULL)
		return CLI_EXIT_USAGE;
	struct run_import_options o = {.feed = feed, .files = files, .n_files = n, .stdin_name = a->name};
	struct run_result result = {0};
	o.stateless = a->feed.sink != NULL;
	o.dry_run = a->dry_run;
	o.jobs = cli_jobs(conf);
	o.encryption_by_name = cli_encryption_by_name(conf, &a->feed, o.stateless);
	int code = 0;
	if (conf == NULL && a->feed.sink == NULL && !a->dry_run) {
		code = cli_usage("import", "without a configuration, name a sink: --sink - or --sink file:PATH");
	} else {
		run_import(conf, &o, &result);
		code = run_exit_code(&result);
		if (a->dry_run)
			df_log(DF_LOG_INFO,
			       "dry run: %llu batches in at least %llu requests, about %.1f minutes; nothing was sent",
			       (unsigned long long)result.batches, (unsigned long long)result.requests_forecast,
			       (double)result.batches / feed->batches_per_second / 60);
	}
	conf_feed_free(feed);
	return code;
}

int cli_import(struct cli_globals *g, int argc, char **argv)
{
	enum { FEED = CLI_OWN, SINK, MANIFEST, NAME, SET, DRY_RUN };
	static const struct option options[] = {{"feed", required_argument, NULL, FEED},
						{"sink", required_argument, NULL, SINK},
						{"manifest", required_argument, NULL, MANIFEST},
						{"name", required_argument, NULL, NAME},
						{"set", required_argument, NULL, SET},
						{"dry-run", no_argument, NULL, DRY_RUN},
						CLI_GLOBAL_OPTIONS,
						{0}};
	struct import_arguments a = {0};
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
		case SINK:
			a.feed.sink = optarg;
			break;
		case MANIFEST:
			a.feed.manifest = optarg;
			break;
		case NAME:
			a.name = optarg;
			break;
		case SET:
			a.feed.set[a.feed.n_set++] = optarg;
			break;
		case DRY_RUN:
			a.dry_run = true;
			break;
		case CLI_HELP:
			code = cli_help(help);
			goto cleanup;
		default:
			code = cli_usage("import", "wrong option");
		}
	}
	if (code == 0 && optind == argc)
		code = cli_usage("import", "name a file, or - for standard input");
	bool piped = false;
	for (int i = optind; code == 0 && i < argc; i++) {
		bool dash = strcmp(argv[i], "-") == 0;
		piped = piped || dash;
		if (dash && a.name == NULL)
			code = cli_usage("import", "standard input needs a name that says its event type: --name "
						   "export-custom_event.csv");
	}
	if (code == 0 && a.name != NULL && strchr(a.name, '/') != NULL) /* it becomes a part of paths */
		code = cli_usage("import", "--name %s: give the name alone, without folders", a.name);
	if (code == 0 && a.name != NULL && !piped)
		code = cli_usage("import", "--name is for standard input (-): a file goes by its own name");
	if (code == 0)
		code = cli_conf(g, a.feed.sink == NULL && !a.dry_run, &conf);
	if (code == 0)
		code = import(conf, &a, (const char *const *)argv + optind, (size_t)(argc - optind));
cleanup:
	conf_free(conf);
	free(a.feed.set);
	return code;
}
