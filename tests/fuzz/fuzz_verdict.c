/* SPDX-License-Identifier: MIT */
/*
 * The input's first line is a status and a number of batches, "400 5", and perhaps the word "cut";
 * the rest is what the API answers, to each part of the request, until every batch is settled.
 */
#include "fuzz.h"

#include "../../src/send/send_request.h"
#include "../../src/send/send_verdict.h"

static void request_make(struct send_request *r, size_t n)
{
	static const char *const texts[] = {"{\"events\":[]}", "{\"mpid\":1}",
					    "{\"user_attributes\":{\"a\":\"\xc3\xa9\"}}",
					    "{\"b\":\"\xf0\x9f\x8e\x81\"}"};
	struct send_queue q = {0};
	for (size_t i = 0; i < n; i++) {
		struct batch *b = df_alloc(sizeof(*b));
		b->json = df_strdup(texts[i % 4]);
		b->json_len = strlen(b->json);
		send_queue_push(&q, b);
	}
	send_request_fill(r, &q, n);
}

static void check_verdict(const struct send_verdict *v, const struct send_request *r)
{
	size_t located = 0;
	for (size_t i = 0; i < REQUEST_MAX_BATCHES; i++) {
		FUZZ_CHECK(!v->located[i] || i < r->to - r->from);
		located += v->located[i];
	}
	FUZZ_CHECK(located == v->n_located);
	FUZZ_CHECK(v->action == SEND_SPLIT || (located == 0 && !v->rest_stands));
	FUZZ_CHECK(v->action != SEND_SPLIT || v->words != NULL);
	if (v->words != NULL) {
		size_t len = strlen(v->words);
		FUZZ_CHECK(len > 0 && len <= 4000 && df_utf8_valid(v->words, len) == len);
	}
}

static bool settles(const struct send_verdict *v)
{
	return v->action == SEND_ACCEPT || v->action == SEND_SPLIT || v->action == SEND_HALVE;
}

static void answer(struct send_request *r, const struct send_answer *a)
{
	size_t asked = 0;
	while (send_request_part(r)) {
		struct send_verdict v;
		send_request_body(r);
		FUZZ_CHECK(asked++ < 2 * r->n); /* each answer settles a part or splits it */
		send_verdict_read(&v, r, a);
		check_verdict(&v, r);
		bool more = settles(&v);
		if (more)
			send_request_apply(r, &v);
		send_verdict_free(&v);
		if (!more)
			return;
	}
	for (size_t i = 0; i < r->n; i++)
		FUZZ_CHECK((r->item[i].fate == SEND_REJECTED) == (r->item[i].words != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct send_request *r = df_alloc(sizeof(*r));
	char *front = fuzz_front(&data, &size, '\n'), *body = df_alloc(size);
	char *rest = front;
	long status = strtol(rest, &rest, 10), n = strtol(rest, &rest, 10);
	if (n < 1 || n > (long)REQUEST_MAX_BATCHES)
		n = 3;
	if (size > 0)
		memcpy(body, data, size); /* of exactly that size: a body has no NUL after it */
	request_make(r, (size_t)n);
	struct send_answer a = {.status = status,
				.body = body,
				.len = size,
				.cut = strstr(rest, "cut") != NULL,
				.proven = strstr(rest, "proven") != NULL};
	answer(r, &a);
	send_request_clear(r);
	df_buf_free(&r->body);
	free(r);
	free(front);
	free(body);
	return 0;
}
