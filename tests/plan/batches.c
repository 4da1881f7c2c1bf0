/* SPDX-License-Identifier: MIT */
/*
 * Usage: batches PLAN [strict] < BATCHES
 *
 * Holds batches, one JSON object a line, against a data plan. For each event, and then for the user
 * (number -1), and each finding a line: number of the batch, of the event, "unplanned", "missing"
 * or "invalid", the JSON pointer; with tabs between.
 */
#include "dropfeed/plan.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#define FLAGS (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

/* The object's members without its braces; the caller's. */
static char *members(struct json_object *object)
{
	const char *text = json_object_to_json_string_ext(object, FLAGS);
	return df_strndup(text + 1, strlen(text) - 2);
}

static void print(struct plan_checker *c, const struct plan_record *record, int batch, int event)
{
	const struct plan_finding *f;
	size_t n = plan_check(c, record, &f);
	for (size_t i = 0; i < n; i++)
		printf("%d\t%d\t%s\t%s\n", batch, event,
		       f[i].unplanned ? "unplanned"
		       : f[i].missing ? "missing"
				      : "invalid",
		       f[i].pointer);
}

static void check_batch(struct plan_checker *c, struct json_object *batch, int number)
{
	struct json_object *events = NULL, *type = NULL, *data = NULL;
	struct plan_record record = {.event_type = "eventless", .data = "", .batch = ""};
	json_object_object_get_ex(batch, "events", &events);
	for (size_t i = 0; events != NULL && i < json_object_array_length(events); i++) {
		struct json_object *event = json_object_array_get_idx(events, i);
		json_object_object_get_ex(event, "event_type", &type);
		json_object_object_get_ex(event, "data", &data);
		char *text = members(data);
		record.event_type = json_object_get_string(type);
		record.data = text;
		record.data_len = strlen(text);
		print(c, &record, number, (int)i);
		free(text);
	}
	json_object_object_del(batch, "events");
	char *text = members(batch);
	print(c,
	      &(struct plan_record){.event_type = "eventless",
				    .data = "",
				    .batch = text,
				    .batch_len = strlen(text),
				    .user = true},
	      number, -1);
	free(text);
}

int main(int argc, char **argv)
{
	struct plan *plan = NULL;
	struct df_err err = {0};
	char *text = NULL, *line = NULL;
	size_t len, cap = 0;
	int number = 0;
	if (argc < 2 || df_read_file(argv[1], PLAN_MAX_BYTES, &text, &len, &err) != DF_OK ||
	    plan_read(text, len, 0, &plan, &err) != DF_OK) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	struct plan_checker *c = plan_checker_new(plan, argc > 2);
	for (; getline(&line, &cap, stdin) > 0; number++) {
		struct json_object *batch = json_tokener_parse(line);
		if (batch == NULL) {
			fprintf(stderr, "line %d is not JSON\n", number + 1);
			return 2;
		}
		check_batch(c, batch, number);
		json_object_put(batch);
	}
	plan_checker_free(c);
	plan_free(plan);
	free(line);
	free(text);
	return 0;
}
