/* SPDX-License-Identifier: MIT */
/*
 * send_asked.h - a request of a few batches, and what becomes of it with an answer
 */
#ifndef SEND_ASKED_H
#define SEND_ASKED_H

#include "../../src/send/send_request.h"
#include "../../src/send/send_verdict.h"

#include "test.h"

TEST_UNUSED static struct batch *new_batch(const char *json, uint32_t events, bool historical)
{
	struct batch *b = df_alloc(sizeof(*b));
	*b = (struct batch){.json = df_strdup(json),
			    .json_len = strlen(json),
			    .n_events = events,
			    .historical = historical};
	return b;
}

/* A request of n batches named a, b, c... */
TEST_UNUSED static void request_new(struct send_request *r, size_t n)
{
	struct send_queue q = {0};
	*r = (struct send_request){0};
	for (size_t i = 0; i < n; i++) {
		char json[] = {'"', (char)('a' + i), '"', '\0'};
		send_queue_push(&q, new_batch(json, 1, false));
	}
	send_request_fill(r, &q, n);
	CU_ASSERT_TRUE(send_request_part(r));
}

TEST_UNUSED static void request_end(struct send_request *r)
{
	send_request_clear(r);
	df_buf_free(&r->body);
}

TEST_UNUSED static void read_body(struct send_verdict *v, const struct send_request *r, long status,
				  const char *body)
{
	const struct send_answer a = {.status = status, .body = body, .len = strlen(body)};
	send_verdict_read(v, r, &a);
}

TEST_UNUSED static void answered(struct send_request *r, long status, const char *body)
{
	struct send_verdict v;
	read_body(&v, r, status, body);
	send_request_apply(r, &v);
	send_verdict_free(&v);
}

/* The next part's body is this one; NULL: nothing is pending. */
TEST_UNUSED static void expect_part(struct send_request *r, const char *body)
{
	bool more = send_request_part(r);
	CU_ASSERT_EQUAL(more, body != NULL);
	if (!more || body == NULL)
		return;
	send_request_body(r);
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&r->body), body);
}

#endif
