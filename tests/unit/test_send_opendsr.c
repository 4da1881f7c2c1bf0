/* SPDX-License-Identifier: MIT */
/* What the answers of the OpenDSR API mean. */
#include "../../src/send/send_opendsr.h"
#include "../../src/send/send_service.h"

#include "test.h"

#define ID "7d0c5e0a-2b1f-4c3d-8e4f-0123456789ab"

static struct send_request request;

static void read_it(struct send_verdict *v, long status, const char *body, bool proven)
{
	const struct send_answer a = {
	    .status = status, .body = body, .len = strlen(body), .proven = proven};
	http_service_requests.read(v, &request, &a);
}

static int begin(void)
{
	struct send_queue q = {0};
	struct batch *b = df_alloc(sizeof(*b));
	b->json = df_strdup("{\"subject_request_id\":\"" ID "\",\"x\":\"quoted\"}");
	b->json_len = strlen(b->json);
	b->id = b->json + strlen("{\"subject_request_id\":\"");
	b->id_len = strlen(ID);
	send_queue_push(&q, b);
	request = (struct send_request){0};
	send_request_fill(&request, &q, 1);
	bool any = send_request_part(&request);
	http_service_requests.body(&request);
	return any ? 0 : 1;
}

static int end(void)
{
	send_request_clear(&request);
	df_buf_free(&request.body);
	return 0;
}

#define TAKEN(id)                                                                                  \
	"{\"expected_completion_time\":\"2026-02-02T00:00:00Z\",\"subject_request_id\":\"" id "\"" \
	"}"
#define REFUSED(words) "{\"code\":400,\"message\":\"" words "\",\"errors\":[]}"

static void test_verdicts(void)
{
	static const struct {
		long status;
		const char *body;
		bool proven;
		enum send_action action;
		bool before;
	} cases[] = {
	    {201, TAKEN(ID), false, SEND_ACCEPT, false},
	    {201, "{\"expected_completion_time\":\"2026-02-02T00:00:00Z\"}", false, SEND_ACCEPT,
	     false},
	    {201, "{\"received_time\":\"2026-02-02T00:00:00Z\"}", false, SEND_ACCEPT, false},
	    /* somebody else's answer consumes nothing */
	    {201, "{\"ok\":true}", true, SEND_STRAY, false},
	    {201, "", true, SEND_STRAY, false},
	    {201, "<html>", true, SEND_STRAY, false},
	    {201, "{\"expected_completion_time\":\"2026-0", true, SEND_STRAY, false},
	    {200, TAKEN(ID), true, SEND_STRAY, false},
	    {202, "", true, SEND_STRAY, false},
	    {400, REFUSED("Subject request already exists."), false, SEND_ACCEPT, true},
	    {409, "", false, SEND_ACCEPT, true},
	    {409, "{\"code\":409}", false, SEND_ACCEPT, true},
	    {409, " null\n", false, SEND_ACCEPT, true},
	    {409, "<html>conflict</html>", false, SEND_AGAIN, false},
	    {400, REFUSED("Invalid email"), false, SEND_SPLIT, false},
	    {400, "{\"message\":\"Invalid email\",\"errors\":[{}]}", false, SEND_SPLIT, false},
	    {400, "{\"error\":" REFUSED("Subject request already exists.") "}", false, SEND_ACCEPT,
	     true},
	    {400, "{\"error\":" REFUSED("Invalid email") "}", false, SEND_SPLIT, false},
	    {400, "{\"error\":{\"code\":\"x\",\"message\":\"other\"}}", false, SEND_AGAIN, false},
	    {400, "{\"error\":\"invalid_request\"}", false, SEND_AGAIN, false},
	    {400, "<html>bad request</html>", false, SEND_AGAIN, false},
	    {400, "", false, SEND_AGAIN, false},
	    {400, "{\"code\":7,\"message\":\"other\"}", false, SEND_AGAIN, false},
	    {401, "", true, SEND_DENY, false},
	    {403, "", true, SEND_DENY, false},
	    {429, "", true, SEND_THROTTLE, false},
	    {500, "", true, SEND_AGAIN, false},
	    {503, TAKEN(ID), true, SEND_AGAIN, false},
	    {404, "", true, SEND_STRAY, false},
	    {302, "", true, SEND_STRAY, false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct send_verdict v = {0};
		read_it(&v, cases[i].status, cases[i].body, cases[i].proven);
		CU_ASSERT_EQUAL(v.action, cases[i].action);
		CU_ASSERT_EQUAL(v.before, cases[i].before);
		if (v.action != cases[i].action || v.before != cases[i].before)
			fprintf(stderr, "\n%ld %s: action %d\n", cases[i].status, cases[i].body,
				(int)v.action);
		CU_ASSERT(v.action == SEND_ACCEPT || v.words != NULL);
		send_verdict_free(&v);
	}
}

static void test_words(void)
{
	struct send_verdict v = {0};
	read_it(&v, 201, TAKEN(ID), false);
	TEXT_IS(v.due, "2026-02-02T00:00:00Z");
	send_request_apply(&request, &v);
	CU_ASSERT_EQUAL(request.item[0].fate, SEND_DELIVERED);
	TEXT_IS(request.item[0].words, "2026-02-02T00:00:00Z");
	send_verdict_free(&v);
	CU_ASSERT_EQUAL(end(), 0);
	CU_ASSERT_EQUAL_FATAL(begin(), 0);
	read_it(&v, 400, REFUSED("Invalid <email>"), false);
	send_request_apply(&request, &v);
	CU_ASSERT_EQUAL(request.item[0].fate, SEND_REJECTED);
	TEXT_IS(request.item[0].words, "Invalid <email>");
	send_verdict_free(&v);
	TEXT_IS(http_service_requests.reject_code, "request-failed");
}

static bool state(long status, const char *body, struct send_found *found)
{
	const struct send_answer a = {.status = status, .body = body, .len = strlen(body)};
	*found = (struct send_found){0};
	return opendsr_read_state(&a, ID, found);
}

static void test_states(void)
{
	struct send_found f;
	CU_ASSERT_TRUE(state(200,
			     "{\"subject_request_id\":\"" ID
			     "\",\"request_status\":\"In_Progress\","
			     "\"expected_completion_time\":\"soon\"}",
			     &f));
	TEXT_IS(f.state, "in_progress");
	TEXT_IS(f.due, "soon");
	CU_ASSERT_TRUE(state(200, "{\"status\":\"cancelled\"}", &f));
	CU_ASSERT_FALSE(state(200, "{\"request_status\":\"vanished\"}", &f));
	CU_ASSERT_FALSE(
	    state(200, "{\"subject_request_id\":\"x\",\"request_status\":\"pending\"}", &f));
	CU_ASSERT_FALSE(state(200, "<html>", &f));
	CU_ASSERT_FALSE(state(200, "", &f));
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"verdicts", test_verdicts},
	    {"its words", test_words},
	    {"states", test_states},
	    CU_TEST_INFO_NULL,
	};
	return test_main("OpenDSR answers", begin, end, tests);
}
