/* SPDX-License-Identifier: MIT */
/*
 * The input's first line is a status, "400"; the rest is what the OpenDSR API answers to a request,
 * and to the question what became of it.
 */
#include "fuzz.h"

#include "../../src/send/send_opendsr.h"
#include "../../src/send/send_service.h"

static const char json[] = "{\"subject_request_id\":\"7d0c5e0a-2b1f-4c3d-8e4f-0123456789ab\"}";

static void request_make(struct send_request *r)
{
	struct send_queue q = {0};
	struct batch *b = df_alloc(sizeof(*b));
	b->json = df_strdup(json);
	b->json_len = strlen(json);
	b->id = b->json + strlen("{\"subject_request_id\":\"");
	b->id_len = 36;
	send_queue_push(&q, b);
	send_request_fill(r, &q, 1);
	FUZZ_CHECK(send_request_part(r));
	http_service_requests.body(r);
	FUZZ_CHECK(r->body.len == strlen(json));
}

static void check_text(const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;
	FUZZ_CHECK(text == NULL || df_utf8_valid(text, len) == len);
}

static void judge(struct send_request *r, const struct send_answer *a)
{
	struct send_verdict v = {0};
	http_service_requests.read(&v, r, a);
	FUZZ_CHECK(v.action != SEND_ACCEPT || a->status == 201 || a->status == 400 ||
		   a->status == 409);
	FUZZ_CHECK(v.action == SEND_ACCEPT || (!v.before && v.due == NULL));
	FUZZ_CHECK(v.action != SEND_SPLIT || (a->status == 400 && v.words != NULL));
	check_text(v.words);
	check_text(v.due);
	send_request_apply(r, &v);
	FUZZ_CHECK((r->item[0].fate == SEND_DELIVERED) == (v.action == SEND_ACCEPT));
	send_verdict_free(&v);
}

static void look(const struct send_answer *a)
{
	struct send_found found = {0};
	char *words = opendsr_read_words(a);
	bool any = opendsr_read_state(a, "7d0c5e0a-2b1f-4c3d-8e4f-0123456789ab", &found);
	FUZZ_CHECK(any == (found.state[0] != '\0'));
	check_text(words);
	free(words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct send_request *r = df_alloc(sizeof(*r));
	char *front = fuzz_front(&data, &size, '\n'), *body = df_alloc(size);
	if (size > 0)
		memcpy(body, data, size); /* of exactly that size: a body has no NUL after it */
	request_make(r);
	const struct send_answer a = {.status = strtol(front, NULL, 10), .body = body, .len = size};
	judge(r, &a);
	look(&a);
	send_request_clear(r);
	df_buf_free(&r->body);
	free(r);
	free(front);
	free(body);
	return 0;
}
