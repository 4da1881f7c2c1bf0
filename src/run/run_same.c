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

const char *run_resend_how(const struct conf_feed *feed, enum run_place place)
{
	bool anew = place == RUN_PLACE_ENVIRONMENT || feed->send.sink == CONF_SINK_BRAZE;
	return anew ? "--new-ids " : "";
}

/* Whether a file of that name with other rows was delivered since then. */
static bool is_replaced(struct ledger *ledger, const struct conf_feed *feed, const char *name,
			const struct ledger_file *same)
{
	struct ledger_file latest = {0};
	struct df_err ignored = {0};
	bool is =
	    ledger_file_before(ledger, feed->name, name, same->id, &latest, &ignored) == DF_OK &&
	    latest.id > same->id && latest.closed_ms > same->closed_ms &&
	    strcmp(latest.sha256, same->sha256) != 0;
	ledger_file_free(&latest);
	return is;
}

/* What events say stays so, but attributes are those of the last file: one that goes back to what
 * an earlier one said is a change. */
static void warn_older(struct ledger *ledger, const struct conf_feed *feed, const char *name,
		       const struct ledger_file *same)
{
	char event_type[RUN_EVENT_TYPE_SIZE];
	run_event_type(feed, name, event_type);
	if (strcmp(event_type, "eventless") == 0 && is_replaced(ledger, feed, name, same))
		df_log(DF_LOG_WARN,
		       "%s: %s: another file of its name was delivered since then, and its users "
		       "stay as that one says: `dropfeed resend --new-ids %s` delivers these rows "
		       "once more; duplicates = import takes such files",
		       feed->name, name, df_shell_word(name).text);
}

void run_same_warn(struct ledger *ledger, const struct conf_feed *feed, const char *name,
		   const struct ledger_file *same)
{
	enum run_place place = run_same_place(ledger, feed, same->id);
	if (place == RUN_PLACE_SAME) {
		warn_older(ledger, feed, name, same);
		return;
	}
	df_log(DF_LOG_WARN,
	       "%s: %s: %s was delivered to another endpoint, API key or sink than the feed's of "
	       "today: if its rows are missing there, `dropfeed resend %s%s` delivers them",
	       feed->name, name, same->name, run_resend_how(feed, place),
	       df_shell_word(same->name).text);
}
