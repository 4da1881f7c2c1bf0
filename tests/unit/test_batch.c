/* SPDX-License-Identifier: MIT */
/* Random documents against a slow model of the rule that anyone can check by eye, then the
 * corner cases one by one. */
#include "../../src/batch/batch_priv.h"

#include "test.h"

#include <json-c/json.h>
#include <malloc.h>
#include <xxhash.h>

#define DAY_MS   INT64_C(86400000)
#define BEGUN_MS INT64_C(1790000000000)

struct test_row {
	char ids[48], batch[128], data[64];
	const char *request_id;
	bool has_timestamp;
	int64_t timestamp_ms;
};

struct seen {
	struct batch *v[4096];
	size_t n;
};

static enum df_status on_batch(void *ctx, struct batch *b, struct df_err *err)
{
	(void)err;
	struct seen *s = ctx;
	CU_ASSERT_FATAL(s->n < 4096);
	if (b->counted) { /* it is gone afterwards */
		struct batch *own = malloc(sizeof(*own));
		*own = *b;
		own->counted = false;
		b = own;
	}
	s->v[s->n++] = b;
	return DF_OK;
}

static struct batch_settings settings(const char *event_type)
{
	return (struct batch_settings){.feed = "f",
				       .sha256 = "00",
				       .document = "",
				       .event_type = event_type,
				       .format = BATCH_FORMAT,
				       .lanes = 8,
				       .window = 64u << 20,
				       .begun_ms = BEGUN_MS};
}

static void make(const struct batch_settings *set, const struct test_row *rows, size_t n,
		 struct seen *out)
{
	struct df_err err = {0};
	out->n = 0;
	struct batch_maker *mk = batch_maker_new(set, on_batch, out);
	for (size_t i = 0; i < n; i++) {
		struct map_record r = {.ids = rows[i].ids,
				       .ids_len = strlen(rows[i].ids),
				       .batch = rows[i].batch,
				       .batch_len = strlen(rows[i].batch),
				       .data = rows[i].data,
				       .data_len = strlen(rows[i].data),
				       .has_timestamp = rows[i].has_timestamp,
				       .timestamp_ms = rows[i].timestamp_ms};
		if (rows[i].request_id != NULL) {
			r.request_id = rows[i].request_id;
			r.request_id_len = strlen(rows[i].request_id);
		}
		struct batch_row where = {.number = i + 1, .line = i + 2};
		CU_ASSERT_EQUAL(batch_maker_add(mk, &r, &where, &err), DF_OK);
	}
	CU_ASSERT_EQUAL(batch_maker_end(mk, &err), DF_OK);
	batch_maker_free(mk);
}

static void clear(struct seen *s)
{
	for (size_t i = 0; i < s->n; i++)
		batch_free(s->v[i]);
	s->n = 0;
}

static const char *text_of(const struct batch *b, const char *key)
{
	static char out[128];
	struct json_object *o = json_tokener_parse(b->json), *v = NULL;
	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	CU_ASSERT_FATAL(json_object_object_get_ex(o, key, &v));
	snprintf(out, sizeof(out), "%s", json_object_get_string(v));
	json_object_put(o);
	return out;
}

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

static void random_rows(struct test_row *rows, size_t n, unsigned users, unsigned kinds)
{
	for (size_t i = 0; i < n; i++) {
		unsigned user = (unsigned)rand() % users,
			 kind = (unsigned)rand() % 20 == 0 ? (unsigned)rand() % kinds : 0;
		memset(&rows[i], 0, sizeof(rows[i]));
		snprintf(rows[i].ids, sizeof(rows[i].ids), "\"mpid\":%u", user);
		snprintf(rows[i].batch, sizeof(rows[i].batch),
			 "\"mpid\":%u,\"user_attributes\":{\"k\":\"%u\"}", user, kind);
		snprintf(rows[i].data, sizeof(rows[i].data), "\"event_name\":\"e%zu\"", i);
	}
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

/* Ids depend on each of the names that make them. */
static void test_ids(void)
{
	static struct seen s;
	struct test_row row = {.ids = "\"mpid\":1", .batch = "\"mpid\":1"};
	struct batch_settings sets[4] = {settings("eventless"), settings("eventless"),
					 settings("eventless"), settings("eventless")};
	char ids[5][64];
	sets[1].feed = "g";
	sets[2].sha256 = "01";
	sets[3].document = "d";
	for (size_t i = 0; i < 5; i++) {
		make(&sets[i % 4], &row, 1, &s);
		snprintf(ids[i], sizeof(ids[i]), "%s", text_of(s.v[0], "source_request_id"));
		for (size_t k = 0; k < i && i < 4; k++)
			CU_ASSERT_STRING_NOT_EQUAL(ids[i], ids[k]);
		clear(&s);
	}
	CU_ASSERT_STRING_EQUAL(ids[0], ids[4]);
}

/* As libuuid makes them, by whatever hashes: one at a time, and with up to twenty others. */
static void id_names(batch_sha1_all sha1)
{
	struct batch_space space;
	uint64_t position = 0;
	static char before[20][BATCH_ID_LEN];
	batch_space_init(&space, "feed", "0123", "document");
	space.sha1 = sha1;
	for (size_t i = 0; i < 200; i++, position = i < 12    ? i
						    : i < 199 ? position * 5 / 4
							      : UINT64_MAX) {
		char name[32], ours[BATCH_ID_LEN + 1] = "", theirs[UUID_STR_LEN];
		uuid_t id;
		int n = snprintf(name, sizeof(name), "r%llu", (unsigned long long)position);
		uuid_generate_sha1(id, space.root, name, (size_t)n);
		uuid_unparse_lower(id, theirs);
		struct batch_id_maker ids;
		batch_id_begin(&ids, &space);
		memset(before, 0, sizeof(before));
		for (size_t k = 0; k < i % 21; k++)
			batch_id_row(&ids, position + 1, before[k]);
		batch_id_row(&ids, position, ours);
		batch_id_end(&ids);
		CU_ASSERT_STRING_EQUAL(ours, theirs);
		for (size_t k = 1; k < i % 21; k++)
			CU_ASSERT(memcmp(before[0], before[k], BATCH_ID_LEN) == 0);
	}
}

static void test_id_names(void)
{
	unsigned n = 0;
	for (; batch_sha1_variant(n) != NULL; n++)
		id_names(batch_sha1_variant(n));
	CU_ASSERT(n > 0 && batch_sha1_best() == batch_sha1_variant(n - 1));
	printf("%u variants of SHA-1 ", n);
}

/* The id of a batch as it is defined: worked out here from its JSON, by libuuid and the hash
 * alone. */
static void id_defined(const struct batch *b, const struct batch_settings *set,
		       char out[UUID_STR_LEN])
{
	struct batch_space space;
	uuid_t id;
	char name[64];
	XXH128_canonical_t hash;
	char *text = df_strdup(b->json);
	for (char *p = text; (p = strstr(p, "\"source_message_id\":\"")) != NULL;
	     p += 22 + BATCH_ID_LEN)
		memset(p + 21, ' ', BATCH_ID_LEN);
	const char *body = text + sizeof("{\"source_request_id\":\"") - 1 + BATCH_ID_LEN;
	XXH128_canonicalFromHash(&hash, XXH3_128bits(body, strlen(body)));
	size_t n = (size_t)snprintf(name, sizeof(name), "b%llu", (unsigned long long)b->position);
	memcpy(name + n, hash.digest, sizeof(hash.digest));
	batch_space_init(&space, set->feed, set->sha256, set->document);
	uuid_generate_sha1(id, space.root, name, n + sizeof(hash.digest));
	uuid_unparse_lower(id, out);
	free(text);
}

/* Other content never has an id that was used; the same content has the same. */
static void test_ids_hang_on_content(void)
{
	static struct test_row rows[250];
	static struct seen s, other, old;
	struct batch_settings set = settings("custom_event");
	char id[UUID_STR_LEN], message[64];
	random_rows(rows, 250, 10, 2);
	make(&set, rows, 250, &s);
	for (size_t i = 0; i < s.n; i++) {
		id_defined(s.v[i], &set, id);
		CU_ASSERT_STRING_EQUAL(text_of(s.v[i], "source_request_id"), id);
		CU_ASSERT_TRUE(s.v[i]->id_len == BATCH_ID_LEN &&
			       memcmp(s.v[i]->id, id, BATCH_ID_LEN) == 0);
	}
	/* another environment, say: every batch is another one, every row the same */
	for (size_t i = 0; i < 250; i++)
		strcat(rows[i].batch, ",\"environment\":\"production\"");
	make(&set, rows, 250, &other);
	set.format = BATCH_FORMAT_0_1;
	make(&set, rows, 250, &old);
	CU_ASSERT_EQUAL_FATAL(s.n, other.n);
	for (size_t i = 0; i < s.n; i++) {
		CU_ASSERT_NOT_EQUAL(memcmp(s.v[i]->id, other.v[i]->id, BATCH_ID_LEN), 0);
		const char *m = strstr(s.v[i]->json, "\"source_message_id\"");
		snprintf(message, sizeof(message), "%.*s", 22 + (int)BATCH_ID_LEN, m);
		CU_ASSERT_PTR_NOT_NULL(strstr(other.v[i]->json, message));
		CU_ASSERT_PTR_NULL(strstr(other.v[i]->json, "\"   "));
	}
	clear(&s);
	/* format 1: the position alone */
	for (size_t i = 0; i < 250; i++)
		*strstr(rows[i].batch, ",\"environment\"") = '\0';
	make(&set, rows, 250, &s);
	for (size_t i = 0; i < s.n; i++)
		CU_ASSERT_EQUAL(memcmp(s.v[i]->id, old.v[i]->id, BATCH_ID_LEN), 0);
	clear(&s);
	clear(&old);
	clear(&other);
}

/* These never change: they would come to the API as other rows. A change of what they are made
 * from is another BATCH_FORMAT. */
static void test_ids_stay(void)
{
	static struct seen s;
	struct test_row row = {
	    .ids = "\"mpid\":1", .batch = "\"mpid\":1", .data = "\"event_name\":\"e\""};
	struct batch_settings set = settings("custom_event");
	make(&set, &row, 1, &s);
	CU_ASSERT_STRING_EQUAL(text_of(s.v[0], "source_request_id"),
			       "63965033-66e2-5cfe-8a0c-716905a82387");
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(s.v[0]->json, "\"source_message_id\":\"4c6bc113-78e3-52ea-b4de-782b539d5d79\""));
	clear(&s);
	set.format = BATCH_FORMAT_0_1;
	make(&set, &row, 1, &s);
	CU_ASSERT_STRING_EQUAL(text_of(s.v[0], "source_request_id"),
			       "06849e98-cb54-5f27-917f-d030be38fcb7");
	clear(&s);
}

/* The file's own id serves one batch; further ones get another, or the API would drop them. */
static void test_own_ids(void)
{
	static struct test_row rows[250];
	static struct seen s;
	struct batch_settings set = settings("custom_event");
	random_rows(rows, 250, 1, 1);
	for (size_t i = 0; i < 250; i++)
		rows[i].request_id = "mine";
	make(&set, rows, 250, &s);
	CU_ASSERT_EQUAL_FATAL(s.n, 3);
	CU_ASSERT_STRING_EQUAL(text_of(s.v[0], "source_request_id"), "mine");
	CU_ASSERT_STRING_NOT_EQUAL(text_of(s.v[1], "source_request_id"), "mine");
	CU_ASSERT_PTR_NULL(strstr(s.v[2]->json, text_of(s.v[1], "source_request_id")));
	clear(&s);
}

/* More of them than are kept in memory: no id is forgotten, none is taken for another. */
static void test_many_own_ids(void)
{
	const char *tmp = getenv("TMPDIR");
	struct df_err err = {0};
	const uint64_t n = 30000;
	for (int in_file = 0; in_file < 2; in_file++) {
		struct batch_ids ids = {.scratch = in_file ? (tmp != NULL ? tmp : "/tmp") : NULL,
					.memory_bits = 12,
					.fd = -1};
		uint64_t wrong = 0;
		for (uint64_t i = 0; i < n + n / 2; i++) { /* the last third once more */
			char text[32];
			bool fresh = false;
			int len = snprintf(text, sizeof(text), "id-%llu",
					   (unsigned long long)(i < n ? i : i - n / 2));
			if (batch_ids_enter(&ids, batch_hash(text, (size_t)len), &fresh, &err) !=
				DF_OK ||
			    fresh != (i < n))
				wrong++;
			/* as long as they fit into memory, no file is asked */
			wrong += i < 3000 && ids.v == NULL;
		}
		CU_ASSERT_EQUAL(wrong, 0);
		CU_ASSERT_EQUAL(ids.n, n);
		CU_ASSERT_EQUAL(ids.v == NULL, in_file == 1);
		batch_ids_free(&ids);
	}
	struct batch_ids nowhere = {.scratch = "/nonexistent", .memory_bits = 12, .fd = -1};
	enum df_status st = DF_OK;
	bool fresh = false;
	for (uint64_t i = 1; i < 100000 && st == DF_OK; i++)
		st = batch_ids_enter(&nowhere, i * UINT64_C(0x9e3779b97f4a7c15), &fresh, &err);
	CU_ASSERT_NOT_EQUAL(st, DF_OK);
	CU_ASSERT_EQUAL(nowhere.n, 3072); /* three quarters of the slots */
	CU_ASSERT_TRUE(err.text[0] != '\0');
	batch_ids_free(&nowhere);
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

/* ---- folding: order lines of one order ---- */

struct fold_row {
	const char *ids, *data; /* data with its products between < and > */
	const char *message_id;
};

static void fold_rows(const struct fold_row *rows, size_t n, struct seen *out)
{
	struct batch_settings set = settings("commerce_event");
	struct df_err err = {0};
	set.fold_products = true;
	out->n = 0;
	struct batch_maker *mk = batch_maker_new(&set, on_batch, out);
	for (size_t i = 0; i < n; i++) {
		struct df_buf data = {0};
		struct map_record r = {.ids = rows[i].ids, .ids_len = strlen(rows[i].ids)};
		for (const char *p = rows[i].data; *p != '\0'; p++) {
			if (*p == '<')
				r.fold_from = data.len;
			else if (*p == '>')
				r.fold_to = data.len;
			else
				df_buf_addc(&data, *p);
		}
		r.fold_items = r.fold_to != 0;
		r.data = data.data;
		r.data_len = data.len;
		r.message_id = rows[i].message_id;
		r.message_id_len = r.message_id != NULL ? strlen(r.message_id) : 0;
		struct batch_row where = {.number = i + 1};
		CU_ASSERT_EQUAL(batch_maker_add(mk, &r, &where, &err), DF_OK);
		df_buf_free(&data);
	}
	CU_ASSERT_EQUAL(batch_maker_end(mk, &err), DF_OK);
	batch_maker_free(mk);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;
	for (const char *p = strstr(text, what); p != NULL; p = strstr(p + 1, what))
		n++;
	return n;
}

static void test_fold(void)
{
	static struct seen s;
	static const struct fold_row rows[] = {
	    {"u", "\"t\":1,\"p\":[<{\"id\":\"a\"}>],\"z\":1", NULL},
	    {"u", "\"t\":1,\"p\":[<{\"id\":\"b\"}>],\"z\":1", NULL},
	    {"u", "\"t\":1,\"p\":[<{\"id\":\"ccc\"}>],\"z\":1", NULL}, /* one event so far */
	    /* differs before the products */
	    {"u", "\"t\":2,\"p\":[<{\"id\":\"d\"}>],\"z\":1", NULL},
	    {"u", "\"t\":2,\"p\":[<{\"id\":\"e\"}>],\"z\":2", NULL}, /* differs after them */
	    {"v", "\"t\":2,\"p\":[<{\"id\":\"f\"}>],\"z\":2", NULL}, /* another user */
	    {"u", "\"t\":2,\"p\":[<{\"id\":\"g\"}>],\"z\":2", NULL}, /* no longer adjacent */
	    {"u", "\"t\":2,\"z\":2", NULL},                          /* no product */
	    {"u", "\"t\":2,\"z\":2", NULL},
	    {"u", "\"t\":3,\"p\":[<{\"id\":\"h\"}>]", "m1"},
	    {"u", "\"t\":3,\"p\":[<{\"id\":\"i\"}>]", "m1"},
	    {"u", "\"t\":3,\"p\":[<{\"id\":\"j\"}>]", "m2"}, /* an event of its own, says its id */
	};
	fold_rows(rows, sizeof(rows) / sizeof(rows[0]), &s);
	CU_ASSERT_EQUAL_FATAL(s.n, 2);
	CU_ASSERT_EQUAL(s.v[0]->n_events, 8);
	CU_ASSERT_EQUAL(s.v[0]->n_rows, 11);
	CU_ASSERT_EQUAL(s.v[1]->n_events, 1);
	CU_ASSERT_EQUAL(count(s.v[0]->json, "source_message_id"), 8);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(s.v[0]->json,
		   "\"t\":1,\"p\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"ccc\"}],\"z\":1}"));
	CU_ASSERT_PTR_NOT_NULL(strstr(s.v[0]->json, "[{\"id\":\"h\"},{\"id\":\"i\"}]"));
	clear(&s);
}

/* A hundred products an event; what goes beyond begins another one. */
static void test_fold_limit(void)
{
	static struct seen s;
	static struct fold_row rows[250];
	for (size_t i = 0; i < 250; i++)
		rows[i] = (struct fold_row){"u", "\"p\":[<{\"id\":\"a\"}>]", NULL};
	fold_rows(rows, 250, &s);
	CU_ASSERT_EQUAL_FATAL(s.n, 1);
	CU_ASSERT_EQUAL(s.v[0]->n_events, 3);
	CU_ASSERT_EQUAL(s.v[0]->n_rows, 250);
	CU_ASSERT_EQUAL(count(s.v[0]->json, "\"id\":\"a\""), 250);
	struct json_object *o = json_tokener_parse(s.v[0]->json);
	CU_ASSERT_PTR_NOT_NULL(o);
	json_object_put(o);
	clear(&s);
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

/* Lanes depend on it: the same for every version. */
static uint64_t hash_by_bytes(const unsigned char *p, size_t len)
{
	const uint64_t m = UINT64_C(0xc6a4a7935bd1e995);
	uint64_t h = len * m;
	for (size_t i = 0; i < len; i += 8) {
		uint64_t word = 0;
		for (size_t k = i; k < len && k < i + 8; k++)
			word |= (uint64_t)p[k] << (8 * (k - i));
		word *= m;
		h = (h ^ ((word ^ (word >> 47)) * m)) * m;
	}
	h = (h ^ (h >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ (h >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	h ^= h >> 33;
	return h != 0 ? h : 1;
}

static void test_hash(void)
{
	for (size_t len = 0; len < 70; len++) {
		unsigned char *bytes = calloc(len > 0 ? len : 1, 1); /* a read past the end shows */
		for (size_t i = 0; i < len; i++)
			bytes[i] = (unsigned char)(i * 37 + len * 11);
		CU_ASSERT_EQUAL(batch_hash((const char *)bytes, len), hash_by_bytes(bytes, len));
		free(bytes);
	}
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"random documents against the model", test_model},
	    {"a small window", test_window},
	    {"a window's edge", test_window_edge},
	    {"memory of a window", test_window_memory},
	    {"shape", test_shape},
	    {"ids", test_ids},
	    {"ids against libuuid", test_id_names},
	    {"many ids that the file brings", test_many_own_ids},
	    {"ids hang on content", test_ids_hang_on_content},
	    {"ids stay what they are", test_ids_stay},
	    {"ids that the file brings", test_own_ids},
	    {"historical routing", test_historical},
	    {"old and new rows of one user", test_historical_order},
	    {"bytes", test_bytes},
	    {"order lines of one order", test_fold},
	    {"products of one event", test_fold_limit},
	    {"the hash that lanes depend on", test_hash},
	    CU_TEST_INFO_NULL,
	};
	return test_main("batch", NULL, NULL, tests);
}
