/* SPDX-License-Identifier: MIT */
/* Runs a header and a row through a map of its own, and keeps what came of it in `got`. */
#ifndef HELPER_MAP_H
#define HELPER_MAP_H

#include "dropfeed/map.h"

#include "test.h"

#define MAX_CELLS 400

struct outcome {
	enum df_status status; /* of the first step that failed */
	char code[32];
	char text[1600];
	char column[256];
	char batch[65536], data[65536], ids[8192], request[512], message[512];
	bool has_timestamp;
	int64_t timestamp_ms;
	size_t n_faults, fault_column;
	char warnings[4096];
};

extern struct outcome got;
extern const struct conf_feed plain; /* no settings but the defaults */
extern const struct conf_feed named; /* with an event_name "n" and an event_type "other" */

void run_cells(const struct conf_feed *feed, const char *event, const struct rows_cell *names,
	       size_t n_names, const struct rows_cell *cells, size_t n_cells);
/* Cells apart by '|'; row NULL: the header alone. What comes out is checked to be JSON. */
void run(const struct conf_feed *feed, const char *event, const char *header, const char *row);

/* `named` with a manifest of this text, which manifest_feed_free takes away again. */
struct conf_feed manifest_feed(const char *manifest);
void manifest_feed_free(struct conf_feed *feed);

#define CHECK_STRING(actual, expected)                                                             \
	do {                                                                                       \
		CU_ASSERT_STRING_EQUAL(actual, expected);                                          \
		if (strcmp(actual, expected) != 0)                                                 \
			printf("\n  line %d\n  got      %s\n  expected %s\n  (%s %s)\n", __LINE__, \
			       actual, expected, got.code, got.text);                              \
	} while (0)

#endif
