/* SPDX-License-Identifier: MIT */
/* Random documents against a slow model of the rule that anyone can check by eye, then the
 * corner cases one by one. */
#include "batch_fixture.h"

#include <malloc.h>

/* What the rule says of an unlimited window: a row joins its user's last batch when the
 * non-event columns are equal and there is room, else it begins a new one. Gives each row its
 * batch, in order of opening. */
static size_t model(const struct test_row *rows, size_t n, size_t *batch_of)
{
	size_t n_batches = 0, n_events[4096] = {0}, first[4096];
	for (size_t i = 0; i < n; i++) {
		size_t last = SIZE_MAX;
		for (size_t k = 0; k < i; k++)
			if (strcmp(rows[k].ids, rows[i].ids) == 0)
				last = batch_of[k];
		bool join = last != SIZE_MAX && n_events[last] < BATCH_MAX_EVENTS &&
			    strcmp(rows[first[last]].batch, rows[i].batch) == 0;
		if (!join) {
			last = n_batches++;
			first[last] = i;
		}
		batch_of[i] = last;
		n_events[last]++;
	}
	return n_batches;
}

static void check_against_model(const struct seen *s, const struct test_row *rows, size_t n)
{
	static size_t batch_of[4096], found[4096];
	size_t n_batches = model(rows, n, batch_of);
	uint64_t next_lane[8] = {0};
	bool in_order = true;
	CU_ASSERT_EQUAL(s->n, n_batches);
	memset(found, 0xff, sizeof(found));
	for (size_t i = 0; i < s->n; i++) {
		const struct batch *b = s->v[i];
		CU_ASSERT_EQUAL(b->position, i);
		CU_ASSERT_EQUAL(b->lane_position, next_lane[b->lane]++);
		CU_ASSERT_EQUAL(b->n_rows, b->n_events);
		CU_ASSERT(b->json_len <= BATCH_MAX_BYTES && b->n_events <= BATCH_MAX_EVENTS &&
			  b->n_events > 0);
		for (size_t k = 0; k < b->n_rows; k++) {
			size_t row = (size_t)b->rows[k].number - 1;
			CU_ASSERT_EQUAL(found[row], SIZE_MAX); /* each row once */
			found[row] = i;
			CU_ASSERT(k == 0 || b->rows[k].number > b->rows[k - 1].number);
			CU_ASSERT_EQUAL(batch_of[row], batch_of[b->rows[0].number - 1]);
		}
	}
	for (size_t i = 0; i < n; i++) {
		CU_ASSERT_NOT_EQUAL(found[i], SIZE_MAX);
		for (size_t k = 0; k < i; k++) { /* a user's rows keep their order, in one lane */
			if (strcmp(rows[i].ids, rows[k].ids) != 0)
				continue;
			in_order = in_order && found[k] <= found[i] &&
				   s->v[found[k]]->lane == s->v[found[i]]->lane;
		}
	}
	CU_ASSERT_TRUE(in_order);
}

static void test_model(void)
{
	static struct test_row rows[1500];
	static struct seen s, again;
	struct batch_settings set = settings("custom_event");
	for (unsigned round = 0; round < 30; round++) {
		srand(round);
		size_t n = 50 + (size_t)rand() % 1400;
		random_rows(rows, n, 1 + (unsigned)rand() % 40, 3);
		make(&set, rows, n, &s);
		check_against_model(&s, rows, n);
		make(&set, rows, n, &again);
		CU_ASSERT_EQUAL_FATAL(s.n, again.n);
		for (size_t i = 0; i < s.n; i++)
			CU_ASSERT_STRING_EQUAL(s.v[i]->json, again.v[i]->json);
		/* Counting closes the same batches at the same rows, or a preflight would
		 * promise others than are sent. */
		clear(&again);
		set.count_only = true;
		make(&set, rows, n, &again);
		set.count_only = false;
		CU_ASSERT_EQUAL_FATAL(s.n, again.n);
		for (size_t i = 0; i < s.n; i++)
			CU_ASSERT(s.v[i]->n_rows == again.v[i]->n_rows &&
				  s.v[i]->lane == again.v[i]->lane &&
				  s.v[i]->json_len == again.v[i]->json_len);
		clear(&s);
		clear(&again);
	}
}

/* A small window closes early, but loses nothing, mixes nothing and keeps the order. */
static void test_window(void)
{
	static struct test_row rows[1000];
	static struct seen s;
	struct batch_settings set = settings("custom_event");
	set.window = 4096;
	srand(1);
	random_rows(rows, 1000, 200, 2);
	make(&set, rows, 1000, &s);
	CU_ASSERT(s.n > 200);
	size_t total = 0;
	uint64_t last[200] = {0};
	for (size_t i = 0; i < s.n; i++) {
		total += s.v[i]->n_rows;
		for (size_t k = 0; k < s.v[i]->n_rows; k++) {
			uint64_t number = s.v[i]->rows[k].number;
			size_t user = strtoul(rows[number - 1].ids + 7, NULL, 10);
			CU_ASSERT(number > last[user]);
			last[user] = number;
		}
	}
	CU_ASSERT_EQUAL(total, 1000);
	clear(&s);
}

/* The batch's JSON as its rows say, but for the ids, which are taken from it. */
static void json_of(const struct batch *b, const struct test_row *rows, struct df_buf *out)
{
	df_buf_reset(out);
	df_buf_addf(out, "{\"source_request_id\":\"%.*s\",%s,\"events\":[", (int)b->id_len, b->id,
		    rows[b->rows[0].number - 1].batch);
	for (size_t k = 0; k < b->n_rows; k++) {
		df_buf_addf(out, "%s{\"data\":{\"source_message_id\":\"", k > 0 ? "," : "");
		if (out->len + BATCH_ID_LEN < b->json_len)
			df_buf_add(out, b->json + out->len, BATCH_ID_LEN);
		df_buf_addf(out, "\",%s},\"event_type\":\"custom_event\"}",
			    rows[b->rows[k].number - 1].data);
	}
	df_buf_adds(out, "]}");
}

/* Users of one event and of many, in members and events of any length, where memory is taken
 * again and again: each batch has what its rows have. */
static void test_contents(void)
{
	static struct test_row rows[3000];
	static struct seen s;
	struct df_buf wanted = {0};
	struct batch_settings set = settings("custom_event");
	size_t several = 0;
	for (unsigned round = 0; round < 20; round++) {
		srand(round);
		random_rows(rows, 3000, round % 2 == 0 ? 30 : 3000, 3);
		for (size_t i = 0; i < 3000; i++) {
			size_t len = (size_t)rand() % (sizeof(rows[i].data) - 16);
			snprintf(rows[i].data, sizeof(rows[i].data), "\"event_name\":\"%.*s\"",
				 (int)len, "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz");
			if (rand() % 10 == 0)
				strcat(rows[i].batch, ",\"environment\":\"development\"");
		}
		set.window = (uint64_t)2048 << round % 8;
		set.bundle = round % 3 == 0;
		make(&set, rows, 3000, &s);
		for (size_t i = 0; i < s.n; i++) {
			json_of(s.v[i], rows, &wanted);
			CU_ASSERT_STRING_EQUAL(s.v[i]->json, df_buf_cstr(&wanted));
			several += s.v[i]->n_rows > 1;
		}
		clear(&s);
	}
	CU_ASSERT(several > 1000);
	df_buf_free(&wanted);
}

/* What counts in the window is written down in batch.c, to the byte: the fourth user makes the
 * first one's batch close, or does not. */
static void test_window_edge(void)
{
	static struct seen s;
	static const char event[] =
	    "{\"data\":{\"source_message_id\":\"\",\"a\":1},\"event_type\":\"custom_event\"}";
	struct test_row rows[5] = {0};
	struct batch_settings set = settings("custom_event");
	size_t event_len = sizeof(event) - 1 + 36;
	for (size_t i = 0; i < 5; i++) {
		snprintf(rows[i].ids, sizeof(rows[i].ids), "\"mpid\":1%zu", i % 4);
		memcpy(rows[i].batch, rows[i].ids, sizeof(rows[i].ids));
		snprintf(rows[i].data, sizeof(rows[i].data), "\"a\":1");
	}
	size_t weight = 512 + 2 * strlen(rows[0].ids) + event_len + event_len / 2 + 48;
	set.window = 4 * weight;
	make(&set, rows, 5, &s);
	CU_ASSERT_EQUAL(s.n, 4);
	clear(&s);
	set.window = 4 * weight - 1;
	make(&set, rows, 5, &s);
	CU_ASSERT_EQUAL(s.n, 5);
	clear(&s);
}

static void test_shape(void)
{
	static struct seen s;
	struct test_row row = {.ids = "\"mpid\":1",
			       .batch = "\"environment\":\"production\",\"mpid\":1",
			       .data = "\"a\":1"};
	struct batch_settings set = settings("screen_view");
	make(&set, &row, 1, &s);
	CU_ASSERT_EQUAL_FATAL(s.n, 1);
	CU_ASSERT_STRING_EQUAL(text_of(s.v[0], "environment"), "production");
	CU_ASSERT_EQUAL(strlen(text_of(s.v[0], "source_request_id")), 36);
	CU_ASSERT_EQUAL(text_of(s.v[0], "source_request_id")[14], '5'); /* version */
	CU_ASSERT_PTR_NOT_NULL(strstr(s.v[0]->json, "\"a\":1},\"event_type\":\"screen_view\"}]}"));
	clear(&s);
	set.event_type = "eventless";
	make(&set, &row, 1, &s);
	CU_ASSERT_EQUAL_FATAL(s.n, 1);
	CU_ASSERT_PTR_NULL(strstr(s.v[0]->json, "events"));
	CU_ASSERT_EQUAL(s.v[0]->n_events, 0);
	clear(&s);
}

static void test_historical(void)
{
	static struct seen s;
	struct test_row rows[5];
	random_rows(rows, 5, 1, 1);
	int64_t ages[4] = {31 * DAY_MS, 30 * DAY_MS, 4 * DAY_MS, DAY_MS};
	for (size_t i = 0; i < 4; i++) {
		snprintf(rows[i].ids, sizeof(rows[i].ids), "\"mpid\":%zu", i);
		rows[i].has_timestamp = true;
		rows[i].timestamp_ms = BEGUN_MS - ages[i];
	}
	snprintf(rows[4].ids, sizeof(rows[4].ids), "\"mpid\":4"); /* no timestamp */
	static const struct {
		enum conf_historical mode;
		const char *event_type;
		bool expected[5];
	} cases[] = {
	    {CONF_HIST_AUTO, "custom_event", {true, false, false, false, false}},
	    {CONF_HIST_NEVER, "custom_event", {false, false, false, false, false}},
	    {CONF_HIST_ALWAYS, "custom_event", {true, true, true, false, false}},
	    {CONF_HIST_ALWAYS, "eventless", {false, false, false, false, false}},
	};
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct batch_settings set = settings(cases[c].event_type);
		set.historical = cases[c].mode;
		make(&set, rows, 5, &s);
		CU_ASSERT_EQUAL_FATAL(s.n, 5);
		for (size_t i = 0; i < 5; i++)
			CU_ASSERT_EQUAL(s.v[i]->historical, cases[c].expected[i]);
		clear(&s);
	}
}

/* Old and new events of one user go in two batches, in the order of the rows. */
static void test_historical_order(void)
{
	static struct test_row rows[3];
	static struct seen s;
	struct batch_settings set = settings("custom_event");
	random_rows(rows, 3, 1, 1);
	for (size_t i = 0; i < 3; i++) {
		rows[i].has_timestamp = true;
		rows[i].timestamp_ms = BEGUN_MS - (i == 1 ? 40 : 1) * DAY_MS;
	}
	make(&set, rows, 3, &s);
	CU_ASSERT_EQUAL_FATAL(s.n, 3);
	CU_ASSERT(!s.v[0]->historical && s.v[1]->historical && !s.v[2]->historical);
	clear(&s);
}

static void test_bytes(void)
{
	static struct seen s;
	char *big = df_alloc(BATCH_MAX_BYTES + 1);
	memset(big, 'x', BATCH_MAX_BYTES);
	struct batch_settings set = settings("custom_event");
	struct map_record rec = {
	    .ids = "1", .ids_len = 1, .data = big, .data_len = BATCH_MAX_BYTES - 300};
	CU_ASSERT_FALSE(batch_record_too_large(&set, &rec));
	rec.data_len = BATCH_MAX_BYTES;
	CU_ASSERT_TRUE(batch_record_too_large(&set, &rec));
	/* 40,000 bytes an event: three fit. */
	struct df_err err = {0};
	struct batch_maker *mk = batch_maker_new(&set, on_batch, &s);
	rec.data_len = 40000;
	for (size_t i = 0; i < 7; i++) {
		struct batch_row where = {.number = i + 1};
		CU_ASSERT_EQUAL(batch_maker_add(mk, &rec, &where, &err), DF_OK);
	}
	CU_ASSERT_EQUAL(batch_maker_end(mk, &err), DF_OK);
	batch_maker_free(mk);
	CU_ASSERT_EQUAL_FATAL(s.n, 3);
	for (size_t i = 0; i < s.n; i++) {
		CU_ASSERT(s.v[i]->json_len <= BATCH_MAX_BYTES);
		CU_ASSERT_EQUAL(s.v[i]->n_events, i < 2 ? 3 : 1);
	}
	clear(&s);
	free(big);
}

static enum df_status on_batch_gone(void *ctx, struct batch *b, struct df_err *err)
{
	(void)ctx, (void)err;
	batch_free(b);
	return DF_OK;
}

/* Bytes that malloc has from the system, with the holes between pieces; 0 where it does not say,
 * as under the sanitizers. */
static size_t heap(void)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
	const struct mallinfo2 now = mallinfo2();
	return now.uordblks > 0 ? now.arena + now.hblkhd : 0;
#else
	return 0;
#endif
}

/* Many users of one event each, of lengths that differ: what open batches take, when others
 * have taken their memory many times, is less than what the window says. */
static void test_window_memory(void)
{
	static char batch[200], data[300];
	struct df_err err = {0};
	struct batch_settings set = settings("custom_event");
	size_t before = heap();
	memset(batch, 'b', sizeof(batch));
	memset(data, 'd', sizeof(data));
	set.window = 16u << 20;
	struct batch_maker *mk = batch_maker_new(&set, on_batch_gone, NULL);
	for (uint64_t i = 0; i < 100000; i++) {
		char ids[32];
		int len = snprintf(ids, sizeof(ids), "user %llu", (unsigned long long)i);
		const struct map_record r = {.ids = ids,
					     .ids_len = (size_t)len,
					     .batch = batch,
					     .batch_len = sizeof(batch),
					     .data = data,
					     .data_len = 200 + i * 7919 % 100};
		const struct batch_row where = {.number = i + 1, .line = i + 2};
		CU_ASSERT_EQUAL_FATAL(batch_maker_add(mk, &r, &where, &err), DF_OK);
	}
	size_t after = heap();
	CU_ASSERT(after <= before + set.window * 9 / 10);
	if (after > before + set.window * 9 / 10)
		printf("\n  %zu bytes for a window of %llu\n", after - before,
		       (unsigned long long)set.window);
	CU_ASSERT_EQUAL(batch_maker_end(mk, &err), DF_OK);
	batch_maker_free(mk);
}

/* A sink may know users by one of their ids alone: the others may differ from row to row. */
static void test_known_user(void)
{
	static struct seen got;
	static const struct test_row rows[] = {
	    {.ids = "\"customer_id\":\"C-1\",\"email\":\"a@b.de\"", .batch = "\"a\":1"},
	    {.ids = "\"customer_id\":\"C-2\"", .batch = "\"a\":2"},
	    {.ids = "\"customer_id\":\"C-1\"", .batch = "\"a\":3"},
	    {.ids = "\"customer_id\":\"C-1\",\"email\":\"c@b.de\"", .batch = "\"a\":1"}};
	struct conf_feed *feed = conf_feed_default("f");
	struct batch_form form = batch_form_audience;
	struct batch_settings set = settings("custom_event");
	form.convert = NULL; /* batches are seen as they are made */
	set.form = &form;
	set.options = feed;
	make(&set, rows, 4, &got);
	CU_ASSERT_EQUAL_FATAL(got.n, 2);
	CU_ASSERT_EQUAL_FATAL(got.v[0]->n_rows, 3);
	CU_ASSERT_EQUAL(got.v[0]->rows[2].number, 4);
	clear(&got);

	form = batch_form_braze;
	form.convert = NULL;
	make(&set, rows, 4, &got);
	CU_ASSERT_EQUAL_FATAL(got.n, 4);
	static const uint64_t order[] = {1, 3, 2, 4}; /* each other members than the one before */
	for (size_t i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(got.v[i]->rows[0].number, order[i]);
	CU_ASSERT(got.v[1]->user == got.v[0]->user && got.v[3]->user == got.v[0]->user);
	CU_ASSERT(got.v[1]->lane == got.v[0]->lane && got.v[3]->lane == got.v[0]->lane);
	CU_ASSERT(got.v[2]->user != got.v[0]->user);
	clear(&got);
	conf_feed_free(feed);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"random documents against the model", test_model},
	    {"a small window", test_window},
	    {"a window's edge", test_window_edge},
	    {"what batches hold", test_contents},
	    {"memory of a window", test_window_memory},
	    {"shape", test_shape},
	    {"historical routing", test_historical},
	    {"old and new rows of one user", test_historical_order},
	    {"bytes", test_bytes},
	    {"a user who is known by one id", test_known_user},
	    CU_TEST_INFO_NULL,
	};
	return test_main("batch", NULL, NULL, tests);
}
