/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
	df_message(text, sizeof(text), fmt, ap);
	va_end(ap);
	complain("dropfeed: %s; see `dropfeed%s%s --help`\n", text, command != NULL ? " " : "",
		 command != NULL ? command : "");
	return CLI_EXIT_USAGE;
}

/* A write that failed before this call has left a mark and no reason: one more byte, after output
 * that is incomplete anyway, shows the reason again. */
bool cli_flush(void)
{
	bool failed = ferror(stdout) != 0;
	errno = 0;
	if (fflush(stdout) == 0 && !failed)
		return true;
	if (failed) {
		clearerr(stdout);
		errno = 0;
		if (putchar('\n') != EOF)
			fflush(stdout);
	}
	if (errno == EPIPE) /* as of `status | head`: its reader has what it wanted */
		return true;
	fprintf(stderr, "dropfeed: cannot write to standard output: %s\n",
		errno != 0 ? df_strerror(errno) : "a part of it is missing");
	return false;
}

void cli_refusal(const struct df_err *refused, char *out, size_t size)
{
	struct df_err plain = *refused;
	plain.code[0] = '\0';
	df_err_render(&plain, out, size);
}

char *cli_conf_found(const struct cli_globals *g)
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
	char *path = cli_conf_found(g);
	if (path == NULL)
		fputs("dropfeed: no configuration: name one with --config FILE or "
		      "$DROPFEED_CONFIG, or write "
		      "~/.config/dropfeed/dropfeed.conf or /etc/dropfeed.conf\n",
		      stderr);
	return path;
}

static void print_mistake(void *ctx, const struct setup_finding *f)
{
	if (f->line != 0)
		complain("%s:%d: %s\n", (const char *)ctx, f->line, f->text);
	else
		complain("dropfeed: %s\n", f->text);
}

static int conf_of(const struct cli_globals *g, bool needed, bool secrets, struct conf **out)
{
	*out = NULL;
	char *path = needed ? cli_conf_path(g) : cli_conf_found(g);
	if (path == NULL) {
		cli_log_setup(g, NULL);
		return needed ? CLI_EXIT_USAGE : 0;
	}
	enum df_status st = setup_load(path, secrets, print_mistake, path, out);
	if (st != DF_OK && !needed && g->config == NULL)
		complain("dropfeed: to go without this configuration: --config /dev/null\n");
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

const struct conf_feed *cli_feed(const struct conf *conf, const char *name, const char *command)
{
	if (name != NULL) {
		const struct conf_feed *feed = setup_feed(conf, name);
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

bool cli_feed_known(const struct conf *conf, const char *name, const char *command)
{
	if (setup_feed(conf, name) == NULL && !run_feed_known(conf, name)) {
		cli_usage(command, "no feed '%s' in %s, nor files of it in the ledger", name,
			  conf->path);
		return false;
	}
	return true;
}

bool cli_feeds_known(const struct conf *conf, const struct cli_list *names, const char *command)
{
	for (size_t i = 0; i < names->n; i++)
		if (!cli_feed_known(conf, names->v[i], command))
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

static bool takes_defaults(const struct conf *conf, const struct cli_feed_options *o, bool optional)
{
	return conf == NULL || (o->name == NULL && optional && conf->n_feeds != 1);
}

uint32_t cli_seconds(uint64_t n)
{
	return n < 86400 ? (uint32_t)n : 86400;
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
	const struct setup_changes changes = {.sink = o->sink,
					      .manifest = o->manifest,
					      .plan = o->plan,
					      .set = o->set.v,
					      .n_set = o->set.n};
	const struct conf_feed *live = NULL;
	struct conf_feed *feed = NULL;
	struct df_err err = {0};
	if (conf == NULL && o->name != NULL) {
		cli_usage(command, "--feed %s needs a configuration", o->name);
		return NULL;
	}

	if (!takes_defaults(conf, o, optional)) {
		live = cli_feed(conf, o->name, command);
		if (live == NULL)
			return NULL;
	}
	if (setup_feed_view(live, &changes, &feed, &err) != DF_OK)
		df_log_err(DF_LOG_ERROR, &err);
	return feed;
}
