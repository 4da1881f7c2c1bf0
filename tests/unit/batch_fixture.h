/* SPDX-License-Identifier: MIT */
/* batch_fixture.h - rows of a test, and the batches that are made of them */
#ifndef BATCH_FIXTURE_H
#define BATCH_FIXTURE_H

#include "../../src/batch/batch_priv.h"

#include "test.h"

#include <json-c/json.h>

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

static inline enum df_status on_batch(void *ctx, struct batch *b, struct df_err *err)
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

static inline struct batch_settings settings(const char *event_type)
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

static inline void make(const struct batch_settings *set, const struct test_row *rows, size_t n,
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

static inline void clear(struct seen *s)
{
	for (size_t i = 0; i < s->n; i++)
		batch_free(s->v[i]);
	s->n = 0;
}

static inline const char *text_of(const struct batch *b, const char *key)
{
	static char out[128];
	struct json_object *o = json_tokener_parse(b->json), *v = NULL;
	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	CU_ASSERT_FATAL(json_object_object_get_ex(o, key, &v));
	snprintf(out, sizeof(out), "%s", json_object_get_string(v));
	json_object_put(o);
	return out;
}

static inline void random_rows(struct test_row *rows, size_t n, unsigned users, unsigned kinds)
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

#endif
