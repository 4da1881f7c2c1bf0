/* SPDX-License-Identifier: MIT */
#include "run_priv.h"

#include "dropfeed/shell.h"

#include <stdlib.h>

void run_event_type(const struct conf_feed *feed, const char *name,
		    char event_type[RUN_EVENT_TYPE_SIZE])
{
	struct name parsed;
	struct df_err ignored = {0};
	event_type[0] = '\0';
	if (name_parse_as(df_base_name(name), feed->decode.document_type, &parsed, &ignored) ==
	    DF_OK)
		memcpy(event_type, parsed.event_type, RUN_EVENT_TYPE_SIZE);
}

/* Where a file sink writes: for a document's own file, the folder that is the sink. */
static char *sink_place(const struct conf_feed *feed)
{
	if (feed->send.sink != CONF_SINK_FILE || feed->send.sink_path == NULL)
		return df_strdup("-");
	char *place = feed->send.sink_apart ? df_dirname(feed->send.sink_path)
					    : df_strdup(feed->send.sink_path);
	for (size_t n = strlen(place); n > 1 && place[n - 1] == '/'; n--)
		place[n - 1] = '\0';
	return place;
}

void run_target(const struct conf_feed *feed, char out[DF_SHA256_HEX])
{
	char *sink = sink_place(feed);
	bool api = conf_sink_answers(feed->send.sink);
	struct df_sha256 *h = df_sha256_new();
	struct df_buf text = {0};
	df_buf_addf(&text, "%s\n%s", api ? feed->send.endpoint : "file",
		    api ? feed->send.api_key : sink);
	free(sink);
	df_sha256_add(h, text.data, text.len);
	df_sha256_end(h, out);
	df_sha256_free(h);
	df_buf_free(&text);
	out[32] = '\0';
}

const char *run_same_environment(const struct conf_feed *feed)
{
	return feed->send.sink != CONF_SINK_BRAZE ? feed->map.environment : NULL;
}

enum df_status run_same_bytes(struct ledger *ledger, const struct conf_feed *feed,
			      const struct run_bytes *of, struct ledger_file *same,
			      struct df_err *err)
{
	char event_type[RUN_EVENT_TYPE_SIZE];
	if (feed->send.duplicates_import)
		return DF_END;
	run_event_type(feed, of->name, event_type);
	const struct ledger_bytes bytes = {.feed = feed->name,
					   .sha256 = of->sha256,
					   .event_type = event_type,
					   .before = of->before,
					   .environment = run_same_environment(feed)};
	enum df_status st = ledger_file_same(ledger, &bytes, same, err);
	if (st != DF_OK || same->state == LEDGER_DONE)
		return st;
	if (!ledger_closes(same->state))
		return DF_RETRY;

	/* not finished, and nobody goes on with it: what is sent again has its ids */
	ledger_file_free(same);
	return DF_END;
}

struct delivered {
	const char *target, *environment; /* of today; environment: NULL: any */
	bool any, here, environments;     /* environments: some of it went to another one */
};

/* As the ledger asks it: what was pruned is not known, and counts as if it was. */
static bool is_environment(const char *settings, const char *environment)
{
	const char *key = settings != NULL ? strstr(settings, "environment = ") : NULL;
	if (key == NULL || environment == NULL)
		return true;
	char *line = df_format("environment = %s\n", environment);
	bool same = strstr(key, line) != NULL;
	free(line);
	return same;
}

static enum df_status look_where(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	struct delivered *to = ctx;
	(void)err;
	if (d->delivered == 0)
		return DF_OK;
	bool target = d->target == NULL || strcmp(d->target, to->target) == 0;
	bool environment = is_environment(d->settings, to->environment);
	to->any = true;
	to->here = to->here || (target && environment);
	to->environments = to->environments || !environment;
	return DF_OK;
}

enum run_place run_same_place(struct ledger *ledger, const struct conf_feed *feed, int64_t id)
{
	char target[DF_SHA256_HEX];
	struct delivered to = {.target = target, .environment = run_same_environment(feed)};
	struct df_err ignored = {0};
	run_target(feed, target);
	if (ledger_documents(ledger, id, look_where, &to, &ignored) != DF_OK || !to.any || to.here)
		return RUN_PLACE_SAME;
	return to.environments ? RUN_PLACE_ENVIRONMENT : RUN_PLACE_TARGET;
}

void run_same_warn(struct ledger *ledger, const struct conf_feed *feed, const char *name,
		   const struct ledger_file *same)
{
	if (run_same_place(ledger, feed, same->id) == RUN_PLACE_SAME)
		return;
	df_log(DF_LOG_WARN,
	       "%s: %s: %s was delivered to another endpoint, API key or sink than the feed's of "
	       "today: if its rows are missing there, `dropfeed resend %s` delivers them",
	       feed->name, name, same->name, df_shell_word(same->name).text);
}
