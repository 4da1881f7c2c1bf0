/* SPDX-License-Identifier: MIT */
/*
 * A batch of identities becomes a data subject request (OpenDSR 3.0): one request for a person,
 * whose id is made from the document and the first of the rows that name him, so that a resume
 * repeats it. The API wants ids of version 4: such an id has that number and is derived all the
 * same.
 */
#include "batch_priv.h"

#include "dropfeed/json.h"

#include <json-c/json.h>
#include <stdlib.h>

#define VERSION_AT 14 /* of a UUID as text */

/* What an identity is called in a request; outside: the platform's own extension has it. */
static const struct {
	const char *batch, *request;
	bool outside;
} names[] = {
    {"mpid", "mpid", true},
    {"customer_id", "controller_customer_id", false},
    {"android_uuid", "android_id", false},
    {"ios_idfv", "ios_vendor_id", false},
    {"roku_publisher_id", "roku_publishing_id", false},
    {"other", "other", true},
    {"other_id_2", "other2", true},
    {"other_id_3", "other3", true},
    {"other_id_4", "other4", true},
    {"other_id_5", "other5", true},
    {"other_id_6", "other6", true},
    {"other_id_7", "other7", true},
    {"other_id_8", "other8", true},
    {"other_id_9", "other9", true},
    {"other_id_10", "other10", true},
    {"mobile_number", "mobile_number", true},
    {"phone_number_2", "phone_number_2", true},
    {"phone_number_3", "phone_number_3", true},
};

/* Its name in a request. */
static const char *request_name_of(const char *batch, bool *outside)
{
	*outside = false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(names[i].batch, batch) != 0)
			continue;
		*outside = names[i].outside;
		return names[i].request;
	}
	return batch;
}

static void write_identity(struct json_writer *w, const char *name, struct json_object *value)
{
	/* a number's text has all of its digits */
	json_write_open(w, name, '{');
	json_write_text(w, "value", json_object_get_string(value));
	json_write_text(w, "encoding", "raw");
	json_write_close(w);
}

/* Those that belong there, of one object. */
static void write_some(struct json_writer *w, struct json_object *from, bool outside)
{
	if (from == NULL)
		return;
	json_object_object_foreach(from, key, value)
	{
		bool there = false;
		const char *name = request_name_of(key, &there);
		if (there == outside)
			write_identity(w, name, value);
	}
}

struct request { /* as the batch has it */
	struct json_object *mpid, *device, *user, *asked;
};

static struct json_object *member(struct json_object *o, const char *name)
{
	struct json_object *value = NULL;
	return o != NULL && json_object_object_get_ex(o, name, &value) ? value : NULL;
}

static bool any_outside(struct json_object *user)
{
	bool any = false;
	if (user == NULL)
		return false;
	json_object_object_foreach(user, key, value)
	{
		bool outside = false;
		(void)value;
		(void)request_name_of(key, &outside);
		any = any || outside;
	}
	return any;
}

static void write_time(struct json_writer *w, const struct request *r, int64_t begun_ms)
{
	char text[DF_TIME_TEXT];
	struct json_object *given = member(r->asked, "submitted_time");
	df_time_text(given != NULL ? json_object_get_int64(given) : begun_ms, text);
	json_write_text(w, "submitted_time", text);
}

static void write_callbacks(struct json_writer *w, const char *list)
{
	if (list == NULL)
		return;
	json_write_open(w, "status_callback_urls", '[');
	for (const char *p = list; *p != '\0';) {
		size_t len = strcspn(p, ", \t");
		if (len > 0)
			json_write_bytes(w, NULL, p, len);
		p += len + (p[len] != '\0');
	}
	json_write_close(w);
}

static void write_extension(struct json_writer *w, const struct request *r, bool erases)
{
	struct json_object *skip = member(r->asked, "skip_waiting_period");
	bool outside = r->mpid != NULL || any_outside(r->user);
	if (!outside && !erases && skip == NULL)
		return;
	json_write_open(w, "extensions", '{');
	json_write_open(w, "opendsr.mparticle.com", '{');
	if (erases || skip != NULL)
		json_write_bool(w, "skip_waiting_period",
				skip != NULL && json_object_get_boolean(skip));
	if (outside) {
		json_write_open(w, "subject_identities", '{');
		if (r->mpid != NULL)
			write_identity(w, "mpid", r->mpid);
		else
			write_some(w, r->user, true);
		json_write_close(w);
	}
	json_write_close(w);
	json_write_close(w);
}

/* Its own id, where the row brought one, or one of the document and the row. The same bytes as
 * access and as erasure are not the same requests. */
static void choose_id(const struct batch_settings *set, const struct batch *b, char id[])
{
	struct batch_space space;
	struct df_buf document = {0};
	memcpy(id, b->id, BATCH_ID_LEN);
	if (b->id_len == BATCH_ID_LEN && id[VERSION_AT] == '4')
		return;
	df_buf_addf(&document, "%s/%s", set->event_type, set->document);
	batch_space_init(&space, set->feed, set->sha256, df_buf_cstr(&document));
	df_buf_free(&document);
	struct batch_id_maker ids;
	batch_id_begin(&ids, &space);
	batch_id_row(&ids, b->rows[0].number, id);
	batch_id_end(&ids);
	id[VERSION_AT] = '4';
}

static void request_convert(const struct batch_settings *set, struct batch *b)
{
	struct json_object *o = json_tokener_parse(b->json); /* which was written here */
	const struct request r = {.mpid = member(o, "mpid"),
				  .device = member(o, "device_info"),
				  .user = member(o, "user_identities"),
				  .asked = member(o, "request")};
	struct json_object *regulation = member(r.asked, "regulation"),
			   *group = member(r.asked, "group_id");
	struct df_buf out = {0};
	struct json_writer w = {.out = &out};
	char id[BATCH_ID_LEN + 1] = "";
	choose_id(set, b, id);

	json_write_open(&w, NULL, '{');
	json_write_text(&w, "subject_request_id", id);
	size_t id_at = out.len - BATCH_ID_LEN - 1;
	json_write_text(&w, "regulation", json_object_get_string(regulation));
	json_write_text(&w, "subject_request_type", set->event_type);
	write_time(&w, &r, set->begun_ms);
	json_write_open(&w, "subject_identities", '{');
	if (r.mpid == NULL) {
		write_some(&w, r.user, false);
		write_some(&w, r.device, false);
	}
	json_write_close(&w);
	json_write_text(&w, "api_version", "3.0");
	if (set->options != NULL)
		write_callbacks(&w, set->options->requests.callbacks);
	if (group != NULL)
		json_write_text(&w, "group_id", json_object_get_string(group));
	write_extension(&w, &r, strcmp(set->event_type, "erasure") == 0);
	json_write_close(&w);

	batch_replace(b, &out, id_at, BATCH_ID_LEN);
	json_object_put(o);
}

const struct batch_form batch_form_requests = {.unit = "request",
					       .max_batches = 1,
					       .max_events = 1,
					       .max_bytes = REQUEST_MAX_BYTES,
					       .one_for_user = true,
					       .convert = request_convert};
