/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
    {"import", "deliver local files, or standard input", &cli_import_spec, cli_import, true},
    {"validate", "check local files, send nothing", &cli_validate_spec, cli_validate},
    {"explain", "show what becomes of one line of a file", &cli_explain_spec, cli_explain},
    {"status", "show what the ledger knows", &cli_status_spec, cli_status},
    {"prune", "remove old details from the ledger, and old reject files", &cli_prune_spec,
     cli_prune, true},
    {"backup", "copy the ledger while runs go on", &cli_backup_spec, cli_backup},
    {"check", "check the configuration", &cli_check_spec, cli_check},
    {"manifest", "propose a manifest for a file with other column names", &cli_manifest_spec,
     cli_manifest},
    {0},
};

/* What is wrong before there is a log. */
static void DF_PRINTF(1, 2) complain(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	fputs(text, stderr);
	df_log_keep(text, (size_t)n);
	free(text);
}

int cli_usage(const char *command, const char *fmt, ...)
{
	char text[2048];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	df_hide_passwords(text);
	complain("dropfeed: %s; see `dropfeed%s%s --help`\n", text, command != NULL ? " " : "",
		 command != NULL ? command : "");
	return CLI_EXIT_USAGE;
}

bool cli_flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	fprintf(stderr, "dropfeed: cannot write to standard output: %s\n", df_strerror(errno));
	return false;
}

void cli_refusal(const struct df_err *refused, char *out, size_t size)
{
	struct df_err plain = *refused;
	plain.code[0] = '\0';
	df_err_render(&plain, out, size);
}

/* The configuration's path, the caller's; NULL when there is none anywhere. */
static char *conf_path(const struct cli_globals *g)
{
	const char *env = getenv("DROPFEED_CONFIG"), *home = getenv("HOME");
	if (g->config != NULL)
		return df_strdup(g->config);
	if (env != NULL && env[0] != '\0')
		return df_strdup(env);
	if (home != NULL) {
		char *mine = df_format("%s/.config/dropfeed/dropfeed.conf", home);
		if (access(mine, F_OK) == 0)
			return mine;
		free(mine);
	}
	return access("/etc/dropfeed.conf", F_OK) == 0 ? df_strdup("/etc/dropfeed.conf") : NULL;
}

void cli_log_setup(const struct cli_globals *g, const struct conf *conf)
{
	enum df_log_level level = conf != NULL ? conf->log_level : DF_LOG_INFO;
	if (g->quiet)
		level = DF_LOG_WARN;
	if (g->verbose)
		level = DF_LOG_DEBUG;
	df_log_setup(level, conf != NULL && conf->log_json);
}

char *cli_conf_path(const struct cli_globals *g)
{
	char *path = conf_path(g);
	if (path == NULL)
		fputs("dropfeed: no configuration: name one with --config FILE or "
		      "$DROPFEED_CONFIG, or write "
		      "~/.config/dropfeed/dropfeed.conf or /etc/dropfeed.conf\n",
		      stderr);
	return path;
}

static int conf_of(const struct cli_globals *g, bool needed, bool secrets, struct conf **out)
{
	struct conf_problems problems = {0};
	struct df_err err = {0};
	*out = NULL;
	char *path = needed ? cli_conf_path(g) : conf_path(g);
	if (path == NULL) {
		cli_log_setup(g, NULL);
		return needed ? CLI_EXIT_USAGE : 0;
	}
	enum df_status st = secrets ? conf_load(path, out, &problems, &err)
				    : conf_load_public(path, out, &problems, &err);
	for (size_t i = 0; i < problems.n; i++)
		complain("%s:%d: %s\n", path, problems.v[i].line, problems.v[i].text);
	if (st != DF_OK && problems.n == 0) {
		char text[sizeof(err) + 128];
		df_err_render(&err, text, sizeof(text));
		df_hide_passwords(text);
		complain("dropfeed: %s\n", text);
	}
	conf_problems_free(&problems);
	free(path);
	cli_log_setup(g, *out);
	return st == DF_OK ? 0 : CLI_EXIT_USAGE;
}

int cli_conf(const struct cli_globals *g, bool needed, struct conf **out)
{
	return conf_of(g, needed, true, out);
}

int cli_conf_public(const struct cli_globals *g, struct conf **out)
{
	return conf_of(g, true, false, out);
}

/* An error of usage may come before --config. */
static void find_config(struct cli_globals *g, int argc, char **argv)
{
	for (int i = 1; g->config == NULL && i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], "--config=", 9) == 0)
			g->config = argv[i] + 9;
		else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			g->config = argv[i + 1];
	}
}

void cli_ended(struct cli_globals *g, const struct cli_command *command, int argc, char **argv,
	       struct run_end *end)
{
	if (!command->records || g->aside)
		return;
	find_config(g, argc, argv);
	char *path = conf_path(g);
	struct conf *conf = path != NULL ? conf_load_leniently(path) : NULL;
	free(path);
	if (conf == NULL)
		return;
	end->is_run = command->main == cli_run;
	end->ping = g->ping;
	run_ended(conf, end);
	conf_free(conf);
}

const struct conf_feed *cli_feed(const struct conf *conf, const char *name, const char *command)
{
	if (name != NULL) {
		const struct conf_feed *feed = conf_feed_find(conf, name);
		if (feed == NULL)
			cli_usage(command, "no feed '%s' in %s", name, conf->path);
		return feed;
	}
	if (conf->n_feeds == 1)
		return &conf->feeds[0];
	cli_usage(command, "%s has %zu feeds: choose one with --feed NAME", conf->path,
		  conf->n_feeds);
	return NULL;
}

bool cli_feeds(const struct conf *conf, const struct cli_list *names, const char *command)
{
	for (size_t i = 0; i < names->n; i++)
		if (cli_feed(conf, names->v[i], command) == NULL)
			return false;
	return true;
}

bool cli_has_feeds(const struct conf *conf, const char *command)
{
	if (conf->n_feeds == 0)
		cli_usage(command, "%s has no [feed NAME] section: there is nothing to %s",
			  conf->path, command);
	return conf->n_feeds > 0;
}

bool cli_has_state(const struct conf *conf, const char *command)
{
	if (conf->state_dir == NULL)
		cli_usage(command, "%s names no state_dir", conf->path);
	return conf->state_dir != NULL;
}

static struct conf_feed *feed_copy(const struct conf_feed *live, struct df_err *err)
{
	struct df_buf frozen = {0};
	struct conf_feed *feed = NULL;
	conf_feed_freeze(live, &frozen);
	const struct conf_frozen own = {.settings = df_buf_cstr(&frozen),
					.manifest = live->map.manifest_text,
					.plan = live->plan.text};
	enum df_status st = conf_feed_thaw(live, &own, &feed, err);
	df_buf_free(&frozen);
	return st == DF_OK ? feed : NULL;
}

static enum df_status feed_set(struct conf_feed *feed, const char *assignment, struct df_err *err)
{
	char *key = df_strdup(assignment), *equals = strchr(key, '=');
	enum df_status st;
	if (equals == NULL) {
		st = df_fail(DF_USAGE, err, NULL, "--set wants KEY=VALUE, not '%s'", key);
	} else {
		*equals = '\0';
		st = conf_feed_set(feed, key, equals + 1, err);
	}
	free(key);
	return st;
}

static bool takes_defaults(const struct conf *conf, const struct cli_feed_options *o, bool optional)
{
	return conf == NULL || (o->name == NULL && optional && conf->n_feeds != 1);
}

uint32_t cli_jobs(const struct conf *conf)
{
	cpu_set_t mine;
	if (conf != NULL)
		return conf->jobs;
	return sched_getaffinity(0, sizeof(mine), &mine) == 0 && CPU_COUNT(&mine) == 1 ? 1 : 2;
}

bool cli_encryption_by_name(const struct conf *conf, const struct cli_feed_options *o,
			    bool optional)
{
	for (size_t i = 0; i < o->set.n; i++)
		if (strncmp(o->set.v[i], "encrypted=", strlen("encrypted=")) == 0)
			return false;
	return takes_defaults(conf, o, optional);
}

struct conf_feed *cli_feed_with(const struct conf *conf, const struct cli_feed_options *o,
				bool optional, const char *command)
{
	struct df_err err = {0};
	struct conf_feed *feed = NULL;
	if (conf == NULL && o->name != NULL) {
		cli_usage(command, "--feed %s needs a configuration", o->name);
		return NULL;
	}
	if (takes_defaults(conf, o, optional)) {
		/* ids hold it: all commands show those that an import makes */
		feed = conf_feed_default("import");
	} else {
		const struct conf_feed *live = cli_feed(conf, o->name, command);
		if (live == NULL)
			return NULL;
		feed = feed_copy(live, &err);
	}
	enum df_status st = feed != NULL ? DF_OK : DF_FATAL;
	if (st == DF_OK && o->sink != NULL)
		st = conf_feed_set(feed, "sink", o->sink, &err);
	for (size_t i = 0; st == DF_OK && i < o->set.n; i++)
		st = feed_set(feed, o->set.v[i], &err);
	if (st == DF_OK)
		st = conf_rows_check(&feed->rows, &err);
	if (st == DF_OK && o->manifest != NULL)
		st = conf_feed_manifest(feed, o->manifest, &err);
	if (st == DF_OK && o->plan != NULL)
		st = conf_feed_plan(feed, o->plan, &err);
	if (st == DF_OK)
		st = conf_feed_plan_read(feed, &err);
	if (st == DF_OK)
		return feed;
	df_log_err(DF_LOG_ERROR, &err);
	conf_feed_free(feed);
	return NULL;
}
