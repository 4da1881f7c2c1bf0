/* SPDX-License-Identifier: MIT */
#include "dropfeed/base.h"

#include "test.h"

static void test_counts(void)
{
	TEXT_IS(df_count(0, "row").text, "0 rows");
	TEXT_IS(df_count(1, "row").text, "1 row");
	TEXT_IS(df_count(2, "batch").text, "2 batches");
	TEXT_IS(df_count(1, "batch").text, "1 batch");
	TEXT_IS(df_count(UINT64_MAX, "data point").text, "18446744073709551615 data points");
}

static void test_passwords(void)
{
	static const char *const cases[][2] = {
	    {"", ""},
	    {"nothing here", "nothing here"},
	    {"@", "@"},
	    {"cannot reach sftp://jo:hunter2@h/x: no", "cannot reach sftp://jo:***@h/x: no"},
	    {"'http://u:p@proxy:3128'", "'http://u:*@proxy:3128'"},
	    {"jo:hunter2@proxy.example:8080 is not an address",
	     "jo:***@proxy.example:8080 is not an address"},
	    {"https://u:p@ss:w@h/a@b", "https://u:***@h/a@b"},
	    {"https://u:p/ss@h/a", "https://u:***@h/a"},
	    {"https://:hunter2@h", "https://:***@h"},
	    {"cannot read /etc/dropfeed/jo:hunter2@h: no",
	     "cannot read /etc/dropfeed/jo:***@h: no"},
	    {"htp:/jo:hunter2@h", "htp:***@h"},
	    {"https://u:@h", "https://u:@h"},
	    {"http://u:secret1@a,http://u:secret2@b,c", "http://u:***@a,http://u:***@b,c"},
	    {"x http://u:secret1@a\nhttp://u:secret2@b", "x http://u:***@a\nhttp://u:***@b"},
	    /* no password: left as they are */
	    {"sftp://jo@h:2222/~x@y", "sftp://jo@h:2222/~x@y"},
	    {"sftp://jo@[::1]:22/", "sftp://jo@[::1]:22/"},
	    {"file:///a:b@c", "file:///a:b@c"},
	    {"line 7: mail jo@example.com", "line 7: mail jo@example.com"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text = df_strdup(cases[i][0]);
		df_hide_passwords(text);
		CU_ASSERT_STRING_EQUAL(text, cases[i][1]);
		if (strcmp(text, cases[i][1]) != 0)
			fprintf(stderr, "%s\n  became %s\n", cases[i][0], text);
		free(text);
	}
}

static void DF_PRINTF(3, 4) message(char *out, size_t size, const char *fmt, ...)
{
	va_list values;
	va_start(values, fmt);
	df_message(out, size, fmt, values);
	va_end(values);
}

/* Neither passwords nor broken UTF-8, and no more than there is room for. */
static void test_message(void)
{
	char text[60], small[8];
	message(text, sizeof(text), "line %d: %s was\xff", 7, "sftp://jo:hunter2@h");
	TEXT_IS(text, "line 7: sftp://jo:***@h was?");
	message(small, sizeof(small), "%s", "longer than it");
	TEXT_IS(small, "longer ");
}

/* Every byte at every place of texts up to the length of several words. */
static void test_length(void)
{
	char text[40];
	struct df_buf out = {0};
	unsigned wrong = 0;
	for (size_t len = 0; len <= sizeof(text); len++)
		for (size_t at = 0; at == 0 || at < len; at++)
			for (unsigned byte = 0; byte < 256; byte++) {
				memset(text, 'a', sizeof(text));
				text[at] = (char)byte;
				df_buf_reset(&out);
				df_json_string(&out, text, len);
				wrong += df_json_length(text, len) != out.len;
			}
	CU_ASSERT_EQUAL(wrong, 0);
	df_buf_free(&out);
}

static void test_utf8(void)
{
	static const struct {
		const char *text;
		size_t valid;
	} cases[] = {
	    {"", 0},
	    {"plain text of many bytes", 24},
	    {"Z\xc3\xbcrich", 7},
	    {"\xf0\x9f\x8e\x89!", 5},
	    {"eight by\xc3", 8},      /* cut */
	    {"a\xc0\xaf", 1},         /* overlong */
	    {"a\xe0\x80\xaf", 1},     /* overlong */
	    {"a\xed\xa0\x80", 1},     /* a surrogate */
	    {"a\xf4\x90\x80\x80", 1}, /* past U+10FFFF */
	    {"a\x80", 1},             /* a continuation alone */
	    {"\xf4\x8f\xbf\xbf", 4},  /* U+10FFFF */
	    {"\xee\x80\x80\xff", 3},  /* U+E000, and what is never UTF-8 */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		CU_ASSERT_EQUAL(df_utf8_valid(cases[i].text, strlen(cases[i].text)),
				cases[i].valid);

	char text[] = "a\xff\xc3\xbc\xc3", out[4];
	df_utf8_sanitize(text);
	TEXT_IS(text, "a?\xc3\xbc?");
	static const uint32_t points[] = {0x41, 0xfc, 0x20ac, 0x1f389};
	for (size_t i = 0; i < 4; i++) {
		CU_ASSERT_EQUAL(df_utf8_put(out, points[i]), i + 1);
		CU_ASSERT_EQUAL(df_utf8_valid(out, i + 1), i + 1);
	}
}

/* Around every length at which another way of copying takes over. */
static void test_json(void)
{
	struct df_buf b = {0};
	char text[80], wanted[96];
	for (size_t len = 1; len < 70; len++) {
		for (size_t at = 0; at < len; at++) {
			memset(text, 'x', len);
			text[at] = "\"\\\n\x7f\x1f"[at % 5];
			static const char *const escaped[] = {"\\\"", "\\\\", "\\n", "\\u007f",
							      "\\u001f"};
			snprintf(wanted, sizeof(wanted), "\"%.*s%s%.*s\"", (int)at, text,
				 escaped[at % 5], (int)(len - at - 1), text + at + 1);
			df_buf_reset(&b);
			df_json_string(&b, text, len);
			CU_ASSERT(strcmp(df_buf_cstr(&b), wanted) == 0);
		}
	}
	df_buf_reset(&b);
	df_json_text(&b, "a\xff\"\xc3\xbc", 5);
	TEXT_IS(df_buf_cstr(&b), "\"a?\\\"\xc3\xbc\"");
	df_buf_free(&b);
}

/* Neither moves a terminal nor forges a line. */
static void test_printable(void)
{
	struct df_buf b = {0};
	df_printable(&b, "a\n\x1b[1m\x7f\xc2\x9bm \xc3\xbc");
	TEXT_IS(df_buf_cstr(&b), "a\\x0a\\x1b[1m\\x7f\\xc2\\x9bm \xc3\xbc");
	df_buf_free(&b);
	b = (struct df_buf){0};
	df_printable(&b, "caf\xe9 \xc3 \xed\xa0\x80 \xe2\x82\xac\xf0\x9f\x8e\x81\xe2\x82");
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&b), "caf\\xe9 \\xc3 \\xed\\xa0\\x80 "
						"\xe2\x82\xac\xf0\x9f\x8e\x81\\xe2\\x82");
	df_buf_free(&b);
	b = (struct df_buf){0};
	df_printable(&b, "a\xe2\x80\xae"
			 "vsc\xe2\x81\xa6.\xe2\x81\xaa\xe2\x80\xa9");
	TEXT_IS(df_buf_cstr(&b), "a\\xe2\\x80\\xaevsc\\xe2\\x81\\xa6.\xe2\x81\xaa\xe2\x80\xa9");
	df_buf_free(&b);
}

static void test_distance(void)
{
	CU_ASSERT_EQUAL(df_distance("", 0, "abc", 3), 3);
	CU_ASSERT_EQUAL(df_distance("kitten", 6, "sitting", 7), 3);
	CU_ASSERT_EQUAL(df_distance("Email", 5, "eMAIL", 5), 0);
	CU_ASSERT_EQUAL(df_distance("ab", 2, "ba", 2), 2);
}

static void path_is(char *got, const char *wanted)
{
	TEXT_IS(got, wanted);
	free(got);
}

static void test_paths(void)
{
	path_is(df_dirname("/a/b.csv"), "/a");
	path_is(df_dirname("/a"), "/");
	path_is(df_dirname("a"), ".");
	TEXT_IS(df_base_name("/a/b.csv"), "b.csv");
	TEXT_IS(df_base_name("b.csv"), "b.csv");
	path_is(df_file_name("stem", 4, ".csv"), "stem.csv");
}

/* 255 bytes, cut between two characters, and different where the names were. */
static void test_long_names(void)
{
	char one[300], two[300];
	for (size_t i = 0; i < sizeof(one); i += 2)
		memcpy(one + i, "\xc3\xbc", 2);
	memcpy(two, one, sizeof(one));
	two[sizeof(two) - 1] = 'a';
	char *a = df_file_name(one, sizeof(one), ".csv"),
	     *b = df_file_name(two, sizeof(two), ".csv");
	CU_ASSERT(strlen(a) <= 255 && strlen(a) > 250);
	CU_ASSERT_EQUAL(df_utf8_valid(a, strlen(a)), strlen(a));
	CU_ASSERT_STRING_NOT_EQUAL(a, b);
	CU_ASSERT_STRING_EQUAL(a + strlen(a) - 4, ".csv");
	free(a);
	free(b);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"counts", test_counts},
	    {"passwords in addresses", test_passwords},
	    {"messages", test_message},
	    {"UTF-8", test_utf8},
	    {"JSON", test_json},
	    {"what a terminal gets", test_printable},
	    {"distances", test_distance},
	    {"paths", test_paths},
	    {"long names", test_long_names},
	    {"lengths of JSON strings", test_length},
	    CU_TEST_INFO_NULL,
	};
	return test_main("base_text", NULL, NULL, tests);
}
