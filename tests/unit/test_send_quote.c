/* SPDX-License-Identifier: MIT */
/* What is quoted of answers, for a log. */
#include "../../src/send/send_quote.h"
#include "send_asked.h"

static void test_quotes(void)
{
	static const char *const t[][2] = {
	    {"<html><!-- a > b --><script>if (a<b) x();</script><h1>Not&nbsp;here &amp; "
	     "there</h1></html>",
	     "Not&nbsp;here & there"},
	    {"plain <b>text</b>", "plain <b>text</b>"},
	    {"a\x1b[31mred\x07\xc2\x9bz\r\n\r\n\tb", "a [31mred z b"},
	    {"<p>&#155;x&#27;y</p>", "x&#27;y"},
	    {"\xff\xfe caf\xc3\xa9", "?? caf\xc3\xa9"},
	    {"<html", ""},
	    {"", ""},
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct df_buf got = {0};
		send_quote(&got, t[i][0], strlen(t[i][0]));
		CU_ASSERT_STRING_EQUAL(df_buf_cstr(&got), t[i][1]);
		if (strcmp(df_buf_cstr(&got), t[i][1]) != 0)
			fprintf(stderr, "quoted: '%s'\n", got.data);
		df_buf_free(&got);
	}
	struct df_buf got = {0};
	char *page = df_alloc(100001);
	memset(page, 'x', 100000);
	send_quote(&got, page, 100000);
	CU_ASSERT_EQUAL(got.len, 120);
	free(page);
	df_buf_free(&got);
}

/* A page that repeats the request: no cell of it reaches a log. */
static void test_hidden(void)
{
	static const char body[] =
	    "[{\"user_identities\":{\"email\":\"ada@example.com\",\"customer_id\":\"C-17\"},"
	    "\"user_attributes\":{\"$FirstName\":\"Ren\xc3\xa9\",\"note\":\"say "
	    "\\\"Hello\\\"\\nworld\","
	    "\"city\":\"S\xc3\xa3o Paulo\",\"x\":\"a\"}}]";
	static const char *const t[][2] = {
	    {"Bad gateway", "Bad gateway"},
	    {"cannot parse ada@example.com", "cannot parse ***@***.***"},
	    {"id C-17, id C-170", "id ***-***, id ***-170"},
	    {"of S\xc3\xa3o Paulo", "of *** ***"},
	    {"Hello, world", "***, ***"},
	    {"a value", "*** value"},
	    {"email=ada%40example.com ", "***=***%40***.*** "},
	    {"name Ren\\u00e9 ", "name ***\\u00e9 "},
	    {"the word worldly is another one ", "the word worldly is another one "},
	    {"cut in the exam", "cut in the ***"},
	    {"blocked ADA@Example.COM, c-17", "blocked ***@***.***, ***-***"},
	    {"in HELLO\\u0021 ", "in ***\\u0021 "},
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		char *got = send_hide(t[i][0], body, sizeof(body) - 1);
		CU_ASSERT_STRING_EQUAL(got, t[i][1]);
		if (strcmp(got, t[i][1]) != 0)
			fprintf(stderr, "hidden: '%s', not '%s'\n", got, t[i][1]);
		free(got);
	}
	char *got = send_hide("no request", NULL, 0);
	CU_ASSERT_STRING_EQUAL(got, "no request");
	free(got);

	struct send_request r;
	struct send_verdict v = {0};
	request_new(&r, 2);
	send_request_part(&r);
	send_request_body(&r);
	char *page = df_format("<html><h1>Blocked</h1><pre>%s</pre></html>", df_buf_cstr(&r.body));
	const struct send_answer a = {.status = 403, .body = page, .len = strlen(page)};
	send_verdict_read(&v, &r, &a);
	CU_ASSERT_PTR_NOT_NULL(strstr(v.words, "HTTP 403: \"Blocked"));
	CU_ASSERT_PTR_NULL(strstr(v.words, "\"a\""));
	send_verdict_free(&v);
	send_request_clear(&r);
	df_buf_free(&r.body);
	free(page);
}

static void test_masks(void)
{
	char *token = send_basic_token("key", "hunter22");
	CU_ASSERT_STRING_EQUAL(token, "a2V5Omh1bnRlcjIy");
	const char *const secrets[] = {"hunter22", "", token, NULL};
	static const char *const t[][2] = {
	    {"cannot reach http://joe:hunter22@proxy:3128/x", "cannot reach http://proxy:3128/x"},
	    {"cannot reach http://joe:p%40ss@proxy, nor https://a:b@c",
	     "cannot reach http://proxy, nor https://c"},
	    {"password hunter22, hunter22", "password ***, ***"},
	    {"Authorization: Basic a2V5Omh1bnRlcjIy Host: x", "Authorization: Basic *** Host: x"},
	    {"cut in the middle: Basic a2V5Omh1bn", "cut in the middle: Basic ***"},
	    {"cut in the middle: hunter2", "cut in the middle: ***"},
	    {"a", "a"},
	    {"mail to a@b.c at http://host/", "mail to a@b.c at http://host/"},
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char *text = df_strdup(t[i][0]);
		send_mask(text, secrets);
		CU_ASSERT_STRING_EQUAL(text, t[i][1]);
		free(text);
	}
	free(token);
}

static void test_entities(void)
{
	static const char *const t[][2] = {
	    {"&quot;a&quot; &lt;b&gt; &amp;amp; &#39;c&#x27; &apos;", "\"a\" <b> &amp; 'c' '"},
	    {"&#233; &#x1F600; &#x20AC;", "\xc3\xa9 \xf0\x9f\x98\x80 \xe2\x82\xac"},
	    {"& &; &# &#; &#x; &#xZ; &#39 &nosuch; &#0; &#xD800; &#x110000; &#-5;",
	     "& &; &# &#; &#x; &#xZ; &#39 &nosuch; &#0; &#xD800; &#x110000; &#-5;"},
	    {"", ""},
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char *s = df_strdup(t[i][0]);
		send_html_decode(s);
		CU_ASSERT_STRING_EQUAL(s, t[i][1]);
		free(s);
	}
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"quotes", test_quotes}, {"quotes without the request", test_hidden},
	    {"masks", test_masks},   {"HTML entities", test_entities},
	    CU_TEST_INFO_NULL,
	};
	return test_main("send_quote", NULL, NULL, tests);
}