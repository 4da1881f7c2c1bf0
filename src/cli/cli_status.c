/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

struct status_arguments {
	const char *feed, *since;
	uint64_t last;
	bool json, unfinished, exit_code;
};

#define AT(member) offsetof(struct status_arguments, member)
static const struct cli_option options[] = {
    {"feed", "NAME", CLI_TEXT, AT(feed), "this feed only"},
    {"since", "TIME", CLI_TEXT, AT(since),
     "files that were closed since then, or are not: an age such as 24h or 7d, or 2026-11-01T06:00 "
     "(UTC)"},
    {"unfinished", NULL, CLI_FLAG, AT(unfinished), "only files that a run has yet to go on with"},
    {"last", "N", CLI_COUNT, AT(last), "at most N files"},
    {"exit-code", NULL, CLI_FLAG, AT(exit_code),
     "for monitors: exit 3 when something is unfinished or denied, 1 when a file that was closed "
     "since --since (default 24h) was refused or has rejected rows, or one is missing, else 0 "
     "(where files are "
     "named, of these alone)"},
    {"format", "F", CLI_JSON, AT(json), "text (default) or json"},
    {0}};

const struct cli_spec cli_status_spec = {
    .command = "status",
    .known_files = true,
    .synopsis = "[--feed NAME] [--since TIME] [--unfinished] [--last N] [--exit-code] [--format "
		"text|json] [FILE...]",
    .about =
	"Shows what the ledger knows: every drop file, its documents, and that rows = delivered + "
	"rejected + "
	"skipped, the latest first. A run that is under way is named first, with its process and "
	"how many rows of the unfinished files are settled. May be called while a run is under "
	"way; reads no secret and "
	"writes nothing.\n"
	"FILE is a drop file's name, or a pattern such as 'orders*'; without any, all are shown.",
    .options = options,
    .exits = "0 it was shown, 2 usage or configuration, 5 internal error; with --exit-code also 1 "
	     "and 3.",
};

static bool is_shown_as(const char *text, const char *name)
{
	struct df_buf shown = {0};
	df_printable(&shown, name);
	bool same = strcmp(text, df_buf_cstr(&shown)) == 0;
	df_buf_free(&shown);
	return same;
}

/* As it is, or as status prints it. Asked of each of a million files. */
static bool is_asked_for(void *ctx, const char *name)
{
	const struct cli_operands *files = ctx;
	bool named = false;
	for (size_t i = 0; i < files->n && !named; i++) {
		const char *file = files->v[i];
		named = strcmp(file, name) == 0 ||
			(strchr(file, '\\') != NULL && is_shown_as(file, name)) ||
			(strpbrk(file, "*?[\\") != NULL && fnmatch(file, name, 0) == 0);
	}
	return named;
}

/* What all names that are meant begin with: the caller's. */
static char *prefix_of(const struct cli_operands *files)
{
	/* a backslash, too, may be how status prints another character */
	size_t len = files->n > 0 ? strcspn(files->v[0], "*?[\\") : 0;
	for (size_t i = 1; i < files->n; i++) {
		size_t own = strcspn(files->v[i], "*?[\\"), same = 0;
		while (same < len && same < own && files->v[i][same] == files->v[0][same])
			same++;
		len = same;
	}
	return len > 0 ? df_strndup(files->v[0], len) : NULL;
}

/* The first name after all that begin with it: the caller's, or NULL. */
static char *below_of(const char *prefix)
{
	char *below = prefix != NULL ? df_strdup(prefix) : NULL;
	size_t len = below != NULL ? strlen(below) : 0;
	if (len == 0 || (unsigned char)below[len - 1] >= 0x7f) { /* whole characters only */
		free(below);
		return NULL;
	}
	below[len - 1]++;
	return below;
}

static int status(const struct conf *conf, const struct status_arguments *a, int64_t since_ms,
		  struct cli_operands *files)
{
	struct run_result result = {0};
	char *from = prefix_of(files), *below = below_of(from);
	struct run_status_options o = {.feed = a->feed,
				       .since_ms = since_ms,
				       .last = a->last,
				       .unfinished = a->unfinished,
				       .json = a->json,
				       .health = a->exit_code,
				       .names = files->n > 0 ? is_asked_for : NULL,
				       .ctx = files,
				       .name_from = from,
				       .name_below = below};
	if (a->exit_code)
		o.health_since_ms = a->since != NULL ? since_ms : df_now_ms() - DF_DAY_MS;
	run_status(conf, &o, &result);
	free(below);
	free(from);
	return cli_flush() ? run_exit_code(&result) : CLI_EXIT_INTERNAL;
}

int cli_status(struct cli_globals *g, int argc, char **argv)
{
	struct status_arguments a = {0};
	struct cli_operands files;
	struct conf *conf = NULL;
	int64_t since_ms = 0;
	int code = cli_parse(&cli_status_spec, g, argc, argv, &a, &files);
	if (code >= 0)
		return code;

	code = CLI_EXIT_USAGE;
	if (a.since != NULL && !cli_since(a.since, &since_ms))
		cli_usage("status",
			  "--since: '%s' is neither an age such as 24h nor a time such as "
			  "2026-11-01T06:00",
			  a.since);
	else if (cli_conf_public(g, &conf) == 0 && cli_has_state(conf, "status") &&
		 (a.feed == NULL || cli_feed_known(conf, a.feed, "status")))
		code = status(conf, &a, since_ms, &files);
	conf_free(conf);
	return code;
}
