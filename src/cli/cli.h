/* SPDX-License-Identifier: MIT */
/* cli.h - one file per command: its options, its help, its output */
#ifndef DROPFEED_CLI_H
#define DROPFEED_CLI_H

#include "cli_option.h"

#include "dropfeed/run.h"
#include "dropfeed/setup.h"

struct cli_command {
	const char *name;
	const char *summary; /* one line */
	const struct cli_spec *spec;
	/* argv[0] is the command; returns the exit code */
	int (*main)(struct cli_globals *g, int argc, char **argv);
	bool records; /* it changes the ledger: cli_ended has something to do */
};
extern const struct cli_command cli_commands[]; /* ends with a NULL name */

int cli_run(struct cli_globals *g, int argc, char **argv);
int cli_retry(struct cli_globals *g, int argc, char **argv);
int cli_rejects(struct cli_globals *g, int argc, char **argv);
int cli_abandon(struct cli_globals *g, int argc, char **argv);
int cli_requests(struct cli_globals *g, int argc, char **argv);
int cli_restart(struct cli_globals *g, int argc, char **argv);
int cli_resend(struct cli_globals *g, int argc, char **argv);
int cli_prune(struct cli_globals *g, int argc, char **argv);
int cli_backup(struct cli_globals *g, int argc, char **argv);
int cli_ledger(struct cli_globals *g, int argc, char **argv);
int cli_import(struct cli_globals *g, int argc, char **argv);
int cli_validate(struct cli_globals *g, int argc, char **argv);
int cli_explain(struct cli_globals *g, int argc, char **argv);
int cli_status(struct cli_globals *g, int argc, char **argv);
int cli_check(struct cli_globals *g, int argc, char **argv);
int cli_report(struct cli_globals *g, int argc, char **argv);
int cli_doctor(struct cli_globals *g, int argc, char **argv);
int cli_manifest(struct cli_globals *g, int argc, char **argv);
int cli_init(struct cli_globals *g, int argc, char **argv);
int cli_completions(struct cli_globals *g, int argc, char **argv);
int cli_plan(struct cli_globals *g, int argc, char **argv);
extern const struct cli_spec cli_requests_spec;
extern const struct cli_spec cli_abandon_spec, cli_restart_spec, cli_resend_spec, cli_prune_spec,
    cli_backup_spec, cli_ledger_spec;
extern const struct cli_spec cli_run_spec, cli_retry_spec, cli_rejects_spec, cli_import_spec,
    cli_validate_spec, cli_explain_spec, cli_status_spec, cli_check_spec, cli_doctor_spec,
    cli_report_spec, cli_manifest_spec, cli_init_spec, cli_completions_spec, cli_plan_spec;

#define CLI_EXIT_USAGE    2
#define CLI_EXIT_INTERNAL 5

/* Says that the command line is wrong and where to read on; returns CLI_EXIT_USAGE. */
int cli_usage(const char *command, const char *fmt, ...) DF_PRINTF(2, 3);
/* The option that several commands share. */
#define CLI_SET_HELP                                                                               \
	"this setting instead of the feed's, such as timestamps=auto; may be given more than once"
/* at: the offset of a uint64_t in the command's arguments */
#define CLI_PROGRESS(at)                                                                           \
	{                                                                                          \
		"progress", "SECONDS", CLI_COUNT, (at),                                            \
		    "log how far it is, each so many seconds (default: one line, redrawn on a "    \
		    "terminal)"                                                                    \
	}
uint32_t cli_seconds(uint64_t n); /* at most a day */
#define CLI_FEED_HELP "use this feed's settings; without a configuration, the defaults"

/* An age such as 90m, 36h, 400d. False: it is not one. */
bool cli_age(const char *text, int64_t *ms);
/* A time, as an age before now or as 2026-11-01 or 2026-11-01T06:00, in UTC: Unix milliseconds.
 * False: it is not one. */
bool cli_since(const char *text, int64_t *ms);

/* Ends what goes to standard output. False after a message; a pipe that its reader closed is
 * passed over. */
bool cli_flush(void);

/* Renders why a file or document is refused, without its code. */
void cli_refusal(const struct df_err *refused, char *out, size_t size);

struct json_writer;
/* Members of the JSON of several commands: "refused", null where it is not, and "warnings". */
void cli_json_refused(struct json_writer *j, const struct df_err *refused);
void cli_json_warnings(struct json_writer *j, const struct map_warning *v, size_t n);

/* Finds and loads the configuration and sets the log up. needed: that there is none is a
 * mistake. Returns 0, or the exit code after every mistake was printed. *out may be NULL where
 * it is not needed. */
int cli_conf(const struct cli_globals *g, bool needed, struct conf **out);

/* The same without any secret, which is not even read; there has to be a configuration. */
int cli_conf_public(const struct cli_globals *g, struct conf **out);

/* What is done on every exit of a command that records, errors of usage included. */
void cli_ended(struct cli_globals *g, const struct cli_command *command, int argc, char **argv,
	       struct run_end *end);

/* Where the configuration is, the caller's; NULL when there is none anywhere. */
char *cli_conf_found(const struct cli_globals *g);
/* The same, and that there is none is reported. */
char *cli_conf_path(const struct cli_globals *g);
/* Sets the log up as the options and the configuration (or NULL) say. */
void cli_log_setup(const struct cli_globals *g, const struct conf *conf);

/* One JSON object on standard output: what cli_summarize says, the exit code and, of a dry run,
 * the forecast. Returns the exit code, or CLI_EXIT_INTERNAL where it cannot be written. */
int cli_summarize_json(const struct run_result *r, bool dry_run);
/* The last line of a command that delivers. idle: what is said when there was nothing to do. */
void cli_summarize(const struct run_result *r, const char *idle);

/* The feed that `name` names, or the only one. NULL after a message. */
const struct conf_feed *cli_feed(const struct conf *conf, const char *name, const char *command);

/* Whether the configuration has each of the feeds. False after a message. */
bool cli_feeds(const struct conf *conf, const struct cli_list *names, const char *command);
/* The same of one feed, which may be one that the configuration has no more. */
bool cli_feed_known(const struct conf *conf, const char *name, const char *command);
bool cli_feeds_known(const struct conf *conf, const struct cli_list *names, const char *command);
/* Whether it has any feed at all. False after a message. */
bool cli_has_feeds(const struct conf *conf, const char *command);
/* Whether it names a state_dir. False after a message. */
bool cli_has_state(const struct conf *conf, const char *command);

/* options that choose a feed and change it for this call */
struct cli_feed_options {
	/* --feed, --sink, --manifest, --plan; or NULL */
	const char *name, *sink, *manifest, *plan;
	struct cli_list set; /* own: --set KEY=VALUE */
};
/* A copy of the chosen feed with the options applied, the caller's. Without a configuration, or
 * (optional) with several feeds and none named, it is a feed of defaults. NULL after a message. */
struct conf_feed *cli_feed_with(const struct conf *conf, const struct cli_feed_options *o,
				bool optional, const char *command);
/* Whether a file's name decides that it is encrypted: nothing else says so, no feed of a
 * configuration and no --set. */
bool cli_encryption_by_name(const struct conf *conf, const struct cli_feed_options *o,
			    bool optional);
/* How many threads may work: the configuration's jobs, or, without one, its default, and no more
 * than there are processors. */
uint32_t cli_jobs(const struct conf *conf);

#endif
