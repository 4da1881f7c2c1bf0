/* SPDX-License-Identifier: MIT */
/* What manifests say of a document and of its rows. */
#include "manifest_world.h"

/* Columns that nobody looks at may share a name. */
static void test_native_header(void)
{
	static const char manifest[] =
	    "{\"columns\": [{\"column\": \"Id\", \"action\": \"keep\", \"field\": \"mpid\"},"
	    "{\"column\": \"user_attributes.secret\", \"action\": \"ignore\"}]}";
	with(manifest, "eventless", "mpid|user_attributes.a", "1|x");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"a\":\"x\"}," BATCH_1);
	with(manifest, "eventless", "mpid|user_attributes.a|dropfeed.line|dropfeed.reason",
	     "1|x|2|y");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"a\":\"x\"}," BATCH_1);
	with(manifest, "eventless", "mpid|Tier", NULL); /* not native: Id is missing */
	CHECK_STRING(got.code, "manifest-mismatch");
	/* it is named: the manifest is meant */
	with(manifest, "eventless", "mpid|user_attributes.secret", NULL);
	CHECK_STRING(got.code, "manifest-mismatch");
}

/* The batch's own time is the event's, unless that is mapped too; it never separates batches. */
static void test_batch_time(void)
{
	run(&named, "custom_event", "mpid|timestamp_unixtime_ms", "1|1700000000000");
	CHECK_STRING(got.batch, BATCH_1);
	CU_ASSERT_EQUAL(got.timestamp_ms, 1700000000000);
	CHECK_STRING(got.warnings, "");
	run(&named, "custom_event", "timestamp_unixtime_ms|mpid|events.data.timestamp_unixtime_ms",
	    "1600000000000|1|1700000000000");
	CHECK_STRING(got.batch, BATCH_1);
	CU_ASSERT_EQUAL(got.timestamp_ms, 1700000000000);
	CU_ASSERT_PTR_NOT_NULL(strstr(got.warnings, "is left out"));
}

static void test_static_integers(void)
{
	with("{\"mappings\": [{\"mapping_type\": \"column\", \"source\": \"Id\", \"destination\": "
	     "\"mpid\"},"
	     "{\"mapping_type\": \"static\", \"value\": 9007199254740993, \"destination\": "
	     "\"user_attributes.a\"}]}",
	     "eventless", "Id", "1");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"a\":\"9007199254740993\"}," BATCH_1);
	static const char *const over[] = {"99999999999999999999999", "-99999999999999999999999"};
	for (size_t i = 0; i < 2; i++) {
		char *manifest =
		    df_format("{\"mappings\": [{\"mapping_type\": \"static\", \"value\": %s, "
			      "\"destination\": \"user_attributes.a\"}]}",
			      over[i]);
		with(manifest, "eventless", "mpid", "1");
		CU_ASSERT_EQUAL(got.status, DF_OK);
		CU_ASSERT_PTR_NOT_NULL(strstr(got.batch, over[i]));
		free(manifest);
	}
}

/* Of several patterns the most specific holds. */
/* A value that is a list brings all its entries; a list filter works on the list that a cell
 * holds. */
static void test_lists(void)
{
	with(MAPPINGS(ID MADE("a", "user_attributes.l[]", "{{ value | split: '|' }}")), "eventless",
	     "Id|a", "1|p, q");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"l\":[\"p, q\"]}," BATCH_1);
	with(MAPPINGS(ID MADE("a", "user_attributes.l[]",
			      "{{ value | split: ',' }}") "," COLUMN("b", "user_attributes.l[]")),
	     "eventless", "Id|a|b", "1|p,,q|r");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"l\":[\"p\",\"q\",\"r\"]}," BATCH_1);
	with(MAPPINGS(ID MADE("a", "user_attributes.l[]", "{{ value | split: ',' }}")), "eventless",
	     "Id|a", "1|");
	CHECK_STRING(got.batch, BATCH_1);
	with(MAPPINGS(ID MADE("a", "user_attributes.l[]", "{{ value | map: 'n' | compact }}")),
	     "eventless", "Id|a", "1|[{\"n\":1},{\"n\":2.50},{\"m\":3},{\"n\":true}]");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"l\":[\"1\",\"2.50\",\"true\"]}," BATCH_1);
	with(MAPPINGS(ID COLUMN("a.tags", "user_attributes.l[]")), "eventless", "Id|a",
	     "1|{\"tags\":[\"x\",\"\",7]}");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"l\":[\"x\",\"7\"]}," BATCH_1);
	with(MAPPINGS(ID MADE("a", "user_attributes.s",
			      "{{ value | sort | join: '-' }} {{ value | size }} {{ value.first "
			      "}} {{ value | upcase }}")),
	     "eventless", "Id|a", "1|[\"b\",\"a\"]");
	CHECK_STRING(got.batch,
		     "\"user_attributes\":{\"s\":\"a-b 2 b [\\\"B\\\",\\\"A\\\"]\"}," BATCH_1);
	with(MAPPINGS(ID MADE("a", "user_attributes.s", "{{ value | size }}")), "eventless", "Id|a",
	     "1|[no JSON");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"s\":\"8\"}," BATCH_1);
}

static void test_row(void)
{
	static const char both[] = MAPPINGS(ID MADE(
	    "Date", "events.data.timestamp_unixtime_ms",
	    "{{ row['Date'] }} {{ row['Time of day'] | default: '00:00' }} {{ row.Zone }}"));
	struct conf_feed feed = {.name = "t", .map.event_name = "n", .map.event_type = "other"};
	feed.map.timestamps = df_strdup("auto");
	feed.map.manifest = df_strdup("m.json");
	feed.map.manifest_text = df_strdup(both);
	run(&feed, "custom_event", "Id|Date|Time of day|Zone", "1|2016-03-14|10:20|+01:00");
	CU_ASSERT_EQUAL(got.timestamp_ms, 1457947200000);
	run(&feed, "custom_event", "Id|Date|Time of day|Zone", "1|2016-03-14||+01:00");
	CU_ASSERT_EQUAL(got.timestamp_ms, 1457910000000);
	run(&feed, "custom_event", "Id|Date|Zone", NULL);
	CHECK_STRING(got.code, "manifest-mismatch");
	CU_ASSERT_PTR_NOT_NULL(strstr(got.text, "'Time of day'"));
	free(feed.map.timestamps);
	free(feed.map.manifest);
	free(feed.map.manifest_text);
	with(MAPPINGS(ID MADE("a", "user_attributes.a",
			      "{{ row[key] }}{{ row['b'] | sha256 | slice: 0, 6 }}")),
	     "eventless", "Id|a|b", "1|x|abc");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"a\":\"xba7816\"}," BATCH_1);
}

#define ACTION_MAP(otherwise)                                                                      \
	"{\"mappings\": [{\"mapping_type\": \"column\", \"source\": \"Id\", \"destination\": "     \
	"\"mpid\"},"                                                                               \
	"{\"mapping_type\": \"column\", \"source\": \"Do\", \"destination\": "                     \
	"\"events.data.product_action.action\","                                                   \
	"\"values\": {\"view\": \"view_detail\", \"cart\": \"add_to_cart\", \"purchase\": "        \
	"\"purchase\", \"x\": "                                                                    \
	"null}" otherwise "}]}"

static void test_values(void)
{
	static const char reject[] = ACTION_MAP(""), keep[] = ACTION_MAP(",\"otherwise\":\"keep\""),
			  empty[] = ACTION_MAP(",\"otherwise\":\"empty\"");
	with(reject, "commerce_event", "Id|Do", "1| cart ");
	CHECK_STRING(got.data, "\"product_action\":{\"action\":\"add_to_cart\"}");
	with(reject, "commerce_event", "Id|Do", "1|wishlist");
	CHECK_STRING(got.code, "not-allowed");
	CHECK_STRING(got.column, "Do");
	CU_ASSERT_PTR_NULL(strstr(got.text, "wishlist"));
	with(reject, "commerce_event", "Id|Do", "1|x");
	CHECK_STRING(got.code, "missing-value");
	with(keep, "commerce_event", "Id|Do", "1|refund");
	CHECK_STRING(got.data, "\"product_action\":{\"action\":\"refund\"}");
	with(keep, "commerce_event", "Id|Do", "1|wishlist");
	CHECK_STRING(got.code, "not-allowed");
	with(empty, "commerce_event", "Id|Do", "1|wishlist");
	CHECK_STRING(got.code, "missing-value");
	with("{\"mappings\": [{\"mapping_type\": \"column\", \"source\": \"Id\", \"destination\": "
	     "\"mpid\"},"
	     "{\"mapping_type\": \"column\", \"source\": \"a\", \"destination\": "
	     "\"user_attributes.a\","
	     "\"value\": \"{{ value | downcase }}\", \"values\": {\"\": \"none\", \"1\": \"one\"}, "
	     "\"otherwise\": "
	     "\"keep\"}]}",
	     "eventless", "Id|a", "1|");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"a\":\"none\"}," BATCH_1);
}

#define CITY_MAP(values)                                                                           \
	MAPPINGS(COLUMN("Id", "mpid") ",{\"mapping_type\":\"column\",\"source\":\"a\","            \
				      "\"destination\":\"user_attributes.a\",\"values\":" values   \
				      "}")

/* Blanks around a cell do not count, nor do those around a word that it is compared with. */
static void test_words_with_blanks(void)
{
	with(CITY_MAP("{\" Oslo\\t\": \"O \", \"Bergen\": \"B\"}"), "eventless", "Id|a", "1|Oslo ");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"a\":\"O \"}," BATCH_1);
	with(CITY_MAP("{\"Oslo \": \"O\", \"Oslo\": \"O\"}"), "eventless", "Id|a", "1|Oslo");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"a\":\"O\"}," BATCH_1);
	with(CITY_MAP("{\"Oslo \": \"O\", \"Oslo\": \"P\"}"), "eventless", "Id|a", NULL);
	CU_ASSERT_EQUAL(got.status, DF_USAGE);
	TEXT_HAS(got.text, "entry 2: 'values' has two values for 'Oslo'");
}

static void test_rows_refused(void)
{
	static const char *const bad[][2] = {
	    {"\"rows\": {\"skip\": [{\"source\": \"a\"}]}", "'in'"},
	    {"\"rows\": {\"skip\": [\"a\"]}", "objects"},
	    {"\"rows\": {\"keep\": []}", "'keep'"},
	    {"\"rows\": []", "object"},
	    {"\"fill_down\": \"a\"", "array"},
	    {"\"fill_by\": [\"a\"]", "fill_down"},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *manifest = df_format("{\"mappings\": [], %s}", bad[i][0]);
		with(manifest, "eventless", "mpid", NULL);
		CU_ASSERT_EQUAL(got.status, DF_USAGE);
		CU_ASSERT_PTR_NOT_NULL(strstr(got.text, bad[i][1]));
		free(manifest);
	}
	with("{\"mappings\": [], \"fill_down\": [\"Total\"]}", "eventless", "mpid", NULL);
	CHECK_STRING(got.code, "manifest-mismatch");
	with("{\"mappings\": [{\"mapping_type\": \"ignore\", \"source\": \"a\", \"values\": {}}]}",
	     "eventless", "a", NULL);
	CU_ASSERT_EQUAL(got.status, DF_USAGE);
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
	    {"// x\n {}", "line 2, column 2"},
	    {"{\"name\": \"mappings\",\n  \"mappings\": 5}", "line 2, column 3"},
	    {"{\"columns\": [],\n\"hasHeader\": true}", "line 2, column 1"},
	    {"{\"columns\": [],\n /* \"hasHeaderRow\": */ \"hasHeaderRow\" : 1}",
	     "line 2, column 24"},
	    {"{\"mappings\": [],\n \"destination_type\": \"user\"}", "line 2, column 2"},
	    {"{\n\"columns\": [1]}", "line 2, column 1"},
	    {"{\"columns\": [],\n \"columns\": []}",
	     "line 2, column 2: manifest: 'columns' is in the same object twice, first on line 1, "
	     "column 2"},
	    {MAPPINGS(
		 "{\"mapping_type\":\"column\",\"source\":\"a\",\"destination\":\"mpid\","
		 "\"values\":{\"S\":1,\n\"C\":[{\"S\":2}],\n/* \"S\": */ \"\\u0053\" // :\n: 3}}"),
	     "line 3, column 12: manifest: 'S' is in the same object twice, first on line 1"},
	    {"{'a': {}, 'b': {'a': 1, 'c': ['a', 'a']}, \"a\": 1}",
	     "column 43: manifest: 'a' is in the same object twice, first on line 1, column 2"},
	    {"{\"columns\": [], \"hasHeader\": true}", "'hasHeader'"},
	    {"{\"columns\": [], \"hasHeaderRow\": 1}", "'hasHeaderRow'"},
	    {"{\"columns\": {}}", "array"},
	    {"{\"columns\": [1]}", "entry 1"},
	    {"// {\n{\"columns\": [ /* [ { */\n  {\"column\": \"{\\\"[\", \"action\": "
	     "\"ignore\"},\n"
	     "    {\"column\": \"b\", \"action\": \"nap\"}]}",
	     "line 4, column 5"},
	    {"{\"columns\": [{\"column\": 1, \"action\": \"keep\", \"field\": \"mpid\"}]}",
	     "'column'"},
	    {"{\"columns\": [{\"column\": \"a\", \"action\": \"drop\"}]}", "keep or ignore"},
	    {"{\"columns\": [{\"column\": \"a\", \"action\": \"keep\"}]}", "'field' is missing"},
	    {"{\"columns\": [{\"column\": \"a\", \"action\": \"keep\", \"feild\": \"mpid\"}]}",
	     "'feild'"},
	    {"{\"columns\": [{\"column\": \"a\", \"action\": \"keep\", \"field\": \"mpdi\"}]}",
	     "'mpid'"},
	    {"{\"columns\": [{\"column\": \"a\", \"action\": \"keep\", \"field\": "
	     "\"user_identities.customerid\"},"
	     "{\"column\": \"b\", \"action\": \"keep\", \"field\": "
	     "\"user_identities.customer_id\"}]}",
	     "entry 2"},
	    {"{\"columns\": [{\"column\": \"a\", \"action\": \"ignore\"},{\"column\": \"a\", "
	     "\"action\": \"ignore\"}]}",
	     "twice"},
	    {MAPPINGS("{\"mapping_type\":\"copy\"}"), "mapping_type"},
	    {MAPPINGS("{\"mapping_type\":\"column\",\"source\":\"a\"}"),
	     "'destination' is missing"},
	    {MAPPINGS(COLUMN("a", "mpdi")), "'mpid'"},
	    {MAPPINGS("{\"mapping_type\":\"column\",\"source\":\"a\",\"destination\":\"mpid\","
		      "\"value\":\"{ value | strip }\"}"),
	     "with two braces"},
	    {MAPPINGS("{\"mapping_type\":\"column\",\"source\":\"a\",\"destination\":\"mpid\","
		      "\"value\":\"{row['a']}\"}"),
	     "with two braces"},
	    {MAPPINGS(COLUMN("a", "user_attributes.*")), "has a *"},
	    {MAPPINGS(COLUMN("a*b*", "user_attributes.*")), "more than one *"},
	    {MAPPINGS(COLUMN("a*", "user_attributes.{{ key | upcas }}")), "did you mean 'upcase'"},
	    {MAPPINGS(COLUMN("a", "user_attributes.{{ value }}")), "only key, key_length"},
	    {MAPPINGS(COLUMN("a", "user_attributes.{% if key %}")), "character 17"},
	    {MAPPINGS(STATIC("\"{{ value }}\"", "mpid")), "no variable 'value'"},
	    {MAPPINGS(STATIC("\"{{ 1 | divided_by: 0 }}\"", "mpid")), "division by zero"},
	    {MAPPINGS(STATIC("\"{{ 'x' | upcase }}\"", "mpid")), "whole number"},
	    {MAPPINGS(STATIC("\"{{ '' }}\"", "ip")), "empty"},
	    {"{\"mappings\":[\n "
	     "{\"mapping_type\":\"column\",\"source\":\"a\",\"destination\":\"mpid\",\"value\":\"{{"
	     "\"}]}",
	     "line 2"},
	    {MAPPINGS(STATIC("null", "mpid")), "string, number or boolean"},
	    {MAPPINGS(STATIC("\"x\"", "events.data.source_message_id")), "static"},
	    {MAPPINGS("{\"mapping_type\":\"column\",\"source\":\"a\",\"destination\":\"mpid\","
		      "\"value\":\"{{ vaule | "
		      "upcase }}\"}"),
	     "only value, key"},
	    {MAPPINGS("{\"mapping_type\":\"column\",\"source\":\"a\",\"destination\":\"mpid\","
		      "\"ignore_when\":\"zero\"}"),
	     "ignore_when"},
	    {"{\"destination_type\":\"user\",\"mappings\":[]}", "event_batch"},
	    {MAPPINGS(COLUMN("a", "mpid") "," COLUMN("b", "mpid")), "entry 2"},
	    {MAPPINGS(COLUMN("a", "api_key")), "api_key"},
	    {MAPPINGS(STATIC("\"abc\"", "mpid")), "whole number"},
	    {"{\"mappings\":[\n  {\"mapping_type\":\"static\",\"value\":99999999999999999999,"
	     "\"destination\":\"mpid\"}]}",
	     "line 2, column 3: manifest, entry 1: 'value' does not suit 'mpid'"},
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
	struct conf_feed feed = {.name = "t", .map.timestamps = df_strdup("%m/%d/%y %H:%M")};
	struct df_err err = {0};
	size_t len = 0;
	CU_ASSERT_EQUAL_FATAL(
	    df_read_file("manifests/retail.json", 1 << 20, &feed.map.manifest_text, &len, &err),
	    DF_OK);
	run(&feed, "commerce_event",
	    "InvoiceNo|StockCode|Description|Quantity|InvoiceDate|UnitPrice|CustomerID|Country",
	    "536365|85123A|WHITE HANGING HEART T-LIGHT HOLDER|6|12/1/10 8:26|2.550|17850|United "
	    "Kingdom");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"$Country\":\"United "
				"Kingdom\"},\"user_identities\":{\"customer_id\":\"17850\"},"
				"\"environment\":\"production\"");
	CHECK_STRING(
	    got.data,
	    "\"timestamp_unixtime_ms\":1291191960000,\"product_action\":{\"action\":\"purchase\","
	    "\"transaction_id\":\"536365\",\"products\":[{\"id\":\"85123A\",\"name\":\"WHITE "
	    "HANGING HEART T-LIGHT "
	    "HOLDER\",\"price\":2.550,\"quantity\":6}]}");
	free(feed.map.manifest_text);
	free(feed.map.timestamps);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"native header", test_native_header},
	    {"lists", test_lists},
	    {"row", test_row},
	    {"values", test_values},
	    {"words with blanks around them", test_words_with_blanks},
	    {"rows that are refused", test_rows_refused},
	    {"batch time", test_batch_time},
	    {"static integers", test_static_integers},
	    {"broken ones", test_broken},
	    {"retail.json", test_retail},
	    CU_TEST_INFO_NULL,
	};
	return test_main("map manifests", NULL, NULL, tests);
}
