/* SPDX-License-Identifier: MIT */
/* Custom events, screen views and sessions: objects of `events`. */
#include "braze_priv.h"

void braze_object_head(struct braze_writer *w, enum braze_array array)
{
	braze_begin(w, array);
	braze_put(w, "external_id", w->external_id);
	if (w->b->set->app_id != NULL)
		braze_put_own(w, "app_id", w->b->set->app_id);
}

/* Milliseconds of a time, which has far fewer digits than a number of 64 bits. */
static int64_t whole(struct json_text t)
{
	bool minus = t.len > 0 && t.p[0] == '-';
	int64_t n = 0;
	for (size_t i = minus; i < t.len && i < 18 && t.p[i] >= '0' && t.p[i] <= '9'; i++)
		n = n * 10 + (t.p[i] - '0');
	return minus ? -n : n;
}

void braze_put_when(struct braze_writer *w, const struct braze_data *data)
{
	struct json_text ms = data->timestamp_unixtime_ms;
	if (braze_name_own(w, "time"))
		braze_time(w, ms.len > 0 ? whole(ms) : w->b->begun_ms);
}

void braze_event_head(struct braze_writer *w, struct json_text name, const struct braze_data *data)
{
	braze_object_head(w, BRAZE_EVENTS);
	if (braze_name_own(w, "name"))
		braze_value(w, name, (struct json_text){"event name", 10});
	braze_put_when(w, data);
}

static void put_session(struct braze_writer *w, const struct braze_data *data)
{
	struct json_text id = data->session_uuid;
	if (w->b->set->session_events)
		braze_put(w, "session_id", id.len > 0 ? id : data->session_id);
}

static void put_named_event(struct braze_writer *w, struct json_text name,
			    const struct braze_data *data)
{
	if (json_string(name).len == 0) {
		braze_fail(w, "missing-value",
			   "the event has no name, which Braze wants: fill in %s",
			   "event_name or screen_name");
		return;
	}
	braze_event_head(w, name, data);
	struct braze_level level = braze_enter(w, "properties", '{');
	put_session(w, data);
	braze_put_properties(w, data->custom_attributes);
	braze_leave(w, &level, '}');
	braze_end(w);
}

/* As the platform names it where the page's name is not forwarded as it is. */
static void put_screen(struct braze_writer *w, const struct braze_data *data)
{
	struct json_text screen = json_string(data->screen_name);
	struct df_buf name = {0};
	if (screen.len > 0) {
		df_buf_adds(&name, w->b->set->screen_views == CONF_BRAZE_SCREENS_VIEWED
				       ? "\"Viewed "
				       : "\"");
		df_buf_add(&name, screen.p, screen.len);
		df_buf_addc(&name, '"');
	}
	put_named_event(w, (struct json_text){name.data, name.len}, data);
	df_buf_free(&name);
}

void braze_put_event(struct braze_writer *w, struct json_text type, const struct braze_data *data)
{
	const struct conf_braze *set = w->b->set;
	if (json_text_is(type, "custom_event"))
		put_named_event(w, data->event_name, data);
	else if (json_text_is(type, "screen_view") && set->screen_views != CONF_BRAZE_SCREENS_NO)
		put_screen(w, data);
	else if (json_text_is(type, "session_start") && set->session_events)
		put_named_event(w, (struct json_text){"\"Session Start\"", 15}, data);
	else if (json_text_is(type, "session_end") && set->session_events)
		put_named_event(w, (struct json_text){"\"Session End\"", 13}, data);
}
