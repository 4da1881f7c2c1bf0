/* SPDX-License-Identifier: MIT */
#include "dropfeed/base.h"

#include "test.h"

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

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"passwords in addresses", test_passwords},
	    {"lengths of JSON strings", test_length},
	    CU_TEST_INFO_NULL,
	};
	return test_main("base_text", NULL, NULL, tests);
}
