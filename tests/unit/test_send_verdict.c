/* SPDX-License-Identifier: MIT */
/* Packing, splitting, and what answers mean. */
#include "../../src/send/send_proxy.h"
#include "../../src/send/send_quote.h"
#include "../../src/send/send_request.h"
#include "../../src/send/send_verdict.h"

#include "test.h"

static struct batch *new_batch(const char *json, uint32_t events, bool historical)
{
	struct batch *b = df_alloc(sizeof(*b));
	*b = (struct batch){.json = df_strdup(json),
			    .json_len = strlen(json),
			    .n_events = events,
			    .historical = historical};
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

static void read_body(struct send_verdict *v, const struct send_request *r, long status,
		      const char *body)
{
	const struct send_answer a = {.status = status, .body = body, .len = strlen(body)};
	send_verdict_read(v, r, &a);
}

static void answered(struct send_request *r, long status, const char *body)
{
	struct send_verdict v;
	read_body(&v, r, status, body);
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

static bool located_by(struct send_request *r, const char *message, size_t which)
{
	char *body = df_format("{\"errors\":[{\"message\":\"%s\"}]}", message);
	struct send_verdict v;
	read_body(&v, r, 400, body);
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
	/* the path says more */
	CU_ASSERT_TRUE(located_by(&r, "Path &#x27;[2].a&#x27;, line 1, position 1.", 2));
	CU_ASSERT_TRUE(located_by(&r, "The line is bad. Path 'x', line 1, position 12.", 1));
	/* What is quoted from the file may look like a place: the last one is the API's. */
	CU_ASSERT_TRUE(located_by(
	    &r, "Bad value 'Path '[0].a', line 1, position 2'. Path '[1].b', line 1, position 12.",
	    1));
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

/* Every form of answer: what it does, without and with an earlier success of the key, and what
 * the log quotes. */
enum {
	ACC = SEND_ACCEPT,
	SPL = SEND_SPLIT,
	HAL = SEND_HALVE,
	THR = SEND_THROTTLE,
	AGN = SEND_AGAIN
};
enum { DEN = SEND_DENY, STR = SEND_STRAY };

#define LOGIN                                                                                      \
	"<!DOCTYPE html><html><head><title>Sign in</title><style>b{}</style></head><body>Please "  \
	"log in</body></html>"
#define NGINX  "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body></html>"
#define ERRORS "{\"errors\":[{\"code\":\"BAD\",\"message\":\"no &lt;good&gt;\"}]}"

static const struct answer_case {
	long status;
	const char *body;
	int before, proven; /* what is done */
	const char *quoted; /* NULL: nothing */
} answers[] = {
    /* the API's own words */
    {202, "", ACC, ACC, NULL},
    {202, " \r\n", ACC, ACC, NULL},
    {202, "{}", ACC, ACC, NULL},
    {202, "{\"errors\":[]}", ACC, ACC, NULL},
    {202, "{\"errors\":null}", ACC, ACC, NULL},
    {202, ERRORS, SPL, SPL, "no <good>"},
    {202, "{\"errors\":{\"code\":\"X\",\"message\":\"bad\"}}", SPL, SPL, "bad"},
    {202, "{\"errors\":\"bad\"}", SPL, SPL, "bad"},
    {400, ERRORS, SPL, SPL, "no <good>"},
    {400, "{\"errors\":{\"code\":\"X\",\"message\":\"bad\"}}", SPL, SPL, "bad"},
    {400, "{\"errors\":\"bad\"}", SPL, SPL, "bad"},
    /* 202 of somebody else, or a part of one */
    {202, LOGIN, AGN, AGN, "HTTP 202: \"Sign in Please log in\""},
    {202, "\n<html>Please log in</html>", AGN, AGN, "HTTP 202: \"Please log in\""},
    {202, "Accepted", AGN, AGN, "HTTP 202: \"Accepted\""},
    {202, "null", AGN, AGN, "HTTP 202: \"null\""},
    {202, "[]", AGN, AGN, "HTTP 202: \"[]\""},
    {202, "[", AGN, AGN, "HTTP 202: \"[\""},
    {202, "{\"errors\":[{\"code\":\"BAD", AGN, AGN, "HTTP 202: \"{\"errors\":[{\"code\":\"BAD\""},
    {202, "{\"errors\":[]}<html>", AGN, AGN, "HTTP 202: \"{\"errors\":[]}<html>\""},
    {202, "{\"status\":\"queued\"}", AGN, AGN, "HTTP 202: \"{\"status\":\"queued\"}\""},
    {202, "{\"errors\":[null]}", AGN, AGN, "HTTP 202: \"{\"errors\":[null]}\""},
    {202, "{\"errors\":[7]}", AGN, AGN, "HTTP 202: \"{\"errors\":[7]}\""},
    {202, "{\"errors\":[{\"message\":\"no query\"}]}", AGN, AGN,
     "HTTP 202: \"{\"errors\":[{\"message\":\"no query\"}]}\""},
    {202, "{\"errors\":true}", AGN, AGN, "HTTP 202: \"{\"errors\":true}\""},
    {202, "{\"errors\":{}}", AGN, AGN, "HTTP 202: \"{\"errors\":{}}\""},
    /* 400 of somebody else */
    {400, "", AGN, AGN, "HTTP 400"},
    {400, "Bad Request", AGN, AGN, "HTTP 400: \"Bad Request\""},
    {400, "<html><h1>400 Bad Request</h1>nginx</html>", AGN, AGN,
     "HTTP 400: \"400 Bad Request nginx\""},
    {400, "{}", AGN, AGN, "HTTP 400: \"{}\""},
    {400, "{\"errors\":[]}", AGN, AGN, "HTTP 400: \"{\"errors\":[]}\""},
    {400, "{\"errors\":[{\"title\":\"x\"}]}", AGN, AGN,
     "HTTP 400: \"{\"errors\":[{\"title\":\"x\"}]}\""},
    {400, "{\"error\":\"invalid_request\"}", AGN, AGN,
     "HTTP 400: \"{\"error\":\"invalid_request\"}\""},
    {400, "{\"errors\":[{\"message\":\"no query\"}]}", AGN, AGN,
     "HTTP 400: \"{\"errors\":[{\"message\":\"no query\"}]}\""},
    {400, "{\"errors\":[{\"code\":9109,\"message\":\"no token\"}]}", AGN, AGN,
     "HTTP 400: \"{\"errors\":[{\"code\":9109,\"message\":\"no token\"}]}\""},
    {400, "{\"message\":\"no\"}", AGN, AGN, "HTTP 400: \"{\"message\":\"no\"}\""},
    /* credentials */
    {401, "", DEN, DEN, "HTTP 401"},
    {401, LOGIN, DEN, DEN, "HTTP 401: \"Sign in Please log in\""},
    {403, "", DEN, AGN, "HTTP 403"},
    {403, "<h1>Request blocked</h1>Ray ID 1", DEN, AGN, "HTTP 403: \"Request blocked Ray ID 1\""},
    {403, ERRORS, DEN, AGN, "HTTP 403: \"" ERRORS "\""},
    /* size and pace */
    {413, "", HAL, HAL, "HTTP 413"},
    {413, NGINX, HAL, HAL, "HTTP 413: \"502 Bad Gateway nginx\""},
    {429, "", THR, THR, "HTTP 429"},
    {429, LOGIN, THR, THR, "HTTP 429: \"Sign in Please log in\""},
    /* try again */
    {402, "", AGN, AGN, "HTTP 402"},
    {408, "", AGN, AGN, "HTTP 408"},
    {411, "", AGN, AGN, "HTTP 411"},
    {414, "", AGN, AGN, "HTTP 414"},
    {415, "", AGN, AGN, "HTTP 415"},
    {425, "", AGN, AGN, "HTTP 425"},
    {431, "", AGN, AGN, "HTTP 431"},
    {500, "", AGN, AGN, "HTTP 500"},
    {500, ERRORS, AGN, AGN, "HTTP 500: \"" ERRORS "\""},
    {502, NGINX, AGN, AGN, "HTTP 502: \"502 Bad Gateway nginx\""},
    {503, "{}", AGN, AGN, "HTTP 503: \"{}\""},
    {504, "", AGN, AGN, "HTTP 504"},
    {511, LOGIN, AGN, AGN, "HTTP 511: \"Sign in Please log in\""},
    {599, "", AGN, AGN, "HTTP 599"},
    /* no Events API */
    {200, "", STR, STR, "HTTP 200"},
    {200, LOGIN, STR, STR, "HTTP 200: \"Sign in Please log in\""},
    {201, "", STR, STR, "HTTP 201"},
    {204, "", STR, STR, "HTTP 204"},
    {206, "", STR, STR, "HTTP 206"},
    {301, "", STR, STR, "HTTP 301"},
    {302, "", STR, STR, "HTTP 302"},
    {304, "", STR, STR, "HTTP 304"},
    {307, LOGIN, STR, STR, "HTTP 307: \"Sign in Please log in\""},
    {404, "default backend - 404", STR, STR, "HTTP 404: \"default backend - 404\""},
    {404, ERRORS, STR, STR, "HTTP 404: \"" ERRORS "\""},
    {405, "", STR, STR, "HTTP 405"},
    {406, "", STR, STR, "HTTP 406"},
    {407, "", STR, STR, "HTTP 407"},
    {409, "", STR, STR, "HTTP 409"},
    {410, "", STR, STR, "HTTP 410"},
    {418, "", STR, STR, "HTTP 418"},
    {421, "", STR, STR, "HTTP 421"},
    {422, ERRORS, STR, STR, "HTTP 422: \"" ERRORS "\""},
    {451, "", STR, STR, "HTTP 451"},
    {600, "", STR, STR, "HTTP 600"},
    {999, "", STR, STR, "HTTP 999"},
};

static void check_answer(const struct send_request *r, const struct answer_case *c, bool proven)
{
	const struct send_answer a = {
	    .status = c->status, .body = c->body, .len = strlen(c->body), .proven = proven};
	struct send_verdict v;
	send_verdict_read(&v, r, &a);
	int want = proven ? c->proven : c->before;
	bool quoted = c->quoted == NULL ? v.words == NULL
					: v.words != NULL && strcmp(v.words, c->quoted) == 0;
	CU_ASSERT_EQUAL((int)v.action, want);
	CU_ASSERT(quoted);
	if ((int)v.action != want || !quoted)
		fprintf(stderr, "%ld %s: action %d, %s\n", c->status, c->body, v.action, v.words);
	send_verdict_free(&v);
}

static void test_answers(void)
{
	struct send_request r;
	request_new(&r, 2);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		check_answer(&r, &answers[i], false);
		check_answer(&r, &answers[i], true);
	}
	request_end(&r);
}

static void test_cut(void)
{
	/* Errors that are too long to be read whole are not an acceptance; fewer batches have
	 * fewer. */
	struct send_request r;
	struct send_verdict v;
	request_new(&r, 2);
	const struct send_answer a = {
	    .status = 202, .body = "{\"errors\":[", .len = 11, .cut = true};
	send_verdict_read(&v, &r, &a);
	CU_ASSERT_EQUAL(v.action, SEND_HALVE);
	send_verdict_free(&v);
	send_request_cut(&r, 1);
	send_verdict_read(&v, &r, &a);
	CU_ASSERT_EQUAL(v.action, SEND_AGAIN);
	send_verdict_free(&v);
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

/* ---- what is quoted ---- */

static void test_quotes(void)
{
	static const char *const t[][2] = {
	    {"<html><!-- a > b --><script>if (a<b) x();</script><h1>Not&nbsp;here &amp; "
	     "there</h1></html>",
	     "Not&nbsp;here & there"},
	    {"plain <b>text</b>", "plain <b>text</b>"},
	    {"a\x1b[31mred\x07\xc2\x9bz\r\n\r\n\tb", "a [31mred z b"},
	    {"<p>&#155;x&#27;y</p>", "x&#27;y"},
	    {"\xff\xfe caf\xc3\xa9", "?? caf\xc3\xa9"},
	    {"<html", ""},
	    {"", ""},
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct df_buf got = {0};
		send_quote(&got, t[i][0], strlen(t[i][0]));
		CU_ASSERT_STRING_EQUAL(df_buf_cstr(&got), t[i][1]);
		if (strcmp(df_buf_cstr(&got), t[i][1]) != 0)
			fprintf(stderr, "quoted: '%s'\n", got.data);
		df_buf_free(&got);
	}
	struct df_buf got = {0};
	char *page = df_alloc(100001);
	memset(page, 'x', 100000);
	send_quote(&got, page, 100000);
	CU_ASSERT_EQUAL(got.len, 120);
	free(page);
	df_buf_free(&got);
}

/* A page that repeats the request: no cell of it reaches a log. */
static void test_hidden(void)
{
	static const char body[] =
	    "[{\"user_identities\":{\"email\":\"ada@example.com\",\"customer_id\":\"C-17\"},"
	    "\"user_attributes\":{\"$FirstName\":\"Ren\xc3\xa9\",\"note\":\"say "
	    "\\\"Hello\\\"\\nworld\","
	    "\"city\":\"S\xc3\xa3o Paulo\",\"x\":\"a\"}}]";
	static const char *const t[][2] = {
	    {"Bad gateway", "Bad gateway"},
	    {"cannot parse ada@example.com", "cannot parse ***@***.***"},
	    {"id C-17, id C-170", "id ***-***, id ***-170"},
	    {"of S\xc3\xa3o Paulo", "of *** ***"},
	    {"Hello, world", "***, ***"},
	    {"a value", "*** value"},
	    {"email=ada%40example.com ", "***=***%40***.*** "},
	    {"name Ren\\u00e9 ", "name ***\\u00e9 "},
	    {"the word worldly is another one ", "the word worldly is another one "},
	    {"cut in the exam", "cut in the ***"},
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		char *got = send_hide(t[i][0], body, sizeof(body) - 1);
		CU_ASSERT_STRING_EQUAL(got, t[i][1]);
		if (strcmp(got, t[i][1]) != 0)
			fprintf(stderr, "hidden: '%s', not '%s'\n", got, t[i][1]);
		free(got);
	}
	char *got = send_hide("no request", NULL, 0);
	CU_ASSERT_STRING_EQUAL(got, "no request");
	free(got);

	struct send_request r;
	struct send_verdict v = {0};
	request_new(&r, 2);
	send_request_part(&r);
	send_request_body(&r);
	char *page = df_format("<html><h1>Blocked</h1><pre>%s</pre></html>", df_buf_cstr(&r.body));
	const struct send_answer a = {.status = 403, .body = page, .len = strlen(page)};
	send_verdict_read(&v, &r, &a);
	CU_ASSERT_PTR_NOT_NULL(strstr(v.words, "HTTP 403: \"Blocked"));
	CU_ASSERT_PTR_NULL(strstr(v.words, "\"a\""));
	send_verdict_free(&v);
	send_request_clear(&r);
	df_buf_free(&r.body);
	free(page);
}

static void test_masks(void)
{
	char *token = send_basic_token("key", "hunter22");
	CU_ASSERT_STRING_EQUAL(token, "a2V5Omh1bnRlcjIy");
	const char *const secrets[] = {"hunter22", "", token, NULL};
	static const char *const t[][2] = {
	    {"cannot reach http://joe:hunter22@proxy:3128/x", "cannot reach http://proxy:3128/x"},
	    {"cannot reach http://joe:p%40ss@proxy, nor https://a:b@c",
	     "cannot reach http://proxy, nor https://c"},
	    {"password hunter22, hunter22", "password ***, ***"},
	    {"Authorization: Basic a2V5Omh1bnRlcjIy Host: x", "Authorization: Basic *** Host: x"},
	    {"cut in the middle: Basic a2V5Omh1bn", "cut in the middle: Basic ***"},
	    {"cut in the middle: hunter2", "cut in the middle: ***"},
	    {"a", "a"},
	    {"mail to a@b.c at http://host/", "mail to a@b.c at http://host/"},
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char *text = df_strdup(t[i][0]);
		send_mask(text, secrets);
		CU_ASSERT_STRING_EQUAL(text, t[i][1]);
		free(text);
	}
	free(token);
}

/* ---- proxies ---- */

static void test_proxies(void)
{
	static const struct {
		const char *https, *all, *none, *wished, *scheme, *host, *name;
	} t[] = {
	    {"http://p:1", NULL, NULL, NULL, "https", "api.example.com", "p:1"},
	    {"http://p:1", "http://a:2", NULL, "http://w:3", "https", "api.example.com", "w:3"},
	    {NULL, "a:2", NULL, NULL, "https", "api.example.com", "a:2"},
	    {NULL, "http://a", NULL, NULL, "https", "api.example.com", "a:1080"},
	    {"http://u:secret@p:1", NULL, NULL, NULL, "https", "api.example.com", "p:1"},
	    {"http://p:1", NULL, "*", NULL, "https", "api.example.com", NULL},
	    {"http://p:1", NULL, "example.com", NULL, "https", "api.example.com", NULL},
	    {"http://p:1", NULL, "x.y, .Example.com", NULL, "https", "api.example.com", NULL},
	    {"http://p:1", NULL, "ample.com", NULL, "https", "api.example.com", "p:1"},
	    {"http://p:1", NULL, "10.0.0.0/8", NULL, "https", "10.1.2.3", NULL},
	    {"http://p:1", NULL, "10.0.0.0/8", NULL, "https", "11.1.2.3", "p:1"},
	    {"http://p:1", NULL, "192.168.4.0/23", NULL, "https", "192.168.5.1", NULL},
	    {"http://p:1", NULL, "[2001:db8::1]", NULL, "https", "2001:db8::1", NULL},
	    {"http://p:1", NULL, "2001:db8::/32", NULL, "https", "2001:db8:7::1", NULL},
	    {"http://p:1", NULL, "*", "http://w:3", "https", "api.example.com", "w:3"},
	    {"http://p:1", NULL, NULL, "http://w:3", "https", "127.0.0.1", NULL},
	    {"http://p:1", NULL, NULL, "http://w:3", "https", "127.9.9.9", NULL},
	    {"http://p:1", NULL, NULL, NULL, "https", "::1", NULL},
	    {"http://p:1", NULL, NULL, NULL, "https", "LocalHost", NULL},
	    {"http://p:1", NULL, NULL, NULL, "https", "127.example.com", "p:1"},
	    {"http://p:1", "http://a:2", NULL, NULL, "http", "127.0.0.1", NULL},
	};
	static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
					    "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			unsetenv(names[k]);
		if (t[i].https != NULL)
			setenv("HTTPS_PROXY", t[i].https, 1);
		if (t[i].all != NULL)
			setenv("all_proxy", t[i].all, 1);
		if (t[i].none != NULL)
			setenv("no_proxy", t[i].none, 1);
		struct send_proxy p = {0};
		struct df_err err = {0};
		const struct send_proxy_wish wish = {
		    .scheme = t[i].scheme, .host = t[i].host, .url = t[i].wished, .user = "joe"};
		CU_ASSERT_EQUAL(send_proxy_choose(&p, &wish, &err), DF_OK);
		bool right = t[i].name == NULL ? p.url == NULL
					       : p.url != NULL && strcmp(p.name, t[i].name) == 0;
		CU_ASSERT(right);
		CU_ASSERT_EQUAL(p.user != NULL, p.url != NULL && t[i].wished != NULL);
		if (!right)
			fprintf(stderr, "proxy %zu: %s\n", i, p.url != NULL ? p.name : "none");
		send_proxy_free(&p);
	}

	/* Whatever is wrong with it is not quoted. */
	struct send_proxy p = {0};
	struct df_err err = {0};
	setenv("https_proxy", "http://joe:hunter 22@proxy", 1);
	const struct send_proxy_wish wish = {.scheme = "https", .host = "api.example.com"};
	CU_ASSERT_EQUAL(send_proxy_choose(&p, &wish, &err), DF_USAGE);
	CU_ASSERT_PTR_NULL(strstr(err.text, "hunter"));
	send_proxy_free(&p);
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
		df_buf_addf(&body, "%s{\"code\":\"BAD\",\"message\":\"message number %d\"}",
			    i > 0 ? "," : "", i);
	df_buf_adds(&body, "]}");
	read_body(&v, &r, 400, df_buf_cstr(&body));
	CU_ASSERT(strlen(v.words) <= 1002);
	CU_ASSERT_PTR_EQUAL(strstr(v.words, "message number 0; message number 1;"), v.words);
	send_verdict_free(&v);
	df_buf_free(&body);
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
	    {"positions in UTF-16 units", test_positions},
	    {"every form of answer", test_answers},
	    {"an answer that is cut", test_cut},
	    {"what fails while others succeed", test_blame},
	    {"others pass what fails", test_pass},
	    {"quotes", test_quotes},
	    {"quotes without the request", test_hidden},
	    {"masks", test_masks},
	    {"proxies", test_proxies},
	    {"HTML entities", test_entities},
	    {"words are capped", test_words_capped},
	    CU_TEST_INFO_NULL,
	};
	return test_main("send_verdict", NULL, NULL, tests);
}
