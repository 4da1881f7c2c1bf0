/* SPDX-License-Identifier: MIT */
/* What answers mean. */
#include "send_asked.h"

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
    {202, "{\"errors\":[\"bad. Path '[0].a'\"]}", SPL, SPL, "bad. Path '[0].a'"},
    {202, "{\"errors\":[\"bad\"]}", AGN, AGN, "HTTP 202: \"{\"errors\":[\"bad\"]}\""},
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
	    {"positions in UTF-16 units", test_positions},
	    {"every form of answer", test_answers},
	    {"an answer that is cut", test_cut},
	    {"words are capped", test_words_capped},
	    CU_TEST_INFO_NULL,
	};
	return test_main("send_verdict", NULL, NULL, tests);
}