/* SPDX-License-Identifier: MIT */
#include "braze_priv.h"

#include <stddef.h>
#include <stdlib.h>

const char *const braze_array_names[BRAZE_ARRAYS] = {"attributes", "events", "purchases"};

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

/* Up to the events, which are a batch's last member: the walk is there then. */
static struct braze_user user_read(struct json_walk *members)
{
	struct braze_user user = {0};
	struct json_text name;
	while (json_walk_name(members, &name) && !json_text_is(name, "events")) {
		struct json_text value = json_walk_value(members);
		if (json_text_is(name, "user_identities"))
			user.identities = value;
		else if (json_text_is(name, "user_attributes"))
			user.attributes = value;
		else if (json_text_is(name, "deleted_user_attributes"))
			user.deleted = value;
		else if (json_text_is(name, "consent_state"))
			user.consent = value;
	}
	return user;
}

/* The list of names is long, and empty at first: it is not cleared. */
static void writer_init(struct braze_writer *w, const struct braze *b, struct braze_objects *out,
			struct braze_fault *fault)
{
	memset(w, 0, offsetof(struct braze_writer, names));
	w->b = b;
	w->out = out;
	w->text = &out->text;
	w->fault = fault;
	fault->code = NULL;
}

/* Finds the user's id. */
static bool writer_begin(struct braze_writer *w, const struct braze_user *user)
{
	w->external_id = json_find(json_walk_into(user->identities), w->b->set->external_id);
	if (json_string(w->external_id).len > 0)
		return braze_check_id(w, w->external_id, w->b->set->external_id);
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

#define WANTED(name)                                                                               \
	{                                                                                          \
		BRAZE_WORD(#name), offsetof(struct braze_data, name)                               \
	}
static struct braze_data data_read(struct json_walk *members)
{
	static const struct {
		struct json_text name;
		size_t at;
	} wanted[] = {WANTED(timestamp_unixtime_ms), WANTED(event_name),
		      WANTED(custom_attributes),     WANTED(screen_name),
		      WANTED(session_uuid),          WANTED(session_id),
		      WANTED(currency_code),         WANTED(product_action),
		      WANTED(promotion_action),      WANTED(product_impressions)};
	struct braze_data d = {0};
	struct json_text name, value;
	while (json_walk_next(members, &name, &value))
		for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
			if (braze_is(name, wanted[i].name))
				memcpy((char *)&d + wanted[i].at, &value, sizeof(value));
	return d;
}

static void put_event(struct braze_writer *w, struct json_text type, const struct braze_data *data)
{
	if (json_text_is(type, "commerce_event"))
		braze_put_commerce(w, data);
	else
		braze_put_event(w, type, data);
}

/* The event that the walk is at: its data, then its type. */
static void put_whole_event(struct braze_writer *w, struct json_walk *event)
{
	struct json_text name, type = {0};
	struct json_walk inner;
	struct braze_data data = {0};
	while (json_walk_name(event, &name))
		if (!json_text_is(name, "data")) {
			struct json_text value = json_walk_value(event);
			if (json_text_is(name, "event_type"))
				type = json_string(value);
		} else if (json_walk_down(event, &inner)) {
			data = data_read(&inner);
			json_walk_up(event, &inner);
		}
	put_event(w, type, &data);
}

static void put_events(struct braze_writer *w, struct json_walk *events)
{
	struct json_text ignored;
	struct json_walk event;
	for (uint32_t i = 0; w->fault->code == NULL && json_walk_name(events, &ignored); i++) {
		w->event = i;
		if (json_walk_down(events, &event)) {
			put_whole_event(w, &event);
			json_walk_up(events, &event);
		}
	}
}

bool braze_map(const struct braze *b, const char *json, size_t len, struct braze_objects *out,
	       struct braze_fault *fault)
{
	struct braze_writer w;
	struct json_walk members = json_walk_into((struct json_text){json, len}), events = {0};
	struct braze_user user = user_read(&members);
	size_t first = out->n;
	writer_init(&w, b, out, fault);
	if (!writer_begin(&w, &user))
		return false;
	bool any = json_walk_down(&members, &events);
	if (b->audience && any) {
		braze_put_audiences(&w, events);
		return fault->code == NULL;
	}

	bool says = braze_put_user(&w, &user);
	put_events(&w, &events);
	if (!says && fault->code == NULL)
		drop_bare(&w, first);
	return fault->code == NULL;
}

bool braze_map_row(const struct braze *b, const struct braze_row *row, struct braze_objects *out,
		   struct braze_fault *fault)
{
	struct braze_writer w;
	struct json_walk members = json_walk_members(row->members, row->members_len);
	struct json_walk data = json_walk_members(row->data, row->data_len);
	struct braze_user user = user_read(&members);
	size_t first = out->n;
	writer_init(&w, b, out, fault);
	if (!writer_begin(&w, &user))
		return false;
	if (b->audience && row->event_type != NULL) {
		braze_put_audience(&w, data);
		return fault->code == NULL;
	}

	bool says = braze_put_user(&w, &user);
	w.event = 0;
	if (row->event_type != NULL) {
		const struct braze_data event = data_read(&data);
		put_event(&w, (struct json_text){row->event_type, strlen(row->event_type)}, &event);
	}
	if (!says && fault->code == NULL)
		drop_bare(&w, first);
	return fault->code == NULL;
}
