/* SPDX-License-Identifier: MIT */
/* A row: which point its event has, and what the point, the user attributes and the identities are
 * held against. */
#include "plan_checker.h"

#include <stdio.h>
#include <stdlib.h>

struct plan_checker *plan_checker_new(const struct plan *plan, bool strict)
{
	struct plan_checker *c = df_alloc(sizeof(*c));
	c->plan = plan;
	c->strict = strict;
	c->memo = df_alloc((plan->n_memo + 1) * sizeof(*c->memo));
	c->match = pcre2_match_data_create(1, NULL);
	c->limits = pcre2_match_context_create(NULL);
	if (c->match == NULL || c->limits == NULL)
		abort();
	pcre2_set_match_limit(c->limits, PLAN_MATCH_LIMIT);
	pcre2_set_depth_limit(c->limits, PLAN_MATCH_LIMIT);
	return c;
}

void plan_checker_free(struct plan_checker *c)
{
	if (c == NULL)
		return;
	free(c->memo);
	free(c->findings);
	df_buf_free(&c->text);
	df_buf_free(&c->string);
	df_buf_free(&c->key);
	df_buf_free(&c->wanted);
	pcre2_match_data_free(c->match);
	pcre2_match_context_free(c->limits);
	free(c);
}

/* ---- the point of an event ---- */

struct event {
	const char *type;               /* of the point that it needs */
	struct json_text first, second; /* its criteria, as they are written */
	bool needs_first, needs_second;
};

static struct event commerce(struct json_walk data)
{
	struct json_text product = json_find(data, "product_action");
	if (product.len > 0)
		return (struct event){.type = "product_action",
				      .needs_first = true,
				      .first = json_find(json_walk_into(product), "action")};
	struct json_text promotion = json_find(data, "promotion_action");
	if (promotion.len > 0)
		return (struct event){.type = "promotion_action",
				      .needs_first = true,
				      .first = json_find(json_walk_into(promotion), "action")};
	return (struct event){.type = "product_impression"};
}

static struct event event_of(const struct plan_record *r)
{
	struct json_walk data = json_walk_members(r->data, r->data_len);
	if (strcmp(r->event_type, "commerce_event") == 0)
		return commerce(data);
	if (strcmp(r->event_type, "custom_event") == 0)
		return (struct event){.type = "custom_event",
				      .needs_first = true,
				      .needs_second = true,
				      .first = json_find(data, "event_name"),
				      .second = json_find(data, "custom_event_type")};
	if (strcmp(r->event_type, "screen_view") == 0)
		return (struct event){.type = "screen_view",
				      .needs_first = true,
				      .first = json_find(data, "screen_name")};
	if (strcmp(r->event_type, "application_state_transition") == 0)
		return (struct event){.type = "application_state_transition",
				      .needs_first = true,
				      .first = json_find(data, "application_transition_type")};
	return (struct event){.type = r->event_type};
}

/* A criterion that is not there is NULL, unless the point needs it. */
static struct json_text criterion(struct df_buf *scratch, struct json_text value, bool needed)
{
	struct json_text text = json_decode(scratch, value);
	if (text.p == NULL && (needed || value.len > 0))
		text.p = "";
	return text;
}

static const struct plan_point *point_of_event(struct plan_checker *c, const struct event *e)
{
	struct json_text first = criterion(&c->string, e->first, e->needs_first);
	struct json_text second = criterion(&c->key, e->second, e->needs_second);
	plan_key(&c->wanted, e->type, first.p, first.len, second.p, second.len);
	size_t i = df_index_find(c->plan->by_key, c->wanted.data, c->wanted.len);
	return i == DF_INDEX_NONE ? NULL : &c->plan->points[i];
}

static void unplanned_event(struct plan_checker *c, const struct event *e)
{
	struct plan_finding *f = plan_finding_new(c, true); /* the first one */
	f->part = PLAN_EVENT;
	f->point = e->type;
	snprintf(f->pointer, sizeof(f->pointer), "#");
	snprintf(f->text, sizeof(f->text), "the plan has no such %s", e->type);
}

/* The schema of an event sees {"data": {...}}. */
static void check_event(struct plan_checker *c, const struct plan_record *r)
{
	static const char head[] = "{\"data\":{";
	struct event e = event_of(r);
	const struct plan_point *point = point_of_event(c, &e);
	if (point == NULL) {
		unplanned_event(c, &e);
		return;
	}
	if (point->free)
		return;
	df_buf_reset(&c->text);
	df_buf_add(&c->text, head, sizeof(head) - 1);
	df_buf_add(&c->text, r->data, r->data_len);
	df_buf_adds(&c->text, "}}");
	c->point = point->name;
	c->base = df_buf_cstr(&c->text) + sizeof(head) - 1;
	c->in_batch = c->attributes = c->identities = false;
	c->end = c->text.data + c->text.len;
	plan_value_check(c, point->root, c->text.data);
}

/* ---- the user ---- */

static void check_attributes(struct plan_checker *c, const struct plan_record *r)
{
	const struct plan_point *point = c->plan->attributes;
	if (point == NULL || point->free)
		return;
	struct json_text object =
	    json_find(json_walk_members(r->batch, r->batch_len), "user_attributes");
	if (object.len == 0)
		object = (struct json_text){"{}", 2};
	c->point = point->name;
	c->base = r->batch;
	c->in_batch = c->attributes = true;
	c->identities = false;
	c->end = object.p + object.len;
	plan_value_check(c, point->root, object.p);
}

/* The identities of the user, and the device's, as one object: those of the user come first, as
 * they are in the batch. */
static void check_identities(struct plan_checker *c, const struct plan_record *r)
{
	const struct plan_point *point = c->plan->identities;
	if (point == NULL || point->free)
		return;

	const struct schema_field *device =
	    schema_field_find(&schema_batch, "device_info", strlen("device_info"));
	struct json_walk batch = json_walk_members(r->batch, r->batch_len);
	struct json_text ids = json_find(batch, "user_identities"), name, value;
	c->device = json_find(batch, "device_info");
	struct json_walk info = json_walk_into(c->device);
	df_buf_reset(&c->text);
	df_buf_addc(&c->text, '{');
	if (ids.len > 2 && ids.p[0] == '{')
		df_buf_add(&c->text, ids.p + 1, ids.len - 2);
	c->ids = ids.p;
	c->ids_end = c->text.len;
	while (json_walk_next(&info, &name, &value)) {
		const struct schema_field *field =
		    schema_field_find(device->object, name.p, name.len);
		if (field == NULL || (field->flags & SCHEMA_ID) == 0)
			continue;
		if (c->text.len > 1)
			df_buf_addc(&c->text, ',');
		/* with the quote before its name */
		df_buf_add(&c->text, name.p - 1, (size_t)(value.p + value.len - name.p) + 1);
	}
	df_buf_addc(&c->text, '}');
	c->point = point->name;
	c->base = df_buf_cstr(&c->text);
	c->in_batch = c->identities = true;
	c->attributes = false;
	c->end = c->text.data + c->text.len;
	plan_value_check(c, point->root, c->text.data);
}

/* Where an identity is in the batch: it was found in an object that was put together. An attribute
 * of the same name and value is not it. */
static void place_identity(const struct plan_checker *c, const struct plan_record *r,
			   struct plan_finding *f)
{
	size_t len = f->to - f->from;
	const char *at = f->to <= c->ids_end
			     ? c->ids + f->from
			     : memmem(c->device.p, c->device.len, c->text.data + f->from, len);
	f->from = f->to = 0;
	if (at == NULL)
		return;
	f->from = (size_t)(at - r->batch);
	f->to = f->from + len;
}

size_t plan_check(struct plan_checker *c, const struct plan_record *record,
		  const struct plan_finding **out)
{
	c->n = c->n_invalid = c->depth = 0;
	if (strcmp(record->event_type, "eventless") != 0)
		check_event(c, record);
	if (record->user)
		check_attributes(c, record);
	size_t before = c->n;
	if (record->user)
		check_identities(c, record);
	for (size_t i = before; i < c->n; i++)
		if (c->findings[i].to > 0)
			place_identity(c, record, &c->findings[i]);
	*out = c->findings;
	return c->n;
}

/* Names of events often differ in their last letters. */
static uint32_t *recent_slot(struct plan_checker *c, const char *first, size_t len)
{
	size_t hash = len;
	for (size_t i = 0; first != NULL && i < 3 && i < len; i++)
		hash = hash * 31 + (unsigned char)first[len - 1 - i];
	return &c->recent[hash % 256];
}

static bool same_bytes_or_none(const char *text, const char *p, size_t len)
{
	return text == NULL ? p == NULL
			    : p != NULL && strlen(text) == len && memcmp(text, p, len) == 0;
}

static bool is_point(const struct plan_point *point, const char *type, const char *first,
		     size_t first_len, const char *second, size_t second_len)
{
	return strcmp(point->type, type) == 0 &&
	       same_bytes_or_none(point->first, first, first_len) &&
	       same_bytes_or_none(point->second, second, second_len);
}

size_t plan_event_point(struct plan_checker *c, const char *type, const char *first,
			size_t first_len, const char *second, size_t second_len)
{
	uint32_t *recent = recent_slot(c, first, first_len);
	if (*recent > 0 &&
	    is_point(&c->plan->points[*recent - 1], type, first, first_len, second, second_len))
		return *recent - 1;
	plan_key(&c->wanted, type, first, first_len, second, second_len);
	size_t i = df_index_find(c->plan->by_key, c->wanted.data, c->wanted.len);
	if (i != DF_INDEX_NONE)
		*recent = (uint32_t)i + 1;
	return i;
}

size_t plan_findings(const struct plan_checker *c, const struct plan_finding **out)
{
	*out = c->findings;
	return c->n;
}

const char *plan_library(void)
{
	static char version[32];
	(void)pcre2_config(PCRE2_CONFIG_VERSION, version);
	version[strcspn(version, " ")] = '\0'; /* a date follows */
	return version;
}
