/* SPDX-License-Identifier: MIT */
/*
 * "map\n" and a batch: it is mapped, however little it is one. Else the first line is a status and
 * a number of batches, "400 5"; the rest is what Braze answers, to each request, until every
 * object is settled.
 */
#include "fuzz.h"

#include "../../src/send/send_objects.h"
#include "../../src/send/send_service.h"

#include "dropfeed/braze.h"

#define OBJECTS 3

static void map_it(const char *json, size_t len)
{
	struct conf_feed *feed = conf_feed_default("f");
	struct braze_fault fault = {0};
	feed->braze.screen_views = CONF_BRAZE_SCREENS_NAME;
	feed->braze.session_events = true;
	for (int truncate = 0; truncate < 2; truncate++) {
		struct braze_objects o = {0};
		const struct braze b = {.set = &feed->braze, .truncate = truncate == 1};
		braze_map(&b, json, len, &o, &fault);
		for (size_t i = 0; i < o.n; i++)
			FUZZ_CHECK(o.v[i].from + o.v[i].len <= o.text.len);
		FUZZ_CHECK(df_utf8_valid(fault.text, strlen(fault.text)) == strlen(fault.text));
		braze_objects_free(&o);
	}
	conf_feed_free(feed);
}

/* The user's attributes, an event and a purchase. */
static struct batch *batch_make(void)
{
	static const char *const texts[OBJECTS] = {"{\"external_id\":\"C\"}", "{\"name\":\"N\"}",
						   "{\"product_id\":\"P\"}"};
	struct df_buf json = {0};
	struct batch *b = df_alloc(sizeof(*b));
	b->objects = df_alloc(OBJECTS * sizeof(*b->objects));
	b->rows = df_alloc(sizeof(*b->rows));
	b->n_objects = b->n_events = OBJECTS;
	b->n_rows = 1;
	for (uint32_t i = 0; i < OBJECTS; i++) {
		b->objects[i] = (struct batch_object){.event = i == 0 ? BATCH_NO_EVENT : 0,
						      .array = i,
						      .once = i > 0,
						      .from = json.len,
						      .len = strlen(texts[i])};
		df_buf_adds(&json, texts[i]);
	}
	df_buf_cstr(&json);
	b->json = json.data;
	b->json_len = json.len;
	return b;
}

static void check_faults(const struct send_verdict *v, const struct send_request *r)
{
	for (size_t i = 0; i < v->n_faults; i++) {
		const struct send_fault *f = &v->faults[i];
		FUZZ_CHECK(f->item >= r->from && f->item < r->to && f->object < OBJECTS);
		FUZZ_CHECK(r->item[f->item].objects[f->object].state == SEND_OBJECT_WIRE);
		FUZZ_CHECK(df_utf8_valid(f->words, strlen(f->words)) == strlen(f->words));
	}
	FUZZ_CHECK(v->n_faults == 0 || v->action == SEND_ACCEPT || v->action == SEND_SPLIT);
}

static void answer(struct send_request *r, const struct send_answer *a)
{
	size_t asked = 0;
	while (send_request_part(r)) {
		struct send_verdict v = {0};
		send_objects_wire(r, &batch_form_braze);
		http_service_braze.body(r);
		FUZZ_CHECK(asked++ < OBJECTS * 2 * r->n); /* each settles something or splits */
		http_service_braze.read(&v, r, a);
		check_faults(&v, r);
		bool more =
		    v.action == SEND_ACCEPT || v.action == SEND_SPLIT || v.action == SEND_HALVE;
		if (more)
			send_request_apply(r, &v);
		else
			send_objects_back(r, !v.lost);
		send_verdict_free(&v);
		if (!more)
			return;
	}
	for (size_t i = 0; i < r->n; i++) {
		size_t n = 0;
		struct send_reject *rejects = send_objects_rejects(&r->item[i], "api-rejected", &n);
		FUZZ_CHECK(n <= 1 && (n == 0 || rejects[0].message != NULL));
		free(rejects);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct send_request *r = df_alloc(sizeof(*r));
	char *front = fuzz_front(&data, &size, '\n'), *body = df_alloc(size), *rest = front;
	if (size > 0)
		memcpy(body, data, size); /* of exactly that size: a body has no NUL after it */
	if (strcmp(front, "map") == 0) {
		map_it(body, size);
	} else {
		long status = strtol(rest, &rest, 10), n = strtol(rest, &rest, 10);
		struct send_queue q = {0};
		n = n < 1 || n > BRAZE_MAX_OBJECTS / OBJECTS ? 3 : n;
		for (long i = 0; i < n; i++)
			send_queue_push(&q, batch_make());
		send_request_fill(r, &q, (size_t)n);
		struct send_answer a = {.status = status,
					.body = body,
					.len = size,
					.cut = strstr(rest, "cut") != NULL,
					.proven = strstr(rest, "proven") != NULL};
		answer(r, &a);
	}
	send_request_clear(r);
	df_buf_free(&r->body);
	free(r);
	free(front);
	free(body);
	return 0;
}
