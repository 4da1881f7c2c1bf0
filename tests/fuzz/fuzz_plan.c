/* SPDX-License-Identifier: MIT */
/*
 * The input's first line is a batch with one event, JSON; the rest is a data plan. What is found
 * depends on these alone, is bounded, and says where in the batch it is.
 */
#include "fuzz.h"

#include "dropfeed/plan.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLAGS (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

/* The object's members as the map writes them, the caller's. */
static char *members(struct json_object *object)
{
	const char *text = json_object_is_type(object, json_type_object)
			       ? json_object_to_json_string_ext(object, FLAGS)
			       : "{}";
	return df_strndup(text + 1, strlen(text) - 2);
}

static void check_place(const struct plan_record *r, const struct plan_finding *f)
{
	size_t len = f->in_batch ? r->batch_len : r->data_len;
	const char *text = f->in_batch ? r->batch : r->data;
	FUZZ_CHECK(f->from <= f->to && f->to <= len);
	FUZZ_CHECK(f->to == 0 || text[f->from] == '"');
	FUZZ_CHECK(f->pointer[0] == '#' && f->text[0] != '\0' && f->point != NULL);
}

static void check(const struct plan *plan, const struct plan_record *r, bool strict)
{
	struct plan_checker *c = plan_checker_new(plan, strict);
	const struct plan_finding *f;
	size_t n = plan_check(c, r, &f), invalid = 0;
	struct plan_finding *first = df_alloc((n + 1) * sizeof(*first));
	FUZZ_CHECK(n <= PLAN_MAX_FINDINGS);
	for (size_t i = 0; i < n; i++) {
		check_place(r, &f[i]);
		first[i] = f[i];
		invalid += !f[i].unplanned;
	}
	FUZZ_CHECK(invalid <= PLAN_MAX_INVALID);
	FUZZ_CHECK(plan_check(c, r, &f) == n);
	for (size_t i = 0; i < n; i++)
		FUZZ_CHECK(strcmp(first[i].pointer, f[i].pointer) == 0 &&
			   strcmp(first[i].text, f[i].text) == 0);
	free(first);
	plan_checker_free(c);
}

static void run(const struct plan *plan, struct json_object *batch)
{
	struct json_object *events = NULL, *event = NULL, *data = NULL, *type = NULL;
	if (json_object_object_get_ex(batch, "events", &events) &&
	    json_object_is_type(events, json_type_array))
		event = json_object_array_get_idx(events, 0);
	if (json_object_is_type(event, json_type_object)) {
		json_object_object_get_ex(event, "data", &data);
		json_object_object_get_ex(event, "event_type", &type);
	}
	char *event_members = members(data), *name = NULL;
	name = df_strdup(json_object_is_type(type, json_type_string) ? json_object_get_string(type)
								     : "eventless");
	json_object_object_del(batch, "events");
	char *rest = members(batch);
	struct plan_record r = {.event_type = name,
				.data = event_members,
				.data_len = strlen(event_members),
				.batch = rest,
				.batch_len = strlen(rest),
				.user = true};
	check(plan, &r, false);
	check(plan, &r, true);
	free(event_members);
	free(name);
	free(rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
	struct df_err err = {0};
	struct plan *plan = NULL;
	if (line == NULL || size > (64u << 10))
		return 0;
	size_t head = (size_t)(line - data);
	char *first = df_strndup((const char *)data, head);
	char *text = df_strndup((const char *)line + 1, size - head - 1);
	struct json_object *batch = json_tokener_parse(first);
	enum df_status st = plan_read(text, size - head - 1, 1, &plan, &err);
	FUZZ_CHECK(st == DF_OK || (st == DF_USAGE && err.text[0] != '\0'));
	plan_free(plan);
	plan = NULL;
	err = (struct df_err){0};
	st = plan_read(text, size - head - 1, 0, &plan, &err);
	FUZZ_CHECK(st == DF_OK || (st == DF_USAGE && err.text[0] != '\0'));
	if (st == DF_OK && json_object_is_type(batch, json_type_object))
		run(plan, batch);
	json_object_put(batch);
	plan_free(plan);
	free(first);
	free(text);
	return 0;
}
