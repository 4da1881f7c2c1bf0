/* SPDX-License-Identifier: MIT */
/* What may be written after a key, each by the rules of its own. */
#include "conf_fixture.h"

static void test_bad_values(void)
{
	static const char *const bad[][2] = {
	    {"source", "sftp://host/path"},
	    {"source", "sftp://user:pass@host/path"},
	    {"source", "sftp://user@host:0/"},
	    {"source", "sftp://user@host:70000/"},
	    {"source", "sftp://user@/x"},
	    {"source", "sftp://user@[::1/x"},
	    {"source", "sftp://user@ho st/x"},
	    {"source", "sftp://us%4/x@h/"},
	    {"source", "sftp://u@h/a%zz"},
	    {"source", "sftp://u@h/a%00"},
	    {"source", "sftp://u@h/a%2"},
	    {"source", "file://relative/path"},
	    {"source", "ftp://u@h/"},
	    {"endpoint", "us3"},
	    {"endpoint", "http://s2s.us1.mparticle.com"},
	    {"endpoint", "http://127.example.org"},
	    {"endpoint", "http://localhost.example.org"},
	    {"endpoint", "https://u:p@host"},
	    {"endpoint", "https://host/?x=1"},
	    {"endpoint", "https://"},
	    {"endpoint", "https://host:99999"},
	    {"kind", "erasure"},
	    {"confirmed", "perhaps"},
	    {"max_requests", "0"},
	    {"max_requests", "-1"},
	    {"regulation", "lgpd"},
	    {"status_callback_urls", "http://example.com/x"},
	    {"status_callback_urls", "https://example.com/x done"},
	    {"skip_waiting_period", "14d"},
	    {"min_age", "60"},
	    {"min_age", "1.5h"},
	    {"min_age", "-1s"},
	    {"min_age", "99999999999999999999s"},
	    {"max_plaintext", "1XiB"},
	    {"max_plaintext", "99999999999TiB"},
	    {"max_plaintext", "0"},
	    {"max_ratio", "1k"},
	    {"encrypted", "maybe"},
	    {"max_rejects", "101%"},
	    {"max_rejects", "0.0001%"},
	    {"max_rejects", "2 %x"},
	    {"max_rejects", "-1"},
	    {"batches_per_second", "0"},
	    {"batches_per_second", "1e3"},
	    {"batches_per_second", "1."},
	    {"lanes", "8 # eight"},
	    {"guidelines", "strict"},
	    {"environment", "staging"},
	    {"event_type", "custom"},
	    {"data_plan", ":1"},
	    {"data_plan", "p:0"},
	    {"data_plan", "p:"},
	    {"data_plan", "p:1x"},
	    {"delimiter", "ab"},
	    {"delimiter", "','"},
	    {"delimiter", "\"||\""},
	    {"delimiter", "none"},
	    {"delimiter", "\n"},
	    {"delimiter", "\xc2\xa7\xc2\xa7"},
	    {"delimiter", "\xc2"},
	    {"delimiter", "\\xa7"},
	    {"delimiter", "U+D800"},
	    {"delimiter", "U+110000"},
	    {"delimiter", "U+"},
	    {"quote", ""},
	    {"escape", "caret"},
	    {"encoding", "klingon"},
	    {"encoding", "ascii//TRANSLIT"},
	    {"skip_lines", "-1"},
	    {"null", "\"open"},
	    {"null", "a \"\""},
	    {"null", "'NULL'"},
	    {"null", "NULL, \\N"},
	    {"null", "n/a,-,none"},
	    {"row_count", "Rows"},
	    {"row_count", "(a)(b)"},
	    {"row_count", "(a"},
	    {"timestamps", "seconds"},
	    {"timestamps", "%s"},
	    {"timestamps", "%Y-%m-%d %H:%M:%S %Z"},
	    {"timestamps", "%Y-%m-%d %H:%M:%S.%f"},
	    {"timestamps", "%Y-%m-%d %"},
	    {"timestamps", "%Y%-"},
	    {"timestamps", "%Y-W%V-%u"},
	    {"timestamps", "%Y-%m-%d %I:%M"},
	    {"timestamps", "%m/%d %H:%M"},
	    {"timestamp_range", "1995-01-01"},
	    {"timestamp_range", "+1d .. -1d"},
	    {"placeholder_ids", "omit"},
	    {"timezone", "Mars/Olympus"},
	    {"timezone", "../../../etc/passwd"},
	    {"timezone", "/usr/share/zoneinfo/UTC"},
	    {"timezone", "tzdata.zi"},
	    {"host_key", "MD5:aa:bb"},
	    {"host_key", "SHA256:short"},
	    {"signed_by", "0123456789ABCDEF"},
	    {"rejects_recipient", "0123456789ABCDEF"},
	    {"include", ","},
	    {"after_done", "move:"},
	    {"after_done", "move: "},
	    {"after_done", "move:~/done"},
	    {"after_refused", "move: ~"},
	    {"receipts", "~/receipts"},
	    {"receipts", "move:receipts"},
	    {"after_done", "archive"},
	    {"sink", "file:"},
	    {"sink", "stdout"},
	    {"manifest", "/nonexistent.json"},
	    {"gnupg_home", "/dev/null"},
	    {"ca_file", "/nonexistent.pem"},
	    {"api_secret_env", "DROPFEED_TEST_UNSET"},
	    {"expect_rows", "0%..5000"},
	    {"no_such_key", "1"},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct conf_feed *feed = conf_feed_default("x");
		struct df_err err = {0};
		enum df_status st = conf_feed_set(feed, bad[i][0], bad[i][1], &err);
		CU_ASSERT_EQUAL(st, DF_USAGE);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, bad[i][0]));
		if (st != DF_USAGE)
			fprintf(stderr, "taken: %s = %s\n", bad[i][0], bad[i][1]);
		conf_feed_free(feed);
	}
}

static void test_good_values(void)
{
	static const char *const good[][2] = {
	    {"endpoint", "http://127.0.0.1:8080/"},
	    {"endpoint", "http://[::1]:80"},
	    {"endpoint", "http://localhost"},
	    {"endpoint", "https://[2001:db8::1]/x"},
	    {"source", "file:///srv/in"},
	    {"source", "file://localhost/srv"},
	    {"source", "sftp://u@h"},
	    {"min_age", "500ms"},
	    {"min_age", "0"},
	    {"max_rejects", "0"},
	    {"max_rejects", "0%"},
	    {"encrypted", "TRUE"},
	    {"data_plan", "plan"},
	    {"timestamps", "auto"},
	    {"timestamp_range", ".."},
	    {"timestamp_range", "-400d .. +12h"},
	    {"placeholder_ids", "reject"},
	    {"timestamps", "100%% %-d.%Om.%EY %T%z"},
	    {"timezone", "America/New_York"},
	    {"delimiter", ";"},
	    {"delimiter", "tab"},
	    {"delimiter", "\\x01"},
	    {"delimiter", "\xc2\xa7"},
	    {"quote", "\xe2\x94\x82"},
	    {"comment", "U+1F381"},
	    {"quote", "none"},
	    {"quote", "'"},
	    {"escape", "backslash"},
	    {"encoding", "windows-1252"},
	    {"encoding", "UTF-16"},
	    {"comment", "#"},
	    {"null", "\\N NULL \"not \"\"known\"\"\""},
	    {"null", "' \"'NULL'\" \"a,\" \"b,c\""},
	    {"row_count", "Rows: ([\\d,]+)"},
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct conf_feed *feed = conf_feed_default("x");
		struct df_err err = {0};
		CU_ASSERT_EQUAL(conf_feed_set(feed, good[i][0], good[i][1], &err), DF_OK);
		if (err.text[0] != '\0')
			fprintf(stderr, "%s\n", err.text);
		conf_feed_free(feed);
	}
	struct conf_feed *feed = conf_feed_default("x");
	struct df_err err = {0};
	CU_ASSERT_EQUAL(conf_feed_set(feed, "endpoint", "EU1", &err), DF_OK);
	CU_ASSERT_STRING_EQUAL(feed->send.endpoint, "https://s2s.eu1.mparticle.com");
	static const char *const urls[][2] = {
	    {"https://s2s.us2.mparticle.com/v2", "https://s2s.us2.mparticle.com"},
	    {"https://s2s.us2.mparticle.com/v2/bulkevents/", "https://s2s.us2.mparticle.com"},
	    {"https://gate.example/mp//v2/bulkevents/historical", "https://gate.example/mp"},
	    {"https://dsr.example/v3/requests", "https://dsr.example"},
	    {"https://rest.example/users/track/", "https://rest.example"},
	    {"https://gate.example/historical", "https://gate.example/historical"},
	    {"https://v2", "https://v2"},
	    {"https://gate.example///", "https://gate.example"},
	};
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		CU_ASSERT_EQUAL(conf_feed_set(feed, "endpoint", urls[i][0], &err), DF_OK);
		CU_ASSERT_STRING_EQUAL(feed->send.endpoint, urls[i][1]);
	}
	CU_ASSERT_EQUAL(conf_feed_set(feed, "source", "sftp://u@h/p", &err), DF_OK);
	CU_ASSERT(feed->fetch.source.port == 22 && strcmp(feed->fetch.source.path, "/p") == 0);
	/* what a bad value would replace stays */
	CU_ASSERT_EQUAL(conf_feed_set(feed, "source", "sftp://u:secretword@h/p", &err), DF_USAGE);
	CU_ASSERT_STRING_EQUAL(feed->fetch.source.url, "sftp://u@h/p");
	CU_ASSERT_PTR_NULL(strstr(err.text, "secretword")); /* nor is it shown */
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "password_file"));
	err = (struct df_err){0};
	CU_ASSERT_EQUAL(conf_feed_set(feed, "expect", "1 by 06:00 Europe/Berlin mon-fri", &err),
			DF_USAGE);
	TEXT_HAS(err.text, "days come before the time zone: mon-fri Europe/Berlin");
	CU_ASSERT_EQUAL(conf_feed_set(feed, "after_done", "move: ~done/of the day", &err), DF_OK);
	CU_ASSERT_STRING_EQUAL(feed->fetch.after_done.dir, "~done/of the day");
	conf_feed_free(feed);
}

/* The ledger knows a folder by one name, or its files would come again. */
static void test_source_keys(void)
{
	static const char *const sources[][2] = {
	    {"sftp://u@Host.example/in/", "sftp://u@host.example:22/in"},
	    {"sftp://u@host.example:22//in/./new//", "sftp://u@host.example:22/in/new"},
	    {"sftp://u@h/~/.in/..x/a.", "sftp://u@h:22/~/.in/..x/a."},
	    {"sftp://u@h", "sftp://u@h:22"},
	    {"sftp://u@h/.", "sftp://u@h:22"},
	    {"file:///srv//in/.", "file:///srv/in"},
	    {"file:///srv/in", "file:///srv/in"},
	    {"file:///", "file://"},
	};
	struct conf_feed *feed = conf_feed_default("f");
	struct df_err err = {0};
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		CU_ASSERT_EQUAL(conf_feed_set(feed, "source", sources[i][0], &err), DF_OK);
		CU_ASSERT_STRING_EQUAL(feed->fetch.source.key, sources[i][1]);
	}
	conf_feed_free(feed);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"bad values", test_bad_values},
	    {"good values", test_good_values},
	    {"a folder that is spelled in several ways", test_source_keys},
	    CU_TEST_INFO_NULL,
	};
	return test_main("conf_value", setup, teardown, tests);
}
