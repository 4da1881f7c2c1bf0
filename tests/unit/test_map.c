/* SPDX-License-Identifier: MIT */
/*
 * The map: columns and cells in, JSON out. With the argument "walk" it is not a test but a filter
 * for tests/run-schema: it reads rows of "event_type<TAB>path<TAB>value" lines, each row ended by
 * an empty line, and prints "ok<TAB>batch" or "code<TAB>text" for each.
 */
#include "helper_map.h"

#include "dropfeed/schema.h"
#include "test.h"

#include <json-c/json.h>

struct one { /* a column beside mpid in a custom event (or an eventless row), and what it becomes */
	const char *column, *cell, *expected;
};

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

static void test_ccpa(void)
{
	run(&plain, "eventless",
	    "mpid|consent_state.ccpa.data_sale_opt_out.consented|"
	    "consent_state.ccpa.data_sale_opt_out.timestamp_unixtime_ms",
	    "1|t|1700000000000");
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(got.batch, "\"ccpa\":{\"data_sale_opt_out\":{\"consented\":true,"));
	run(&plain, "eventless", "mpid|consent_state.ccpa.ads.consented", NULL);
	CHECK_STRING(got.code, "unknown-column");
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(got.text, "'consent_state.ccpa.data_sale_opt_out.consented'"));
	run(&plain, "eventless", "mpid|consent_state.ccpa", "1|{\"ads\":{\"consented\":true}}");
	CHECK_STRING(got.code, "bad-json");
}

static void test_batch(void)
{
	static const struct one table[] = {
	    {"mpid", "9223372036854775807",
	     "\"environment\":\"production\",\"mpid\":9223372036854775807"},
	    {"mpid|environment", "1|DEVELOPMENT", "\"environment\":\"development\",\"mpid\":1"},
	    {"environment|mpid", "|1", "\"environment\":\"production\",\"mpid\":1"},
	    {"user_identities.customerid", "a",
	     "\"user_identities\":{\"customer_id\":\"a\"},\"environment\":\"production\""},
	    {"user_identities.other10|user_identities.other_id_2", "a|b",
	     "\"user_identities\":{\"other_id_2\":\"b\",\"other_id_10\":\"a\"},\"environment\":"
	     "\"production\""},
	    {"device_info.android_uuid", "x",
	     "\"device_info\":{\"android_uuid\":\"x\"},\"environment\":\"production\""},
	    {"mpid|user_attributes.$FirstName|user_attributes.Member Tier|user_attributes.a.b",
	     "1|Ann||c",
	     "\"user_attributes\":{\"$FirstName\":\"Ann\",\"a.b\":\"c\"},\"environment\":"
	     "\"production\",\"mpid\":1"},
	    {"mpid|user_attributes.t[]|user_attributes.k|user_attributes.t[]|user_attributes.t[]",
	     "1|a|k||b",
	     "\"user_attributes\":{\"t\":[\"a\",\"b\"],\"k\":\"k\"},\"environment\":\"production\","
	     "\"mpid\":1"},
	    {"mpid|user_attributes.t[]", "1|", "\"environment\":\"production\",\"mpid\":1"},
	    {"mpid|ip", "1|::1", "\"environment\":\"production\",\"ip\":\"::1\",\"mpid\":1"},
	    {"mpid|ip", "1|10.0.0.256", "!not-allowed"},
	    {"mpid|integration_attributes.12.a.b", "1|x",
	     "\"environment\":\"production\",\"integration_attributes\":{\"12\":{\"a.b\":\"x\"}},"
	     "\"mpid\":1"},
	    {"mpid|consent_state.gdpr.my.purpose.consented|consent_state.gdpr.my.purpose.timestamp_"
	     "unixtime_ms",
	     "1|t|1700000000000",
	     "\"environment\":\"production\",\"mpid\":1,\"consent_state\":{\"gdpr\":{\"my."
	     "purpose\":{\"consented\":"
	     "true,"
	     "\"timestamp_unixtime_ms\":1700000000000}}}"},
	    {"mpid|consent_state.gdpr.p.consented|consent_state.gdpr.p.timestamp_unixtime_ms",
	     "1|t|", "!missing-value"},
	    {"mpid|consent_state.gdpr.p.consented|consent_state.gdpr.p.timestamp_unixtime_ms",
	     "1||", "\"environment\":\"production\",\"mpid\":1"},
	    {"mpid|context.data_plan.plan_id|context.data_plan.plan_version|context.location."
	     "latitude|"
	     "context.location.longitude",
	     "1|p|2|51.5|-0.1",
	     "\"environment\":\"production\",\"context\":{\"data_plan\":{\"plan_id\":\"p\",\"plan_"
	     "version\":2},"
	     "\"location\":{\"latitude\":51.5,\"longitude\":-0.1}},\"mpid\":1"},
	    {"mpid|partner_identities.x.y|deleted_user_attributes[]|deleted_user_attributes[]",
	     "1|z|a|b",
	     "\"deleted_user_attributes\":[\"a\",\"b\"],\"environment\":\"production\",\"partner_"
	     "identities\":{\"x.y\":"
	     "\"z\"},"
	     "\"mpid\":1"},
	    {"mpid|dropfeed.line|dropfeed.reason", "1|7|because",
	     "\"environment\":\"production\",\"mpid\":1"},
	    {"mpid|user_identities.email|device_info.att_authorization_status", "||denied",
	     "!missing-identity"},
	    {"mpid|user_identities.email", "x|", "!not-an-integer"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		run(&plain, "eventless", table[i].column, table[i].cell);
		if (table[i].expected[0] == '!') {
			CHECK_STRING(got.code, table[i].expected + 1);
			CU_ASSERT_EQUAL(got.n_faults, 1);
		} else {
			CHECK_STRING(got.batch, table[i].expected);
		}
		CHECK_STRING(got.data, "");
	}
}

static void test_ids(void)
{
	run(&plain, "eventless",
	    "user_identities.other2|mpid|device_info.ios_idfv|user_identities.customerid|user_"
	    "attributes.x",
	    "b|007|123e4567-e89b-12d3-a456-426614174000|a|y");
	char first[sizeof(got.ids)];
	memcpy(first, got.ids, sizeof(first));
	CHECK_STRING(first, "\"ios_idfv\":\"123e4567-e89b-12d3-a456-426614174000\",\"customer_id\":"
			    "\"a\",\"other_id_"
			    "2\":\"b\",\"mpid\":7");
	run(&plain, "eventless",
	    "mpid|user_identities.customer_id|user_identities.other_id_2|device_info.ios_idfv",
	    "7|a|b|123e4567-e89b-12d3-a456-426614174000");
	CHECK_STRING(got.ids, first);
}

static void test_own_ids(void)
{
	run(&named, "custom_event",
	    "mpid|source_request_id|events.data.source_message_id|events.data.timestamp_unixtime_"
	    "ms",
	    "1|r\"1|m1|1700000000001");
	CHECK_STRING(got.request, "r\\\"1");
	CHECK_STRING(got.message, "m1");
	CHECK_STRING(got.batch, "\"environment\":\"production\",\"mpid\":1");
	CU_ASSERT(got.has_timestamp);
	CU_ASSERT_EQUAL(got.timestamp_ms, 1700000000001);
	run(&named, "custom_event", "mpid|source_request_id|events.data.timestamp_unixtime_ms",
	    "1||");
	CHECK_STRING(got.request, "");
	CU_ASSERT_FALSE(got.has_timestamp);
}

static void test_commerce(void)
{
#define PA "events.data.product_action."
	run(&plain, "commerce_event",
	    "mpid|" PA "action|" PA "products.id|" PA "products[1].id|" PA "products.price|" PA
	    "products[0].custom_attributes.c|" PA
	    "products[1].custom_attributes|events.data.currency_code",
	    "1|PURCHASE|a|b|19.990|red|{\"n\":1}|EUR");
	CHECK_STRING(got.data, "\"product_action\":{\"action\":\"purchase\",\"products\":[{\"id\":"
			       "\"a\",\"price\":19.990,"
			       "\"custom_attributes\":{\"c\":\"red\"}},{\"id\":\"b\",\"custom_"
			       "attributes\":{\"n\":\"1\"}}]},"
			       "\"currency_code\":\"EUR\"");
	run(&plain, "commerce_event", "mpid|" PA "action|" PA "products.id|" PA "products[1].id",
	    "1|click||b");
	CHECK_STRING(got.data,
		     "\"product_action\":{\"action\":\"click\",\"products\":[{\"id\":\"b\"}]}");
	run(&plain, "commerce_event",
	    "mpid|" PA
	    "action|events.data.promotion_action.action|events.data.promotion_action.promotions.id",
	    "1||view|p");
	CHECK_STRING(got.data,
		     "\"promotion_action\":{\"action\":\"view\",\"promotions\":[{\"id\":\"p\"}]}");
	run(&plain, "commerce_event", "mpid|" PA "action|events.data.promotion_action.action",
	    "1|click|view");
	CHECK_STRING(got.code, "conflicting-commerce");
	run(&plain, "commerce_event", "mpid|" PA "action|events.data.promotion_action.action",
	    "1||");
	CHECK_STRING(got.code, "missing-value");
	run(&plain, "commerce_event", "mpid|" PA "action|" PA "transaction_id", "1||t");
	CHECK_STRING(got.code, "missing-value");
	CHECK_STRING(got.column, PA "action");
	run(&plain, "commerce_event", "mpid|" PA "products.id", NULL);
	CHECK_STRING(got.code, "missing-column");
	CU_ASSERT_PTR_NOT_NULL(strstr(got.text, PA "action"));
	run(&plain, "commerce_event", "mpid|events.data.currency_code", NULL);
	CHECK_STRING(got.code, "missing-column");
	run(&plain, "commerce_event",
	    "mpid|events.data.product_impressions.product_impression_list|events.data.product_"
	    "impressions.products.id",
	    "1|l|x");
	CHECK_STRING(got.data, "\"product_impressions\":[{\"product_impression_list\":\"l\","
			       "\"products\":[{\"id\":\"x\"}]}]");
	run(&plain, "commerce_event", "mpid|" PA "action|events.data.shopping_cart.products[2].id",
	    "1|click|x");
	CHECK_STRING(got.data, "\"product_action\":{\"action\":\"click\"},\"shopping_cart\":{"
			       "\"products\":[{\"id\":\"x\"}]}");
}

static void test_defaults(void)
{
	struct conf_feed feed = {.name = "t",
				 .map.environment = "development",
				 .map.event_name = "Def",
				 .map.event_type = "ATTRIBUTION",
				 .map.data_plan = "plan:3",
				 .map.screen_name = "Home"};
	run(&feed, "custom_event", "mpid", "1");
	CHECK_STRING(got.data, "\"custom_event_type\":\"attribution\",\"event_name\":\"Def\"");
	CHECK_STRING(
	    got.batch,
	    "\"environment\":\"development\",\"context\":{\"data_plan\":{\"plan_id\":\"plan\","
	    "\"plan_version\":3}},\"mpid\":1");
	run(&feed, "custom_event",
	    "mpid|events.data.event_name|environment|context.data_plan.plan_id",
	    "1|Own|production|q");
	CHECK_STRING(got.data, "\"custom_event_type\":\"attribution\",\"event_name\":\"Own\"");
	CHECK_STRING(got.batch, "\"environment\":\"production\",\"context\":{\"data_plan\":{\"plan_"
				"id\":\"q\"}},\"mpid\":1");
	run(&feed, "custom_event", "mpid|events.data.event_name|context.data_plan.plan_id", "1||");
	CHECK_STRING(got.data, "\"custom_event_type\":\"attribution\",\"event_name\":\"Def\"");
	CHECK_STRING(
	    got.batch,
	    "\"environment\":\"development\",\"context\":{\"data_plan\":{\"plan_id\":\"plan\","
	    "\"plan_version\":3}},\"mpid\":1");
	run(&feed, "screen_view", "mpid|events.data.screen_name", "1|");
	CHECK_STRING(got.data, "\"screen_name\":\"Home\"");
	run(&plain, "screen_view", "mpid", "1");
	CHECK_STRING(got.data, "\"screen_name\":\"\"");
	run(&plain, "custom_event", "mpid", NULL);
	CHECK_STRING(got.code, "missing-column");
	CU_ASSERT_PTR_NOT_NULL(strstr(got.text, "events.data.event_name"));
	CU_ASSERT_PTR_NOT_NULL(strstr(got.text, "events.data.custom_event_type"));
	run(&plain, "custom_event", "mpid|events.data.event_name|events.data.custom_event_type",
	    "1||other");
	CHECK_STRING(got.code, "missing-value");
	CHECK_STRING(got.column, "events.data.event_name");
	CU_ASSERT_EQUAL(got.fault_column, 2);
	feed.map.event_type = "nonsense";
	run(&feed, "custom_event", "mpid", NULL);
	CU_ASSERT_EQUAL(got.status, DF_USAGE);
}

static void test_events(void)
{
	static const struct {
		const char *event, *header, *row, *expected;
	} table[] = {
	    {"session_start", "mpid|events.data.session_id", "1|5", "\"session_id\":5"},
	    {"session_end", "mpid|events.data.session_duration_ms", "1|5",
	     "\"session_duration_ms\":5"},
	    {"session_end", "mpid", NULL, "!missing-column"},
	    {"opt_out", "mpid|events.data.is_opted_out", "1|1", "\"is_opted_out\":true"},
	    {"opt_out", "mpid|events.data.is_opted_out", "1|", "!missing-value"},
	    {"uninstall", "mpid", "1", ""},
	    {"push_message",
	     "mpid|events.data.push_message_token|events.data.push_message_type|events.data.push_"
	     "notification_payload",
	     "1|t|SENT|{}",
	     "\"push_message_token\":\"t\",\"push_message_type\":\"sent\",\"push_notification_"
	     "payload\":\"{}\""},
	    {"user_attribute_change",
	     "mpid|events.data.user_attribute_name|events.data.new|events.data.old[]|events.data."
	     "old[]",
	     "1|a|n|x|y", "\"user_attribute_name\":\"a\",\"new\":\"n\",\"old\":[\"x\",\"y\"]"},
	    {"user_identity_change",
	     "mpid|events.data.new.identity|events.data.new.identity_type|events.data.new."
	     "timestamp_unixtime_ms",
	     NULL, "!missing-column"},
	    {"crash_report",
	     "mpid|events.data.severity|events.data.message|events.data.breadcrumbs.event_type|"
	     "events.data.breadcrumbs."
	     "data.label",
	     "1|high|boom|breadcrumb|l",
	     "\"breadcrumbs\":[{\"data\":{\"label\":\"l\"},\"event_type\":\"breadcrumb\"}],"
	     "\"severity\":\"high\","
	     "\"message\":\"boom\""},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		run(&plain, table[i].event, table[i].header, table[i].row);
		CHECK_STRING(table[i].expected[0] == '!' ? got.code : got.data,
			     table[i].expected[0] == '!' ? table[i].expected + 1
							 : table[i].expected);
	}
	CU_ASSERT(schema_event_known("eventless", 9));
	CU_ASSERT(schema_event_known("push_message!", 12));
	CU_ASSERT_FALSE(schema_event_known("custom", 6));
}

static void test_headers(void)
{
	static const struct {
		const char *event, *header, *code, *column, *word;
	} table[] = {
	    {"eventless", "mpid|mpid", "duplicate-column", "mpid", ""},
	    {"eventless", "user_identities.customerid|user_identities.customer_id",
	     "duplicate-column", "user_identities.customer_id", "user_identities.customer_id"},
	    {"eventless", "mpid|user_attributes.a[]|user_attributes.a", "duplicate-column",
	     "user_attributes.a", ""},
	    {"eventless", "mpid|user_attributes|user_attributes.a", "duplicate-column",
	     "user_attributes.a", ""},
	    {"uninstall", "mpid|events.data.location.latitude|events[0].data.location.latitude",
	     "duplicate-column", "events[0].data.location.latitude", ""},
	    {"eventless", "user_attributes.a", "no-identity-column", "", "mpid"},
	    {"eventless", "device_info.att_authorization_status", "no-identity-column", "", ""},
	    {"eventless", "mpid|events.data.event_name", "unknown-column", "events.data.event_name",
	     "eventless"},
	    {"eventless", "MPID", "unknown-column", "MPID", "'mpid'"},
	    {"eventless", "mpid|user_identites.email", "unknown-column", "user_identites.email",
	     "'user_identities.email'"},
	    {"eventless", "mpid|customer_id", "unknown-column", "customer_id",
	     "'user_identities.customer_id'"},
	    {"eventless", "mpid|user_atributes.Tier", "unknown-column", "user_atributes.Tier",
	     "'user_attributes.Tier'"},
	    {"eventless", "mpid|Favourite Colour", "unknown-column", "Favourite Colour",
	     "'user_attributes.Favourite Colour'"},
	    {"uninstall", "mpid|events.data.timestamp_unixtime", "unknown-column",
	     "events.data.timestamp_unixtime", "'events.data.timestamp_unixtime_ms'"},
	    {"uninstall", "mpid|events[].data.event_nun", "unknown-column",
	     "events[].data.event_nun", "'events.data.event_num'"},
	    {"uninstall", "mpid|events[1].data.event_num", "unknown-column",
	     "events[1].data.event_num", ""},
	    {"uninstall", "mpid|events.data", "unknown-column", "events.data", "'events.data."},
	    {"commerce_event", "mpid|events.data.product_action.products[1]", "unknown-column",
	     "events.data.product_action.products[1]", "several fields"},
	    {"uninstall", "mpid|events.data.product_action.action", "unknown-column",
	     "events.data.product_action.action", "commerce_event"},
	    {"eventless", "mpid|api_key", "unknown-column", "api_key", "settings"},
	    {"eventless", "mpid|", "unknown-column", "", "no name"},
	    {"eventless", "mpid|user_attributes.", "unknown-column", "user_attributes.",
	     "'user_attributes.<name>'"},
	    {"eventless", "mpid|consent_state.gdpr.p", "unknown-column", "consent_state.gdpr.p",
	     "'consent_state.gdpr.<name>.consented'"},
	    {"eventless", "mpid|consent_state.gdpr.p.q.consentd", "unknown-column",
	     "consent_state.gdpr.p.q.consentd", "'consent_state.gdpr.p.q.consented'"},
	    {"eventless", "mpid|integration_attributes.12", "unknown-column",
	     "integration_attributes.12", "'integration_attributes.<name>.<key>'"},
	    {"eventless", "mpid|device_info.", "unknown-column", "device_info.",
	     "'device_info.brand'"},
	    {"eventless", "mpid|aa|bb|cc|dd|ee|ff|gg", "unknown-column", "aa", "and 2 more"},
	    {"eventless", "mpid|context.location.latitude", "missing-column", "",
	     "context.location.longitude"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		run(&plain, table[i].event, table[i].header, NULL);
		CU_ASSERT_EQUAL(got.status, DF_REJECT);
		CHECK_STRING(got.code, table[i].code);
		CHECK_STRING(got.column, table[i].column);
		CU_ASSERT_PTR_NOT_NULL(strstr(got.text, table[i].word));
		if (strstr(got.text, table[i].word) == NULL)
			printf("\n  %s: no %s in %s\n", table[i].header, table[i].word, got.text);
	}
	struct conf_feed lax = {.name = "t", .map.unknown_columns_warn = true};
	run(&lax, "eventless", "mpid|Colour", "1|red");
	CHECK_STRING(got.batch, "\"environment\":\"production\",\"mpid\":1");
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(got.warnings, "unknown-column: column 2 is ignored: 'Colour'"));
	run(&plain, "eventless", "mpid|ip", "1");
	CHECK_STRING(got.code, "wrong-field-count");
	CU_ASSERT_EQUAL(got.n_faults, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(got.text, "has 1 field"));
	run(&plain, "eventless", "mpid|timestamp_unixtime_ms", "1|1700000000000");
	CHECK_STRING(
	    got.batch,
	    "\"environment\":\"production\",\"mpid\":1,\"timestamp_unixtime_ms\":1700000000000");
	CU_ASSERT_PTR_NOT_NULL(strstr(got.warnings, "events.data.timestamp_unixtime_ms"));
}

static void test_deletion(void)
{
	struct conf_feed feed = {.name = "t", .map.empty_attributes_delete = true};
	run(&feed, "eventless",
	    "mpid|user_attributes.a|user_attributes.b\"|user_attributes.c[]|deleted_user_"
	    "attributes[]",
	    "1|x|||z");
	CHECK_STRING(
	    got.batch,
	    "\"user_attributes\":{\"a\":\"x\"},\"deleted_user_attributes\":[\"b\\\"\",\"c\",\"z\"],"
	    "\"environment\":\"production\",\"mpid\":1");
	run(&feed, "eventless", "mpid|user_attributes.a", "1|x");
	CHECK_STRING(got.batch,
		     "\"user_attributes\":{\"a\":\"x\"},\"environment\":\"production\",\"mpid\":1");
	run(&feed, "eventless", "mpid|user_attributes.a", "1|");
	CHECK_STRING(
	    got.batch,
	    "\"deleted_user_attributes\":[\"a\"],\"environment\":\"production\",\"mpid\":1");
}

/* `n` characters of two bytes each. */
static char *wide(size_t n)
{
	char *s = df_alloc(n * 2 + 1);
	for (size_t i = 0; i < n; i++)
		memcpy(s + 2 * i, "ü", 2);
	return s;
}

static void limit_case(const char *event, const char *column, size_t max)
{
	struct conf_feed cut = {.name = "t",
				.map.event_name = "n",
				.map.event_type = "other",
				.map.limits_truncate = true};
	for (size_t extra = 0; extra < 2; extra++) {
		char *value = wide(max + extra), *fit = wide(max);
		char *header = df_format("mpid|%s", column), *row = df_format("1|%s", value);
		run(&named, event, header, row);
		CHECK_STRING(got.code, extra > 0 ? "too-long" : "");
		run(&cut, event, header, row);
		CU_ASSERT_EQUAL(got.status, DF_OK);
		char *quoted = df_format("\"%s\"", fit);
		CU_ASSERT(strstr(got.batch, quoted) != NULL || strstr(got.data, quoted) != NULL);
		CU_ASSERT_EQUAL(strstr(got.warnings, "too-long") != NULL, extra > 0);
		free(quoted);
		free(row);
		free(header);
		free(fit);
		free(value);
	}
}

static void test_limits(void)
{
	limit_case("custom_event", "events.data.event_name", 256);
	limit_case("custom_event", "events.data.custom_attributes.a", 4096);
	limit_case("eventless", "user_attributes.a", 4096);
	limit_case("eventless", "user_attributes.a[]", 512);
	struct df_buf header = {0}, row = {0};
	df_buf_adds(&header, "mpid");
	df_buf_adds(&row, "1");
	for (int i = 0; i < 101; i++) {
		df_buf_addf(&header, "|user_attributes.k%d", i);
		df_buf_adds(&row, i == 50 ? "|" : "|v");
	}
	run(&plain, "eventless", df_buf_cstr(&header), df_buf_cstr(&row));
	CU_ASSERT_EQUAL(got.status, DF_OK); /* 100 of 101 have a value */
	df_buf_adds(&header, "|user_attributes.last");
	df_buf_adds(&row, "|v");
	run(&plain, "eventless", df_buf_cstr(&header), df_buf_cstr(&row));
	CHECK_STRING(got.code, "too-many-attributes");
	CU_ASSERT_EQUAL(got.n_faults, 1);
	struct conf_feed cut = {.name = "t", .map.limits_truncate = true};
	run(&cut, "eventless", df_buf_cstr(&header), df_buf_cstr(&row));
	CU_ASSERT_PTR_NOT_NULL(strstr(got.batch, "k100"));
	CU_ASSERT_PTR_NULL(strstr(got.batch, "last"));
	df_buf_free(&header);
	df_buf_free(&row);
	char *name = wide(257), *column = df_format("mpid|user_attributes.%s", name);
	run(&plain, "eventless", column, "1|x");
	CHECK_STRING(got.code, "too-long");
	run(&plain, "eventless", column, "1|");
	CU_ASSERT_EQUAL(got.status, DF_OK);
	run(&cut, "eventless", column, "1|x");
	CU_ASSERT_EQUAL(got.status, DF_OK);
	CU_ASSERT_PTR_NULL(strstr(got.batch, name));
	free(column);
	free(name);
}

/* {"k0":"v",...} with n members, or {"k":["v",...]} with n entries. */
static char *json_row(size_t n, bool list)
{
	struct df_buf b = {0};
	df_buf_adds(&b, list ? "1|{\"k\":[" : "1|{");
	for (size_t i = 0; i < n; i++)
		if (list)
			df_buf_addf(&b, "%s\"v%zu\"", i > 0 ? "," : "", i);
		else
			df_buf_addf(&b, "%s\"k%zu\":\"v\"", i > 0 ? "," : "", i);
	df_buf_adds(&b, list ? "]}" : "}");
	df_buf_addc(&b, '\0');
	return b.data;
}

static void test_json_limits(void)
{
	struct conf_feed cut = {.name = "t", .map.limits_truncate = true};
	for (size_t list = 0; list < 2; list++) {
		size_t max = list ? 1000 : 100;
		for (size_t extra = 0; extra < 2; extra++) {
			char *row = json_row(max + extra, list);
			run(&plain, "eventless", "mpid|user_attributes", row);
			CHECK_STRING(got.code, extra > 0 ? "too-many-attributes" : "");
			run(&cut, "eventless", "mpid|user_attributes", row);
			CU_ASSERT_EQUAL(got.status, DF_OK);
			CU_ASSERT_PTR_NOT_NULL(
			    strstr(got.batch, list ? "\"v999\"]" : "\"k99\":\"v\"}"));
			CU_ASSERT_EQUAL(strstr(got.warnings, "too-long") != NULL, extra > 0);
			free(row);
		}
	}
	static const struct {
		const char *format;
		size_t max;
	} lengths[] = {
	    {"1|{\"k\":\"%s\"}", 4096}, {"1|{\"%s\":\"v\"}", 256}, {"1|{\"k\":[\"%s\"]}", 512}};
	for (size_t i = 0; i < 6; i++) {
		size_t max = lengths[i / 2].max;
		char *value = wide(max + i % 2), *fit = wide(max),
		     *quoted = df_format("\"%s\"", fit);
		const char *at = strstr(lengths[i / 2].format, "%s");
		char *row = df_format("%.*s%s%s", (int)(at - lengths[i / 2].format),
				      lengths[i / 2].format, value, at + 2);
		run(&plain, "eventless", "mpid|user_attributes", row);
		CHECK_STRING(got.code, i % 2 > 0 ? "too-long" : "");
		run(&cut, "eventless", "mpid|user_attributes", row);
		CU_ASSERT_PTR_NOT_NULL(strstr(got.batch, quoted));
		free(row);
		free(quoted);
		free(fit);
		free(value);
	}
}

static void test_faults(void)
{
	static struct rows_cell names[] = {
	    {"mpid", 4}, {"device_info.screen_width", 24}, {"device_info.is_tablet", 21}};
	static struct rows_cell cells[] = {{"a", 1}, {"b", 1}, {"c", 1}},
				good[] = {{"1", 1}, {"2", 1}, {"t", 1}};
	struct map *m = NULL;
	struct df_err err = {0};
	struct map_record r = {0};
	CU_ASSERT_EQUAL_FATAL(map_open(&plain, "eventless", &m, &err), DF_OK);
	CU_ASSERT_EQUAL_FATAL(map_header(m, names, 3, &err), DF_OK);
	CU_ASSERT_EQUAL(map_row(m, cells, 3, &r), DF_REJECT);
	CU_ASSERT_EQUAL(r.n_faults, 3);
	/* in the schema's order: device_info first */
	CU_ASSERT_STRING_EQUAL(r.faults[0].code, "not-an-integer");
	CU_ASSERT_EQUAL(r.faults[0].column, 2);
	CU_ASSERT_STRING_EQUAL(r.faults[2].name, "mpid");
	CU_ASSERT_EQUAL(map_row(m, good, 3, &r), DF_OK); /* nothing is left over from the bad row */
	CU_ASSERT_EQUAL(r.n_faults, 0);
	CU_ASSERT_EQUAL(r.ids_len, strlen("\"mpid\":1"));
	CU_ASSERT_EQUAL(map_columns(m), 3);
	CU_ASSERT_STRING_EQUAL(map_column_name(m, 3), "device_info.is_tablet");
	CU_ASSERT_STRING_EQUAL(map_column_name(m, 4), "");
	CU_ASSERT_EQUAL(map_header(m, names, 1, &err), DF_OK); /* the next document */
	CU_ASSERT_EQUAL(map_row(m, good, 1, &r), DF_OK);
	map_close(m);
	map_close(NULL);
}

/* ---- the filter for tests/run-schema ---- */

static int walk(void)
{
	static char lines[MAX_CELLS][1024];
	struct rows_cell names[MAX_CELLS] = {{0}}, cells[MAX_CELLS] = {{0}};
	char event[64] = "";
	size_t n = 0;
	while (n < MAX_CELLS && fgets(lines[n], sizeof(lines[n]), stdin) != NULL) {
		lines[n][strcspn(lines[n], "\n")] = '\0';
		if (lines[n][0] != '\0') {
			char *path = strchr(lines[n], '\t'),
			     *value = path != NULL ? strchr(path + 1, '\t') : NULL;
			if (value == NULL)
				return 2;
			*path++ = *value++ = '\0';
			snprintf(event, sizeof(event), "%s", lines[n]);
			names[n] = (struct rows_cell){path, strlen(path)};
			cells[n++] = (struct rows_cell){value, strlen(value)};
			continue;
		}
		run_cells(&plain, event, names, n, cells, n);
		if (got.status != DF_OK)
			printf("%s\t%s\n", got.code, got.text);
		else if (strcmp(event, "eventless") == 0)
			printf("ok\t{%s}\n", got.batch);
		else
			printf("ok\t{%s,\"events\":[{\"event_type\":\"%s\",\"data\":{%s}}]}\n",
			       got.batch, event, got.data);
		n = 0;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const CU_TestInfo tests[] = {
	    {"types", test_types},
	    {"UUIDs", test_uuids},
	    {"JSON cells", test_json_cells},
	    {"whole objects and lists in a cell", test_whole_cells},
	    {"empty members", test_empty_members},
	    {"empty members delete", test_empty_members_delete},
	    {"placeholders", test_placeholders},
	    {"ccpa", test_ccpa},
	    {"batch", test_batch},
	    {"ids", test_ids},
	    {"own ids", test_own_ids},
	    {"commerce", test_commerce},
	    {"defaults", test_defaults},
	    {"events", test_events},
	    {"headers", test_headers},
	    {"deletion", test_deletion},
	    {"limits", test_limits},
	    {"limits in JSON cells", test_json_limits},
	    {"faults", test_faults},
	    CU_TEST_INFO_NULL,
	};
	if (argc == 2 && strcmp(argv[1], "walk") == 0)
		return walk();
	return test_main("map", NULL, NULL, tests);
}
