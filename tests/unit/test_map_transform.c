/* SPDX-License-Identifier: MIT */
/* Field transformations. */
#include "manifest_world.h"

static void test_transform(void)
{
	with(MAPPINGS(COLUMN("Id", "mpid") "," COLUMN(
		 "Id", "user_identities.customer_id") "," STATIC("true", "device_info.is_tablet")),
	     "eventless", "Id|ip", "1|::1");
	CHECK_STRING(
	    got.batch,
	    "\"device_info\":{\"is_tablet\":true},\"user_identities\":{\"customer_id\":\"1\"},"
	    "\"environment\":\"production\",\"ip\":\"::1\",\"mpid\":1");
	with(MAPPINGS(STATIC("9007199254740993", "mpid")), "uninstall", "events.data.event_num",
	     "2");
	CHECK_STRING(got.batch, "\"environment\":\"production\",\"mpid\":9007199254740993");
	CHECK_STRING(got.ids, "\"mpid\":9007199254740993");
	CHECK_STRING(got.data, "\"event_num\":2");
	with(MAPPINGS(COLUMN("attr_*", "user_attributes.x *") "," IGNORE("attr_secret") "," COLUMN(
		 "tag*", "user_attributes.tags[]")),
	     "eventless", "mpid|attr_a|attr_secret|attr_b.c|tag1|tag2", "1|A|S|B|T|U");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"x attr_a\":\"A\",\"x "
				"attr_b.c\":\"B\",\"tags\":[\"T\",\"U\"]}," BATCH_1);
	with(MAPPINGS(COLUMN("Id", "mpid") "," COLUMN("$unmapped", "user_attributes.{{ key }}")),
	     "eventless", "Id|Fav Colour|ip", "1|red|x");
	CHECK_STRING(got.batch,
		     "\"user_attributes\":{\"Fav Colour\":\"red\",\"ip\":\"x\"}," BATCH_1);
	with(MAPPINGS(COLUMN("Id", "mpid")), "eventless", "Id|Fav Colour", NULL);
	CHECK_STRING(got.code, "unknown-column");
	with(MAPPINGS(COLUMN("Id", "mpid") "," COLUMN("Absent", "ip")), "eventless", "Id", NULL);
	CHECK_STRING(got.code, "manifest-mismatch");
	with(MAPPINGS(COLUMN("Id", "mpid") "," COLUMN("a_*", "device_info.*")), "eventless",
	     "Id|a_nonsense", NULL);
	CHECK_STRING(got.code, "unknown-column");
	with(MAPPINGS(
		 COLUMN("$unmapped", "events[].data.custom_attributes.*") "," COLUMN("Id", "mpid")),
	     "custom_event", "Id|k", "1|v");
	CHECK_STRING(got.data, "\"custom_attributes\":{\"k\":\"v\"},\"custom_event_type\":"
			       "\"other\",\"event_name\":\"n\"");
}

/* A transformation as a whole, as one writes it. */
static void test_example(void)
{
	static const char manifest[] =
	    "// what the shop's export becomes\n"
	    "{\n"
	    "  \"id\": \"shop-export\", \"name\": \"Shop export\",\n"
	    "  \"destination_type\": \"event_batch\",\n"
	    "  \"mappings\": [\n"
	    "    /* the user */\n"
	    "    {\"mapping_type\": \"column\", \"source\": \"CustomerID\", \"destination\": "
	    "\"user_identities.customer_id\"},\n"
	    "    {\"mapping_type\": \"column\", \"source\": \"profile.mail\", \"destination\": "
	    "\"user_identities.email\",\n"
	    "     \"value\": \"{{ value | strip | downcase }}\", \"ignore_when\": \"empty\"}, // "
	    "null is left out as "
	    "well\n"
	    "    {\"mapping_type\": \"column\", \"source\": \"profile.*\", \"destination\": "
	    "\"user_attributes.*\"},\n"
	    "    {\"mapping_type\": \"column\", \"source\": \"tag_*\", \"destination\": "
	    "\"user_attributes.tags[]\"},\n"
	    "    {\"mapping_type\": \"static\", \"destination\": \"environment\", \"value\": "
	    "\"development\"},\n"
	    "    {\"mapping_type\": \"ignore\", \"source\": \"internal_*\"},\n"
	    "    {\"mapping_type\": \"column\", \"source\": \"$unmapped\",\n"
	    "     \"destination\": \"events.data.custom_attributes.{{ key | downcase | replace: ' "
	    "', '_' }}\"}\n"
	    "  ]\n"
	    "}\n";
	with(
	    manifest, "custom_event", "CustomerID|profile|tag_a|tag_b|internal_x|Unit Price",
	    "17850|{\"mail\":\" A@B.example \",\"tier\":\"gold\",\"since\":2010}|t|u|secret|2.550");
	CHECK_STRING(
	    got.batch,
	    "\"user_attributes\":{\"tier\":\"gold\",\"since\":\"2010\",\"tags\":[\"t\",\"u\"]},"
	    "\"user_identities\":{\"customer_id\":\"17850\",\"email\":\"a@b.example\"},"
	    "\"environment\":\"development\"");
	CHECK_STRING(
	    got.data,
	    "\"custom_attributes\":{\"unit_price\":\"2.550\"},\"custom_event_type\":\"other\","
	    "\"event_name\":\"n\"");
}

static void test_templates(void)
{
	with(MAPPINGS(ID MADE("Price", "user_attributes.{{ key | downcase }}",
			      "{{ value | times: 100 | round }}")),
	     "eventless", "Id|Price", "1|19.99");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"price\":\"1999\"}," BATCH_1);
	with(MAPPINGS(MADE("Id", "mpid", "{{ value | remove: 'C-' }}") "," MADE(
		 "Id", "user_identities.customer_id", "{{ value | upcase }}")),
	     "eventless", "Id", "c-C-7");
	CHECK_STRING(got.code, "not-an-integer"); /* what comes out is checked like any cell */
	CHECK_STRING(got.column, "Id");
	CU_ASSERT_EQUAL(got.fault_column, 1);
	with(MAPPINGS(ID STATIC("\"{{ 'a,b' | split: ',' | last }}\"",
				"ip") "," STATIC("\"x\"", "user_attributes.{{ 'K' | downcase }}")),
	     "eventless", "Id", "1");
	CU_ASSERT_EQUAL(got.status, DF_USAGE); /* b is not an address */
	with(MAPPINGS(ID STATIC("\"{{ 'a,b' | split: ',' | last }}\"",
				"user_attributes.{{ 'K' | downcase }}")),
	     "eventless", "Id", "1");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"k\":\"b\"}," BATCH_1);
	with(MAPPINGS(ID MADE("$unmapped", "user_attributes.{{ key | replace: ' ', '_' }}",
			      "{{ key_length }}:{{ value | default: 'none' }}")),
	     "eventless", "Id|Fav Colour|e", "1|red|");
	CHECK_STRING(got.batch,
		     "\"user_attributes\":{\"Fav_Colour\":\"10:red\",\"e\":\"1:none\"}," BATCH_1);
	with(MAPPINGS(ID UNLESS("a", "user_attributes.a", "SKU-{{ value }}", "empty") "," UNLESS(
		 "b", "user_attributes.b", "SKU-{{ value }}", "null")),
	     "eventless", "Id|a|b", "1||");
	CHECK_STRING(got.batch, BATCH_1);
	with(MAPPINGS(ID MADE("a", "user_attributes.a", "{{ 1 | divided_by: value }}")),
	     "eventless", "Id|a", "1|0");
	CHECK_STRING(got.code, "not-allowed");
	CHECK_STRING(got.column, "a");
	CU_ASSERT_PTR_NOT_NULL(strstr(got.text, "division by zero"));
	with(MAPPINGS(MADE("Id", "mpid", "{{ 1 | divided_by: value }}")), "eventless", "Id", "0");
	CHECK_STRING(got.code, "not-allowed");
	CU_ASSERT_EQUAL(got.n_faults, 1); /* it is not missing, too */
	with(MAPPINGS(ID MADE("a", "user_attributes.a", "{{ value.x[1] }}{{ value.y }}")),
	     "eventless", "Id|a", "1| {\"x\":[1,2.50]}");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"a\":\"2.50\"}," BATCH_1);
	with(MAPPINGS(ID MADE("a", "user_attributes.{{ key | slice: 'x' }}", "1")), "eventless",
	     "Id|a", NULL);
	CHECK_STRING(got.code, "manifest-mismatch");
	with(MAPPINGS(
		 ID MADE("t", "events.data.timestamp_unixtime_ms", "{{ value | date: '%s%L' }}")),
	     "custom_event", "Id|t", "1|2016-03-14T01:02:03+01:00");
	CU_ASSERT_EQUAL(got.timestamp_ms, 1457913723000);
}

static void test_json_sources(void)
{
	with(
	    MAPPINGS(ID COLUMN("foo.item", "user_attributes.a") "," COLUMN(
		"foo.b.c[1]",
		"user_attributes.b") "," COLUMN("foo.none",
						"ip") "," COLUMN("foo.t", "device_info.is_tablet")),
	    "eventless", "Id|foo", "1|{\"item\":1.50,\"b\":{\"c\":[0,\"\\u00e9\"]},\"t\":true}");
	CHECK_STRING(got.batch, "\"device_info\":{\"is_tablet\":true},\"user_attributes\":{\"a\":"
				"\"1.50\",\"b\":\"\xc3\xa9\"}," BATCH_1);
	with(MAPPINGS(ID COLUMN("foo.item", "user_attributes.a")), "eventless", "Id|foo",
	     "1|{\"item\":{\"x\":1}}");
	CHECK_STRING(got.code, "bad-json");
	with(MAPPINGS(ID COLUMN("foo.item", "user_attributes.a")), "eventless", "Id|foo",
	     "1|{\"item\":{}}");
	CHECK_STRING(got.batch, BATCH_1);
	with(MAPPINGS(ID COLUMN("foo.item", "user_attributes")), "eventless", "Id|foo",
	     "1|{\"item\":{\"k\": 2}}");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"k\":\"2\"}," BATCH_1);
	with(MAPPINGS(ID COLUMN("foo.item", "user_attributes.a") "," COLUMN("foo.b",
									    "user_attributes.b")),
	     "eventless", "Id|foo", "1|{\"item\"");
	CHECK_STRING(got.code, "bad-json");
	CHECK_STRING(got.column, "foo");
	CU_ASSERT_EQUAL(got.n_faults, 1);
	with(MAPPINGS(ID COLUMN("foo.item", "user_attributes.a")), "eventless", "Id|foo", "1|");
	CHECK_STRING(got.batch, BATCH_1);
	with(MAPPINGS(ID COLUMN("foo.item", "user_attributes.a")), "eventless", "Id|foo|foo.item",
	     "1|x|y");
	/* a column of that very name goes first; foo is nobody's then */
	CHECK_STRING(got.code, "unknown-column");
	with(MAPPINGS(ID COLUMN("foo.item", "user_attributes.a") "," IGNORE("foo")), "eventless",
	     "Id|foo|foo.item", "1|x|y");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"a\":\"y\"}," BATCH_1);
	with(MAPPINGS(ID COLUMN("foo.item", "ip")), "eventless", "Id|food", NULL);
	CHECK_STRING(got.code, "manifest-mismatch");
}

static void test_spreads(void)
{
	with(MAPPINGS(ID COLUMN("foo.*", "user_attributes.x *") "," COLUMN(
		 "foo.b", "user_attributes.B") "," IGNORE("foo.s") "," COLUMN("foo.n.*",
									      "user_attributes.{{ "
									      "key | upcase }}")),
	     "eventless", "Id|foo",
	     "1|{\"a\":1.0,\"b\":2,\"s\":3,\"l\":[\"p\",4],\"o\":null,\"n\":{\"k\":\"v\"}}");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"x a\":\"1.0\",\"x l\":[\"p\",\"4\"],\"x "
				"n\":\"{\\\"k\\\":\\\"v\\\"}\","
				"\"B\":\"2\",\"K\":\"v\"}," BATCH_1);
	with(MAPPINGS(COLUMN("Id", "mpid") "," MADE("foo.attr_*", "events.data.custom_attributes.*",
						    "{{ value | upcase }}")),
	     "custom_event", "Id|foo", "1|{\"attr_a\":\"x\",\"b\":\"y\"}");
	CHECK_STRING(got.data, "\"custom_attributes\":{\"attr_a\":\"X\"},\"custom_event_type\":"
			       "\"other\",\"event_name\":\"n\"");
	with(MAPPINGS(ID COLUMN("foo.*", "user_attributes.*") "," COLUMN("a", "user_attributes.a")),
	     "eventless", "Id|foo|a", "1|{\"a\":1}|2");
	CHECK_STRING(got.code, "bad-json");
	with(MAPPINGS(
		 ID COLUMN("foo.*", "user_attributes.*") "," COLUMN("bar.*", "user_attributes.*")),
	     "eventless", "Id|foo|bar", "1|{\"a\":1}|{\"a\":1}");
	CHECK_STRING(got.code, "bad-json");
	CHECK_STRING(got.column, "bar");
	with(MAPPINGS(ID COLUMN("foo.*", "user_attributes.*")), "eventless", "Id|foo", "1|[1]");
	CHECK_STRING(got.code, "bad-json");
	with(MAPPINGS(ID COLUMN("foo.*", "user_attributes.*")), "eventless", "Id|foo", "1|");
	CHECK_STRING(got.batch, BATCH_1);
	with(MAPPINGS(ID COLUMN("foo.*", "device_info.*")), "eventless", "Id|foo", NULL);
	CHECK_STRING(got.code, "manifest-mismatch");
	with(MAPPINGS(ID COLUMN("foo.*", "user_attributes.l_*[]")), "eventless", "Id|foo", NULL);
	CHECK_STRING(got.code, "manifest-mismatch");
	with(MAPPINGS(ID COLUMN("foo.*", "user_attributes.a.b *")), "eventless", "Id|foo",
	     "1|{\"k.l\":1}");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"a.b k.l\":\"1\"}," BATCH_1);
	char row[4000] = "1|{", *end = row + 3;
	for (int i = 0; i <= 100; i++)
		end += snprintf(end, 32, "%s\"k%d\":1", i > 0 ? "," : "", i);
	snprintf(end, 2, "}");
	with(MAPPINGS(ID COLUMN("foo.*", "user_attributes.*")), "eventless", "Id|foo", row);
	CHECK_STRING(got.code, "too-many-attributes");
}

/* A name is taken, however many others are. */
static void test_spread_of_many(void)
{
	enum { MANY = 5000 };
	struct df_buf row = {0};
	for (int twice = 0; twice < 2; twice++) {
		df_buf_reset(&row);
		df_buf_adds(&row, "1|{");
		for (int i = 0; i < MANY; i++)
			df_buf_addf(&row, "%s\"k%d\":1", i > 0 ? "," : "", i);
		df_buf_addf(&row, "}|{\"k%d\":1}", twice ? MANY / 2 : MANY);
		with(MAPPINGS(ID COLUMN("foo.*", "partner_identities.*") "," COLUMN(
			 "bar.*", "partner_identities.*")),
		     "eventless", "Id|foo|bar", df_buf_cstr(&row));
		CHECK_STRING(got.code, twice ? "bad-json" : "");
	}
	df_buf_free(&row);
}

static void test_wildcards(void)
{
	with(MAPPINGS(ID COLUMN("a_*", "user_attributes.*") "," COLUMN(
		 "a_b_*",
		 "user_attributes.B *") "," IGNORE("a_b_x*") "," COLUMN("*",
									"user_attributes.rest *")),
	     "eventless", "Id|a_1|a_b_1|a_b_x1|c", "1|p|q|r|s");
	CHECK_STRING(
	    got.batch,
	    "\"user_attributes\":{\"a_1\":\"p\",\"B a_b_1\":\"q\",\"rest c\":\"s\"}," BATCH_1);
	with(MAPPINGS(ID COLUMN("*_x", "user_attributes.*") "," COLUMN(
		 "*_x", "user_attributes.id {{ key }}")),
	     "eventless", "Id|customer_id_x", "1|c");
	CHECK_STRING(
	    got.batch,
	    "\"user_attributes\":{\"customer_id_x\":\"c\",\"id customer_id_x\":\"c\"}," BATCH_1);
}

static void test_ignore_when(void)
{
	struct conf_feed feed = {.name = "t", .map.empty_attributes_delete = true};
	feed.map.manifest = "m.json";
	feed.map.manifest_text =
	    MAPPINGS(ID UNLESS("a", "user_attributes.a", "{{ value }}", "empty") "," COLUMN(
		"b",
		"user_attributes.b") "," COLUMN("foo.*",
						"user_attributes.*") "," UNLESS("bar.*",
										"user_attributes.*",
										"{{ value }}",
										"null"));
	run(&feed, "eventless", "Id|a|b|foo|bar",
	    "1|||{\"c\":null,\"d\":\"\"}|{\"e\":null,\"f\":\"\",\"g\":1}");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"g\":\"1\"},\"deleted_user_attributes\":["
				"\"c\",\"d\",\"b\"]," BATCH_1);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"field transformation", test_transform},
	    {"an example", test_example},
	    {"templates", test_templates},
	    {"sources in JSON", test_json_sources},
	    {"spreads", test_spreads},
	    {"a spread of many names", test_spread_of_many},
	    {"wildcards", test_wildcards},
	    {"ignore_when", test_ignore_when},
	    CU_TEST_INFO_NULL,
	};
	return test_main("map field transformations", NULL, NULL, tests);
}
