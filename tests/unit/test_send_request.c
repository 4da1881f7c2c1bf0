/* SPDX-License-Identifier: MIT */
/* Packing batches into a request, and splitting it. */
#include "send_asked.h"

static struct batch *new_sized(size_t len)
{
	char *json = df_alloc(len + 1);
	memset(json, 'x', len);
	struct batch *b = new_batch(json, 1, false);
	free(json);
	return b;
}

static size_t measure(struct send_queue *q, bool *full)
{
	size_t n = send_request_measure(&batch_form_events, q->head, full);
	send_queue_free(q);
	return n;
}

static void test_measure(void)
{
	struct send_queue q = {0};
	bool full = false;
	for (int i = 0; i < 99; i++)
		send_queue_push(&q, new_batch("{}", 0, false));
	CU_ASSERT_EQUAL(send_request_measure(&batch_form_events, q.head, &full), 99);
	CU_ASSERT_FALSE(full);
	send_queue_push(&q, new_batch("{}", 0, false));
	send_queue_push(&q, new_batch("{}", 0, false));
	CU_ASSERT_EQUAL(measure(&q, &full), 100);
	CU_ASSERT_TRUE(full);

	uint32_t events[] = {60, 40, 1};
	for (int i = 0; i < 3; i++)
		send_queue_push(&q, new_batch("{}", events[i], false));
	CU_ASSERT_EQUAL(measure(&q, &full), 2);
	CU_ASSERT_TRUE(full);

	/* "[" + a + "," + b + "]" is a + b + 3 */
	send_queue_push(&q, new_sized(128000));
	send_queue_push(&q, new_sized(127997));
	CU_ASSERT_EQUAL(measure(&q, &full), 2);
	send_queue_push(&q, new_sized(128000));
	send_queue_push(&q, new_sized(127998));
	CU_ASSERT_EQUAL(measure(&q, &full), 1);
	CU_ASSERT_TRUE(full);

	send_queue_push(&q, new_sized(300000));
	send_queue_push(&q, new_batch("{}", 1, false));
	CU_ASSERT_EQUAL(measure(&q, &full), 1);

	send_queue_push(&q, new_batch("{}", 1, true));
	send_queue_push(&q, new_batch("{}", 1, true));
	send_queue_push(&q, new_batch("{}", 1, false));
	CU_ASSERT_EQUAL(measure(&q, &full), 2);
	CU_ASSERT_TRUE(full);
}

#define PATH(i)                                                                                    \
	"{\"errors\":[{\"code\":\"BAD\",\"message\":\"Path &#39;[" #i                              \
	"].events[0]&#39;, line 1, position 1.\"}]}"

static void test_split_202(void)
{
	struct send_request r;
	request_new(&r, 5);
	expect_part(&r, "[\"a\",\"b\",\"c\",\"d\",\"e\"]");
	answered(&r, 202,
		 "{\"errors\":[{\"code\":\"BAD\",\"message\":\"Path "
		 "'[1].x'\"},{\"code\":\"BAD\",\"message\":\"Path '[2]'\"}]}");
	expect_part(&r, "[\"b\"]");
	answered(&r, 202, "");
	expect_part(&r, "[\"c\"]");
	answered(&r, 400,
		 "{\"errors\":[{\"code\":\"BAD\",\"message\":\"no "
		 "&lt;good&gt;\"},{\"code\":\"BAD\",\"message\":\"at all\"}]}");
	expect_part(&r, NULL);
	for (size_t i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(r.item[i].fate, i == 2 ? SEND_REJECTED : SEND_DELIVERED);
	CU_ASSERT_STRING_EQUAL(r.item[2].words, "no <good>; at all");
	request_end(&r);
}

static void test_split_400(void)
{
	/* Nothing of a 400 is accepted; the order stays. */
	struct send_request r;
	request_new(&r, 5);
	answered(&r, 400, PATH(1));
	expect_part(&r, "[\"a\"]");
	answered(&r, 202, "{}");
	expect_part(&r, "[\"b\"]");
	answered(&r, 400, PATH(0));
	CU_ASSERT_EQUAL(r.item[1].fate, SEND_REJECTED);
	expect_part(&r, "[\"c\",\"d\",\"e\"]");
	answered(&r, 202, "{\"errors\":[]}");
	expect_part(&r, NULL);
	request_end(&r);
}

static void test_halves(void)
{
	static const char *const nowhere[] = {
	    "{\"errors\":[{\"code\":\"BAD\",\"message\":\"Path '[7]'\"}]}",
	    "{\"errors\":[{\"code\":\"BAD\",\"message\":\"line 2, position 3\"}]}",
	    "{\"errors\":{\"code\":\"X\",\"message\":\"bad\"}}", "{\"errors\":\"something\"}",
	    "{\"errors\":[{\"code\":\"BAD\",\"message\":\"Path '', line 1\"}]}"};
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		struct send_request r;
		request_new(&r, 3);
		answered(&r, 400, nowhere[i]);
		expect_part(&r, "[\"a\"]");
		answered(&r, 202, "");
		expect_part(&r, "[\"b\",\"c\"]");
		answered(&r, 413, "");
		expect_part(&r, "[\"b\"]");
		answered(&r, 400, nowhere[i]);
		CU_ASSERT_EQUAL(r.item[1].fate, SEND_REJECTED);
		expect_part(&r, "[\"c\"]");
		answered(&r, 202, nowhere[i]);
		CU_ASSERT_EQUAL(r.item[2].fate, SEND_REJECTED);
		expect_part(&r, NULL);
		request_end(&r);
	}
}

static void test_mixed_location(void)
{
	/* One error has a place, the other none: then the rest of a 202 is not accepted either. */
	struct send_request r;
	request_new(&r, 3);
	answered(&r, 202,
		 "{\"errors\":[{\"code\":\"BAD\",\"message\":\"Path "
		 "'[1]'\"},{\"code\":\"BAD\",\"message\":\"somewhere\"}]}");
	expect_part(&r, "[\"a\"]");
	answered(&r, 202, "");
	expect_part(&r, "[\"b\"]");
	answered(&r, 202, "");
	expect_part(&r, "[\"c\"]");
	answered(&r, 202, "{\"errors\":[{\"code\":\"BAD\",\"message\":\"somewhere\"}]}");
	CU_ASSERT_EQUAL(r.item[2].fate, SEND_REJECTED);
	CU_ASSERT_STRING_EQUAL(r.item[2].words, "somewhere");
	request_end(&r);
}

static void test_repeated_location(void)
{
	/* Two errors in one batch, and one in a batch that was not sent. */
	struct send_request r;
	request_new(&r, 4);
	answered(&r, 202,
		 "{\"errors\":[{\"message\":\"Path '[2].a'\"},{\"message\":\"Path '[2].b'\"}]}");
	expect_part(&r, "[\"c\"]");
	answered(&r, 400,
		 "{\"errors\":[{\"code\":\"BAD\",\"message\":\"one\"},{\"code\":\"BAD\","
		 "\"message\":\"two\"}]}");
	CU_ASSERT_STRING_EQUAL(r.item[2].words, "one; two");
	expect_part(&r, NULL);
	request_end(&r);
	request_new(&r, 2);
	/* nothing of it is sure */
	answered(&r, 202, "{\"errors\":[{\"code\":\"BAD\",\"message\":\"Path '[999].a'\"}]}");
	expect_part(&r, "[\"a\"]");
	answered(&r, 202, "");
	expect_part(&r, "[\"b\"]");
	answered(&r, 202, "{}");
	expect_part(&r, NULL);
	CU_ASSERT(r.item[0].fate == SEND_DELIVERED && r.item[1].fate == SEND_DELIVERED);
	request_end(&r);
}

/* ---- what fails while others succeed ---- */

static void test_blame(void)
{
	struct send_request r;
	uint64_t others = 0;
	request_new(&r, 4);
	for (int i = 0; i < 100; i++) /* nobody ever succeeds: nobody knows whose fault it is */
		CU_ASSERT_EQUAL(send_request_blame(&r, others, "x"), SEND_BLAME_NONE);
	CU_ASSERT_EQUAL(send_request_blame(&r, ++others, "x"), SEND_BLAME_NONE);
	CU_ASSERT_EQUAL(send_request_blame(&r, ++others, "x"), SEND_BLAME_HALVED);
	expect_part(&r, "[\"a\",\"b\"]");
	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL(send_request_blame(&r, others, "x"), SEND_BLAME_NONE);
	CU_ASSERT_EQUAL(send_request_blame(&r, others, "x"), SEND_BLAME_HALVED);
	/* three of them count after a success, the others may be the API's */
	for (int i = 0; i < 200; i++)
		CU_ASSERT_EQUAL(send_request_blame(&r, others + (unsigned)i / 100, "HTTP 500"),
				SEND_BLAME_NONE);
	CU_ASSERT_EQUAL(r.item[0].fate, SEND_PENDING);
	CU_ASSERT_EQUAL(r.item[0].failures, 6);
	others += 2;
	CU_ASSERT_EQUAL(send_request_blame(&r, others, "HTTP 500"), SEND_BLAME_NONE);
	CU_ASSERT_EQUAL(send_request_blame(&r, others, "HTTP 500"), SEND_BLAME_SET_ASIDE);
	CU_ASSERT_EQUAL(r.item[0].fate, SEND_SET_ASIDE);
	CU_ASSERT_STRING_EQUAL(r.item[0].words, "HTTP 500");
	expect_part(&r, "[\"b\"]");
	answered(&r, 202, "");
	expect_part(&r, "[\"c\",\"d\"]"); /* which did nothing yet */
	CU_ASSERT_EQUAL(r.item[r.from].failures, 0);
	request_end(&r);
}

/* The part that goes instead of the current one, which failed. */
static void expect_pass(struct send_request *r, const char *body)
{
	send_request_pass(r);
	send_request_body(r);
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&r->body), body);
}

static void test_pass(void)
{
	struct send_request r;
	request_new(&r, 5);
	send_request_cut(&r, 1);
	expect_pass(&r, "[\"a\"]"); /* nobody knows whose they are: nothing passes */
	static const uint64_t users[] = {1, 2, 1, 2, 3};
	for (size_t i = 0; i < 5; i++)
		r.item[i].batch->user = users[i];
	expect_pass(&r, "[\"b\"]");
	expect_pass(&r, "[\"e\"]"); /* c is a's user's, d is b's */
	answered(&r, 202, "");
	expect_part(&r, "[\"a\"]");
	expect_pass(&r, "[\"b\"]");
	answered(&r, 202, "");
	expect_part(&r, "[\"a\"]");
	expect_pass(&r, "[\"d\"]"); /* b is through */
	expect_pass(&r, "[\"a\"]");
	CU_ASSERT_EQUAL(r.settled, 0);

	/* Of what is left only the failing one may go: more is taken from the queue. */
	struct send_queue q = {0};
	for (int i = 0; i < 2; i++)
		send_queue_push(&q, new_batch("\"f\"", 1, false));
	send_request_top_up(&r, &q);
	CU_ASSERT_EQUAL(q.n, 2); /* it did not fail yet */
	r.item[0].failures = 1;
	send_request_top_up(&r, &q);
	CU_ASSERT_EQUAL(q.n, 2); /* d may go */
	send_request_pass(&r);
	answered(&r, 202, "");
	send_request_part(&r);
	send_request_top_up(&r, &q);
	CU_ASSERT_EQUAL(q.n, 0);
	expect_part(&r, "[\"a\"]");
	r.item[5].batch->user = 4;
	expect_pass(&r, "[\"f\"]");
	request_end(&r);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"a request's three limits", test_measure},
	    {"202 with errors", test_split_202},
	    {"400 with errors", test_split_400},
	    {"halving", test_halves},
	    {"errors with and without a place", test_mixed_location},
	    {"errors in one batch, and in none", test_repeated_location},
	    {"what fails while others succeed", test_blame},
	    {"others pass what fails", test_pass},
	    CU_TEST_INFO_NULL,
	};
	return test_main("send_request", NULL, NULL, tests);
}