/* SPDX-License-Identifier: MIT */
/* The hosted feed's own kind of manifest. */
#include "manifest_world.h"

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

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"custom, with a header", test_custom_header},
	    {"custom, without", test_custom_no_header},
	    {"ignored columns share a name", test_ignored_clones},
	    {"custom, places", test_custom_places},
	    CU_TEST_INFO_NULL,
	};
	return test_main("map manifests of the hosted feed", NULL, NULL, tests);
}
