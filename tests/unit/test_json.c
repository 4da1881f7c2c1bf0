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

/* For people: a comment comes after its value's comma, and ends with its line. */
static void test_remarks(void)
{
	struct df_buf b = {0};
	struct json_writer w = {.out = &b, .spaced = true};
	json_write_open(&w, NULL, '{');
	json_write_open(&w, "list", '[');
	for (uint64_t i = 1; i < 3; i++) {
		json_write_break(&w, 2);
		json_write_open(&w, NULL, '{');
		json_write_count(&w, "a", i);
		json_write_text(&w, "b", "x");
		json_write_close(&w);
		json_write_remark(&w, i == 1 ? "one\n{" : "two");
	}
	json_write_break(&w, 0);
	json_write_close(&w);
	json_write_open(&w, "none", '{');
	json_write_close(&w);
	json_write_close(&w);
	TEXT_IS(df_buf_cstr(&b), "{ \"list\": [\n  { \"a\": 1, \"b\": \"x\" }, // one {\n"
				 "  { \"a\": 2, \"b\": \"x\" } // two\n], \"none\": {} }");
	df_buf_free(&b);
}

/* ---- reading ---- */

static char *walked(struct json_walk w)
{
	static char out[256];
	struct json_text name, value;
	out[0] = '\0';
	for (size_t len = 0; json_walk_next(&w, &name, &value); len = strlen(out))
		snprintf(out + len, sizeof(out) - len, "%.*s=%.*s;", (int)name.len, name.p,
			 (int)value.len, value.p);
	return out;
}

static char *walked_text(const char *text)
{
	return walked(json_walk_into((struct json_text){text, strlen(text)}));
}

static void test_walk(void)
{
	static const char members[] = "\"a\":1,\"b\":\"x,}\\\"]\",\"c\":{\"d\":[1,{}]},\"e\":[]";
	TEXT_IS(walked(json_walk_members(members, strlen(members))),
		"a=1;b=\"x,}\\\"]\";c={\"d\":[1,{}]};e=[];");
	TEXT_IS(walked_text("{\"a\\\"\":true}"), "a\\\"=true;");
	TEXT_IS(walked_text("[\"x\",-1.5e3,null,[2,[3]]]"), "=\"x\";=-1.5e3;=null;=[2,[3]];");
	TEXT_IS(walked_text("{}"), "");
	TEXT_IS(walked_text("[]"), "");
	TEXT_IS(walked_text("\"[1]\""), "");
	TEXT_IS(walked_text(""), "");
	struct json_text found = json_find(json_walk_members(members, strlen(members)), "c");
	CU_ASSERT(json_text_is(found, "{\"d\":[1,{}]}"));
	CU_ASSERT_EQUAL(json_find(json_walk_members(members, strlen(members)), "d").len, 0);
	CU_ASSERT(json_text_is(json_string((struct json_text){"\"x\"", 3}), "x"));
	CU_ASSERT_EQUAL(json_string((struct json_text){"12", 2}).len, 0);
}

/* Text that is cut anywhere is not read past its end: valgrind and the sanitizers look on. */
/* Into what is inside and back, without looking for its end before. */
static void test_walk_down(void)
{
	static const char text[] = "{\"a\":[{\"b\":\"]}\"},[],7],\"c\":8}";
	struct json_walk top = json_walk_into((struct json_text){text, strlen(text)}), list, inner;
	struct json_text name, value;
	CU_ASSERT_TRUE_FATAL(json_walk_name(&top, &name) && json_text_is(name, "a"));
	CU_ASSERT_TRUE_FATAL(json_walk_down(&top, &list));
	CU_ASSERT(json_walk_name(&list, &name) && name.len == 0);
	CU_ASSERT_TRUE_FATAL(json_walk_down(&list, &inner));
	CU_ASSERT(json_walk_next(&inner, &name, &value) && json_text_is(value, "\"]}\""));
	CU_ASSERT_FALSE(json_walk_next(&inner, &name, &value));
	json_walk_up(&list, &inner);
	CU_ASSERT(json_walk_name(&list, &name));
	CU_ASSERT_TRUE_FATAL(json_walk_down(&list, &inner));
	CU_ASSERT_FALSE(json_walk_name(&inner, &name));
	json_walk_up(&list, &inner);
	CU_ASSERT(json_walk_name(&list, &name));
	CU_ASSERT_FALSE(json_walk_down(&list, &inner)); /* 7 is passed over */
	CU_ASSERT_FALSE(json_walk_name(&list, &name));
	json_walk_up(&top, &list);
	CU_ASSERT(json_walk_name(&top, &name) && json_text_is(name, "c"));
	CU_ASSERT(json_text_is(json_walk_value(&top), "8"));
	CU_ASSERT_FALSE(json_walk_name(&top, &name));
}

static void test_walk_cut(void)
{
	static const char text[] = "{\"a\":{\"b\\\"\":[\"x\\\\\",1]},\"c\":\"d\"}";
	for (size_t len = 0; len < strlen(text); len++) {
		struct json_text name, value;
		char *cut = df_alloc(len + 1);
		memcpy(cut, text, len);
		char *exact = df_realloc(cut, len > 0 ? len : 1);
		struct json_walk w = json_walk_into((struct json_text){exact, len});
		while (json_walk_next(&w, &name, &value)) {
			CU_ASSERT(value.p + value.len <= exact + len);
			json_find(json_walk_into(value), "z");
		}
		free(exact);
	}
}

static void is_decoded(const char *json, const char *wanted)
{
	struct df_buf scratch = {0};
	struct json_text text = json_decode(&scratch, (struct json_text){json, strlen(json)});
	CU_ASSERT(json_text_is(text, wanted));
	df_buf_free(&scratch);
}

static void test_decode(void)
{
	is_decoded("\"plain\"", "plain");
	is_decoded("\"\"", "");
	is_decoded("7", "");
	is_decoded("\"a\\\"b\\\\c\\/d\\n\\t\\u00e9\"", "a\"b\\c/d\n\té");
	is_decoded("\"\\ud83d\\ude00!\"", "😀!");
	is_decoded("\"\\u00E9x\"", "éx");
}

/* Text that ends too early is not read past its end, whatever comes of it. */
static void test_decode_cut(void)
{
	static const char text[] = "\"a\\ud83d\\ude00\\n\"";
	struct df_buf scratch = {0};
	for (size_t len = 0; len < strlen(text); len++) {
		char *exact = df_alloc(len + 1);
		memcpy(exact, text, len);
		if (len > 0)
			exact[len - 1] = '"'; /* as json_string sees it */
		exact = df_realloc(exact, len > 0 ? len : 1);
		struct json_text t = json_decode(&scratch, (struct json_text){exact, len});
		CU_ASSERT(t.len <= len);
		free(exact);
	}
	df_buf_free(&scratch);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"commas and brackets", test_commas},
	    {"text is escaped, null where there is none", test_text},
	    {"the output may be emptied in between", test_pieces},
	    {"comments, blanks", test_remarks},
	    {"what was written is read", test_walk},
	    {"down and up", test_walk_down},
	    {"cut anywhere", test_walk_cut},
	    {"a string without its escapes", test_decode},
	    {"one that was cut", test_decode_cut},
	    CU_TEST_INFO_NULL,
	};
	return test_main("json", NULL, NULL, tests);
}
