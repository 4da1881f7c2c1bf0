/* SPDX-License-Identifier: MIT */
/* A section that has been read as a whole. */
#include "conf_feed.h"
#include "conf_load.h"
#include "conf_value.h"

#include "dropfeed/schema.h"

static int feed_key_line(const struct conf_section *s, const char *name)
{
	return s->key_line[conf_key_find(conf_feed_keys, name) - conf_feed_keys];
}

/* A reject file that goes back into the source folder takes the drop file's own name. */
static void section_folders(struct conf_loader *l, const struct conf_feed *feed)
{
	const struct {
		const char *name, *dir;
	} folders[] = {{"after_done", feed->fetch.after_done.dir},
		       {"after_refused", feed->fetch.after_refused.dir},
		       {"receipts", feed->fetch.receipts}};
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		if (conf_dir_is_source(feed, folders[i].dir))
			conf_load_complain(l, feed_key_line(&l->here, folders[i].name),
					   "%s: '%s' is the source folder itself: name another one",
					   folders[i].name, folders[i].dir);
	}
}

/* A secret comes from a file or from the environment: x_file and x_env fill the same field. */
static void section_secrets(struct conf_loader *l, const struct conf_key *keys)
{
	for (const struct conf_key *env = keys; env->name != NULL; env++) {
		int env_line = l->here.key_line[env - keys];
		if (env->parse != conf_parse_secret_env || env_line == 0)
			continue;
		for (const struct conf_key *file = keys; file->name != NULL; file++) {
			int file_line = l->here.key_line[file - keys];
			if (file != env && file->at == env->at && file_line != 0)
				conf_load_complain(l, file_line > env_line ? file_line : env_line,
						   "%s and %s exclude each other: keep one",
						   file->name, env->name);
		}
	}
}

/* On the line of the later key, unless one of the values was refused. */
static void section_rows(struct conf_loader *l, const struct conf_feed *feed)
{
	struct conf_conflict c;
	if (!conf_rows_conflict(&feed->rows, &c))
		return;
	int a = feed_key_line(&l->here, c.keys[0]), b = feed_key_line(&l->here, c.keys[1]);
	if (!conf_problems_has(l->problems, a) && !conf_problems_has(l->problems, b))
		conf_load_complain(l, a > b ? a : b, "%s and %s %s", c.keys[0], c.keys[1], c.why);
}

/* Which version is meant may be said after the plan. */
static void section_plan(struct conf_loader *l, struct conf_feed *feed)
{
	struct df_err why = {0};
	int line = feed_key_line(&l->here, "plan");
	if (line != 0 && conf_feed_plan_read(feed, &why) != DF_OK)
		conf_load_complain(l, line, "plan: %s", why.text);
}

/* Keys that contradict the feed's kind. */
static void section_requests(struct conf_loader *l, struct conf_feed *feed)
{
	static const char *const of_events[] = {
	    "environment",      "event_name",      "event_type",
	    "screen_name",      "data_plan",       "plan",
	    "plan_version",     "plan_action",     "plan_types",
	    "empty_attributes", "placeholder_ids", "fold_products",
	    "group_window",     "historical",      "batches_per_second"};
	static const char *const of_requests[] = {
	    "confirmed", "max_requests",         "regulation",
	    "group_id",  "status_callback_urls", "skip_waiting_period"};
	bool on = feed->requests.on;
	const char *const *other = on ? of_events : of_requests;
	size_t n = on ? sizeof(of_events) / sizeof(*of_events)
		      : sizeof(of_requests) / sizeof(*of_requests);
	for (size_t i = 0; i < n; i++) {
		int line = feed_key_line(&l->here, other[i]);
		if (line != 0)
			conf_load_complain(l, line, "%s: not for a feed with kind = %s", other[i],
					   on ? "subject_requests" : "events");
	}

	const char *type = feed->decode.document_type;
	int line = feed_key_line(&l->here, "document_type");
	if (line != 0 && type != NULL && schema_type_requests(type) != on)
		conf_load_complain(l, line, "document_type: %s is not for a feed with kind = %s",
				   type, on ? "subject_requests" : "events");
	bool other_service = feed->send.sink != CONF_SINK_EVENTS_API;
	if (on && conf_sink_answers(feed->send.sink) && other_service)
		conf_load_complain(l, feed_key_line(&l->here, "sink"),
				   "sink: subject requests go to the OpenDSR API, or to a file: "
				   "leave it out");
	line = feed_key_line(&l->here, "endpoint");
	if (on && line != 0 && conf_endpoint_pod(feed))
		conf_load_complain(l, line,
				   "endpoint: events go there, not subject requests: leave it "
				   "out for " CONF_OPENDSR);
	conf_feed_settle(feed);
}

static void section_lacks(struct conf_loader *l, const struct conf_feed *feed, const char *sink,
			  struct df_buf *missing)
{
	if (missing->len > 0)
		conf_load_complain(l, l->here.line, "feed %s delivers %s, but lacks: %s",
				   feed->name, sink, df_buf_cstr(missing) + 2);
	df_buf_free(missing);
}

/* Keys of the other service fill the same fields: rows would go to its host, or with its key. */
static void section_foreign(struct conf_loader *l, const char *const *foreign, const char *why)
{
	for (; *foreign != NULL; foreign++) {
		int line = feed_key_line(&l->here, *foreign);
		if (line != 0)
			conf_load_complain(l, line, "%s is a key of %s", *foreign, why);
	}
}

static void section_events(struct conf_loader *l, const struct conf_feed *feed)
{
	static const char *const foreign[] = {"instance", "api_key_file", "api_key_env", NULL};
	const struct conf_section *s = &l->here;
	struct df_buf missing = {0};

	section_foreign(l, foreign,
			"sink = braze: sink = events-api takes endpoint, api_key and "
			"api_secret_file (or api_secret_env)");
	if (feed_key_line(s, "endpoint") == 0 && !feed->requests.on)
		df_buf_adds(&missing, ", endpoint");
	if (feed_key_line(s, "api_key") == 0)
		df_buf_adds(&missing, ", api_key");
	if (feed_key_line(s, "api_secret_file") == 0 && feed_key_line(s, "api_secret_env") == 0)
		df_buf_adds(&missing, ", api_secret_file (or api_secret_env)");
	section_lacks(l, feed,
		      feed->requests.on ? "subject requests with the workspace's key"
					: "to the Events API",
		      &missing);
}

/* Braze's key is a secret as a whole. */
static void section_braze(struct conf_loader *l, struct conf_feed *feed)
{
	static const char *const foreign[] = {"endpoint", "api_key", "api_secret_file",
					      "api_secret_env", NULL};
	const struct conf_section *s = &l->here;
	struct df_buf missing = {0};

	section_foreign(l, foreign,
			"sink = events-api: sink = braze takes instance and api_key_file (or "
			"api_key_env)");
	if (feed->requests.on)
		conf_load_complain(l, s->line,
				   "sink = braze is not for a feed with kind = "
				   "subject_requests");
	if (feed_key_line(s, "instance") == 0)
		df_buf_adds(&missing, ", instance");
	if (feed_key_line(s, "api_key_file") == 0 && feed_key_line(s, "api_key_env") == 0)
		df_buf_adds(&missing, ", api_key_file (or api_key_env)");
	section_lacks(l, feed, "to Braze", &missing);
	conf_braze_name_key(feed);
}

void conf_section_end(struct conf_loader *l)
{
	const struct conf_section *s = &l->here;
	if (s->kind == SECTION_MAIN)
		section_secrets(l, conf_main_keys);
	if (s->kind != SECTION_FEED)
		return;
	struct conf_feed *feed = &l->conf->feeds[l->conf->n_feeds - 1];
	memcpy(feed->key_lines, s->key_line, sizeof(feed->key_lines));
	section_secrets(l, conf_feed_keys);
	section_folders(l, feed);
	section_rows(l, feed);
	section_plan(l, feed);
	section_requests(l, feed);
	if (!s->sink_unclear && feed->send.sink == CONF_SINK_EVENTS_API)
		section_events(l, feed);
	if (!s->sink_unclear && feed->send.sink == CONF_SINK_BRAZE)
		section_braze(l, feed);
}
