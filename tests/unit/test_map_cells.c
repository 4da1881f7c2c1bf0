/* SPDX-License-Identifier: MIT */
/* What a cell becomes, by the type of its place. */
#include "map_world.h"

static void check_data(const struct one *t)
{
	char *header = df_format("mpid|%s", t->column), *row = df_format("1|%s", t->cell);
	char *expected = NULL;
	run(&named, "custom_event", header, row);
	if (t->expected[0] == '!') { /* a code */
		CHECK_STRING(got.code, t->expected + 1);
		CHECK_STRING(got.column, t->column);
		CU_ASSERT_EQUAL(got.fault_column, 2);
		CU_ASSERT(strlen(t->cell) < 4 || strstr(got.text, t->cell) == NULL);
	} else {
		expected = df_format("%s%s\"custom_event_type\":\"other\",\"event_name\":\"n\"",
				     t->expected, t->expected[0] != '\0' ? "," : "");
		CHECK_STRING(got.data, expected);
	}
	free(expected);
	free(row);
	free(header);
}

static void test_types(void)
{
	static const struct one table[] = {
	    {"events.data.event_id", "12", "\"event_id\":12"},
	    {"events.data.event_id", " 12\t", "\"event_id\":12"},
	    {"events.data.event_id", "+0012", "\"event_id\":12"},
	    {"events.data.event_id", "-0", "\"event_id\":0"},
	    {"events.data.event_id", "-9223372036854775808", "\"event_id\":-9223372036854775808"},
	    {"events.data.event_id", "9223372036854775807", "\"event_id\":9223372036854775807"},
	    {"events.data.event_id", "9223372036854775808", "!not-an-integer"},
	    {"events.data.event_id", "-9223372036854775809", "!not-an-integer"},
	    {"events.data.event_id", "1.0", "!not-an-integer"},
	    {"events.data.event_id", "-", "!not-an-integer"},
	    {"events.data.event_id", "12abc", "!not-an-integer"},
	    {"events.data.event_id", "   ", ""},
	    {"events.data.event_id", "", ""},
	    {"events.data.lifetime_value_change", "19.990", "\"lifetime_value_change\":19.990"},
	    {"events.data.lifetime_value_change", "0.10000000000000000001",
	     "\"lifetime_value_change\":0.10000000000000000001"},
	    {"events.data.lifetime_value_change", ".5", "\"lifetime_value_change\":0.5"},
	    {"events.data.lifetime_value_change", "-.5", "\"lifetime_value_change\":-0.5"},
	    {"events.data.lifetime_value_change", "5.", "\"lifetime_value_change\":5"},
	    {"events.data.lifetime_value_change", "+007.10", "\"lifetime_value_change\":7.10"},
	    {"events.data.lifetime_value_change", "1e5", "\"lifetime_value_change\":1e5"},
	    {"events.data.lifetime_value_change", "1E-05", "\"lifetime_value_change\":1E-05"},
	    {"events.data.lifetime_value_change", "1e", "!not-a-number"},
	    {"events.data.lifetime_value_change", ".", "!not-a-number"},
	    {"events.data.lifetime_value_change", "NaN", "!not-a-number"},
	    {"events.data.lifetime_value_change", "inf", "!not-a-number"},
	    {"events.data.lifetime_value_change", "0x1p3", "!not-a-number"},
	    {"events.data.lifetime_value_change", "1,5", "!not-a-number"},
	    {"events.data.lifetime_value_change", "1 000", "!not-a-number"},
	    {"events.data.is_main_thread", "TRUE", "\"is_main_thread\":true"},
	    {"events.data.is_main_thread", "f", "\"is_main_thread\":false"},
	    {"events.data.is_main_thread", "T", "\"is_main_thread\":true"},
	    {"events.data.is_main_thread", "0", "\"is_main_thread\":false"},
	    {"events.data.is_main_thread", " 1 ", "\"is_main_thread\":true"},
	    {"events.data.is_main_thread", "yes", "!not-a-boolean"},
	    {"events.data.session_uuid", "123e4567-E89B-12d3-a456-426614174000",
	     "\"session_uuid\":\"123e4567-E89B-12d3-a456-426614174000\""},
	    {"events.data.session_uuid", "123e4567e89b12d3a456426614174000", "!not-a-uuid"},
	    {"events.data.session_uuid", "123e4567-e89b-12d3-a456-42661417400g", "!not-a-uuid"},
	    {"events.data.device_current_state.device_orientation", "LANDSCAPELEFT",
	     "\"device_current_state\":{\"device_orientation\":\"LandscapeLeft\"}"},
	    {"events.data.device_current_state.device_orientation", "sideways", "!not-allowed"},
	    {"events.data.canonical_name", " a ", "\"canonical_name\":\" a \""},
	    {"events.data.canonical_name", "say \"hi\"\\\x01\n",
	     "\"canonical_name\":\"say \\\"hi\\\"\\\\\\u0001\\n\""},
	    {"events.data.canonical_name", "Zürich 東京", "\"canonical_name\":\"Zürich 東京\""},
	    {"events.data.canonical_name", "\U0001f389", "\"canonical_name\":\"\U0001f389\""},
	    {"events[].data.event_num", "1", "\"event_num\":1"},
	    {"events[0].data.event_num", "1", "\"event_num\":1"},
	    {"events.data.custom_attributes.a.b c", "x", "\"custom_attributes\":{\"a.b c\":\"x\"}"},
	    {"events.data.custom_attributes.a\"b", "x", "\"custom_attributes\":{\"a\\\"b\":\"x\"}"},
	    {"events.data.custom_attributes. ", " ", "\"custom_attributes\":{\" \":\" \"}"},
	    {"events.data.custom_attributes.k[]", "x", "\"custom_attributes\":{\"k[]\":\"x\"}"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		check_data(&table[i]);
}

/* Each place of a UUID takes what it should and nothing else. */
static void test_uuids(void)
{
	static const char other[] = "/:@G`g-0aF\x7f";
	for (size_t at = 0; at < 36; at++) {
		for (size_t i = 0; i < sizeof(other) - 1; i++) {
			char uuid[] = "123e4567-E89B-12d3-a456-426614174000";
			bool dash = uuid[at] == '-';
			uuid[at] = other[i];
			char *row = df_format("1|%s", uuid);
			run(&named, "custom_event", "mpid|events.data.session_uuid", row);
			free(row);
			bool good = dash ? other[i] == '-' : strchr("0aF", other[i]) != NULL;
			CHECK_STRING(got.code, good ? "" : "not-a-uuid");
		}
	}
}

static void test_json_cells(void)
{
	static const struct one table[] = {
	    {"events.data.custom_attributes", "{\"a\":\"b\",\"n\":19.990,\"t\":true,\"z\":null}",
	     "\"custom_attributes\":{\"a\":\"b\",\"n\":\"19.990\",\"t\":\"true\"}"},
	    {"events.data.custom_attributes", " { } ", ""},
	    {"events.data.custom_attributes", "{\"z\":null}", ""},
	    {"events.data.custom_attributes", "{\"o\": {\"x\": [1, \"y\"]}}",
	     "\"custom_attributes\":{\"o\":\"{\\\"x\\\": [1, \\\"y\\\"]}\"}"},
	    {"events.data.custom_attributes", "{\"u\":\"\\u00e9\\n\\ud83c\\udf89\"}",
	     "\"custom_attributes\":{\"u\":\"é\\n🎉\"}"},
	    {"events.data.custom_attributes", "{\"u\":\"\\ud83c\"}", "!bad-json"},
	    {"events.data.custom_attributes", "{\"a\":1,\"a\":2}", "!bad-json"},
	    {"events.data.custom_attributes", "{\"a\":1,}", "!bad-json"},
	    {"events.data.custom_attributes", "{\"a\":01}", "!bad-json"},
	    {"events.data.custom_attributes", "{\"a\":\"b\"", "!bad-json"},
	    {"events.data.custom_attributes", "{\"a\":\"b\"} x", "!bad-json"},
	    {"events.data.custom_attributes", "[1]", "!bad-json"},
	    {"events.data.custom_attributes", "text", "!bad-json"},
	    {"events.data.custom_attributes", "{\"a\":\"b\nc\"}", "!bad-json"},
	    {"events.data.custom_attributes", "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
	     "!bad-json"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		check_data(&table[i]);
	run(&plain, "eventless", "mpid|user_attributes",
	    "1|{\"tags\":[\"a\",2,null],\"none\":[],\"k\":\"v\"}");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"tags\":[\"a\",\"2\"],\"k\":\"v\"},"
				"\"environment\":\"production\",\"mpid\":1");
}

/* A whole object or list of the schema in one cell: as if each value had a column. */
static void test_whole_cells(void)
{
	static const struct {
		const char *header, *row, *expected; /* of the event's data; after a !, the fault */
	} table[] = {
	    {"product_action.products",
	     "[{\"id\":\"a\",\"price\":19.990,\"quantity\":\"2\",\"custom_attributes\":{\"size\":"
	     "12}},{\"id\":7}]",
	     "\"products\":[{\"id\":\"a\",\"price\":19.990,\"quantity\":2,\"custom_attributes\":{"
	     "\"size\":\"12\"}},"
	     "{\"id\":\"7\"}]"},
	    {"product_action.products", "{\"id\":\"a\",\"brand\":null,\"coupon_code\":\"\"}",
	     "\"products\":[{\"id\":\"a\"}]"},
	    {"product_action.products", " [ {\"id\":\"\\u00e9\"} , {} , null ] ",
	     "\"products\":[{\"id\":\"é\"}]"},
	    {"product_action.products", "[{\"id\":\"a\"},{\"price\":\"x\"}]",
	     "!not-a-number [1].price: a number"},
	    {"product_action.products", "[{\"id\":\"a\",\"prize\":1}]",
	     "!bad-json [0]: the schema has no member 'prize'"},
	    {"product_action.products", "[{\"id\":\"a\",\"id\":\"b\"}]",
	     "!bad-json the object has two members"},
	    {"product_action.products", "[1]", "!bad-json [0]: a JSON object"},
	    {"product_action.products", "a", "!bad-json a JSON list is expected"},
	    {"product_action.products", "[{\"custom_attributes\":{\"\":1}}]",
	     "!bad-json [0].custom_attributes: a member of the object has no name"},
	    {"location", "{\"latitude\":51.50,\"longitude\":\"-0.1\"}",
	     "\"location\":{\"latitude\":51.50,\"longitude\":-0.1}"},
	    {"location", "{\"latitude\":51.5,\"longitude\":null}",
	     "!missing-value longitude: the API needs it"},
	    {"location", "{}", ""},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char *header = df_format("mpid|events.data.product_action.action|events.data.%s",
					 table[i].header);
		char *row = df_format("1|purchase|%s", table[i].row);
		const char *expected = table[i].expected;
		run(&plain, "commerce_event", header, row);
		if (expected[0] == '!') {
			const char *text = strchr(expected, ' ') + 1;
			CU_ASSERT_EQUAL(strncmp(got.code, expected + 1, strlen(got.code)), 0);
			CU_ASSERT_EQUAL(strncmp(got.text, text, strlen(text)), 0);
			CU_ASSERT_EQUAL(got.fault_column, 3);
		} else {
			CHECK_STRING(got.code, "");
			CU_ASSERT_PTR_NOT_NULL(strstr(got.data, expected));
		}
		free(header);
		free(row);
	}
	run(&plain, "eventless", "user_identities|device_info",
	    "{\"email\":\"e\",\"customer_id\":\"c\"}|{\"android_uuid\":\"u\",\"is_tablet\":\"T\"}");
	CHECK_STRING(got.ids, "\"android_uuid\":\"u\",\"customer_id\":\"c\",\"email\":\"e\"");
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(got.batch, "\"device_info\":{\"android_uuid\":\"u\",\"is_tablet\":true}"));
	run(&plain, "eventless", "user_identities", "{}");
	CHECK_STRING(got.code, "missing-identity");
	run(&plain, "eventless", "mpid|consent_state.gdpr",
	    "1|{\"mail.ads\":{\"consented\":1,\"timestamp_unixtime_ms\":1700000000000}}");
	CU_ASSERT_PTR_NOT_NULL(strstr(
	    got.batch, "\"gdpr\":{\"mail.ads\":{\"consented\":true,\"timestamp_unixtime_ms\":"
		       "1700000000000}}"));
	run(&plain, "eventless", "mpid|integration_attributes", "1|{\"12\":{\"a\":1,\"b\":null}}");
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(got.batch, "\"integration_attributes\":{\"12\":{\"a\":\"1\"}}"));
	run(&plain, "eventless", "mpid|user_attributes.l[]|user_attributes.l[]|user_attributes.k[]",
	    "1|[\"a\", 2, null, \"\"]|[b|[]");
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(got.batch, "\"user_attributes\":{\"l\":[\"a\",\"2\",\"[b\"]}"));
}

/* What an empty cell is to a column, these are inside JSON: nothing. */
static void test_empty_members(void)
{
	static const struct one table[] = {
	    {"events.data.custom_attributes", "{\"a\":\"\",\"b\":{},\"c\":[],\"d\":null}", ""},
	    {"events.data.custom_attributes", "\"\"", ""},
	    {"events.data.custom_attributes", "[]", ""},
	    {"events.data.device_current_state", "{\"device_orientation\":\"\"}", ""},
	    {"events.data.location", "{\"latitude\":\"\",\"longitude\":[]}", ""},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		check_data(&table[i]);

	run(&plain, "eventless", "user_identities|user_attributes.a",
	    "{\"email\":\"\",\"customer_id\":{}}|x");
	CHECK_STRING(got.code, "missing-identity");
	run(&plain, "eventless", "user_identities", "{\"email\":\"\",\"customer_id\":\"c\"}");
	CHECK_STRING(got.ids, "\"customer_id\":\"c\"");

	static const char columns[] =
	    "mpid|events.data.product_action|events.data.promotion_action";
	run(&plain, "commerce_event", columns, "1|{\"action\":\"click\"}|{}");
	CHECK_STRING(got.data, "\"product_action\":{\"action\":\"click\"}");
	run(&plain, "commerce_event", columns, "1|null|{\"action\":\"\",\"promotions\":[{}]}");
	CHECK_STRING(got.code, "missing-value");
	run(&plain, "commerce_event", "mpid|events.data.product_impressions", "1|[{}]");
	CHECK_STRING(got.code, "missing-value");
	run(&plain, "user_identity_change", "mpid|events.data.new|events.data.old", "1|{}|[]");
	CHECK_STRING(got.code, "missing-value");
	CU_ASSERT_EQUAL(got.n_faults, 2);
}

/* Attributes that have no value inside a cell's JSON are deleted as those of columns are. */
static void test_empty_members_delete(void)
{
	const struct conf_feed feed = {.name = "t", .map.empty_attributes_delete = true};
	run(&feed, "eventless", "mpid|user_attributes",
	    "1|{\"a\":\"\",\"b\":\"x\",\"c\":[],\"d\":null}");
	CHECK_STRING(
	    got.batch,
	    "\"user_attributes\":{\"b\":\"x\"},\"deleted_user_attributes\":[\"a\",\"c\",\"d\"],"
	    "\"environment\":\"production\",\"mpid\":1");
	run(&feed, "eventless", "mpid|user_attributes", "1|");
	CHECK_STRING(got.batch, "\"environment\":\"production\",\"mpid\":1");
}

static void test_placeholders(void)
{
	static const char *const nobody[] = {"NULL",
					     "null",
					     "\\N",
					     "None",
					     "NaN",
					     "n/a",
					     "N/A",
					     "#N/A",
					     "Unknown",
					     "UNDEFINED",
					     "0",
					     "-1",
					     " ",
					     "\t ",
					     " null ",
					     "4.41E+11",
					     "4,41e+11",
					     "1E+12",
					     "#REF!",
					     "(null)",
					     "<NULL>",
					     "nil",
					     "<NA>",
					     "{null}",
					     "'NULL'",
					     "[ Unknown ]",
					     "\x1a",
					     "End of File",
					     "TBD",
					     "9774D56D682E549C",
					     "ffffffffffffffff",
					     "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
					     "none@none.com",
					     "NoEmail@NoEmail.co",
					     "na@na.com",
					     "no@email.com",
					     "unknown@nowhere.net",
					     "xxx@xxx.xx",
					     "a@a.de",
					     "00000000-0000-0000-0000-000000000000",
					     "00000000000000000000000000000000"};
	static const char *const somebody[] = {"C-1",
					       "nullable",
					       "10",
					       "-10",
					       "1E12",
					       "4.41E-11",
					       "00",
					       "no",
					       "0a",
					       "00000000-0000-0000-0000-000000000001",
					       "E+11",
					       "12.5E+11",
					       "(7)",
					       "{0}",
					       "(Anna)",
					       "ffff",
					       "f",
					       "fffffffffffffff1",
					       "none@gmail.com",
					       "noemi@email.com",
					       "no@real.com",
					       "test@shop.com",
					       "t@x.de",
					       "x@y.com",
					       "a@email.com",
					       "na@na@na.com",
					       "@",
					       "null@"};
	struct conf_feed feed = {.name = "t", .map.placeholder_ids = CONF_PLACEHOLDER_REJECT};
	for (size_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
		char *row = df_format("%s|x", nobody[i]);
		run(&plain, "eventless", "user_identities.customerid|user_attributes.a", row);
		CHECK_STRING(got.code, "missing-identity");
		CU_ASSERT_EQUAL(got.fault_column, 0);
		CU_ASSERT_PTR_NOT_NULL(
		    strstr(got.warnings, "column 'user_identities.customerid': 1 value is "));
		run(&feed, "eventless", "user_identities.customerid|user_attributes.a", row);
		CHECK_STRING(got.code, "missing-identity");
		CU_ASSERT_EQUAL(got.fault_column, 1);
		free(row);
	}
	/* ids with an end that nobody sees */
	static const char *const unseen[] = {"C-1\x1a",
					     "\x1b"
					     "C-1",
					     "C-1\x7f",
					     "C-1\u00ad",
					     "\u200e"
					     "C-1",
					     "C-1\u202c",
					     "C-1\ufe0f",
					     "C-1\u2060"};
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++) {
		run(&plain, "eventless", "user_identities.customerid", unseen[i]);
		CHECK_STRING(got.code, "");
		CU_ASSERT_PTR_NOT_NULL(strstr(got.warnings, "1 value with a character at an end"));
	}
	static const char *const quoted[] = {"\"C-1\"", "'0012'", "=\"0012\""};
	for (size_t i = 0; i < sizeof(quoted) / sizeof(quoted[0]); i++) {
		run(&plain, "eventless", "user_identities.customerid", quoted[i]);
		CHECK_STRING(got.code, "");
		CU_ASSERT_PTR_NOT_NULL(strstr(got.warnings, "1 value in quotes of its own"));
	}
	feed.map.placeholder_ids = CONF_PLACEHOLDER_KEEP;
	run(&feed, "eventless", "user_identities.customerid|mpid", "null|0");
	CHECK_STRING(got.ids, "\"customer_id\":\"null\",\"mpid\":0");
	CHECK_STRING(got.warnings, "");
	for (size_t i = 0; i < sizeof(somebody) / sizeof(somebody[0]); i++) {
		run(&plain, "eventless", "user_identities.customerid", somebody[i]);
		CHECK_STRING(got.code, "");
		CHECK_STRING(got.warnings, "");
	}
	run(&plain, "eventless",
	    "user_identities.email|mpid|device_info.ios_idfv|user_attributes.a",
	    "a@x|0|00000000-0000-0000-0000-000000000000|null");
	CHECK_STRING(got.batch,
		     "\"user_attributes\":{\"a\":\"null\"},\"user_identities\":{\"email\":\"a@x\"},"
		     "\"environment\":\"production\"");
	run(&plain, "eventless", "user_identities|device_info",
	    "{\"email\":\"N/A\",\"other\":0,\"customer_id\":\"c\"}|{\"android_uuid\":\"-1\"}");
	CHECK_STRING(got.ids, "\"customer_id\":\"c\"");
	CU_ASSERT_PTR_NOT_NULL(strstr(got.warnings, "column 'device_info': 1 value is '-1'"));
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"types", test_types},
	    {"UUIDs", test_uuids},
	    {"JSON cells", test_json_cells},
	    {"whole objects and lists in a cell", test_whole_cells},
	    {"empty members", test_empty_members},
	    {"empty members delete", test_empty_members_delete},
	    {"placeholders", test_placeholders},
	    CU_TEST_INFO_NULL,
	};
	return test_main("map cells", NULL, NULL, tests);
}
