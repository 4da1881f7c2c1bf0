/* SPDX-License-Identifier: MIT */
/* Rows of all shapes, one after the other through one map, come to what each comes to alone. */
#include "test.h"

#include "../../src/map/map_row.h"

#define COLUMNS 17u
#define ROWS    4000

struct column {
	const char *name, *values[4];
};

static const struct column custom[] = {
    {"environment", {"development", "Production", "", "other"}},
    {"user_identities.customer_id", {"C-1", "C-\xc3\xa9", "", "unknown"}},
    {"user_identities.email", {"ada@example.com", "unused@example.com", "", "none@none.com"}},
    {"mpid", {"17", "18446744073709551615", "", "x"}},
    {"user_attributes.Tier", {"gold", "say \"so\"", "", "NULL"}},
    {"user_attributes.Empty", {"", "", "", "once"}},
    {"device_info.platform", {"web", "iOS", "", "android"}},
    {"device_info.ios_idfv", {"", "", "", "00000000-0000-4000-8000-000000000001"}},
    {"timestamp_unixtime_ms", {"1794012610001", "", "", "1"}},
    {"events.data.timestamp_unixtime_ms", {"1794012610000", "1794012610999", "", "17"}},
    {"events.data.event_name", {"Clicked", "Viewed", "", "x"}},
    {"events.data.custom_event_type", {"navigation", "Other", "", "wrong"}},
    {"events.data.session_uuid",
     {"00000000-0000-4000-8000-000000000000", "0002FD6C-0000-4000-8000-00000000000a", "", "x"}},
    {"events.data.custom_attributes.a", {"1", "\\N", "", "\t"}},
    {"events.data.custom_attributes.b", {"", "2", "", "3"}},
    {"events.data.location.latitude", {"1.50", "-2", "", "north"}},
    {"events.data.location.longitude", {"1.50", "7e-2", "", "east"}},
};

static const struct column commerce[] = {
    {"user_identities.customer_id", {"C-1", "C-2", "", "0"}},
    {"user_identities.other2", {"x1", "", "", "y"}},
    {"events.data.timestamp_unixtime_ms", {"1794012610000", "", "", "17"}},
    {"events.data.product_action.action", {"purchase", "refund", "purchase", ""}},
    {"events.data.product_action.transaction_id", {"T-1", "", "", "T\t2"}},
    {"events.data.product_action.products[0].id", {"p", "q\"", "", "r"}},
    {"events.data.product_action.products[0].price", {"1.90", "2", "", "dear"}},
    {"events.data.product_action.products[1].id", {"", "p2", "", "q2"}},
    {"events.data.product_action.products[1].custom_attributes.c", {"", "red", "", "blue"}},
    {"events.data.product_action.total_amount", {"3.80", "", "", "many"}},
    {"events.data.currency_code", {"EUR", "USD", "", "GBP"}},
};

static const struct column eventless[] = {
    {"mpid", {"17", "18", "", "x"}},
    {"timestamp_unixtime_ms", {"1794012610001", "1794012610002", "", "1"}},
    {"user_attributes.Tier", {"gold", "silver", "", "NULL"}},
};

static uint32_t seed;

static uint32_t roll(uint32_t sides)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 16) % sides;
}

/* Most rows are like the first one; some cells are empty, and few are odd. */
static size_t make_row(const struct column *columns, size_t n, char *bytes,
		       struct rows_cell cells[COLUMNS])
{
	static const unsigned char choices[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2};
	const bool odd = roll(8) == 0, even = roll(3) == 0;
	char *at = bytes;
	for (size_t i = 0; i < n; i++) {
		size_t choice = even ? 0 : choices[roll(sizeof(choices))];
		const char *value = columns[i].values[odd && roll(6) == 0 ? 3 : choice];
		cells[i] = (struct rows_cell){at, strlen(value)};
		memcpy(at, value, cells[i].len + 1);
		at += cells[i].len + 1;
	}
	return (size_t)(at - bytes);
}

static bool is_simple(const struct rows_cell *cell)
{
	for (size_t i = 0; i < cell->len; i++)
		if (cell->p[i] < ' ' || cell->p[i] > '~' || strchr("\"\\", cell->p[i]) != NULL)
			return false;
	return true;
}

static void nothing(struct map_watch *watch, const struct map_seen *seen)
{
	(void)watch;
	(void)seen;
}

static void check_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	CU_ASSERT_EQUAL_FATAL(a_len, b_len);
	CU_ASSERT(a_len == 0 || memcmp(a, b, a_len) == 0);
}

static void check_record(const struct map_record *a, const struct map_record *b, enum map_want want)
{
	check_bytes(a->ids, a->ids_len, b->ids, b->ids_len);
	check_bytes(a->batch, a->batch_len, b->batch, b->batch_len);
	CU_ASSERT_EQUAL(a->batch_tail, b->batch_tail);
	CU_ASSERT_EQUAL(a->data_len, b->data_len);
	if (want == MAP_WANT_ALL)
		check_bytes(a->data, a->data_len, b->data, b->data_len);
	CU_ASSERT_EQUAL(a->has_timestamp, b->has_timestamp);
	CU_ASSERT_EQUAL(a->timestamp_ms, b->timestamp_ms);
	CU_ASSERT_EQUAL(a->fold_from, b->fold_from);
	CU_ASSERT_EQUAL(a->fold_to, b->fold_to);
	CU_ASSERT_EQUAL(a->fold_items, b->fold_items);
}

static void open_map(const char *event, const struct column *columns, size_t n, struct map **out)
{
	static const struct conf_feed feed = {.name = "t",
					      .map.fold_products = true,
					      .map.event_name = "n",
					      .map.event_type = "other"};
	struct rows_cell names[COLUMNS];
	struct df_err err = {0};
	for (size_t i = 0; i < n; i++)
		names[i] = (struct rows_cell){columns[i].name, strlen(columns[i].name)};
	OK(map_open(&feed, event, out, &err));
	OK(map_header(*out, names, n, &err));
}

static int sound;

static void check_rows(const char *event, const struct column *columns, size_t n,
		       enum map_want want)
{
	static struct map_record quick, slow;
	struct map_watch watch = {.op = nothing};
	struct map *m = NULL, *other = NULL;
	open_map(event, columns, n, &m);
	open_map(event, columns, n, &other);
	map_want(m, want);
	for (int i = 0; i < ROWS; i++) {
		char bytes[1024 + ROWS_SPARE] = "";
		struct rows_cell cells[COLUMNS];
		struct rows_row row = {.cells = cells, .n_cells = n};
		row.length = make_row(columns, n, bytes, cells);
		while (row.n_simple < n && is_simple(&cells[row.n_simple]))
			row.n_simple++;
		enum df_status st = map_row_read(m, &row, &quick),
			       expected = map_row_watched(other, cells, n, &slow, &watch);
		CU_ASSERT_EQUAL_FATAL(st, expected);
		CU_ASSERT_EQUAL(quick.n_faults, slow.n_faults);
		sound += st == DF_OK;
		if (st == DF_OK && want != MAP_WANT_VERDICT)
			check_record(&quick, &slow, want);
	}
	map_close(m);
	map_close(other);
}

static void test_shapes(void)
{
	static const enum map_want wants[] = {MAP_WANT_ALL, MAP_WANT_LENGTHS, MAP_WANT_VERDICT};
	seed = 3;
	for (size_t i = 0; i < 3; i++) {
		sound = 0;
		check_rows("custom_event", custom, sizeof(custom) / sizeof(*custom), wants[i]);
		check_rows("commerce_event", commerce, sizeof(commerce) / sizeof(*commerce),
			   wants[i]);
		check_rows("eventless", eventless, sizeof(eventless) / sizeof(*eventless),
			   wants[i]);
		CU_ASSERT(sound > ROWS && sound < 3 * ROWS);
	}
}

int main(void)
{
	static const CU_TestInfo tests[] = {{"rows of many shapes", test_shapes},
					    CU_TEST_INFO_NULL};
	return test_main("map_shape", NULL, NULL, tests);
}
