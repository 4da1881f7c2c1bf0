/* SPDX-License-Identifier: MIT */
#include "cli.h"

struct report_arguments {
	const char *feed, *since;
	uint64_t format; /* enum report_format */
};

#define AT(member) offsetof(struct report_arguments, member)
static const struct cli_option options[] = {
    {"since", "TIME", CLI_TEXT, AT(since),
     "files that were closed since then: an age such as 24h or 30d, or 2026-11-01T06:00 (UTC); "
     "default: 7d"},
    {"feed", "NAME", CLI_TEXT, AT(feed), "this feed only"},
    {"format", "F", CLI_FORMAT, AT(format), "text (default), html or json"},
    {0}};

const struct cli_spec cli_report_spec = {
    .command = "report",
    .synopsis = "[--since TIME] [--feed NAME] [--format text|html|json]",
    .about = "Sums up what was closed in a period: files and rows, a bar a day, why rows were "
	     "rejected, by code and column, what data plans do not allow, the range of the events' "
	     "times, how long it took, and how much of the API's limit was used. As HTML it is one "
	     "file without scripts, for a browser or a mail. May be called while a run is under "
	     "way; reads no secret and writes nothing.",
    .options = options,
    .exits = "0 it was shown, 2 usage or configuration, 5 internal error.",
};

int cli_report(struct cli_globals *g, int argc, char **argv)
{
	struct report_arguments a = {0};
	struct run_result result = {0};
	struct cli_operands rest;
	struct conf *conf = NULL;
	struct run_report_options o = {0};
	int code = cli_parse(&cli_report_spec, g, argc, argv, &a, &rest);
	if (code >= 0)
		return code;

	code = CLI_EXIT_USAGE;
	o.since_ms = df_now_ms() - 7 * DF_DAY_MS;
	if (rest.n > 0)
		cli_usage("report", "unexpected argument '%s'", rest.v[0]);
	else if (a.since != NULL && !cli_since(a.since, &o.since_ms))
		cli_usage("report",
			  "--since: '%s' is neither an age such as 24h nor a time such as "
			  "2026-11-01T06:00",
			  a.since);
	else if (cli_conf_public(g, &conf) == 0 && cli_has_state(conf, "report") &&
		 (a.feed == NULL || cli_feed_known(conf, a.feed, "report"))) {
		o.feed = a.feed;
		o.format = (enum report_format)a.format;
		run_report(conf, &o, &result);
		code = cli_flush() ? run_exit_code(&result) : CLI_EXIT_INTERNAL;
	}
	conf_free(conf);
	return code;
}
