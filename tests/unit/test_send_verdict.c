/* SPDX-License-Identifier: MIT */
/* Packing, splitting, and what answers mean. */
#include "../../src/send/send_priv.h"

#include <CUnit/Basic.h>
#include <stdlib.h>

__attribute__((weak)) void batch_free(struct batch *b)
{
	if (b == NULL)
		return;
	free(b->json);
	free(b->rows);
	free(b);
}

static struct batch *new_batch(const char *json, uint32_t events, bool historical)
{
	struct batch *b = df_alloc(sizeof(*b));
	*b = (struct batch){
	    .json = df_strdup(json), .json_len = strlen(json), .n_events = events, .historical = historical};
	return b;
}

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
	size_t n = send_request_measure(q->head, full);
	send_queue_free(q);
	return n;
}

static void test_measure(void)
{
	struct send_queue q = {0};
	bool full = false;
	for (int i = 0; i < 99; i++)
		send_queue_push(&q, new_batch("{}", 0, false));
	CU_ASSERT_EQUAL(send_request_measure(q.head, &full), 99);
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

/* A request of n batches named a, b, c... */
static void request_new(struct send_request *r, size_t n)
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

static void request_end(struct send_request *r)
{
	send_request_clear(r);
	df_buf_free(&r->body);
}

static void answered(struct send_request *r, long status, const char *body)
{
	struct send_verdict v;
	send_verdict_read(&v, r, status, body, strlen(body), false);
	send_request_apply(r, &v);
	send_verdict_free(&v);
}

/* The next part's body is this one; NULL: nothing is pending. */
static void expect_part(struct send_request *r, const char *body)
{
	bool more = send_request_part(r);
	CU_ASSERT_EQUAL(more, body != NULL);
	if (!more || body == NULL)
		return;
	send_request_body(r);
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&r->body), body);
}

#define PATH(i)                                                                                                        \
	"{\"errors\":[{\"code\":\"BAD\",\"message\":\"Path &#39;[" #i "].events[0]&#39;, line 1, position 1.\"}]}"

static void test_split_202(void)
{
	struct send_request r;
	request_new(&r, 5);
	expect_part(&r, "[\"a\",\"b\",\"c\",\"d\",\"e\"]");
	answered(&r, 202, "{\"errors\":[{\"message\":\"Path '[1].x'\"},{\"message\":\"Path '[2]'\"}]}");
	expect_part(&r, "[\"b\"]");
	answered(&r, 202, "");
	expect_part(&r, "[\"c\"]");
	answered(&r, 400, "{\"errors\":[{\"message\":\"no &lt;good&gt;\"},{\"message\":\"at all\"}]}");
	expect_part(&r, NULL);
	for (size_t i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(r.item[i].fate, i == 2 ? SEND_REJECTED : SEND_DELIVERED);
	CU_ASSERT_STRING_EQUAL(r.item[2].words, "no <good>; at all");
	request_end(&r);
}

static void test_split_400(void)
{
	/* Nothing of a 400 stands; the order stays. */
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
	static const char *const nowhere[] = {"",
					      "plain",
					      "{\"errors\":[]}",
					      "{\"errors\":[{\"message\":\"Path '[7]'\"}]}",
					      "{\"errors\":[{\"message\":\"line 2, position 3\"}]}",
					      "{\"errors\":{}}",
					      "{\"errors\":[null]}",
					      "[1",
					      "{\"errors\":[{\"message\":\"Path '', line 1\"}]}"};
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		struct send_request r;
		request_new(&r, 3);
		answered(&r, 400, nowhere[i]);
		expect_part(&r, "[\"a\"]");
		answered(&r, 202, "");
		expect_part(&r, "[\"b\",\"c\"]");
		answered(&r, 413, "");
		expect_part(&r, "[\"b\"]");
		answered(&r, 404, nowhere[i]);
		CU_ASSERT_EQUAL(r.item[1].fate, SEND_REJECTED);
		expect_part(&r, "[\"c\"]");
		answered(&r, 413, "");
		CU_ASSERT_EQUAL(r.item[2].fate, SEND_REJECTED);
		expect_part(&r, NULL);
		request_end(&r);
	}
}

static void test_mixed_location(void)
{
	/* One error has a place, the other none: then the rest of a 202 does not stand either. */
	struct send_request r;
	request_new(&r, 3);
	answered(&r, 202, "{\"errors\":[{\"message\":\"Path '[1]'\"},{\"message\":\"somewhere\"}]}");
	expect_part(&r, "[\"a\"]");
	answered(&r, 202, "");
	expect_part(&r, "[\"b\"]");
	answered(&r, 202, "");
	expect_part(&r, "[\"c\"]");
	answered(&r, 202, "{\"errors\":[{\"message\":\"somewhere\"}]}");
	CU_ASSERT_EQUAL(r.item[2].fate, SEND_REJECTED);
	CU_ASSERT_STRING_EQUAL(r.item[2].words, "somewhere");
	request_end(&r);
}

static bool located_by(struct send_request *r, const char *message, size_t which)
{
	char *body = df_format("{\"errors\":[{\"message\":\"%s\"}]}", message);
	struct send_verdict v;
	send_verdict_read(&v, r, 400, body, strlen(body), false);
	bool is = v.n_located == 1 && v.located[which];
	send_verdict_free(&v);
	free(body);
	return is;
}

static void test_positions(void)
{
	/* [{"é":1},{"😀":2},{}]: units 1, 2-8, 9 comma, 10-17, 18 comma, 19-20, 21 */
	struct send_queue q = {0};
	struct send_request r = {0};
	send_queue_push(&q, new_batch("{\"\xc3\xa9\":1}", 1, false));
	send_queue_push(&q, new_batch("{\"\xf0\x9f\x98\x80\":2}", 1, false));
	send_queue_push(&q, new_batch("{}", 0, false));
	send_request_fill(&r, &q, 3);
	send_request_part(&r);
	CU_ASSERT_TRUE(located_by(&r, "line 1, position 1.", 0));
	CU_ASSERT_TRUE(located_by(&r, "line 1, position 8.", 0));
	CU_ASSERT_TRUE(located_by(&r, "position 9", 0));
	CU_ASSERT_TRUE(located_by(&r, "line 1, position 10.", 1));
	CU_ASSERT_TRUE(located_by(&r, "line 1, position 17.", 1));
	CU_ASSERT_TRUE(located_by(&r, "line 1, position 19.", 2));
	CU_ASSERT_TRUE(located_by(&r, "Path &#39;&#39;, line 1, position 20.", 2));
	CU_ASSERT_TRUE(located_by(&r, "line 1, position 21.", 2));
	CU_ASSERT_FALSE(located_by(&r, "line 1, position 22.", 2));
	CU_ASSERT_FALSE(located_by(&r, "line 1, position 0.", 0));
	CU_ASSERT_TRUE(located_by(&r, "Path &#x27;[2].a&#x27;, line 1, position 1.", 2)); /* the path says more */
	CU_ASSERT_TRUE(located_by(&r, "The line is bad. Path 'x', line 1, position 12.", 1));
	/* What is quoted from the file may look like a place: the last one is the API's. */
	CU_ASSERT_TRUE(
	    located_by(&r, "Bad value 'Path '[0].a', line 1, position 2'. Path '[1].b', line 1, position 12.", 1));
	CU_ASSERT_TRUE(located_by(&r, "Bad value 'line 7, position 2', line 1, position 12.", 1));
	CU_ASSERT_TRUE(located_by(&r, "Bad value 'line 7', at position 12.", 1));
	CU_ASSERT_FALSE(located_by(&r, "Bad value 'position 12', line 2, position 12.", 1));
	request_end(&r);
}

static void test_repeated_location(void)
{
	/* Two errors in one batch, and one in a batch that was not sent. */
	struct send_request r;
	request_new(&r, 4);
	answered(&r, 202, "{\"errors\":[{\"message\":\"Path '[2].a'\"},{\"message\":\"Path '[2].b'\"}]}");
	expect_part(&r, "[\"c\"]");
	answered(&r, 400, "{\"errors\":[{\"message\":\"one\"},{\"message\":\"two\"}]}");
	CU_ASSERT_STRING_EQUAL(r.item[2].words, "one; two");
	expect_part(&r, NULL);
	request_end(&r);
	request_new(&r, 2);
	answered(&r, 202, "{\"errors\":[{\"message\":\"Path '[999].a'\"}]}"); /* nothing of it is sure */
	expect_part(&r, "[\"a\"]");
	answered(&r, 202, "");
	expect_part(&r, "[\"b\"]");
	answered(&r, 202, "{}");
	expect_part(&r, NULL);
	CU_ASSERT(r.item[0].fate == SEND_DELIVERED && r.item[1].fate == SEND_DELIVERED);
	request_end(&r);
}

static void test_actions(void)
{
	static const struct {
		long status;
		enum send_action action;
	} t[] = {{202, SEND_ACCEPT}, {429, SEND_THROTTLE}, {401, SEND_DENY},  {403, SEND_DENY},  {500, SEND_AGAIN},
		 {502, SEND_AGAIN},  {503, SEND_AGAIN},    {599, SEND_AGAIN}, {408, SEND_AGAIN}, {200, SEND_AGAIN},
		 {204, SEND_AGAIN},  {0, SEND_AGAIN},      {302, SEND_SPLIT}, {404, SEND_SPLIT}, {400, SEND_SPLIT},
		 {413, SEND_HALVE},  {422, SEND_SPLIT}};
	struct send_request r;
	struct send_verdict v;
	request_new(&r, 2);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		send_verdict_read(&v, &r, t[i].status, "", 0, false);
		CU_ASSERT_EQUAL(v.action, t[i].action);
		send_verdict_free(&v);
	}
	static const struct {
		const char *body;
		enum send_action action;
	} accepted[] = {{" \r\n", SEND_ACCEPT},
			{"{}", SEND_ACCEPT},
			{"null", SEND_ACCEPT},
			{"Accepted", SEND_ACCEPT},
			{"{\"errors\":null}", SEND_ACCEPT},
			{"{\"errors\":[{\"code\":\"BAD", SEND_AGAIN},
			{"[", SEND_AGAIN},
			{"\n<html>Please log in</html>", SEND_AGAIN}};
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		send_verdict_read(&v, &r, 202, accepted[i].body, strlen(accepted[i].body), false);
		CU_ASSERT_EQUAL(v.action, accepted[i].action);
		send_verdict_free(&v);
	}
	/* A 202 whose errors were too long to be read whole is no clean one. */
	send_verdict_read(&v, &r, 202, "{\"errors\":[", 11, true);
	CU_ASSERT_EQUAL(v.action, SEND_SPLIT);
	CU_ASSERT_FALSE(v.rest_stands);
	send_verdict_free(&v);
	request_end(&r);
}

static void test_entities(void)
{
	static const char *const t[][2] = {
	    {"&quot;a&quot; &lt;b&gt; &amp;amp; &#39;c&#x27; &apos;", "\"a\" <b> &amp; 'c' '"},
	    {"&#233; &#x1F600; &#x20AC;", "\xc3\xa9 \xf0\x9f\x98\x80 \xe2\x82\xac"},
	    {"& &; &# &#; &#x; &#xZ; &#39 &nosuch; &#0; &#xD800; &#x110000; &#-5;",
	     "& &; &# &#; &#x; &#xZ; &#39 &nosuch; &#0; &#xD800; &#x110000; &#-5;"},
	    {"", ""},
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char *s = df_strdup(t[i][0]);
		send_html_decode(s);
		CU_ASSERT_STRING_EQUAL(s, t[i][1]);
		free(s);
	}
}

static void test_words_capped(void)
{
	struct send_request r;
	struct send_verdict v;
	struct df_buf body = {0};
	request_new(&r, 1);
	df_buf_adds(&body, "{\"errors\":[");
	for (int i = 0; i < 1000; i++)
		df_buf_addf(&body, "%s{\"message\":\"message number %d\"}", i > 0 ? "," : "", i);
	df_buf_adds(&body, "]}");
	send_verdict_read(&v, &r, 400, body.data, body.len, false);
	CU_ASSERT(strlen(v.words) <= 1002);
	CU_ASSERT_PTR_EQUAL(strstr(v.words, "message number 0; message number 1;"), v.words);
	send_verdict_free(&v);
	df_buf_free(&body);
	request_end(&r);
}

int main(void)
{
	CU_initialize_registry();
	CU_pSuite suite = CU_add_suite("send_verdict", NULL, NULL);
	CU_add_test(suite, "a request's three limits", test_measure);
	CU_add_test(suite, "202 with errors", test_split_202);
	CU_add_test(suite, "400 with errors", test_split_400);
	CU_add_test(suite, "halving", test_halves);
	CU_add_test(suite, "errors with and without a place", test_mixed_location);
	CU_add_test(suite, "errors in one batch, and in none", test_repeated_location);
	CU_add_test(suite, "positions in UTF-16 units", test_positions);
	CU_add_test(suite, "statuses", test_actions);
	CU_add_test(suite, "HTML entities", test_entities);
	CU_add_test(suite, "words are capped", test_words_capped);
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	unsigned failed = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failed > 0;
}
