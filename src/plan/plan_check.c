/* SPDX-License-Identifier: MIT */
/* A row: which point its event has, and what the point, the user attributes and the identities are
 * held against. */
#include "plan_priv.h"

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
	df_buf_free(&c->text);
	df_buf_free(&c->string);
	df_buf_free(&c->key);
	df_buf_free(&c->wanted);
	pcre2_match_data_free(c->match);
	pcre2_match_context_free(c->limits);
	free(c);
}

/* ---- members of a fragment, or of an object ---- */

struct member {
	const char *name, *value, *end; /* name: from its quote */
};

/* p: where a member begins, or the end. */
static bool next_member(const char **p, const char *end, struct member *m)
{
	if (*p >= end || **p == '}')
		return false;
	const char *close = *p + 1;
	while (*close != '"')
		close += 1 + (*close == '\\');
	m->name = *p;
	m->value = close + 2;
	m->end = plan_value_skip(m->value);
	*p = m->end + (m->end < end && *m->end == ',');
	return true;
}

static bool member_is_named(const struct member *m, const char *name)
{
	size_t len = strlen(name);
	return strncmp(m->name + 1, name, len) == 0 && m->name[len + 1] == '"';
}

/* The value of that name, or NULL. */
static const char *member_find(const char *p, const char *end, const char *name)
{
	struct member m;
	while (next_member(&p, end, &m))
		if (member_is_named(&m, name))
			return m.value;
	return NULL;
}

static const char *find_within(const char *object, const char *name)
{
	return object != NULL && *object == '{'
		   ? member_find(object + 1, object + (plan_value_skip(object) - object), name)
		   : NULL;
}

/* ---- the point of an event ---- */

struct event {
	const char *type;           /* of the point that it needs */
	const char *first, *second; /* JSON of its criteria, or NULL */
	bool needs_first, needs_second;
};

static struct event commerce(const char *p, const char *end)
{
	const char *product = member_find(p, end, "product_action"), *promotion;
	if (product != NULL)
		return (struct event){.type = "product_action",
				      .needs_first = true,
				      .first = find_within(product, "action")};
	promotion = member_find(p, end, "promotion_action");
	if (promotion != NULL)
		return (struct event){.type = "promotion_action",
				      .needs_first = true,
				      .first = find_within(promotion, "action")};
	return (struct event){.type = "product_impression"};
}

static struct event event_of(const struct plan_record *r)
{
	const char *p = r->data, *end = r->data + r->data_len;
	if (strcmp(r->event_type, "commerce_event") == 0)
		return commerce(p, end);
	if (strcmp(r->event_type, "custom_event") == 0)
		return (struct event){.type = "custom_event",
				      .needs_first = true,
				      .needs_second = true,
				      .first = member_find(p, end, "event_name"),
				      .second = member_find(p, end, "custom_event_type")};
	if (strcmp(r->event_type, "screen_view") == 0)
		return (struct event){.type = "screen_view",
				      .needs_first = true,
				      .first = member_find(p, end, "screen_name")};
	if (strcmp(r->event_type, "application_state_transition") == 0)
		return (struct event){.type = "application_state_transition",
				      .needs_first = true,
				      .first = member_find(p, end, "application_transition_type")};
	return (struct event){.type = r->event_type};
}

static const char *value_text(struct df_buf *scratch, const char *json, size_t *len)
{
	const char *end;
	if (json == NULL || *json != '"') {
		*len = 0;
		return json == NULL ? NULL : "";
	}
	return plan_string(scratch, json, len, &end);
}

static const struct plan_point *point_of_event(struct plan_checker *c, const struct event *e)
{
	size_t first_len, second_len;
	const char *first = value_text(&c->string, e->first, &first_len);
	const char *second = value_text(&c->key, e->second, &second_len);
	plan_key(&c->wanted, e->type, e->needs_first && first == NULL ? "" : first, first_len,
		 e->needs_second && second == NULL ? "" : second, second_len);
	size_t i = df_index_find(c->plan->by_key, c->wanted.data, c->wanted.len);
	return i == DF_INDEX_NONE ? NULL : &c->plan->points[i];
}

static void unplanned_event(struct plan_checker *c, const struct event *e)
{
	if (c->n == PLAN_MAX_FINDINGS)
		return;
	struct plan_finding *f = &c->findings[c->n++];
	*f = (struct plan_finding){.unplanned = true, .part = PLAN_EVENT, .point = e->type};
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
	plan_value_check(c, point->root, c->text.data);
}

/* ---- the user ---- */

static void check_attributes(struct plan_checker *c, const struct plan_record *r)
{
	const struct plan_point *point = c->plan->attributes;
	if (point == NULL || point->free)
		return;
	const char *object = member_find(r->batch, r->batch + r->batch_len, "user_attributes");
	c->point = point->name;
	c->base = r->batch;
	c->in_batch = c->attributes = true;
	c->identities = false;
	plan_value_check(c, point->root, object != NULL ? object : "{}");
}

/* The identities of the user, and the device's, as one object. */
static void check_identities(struct plan_checker *c, const struct plan_record *r)
{
	const struct plan_point *point = c->plan->identities;
	if (point == NULL || point->free)
		return;
	const struct schema_field *device =
	    schema_field_find(&schema_batch, "device_info", strlen("device_info"));
	const char *end = r->batch + r->batch_len,
		   *ids = member_find(r->batch, end, "user_identities");
	const char *info = member_find(r->batch, end, "device_info");
	struct member m;
	df_buf_reset(&c->text);
	df_buf_addc(&c->text, '{');
	if (ids != NULL && *ids == '{')
		df_buf_add(&c->text, ids + 1, (size_t)(plan_value_skip(ids) - ids) - 2);
	for (const char *p = info != NULL ? info + 1 : end; next_member(&p, end, &m);) {
		const char *quote = m.value - 2; /* the name's closing one */
		const struct schema_field *field =
		    schema_field_find(device->object, m.name + 1, (size_t)(quote - m.name - 1));
		if (field == NULL || (field->flags & SCHEMA_ID) == 0)
			continue;
		if (c->text.len > 1)
			df_buf_addc(&c->text, ',');
		df_buf_add(&c->text, m.name, (size_t)(m.end - m.name));
	}
	df_buf_addc(&c->text, '}');
	c->point = point->name;
	c->base = df_buf_cstr(&c->text);
	c->in_batch = c->identities = true;
	c->attributes = false;
	plan_value_check(c, point->root, c->text.data);
}

/* Where an identity is in the batch: it was found in an object that was put together. */
static void place_identity(const struct plan_checker *c, const struct plan_record *r,
			   struct plan_finding *f)
{
	const char *name = c->text.data + f->from;
	size_t len = f->to - f->from;
	const char *at = memmem(r->batch, r->batch_len, name, len);
	f->from = f->to = 0;
	if (at == NULL)
		return;
	f->from = (size_t)(at - r->batch);
	f->to = f->from + len;
}

size_t plan_check(struct plan_checker *c, const struct plan_record *record,
		  const struct plan_finding **out)
{
	c->n = c->depth = 0;
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
