/* SPDX-License-Identifier: MIT */
#include "braze_priv.h"

#include "dropfeed/schema.h"

#include <stdlib.h>
#include <time.h>

const char *const braze_array_names[BRAZE_ARRAYS] = {"attributes", "events", "purchases"};

/* ---- settings ---- */

/* Each NAME:VALUE; names are compared with what JSON writes. */
static struct braze_pair *pairs_new(struct braze *b, const struct conf_list *list)
{
	struct braze_pair *v = df_alloc((list->n + 1) * sizeof(*v));
	for (size_t i = 0; i < list->n; i++) {
		const char *colon = strrchr(list->v[i], ':');
		size_t len = colon != NULL ? (size_t)(colon - list->v[i]) : strlen(list->v[i]);
		size_t at = b->escaped.len;
		df_json_escape(&b->escaped, list->v[i], len);
		/* an offset for now: the buffer may move */
		v[i].name = (struct json_text){NULL, b->escaped.len - at};
		v[i].value.p = colon != NULL ? colon + 1 : "";
		v[i].value.len = strlen(v[i].value.p);
	}
	return v;
}

static const char *pairs_place(struct braze_pair *v, size_t n, const char *at)
{
	for (size_t i = 0; i < n; i++) {
		v[i].name.p = at;
		at += v[i].name.len;
	}
	return at;
}

struct braze *braze_new(const struct conf_braze *settings, bool truncate, int64_t begun_ms)
{
	struct braze *b = df_alloc(sizeof(*b));
	time_t begun = (time_t)(begun_ms / 1000);
	struct tm tm = {0};
	gmtime_r(&begun, &tm);
	*b = (struct braze){.set = settings,
			    .truncate = truncate,
			    .begun_ms = begun_ms,
			    .year = tm.tm_year + 1900,
			    .n_groups = settings->subscription_groups.n,
			    .n_purposes = settings->consent.n};
	b->groups = pairs_new(b, &settings->subscription_groups);
	b->purposes = pairs_new(b, &settings->consent);
	const char *at = pairs_place(b->groups, b->n_groups, b->escaped.data);
	pairs_place(b->purposes, b->n_purposes, at);
	return b;
}

void braze_free(struct braze *b)
{
	if (b == NULL)
		return;
	free(b->groups);
	free(b->purposes);
	df_buf_free(&b->escaped);
	free(b);
}

void braze_objects_free(struct braze_objects *o)
{
	df_buf_free(&o->text);
	free(o->v);
	*o = (struct braze_objects){0};
}

bool braze_forwards(const struct braze *b, const char *event_type)
{
	static const char *const always[] = {"eventless", "custom_event", "commerce_event"};
	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
		if (strcmp(event_type, always[i]) == 0)
			return true;
	if (strcmp(event_type, "screen_view") == 0)
		return b->set->screen_views != CONF_BRAZE_SCREENS_NO;
	return b->set->session_events &&
	       (strcmp(event_type, "session_start") == 0 || strcmp(event_type, "session_end") == 0);
}

/* ---- one batch ---- */

static struct braze_user user_read(struct json_walk members)
{
	struct braze_user user = {0};
	struct json_text name, value;
	while (json_walk_next(&members, &name, &value))
		if (json_text_is(name, "user_identities"))
			user.identities = value;
		else if (json_text_is(name, "user_attributes"))
			user.attributes = value;
		else if (json_text_is(name, "deleted_user_attributes"))
			user.deleted = value;
		else if (json_text_is(name, "consent_state"))
			user.consent = value;
		else if (json_text_is(name, "events"))
			user.events = value;
	return user;
}

/* Finds the user's id. */
static bool writer_begin(struct braze_writer *w, const struct braze_user *user)
{
	w->text = &w->out->text;
	w->external_id = json_find(json_walk_into(user->identities), w->b->set->external_id);
	w->fault->code = NULL;
	if (json_string(w->external_id).len > 0)
		return true;
	braze_fail(w, "missing-identity",
		   "user_identities.%s is empty, and Braze knows users by it (external_id names "
		   "another identity)",
		   w->b->set->external_id);
	return false;
}

/* A user's object that says nothing is left out where there are others. */
static void drop_bare(struct braze_writer *w, size_t first)
{
	struct braze_objects *o = w->out;
	if (o->n - first < 2)
		return;
	memmove(&o->v[first], &o->v[first + 1], (o->n - first - 1) * sizeof(*o->v));
	o->n--;
}

static struct braze_data data_read(struct json_walk members)
{
	struct braze_data d = {0};
	const struct {
		const char *name;
		struct json_text *at;
	} wanted[] = {
	    {"timestamp_unixtime_ms", &d.timestamp_unixtime_ms},
	    {"event_name", &d.event_name},
	    {"custom_attributes", &d.custom_attributes},
	    {"screen_name", &d.screen_name},
	    {"session_uuid", &d.session_uuid},
	    {"session_id", &d.session_id},
	    {"currency_code", &d.currency_code},
	    {"product_action", &d.product_action},
	    {"promotion_action", &d.promotion_action},
	    {"product_impressions", &d.product_impressions},
	};
	struct json_text name, value;
	while (json_walk_next(&members, &name, &value))
		for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
			if (json_text_is(name, wanted[i].name))
				*wanted[i].at = value;
	return d;
}

static void put_event(struct braze_writer *w, struct json_text type, struct json_walk members)
{
	struct braze_data data = data_read(members);
	if (json_text_is(type, "commerce_event"))
		braze_put_commerce(w, &data);
	else
		braze_put_event(w, type, &data);
}

/* Of the batch, as it is written: its data, then its type. */
static void put_whole_event(struct braze_writer *w, struct json_text event)
{
	struct json_walk walk = json_walk_into(event);
	struct json_text name, value, type = {0}, data = {0};
	while (json_walk_next(&walk, &name, &value))
		if (json_text_is(name, "data"))
			data = value;
		else if (json_text_is(name, "event_type"))
			type = json_string(value);
	put_event(w, type, json_walk_into(data));
}

static bool is_audience(struct json_walk events)
{
	struct json_text ignored, event = {0};
	return json_walk_next(&events, &ignored, &event) &&
	       json_text_is(json_string(json_find(json_walk_into(event), "event_type")),
			    "audience");
}

bool braze_map(const struct braze *b, const char *json, size_t len, struct braze_objects *out,
	       struct braze_fault *fault)
{
	struct braze_writer w = {.b = b, .out = out, .fault = fault};
	struct json_walk members = json_walk_into((struct json_text){json, len});
	struct braze_user user = user_read(members);
	struct json_walk events = json_walk_into(user.events);
	struct json_text ignored, event;
	size_t first = out->n;
	if (!writer_begin(&w, &user))
		return false;
	if (is_audience(events)) {
		braze_put_audiences(&w, events);
		return fault->code == NULL;
	}

	bool says = braze_put_user(&w, &user);
	for (uint32_t i = 0; fault->code == NULL && json_walk_next(&events, &ignored, &event);
	     i++) {
		w.event = i;
		put_whole_event(&w, event);
	}
	if (!says && fault->code == NULL)
		drop_bare(&w, first);
	return fault->code == NULL;
}

/* A row of an audience document as the only one of its batch. */
static bool map_audience_row(struct braze_writer *w, const struct braze_row *row)
{
	struct df_buf event = {0};
	df_buf_adds(&event, "[{\"data\":{");
	df_buf_add(&event, row->data, row->data_len);
	df_buf_adds(&event, "}}]");
	braze_put_audiences(w, json_walk_into((struct json_text){event.data, event.len}));
	df_buf_free(&event);
	return w->fault->code == NULL;
}

bool braze_map_row(const struct braze *b, const struct braze_row *row, struct braze_objects *out,
		   struct braze_fault *fault)
{
	struct braze_writer w = {.b = b, .out = out, .fault = fault};
	struct braze_user user = user_read(json_walk_members(row->members, row->members_len));
	size_t first = out->n;
	if (!writer_begin(&w, &user))
		return false;
	if (row->event_type != NULL && schema_type_audience(row->event_type))
		return map_audience_row(&w, row);

	bool says = braze_put_user(&w, &user);
	w.event = 0;
	if (row->event_type != NULL)
		put_event(&w, (struct json_text){row->event_type, strlen(row->event_type)},
			  json_walk_members(row->data, row->data_len));
	if (!says && fault->code == NULL)
		drop_bare(&w, first);
	return fault->code == NULL;
}
