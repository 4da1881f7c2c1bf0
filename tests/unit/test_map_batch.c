/* SPDX-License-Identifier: MIT */
/* What columns become of the user and the batch. */
#include "map_world.h"

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
	run(&named, "custom_event", "mpid|source_request_id|events.data.source_message_id",
	    "1|NULL|4.41E+11");
	CHECK_STRING(got.request, "");
	CHECK_STRING(got.message, "");
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"ccpa", test_ccpa},       {"batch", test_batch}, {"ids", test_ids},
	    {"own ids", test_own_ids}, CU_TEST_INFO_NULL,
	};
	return test_main("map batches", NULL, NULL, tests);
}
