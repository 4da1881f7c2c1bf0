/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "dropfeed/json.h"

static void test_commas(void)
{
	struct df_buf b = {0};
	struct json_writer w = {.out = &b};
	json_write_open(&w, NULL, '{');
	json_write_open(&w, "none", '[');
	json_write_close(&w);
	json_write_open(&w, "list", '[');
	json_write_count(&w, NULL, 0);
	json_write_count(&w, NULL, UINT64_MAX);
	json_write_open(&w, NULL, '{');
	json_write_close(&w);
	json_write_bool(&w, NULL, false);
	json_write_close(&w);
	json_write_bool(&w, "yes", true);
	json_write_null(&w, "nil");
	json_write_json(&w, "json", "{\"a\":1}");
	json_write_json(&w, "absent", NULL);
	json_write_close(&w);
	TEXT_IS(df_buf_cstr(&b), "{\"none\":[],\"list\":[0,18446744073709551615,{},false],"
				 "\"yes\":true,\"nil\":null,\"json\":{\"a\":1},\"absent\":null}");
	CU_ASSERT_EQUAL(w.depth, 0);
	df_buf_free(&b);
}

static void test_text(void)
{
	struct df_buf b = {0};
	struct json_writer w = {.out = &b};
	json_write_open(&w, NULL, '[');
	json_write_text(&w, NULL, "a\"b\\\n\xff");
	json_write_text(&w, NULL, NULL);
	json_write_text(&w, NULL, "");
	json_write_filled(&w, NULL, "");
	json_write_bytes(&w, NULL, "xyz", 2);
	json_write_close(&w);
	TEXT_IS(df_buf_cstr(&b), "[\"a\\\"b\\\\\\n?\",null,\"\",null,\"xy\"]");
	df_buf_free(&b);
}

/* The commas are right even though what was written is gone by then. */
static void test_pieces(void)
{
	struct df_buf b = {0};
	struct json_writer w = {.out = &b};
	json_write_open(&w, NULL, '[');
	json_write_break(&w, 2);
	json_write_count(&w, NULL, 1);
	TEXT_IS(df_buf_cstr(&b), "[\n  1");
	df_buf_reset(&b);
	json_write_break(&w, 2);
	json_write_count(&w, NULL, 2);
	json_write_break(&w, 0);
	json_write_close(&w);
	TEXT_IS(df_buf_cstr(&b), ",\n  2\n]");
	df_buf_free(&b);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"commas and brackets", test_commas},
	    {"text is escaped, null where there is none", test_text},
	    {"the output may be emptied in between", test_pieces},
	    CU_TEST_INFO_NULL,
	};
	return test_main("json", NULL, NULL, tests);
}
