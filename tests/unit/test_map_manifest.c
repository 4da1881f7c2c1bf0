/* SPDX-License-Identifier: MIT */
/* Manifests of both kinds. */
#include "helper_map.h"

#include <stdlib.h>

static void with(const char *manifest, const char *event, const char *header, const char *row)
{
	struct conf_feed feed = {.name = "t", .event_name = "n", .event_type = "other"};
	feed.manifest = df_strdup("m.json");
	feed.manifest_text = df_strdup(manifest);
	run(&feed, event, header, row);
	free(feed.manifest_text);
	free(feed.manifest);
}

#define BATCH_1 "\"environment\":\"production\",\"mpid\":1"

static void test_custom_header(void)
{
	static const char manifest[] =
	    "// ours\n{\"hasHeaderRow\": true, /* REQUIRED */ \"columns\": ["
	    "{\"column\": \"Id\", \"action\": \"keep\", \"field\": \"mpid\"},"
	    "{\"column\": \"Junk\", \"action\": \"ignore\"},"
	    "{\"column\": \"Tier\", \"action\": \"keep\", \"field\": \"user_attributes.Member Tier\"}]}\n// end\n";
	with(manifest, "eventless", "Tier|Junk|Id|ip", "gold|x|1|::1");
	CHECK_STRING(got.batch,
		     "\"user_attributes\":{\"Member Tier\":\"gold\"},\"environment\":\"production\",\"ip\":\"::1\","
		     "\"mpid\":1");
	with(manifest, "eventless", "Tier|Id", "gold|1"); /* what is ignored may be absent */
	CU_ASSERT_EQUAL(got.status, DF_OK);
	with(manifest, "eventless", "Id|Junk", NULL);
	CHECK_STRING(got.code, "manifest-mismatch");
	CHECK_STRING(got.column, "Tier");
	with(manifest, "eventless", "Id|Tier|Other", NULL);
	CHECK_STRING(got.code, "unknown-column");
	CHECK_STRING(got.column, "Other");
	with(manifest, "eventless", "Id|Tier|Id", NULL);
	CHECK_STRING(got.code, "duplicate-column");
	with(manifest, "eventless", "Id|Tier|mpid", NULL); /* Id leads there already */
	CHECK_STRING(got.code, "duplicate-column");
	with(manifest, "eventless", "Id|Tier", "x|");
	CHECK_STRING(got.code, "not-an-integer");
	CHECK_STRING(got.column, "Id");
	with(manifest, "eventless", "Id|Tier|dropfeed.line|dropfeed.reason", "1||2|x");
	CHECK_STRING(got.batch, BATCH_1);
}

static void test_custom_no_header(void)
{
	static const char manifest[] = "{\"hasHeaderRow\": false, \"columns\": ["
				       "{\"column\": \"Id\", \"action\": \"keep\", \"field\": \"mpid\"},"
				       "{\"column\": \"Junk\", \"action\": \"ignore\"},"
				       "{\"action\": \"keep\", \"field\": \"device_info.screen_width\"}]}";
	with(manifest, "eventless", "", "1|x|7");
	CHECK_STRING(got.batch, "\"device_info\":{\"screen_width\":7}," BATCH_1);
	with(manifest, "eventless", "", "1|x|a");
	CHECK_STRING(got.code, "not-an-integer");
	CHECK_STRING(got.column, "column 3");
	with(manifest, "eventless", "", "a|x|7");
	CHECK_STRING(got.column, "Id");
	with(manifest, "eventless", "", "1|x");
	CHECK_STRING(got.code, "manifest-mismatch");
	CU_ASSERT_PTR_NOT_NULL(strstr(got.text, "2 columns"));
	CU_ASSERT_PTR_NOT_NULL(strstr(got.text, "lists 3"));
}

#define MAPPINGS(...)                                                                                                  \
	"{\"id\":\"i\",\"name\":\"n\",\"destination_type\":\"event_batch\",\"mappings\":[" __VA_ARGS__ "]}"
#define COLUMN(s, d) "{\"mapping_type\":\"column\",\"source\":\"" s "\",\"destination\":\"" d "\"}"
#define STATIC(v, d) "{\"mapping_type\":\"static\",\"value\":" v ",\"destination\":\"" d "\"}"
#define IGNORE(s)    "{\"mapping_type\":\"ignore\",\"source\":\"" s "\"}"

static void test_transform(void)
{
	with(MAPPINGS(COLUMN("Id", "mpid") "," COLUMN("Id", "user_identities.customer_id") "," STATIC(
		 "true", "device_info.is_tablet")),
	     "eventless", "Id|ip", "1|::1");
	CHECK_STRING(got.batch, "\"device_info\":{\"is_tablet\":true},\"user_identities\":{\"customer_id\":\"1\"},"
				"\"environment\":\"production\",\"ip\":\"::1\",\"mpid\":1");
	with(MAPPINGS(STATIC("9007199254740993", "mpid")), "uninstall", "events.data.event_num", "2");
	CHECK_STRING(got.batch, "\"environment\":\"production\",\"mpid\":9007199254740993");
	CHECK_STRING(got.ids, "\"mpid\":9007199254740993");
	CHECK_STRING(got.data, "\"event_num\":2");
	with(MAPPINGS(COLUMN("attr_*", "user_attributes.x *") "," IGNORE("attr_secret") "," COLUMN(
		 "tag*", "user_attributes.tags[]")),
	     "eventless", "mpid|attr_a|attr_secret|attr_b.c|tag1|tag2", "1|A|S|B|T|U");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"x a\":\"A\",\"x b.c\":\"B\",\"tags\":[\"T\",\"U\"]}," BATCH_1);
	with(MAPPINGS(COLUMN("Id", "mpid") "," COLUMN("$unmapped", "user_attributes.{{ key }}")), "eventless",
	     "Id|Fav Colour|ip", "1|red|x");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"Fav Colour\":\"red\",\"ip\":\"x\"}," BATCH_1);
	with(MAPPINGS(COLUMN("Id", "mpid")), "eventless", "Id|Fav Colour", NULL);
	CHECK_STRING(got.code, "unknown-column");
	with(MAPPINGS(COLUMN("Id", "mpid") "," COLUMN("Absent", "ip")), "eventless", "Id", NULL);
	CHECK_STRING(got.code, "manifest-mismatch");
	with(MAPPINGS(COLUMN("Id", "mpid") "," COLUMN("foo.item", "ip")), "eventless", "Id|foo", NULL);
	CHECK_STRING(got.code, "manifest-mismatch");
	CU_ASSERT_PTR_NOT_NULL(strstr(got.text, "not supported yet"));
	with(MAPPINGS(COLUMN("Id", "mpid") "," COLUMN("a_*", "device_info.*")), "eventless", "Id|a_nonsense", NULL);
	CHECK_STRING(got.code, "unknown-column");
	with(MAPPINGS(COLUMN("$unmapped", "events[].data.custom_attributes.*") "," COLUMN("Id", "mpid")),
	     "custom_event", "Id|k", "1|v");
	CHECK_STRING(got.data,
		     "\"custom_attributes\":{\"k\":\"v\"},\"custom_event_type\":\"other\",\"event_name\":\"n\"");
}

static void test_broken(void)
{
	static const struct {
		const char *manifest, *word;
	} table[] = {
	    {"{\n \"columns\": [\n  {\"column\" \"x\"}]}", "line 3, column 13"},
	    {"{\"columns\": [", "ends too early"},
	    {"{\"columns\": []} x", "line 1, column 17"},
	    {"[1]", "object"},
	    {"{}", "neither"},
	    {"{\"columns\": [], \"hasHeader\": true}", "'hasHeader'"},
	    {"{\"columns\": [], \"hasHeaderRow\": 1}", "'hasHeaderRow'"},
	    {"{\"columns\": {}}", "array"},
	    {"{\"columns\": [1]}", "entry 1"},
	    {"// {\n{\"columns\": [ /* [ { */\n  {\"column\": \"{\\\"[\", \"action\": \"ignore\"},\n"
	     "    {\"column\": \"b\", \"action\": \"nap\"}]}",
	     "line 4, column 5"},
	    {"{\"columns\": [{\"column\": 1, \"action\": \"keep\", \"field\": \"mpid\"}]}", "'column'"},
	    {"{\"columns\": [{\"column\": \"a\", \"action\": \"drop\"}]}", "keep or ignore"},
	    {"{\"columns\": [{\"column\": \"a\", \"action\": \"keep\"}]}", "'field' is missing"},
	    {"{\"columns\": [{\"column\": \"a\", \"action\": \"keep\", \"feild\": \"mpid\"}]}", "'feild'"},
	    {"{\"columns\": [{\"column\": \"a\", \"action\": \"keep\", \"field\": \"mpdi\"}]}", "'mpid'"},
	    {"{\"columns\": [{\"column\": \"a\", \"action\": \"keep\", \"field\": \"user_identities.customerid\"},"
	     "{\"column\": \"b\", \"action\": \"keep\", \"field\": \"user_identities.customer_id\"}]}",
	     "entry 2"},
	    {"{\"columns\": [{\"column\": \"a\", \"action\": \"ignore\"},{\"column\": \"a\", \"action\": \"ignore\"}]}",
	     "twice"},
	    {MAPPINGS("{\"mapping_type\":\"copy\"}"), "mapping_type"},
	    {MAPPINGS("{\"mapping_type\":\"column\",\"source\":\"a\"}"), "'destination' is missing"},
	    {MAPPINGS(COLUMN("a", "mpdi")), "'mpid'"},
	    {MAPPINGS(COLUMN("a", "user_attributes.*")), "has a *"},
	    {MAPPINGS(COLUMN("a*b*", "user_attributes.*")), "more than one *"},
	    {MAPPINGS(COLUMN("a*", "user_attributes.{{ key | upcase }}")), "not supported yet"},
	    {MAPPINGS(STATIC("\"{{ value }}\"", "mpid")), "not supported yet"},
	    {MAPPINGS(STATIC("null", "mpid")), "string, number or boolean"},
	    {MAPPINGS(STATIC("\"x\"", "events.data.source_message_id")), "static"},
	    {MAPPINGS("{\"mapping_type\":\"column\",\"source\":\"a\",\"destination\":\"mpid\",\"value\":\"{{ value | "
		      "upcase }}\"}"),
	     "not supported yet"},
	    {MAPPINGS(
		 "{\"mapping_type\":\"column\",\"source\":\"a\",\"destination\":\"mpid\",\"ignore_when\":\"zero\"}"),
	     "ignore_when"},
	    {"{\"destination_type\":\"user\",\"mappings\":[]}", "event_batch"},
	    {MAPPINGS(COLUMN("a", "mpid") "," COLUMN("b", "mpid")), "entry 2"},
	    {MAPPINGS(COLUMN("a", "api_key")), "api_key"},
	    {MAPPINGS(STATIC("\"abc\"", "mpid")), "whole number"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		with(table[i].manifest, "uninstall", "a", NULL);
		CU_ASSERT_EQUAL(got.status, DF_USAGE);
		CU_ASSERT_PTR_NOT_NULL(strstr(got.text, table[i].word));
		if (strstr(got.text, table[i].word) == NULL)
			printf("\n  %s: no %s in %s\n", table[i].manifest, table[i].word, got.text);
	}
}

static void test_retail(void)
{
	struct conf_feed feed = {.name = "t", .timestamps = df_strdup("%m/%d/%y %H:%M")};
	struct df_err err = {0};
	size_t len = 0;
	CU_ASSERT_EQUAL_FATAL(df_read_file("manifests/retail.json", 1 << 20, &feed.manifest_text, &len, &err), DF_OK);
	run(&feed, "commerce_event",
	    "InvoiceNo|StockCode|Description|Quantity|InvoiceDate|UnitPrice|CustomerID|Country",
	    "536365|85123A|WHITE HANGING HEART T-LIGHT HOLDER|6|12/1/10 8:26|2.550|17850|United Kingdom");
	CHECK_STRING(
	    got.batch,
	    "\"user_attributes\":{\"$Country\":\"United Kingdom\"},\"user_identities\":{\"customer_id\":\"17850\"},"
	    "\"environment\":\"production\"");
	CHECK_STRING(
	    got.data,
	    "\"timestamp_unixtime_ms\":1291191960000,\"product_action\":{\"action\":\"purchase\","
	    "\"transaction_id\":\"536365\",\"products\":[{\"id\":\"85123A\",\"name\":\"WHITE HANGING HEART T-LIGHT "
	    "HOLDER\",\"price\":2.550,\"quantity\":6}]}");
	free(feed.manifest_text);
	free(feed.timestamps);
}

int main(void)
{
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	CU_pSuite s = CU_add_suite("map manifests", NULL, NULL);
	CU_add_test(s, "custom, with a header", test_custom_header);
	CU_add_test(s, "custom, without", test_custom_no_header);
	CU_add_test(s, "field transformation", test_transform);
	CU_add_test(s, "broken ones", test_broken);
	CU_add_test(s, "retail.json", test_retail);
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	unsigned failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failures > 0 ? 1 : 0;
}
