/* SPDX-License-Identifier: MIT */
/* Manifests of both kinds. */
#include "helper_map.h"

#include "test.h"

static void with(const char *manifest, const char *event, const char *header, const char *row)
{
	struct conf_feed feed = {.name = "t", .map.event_name = "n", .map.event_type = "other"};
	feed.map.manifest = df_strdup("m.json");
	feed.map.manifest_text = df_strdup(manifest);
	run(&feed, event, header, row);
	free(feed.map.manifest_text);
	free(feed.map.manifest);
}

#define BATCH_1 "\"environment\":\"production\",\"mpid\":1"

static void test_custom_header(void)
{
	static const char manifest[] =
	    "// ours\n{\"hasHeaderRow\": true, /* REQUIRED */ \"columns\": ["
	    "{\"column\": \"Id\", \"action\": \"keep\", \"field\": \"mpid\"},"
	    "{\"column\": \"Junk\", \"action\": \"ignore\"},"
	    "{\"column\": \"Tier\", \"action\": \"keep\", \"field\": \"user_attributes.Member "
	    "Tier\"}]}\n// end\n";
	with(manifest, "eventless", "Tier|Junk|Id|ip", "gold|x|1|::1");
	CHECK_STRING(got.batch, "\"user_attributes\":{\"Member "
				"Tier\":\"gold\"},\"environment\":\"production\",\"ip\":\"::1\","
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

static void test_ignored_clones(void)
{
	static const char custom[] =
	    "{\"columns\": [{\"column\": \"Id\", \"action\": \"keep\", \"field\": \"mpid\"},"
	    "{\"column\": \"Junk\", \"action\": \"ignore\"}]}";
	with(custom, "eventless", "Junk|Id|Junk", "x|1|y");
	CHECK_STRING(got.batch, BATCH_1);
	with(custom, "eventless", "Id|Junk|Id", NULL);
	CHECK_STRING(got.code, "duplicate-column");

	static const char rest[] =
	    "{\"mappings\": [{\"mapping_type\": \"column\", \"source\": \"Id\", \"destination\": "
	    "\"mpid\"}, {\"mapping_type\": \"ignore\", \"source\": \"$unmapped\"}]}";
	with(rest, "eventless", "a|Id|a|b|b", "x|1|y||");
	CHECK_STRING(got.batch, BATCH_1);
	with(rest, "eventless", "Id|a|Id", NULL);
	CHECK_STRING(got.code, "duplicate-column");

	static const char reached[] = "{\"mappings\": [{\"mapping_type\": \"column\", \"source\": "
				      "\"a.id\", \"destination\": \"mpid\"}, "
				      "{\"mapping_type\": \"ignore\", \"source\": \"a\"}]}";
	with(reached, "eventless", "a|a", NULL); /* which of them? */
	CHECK_STRING(got.code, "duplicate-column");
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

static void test_custom_no_header(void)
{
	static const char manifest[] =
	    "{\"hasHeaderRow\": false, \"columns\": ["
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

/* The reject file of a document without a header is recognised by its header of places, and by
 * nothing else. */
static void test_custom_places(void)
{
	static const char manifest[] =
	    "{\"hasHeaderRow\": false, \"columns\": ["
	    "{\"column\": \"Id\", \"action\": \"keep\", \"field\": \"mpid\"},"
	    "{\"action\": \"keep\", \"field\": \"user_attributes.a\"}]}";
#define PLACES "dropfeed.column1|dropfeed.column2"
	static const struct {
		const char *header, *row, *batch, *code;
	} table[] = {
	    {PLACES "|dropfeed.line|dropfeed.reason", "1|x|7|bad",
	     "\"user_attributes\":{\"a\":\"x\"}," BATCH_1, ""},
	    {PLACES, "1|x", "\"user_attributes\":{\"a\":\"x\"}," BATCH_1, ""},
	    {"dropfeed.reason|dropfeed.column2|dropfeed.line|dropfeed.column1", "bad|x|7|1",
	     "\"user_attributes\":{\"a\":\"x\"}," BATCH_1, ""},
	    {PLACES "|dropfeed.line|dropfeed.reason", "1|wrong-field-count: the row has 1|7|", "",
	     "wrong-field-count"},
	    {PLACES "|dropfeed.line|dropfeed.reason", "1|x", "", "wrong-field-count"},
	    {PLACES "|dropfeed.column3", NULL, "", "manifest-mismatch"},
	    {PLACES "|dropfeed.column2", NULL, "", "duplicate-column"},
	    {"dropfeed.column1|dropfeed.line|dropfeed.reason", NULL, "", "manifest-mismatch"},
	    {"dropfeed.column1|1", "1|dropfeed.line",
	     "\"user_attributes\":{\"a\":\"dropfeed.line\"}," BATCH_1, ""},
	    {"dropfeed.line|dropfeed.reason", "1|2", "\"user_attributes\":{\"a\":\"2\"}," BATCH_1,
	     ""},
	    {"", "1|x|7|not-an-integer: as version 0.1 wrote it", "", "manifest-mismatch"},
	    {"", "dropfeed.column1;dropfeed.column2|x", "", "manifest-mismatch"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		with(manifest, "eventless", table[i].header, table[i].row);
		CHECK_STRING(got.code, table[i].code);
		CHECK_STRING(got.batch, table[i].batch);
	}
	with(manifest, "eventless", PLACES "|dropfeed.line|dropfeed.reason", "a|x|7|bad");
	CHECK_STRING(got.column, "Id");
}

#define MAPPINGS(...)                                                                              \
	"{\"id\":\"i\",\"name\":\"n\",\"destination_type\":\"event_batch\",\"mappings\":"          \
	"[" __VA_ARGS__ "]}"
#define COLUMN(s, d) "{\"mapping_type\":\"column\",\"source\":\"" s "\",\"destination\":\"" d "\"}"
#define STATIC(v, d) "{\"mapping_type\":\"static\",\"value\":" v ",\"destination\":\"" d "\"}"
#define IGNORE(s)    "{\"mapping_type\":\"ignore\",\"source\":\"" s "\"}"

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

#define MADE(s, d, v)                                                                              \
	"{\"mapping_type\":\"column\",\"source\":\"" s "\",\"destination\":\"" d                   \
	"\",\"value\":\"" v "\"}"
#define UNLESS(s, d, v, when)                                                                      \
	"{\"mapping_type\":\"column\",\"source\":\"" s "\",\"destination\":\"" d                   \
	"\",\"value\":\"" v "\",\"ignore_when\":\"" when "\"}"
#define ID COLUMN("Id", "mpid") ","

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
	    {"custom, with a header", test_custom_header},
	    {"custom, without", test_custom_no_header},
	    {"ignored columns share a name", test_ignored_clones},
	    {"native header", test_native_header},
	    {"lists", test_lists},
	    {"row", test_row},
	    {"values", test_values},
	    {"rows that are refused", test_rows_refused},
	    {"batch time", test_batch_time},
	    {"static integers", test_static_integers},
	    {"custom, places", test_custom_places},
	    {"field transformation", test_transform},
	    {"an example", test_example},
	    {"templates", test_templates},
	    {"sources in JSON", test_json_sources},
	    {"spreads", test_spreads},
	    {"a spread of many names", test_spread_of_many},
	    {"wildcards", test_wildcards},
	    {"ignore_when", test_ignore_when},
	    {"broken ones", test_broken},
	    {"retail.json", test_retail},
	    CU_TEST_INFO_NULL,
	};
	return test_main("map manifests", NULL, NULL, tests);
}
