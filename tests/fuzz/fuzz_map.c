/* SPDX-License-Identifier: MIT */
/*
 * The input's first line is an event type and settings,
 * "custom_event|limits=truncate|timestamps=auto"; the rest is a document. Its rows go through the
 * map and, where they are good, into batches.
 */
#include "fuzz.h"

#include "dropfeed/batch.h"

#include <unistd.h>

/* Settings that name files are not for a fuzzer. */
static const char *const settings[] = {"environment",      "event_name",    "event_type",
				       "screen_name",      "data_plan",     "timestamps",
				       "timezone",         "limits",        "unknown_columns",
				       "empty_attributes", "fold_products", NULL};

static bool configure(struct conf_feed *feed, char *words)
{
	char *save = NULL;
	for (char *word = strtok_r(words, "|", &save); word != NULL;
	     word = strtok_r(NULL, "|", &save)) {
		struct df_err err = {0};
		char *value = strchr(word, '=');
		if (value == NULL)
			return false;
		*value++ = '\0';
		if (!fuzz_among(word, settings))
			return false;
		enum df_status st = conf_feed_set(feed, word, value, &err);
		if (st != DF_OK) {
			fuzz_error(st, &err, settings);
			return false;
		}
	}
	return true;
}

static enum df_status take_batch(void *ctx, struct batch *b, struct df_err *err)
{
	uint64_t *rows = ctx;
	struct json_object *batch = fuzz_json(b->json, b->json_len), *events = NULL;
	(void)err;
	FUZZ_CHECK(b->json_len <= BATCH_MAX_BYTES && b->n_events <= BATCH_MAX_EVENTS &&
		   b->n_rows > 0);
	size_t n = json_object_object_get_ex(batch, "events", &events)
		       ? json_object_array_length(events)
		       : 0;
	FUZZ_CHECK(n == b->n_events);
	*rows += b->n_rows;
	json_object_put(batch);
	batch_free(b);
	return DF_OK;
}

/* What is written is JSON, and a row that is good has no faulty cell. */
static void describe_row(struct map *m, const struct rows_row *row, struct map_routes *routes,
			 struct map_record *record)
{
	enum df_status st = map_describe_row(m, row->cells, row->n_cells, routes, record);
	for (size_t i = 0; i < routes->n; i++) {
		const struct map_route *r = &routes->v[i];
		FUZZ_CHECK(st == DF_REJECT || r->outcome != MAP_OUTCOME_FAULTY);
		FUZZ_CHECK((r->value != NULL) == (r->outcome == MAP_OUTCOME_WRITTEN ||
						  r->outcome == MAP_OUTCOME_DEFAULTED));
		if (r->value == NULL)
			continue;
		char *text = df_format("[%s]", r->value);
		json_object_put(fuzz_json(text, strlen(text)));
		free(text);
	}
}

static void read_rows(struct map *m, struct rows *r, const struct batch_settings *how)
{
	struct df_err err = {0};
	struct rows_row row;
	struct map_record record, watched;
	struct map_routes routes = {0};
	uint64_t sent = 0, good = 0;
	bool begun = false;
	enum df_status st = DF_OK;
	struct batch_maker *maker = batch_maker_new(how, take_batch, &sent);
	while (st == DF_OK && rows_next(r, &row, &err) == DF_OK) {
		if (row.fault != NULL)
			continue;
		if (!begun) {
			begun = true;
			st = map_is_header(m, row.cells, row.n_cells)
				 ? map_header(m, row.cells, row.n_cells, &err)
				 : map_no_header(m, row.cells, row.n_cells, &err);
			if (st != DF_OK)
				fuzz_error(st, &err, fuzz_header_codes);
			map_describe(m, &routes);
			FUZZ_CHECK(routes.n >= map_columns(m));
			if (st != DF_OK || map_has_header(m))
				continue;
		}
		struct batch_row where = {.number = row.number,
					  .line = row.line,
					  .offset = row.offset,
					  .length = row.length};
		describe_row(m, &row, &routes, &watched);
		if (fuzz_row(m, row.cells, row.n_cells, &record) != DF_OK ||
		    batch_record_too_large(how, &record))
			continue;
		good++;
		FUZZ_CHECK(batch_maker_add(maker, &record, &where, &err) == DF_OK);
	}
	FUZZ_CHECK(batch_maker_end(maker, &err) == DF_OK);
	FUZZ_CHECK(sent == good);
	map_routes_free(&routes);
	batch_maker_free(maker);
	fuzz_warnings(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_feed *feed = conf_feed_default("fuzz");
	struct map *m = NULL;
	struct rows *r = NULL;
	struct df_err err = {0};
	char *front = fuzz_front(&data, &size, '\n');
	char *type = front, *words = strchr(front, '|');
	if (words != NULL)
		*words++ = '\0';
	int fd = fuzz_file(data, size);
	if (words != NULL && !configure(feed, words))
		goto cleanup;
	enum df_status st = map_open(feed, type, &m, &err);
	if (st != DF_OK) {
		FUZZ_CHECK(st == DF_USAGE);
		fuzz_error(st, &err, fuzz_header_codes);
	} else if (rows_open(fd, 0, size, &r, &err) == DF_OK) {
		struct batch_settings how = {
		    .feed = "fuzz", .sha256 = "0", .document = "", .event_type = type};
		how.lanes = 2;
		how.window = 4096;
		how.historical = CONF_HIST_AUTO;
		how.begun_ms = 1768206600000;
		read_rows(m, r, &how);
	}
cleanup:
	rows_close(r);
	map_close(m);
	close(fd);
	free(front);
	conf_feed_free(feed);
	return 0;
}
