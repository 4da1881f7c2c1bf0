/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct import_arguments {
	struct cli_feed_options feed;
	const char *name, *rejects;
	bool dry_run, json;
	uint64_t progress;
};

#define AT(member) offsetof(struct import_arguments, member)
static const struct cli_option options[] = {
    {"feed", "NAME", CLI_TEXT, AT(feed.name),
     "use this feed's settings; needed where there are several"},
    {"sink", "S", CLI_TEXT, AT(feed.sink),
     "file:PATH (one batch a line), - (standard output) or events-api, instead of the feed's sink"},
    {"rejects", "FILE", CLI_TEXT, AT(rejects),
     "with --sink or --dry-run: write the rejected rows to FILE, or - (standard output)"},
    {"manifest", "M", CLI_TEXT, AT(feed.manifest), "this manifest instead of the feed's"},
    {"plan", "FILE", CLI_TEXT, AT(feed.plan), "this data plan instead of the feed's"},
    {"set", "KEY=VALUE", CLI_LIST, AT(feed.set), CLI_SET_HELP},
    {"name", "N", CLI_TEXT, AT(name),
     "file name for standard input, such as export-custom_event.csv"},
    {"dry-run", NULL, CLI_FLAG, AT(dry_run), "read and check everything, send nothing"},
    {"format", "F", CLI_JSON, AT(json), "text (default), or json: one object at the end"},
    CLI_PROGRESS(AT(progress)),
    {0}};

const struct cli_spec cli_import_spec = {
    .command = "import",
    .synopsis = "[--feed NAME] [--sink S] [--rejects FILE] [--manifest M] [--plan FILE] [--set "
		"KEY=VALUE]... "
		"[--name N] [--dry-run] "
		"[--format text|json] [--progress SECONDS] FILE...|-",
    .about = "Delivers local files as if they had come from the feed's source, or standard input "
	     "(-) named N. With --sink, "
	     "nothing is remembered: the batches go to S, and no configuration is needed.",
    .options = options,
    .exits = "0 all delivered, 1 some rows rejected or files refused, 2 usage or configuration, 3 "
	     "unfinished, 4 access "
	     "refused, 5 internal error, 75 already running.",
};

static int import(const struct conf *conf, const struct import_arguments *a,
		  const char *const *files, size_t n)
{
	struct conf_feed *feed = cli_feed_with(conf, &a->feed, a->feed.sink != NULL, "import");
	if (feed == NULL)
		return CLI_EXIT_USAGE;

	struct run_import_options o = {.feed = feed,
				       .files = files,
				       .n_files = n,
				       .stdin_name = a->name,
				       .rejects = a->rejects};
	struct run_result result = {0};
	o.progress_s = cli_seconds(a->progress);
	o.stateless = a->feed.sink != NULL;
	o.dry_run = a->dry_run;
	o.jobs = cli_jobs(conf);
	o.encryption_by_name = cli_encryption_by_name(conf, &a->feed, o.stateless);
	int code = 0;
	if (conf == NULL && a->feed.sink == NULL && !a->dry_run) {
		code = cli_usage(
		    "import", "without a configuration, name a sink: --sink - or --sink file:PATH");
	} else {
		run_import(conf, &o, &result);
		code = run_exit_code(&result);
		if (a->json)
			code = cli_summarize_json(&result, a->dry_run);
		else if (a->dry_run)
			df_log(DF_LOG_INFO,
			       "dry run: %s in at least %s, about %.1f minutes; nothing was sent",
			       df_count(result.batches, "batch").text,
			       df_count(result.requests_forecast, "request").text,
			       result.minutes_forecast);
	}
	conf_feed_free(feed);
	return code;
}

/* Standard input has to be named, and only it. */
static bool names_are_right(const struct import_arguments *a, const struct cli_operands *files)
{
	bool piped = false;
	for (size_t i = 0; i < files->n; i++)
		piped = piped || strcmp(files->v[i], "-") == 0;

	if (files->n == 0)
		cli_usage("import", "name a file, or - for standard input");
	else if (piped && a->name == NULL)
		cli_usage("import", "standard input needs a name that says its event type: --name "
				    "export-custom_event.csv");
	else if (a->name != NULL && strchr(a->name, '/') != NULL) /* it becomes a part of paths */
		cli_usage("import", "--name %s: give the name alone, without folders", a->name);
	else if (a->json && a->feed.sink != NULL && strcmp(a->feed.sink, "-") == 0)
		cli_usage("import", "--format json and --sink - both want standard output");
	else if (a->name != NULL && !piped)
		cli_usage("import",
			  "--name is for standard input (-): a file goes by its own name");
	else
		return true;
	return false;
}

/* Whether the batches and the rejected rows would be written to one file. */
static bool rejects_is_sink(const char *rejects, const char *sink)
{
	if (sink == NULL || strncmp(sink, "file:", 5) != 0)
		return false;
	char *a = df_dirname(rejects), *b = df_dirname(sink + 5);
	struct stat of_a, of_b;
	bool same = stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
		    of_a.st_ino == of_b.st_ino &&
		    strcmp(df_base_name(rejects), df_base_name(sink + 5)) == 0;
	free(a);
	free(b);
	return same;
}

/* Whether a file can be made there. */
static bool folder_is_right(const char *path)
{
	char *folder = df_dirname(path);
	bool right = access(folder, W_OK | X_OK) == 0 || access(path, W_OK) == 0;
	if (!right)
		cli_usage("import", "--rejects %s: cannot write to the folder %s: %s", path, folder,
			  strerror(errno));
	free(folder);
	return right;
}

/* What is in the way of the reject file is found before anything is sent. */
static bool rejects_are_right(const struct import_arguments *a)
{
	struct stat info;
	if (a->rejects == NULL)
		return true;

	if (a->feed.sink == NULL && !a->dry_run)
		cli_usage("import", "--rejects is for imports with --sink or --dry-run; others "
				    "keep rejected rows in "
				    "state_dir, see `dropfeed rejects`");
	else if (strcmp(a->rejects, "-") == 0 && a->feed.sink != NULL &&
		 strcmp(a->feed.sink, "-") == 0)
		cli_usage("import", "--rejects - and --sink - would both write to standard output");
	else if (stat(a->rejects, &info) == 0 && S_ISDIR(info.st_mode))
		cli_usage("import", "--rejects %s is a folder; name a file", a->rejects);
	else if (stat(a->rejects, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0)
		cli_usage("import",
			  "--rejects %s is there already, and holds something: move it away, or "
			  "name another file",
			  a->rejects);
	else if (rejects_is_sink(a->rejects, a->feed.sink))
		cli_usage("import",
			  "--rejects and --sink name the same file: the rejected rows need one of "
			  "their own");
	else
		return strcmp(a->rejects, "-") == 0 || folder_is_right(a->rejects);
	return false;
}

int cli_import(struct cli_globals *g, int argc, char **argv)
{
	struct import_arguments a = {0};
	struct cli_operands files;
	struct conf *conf = NULL;
	int code = cli_parse(&cli_import_spec, g, argc, argv, &a, &files);
	if (code >= 0)
		goto cleanup;

	g->aside = a.dry_run || a.feed.sink != NULL;
	code = CLI_EXIT_USAGE;
	if (names_are_right(&a, &files) && rejects_are_right(&a) &&
	    cli_conf(g, a.feed.sink == NULL && !a.dry_run, &conf) == 0) {
		if (conf != NULL)
			conf->operate.progress_s = cli_seconds(a.progress);
		code = import(conf, &a, files.v, files.n);
	}
cleanup:
	conf_free(conf);
	cli_list_free(&a.feed.set);
	return code;
}
