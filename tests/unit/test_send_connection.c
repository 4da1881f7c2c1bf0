/* SPDX-License-Identifier: MIT */
/* Connections that break, hang, or cannot be made. */
#include "send_world.h"

static void test_broken_connections(void)
{
	struct world w;
	world_begin(&w);
	put_file(&w, "script", "drop-after\ndrop-before\n202");
	open_stream(&w, NULL);
	put_many(&w, 5, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	requests_are(&w, "0:5 0:5 202:5");
	/* the same ids twice: the API knows them again */
	CU_ASSERT_EQUAL(accepted(&w, MAY_REPEAT), 5);
	char *text = get_file(&w, "requests.ndjson");
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(text, "\"ids\":[\"0-0\",\"0-1\",\"0-2\",\"0-3\",\"0-4\"],\"repeated\":5}"));
	free(text);
	CU_ASSERT_EQUAL(w.done[0], 5);
	CU_ASSERT_EQUAL(w.rows, 5);
	world_end(&w);
}

static void test_request_timeout(void)
{
	struct world w;
	world_begin(&w);
	w.sender->tuning.request_timeout = 200;
	receiver_sleeps(&w, true);
	open_stream(&w, NULL);
	put_many(&w, 100, "a");
	wait_for_stats(&w, 2, 1);
	receiver_sleeps(&w, false);
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT_EQUAL(w.done[0], 100);
	world_end(&w);
}

static void test_tls(void)
{
	struct world w;
	char ca[256], key[256], command[1024];
	world_prepare(&w);
	snprintf(ca, sizeof(ca), "%s/ca.pem", w.dir);
	snprintf(key, sizeof(key), "%s/ca.key", w.dir);
	snprintf(command, sizeof(command),
		 "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
		 "-keyout %s -out %s -days 2 "
		 "-subj /CN=receiver -addext subjectAltName=IP:127.0.0.1 2>/dev/null",
		 key, ca);
	CU_ASSERT_EQUAL_FATAL(system(command), 0);
	receiver_start(&w, ca, key);

	open_stream(&w, NULL);
	put_many(&w, 1, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_DENIED);
	CU_ASSERT_PTR_NOT_NULL(strstr(w.err.text, "is not trusted"));
	CU_ASSERT_PTR_NOT_NULL(strstr(w.err.text, "ca_file"));

	w.err = (struct df_err){0};
	w.next[0] = 0;
	w.feed.send.ca_file = key; /* holds no certificate */
	open_stream(&w, NULL);
	put_many(&w, 1, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_DENIED);
	CU_ASSERT_EQUAL(w.calls, 0);

	w.err = (struct df_err){0};
	w.next[0] = 0;
	w.feed.send.ca_file = ca;
	open_stream(&w, NULL);
	put_many(&w, 150, "a");
	CU_ASSERT_EQUAL(close_stream(&w, false), DF_OK);
	CU_ASSERT_EQUAL(accepted(&w, IN_ORDER_ONCE), 150);
	world_end(&w);
}

static void test_bad_settings(void)
{
	struct world w;
	world_prepare(&w);
	const struct send_order order = {.feed = &w.feed, .events = &events, .ctx = &w};
	snprintf(w.endpoint, sizeof(w.endpoint), "not a url");
	CU_ASSERT_EQUAL(sender_open(w.sender, &order, &w.stream, &w.err), DF_USAGE);
	w.feed.send.endpoint = NULL;
	CU_ASSERT_EQUAL(sender_open(w.sender, &order, &w.stream, &w.err), DF_USAGE);
	world_end(&w);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"broken connections", test_broken_connections},
	    {"request timeout", test_request_timeout},
	    {"TLS", test_tls},
	    {"bad settings", test_bad_settings},
	    CU_TEST_INFO_NULL,
	};
	if (!world_find())
		return 1;
	df_log_setup(DF_LOG_ERROR, false);
	return test_main("send_connection", NULL, NULL, tests);
}