/* SPDX-License-Identifier: MIT */
/* How far a request came that has no answer. */
#include "../../src/send/send_outcome.h"
#include "test.h"

/* What libcurl says of the transfer. */
static struct {
	curl_off_t pretransfer;
	long connect_code;
} said;

CURLcode __wrap_curl_easy_getinfo(CURL *curl, CURLINFO info, void *out);
CURLcode __wrap_curl_easy_getinfo(CURL *curl, CURLINFO info, void *out)
{
	(void)curl;
	if (info == CURLINFO_PRETRANSFER_TIME_T)
		memcpy(out, &said.pretransfer, sizeof(said.pretransfer));
	else if (info == CURLINFO_HTTP_CONNECTCODE)
		memcpy(out, &said.connect_code, sizeof(said.connect_code));
	return CURLE_OK;
}

static bool was_sent(const char *proxy, const char *trouble)
{
	struct http_route route = {.proxy.url = (char *)(uintptr_t)proxy};
	struct http_stream stream = {.route = &route};
	struct http_lane lane = {.stream = &stream};
	snprintf(lane.trouble, sizeof(lane.trouble), "%s", trouble);
	return http_lane_was_sent(&lane);
}

static void test_direct(void)
{
	said.connect_code = 0;
	said.pretransfer = 0;
	CU_ASSERT_FALSE(was_sent(NULL, "Could not resolve host"));
	said.pretransfer = 1200;
	CU_ASSERT_TRUE(was_sent(NULL, "Empty reply from server"));
}

/* libcurl 8.23 has a time for a request whose CONNECT failed. */
static void test_by_proxy(void)
{
	static const char proxy[] = "http://127.0.0.1:3128";
	said.pretransfer = 1200;
	said.connect_code = 0;
	CU_ASSERT_FALSE(was_sent(proxy, "Proxy CONNECT aborted"));
	said.connect_code = 503;
	CU_ASSERT_FALSE(was_sent(proxy, "CONNECT tunnel failed, response 503"));
	said.connect_code = 200;
	CU_ASSERT_TRUE(was_sent(proxy, "Empty reply from server"));
	said.connect_code = 0; /* no CONNECT: the endpoint is http */
	CU_ASSERT_TRUE(was_sent(proxy, "Empty reply from server"));
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"without a proxy", test_direct},
	    {"by a proxy", test_by_proxy},
	    CU_TEST_INFO_NULL,
	};
	return test_main("outcome of a request", NULL, NULL, tests);
}
