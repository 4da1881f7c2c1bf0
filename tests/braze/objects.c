/* SPDX-License-Identifier: MIT */
/*
 * Usage: objects BEGUN-MS [audience] [KEY=VALUE...] < BATCHES
 *
 * Maps batches, one JSON object a line, to Braze's objects under these settings of a feed;
 * audience: those of a document of audiences. For each batch a line: an object with the three
 * arrays, of each object "of" (the number of its event, -1: the user) and what was cut, or with the
 * code of its fault.
 */
#include "dropfeed/braze.h"

#include <stdio.h>
#include <stdlib.h>

static void print_objects(const struct braze_objects *o)
{
	const char *comma = "";
	for (int array = 0; array < BRAZE_ARRAYS; array++) {
		printf("%s\"%s\":[", array > 0 ? "," : "{", braze_array_names[array]);
		comma = "";
		for (size_t i = 0; i < o->n; i++) {
			if ((int)o->v[i].array != array)
				continue;
			printf("%s%.*s", comma, (int)o->v[i].len, o->text.data + o->v[i].from);
			comma = ",";
		}
		printf("]");
	}
	printf(",\"of\":[");
	for (size_t i = 0; i < o->n; i++)
		printf("%s%d", i > 0 ? "," : "",
		       o->v[i].event == BRAZE_NO_EVENT ? -1 : (int)o->v[i].event);
	printf("],\"cut\":%llu}\n", (unsigned long long)o->cut);
}

int main(int argc, char **argv)
{
	struct conf_feed *feed = conf_feed_default("test");
	struct df_err err = {0};
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	bool audience = argc > 2 && strcmp(argv[2], "audience") == 0;
	for (int i = audience ? 3 : 2; i < argc; i++) {
		char *value = strchr(argv[i], '=');
		if (value == NULL)
			return 2;
		*value++ = '\0';
		if (conf_feed_set(feed, argv[i], value, &err) != DF_OK) {
			fprintf(stderr, "%s: %s\n", argv[i], err.text);
			return 2;
		}
	}
	if (argc < 2)
		return 2;
	const struct braze b = {.set = &feed->braze,
				.truncate = feed->map.limits_truncate,
				.audience = audience,
				.begun_ms = strtoll(argv[1], NULL, 10)};
	while ((len = getline(&line, &cap, stdin)) > 0) {
		struct braze_objects out = {0};
		struct braze_fault fault = {0};
		len -= line[len - 1] == '\n';
		if (braze_map(&b, line, (size_t)len, &out, &fault))
			print_objects(&out);
		else
			printf("{\"fault\":\"%s\"}\n", fault.code);
		braze_objects_free(&out);
	}
	conf_feed_free(feed);
	free(line);
	return 0;
}
