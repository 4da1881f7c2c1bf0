/* SPDX-License-Identifier: MIT */
#include "helper_map.h"

#include "../../src/map/map_row.h"

#include <json-c/json.h>

struct outcome got;
const struct conf_feed plain = {.name = "t"};
const struct conf_feed named = {.name = "t", .map.event_name = "n", .map.event_type = "other"};

struct conf_feed manifest_feed(const char *manifest)
{
	struct conf_feed feed = named;
	feed.map.manifest = df_strdup("m.json");
	feed.map.manifest_text = df_strdup(manifest);
	return feed;
}

void manifest_feed_free(struct conf_feed *feed)
{
	free(feed->map.manifest_text);
	free(feed->map.manifest);
}

/* One member more or less is a mistake that json-c sees. */
static void check_json(const char *fragment)
{
	char *text = df_format("{%s}", fragment);
	struct json_tokener *tok = json_tokener_new();
	/* json-c 0.18 is strict to a fault: it takes each byte above 0x7f for a control
	 * character. */
	int strict = json_c_version_num() >> 8 == 18 ? 0 : JSON_TOKENER_STRICT;
	json_tokener_set_flags(tok, strict | JSON_TOKENER_VALIDATE_UTF8);
	struct json_object *o = json_tokener_parse_ex(tok, text, (int)strlen(text));
	CU_ASSERT_PTR_NOT_NULL(o);
	if (o == NULL)
		printf("\n  not JSON: %s\n", text);
	CU_ASSERT_PTR_NULL(strchr(text, '\n'));
	json_object_put(o);
	json_tokener_free(tok);
	free(text);
}

static void take_error(const struct df_err *err)
{
	snprintf(got.code, sizeof(got.code), "%s", err->code);
	/* with its place in the manifest, or without */
	if (err->position != 0)
		df_err_render(err, got.text, sizeof(got.text));
	else
		snprintf(got.text, sizeof(got.text), "%s", err->text);
	snprintf(got.column, sizeof(got.column), "%s", err->column);
}

static void take_warnings(const struct map *m)
{
	const struct map_warning *w = NULL;
	size_t n = map_warnings(m, &w), at = strlen(got.warnings);
	for (size_t i = 0; i < n && at < sizeof(got.warnings); i++)
		at += (size_t)snprintf(got.warnings + at, sizeof(got.warnings) - at, "%s: %s\n",
				       w[i].code, w[i].text);
}

static void take_record(const struct map_record *r, enum df_status st)
{
	got.n_faults = r->n_faults;
	if (st != DF_OK && r->n_faults > 0) {
		snprintf(got.code, sizeof(got.code), "%s", r->faults[0].code);
		snprintf(got.text, sizeof(got.text), "%s", r->faults[0].text);
		snprintf(got.column, sizeof(got.column), "%s", r->faults[0].name);
		got.fault_column = r->faults[0].column;
		return;
	}
	snprintf(got.batch, sizeof(got.batch), "%.*s", (int)r->batch_len, r->batch);
	snprintf(got.data, sizeof(got.data), "%.*s", (int)r->data_len, r->data);
	snprintf(got.ids, sizeof(got.ids), "%.*s", (int)r->ids_len, r->ids);
	if (r->request_id != NULL)
		snprintf(got.request, sizeof(got.request), "%.*s", (int)r->request_id_len,
			 r->request_id);
	if (r->message_id != NULL)
		snprintf(got.message, sizeof(got.message), "%.*s", (int)r->message_id_len,
			 r->message_id);
	got.has_timestamp = r->has_timestamp;
	got.timestamp_ms = r->timestamp_ms;
}

static bool same_notes(const struct map *a, const struct map *b)
{
	const struct map_note *one = NULL, *other = NULL;
	size_t n = map_notes(a, &one), k = map_notes(b, &other);
	for (size_t i = 0; i < n && i < k; i++)
		if (one[i].what != other[i].what || one[i].n != other[i].n)
			return false;
	return n == k;
}

static bool is_simple(const struct rows_cell *cell)
{
	for (size_t i = 0; i < cell->len; i++)
		if (cell->p[i] < ' ' || cell->p[i] > '~' || strchr("\"\\", cell->p[i]) != NULL)
			return false;
	return true;
}

/* The row as a reader gives it. The bytes are the caller's. */
static char *read_row(const struct rows_cell *cells, size_t n, struct rows_row *row,
		      struct rows_cell *out)
{
	size_t len = 0;
	for (size_t i = 0; i < n; i++)
		len += cells[i].len + 1;
	char *bytes = calloc(1, len + ROWS_SPARE), *at = bytes;
	*row = (struct rows_row){.cells = out, .n_cells = n, .length = len};
	for (size_t i = 0; i < n; i++) {
		if (cells[i].len > 0)
			memcpy(at, cells[i].p, cells[i].len);
		out[i] = (struct rows_cell){at, cells[i].len};
		row->n_simple += row->n_simple == i && is_simple(&cells[i]);
		at += cells[i].len + 1;
	}
	return bytes;
}

static bool same_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

static void check_record(const struct map_record *some, const struct map_record *all,
			 enum map_want want)
{
	CU_ASSERT_EQUAL_FATAL(some->n_faults, all->n_faults);
	for (size_t k = 0; k < all->n_faults; k++) {
		CU_ASSERT_STRING_EQUAL(some->faults[k].code, all->faults[k].code);
		CU_ASSERT_STRING_EQUAL(some->faults[k].text, all->faults[k].text);
		CU_ASSERT_EQUAL(some->faults[k].column, all->faults[k].column);
	}
	if (want == MAP_WANT_VERDICT || got.status != DF_OK)
		return;
	CU_ASSERT(same_bytes(some->ids, some->ids_len, all->ids, all->ids_len));
	CU_ASSERT(same_bytes(some->batch, some->batch_len, all->batch, all->batch_len));
	CU_ASSERT_EQUAL(some->batch_tail, all->batch_tail);
	CU_ASSERT_EQUAL(some->data_len, all->data_len);
	CU_ASSERT(want == MAP_WANT_LENGTHS ||
		  same_bytes(some->data, some->data_len, all->data, all->data_len));
	CU_ASSERT_EQUAL(some->has_timestamp, all->has_timestamp);
	CU_ASSERT_EQUAL(some->timestamp_ms, all->timestamp_ms);
	CU_ASSERT_EQUAL(some->fold_from, all->fold_from);
	CU_ASSERT_EQUAL(some->fold_to, all->fold_to);
	CU_ASSERT_EQUAL(some->fold_items, all->fold_items);
	CU_ASSERT(same_bytes(some->request_id, some->request_id_len, all->request_id,
			     all->request_id_len));
	CU_ASSERT(same_bytes(some->message_id, some->message_id_len, all->message_id,
			     all->message_id_len));
}

static void nothing(struct map_watch *watch, const struct map_seen *seen)
{
	(void)watch;
	(void)seen;
}

enum way { BY_CELLS, AS_READ, WATCHED, WAYS };

/* Whoever wants less of a row's record gets the same of what is wanted, faults and warnings; and
 * so does whoever asks in another way, of which one is never the quick one. */
static void check_wants(const struct map *m, const struct rows_cell *cells, size_t n,
			const struct map_record *all)
{
	static const enum map_want wants[] = {MAP_WANT_ALL, MAP_WANT_LENGTHS, MAP_WANT_VERDICT};
	struct map_watch watch = {.op = nothing};
	struct rows_cell *copies = calloc(n + 1, sizeof(*copies));
	struct rows_row row;
	char *bytes = read_row(cells, n, &row, copies);
	for (size_t i = 0; i < 3 * (size_t)WAYS; i++) {
		enum map_want want = wants[i / WAYS];
		enum way way = (enum way)(i % WAYS);
		struct map_record some = {.data_len = 12345};
		struct df_err err = {0};
		struct map *clone = NULL;
		CU_ASSERT_EQUAL_FATAL(map_clone(m, &clone, &err), DF_OK);
		map_want(clone, want);
		/* what is done for rows of one kind begins with the third one */
		for (int round = 0; round < 3; round++) {
			map_notes_forget(clone);
			enum df_status st = way == BY_CELLS ? map_row(clone, cells, n, &some)
					    : way == AS_READ
						? map_row_read(clone, &row, &some)
						: map_row_watched(clone, cells, n, &some, &watch);
			CU_ASSERT_EQUAL(st, got.status);
			check_record(&some, all, want);
		}
		CU_ASSERT(same_notes(m, clone));
		map_close(clone);
	}
	free(bytes);
	free(copies);
}

void run_cells(const struct conf_feed *feed, const char *event, const struct rows_cell *names,
	       size_t n_names, const struct rows_cell *cells, size_t n_cells)
{
	struct map *m = NULL;
	struct df_err err = {0};
	struct map_record record = {0};
	memset(&got, 0, sizeof(got));
	got.status = map_open(feed, event, &m, &err);
	if (got.status == DF_OK)
		got.status = map_has_header(m) || (n_names > 0 && map_is_header(m, names, n_names))
				 ? map_header(m, names, n_names, &err)
				 : map_no_header(m, cells, n_cells, &err);
	take_error(&err);
	if (got.status == DF_OK && n_cells != SIZE_MAX) {
		got.status = map_row(m, cells, n_cells, &record);
		take_record(&record, got.status);
		if (CU_get_current_suite() != NULL) /* not when it is a filter */
			check_wants(m, cells, n_cells, &record);
	}
	if (m != NULL)
		take_warnings(m);
	map_close(m);
}

/* Cells apart by '|'. NULL: none at all. */
static size_t split(const char *line, struct rows_cell *cells)
{
	size_t n = 0;
	if (line == NULL)
		return SIZE_MAX;
	for (const char *p = line;; p++) {
		const char *end = strchr(p, '|');
		size_t len = end != NULL ? (size_t)(end - p) : strlen(p);
		cells[n++] = (struct rows_cell){p, len};
		if (end == NULL)
			return n;
		p = end;
	}
}

void run(const struct conf_feed *feed, const char *event, const char *header, const char *row)
{
	struct rows_cell names[MAX_CELLS] = {{0}}, cells[MAX_CELLS] = {{0}};
	size_t n = split(header, names), k = split(row, cells);
	run_cells(feed, event, names, n, cells, k);
	if (got.status == DF_OK && row != NULL) {
		check_json(got.batch);
		check_json(got.data);
		check_json(got.ids);
	}
}
